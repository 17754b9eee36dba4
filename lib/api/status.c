/* SPDX-License-Identifier: MIT */
#include "rramnas/rramnas.h"

#define NAME(code) \
  case code:       \
    return #code

const char *
rramnas_status_name(int32_t status)
{
  switch (status) {
    NAME(RRAMNAS_OK);
    NAME(RRAMNAS_STOPPED);
    NAME(RRAMNAS_ERR_ARGUMENT);
    NAME(RRAMNAS_ERR_MEMORY);
    NAME(RRAMNAS_ERR_IO);
    NAME(RRAMNAS_ERR_PARSE);
    NAME(RRAMNAS_ERR_RANGE);
    NAME(RRAMNAS_ERR_UNSUPPORTED);
    NAME(RRAMNAS_ERR_SHAPE);
    NAME(RRAMNAS_ERR_LIMIT);
    NAME(RRAMNAS_ERR_DOES_NOT_FIT);
    NAME(RRAMNAS_ERR_CALLBACK);
    NAME(RRAMNAS_ERR_NOT_FOUND);
  default:
    return "unknown";
  }
}
