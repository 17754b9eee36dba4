/* SPDX-License-Identifier: MIT */
/* The summary for a person: network, chip, a row per layer, packing, timing. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

/* A mapping's figures by layer. */
typedef struct row {
  int64_t pieces, activations; /* activations of the busiest piece */
  int64_t cells;
  double time_ns;              /* of a sample on its copies, without contention */
  int32_t copies;
} row;

/* Characters, not bytes. */
static size_t
width_of(const char *text)
{
  size_t n = 0;

  for (; *text; text++)
    n += ((unsigned char)*text & 0xc0) != 0x80;
  return n;
}

/* At most NAME_WIDTH columns, exactly when `pad`: the middle is left out, since layers differ at both ends. Control characters
 * of a file do not reach the terminal. */
void
print_name(FILE *out, const char *name, int pad)
{
  const size_t n = width_of(name), head = 12, tail = NAME_WIDTH - head - 3;
  size_t i = 0;

  for (; *name; name++) {
    const int begins = ((unsigned char)*name & 0xc0) != 0x80;

    if (n > NAME_WIDTH && begins && i == head)
      fputs("...", out);
    if (n <= NAME_WIDTH || i < head + !begins || i >= n - tail + !begins)
      fputc((unsigned char)*name < 0x20 || *name == 0x7f ? '?' : *name, out);
    i += begins;
  }
  for (i = n; pad && i < NAME_WIDTH; i++)
    fputc(' ', out);
}

/* Columns that one activation of a piece reads: those of one group, and of a weight 0 beside them where there are unit columns. */
static int64_t
read_columns(const rramnas_layer *layer, const row *r, int64_t cols, int has_units)
{
  const int64_t per_weight = layer->weights > 0 && r->cells > layer->weights ? r->cells / layer->weights : 1;
  const int64_t of_group = layer->matrix_cols / layer->groups * per_weight;

  return (of_group > 0 && of_group < cols ? of_group : cols) + (has_units ? per_weight : 0);
}

/* A copy takes as long as its slowest piece. */
static void
add_time(const rramnas_hw *hw, const rramnas_net *net, const int64_t *piece, int has_units, row *r)
{
  rramnas_mvm_latency latency = RRAMNAS_MVM_LATENCY_INIT;
  rramnas_layer layer = RRAMNAS_LAYER_INIT;
  const int64_t share = r->copies > 0 ? (piece[3] + r->copies - 1) / r->copies : 0;

  if (rramnas_net_layer(net, (size_t)piece[0], &layer) == RRAMNAS_OK &&
      rramnas_hw_mvm_latency(hw, piece[1], read_columns(&layer, r, piece[2], has_units), 0, &latency, NULL) == RRAMNAS_OK &&
      latency.total_ns * (double)share > r->time_ns)
    r->time_ns = latency.total_ns * (double)share;
}

static int
collect_rows(const rramnas_hw *hw, const rramnas_net *net, const rramnas_mapping *mapping,
             const rramnas_mapping_info *info, row *rows, int32_t *copies)
{
  const size_t n = (size_t)info->n_pieces, n_layers = rramnas_net_layer_count(net);
  int64_t *pieces = calloc(n + 1, 6 * sizeof(*pieces));
  size_t i;

  if (!pieces || rramnas_mapping_get_copies(mapping, copies, n_layers) < 0 ||
      rramnas_mapping_get_pieces(mapping, pieces, n) < 0) {
    free(pieces);
    return 0;
  }
  for (i = 0; i < n_layers; i++)
    rows[i].copies = copies[i];
  for (i = 0; i < n; i++) {
    const int64_t *p = pieces + 6 * i;
    row *r = &rows[p[0]];

    r->pieces++;
    r->cells += p[1] * p[2];
    r->activations = p[3] > r->activations ? p[3] : r->activations;
  }
  for (i = 0; i < n; i++)
    add_time(hw, net, pieces + 6 * i, info->unit_columns > 0, &rows[pieces[6 * i]]);
  free(pieces);
  return 1;
}

static void
print_rows(FILE *out, const rramnas_net *net, const row *rows, size_t n)
{
  double sum = 0;
  size_t i;

  for (i = 0; i < n; i++)
    sum += rows[i].time_ns;
  fprintf(out, "\n%5s  %-*s %-7s %13s %7s %7s %11s %7s\n", "layer", NAME_WIDTH, "name", "op", "matrix", "pieces",
          "copies", "activations", "time");
  for (i = 0; i < n; i++) {
    rramnas_layer layer = RRAMNAS_LAYER_INIT;
    char matrix[48];
    long tenths;

    if (rramnas_net_layer(net, i, &layer) < 0)
      continue;
    fprintf(out, "%5zu  ", i);
    print_name(out, layer.name, 1);
    if (!layer.mapped) {
      fprintf(out, " %-7s %13s\n", rramnas_op_name(layer.op), "digital");
      continue;
    }
    snprintf(matrix, sizeof(matrix), "%" PRId64 " x %" PRId64, layer.matrix_rows, layer.matrix_cols);
    tenths = sum > 0 ? (long)(rows[i].time_ns / sum * 1000 + 0.5) : 0;
    fprintf(out, " %-7s %13s %7" PRId64 " %7d %11" PRId64 " %3ld.%ld %%\n", rramnas_op_name(layer.op), matrix,
            rows[i].pieces, (int)rows[i].copies, rows[i].activations, tenths / 10, tenths % 10);
  }
}

static int
print_layers(FILE *out, const rramnas_hw *hw, const rramnas_net *net, const rramnas_mapping *mapping,
             const rramnas_mapping_info *info)
{
  const size_t n = rramnas_net_layer_count(net);
  row *rows = calloc(n + 1, sizeof(*rows));
  int32_t *copies = calloc(n + 1, sizeof(*copies));
  const int done = rows && copies && collect_rows(hw, net, mapping, info, rows, copies);

  if (done)
    print_rows(out, net, rows, n);
  else
    complain("out of memory");
  free(rows);
  free(copies);
  return done ? EXIT_DONE : EXIT_BAD_INPUT;
}

static void
print_head(FILE *out, const rramnas_hw *hw, const rramnas_net *net)
{
  const size_t n = rramnas_net_layer_count(net);
  double rows = 0, cols = 0;
  int64_t macs = 0, weights = 0;
  uint8_t digest[16];
  char a[32], b[32];
  size_t i;

  for (i = 0; i < n; i++) {
    rramnas_layer layer = RRAMNAS_LAYER_INIT;

    if (rramnas_net_layer(net, i, &layer) < 0)
      continue;
    macs += layer.macs;
    weights += layer.weights;
  }
  rramnas_hw_get_number(hw, "crossbar.rows", &rows);
  rramnas_hw_get_number(hw, "crossbar.cols", &cols);
  rramnas_hw_fingerprint(hw, digest);
  fprintf(out, "network   ");
  print_name(out, rramnas_net_name(net), 0);
  fprintf(out, ": %zu layers, %s MACs, %s weights\n", n, count_text(macs, a), count_text(weights, b));
  fprintf(out, "hardware  crossbars of %d x %d cells, fingerprint %02x%02x%02x%02x\n", (int)rows, (int)cols, digest[0],
          digest[1], digest[2], digest[3]);
}

/* What proves how many crossbars these boxes need; the first that proves the most is marked. */
static void
print_bounds(FILE *out, const rramnas_mapping_info *info)
{
  const struct { const char *name; int32_t bound; } bounds[] = {
    { "area", info->bound_area }, { "dual feasible functions", info->bound_dual }, { "clique", info->bound_clique },
    { "cardinality", info->bound_cardinality }, { "strip", info->bound_strip },
  };
  int i, marked = 0;

  fprintf(out, "          these boxes need at least %d%s\n", (int)info->crossbars_bound,
          info->crossbars_optimal ? ": optimal" : "");
  fputs("          bounds: ", out);
  for (i = 0; i < 5; i++) {
    const int best = !marked && bounds[i].bound == info->crossbars_bound;

    marked |= best;
    if (bounds[i].bound)
      fprintf(out, "%s%s %d%s", i ? ", " : "", bounds[i].name, (int)bounds[i].bound, best ? " *" : "");
  }
  fputc('\n', out);
}

static void
print_packing(FILE *out, const rramnas_mapping_info *info)
{
  char margin[32];
  const long tenths = (long)(info->utilization * 1000 + 0.5), occupied = (long)(info->occupied * 1000 + 0.5);

  fprintf(out, "\npacking   policy %s: %d of %d crossbars used, utilisation %ld.%ld %%\n", rramnas_policy_name(info->policy),
          (int)info->crossbars_used, (int)info->crossbars_available, tenths / 10, tenths % 10);
  if (occupied != tenths)
    fprintf(out, "          block-diagonal boxes leave cells unused: occupied %ld.%ld %%\n", occupied / 10, occupied % 10);
  if (info->boxes_cut)
    fprintf(out, "          %d box%s cut into %d parts to fit, %s more conversions per inference and input slice\n",
            (int)info->boxes_cut, info->boxes_cut == 1 ? "" : "es", (int)info->cut_parts,
            count_text(info->extra_conversions, margin));
  print_bounds(out, info);
  if (info->duplicated && info->margin > 0)
    fprintf(out, "          copies fill up to %s of the cells, found in %d %s\n", number_text(info->margin, margin),
            (int)info->tries, info->tries == 1 ? "try" : "tries");
}

static void
print_time_bound(FILE *out, const rramnas_timing *t)
{
  char a[32], b[32];

  fprintf(out, "          any mapping takes at least %s", duration_text(t->bound_ns, a));
  if (t->gap > 0)
    fprintf(out, ", gap %s %%\n", number_text(t->gap * 100, b));
  else
    fputs(": optimal\n", out);
}

static int
print_timing(FILE *out, const settings *s, const rramnas_mapping *mapping)
{
  rramnas_timing_options how = s->timing;
  rramnas_timing t = RRAMNAS_TIMING_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  const int samples = s->timing.samples ? (int)s->timing.samples : 1;
  char a[32], b[32], c[32], d[32];

  how.with_bound = 1;
  if (rramnas_mapping_simulate(mapping, &how, &t, &err) < 0) {
    complain_error(&err);
    return EXIT_BAD_INPUT;
  }
  fprintf(out, "timing    model %s, %d sample%s: %s; without contention %s\n",
          s->timing.model == RRAMNAS_TIMING_RNC ? "rnc" : "graph", samples, samples == 1 ? "" : "s",
          duration_text(t.latency_ns, a), duration_text(t.contention_free_ns, b));
  if (t.bound_ns > 0)
    print_time_bound(out, &t);
  fprintf(out, "          speed-up %s over one tile per crossbar without copies (%s)\n", number_text(t.speedup, c),
          duration_text(t.baseline_latency_ns, d));
  return EXIT_DONE;
}

int
print_summary(FILE *out, const settings *s, const rramnas_hw *hw, const rramnas_net *net, const rramnas_mapping *mapping)
{
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  int code;

  if (rramnas_mapping_get_info(mapping, &info) < 0) {
    complain("out of memory");
    return EXIT_BAD_INPUT;
  }
  print_head(out, hw, net);
  code = print_layers(out, hw, net, mapping, &info);
  if (code != EXIT_DONE)
    return code;
  print_packing(out, &info);
  code = print_timing(out, s, mapping);
  return code == EXIT_DONE && !s->no_cost ? print_cost(out, s, net, mapping) : code;
}
