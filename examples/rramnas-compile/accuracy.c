/* SPDX-License-Identifier: MIT */
/* How often the network is right on the chip, for a person. */
#include <stdlib.h>
#include <string.h>

#include "program.h"

static rramnas_accuracy_options
options_of(const settings *s)
{
  rramnas_accuracy_options how = s->accuracy;

  how.weights = how.weights ? how.weights : s->network;
  how.seed = s->chip_seed >= 0 ? (uint64_t)s->chip_seed : s->compile.seed;
  return how;
}

int32_t
measure_accuracy(const settings *s, const rramnas_mapping *mapping, const rramnas_hw *hw, double time_s,
                 rramnas_accuracy *ret_accuracy, rramnas_error *err)
{
  rramnas_accuracy_options how = options_of(s);

  how.hw = hw;
  how.time_s = time_s;
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
measure_layers(const settings *s, const rramnas_net *net, const rramnas_mapping *mapping, measured *ret)
{
  const rramnas_accuracy_options how = options_of(s);
  rramnas_error err = RRAMNAS_ERROR_INIT;

  ret->accuracy.size = sizeof(ret->accuracy);
  ret->n_layers = rramnas_net_layer_count(net);
  ret->layers = calloc(ret->n_layers, sizeof(*ret->layers));
  if (!ret->layers) {
    complain("out of memory");
    return EXIT_BAD_INPUT;
  }
  ret->layers[0].size = sizeof(ret->layers[0]);
  if (rramnas_mapping_get_accuracy_layers(mapping, &how, &ret->accuracy, ret->layers, ret->n_layers, &err) < 0) {
    complain_error(&err);
    return EXIT_BAD_INPUT;
  }
  return EXIT_DONE;
}

/* Digits enough that one image is seen. */
static void
print_chips(FILE *out, const rramnas_accuracy *a)
{
  fprintf(out,
          "          floats     %6.2f %%\n          integers   %6.2f %%   error-free crossbars without converters\n",
          100 * a->digital, 100 * a->quantized);
  if (a->trials == 1) {
    fprintf(out, "          the chip   %6.2f %%   --trials 2 and more say how chips differ\n", 100 * a->mean);
    return;
  }
  fprintf(out, "          chips      %6.2f %%   +- %.2f, 95 %% interval of the mean; standard deviation %.2f\n",
          100 * a->mean, 100 * a->confidence, 100 * a->deviation);
  fprintf(out, "                     worst %.2f, 5 %% are below %.2f, median %.2f, best %.2f\n", 100 * a->worst,
          100 * a->low, 100 * a->median, 100 * a->best);
}

static double
percent(int64_t n, int64_t of)
{
  return of > 0 ? 100 * (double)n / (double)of : 0;
}

static void
print_converters(FILE *out, const rramnas_net *net, const measured *m)
{
  size_t i;

  fprintf(out, "\nlayer  %-*s %7s %6s %7s %7s %11s %9s %9s\n", NAME_WIDTH, "converters", "bits", "levels", "range",
          "used", "conversions", "below", "above");
  for (i = 0; i < m->n_layers; i++) {
    const rramnas_accuracy_layer *l = &m->layers[i];
    rramnas_layer layer = RRAMNAS_LAYER_INIT;
    char bits[16], number[32];

    if (rramnas_net_layer(net, i, &layer) < 0)
      continue;
    fprintf(out, "%5zu  ", i);
    print_name(out, layer.name, 1);
    if (!l->on_crossbars) {
      fprintf(out, " %7s\n", "digital");
      continue;
    }
    snprintf(bits, sizeof(bits), "%dw %di", (int)l->weight_bits, (int)l->input_bits);
    fprintf(out, " %7s %6d %5.1f %% %5.1f %%", bits, (int)l->adc_codes, 100 * l->adc_range, 100 * l->codes_used);
    if (l->conversions == 0)
      fprintf(out, " %11s\n", "exact");
    else
      fprintf(out, " %11s %7.3f %% %7.3f %%\n", count_text(l->conversions, number),
              percent(l->clipped_low, l->conversions), percent(l->clipped_high, l->conversions));
  }
}

/* Whether chips differ from each other. */
static int
has_errors(const rramnas_hw *hw)
{
  static const char *const numbers[] = { "noise.drift_exponent_sigma", "noise.stuck_off_fraction",
                                         "noise.stuck_on_fraction" };
  static const char *const models[] = { "noise.write_model", "noise.read_model" };
  const char *model = NULL;
  double value = 0;
  size_t i;

  for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
    if (rramnas_hw_get_number(hw, numbers[i], &value) == RRAMNAS_OK && value > 0)
      return 1;
  for (i = 0; i < sizeof(models) / sizeof(models[0]); i++)
    if (rramnas_hw_get_text(hw, models[i], &model) == RRAMNAS_OK && strcmp(model, "none") != 0)
      return 1;
  return 0;
}

void
print_accuracy(FILE *out, const rramnas_hw *hw, const rramnas_net *net, const measured *m)
{
  const rramnas_accuracy *a = &m->accuracy;

  fprintf(out, "\naccuracy  %lld images, %d layers on crossbars, %d digital, %d chip%s%s\n", (long long)a->images,
          (int)a->layers_on_crossbars, (int)m->n_layers - (int)a->layers_on_crossbars, (int)a->trials,
          a->trials == 1 ? "" : "s", why_no_more(a));
  print_chips(out, a);
  if (!has_errors(hw))
    fputs("          all chips are alike: this one has no errors of cells, section noise of its spec\n", out);
  if (a->layers_on_diagonal > 0 && has_errors(hw))
    fprintf(out, "          %d layer%s with several groups on a diagonal: cells beside them have no errors (doc/accuracy.md)\n",
            (int)a->layers_on_diagonal, a->layers_on_diagonal == 1 ? "" : "s");
  print_converters(out, net, m);
  if (a->clipped > 0.01)
    fprintf(out, "          %.1f %% of all conversions are clipped: more adc.bits, or a wider range, may help\n",
            100 * a->clipped);
}
