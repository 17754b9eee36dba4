/* SPDX-License-Identifier: MIT */
/* How often the network is right on the chip, for a person. */
#include <string.h>

#include "program.h"

int
measure_accuracy(const settings *s, const rramnas_mapping *mapping, const rramnas_hw *hw, rramnas_accuracy *ret_accuracy,
                 rramnas_error *err)
{
  rramnas_accuracy_options how = s->accuracy;

  how.weights = how.weights ? how.weights : s->network;
  how.hw = hw;
  how.seed = s->compile.seed;
  return rramnas_mapping_get_accuracy(mapping, &how, ret_accuracy, NULL, err);
}

/* Behind the number of chips. */
static const char *
why_no_more(const rramnas_accuracy *a)
{
  return a->stopped == RRAMNAS_TRIALS_BELOW    ? " (no more: --stop-below is out of reach)"
         : a->stopped == RRAMNAS_TRIALS_NARROW ? " (no more: as exact as --confidence asks)"
                                               : "";
}

int
print_accuracy(FILE *out, const settings *s, const rramnas_mapping *mapping)
{
  rramnas_accuracy a = RRAMNAS_ACCURACY_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;

  if (measure_accuracy(s, mapping, NULL, &a, &err) < 0) {
    complain_error(&err);
    return EXIT_BAD_INPUT;
  }
  fprintf(out, "\naccuracy  %lld images, %d layers on crossbars, %d chip%s%s\n", (long long)a.images,
          (int)a.layers_on_crossbars, (int)a.trials, a.trials == 1 ? "" : "s", why_no_more(&a));
  fprintf(out, "          floats %.2f %%, integers %.2f %%, chips %.2f %% +- %.2f (95 %% interval of the mean)\n",
          100 * a.digital, 100 * a.quantized, 100 * a.mean, 100 * a.confidence);
  fprintf(out, "          of the chips: worst %.2f, 5 %% below %.2f, median %.2f, best %.2f, standard deviation %.2f\n",
          100 * a.worst, 100 * a.low, 100 * a.median, 100 * a.best, 100 * a.deviation);
  fprintf(out, "          %.3g conversions, %.3f %% of them outside of the range\n", (double)a.conversions, 100 * a.clipped);
  return EXIT_DONE;
}
