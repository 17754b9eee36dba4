/* SPDX-License-Identifier: MIT */
/* A candidate once more: in, a genome and the settings it was found with; out, bits of its layers, and the command line
 * of rramnas-compile that gives its figures. Of accuracy that is so unless --stop-dominated ended its chips. */
#include <stdlib.h>
#include <string.h>

#include "../common/options.h"
#include "program.h"

/* --- bits by layer --- */

static size_t
mapped_layers(const rramnas_net *net)
{
  rramnas_layer layer = RRAMNAS_LAYER_INIT;
  size_t i, n = 0;

  for (i = 0; i < rramnas_net_layer_count(net); i++)
    n += rramnas_net_layer(net, i, &layer) == RRAMNAS_OK && layer.mapped;
  return n;
}

int
has_bits(const rramnas_search *search)
{
  rramnas_gene gene = RRAMNAS_GENE_INIT;
  size_t i;

  for (i = 0; rramnas_search_gene(search, i, &gene) == RRAMNAS_OK; i++)
    if (gene.role == RRAMNAS_GENE_HARDWARE && strncmp(gene.name, "layer_", 6) == 0)
      return 1;
  return 0;
}

int32_t
read_bits(const rramnas_search *search, const double *genome, const rramnas_net *net, int32_t **ret_bits, size_t *ret_n,
          rramnas_error *err)
{
  const size_t n = mapped_layers(net);

  *ret_bits = calloc(2 * n + 1, sizeof(**ret_bits));
  *ret_n = n;
  if (!*ret_bits) {
    snprintf(err->message, sizeof(err->message), "out of memory");
    return RRAMNAS_ERR_MEMORY;
  }
  return rramnas_search_build_bits(search, genome, n, *ret_bits, *ret_bits + n, err);
}

/* --- the command --- */

/* A word of the shell. What begins like an option is a file. */
static void
put_word(FILE *f, const char *text)
{
  const char *folder = *text == '-' ? "./" : "";

  if (*text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,+-")]) {
    fprintf(f, " %s%s", folder, text);
    return;
  }
  fprintf(f, " '%s", folder);
  for (; *text; text++)
    if (*text == '\'')
      fputs("'\\''", f);
    else
      fputc(*text, f);
  fputc('\'', f);
}

static void
put_text(FILE *f, const char *name, const char *value)
{
  fprintf(f, " --%s", name);
  put_word(f, value);
}

static void
put_number(FILE *f, const char *name, int64_t value)
{
  if (value > 0)
    fprintf(f, " --%s %lld", name, (long long)value);
}

/* It was read from at most 15 digits, so that 15 are the same number again. */
static void
put_share(FILE *f, const char *name, double value)
{
  if (value > 0)
    fprintf(f, " --%s %.15g", name, value);
}

/* A file in the folder of the chosen ones. */
static void
put_file(FILE *f, const settings *s, const char *name, const char *file, const char *ending)
{
  char path[MOST_PATH + 128];

  snprintf(path, sizeof(path), "%s/best/%s%s", s->out, file, ending);
  if (name)
    put_text(f, name, path);
  else
    put_word(f, path);
}

static void
put_mapping_options(FILE *f, const settings *s)
{
  static const char *const efforts[] = { "fast", "fast", "balanced", "thorough" };
  const int32_t policy = s->compile.policy ? s->compile.policy : RRAMNAS_POLICY_BEST;

  put_text(f, "policy", rramnas_policy_name(policy));
  put_text(f, "effort", efforts[s->compile.effort]);
  put_text(f, "timing", s->cost.timing_model == RRAMNAS_TIMING_GRAPH ? "graph" : "rnc");
  put_number(f, "samples", s->compile.samples ? s->compile.samples : DEFAULT_SAMPLES);
  put_number(f, "crossbars", s->compile.crossbars);
  if (s->compile.crossbars == RRAMNAS_CROSSBARS_AUTO)
    put_text(f, "crossbars", "auto");
}

static void
put_accuracy_options(FILE *f, const settings *s, const char *weights)
{
  const rramnas_accuracy_options *a = &s->accuracy;

  if (!a->data)
    return;
  put_text(f, "data", a->data);
  put_text(f, "part", "held-out");
  if (weights)
    put_text(f, "weights", weights);
  put_number(f, "trials", a->trials);
  put_number(f, "images", a->images);
  put_number(f, "norm-images", a->norm_images);
  put_number(f, "chip-seed", (int64_t)s->search.seed);
  put_share(f, "stop-below", a->stop_below);
  put_share(f, "confidence", a->confidence_wanted);
  if (a->copies_alike)
    fputs(" --copies-alike", f);
  if (a->adc_range)
    put_text(f, "adc-range", adc_range_name(a->adc_range));
  put_share(f, "adc-fraction", a->adc_fraction);
}

void
put_command(const settings *s, const rramnas_search *search, const char *name, FILE *f)
{
  const char *weights = s->accuracy.weights ? s->accuracy.weights
                        : s->network        ? s->network
                                            : rramnas_search_supernet(search);

  fputs("rramnas-compile", f);
  if (s->network)
    put_word(f, s->network);
  else if (s->accuracy.data) {
    fputs(" ofa_mobilenet_v3_small", f); /* the genome says which of the family */
    put_file(f, s, "genome", name, ".candidate.yaml");
  } else
    put_file(f, s, NULL, name, ".yaml");
  put_file(f, s, "hardware", name, ".hardware.yaml");
  if (has_bits(search))
    put_file(f, s, "layer-bits", name, ".bits");
  put_mapping_options(f, s);
  put_accuracy_options(f, s, weights);
}
