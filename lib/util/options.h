/* SPDX-License-Identifier: MIT */
/* Size-first structs at the border: a caller built against an older header has a shorter struct, one built
 * against a newer header a longer one. */
#ifndef RRN_UTIL_OPTIONS_H
#define RRN_UTIL_OPTIONS_H

#include "util/error.h"

/* Copies the caller's struct (NULL = all defaults) into ours of `size` bytes, whose first member is its
 * size. Missing fields become 0. ERR_ARGUMENT when the size is impossible or an unknown field is set. */
int32_t rrn_options_read(void *ret_ours, size_t size, const void *callers, const char *name, rramnas_error *err);

/* Copies our result of `size` bytes into the caller's struct: as much as it has room for, its own size
 * kept, a longer tail zeroed. ERR_ARGUMENT when its size is impossible. */
int32_t rrn_result_write(void *ret_callers, const void *ours, size_t size, const char *name, rramnas_error *err);

/* The size that the caller set in a struct of its own; for arrays, in the first element. ERR_ARGUMENT when impossible. */
int32_t rrn_struct_size(const void *callers, const char *name, size_t *ret_size, rramnas_error *err);

#endif
