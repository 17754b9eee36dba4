/* SPDX-License-Identifier: MIT */
/* Symbolic dimensions -> numbers.
 *
 * In: the caller's binds and the name of a dimension. Out: its value. The first bind of the name counts; a
 * batch that nobody binds is one sample, because every figure of this library is per sample. */
#include <string.h>

#include "net/import.h"

static int
equal(const char *name, const char *symbol, size_t length)
{
  return strlen(name) == length && memcmp(name, symbol, length) == 0;
}

int64_t
rrn_net_bound_value(const rramnas_net_options *options, const char *symbol, size_t length)
{
  static const char *const batches[] = { "batch", "batch_size", "N" };
  size_t i;

  for (i = 0; options && i < options->n_binds; i++)
    if (options->binds[i].name && equal(options->binds[i].name, symbol, length))
      return options->binds[i].value;
  for (i = 0; i < sizeof(batches) / sizeof(batches[0]); i++)
    if (equal(batches[i], symbol, length))
      return 1;
  return 0;
}
