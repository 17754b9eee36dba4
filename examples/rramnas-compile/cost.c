/* SPDX-License-Identifier: MIT */
/* What a mapping costs, for a person: key figures, a table by component, every derived quantity. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "program.h"

enum { DYNAMIC, STATIC, AREA, KINDS };

/* A unit and the decimals that suit a column's sum. */
typedef struct scale {
  double one; /* of the unit, in the column's own */
  const char *unit;
  int decimals;
} scale;

static scale
energy_scale(double pj)
{
  static const struct { double one; const char *name; } units[] = {
    { 1e-3, "fJ" }, { 1, "pJ" }, { 1e3, "nJ" }, { 1e6, "uJ" }, { 1e9, "mJ" }, { 1e12, "J" },
  };
  int i = 0;

  while (i < 5 && pj >= units[i + 1].one)
    i++;
  return (scale){ units[i].one, units[i].name, pj < 10 * units[i].one ? 4 : pj < 100 * units[i].one ? 3 : 2 };
}

static scale
area_scale(double um2)
{
  const scale um = { 1, "um2", 2 }, mm = { 1e6, "mm2", um2 < 1e7 ? 4 : um2 < 1e8 ? 3 : 2 };

  return um2 < 1e4 ? um : mm;
}

/* Numbers as they are printed, in units of the last digit. */
typedef struct column {
  long long digits[2 * RRAMNAS_COST_COMPONENTS];
  int decimals;
} column;

/* Rounds n numbers >= 0 so that they add up to `sum`, their sum in units of the last digit, by largest remainders:
 * each is within a unit of its last digit. `one` is that unit. */
static void
round_to_sum(const double *values, int n, double one, long long sum, long long *ret_digits)
{
  double rest[RRAMNAS_COST_COMPONENTS];
  int i, k;

  for (i = 0; i < n; i++) {
    ret_digits[i] = (long long)(values[i] / one);
    rest[i] = values[i] / one - (double)ret_digits[i];
    sum -= ret_digits[i];
  }
  for (; sum > 0; sum--) {
    for (i = 0, k = 0; i < n; i++)
      k = rest[i] > rest[k] ? i : k;
    ret_digits[k]++;
    rest[k] -= 1;
  }
}

static double
sum_of(const double *values)
{
  double sum = 0;
  int i;

  for (i = 0; i < RRAMNAS_COST_COMPONENTS; i++)
    sum += values[i];
  return sum;
}

/* One or two lists of components: what both are together is rounded, then each of them, then what is in them. */
static column
round_together(const double *values, int lists, double one, int decimals)
{
  const double sums[] = { sum_of(values), lists > 1 ? sum_of(values + RRAMNAS_COST_COMPONENTS) : 0 };
  column c = { { 0 }, decimals };
  long long digits[2];
  int i;

  for (i = 0; i < decimals; i++)
    one /= 10;
  round_to_sum(sums, 2, one, (long long)((sums[0] + sums[1]) / one + 0.5), digits);
  for (i = 0; i < lists; i++)
    round_to_sum(values + (ptrdiff_t)i * RRAMNAS_COST_COMPONENTS, RRAMNAS_COST_COMPONENTS, one, digits[i],
                 c.digits + (ptrdiff_t)i * RRAMNAS_COST_COMPONENTS);
  return c;
}

static void
print_digits(FILE *out, int width, long long digits, int decimals)
{
  long long one = 1;
  int i;

  for (i = 0; i < decimals; i++)
    one *= 10;
  fprintf(out, "%*lld.%0*lld", width - decimals - 1, digits / one, decimals, digits % one);
}

/* --- table --- */

typedef struct breakdown {
  double rows[RRAMNAS_COST_COMPONENTS][KINDS]; /* dynamic pJ, static pJ, um2; of all samples */
} breakdown;

/* Sums over the layers; exact, so they meet the totals. */
static int32_t
break_down(const rramnas_net *net, const rramnas_mapping *mapping, const rramnas_cost_options *how, breakdown *b,
           rramnas_error *err)
{
  const size_t n = rramnas_net_layer_count(net) + 1, of_layer = (size_t)RRAMNAS_COST_COMPONENTS * KINDS;
  double *layers = malloc(n * of_layer * sizeof(*layers));
  int32_t status;
  size_t i;

  memset(b, 0, sizeof(*b));
  if (!layers) {
    snprintf(err->message, sizeof(err->message), "out of memory");
    return RRAMNAS_ERR_MEMORY;
  }
  status = rramnas_mapping_get_cost_layers(mapping, how, layers, n, err);
  for (i = 0; status >= 0 && i < n * of_layer; i++)
    b->rows[i % of_layer / KINDS][i % KINDS] += layers[i];
  free(layers);
  return status;
}

/* The table as it is printed. The energy is rounded as a whole: dynamic ones, then static ones. */
typedef struct table {
  column energy, energy_share, area, area_share;
  scale energy_scale, area_scale;
} table;

static table
make_table(const breakdown *b, const rramnas_cost *cost)
{
  enum { N = RRAMNAS_COST_COMPONENTS };
  double energy[2 * N], area[N];
  table t;
  int32_t k;

  for (k = 0; k < N; k++) {
    energy[k] = b->rows[k][DYNAMIC] / cost->samples;
    energy[N + k] = b->rows[k][STATIC] / cost->samples;
    area[k] = b->rows[k][AREA];
  }
  t.energy_scale = energy_scale(cost->energy_per_inference_pj);
  t.area_scale = area_scale(cost->area_um2);
  t.energy = round_together(energy, 2, t.energy_scale.one, t.energy_scale.decimals);
  t.area = round_together(area, 1, t.area_scale.one, t.area_scale.decimals);
  t.energy_share = round_together(energy, 2, cost->energy_pj > 0 ? cost->energy_per_inference_pj / 100 : 1, 1);
  t.area_share = round_together(area, 1, cost->area_um2 > 0 ? cost->area_um2 / 100 : 1, 1);
  return t;
}

static void
print_pair(FILE *out, const column *values, const column *shares, int from, int n)
{
  long long value = 0, share = 0;
  int i;

  for (i = from; i < from + n; i++) {
    value += values->digits[i];
    share += shares->digits[i];
  }
  print_digits(out, 15, value, values->decimals);
  print_digits(out, 7, share, shares->decimals);
  fputs(" %", out);
}

/* `n` components from `from` on, added up. */
static void
print_row(FILE *out, const table *t, const char *name, int from, int n)
{
  fprintf(out, "          %-13s", name);
  print_pair(out, &t->energy, &t->energy_share, from, n);
  print_pair(out, &t->energy, &t->energy_share, RRAMNAS_COST_COMPONENTS + from, n);
  print_pair(out, &t->area, &t->area_share, from, n);
  fputc('\n', out);
}

static void
print_components(FILE *out, const breakdown *b, const rramnas_cost *cost)
{
  const table t = make_table(b, cost);
  const char *unit = t.energy_scale.unit;
  int32_t k;

  fprintf(out, "\n          %-13s%12s %2s%9s%12s %2s%9s%11s %3s%9s\n", "component", "dynamic", unit, "share",
          "static", unit, "share", "area", t.area_scale.unit, "share");
  for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++)
    if (b->rows[k][DYNAMIC] > 0 || b->rows[k][STATIC] > 0 || b->rows[k][AREA] > 0)
      print_row(out, &t, rramnas_cost_component_name(k), k, 1);
  print_row(out, &t, "sum", 0, RRAMNAS_COST_COMPONENTS);
}

/* --- figures --- */

static void
print_extrapolated(FILE *out, int32_t bits)
{
  static const char *const what[] = {
    "buffer size", "width of the buffer's bus", "node of the buffer", "node of the logic", "bits of the ADC",
  };
  const char *before = "          outside of the range of the sources: ";
  int i;

  for (i = 0; i < 5; i++)
    if (bits >> i & 1) {
      fprintf(out, "%s%s", before, what[i]);
      before = ", ";
    }
  if (bits)
    fputc('\n', out);
}

static void
print_figures(FILE *out, const char *model, const rramnas_cost *c)
{
  char a[32], b[32], d[32], e[32];

  fprintf(out, "cost      model %s, one inference: energy %s, area %s, power %s\n", model,
          energy_text(c->energy_per_inference_pj, a), area_text(c->area_um2, b), power_text(c->power_mw, d));
  fprintf(out, "          latency %s, %s inferences/s, EDP %s, %s per MAC\n", duration_text(c->latency_ns, a),
          number_text(c->inferences_per_s, b), edp_text(c->edp_pj_ns, d), energy_text(c->energy_per_mac_pj, e));
  fprintf(out, "          %.4g TOPS, %.4g TOPS/W, %.4g TOPS/mm2\n", c->tops, c->tops_per_w, c->tops_per_mm2);
  fprintf(out, "          leakage %s; crossbars compute %s %% of the time, weights fill %s %% of the cells\n",
          power_text(c->leakage_mw, a), number_text(c->busy_share * 100, b), number_text(c->cell_utilization * 100, d));
  if (c->write_energy_pj > 0 || c->write_time_ns > 0)
    fprintf(out, "          programming, once: energy %s, time %s\n", energy_text(c->write_energy_pj, a),
            duration_text(c->write_time_ns, b));
  if (c->adc_bits && c->adc_bits < c->adc_bits_needed)
    fprintf(out, "          ADCs of %d bits; %d tell all sums apart\n", (int)c->adc_bits, (int)c->adc_bits_needed);
  print_extrapolated(out, c->extrapolated);
}

rramnas_cost_options
cost_options(const settings *s)
{
  rramnas_cost_options o = RRAMNAS_COST_OPTIONS_INIT;

  o.model = s->cost_model;
  o.timing_model = s->timing.model;
  o.samples = s->timing.samples;
  o.floor_remainder = s->timing.floor_remainder;
  o.sharing = s->timing.sharing;
  return o;
}

int
print_cost(FILE *out, const settings *s, const rramnas_net *net, const rramnas_mapping *mapping)
{
  const rramnas_cost_options how = cost_options(s);
  rramnas_cost cost = RRAMNAS_COST_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  breakdown b;

  if (rramnas_mapping_get_cost(mapping, &how, &cost, &err) < 0 || break_down(net, mapping, &how, &b, &err) < 0) {
    complain_error(&err);
    return EXIT_BAD_INPUT;
  }
  print_figures(out, rramnas_cost_model_name(s->cost_model ? s->cost_model : RRAMNAS_COST_RRAMNAS), &cost);
  print_components(out, &b, &cost);
  return EXIT_DONE;
}

/* --- explanation --- */

static int32_t
print_quantity(void *user, const rramnas_derived *q)
{
  const int is_count = strcmp(q->unit, "1") == 0 || !*q->unit;

  fprintf(user, "%s = %.6g%s%s\n", q->name, q->value, is_count ? "" : " ", is_count ? "" : q->unit);
  if (*q->formula)
    fprintf(user, "    = %s\n", q->formula);
  if (*q->inputs)
    fprintf(user, "    with %s\n", q->inputs);
  if (*q->source)
    fprintf(user, "    from %s\n", q->source);
  return ferror((FILE *)user) != 0;
}

int
print_explanation(FILE *out, const settings *s, const rramnas_mapping *mapping)
{
  const rramnas_cost_options how = cost_options(s);
  rramnas_error err = RRAMNAS_ERROR_INIT;

  if (rramnas_mapping_explain(mapping, &how, print_quantity, out, &err) >= 0)
    return EXIT_DONE;
  complain_error(&err);
  return EXIT_BAD_INPUT;
}
