/* SPDX-License-Identifier: MIT */
/* How well a layer's converters are used, as their designer sees it.
 *
 * In:  arrays with error-free cells and their converters; a sample of inputs.
 * Out: levels; the range as a share of what a column can give; the share of the levels that the sample meets.
 *
 * Groups and slices of a layer are seen together. Complexity: that of the sample's currents (xbar/currents.c). */
#include "accuracy/accuracy.h"

enum { MOST_CODES = 1 << 16 };

typedef struct meeting {
  const rrn_xbar_adc *adc;
  uint8_t *met; /* [MOST_CODES / 8], a bit per code */
  int32_t *n;
} meeting;

static void
meet(void *user, int32_t slice, const double *currents, size_t n)
{
  const meeting *m = user;
  const double lo = m->adc->lo[slice], range = m->adc->hi[slice] - lo;
  const int32_t last = m->adc->codes - 1;
  size_t i;

  for (i = 0; i < n; i++) {
    const double place = (currents[i] - lo) / range * last + 0.5;
    const int32_t code = !(place >= 1) ? 0 : place >= last ? last : (int32_t)place;

    *m->n += !(m->met[code / 8] >> code % 8 & 1);
    m->met[code / 8] = (uint8_t)(m->met[code / 8] | 1u << code % 8);
  }
}

int32_t
rrn_adc_use_note(rrn_arena *arena, rrn_arena *scratch, const rrn_xbar_layer *layer, const int32_t *sample,
                 size_t n_sample, rrn_adc_use *use, rramnas_error *err)
{
  meeting m = { &layer->adc, use->met, &use->n_met };
  rrn_xbar_layer probe = *layer;

  if (!use->met)
    use->met = m.met = rrn_arena_alloc(arena, MOST_CODES / 8, 1);
  if (!use->met)
    return rrn_fail_memory(err);
  probe.adc.codes = 0;
  use->codes = layer->adc.codes;
  use->range = layer->adc.hi[0] / (double)rrn_xbar_driven(layer);
  return rrn_xbar_visit_currents(scratch, &probe, sample, n_sample, meet, &m, err);
}
