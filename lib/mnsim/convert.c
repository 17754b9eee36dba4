/* SPDX-License-Identifier: MIT */
/*
 * In: a config, wordlines, a voltage. Out: the thresholds of an ADC and the code that it gives.
 *
 * Each of the 2^bits codes stands for ceil(wordlines / 2^bits) on cells at full input; a threshold is the mean of two
 * neighbouring levels behind the load, and beyond the last wordline it stays at the largest voltage. The search
 * is MNSIM's own: at the upper end of an interval it ends one code away from where a plain search would.
 * O(2^bits), O(bits).
 * Source: MNSIM 2.0, Hardware_Model/ADC.
 */
#include "mnsim/mnsim.h"

void
rrn_mnsim_thresholds(const rrn_mnsim_config *c, int64_t wordlines, double *ret_volt)
{
  const int64_t codes = (int64_t)1 << c->adc_bits, step = wordlines / codes + (wordlines % codes != 0);
  const double on = c->load_ohm / c->threshold_on_ohm, off = c->load_ohm / c->threshold_off_ohm;
  const double low = c->read_v[0], high = c->read_v[1];
  int64_t i, lines = step;

  for (i = 0; i < codes - 1; i++) {
    const double k = (double)lines, all = (double)wordlines;

    if (lines <= wordlines) {
      ret_volt[i] = 0.5 * ((k - 1) * high * on + (all - k + 1) * low * on + k * high * on + (all - k) * low * off);
      lines += step;
    } else {
      ret_volt[i] = all * high * on;
    }
  }
}

int32_t
rrn_mnsim_sense(const double *threshold_volt, int32_t bits, double volt)
{
  int32_t start = 0, end = ((int32_t)1 << bits) - 2, code = 0;

  if (volt < threshold_volt[0])
    return 0;
  if (volt > threshold_volt[end])
    return end + 1;
  while (start < end) {
    const int32_t middle = (start + end) / 2;

    if (middle == start)
      return middle + 1;
    if (volt > threshold_volt[middle])
      start = middle;
    else
      end = middle;
    code = middle;
  }
  return code;
}
