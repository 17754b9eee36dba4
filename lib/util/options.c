/* SPDX-License-Identifier: MIT */
#include "util/options.h"

#include <string.h>

/* Larger than any struct of this API will be: a size beyond it is an uninitialised struct. */
#define SIZE_MAX_SANE 65536

static int32_t
check_size(size_t size, const char *name, rramnas_error *err)
{
  RRN_FAIL_IF(size < sizeof(size_t) || size > SIZE_MAX_SANE, err, RRAMNAS_ERR_ARGUMENT,
              "%s: size is %zu, expected sizeof(%s)", name, size, name);
  return RRAMNAS_OK;
}

int32_t
rrn_options_read(void *ret_ours, size_t size, const void *callers, const char *name, rramnas_error *err)
{
  size_t theirs, i;

  memset(ret_ours, 0, size);
  memcpy(ret_ours, &size, sizeof(size));
  if (!callers)
    return RRAMNAS_OK;
  memcpy(&theirs, callers, sizeof(theirs));
  RRN_TRY(check_size(theirs, name, err));
  for (i = size; i < theirs; i++)
    RRN_FAIL_IF(((const char *)callers)[i] != 0, err, RRAMNAS_ERR_ARGUMENT,
                "%s: byte %zu is set; this version of the library knows %zu bytes", name, i, size);
  memcpy((char *)ret_ours + sizeof(size_t), (const char *)callers + sizeof(size_t),
         (theirs < size ? theirs : size) - sizeof(size_t));
  return RRAMNAS_OK;
}

int32_t
rrn_result_write(void *ret_callers, const void *ours, size_t size, const char *name, rramnas_error *err)
{
  size_t theirs, copied;

  RRN_FAIL_IF(!ret_callers, err, RRAMNAS_ERR_ARGUMENT, "%s: the result pointer is NULL", name);
  memcpy(&theirs, ret_callers, sizeof(theirs));
  RRN_TRY(check_size(theirs, name, err));
  copied = theirs < size ? theirs : size;
  memcpy((char *)ret_callers + sizeof(size_t), (const char *)ours + sizeof(size_t), copied - sizeof(size_t));
  if (theirs > size)
    memset((char *)ret_callers + size, 0, theirs - size);
  return RRAMNAS_OK;
}

int32_t
rrn_struct_size(const void *callers, const char *name, size_t *ret_size, rramnas_error *err)
{
  size_t theirs;

  memcpy(&theirs, callers, sizeof(theirs));
  RRN_TRY(check_size(theirs, name, err));
  *ret_size = theirs;
  return RRAMNAS_OK;
}
