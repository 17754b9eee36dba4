/* SPDX-License-Identifier: MIT */
/* See hardware.h. */
#include "hardware.h"

#include <string.h>
#include <sys/stat.h>

int
is_word(const char *text)
{
  struct stat info;

  return !strpbrk(text, "/.") && stat(text, &info) != 0;
}

int32_t
read_hardware(const char *text, rramnas_hw **ret_hw, rramnas_error *err)
{
  static const char prefix[] = "preset:";

  if (!text)
    return rramnas_hw_create_default(NULL, ret_hw, err);
  if (strncmp(text, prefix, sizeof(prefix) - 1) == 0)
    return rramnas_hw_create_preset(text + sizeof(prefix) - 1, NULL, ret_hw, err);
  if (is_word(text))
    return rramnas_hw_create_preset(text, NULL, ret_hw, err);
  return rramnas_hw_load_file(text, RRAMNAS_HW_FORMAT_AUTO, NULL, ret_hw, err);
}
