/* SPDX-License-Identifier: MIT */
/* Asks the system for the tile registers of processors that have them (AMX), which make crossbar simulation faster. It is a
 * program's to ask, not a library's: signal stacks of the whole process must be larger afterwards. */
#ifndef TILES_H
#define TILES_H

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>

long syscall(long number, ...);

/* Without the tiles, or without leave, nothing changes. */
static inline void
allow_tiles(void)
{
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };

  (void)syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA);
}
#else
static inline void
allow_tiles(void)
{
}
#endif

#endif
