/* SPDX-License-Identifier: MIT */
/* State as bytes and back: one walk over the state saves or loads it, so that both agree. Little-endian on any machine. */
#ifndef RRN_UTIL_BYTES_H
#define RRN_UTIL_BYTES_H

#include <stddef.h>

#include "util/runtime.h"

typedef struct rrn_bytes {
  const rrn_rt *rt;
  int saving;
  uint8_t *data; /* saving: ours, grows; loading: the caller's */
  size_t n, cap; /* saving: written; loading: all */
  size_t at;     /* loading: read */
  int failed;    /* saving: out of memory; loading: too short, or a value that cannot be. What follows is 0. */
} rrn_bytes;

void rrn_bytes_save(rrn_bytes *b, const rrn_rt *rt);
void rrn_bytes_load(rrn_bytes *b, const void *data, size_t n);
/* Of one that saves. */
void rrn_bytes_release(rrn_bytes *b);

void rrn_bytes_u8s(rrn_bytes *b, uint8_t *values, size_t n);
void rrn_bytes_u32s(rrn_bytes *b, uint32_t *values, size_t n);
void rrn_bytes_u64s(rrn_bytes *b, uint64_t *values, size_t n);
void rrn_bytes_doubles(rrn_bytes *b, double *values, size_t n);
void rrn_bytes_i64(rrn_bytes *b, int64_t *value);
/* A count in [0, most]; one that is larger fails. */
void rrn_bytes_count(rrn_bytes *b, size_t *value, size_t most);
void rrn_bytes_flag(rrn_bytes *b, int32_t *value);
/* Loading: how many objects of that size can still come. */
size_t rrn_bytes_room(const rrn_bytes *b, size_t size);

#endif
