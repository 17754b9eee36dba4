/* SPDX-License-Identifier: MIT */
/* Hash table from names to numbers. Names are not copied. */
#ifndef RRN_NET_NAMES_H
#define RRN_NET_NAMES_H

#include "util/runtime.h"

typedef struct rrn_names {
  const rrn_rt *rt;
  struct rrn_name_slot *slots;
  size_t cap, n;
} rrn_names;

void rrn_names_init(rrn_names *names, const rrn_rt *rt);
void rrn_names_release(rrn_names *names);

/* -1 when there is no such name. */
int32_t rrn_names_get(const rrn_names *names, const char *name);
/* `value` >= 0; replaces the value of a name that is there. ERR_MEMORY. */
int32_t rrn_names_put(rrn_names *names, const char *name, int32_t value, rramnas_error *err);

#endif
