/* SPDX-License-Identifier: MIT */
/* Design-space exploration of a chip for a fixed network: costs at every combination of field values.
 *
 * In:  --sweep FIELD=VALUES once or more, the chip that is varied, the network, how to compile and to cost.
 * Out: a row per combination, as a table, as CSV, as a plot (sweep_svg.c).
 *
 * A mapping is made once and costed with every chip (rramnas_cost_options.hw). Only where fields that shape it are
 * swept is one made for each combination of these: for the chip that is varied with the shaping fields changed, or,
 * when that is no chip, for the first combination that is one. A combination that is refused or does not fit is a
 * row with the reason. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "sweep.h"

enum { MOST_COMBINATIONS = 1000000, MOST_ROWS = 10000 };

/* --- values --- */

static int
is_shaping(const char *field)
{
  static const char *const fields[] = {
    "crossbar.rows", "crossbar.cols", "chip.crossbars", "weight.slicing", "weight.bits", "weight.sign",
    "device.bits_per_cell",
  };
  size_t i;

  for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
    if (strcmp(field, fields[i]) == 0)
      return 1;
  return 0;
}

static int
add_value(sweep_axis *a, const char *text, size_t length)
{
  if (a->n == MOST_COMBINATIONS)
    return 0;
  if ((a->n & (a->n - 1)) == 0) { /* full: its room is 1, 2, 4, ... values */
    char **values = realloc(a->values, (a->n ? 2 * a->n : 1) * sizeof(*values));

    if (!values)
      return 0;
    a->values = values;
  }
  a->values[a->n] = strndup(text, length);
  return a->values[a->n] && ++a->n;
}

static int
read_number(const char *text, char **ret_end, double *ret_value)
{
  if (!strchr("+-.0123456789", *text) || !*text)
    return 0;
  *ret_value = strtod(text, ret_end);
  return *ret_end != text && isfinite(*ret_value);
}

/* FROM..TO, FROM..TO:STEP or FROM..TO*FACTOR; `text` has nothing behind it. */
static int
add_range(sweep_axis *a, const char *text)
{
  double from, to, by = 1, value, last;
  const char *dots = strstr(text, "..");
  char *end, start[64], shown[32];
  int is_factor = 0, i;

  snprintf(start, sizeof(start), "%.*s", (int)(dots - text), text);
  if (!read_number(start, &end, &from) || *end || !read_number(dots + 2, &end, &to) || to < from)
    return 0;
  if (*end == ':' || *end == '*') {
    is_factor = *end == '*';
    if (!read_number(end + 1, &end, &by))
      return 0;
  }
  if (*end || !(is_factor ? by > 1 && from > 0 : by > 0))
    return 0;
  last = is_factor ? to * (1 + 1e-12) : to + by * 1e-9; /* room for rounding */
  for (i = 0, value = from; value <= last; i++) {
    snprintf(shown, sizeof(shown), "%.12g", value);
    if (!add_value(a, shown, strlen(shown)))
      return 0;
    value = is_factor ? value * by : from + (i + 1) * by;
  }
  return 1;
}

static int
add_item(sweep_axis *a, const char *text, size_t length)
{
  char *item = strndup(text, length);
  int done = 0;

  if (item && length > 0 && length < 64)
    done = strstr(item, "..") ? add_range(a, item) : add_value(a, item, length);
  free(item);
  return done;
}

static int
read_axis(sweep_axis *a, const char *text)
{
  const char *equals = strchr(text, '=');

  if (!equals || equals == text)
    return 0;
  a->field = strndup(text, (size_t)(equals - text));
  if (!a->field)
    return 0;
  a->shapes = is_shaping(a->field);
  a->is_time = strcmp(a->field, "time") == 0;
  for (text = equals + 1;; text++) {
    const size_t length = strcspn(text, ",");

    if (!add_item(a, text, length))
      return 0;
    text += length;
    if (!*text)
      return 1;
  }
}

void
free_sweep(sweep *w)
{
  size_t i, k;

  if (!w)
    return;
  for (i = 0; i < w->n_axes; i++) {
    for (k = 0; k < w->axes[i].n; k++)
      free(w->axes[i].values[k]);
    free(w->axes[i].values);
    free(w->axes[i].field);
  }
  for (i = 0; w->points && i < w->n_points; i++)
    free(w->points[i].fault);
  free(w->points);
  free(w);
}

size_t
sweep_fields(const sweep *w)
{
  return w->n_axes;
}

int
add_sweep(sweep **w, const char *text)
{
  sweep_axis *a;

  if (!*w)
    *w = calloc(1, sizeof(**w));
  if (!*w || (*w)->n_axes == MOST_SWEEPS)
    return 0;
  a = &(*w)->axes[(*w)->n_axes++];
  (*w)->n_points = (*w)->n_points ? (*w)->n_points : 1;
  if (!read_axis(a, text) || a->n > MOST_COMBINATIONS / (*w)->n_points)
    return 0;
  (*w)->n_points *= a->n;
  return 1;
}

const char *
sweep_value(const sweep *w, size_t point, size_t axis)
{
  size_t i, below = 1;

  for (i = axis + 1; i < w->n_axes; i++)
    below *= w->axes[i].n;
  return w->axes[axis].values[point / below % w->axes[axis].n];
}

/* A field that does nothing while another one says "none". */
static void
warn_of_idle(const sweep *w, const rramnas_hw *base, const char *field)
{
  static const char *const rules[][2] = { { "noise.write_sigma", "noise.write_model" }, { "noise.read_sigma", "noise.read_model" } };
  const char *model = "";
  size_t i, k;

  for (i = 0; i < 2; i++) {
    if (strcmp(field, rules[i][0]) != 0 || rramnas_hw_get_text(base, rules[i][1], &model) < 0 || strcmp(model, "none") != 0)
      continue;
    for (k = 0; k < w->n_axes; k++)
      if (strcmp(w->axes[k].field, rules[i][1]) == 0)
        return;
    complain("--sweep %s: changes nothing while %s is none; --sweep %s=relative beside it says how errors grow", field,
             rules[i][1], rules[i][1]);
  }
}

/* Whether each field is one, before anything long begins. */
int
check_sweep(const sweep *w, const settings *s, const rramnas_hw *base)
{
  size_t i, k;

  for (i = 0; w && i < w->n_axes; i++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    rramnas_hw *hw = NULL;
    const int32_t status =
      w->axes[i].is_time ? RRAMNAS_OK : rramnas_hw_with_value(base, w->axes[i].field, w->axes[i].values[0], &hw, &err);

    rramnas_hw_unref(hw);
    if (w->axes[i].is_time && !s->accuracy.data) {
      complain("--sweep time: needs --data, accuracy is what changes with time");
      return EXIT_BAD_INPUT;
    }
    if (status == RRAMNAS_ERR_NOT_FOUND) {
      complain("--sweep %s: %s", w->axes[i].field, err.message);
      return EXIT_BAD_INPUT;
    }
    warn_of_idle(w, base, w->axes[i].field);
    for (k = 0; k < i; k++)
      if (strcmp(w->axes[k].field, w->axes[i].field) == 0) {
        complain("--sweep %s: is given twice", w->axes[i].field);
        return EXIT_BAD_INPUT;
      }
    if (strcmp(w->axes[i].field, "chip.crossbars") == 0 && s->compile.crossbars) {
      complain("--sweep chip.crossbars: --crossbars already says how many");
      return EXIT_BAD_INPUT;
    }
  }
  return EXIT_DONE;
}

/* --- chips --- */

/* The chip with the point's values, of shaping fields only or of all. Rules between fields may refuse an order of
 * changes, so what was refused is tried again after the others. */
static int32_t
make_chip(const sweep *w, rramnas_hw *base, size_t point, int shaping_only, rramnas_hw **ret_hw, rramnas_error *err)
{
  int done[MOST_SWEEPS] = { 0 }, progress = 1;
  rramnas_hw *hw = rramnas_hw_ref(base), *next = NULL;
  int32_t status = RRAMNAS_OK;
  size_t i;

  while (progress) {
    progress = 0;
    status = RRAMNAS_OK;
    for (i = 0; i < w->n_axes; i++) {
      int32_t here;

      if (done[i] || w->axes[i].is_time || (shaping_only && !w->axes[i].shapes))
        continue;
      here = rramnas_hw_with_value(hw, w->axes[i].field, sweep_value(w, point, i), &next, err);
      if (here >= 0) {
        rramnas_hw_unref(hw);
        hw = next;
        done[i] = progress = 1;
      } else {
        status = here;
      }
    }
    if (status >= 0)
      break;
  }
  if (status >= 0)
    *ret_hw = hw;
  else
    rramnas_hw_unref(hw);
  return status;
}

/* --- mappings --- */

typedef struct run {
  sweep *w;
  const settings *s;
  rramnas_hw *base;
  rramnas_net *net;
  rramnas_mapping **mappings; /* by combination of shaping values; NULL = not made */
  char **faults;              /* likewise; NULL = none */
  size_t n_shapes;
} run;

/* Number of the combination of shaping values; 0 without any. */
static size_t
shape_of(const sweep *w, size_t point)
{
  size_t shape = 0, i, below = 1;

  for (i = w->n_axes; i-- > 0; point /= w->axes[i].n) {
    if (!w->axes[i].shapes)
      continue;
    shape += point % w->axes[i].n * below;
    below *= w->axes[i].n;
  }
  return shape;
}

/* Of a shape; a failure is remembered. */
static const rramnas_mapping *
mapping_of(run *r, size_t point, rramnas_hw *chip)
{
  const size_t shape = shape_of(r->w, point);
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw = NULL;

  if (r->mappings[shape] || r->faults[shape])
    return r->mappings[shape];
  if (make_chip(r->w, r->base, point, 1, &hw, &err) < 0)
    hw = rramnas_hw_ref(chip);
  if (rramnas_compile(hw, r->net, &r->s->compile, NULL, &r->mappings[shape], &err) < 0)
    r->faults[shape] = strdup(err.message);
  rramnas_hw_unref(hw);
  return r->mappings[shape];
}

/* What --sweep time says, else --time. Below 0: a text that is no time. */
static double
time_of(const run *r, size_t point)
{
  double time_s = r->s->accuracy.time_s;
  size_t i;

  for (i = 0; i < r->w->n_axes; i++) {
    const char *text = sweep_value(r->w, point, i);

    if (r->w->axes[i].is_time && !parse_real(text, strlen(text), &time_s))
      time_s = -1;
  }
  return time_s;
}

static void
cost_point(run *r, size_t point)
{
  sweep_point *p = &r->w->points[point];
  rramnas_cost_options how = cost_options(r->s);
  rramnas_accuracy accuracy = RRAMNAS_ACCURACY_INIT;
  rramnas_cost cost = RRAMNAS_COST_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  const rramnas_mapping *mapping;
  rramnas_hw *chip = NULL;

  if (make_chip(r->w, r->base, point, 0, &chip, &err) < 0) {
    p->fault = strdup(err.message);
    return;
  }
  mapping = mapping_of(r, point, chip);
  how.hw = chip;
  if (time_of(r, point) < 0)
    p->fault = strdup("time: expected seconds");
  else if (!mapping)
    p->fault = strdup(r->faults[shape_of(r->w, point)] ? r->faults[shape_of(r->w, point)] : "out of memory");
  else if (rramnas_mapping_get_cost(mapping, &how, &cost, &err) < 0)
    p->fault = strdup(err.message);
  else if (r->s->accuracy.data && measure_accuracy(r->s, mapping, chip, time_of(r, point), &accuracy, &err) < 0)
    p->fault = strdup(err.message);
  else
    *p = (sweep_point){ .cost = cost, .accuracy = accuracy };
  rramnas_hw_unref(chip);
}

/* --- front --- */

static int
by_latency(const void *a, const void *b)
{
  const rramnas_cost *x = &(*(sweep_point *const *)a)->cost, *y = &(*(sweep_point *const *)b)->cost;

  if (x->latency_ns != y->latency_ns)
    return x->latency_ns < y->latency_ns ? -1 : 1;
  return x->energy_pj < y->energy_pj ? -1 : x->energy_pj > y->energy_pj;
}

/* Marks the points that no other beats in energy and latency. */
static int
mark_front(sweep *w)
{
  sweep_point **order = malloc(w->n_points * sizeof(*order));
  double least = INFINITY, last_ns = -1;
  size_t i, n = 0;

  if (!order)
    return 0;
  for (i = 0; i < w->n_points; i++)
    if (w->points[i].cost.samples)
      order[n++] = &w->points[i];
  qsort(order, n, sizeof(*order), by_latency);
  for (i = 0; i < n; i++) {
    const rramnas_cost *c = &order[i]->cost;

    order[i]->front = c->energy_pj < least || (c->energy_pj == least && c->latency_ns == last_ns);
    if (c->energy_pj < least) {
      least = c->energy_pj;
      last_ns = c->latency_ns;
    }
  }
  free(order);
  return 1;
}

/* --- the run --- */

static void
tell_progress(size_t done, size_t all)
{
  static char text[2][64];
  static int turn;

  if (done % 64)
    return;
  turn = !turn;
  snprintf(text[turn], sizeof(text[0]), "sweep: point %zu of %zu ...", done, all);
  show_phase(text[turn]);
}

/* Without shaping fields the mapping at hand serves all points. */
static int
begin_run(run *r, rramnas_mapping *mapping)
{
  int any = 0;
  size_t i;

  r->n_shapes = 1;
  for (i = 0; i < r->w->n_axes; i++) {
    any |= r->w->axes[i].shapes;
    r->n_shapes *= r->w->axes[i].shapes ? r->w->axes[i].n : 1;
  }
  r->w->points = calloc(r->w->n_points, sizeof(*r->w->points));
  r->mappings = calloc(r->n_shapes, sizeof(*r->mappings));
  r->faults = calloc(r->n_shapes, sizeof(*r->faults));
  if (!r->w->points || !r->mappings || !r->faults)
    return 0;
  if (!any)
    r->mappings[0] = rramnas_mapping_ref(mapping);
  return 1;
}

static void
end_run(run *r)
{
  size_t i;

  for (i = 0; i < r->n_shapes; i++) {
    if (r->mappings)
      rramnas_mapping_unref(r->mappings[i]);
    if (r->faults)
      free(r->faults[i]);
  }
  free(r->mappings);
  free(r->faults);
}

/* The first fault, when there is nothing else. */
static int
has_result(const sweep *w)
{
  size_t i;

  for (i = 0; i < w->n_points; i++)
    if (w->points[i].cost.samples)
      return 1;
  complain("--sweep: no point could be costed; the first: %s",
           w->points[0].fault ? w->points[0].fault : "out of memory");
  return 0;
}

int
run_sweep(sweep *w, const settings *s, rramnas_hw *base, rramnas_net *net, rramnas_mapping *mapping)
{
  run r = { .w = w, .s = s, .base = base, .net = net };
  int done = begin_run(&r, mapping);
  size_t i;

  w->network = rramnas_net_name(net);
  w->has_accuracy = s->accuracy.data != NULL;
  for (i = 0; done && i < w->n_points; i++) {
    tell_progress(i, w->n_points);
    cost_point(&r, i);
  }
  end_run(&r);
  if (!done || !mark_front(w)) {
    complain("out of memory");
    return EXIT_BAD_INPUT;
  }
  return has_result(w) ? EXIT_DONE : EXIT_BAD_INPUT;
}

/* --- CSV --- */

typedef struct figure {
  const char *name;
  size_t offset;
} figure;

#define FIGURE(field) { #field, offsetof(rramnas_cost, field) }
static const figure figures[] = {
  FIGURE(latency_ns), FIGURE(energy_pj), FIGURE(energy_dynamic_pj), FIGURE(energy_static_pj),
  FIGURE(energy_per_inference_pj), FIGURE(energy_per_mac_pj), FIGURE(area_um2), FIGURE(power_mw), FIGURE(leakage_mw),
  FIGURE(edp_pj_ns), FIGURE(edap_pj_ns_um2), FIGURE(tops), FIGURE(tops_per_w), FIGURE(tops_per_mm2),
  FIGURE(inferences_per_s), FIGURE(cell_utilization), FIGURE(busy_share), FIGURE(write_energy_pj),
  FIGURE(write_time_ns), FIGURE(ir_drop), FIGURE(ir_drop_typical), FIGURE(wire_delay_ns), FIGURE(transfer_ns),
};
enum { N_FIGURES = sizeof(figures) / sizeof(figures[0]) };
#undef FIGURE

#define FIGURE(field) { "accuracy_" #field, offsetof(rramnas_accuracy, field) }
static const figure accuracies[] = {
  FIGURE(digital), FIGURE(quantized), FIGURE(mean), FIGURE(confidence), FIGURE(deviation), FIGURE(worst), FIGURE(low),
  FIGURE(median), FIGURE(best), FIGURE(clipped),
};
enum { N_ACCURACIES = sizeof(accuracies) / sizeof(accuracies[0]) };
#undef FIGURE

/* Text through the caller's function; the first failure sticks. */
typedef struct sink {
  rramnas_write_fn write;
  void *user;
  int32_t failed;
} sink;

static void
put(sink *k, const char *text)
{
  if (!k->failed)
    k->failed = k->write(k->user, text, strlen(text));
}

static void
put_number(sink *k, double value)
{
  char text[40];
  int digits = 14;

  do
    snprintf(text, sizeof(text), ",%.*g", ++digits, value);
  while (digits < 17 && strtod(text + 1, NULL) != value);
  put(k, text);
}

static void
put_quoted(sink *k, const char *text)
{
  char one[2] = { 0 };

  put(k, "\"");
  for (; *text; text++) {
    one[0] = *text == '\n' || *text == '\r' ? ' ' : *text;
    put(k, one);
    if (*text == '"')
      put(k, one);
  }
  put(k, "\"");
}

static void
put_figures(sink *k, const figure *list, size_t n, const void *values, int is_there)
{
  size_t i;

  for (i = 0; i < n; i++)
    if (is_there)
      put_number(k, *(const double *)(const void *)((const char *)values + list[i].offset));
    else
      put(k, ",");
}

static void
put_point(sink *k, const sweep *w, size_t point)
{
  const sweep_point *p = &w->points[point];
  size_t i;

  for (i = 0; i < w->n_axes; i++) {
    const char *value = sweep_value(w, point, i);

    put(k, i ? "," : "");
    if (strpbrk(value, "\",\r\n"))
      put_quoted(k, value);
    else
      put(k, value);
  }
  put_figures(k, figures, N_FIGURES, &p->cost, !p->fault);
  if (w->has_accuracy)
    put_figures(k, accuracies, N_ACCURACIES, &p->accuracy, !p->fault);
  if (p->fault) {
    put(k, ",,,");
    put_quoted(k, p->fault);
  } else {
    char text[64];

    snprintf(text, sizeof(text), ",%lld,%d,", (long long)p->cost.crossbars, p->front);
    put(k, text);
  }
  put(k, "\n");
}

static int32_t
write_sweep_csv(const sweep *w, rramnas_write_fn write, void *user)
{
  sink k = { write, user, 0 };
  size_t i;

  for (i = 0; i < w->n_axes; i++) {
    put(&k, i ? "," : "");
    put(&k, w->axes[i].field);
  }
  for (i = 0; i < N_FIGURES; i++) {
    put(&k, ",");
    put(&k, figures[i].name);
  }
  for (i = 0; i < N_ACCURACIES && w->has_accuracy; i++) {
    put(&k, ",");
    put(&k, accuracies[i].name);
  }
  put(&k, ",crossbars,front,error\n");
  for (i = 0; i < w->n_points && !k.failed; i++)
    put_point(&k, w, i);
  return k.failed;
}

int32_t
write_sweep(const sweep *w, int is_svg, rramnas_write_fn write, void *user)
{
  return is_svg ? write_sweep_svg(w, write, user) : write_sweep_csv(w, write, user);
}

/* --- table --- */

static int
width_of_axis(const sweep_axis *a)
{
  size_t most = strlen(a->field), i;

  for (i = 0; i < a->n; i++)
    most = strlen(a->values[i]) > most ? strlen(a->values[i]) : most;
  return (int)most;
}

static const char *
accuracy_text(const sweep *w, const sweep_point *p, char buffer[64])
{
  buffer[0] = '\0';
  if (w->has_accuracy)
    snprintf(buffer, 64, " %8.2f +- %5.2f %8.2f", 100 * p->accuracy.mean, 100 * p->accuracy.confidence, 100 * p->accuracy.worst);
  return buffer;
}

static void
print_point(FILE *out, const sweep *w, size_t point, const int *widths)
{
  const sweep_point *p = &w->points[point];
  char a[32], b[32], c[32], d[32], e[32], f[64];
  size_t i;

  fputs("  ", out);
  for (i = 0; i < w->n_axes; i++)
    fprintf(out, "%*s  ", widths[i], sweep_value(w, point, i));
  if (p->fault)
    fprintf(out, "%s\n", p->fault);
  else
    fprintf(out, "%11s %11s %11s %11s %9.4g %11s%s%s\n", duration_text(p->cost.latency_ns, a),
            energy_text(p->cost.energy_per_inference_pj, b), area_text(p->cost.area_um2, c),
            power_text(p->cost.power_mw, d), p->cost.tops_per_w, edp_text(p->cost.edp_pj_ns, e), accuracy_text(w, p, f),
            p->front ? "  *" : "");
}

void
print_sweep(FILE *out, const sweep *w)
{
  int widths[MOST_SWEEPS];
  size_t i;

  fprintf(out, "\nsweep     %zu points; * = no point has less energy and less latency\n  ", w->n_points);
  for (i = 0; i < w->n_axes; i++) {
    widths[i] = width_of_axis(&w->axes[i]);
    fprintf(out, "%*s  ", widths[i], w->axes[i].field);
  }
  fprintf(out, "%11s %11s %11s %11s %9s %11s%s\n", "latency", "energy/inf", "area", "power", "TOPS/W", "EDP",
          w->has_accuracy ? "      accuracy, %  worst, %" : "");
  for (i = 0; i < w->n_points && i < MOST_ROWS; i++)
    print_point(out, w, i, widths);
  if (w->n_points > MOST_ROWS)
    fprintf(out, "  ... and %zu more: --sweep-csv FILE has all\n", w->n_points - MOST_ROWS);
}
