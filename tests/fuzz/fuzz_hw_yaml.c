/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>

#include "hw_round_trip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  return hw_round_trip(data, size, RRAMNAS_HW_FORMAT_YAML);
}
