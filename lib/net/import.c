/* SPDX-License-Identifier: MIT */
/* What all importers share: values of symbolic dimensions and the name of a network. */
#include "net/import.h"

#include <string.h>

#include "util/file.h"

static int
equals(const char *name, const char *symbol, size_t length)
{
  return strlen(name) == length && memcmp(name, symbol, length) == 0;
}

/* Batch symbols are 1 when nothing is said: a crossbar sees one sample at a time. */
int64_t
rrn_net_bound_value(rrn_binds *binds, const char *symbol, size_t length)
{
  size_t i;

  for (i = 0; i < binds->n; i++)
    if (equals(binds->binds[i].name, symbol, length)) {
      binds->used |= UINT64_C(1) << i;
      return binds->binds[i].value;
    }
  return equals("batch", symbol, length) || equals("batch_size", symbol, length) || equals("N", symbol, length);
}

int32_t
rrn_net_new_for_file(const char *given, const char *path, const rramnas_runtime *runtime, rramnas_net **ret_net,
                     rramnas_error *err)
{
  const char *base = rrn_path_base(path);
  rramnas_net *net = NULL;

  if (given)
    return rrn_net_new(given, runtime, ret_net, err);
  RRN_TRY(rrn_net_new("", runtime, &net, err));
  net->name = rrn_arena_strndup(&net->arena, base, strlen(base) - strlen(rrn_path_extension(base)));
  if (!net->name) {
    rramnas_net_unref(net);
    return rrn_fail_memory(err);
  }
  *ret_net = net;
  return RRAMNAS_OK;
}
