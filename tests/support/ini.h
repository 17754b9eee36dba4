/* SPDX-License-Identifier: MIT */
/* MNSIM's SimConfig.ini with some keys replaced; include after hw.h. */
#ifndef RRAMNAS_TESTS_INI_H
#define RRAMNAS_TESTS_INI_H

/* Replaces the value of `key` wherever the file has it. */
static inline char *
ini_replace(char *text, const char *key, size_t key_length, const char *value, size_t value_length)
{
  capture c = { 0 };
  char *rest = text;
  size_t found = 0;

  while (*rest) {
    size_t n = strcspn(rest, "\n");

    if (strncmp(rest, key, key_length) == 0 && strncmp(rest + key_length, " = ", 3) == 0) {
      capture_write(&c, key, key_length);
      capture_write(&c, " = ", 3);
      capture_write(&c, value, value_length);
      capture_write(&c, "\n", 1);
      found++;
    } else {
      capture_write(&c, rest, n + 1);
    }
    rest += n + 1;
  }
  assert_in_range(found, 1, 2);
  free(text);
  return c.text;
}

/* The chip of MNSIM's own file with keys replaced, "key=value;key=value". */
static inline rramnas_hw *
hw_changed_ini(const char *keys)
{
  char *ini = hw_data("hw/SimConfig.ini");
  rramnas_hw *hw;

  while (*keys) {
    size_t key = strcspn(keys, "="), value = strcspn(keys + key + 1, ";");

    ini = ini_replace(ini, keys, key, keys + key + 1, value);
    keys += key + 1 + value;
    keys += *keys == ';';
  }
  hw = hw_good(ini, "SimConfig.ini");
  free(ini);
  return hw;
}

#endif
