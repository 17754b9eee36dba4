/* SPDX-License-Identifier: MIT */
/*
 * In: dac, adc. Out: energy of a conversion, area and leakage of a converter.
 *
 *   table        energy = power / sample rate, area as given; ramp: power * 2^bits / rate, for its rate is a clock
 *   parametric   energy = e * 2^bits, area = a * 2^bits, both scaled from 32 nm to adc.node_nm; power = energy * rate
 *
 * A converter draws its power at its sample rate, so a sample costs power / rate, however many samples of delay it
 * has in its pipeline. (MNSIM charges power for the whole delay of bits + 2 samples: ten times as much at 8 bits.)
 *
 * The parametric energy is Walden's figure of merit, energy per conversion step, on which Murmann's survey of
 * published ADCs ("ADC Performance Survey", ISSCC and VLSI) sorts converters; e and a are calibrated at the SAR ADC
 * of ISAAC (Shafiee et al., ISCA 2016: 8 bits, 1.28 GS/s, 2 mW, 1200 um2, 32 nm). A flash ADC has 2^bits - 1
 * comparators, a SAR a capacitor array of 2^bits units: the same law, with figures of their own to be given. Valid to
 * about 12 bits: beyond, noise makes energy grow fourfold per bit, so results are flagged. Area does not depend on
 * the rate; fitted at one rate only. O(1).
 */
#include "cost/parts.h"
#include "cost/scale.h"

rrn_part
rrn_dac_of(const rramnas_hw *hw)
{
  const rrn_hw_values *v = &hw->v;

  return (rrn_part){ v->dac.power_uw / v->dac.rate_gsps / 1000, v->dac.area_um2,
                     v->dac.leakage_uw * rrn_scale_temperature(v->chip.temperature_c) };
}

rrn_part
rrn_adc_of(const rramnas_hw *hw)
{
  const rrn_hw_values *v = &hw->v;
  const double steps = (double)(1 << v->adc.bits);
  const double sample_ns = v->adc.kind == RRN_ADC_RAMP ? rrn_hw_adc_ns(hw) : 1 / v->adc.rate_gsps;
  rrn_part p = { v->adc.power_uw * sample_ns / 1000, v->adc.area_um2, 0 };

  if (v->adc.model == RRN_ADC_PARAMETRIC) {
    p.energy_pj = v->adc.step_energy_fj * steps * rrn_scale_energy(32, v->adc.node_nm) / 1000;
    p.area_um2 = v->adc.step_area_um2 * steps * rrn_scale_area(32, v->adc.node_nm);
  }
  p.leakage_uw = v->adc.leakage_uw * rrn_scale_temperature(v->chip.temperature_c);
  return p;
}
