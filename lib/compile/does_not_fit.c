/* SPDX-License-Identifier: MIT */
/* The answer to "why does it not fit": what is needed, what is there, which layers take most. */
#include <stdio.h>
#include <string.h>

#include "compile/passes.h"
#include "util/text.h"

enum { LARGEST = 4 };

static int64_t
cells_of(const rramnas_mapping *m, int32_t layer)
{
  return m->matrices[layer].rows * m->matrices[layer].cols * m->matrices[layer].cells * m->copies[layer];
}

/* The layers with most cells, largest first, earlier first among equals. */
static int32_t
largest_layers(const rramnas_mapping *m, int32_t *ret_layers)
{
  int32_t n = 0, layer, k;

  for (layer = 0; layer < m->n_layers; layer++) {
    for (k = n; k > 0 && cells_of(m, layer) > cells_of(m, ret_layers[k - 1]); k--)
      if (k < LARGEST)
        ret_layers[k] = ret_layers[k - 1];
    if (k < LARGEST)
      ret_layers[k] = layer;
    n += n < LARGEST;
  }
  return n;
}

int32_t
rrn_fail_does_not_fit(const rramnas_mapping *m, int64_t bound, int64_t found, rramnas_error *err)
{
  const int64_t cells = (int64_t)m->hw->v.crossbar.rows * rrn_mapping_box_cols(m);
  char layers[512] = "", best[64] = "";
  int32_t largest[LARGEST], n = largest_layers(m, largest), i;
  size_t used = 0;

  for (i = 0; i < n && used < sizeof(layers); i++) {
    /* Tenths of a crossbar, in integers: no locale. */
    const int64_t tenths = cells_of(m, largest[i]) * 10 / cells;

    used += (size_t)snprintf(layers + used, sizeof(layers) - used, "%s\"%.60s\" %lld.%lld", i ? ", " : "",
                             m->net->layers[m->layer_of[largest[i]]].name, (long long)(tenths / 10),
                             (long long)(tenths % 10));
  }
  if (found > 0)
    snprintf(best, sizeof(best), ", the best packing found takes %lld", (long long)found);
  return rrn_fail(err, RRAMNAS_ERR_DOES_NOT_FIT,
                  "network \"%.100s\" does not fit: it needs at least %lld crossbars of %d x %d (proven)%s, "
                  "the chip has %d; most crossbars are taken by the layers %s",
                  m->net->name, (long long)bound, (int)m->hw->v.crossbar.rows, (int)m->hw->v.crossbar.cols, best,
                  (int)m->crossbars_available, layers);
}
