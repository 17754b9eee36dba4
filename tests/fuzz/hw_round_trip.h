/* SPDX-License-Identifier: MIT */
/* What both hardware fuzzers do with the bytes: read them; a chip must then survive being written and read
 * again, and a failure must explain itself. */
#ifndef RRAMNAS_TESTS_FUZZ_HW_ROUND_TRIP_H
#define RRAMNAS_TESTS_FUZZ_HW_ROUND_TRIP_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/capture.h"
#include "rramnas/rramnas.h"

static inline void
hw_demand(int condition, const char *what)
{
  if (!condition) {
    fprintf(stderr, "fault: %s\n", what);
    abort();
  }
}

static inline void
hw_check(const rramnas_hw *hw)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mvm_latency t = RRAMNAS_MVM_LATENCY_INIT;
  rramnas_hw *again = NULL;
  uint8_t digest_a[16], digest_b[16];
  capture a = { 0 }, b = { 0 };
  size_t i;

  hw_demand(rramnas_hw_write_yaml(hw, capture_write, &a, &err) == RRAMNAS_OK, "canonical text is not written");
  hw_demand(rramnas_hw_load_buffer(a.text, a.length, "again", RRAMNAS_HW_FORMAT_YAML, NULL, &again, &err) == RRAMNAS_OK,
            "canonical text is not read");
  hw_demand(rramnas_hw_write_yaml(again, capture_write, &b, &err) == RRAMNAS_OK, "second text is not written");
  hw_demand(capture_equal(&a, &b), "texts differ");
  rramnas_hw_fingerprint(hw, digest_a);
  rramnas_hw_fingerprint(again, digest_b);
  hw_demand(memcmp(digest_a, digest_b, 16) == 0, "fingerprints differ");
  hw_demand(rramnas_hw_mvm_latency(hw, INT64_C(1) << 40, 1, 0, &t, &err) == RRAMNAS_OK, "no latency");
  hw_demand(isfinite(t.total_ns) && t.total_ns > 0, "latency is not a time");
  for (i = 0; i < rramnas_hw_warning_count(hw); i++)
    hw_demand(strlen(rramnas_hw_warning(hw, i)) > 8, "empty warning");
  rramnas_hw_unref(again);
  capture_free(&a);
  capture_free(&b);
}

static inline int
hw_round_trip(const uint8_t *data, size_t size, int32_t format)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw = NULL;
  int32_t status = rramnas_hw_load_buffer((const char *)data, size, "fuzz", format, NULL, &hw, &err);

  if (status == RRAMNAS_OK) {
    hw_check(hw);
  } else {
    hw_demand(hw == NULL && err.code == status, "half a failure");
    hw_demand(strncmp(err.message, "fuzz:", 5) == 0 && strlen(err.message) > 8, "message without place");
  }
  rramnas_hw_unref(hw);
  return 0;
}

#endif
