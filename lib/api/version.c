/* SPDX-License-Identifier: MIT */
#include "rramnas/rramnas.h"

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)

const char *
rramnas_version(void)
{
  return TEXT(RRAMNAS_VERSION_MAJOR) "." TEXT(RRAMNAS_VERSION_MINOR) "." TEXT(RRAMNAS_VERSION_PATCH);
}

int32_t
rramnas_version_abi(void)
{
  return RRAMNAS_VERSION_ABI;
}

int32_t
rramnas_feature_supported(int32_t feature)
{
  switch (feature) {
  case RRAMNAS_FEATURE_ONNX:
  case RRAMNAS_FEATURE_MNSIM_INI:
  case RRAMNAS_FEATURE_POLICY_RNC:
  case RRAMNAS_FEATURE_COST:
  case RRAMNAS_FEATURE_SEARCH:
    return 1;
  case RRAMNAS_FEATURE_CACHE:
#ifdef RRN_HAVE_SQLITE
    return 1;
#else
    return 0;
#endif
  default:
    return 0;
  }
}
