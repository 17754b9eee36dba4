/* SPDX-License-Identifier: MIT */
/* Read-only files: mapped into memory, so that a reader touches only the pages it needs. */
#ifndef RRN_UTIL_FILE_H
#define RRN_UTIL_FILE_H

#include "util/error.h"

typedef struct rrn_file {
  const void *data; /* valid for `size` bytes; never NULL after a successful open */
  size_t size;
  void *map; /* what to unmap, NULL when empty */
} rrn_file;

/* ERR_IO when it cannot be opened or is not a regular file, ERR_LIMIT when larger than `limit` bytes. */
int32_t rrn_file_open(rrn_file *ret_file, const char *path, uint64_t limit, rramnas_error *err);
void rrn_file_close(rrn_file *file);

/* Extension of a path with its dot, "" without one. */
const char *rrn_path_extension(const char *path);
/* What follows the last '/'. */
const char *rrn_path_base(const char *path);

#endif
