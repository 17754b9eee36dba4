/* SPDX-License-Identifier: MIT */
/* A sweep as a plot.
 *
 * In:  a sweep with its points.
 * Out: of one field, three panels over its values: energy per inference, latency, area. Of several, energy over
 *      latency: a dot per point, coloured by the first field, and the front that no point beats.
 *
 * Axes are logarithmic where values span a factor of 8 or more. Words, and numbers that do not rise, stand side by
 * side. Beyond MOST_TITLES points dots have no tooltips. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "sweep.h"

enum {
  PAGE_W = 960, LEFT = 100, RIGHT = 912, PANEL_H = 150, PANEL_GAP = 52, PANELS_Y = 104, SCATTER_H = 440, LEGEND_W = 150,
  MOST_TITLES = 5000, MOST_COLOURS = 24, TICK_WIDTH = 44,
};

typedef struct axis {
  double low, high;
  int logarithmic;
  double from, to; /* pixels of low and high */
} axis;

typedef struct page {
  const sweep *w;
  rramnas_write_fn write;
  void *user;
  int32_t failed;
} page;

typedef double (*figure_fn)(const rramnas_cost *c);
typedef const char *(*text_fn)(double value, char buffer[32]);

static double
energy_of(const rramnas_cost *c)
{
  return c->energy_per_inference_pj;
}

static double
latency_of(const rramnas_cost *c)
{
  return c->latency_ns;
}

static double
area_of(const rramnas_cost *c)
{
  return c->area_um2;
}

/* --- text --- */

static void
put(page *p, const char *format, ...)
{
  char text[512];
  va_list args;

  va_start(args, format);
  vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  if (!p->failed)
    p->failed = p->write(p->user, text, strlen(text));
}

/* What a file says, as XML; bytes below a blank become blanks. */
static void
put_escaped(page *p, const char *text)
{
  for (; *text; text++)
    switch (*text) {
    case '&':
      put(p, "&amp;");
      break;
    case '<':
      put(p, "&lt;");
      break;
    case '>':
      put(p, "&gt;");
      break;
    case '"':
      put(p, "&quot;");
      break;
    default:
      put(p, "%c", (unsigned char)*text < 0x20 ? ' ' : *text);
    }
}

/* --- axes --- */

static double
place(const axis *a, double value)
{
  const double share = a->logarithmic ? log(value / a->low) / log(a->high / a->low)
                                      : (value - a->low) / (a->high - a->low);

  return a->from + share * (a->to - a->from);
}

static double
round_down(double value)
{
  const double ten = pow(10, floor(log10(value) + 1e-9));

  return ten * 5 <= value * 1.0001 ? ten * 5 : ten * 2 <= value * 1.0001 ? ten * 2 : ten;
}

static double
next_round(double value)
{
  const double ten = pow(10, floor(log10(value) + 1e-9));

  return value > ten * 4 ? ten * 10 : value > ten * 1.5 ? ten * 5 : ten * 2;
}

/* Over the points that have a result; a linear one from zero or, when it is to be close, around them. */
static axis
axis_of(const sweep *w, figure_fn figure, double from, double to, int close)
{
  axis a = { INFINITY, 0, 0, from, to };
  size_t i;

  for (i = 0; i < w->n_points; i++)
    if (w->points[i].cost.samples) {
      a.low = fmin(a.low, figure(&w->points[i].cost));
      a.high = fmax(a.high, figure(&w->points[i].cost));
    }
  a.logarithmic = a.low > 0 && a.high >= 8 * a.low;
  if (a.logarithmic) {
    a.low = round_down(a.low);
    a.high = round_down(a.high) < a.high * 0.999 ? next_round(round_down(a.high)) : a.high;
  } else {
    const double room = close && a.high > a.low ? (a.high - a.low) * 0.08 : a.high * 0.08;

    a.low = close && a.low > room ? a.low - room : 0;
    a.high = a.high > 0 ? a.high + room : 1;
  }
  return a;
}

/* Calls for each tick. */
static void
each_tick(page *p, const axis *a, int most, void (*tick)(page *p, const axis *a, double value, text_fn text),
          text_fn text)
{
  const double decades = a->logarithmic ? log10(a->high / a->low) : 0;
  double value, step = round_down((a->high - a->low) / most);

  while ((a->high - a->low) / step > most)
    step = next_round(step);
  if (!a->logarithmic) {
    for (value = ceil(a->low / step); value * step <= a->high; value += 1)
      tick(p, a, value * step, text);
    return;
  }
  for (value = a->low; value <= a->high * 1.0001; value = next_round(value))
    if (decades < 2.5 || fabs(log10(value) - round(log10(value))) < 1e-6)
      tick(p, a, value, text);
}

/* A tick needs no four digits. */
static void
put_tick_text(page *p, double value, text_fn text)
{
  char buffer[32], *unit, *end;

  text(value, buffer);
  unit = strchr(buffer, ' ');
  end = unit ? unit : buffer + strlen(buffer);
  if (memchr(buffer, '.', (size_t)(end - buffer)))
    while (end[-1] == '0' || end[-1] == '.')
      if (*--end == '.')
        break;
  put(p, "%.*s%s</text>\n", (int)(end - buffer), buffer, value > 0 && unit ? unit : "");
}

static void
tick_left(page *p, const axis *a, double value, text_fn text)
{
  const double y = place(a, value);

  put(p, "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"label end\" x=\"%d\" y=\"%.1f\">", LEFT, y, RIGHT,
      LEFT - 10, y + 4);
  put_tick_text(p, value, text);
}

/* --- one field --- */

/* Positions of the field's values: by size when they rise, else side by side. */
static axis
positions(const sweep_axis *field, double *ret_x)
{
  axis a = { 0, 0, 0, LEFT + 24, RIGHT - 24 };
  int rise = 1;
  size_t i;

  for (i = 0; i < field->n; i++) {
    char *end;

    ret_x[i] = strtod(field->values[i], &end);
    rise &= !*end && end != field->values[i] && isfinite(ret_x[i]) && (i == 0 || ret_x[i] > ret_x[i - 1]);
  }
  for (i = 0; i < field->n && !rise; i++)
    ret_x[i] = (double)i;
  a.low = ret_x[0];
  a.high = ret_x[field->n - 1];
  a.logarithmic = rise && a.low > 0 && a.high >= 8 * a.low;
  if (!(a.high > a.low)) {
    a.low -= 1;
    a.high += 1;
  }
  return a;
}

static void
put_title(page *p, size_t i)
{
  const rramnas_cost *c = &p->w->points[i].cost;
  char a[32], b[32], d[32];
  size_t k;

  put(p, "<title>");
  for (k = 0; k < p->w->n_axes; k++) {
    put(p, k ? ", " : "");
    put_escaped(p, p->w->axes[k].field);
    put(p, " = ");
    put_escaped(p, sweep_value(p->w, i, k));
  }
  put(p, "\n%s, %s, %s</title>", energy_text(c->energy_per_inference_pj, a), duration_text(c->latency_ns, b),
      area_text(c->area_um2, d));
}

static void
put_dot(page *p, size_t i, double x, double y, const char *colour, double radius)
{
  const int ringed = p->w->points[i].front && p->w->n_axes > 1;

  put(p, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" fill=\"%s\"%s", x, y, ringed ? radius + 1.5 : radius, colour,
      ringed ? " stroke=\"#1f2933\" stroke-width=\"1.5\"" : "");
  if (p->w->n_points > MOST_TITLES) {
    put(p, "/>\n");
    return;
  }
  put(p, ">");
  put_title(p, i);
  put(p, "</circle>\n");
}

static void
put_panel(page *p, int top, const char *label, figure_fn figure, text_fn text, const char *colour, const axis *across,
          const double *x)
{
  const axis a = axis_of(p->w, figure, top + PANEL_H, top, 0);
  int joined = 0;
  size_t i;

  put(p, "<text class=\"label\" x=\"%d\" y=\"%d\">%s%s</text>\n", LEFT, top - 12, label,
      a.logarithmic ? ", logarithmic" : "");
  each_tick(p, &a, 5, tick_left, text);
  put(p, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-linejoin=\"round\" d=\"", colour);
  for (i = 0; i < p->w->n_points; i++) {
    const sweep_point *point = &p->w->points[i];

    if (point->cost.samples)
      put(p, "%s%.1f %.1f", joined ? "L" : "M", place(across, x[i]), place(&a, figure(&point->cost)));
    joined = point->cost.samples != 0;
  }
  put(p, "\"/>\n");
  for (i = 0; i < p->w->n_points; i++)
    if (p->w->points[i].cost.samples)
      put_dot(p, i, place(across, x[i]), place(&a, figure(&p->w->points[i].cost)), colour,
              p->w->n_points > 100 ? 1.5 : 3.5);
}

/* The values, as many as have room; those without a result in red. */
static void
put_values(page *p, int y, const axis *across, const double *x)
{
  double free_from = 0;
  size_t i;

  for (i = 0; i < p->w->n_points; i++) {
    const double at = place(across, x[i]), half = fmax(TICK_WIDTH, 8.0 * (double)strlen(sweep_value(p->w, i, 0))) / 2;

    if (at - half < free_from)
      continue;
    free_from = at + half;
    put(p, "<text class=\"label middle\"%s x=\"%.1f\" y=\"%d\">",
        p->w->points[i].fault ? " style=\"fill:#cf5246\"" : "", at, y);
    put_escaped(p, sweep_value(p->w, i, 0));
    put(p, "</text>\n");
  }
}

static int
put_panels(page *p)
{
  const int step = PANEL_H + PANEL_GAP, bottom = PANELS_Y + 3 * step - PANEL_GAP;
  double *x = calloc(p->w->n_points, sizeof(*x));
  axis across;

  if (!x)
    return 0;
  across = positions(&p->w->axes[0], x);
  put_panel(p, PANELS_Y, "energy per inference", energy_of, energy_text, "#3b5ba5", &across, x);
  put_panel(p, PANELS_Y + step, "latency", latency_of, duration_text, "#e07f3a", &across, x);
  put_panel(p, PANELS_Y + 2 * step, "area", area_of, area_text, "#2f9e7e", &across, x);
  put_values(p, bottom + 20, &across, x);
  put(p, "<text class=\"label middle\" x=\"%d\" y=\"%d\">", (LEFT + RIGHT) / 2, bottom + 42);
  put_escaped(p, p->w->axes[0].field);
  put(p, "%s</text>\n", across.logarithmic ? ", logarithmic" : "");
  free(x);
  return 1;
}

/* --- several fields --- */

static void
tick_below(page *p, const axis *a, double value, text_fn text)
{
  const double x = place(a, value);

  put(p, "<path class=\"grid\" d=\"M%.1f %dv%d\"/><text class=\"label middle\" x=\"%.1f\" y=\"%d\">", x, PANELS_Y,
      SCATTER_H, x, PANELS_Y + SCATTER_H + 18);
  put_tick_text(p, value, text);
}

/* From blue over yellow to red. */
static void
set_colour(size_t index, size_t n, char ret_colour[16])
{
  static const int stops[5][3] = { { 59, 91, 165 }, { 47, 163, 181 }, { 106, 168, 79 }, { 224, 168, 58 }, { 207, 82,
                                                                                                           70 } };
  const double at = n > 1 ? 4.0 * (double)index / (double)(n - 1) : 0;
  const int from = at >= 4 ? 3 : (int)at;
  int rgb[3], i;

  for (i = 0; i < 3; i++)
    rgb[i] = (int)(stops[from][i] + (stops[from + 1][i] - stops[from][i]) * (at - from) + 0.5);
  snprintf(ret_colour, 16, "#%02x%02x%02x", (unsigned)rgb[0] & 255, (unsigned)rgb[1] & 255, (unsigned)rgb[2] & 255);
}

static void
put_legend(page *p)
{
  const sweep_axis *field = &p->w->axes[0];
  const size_t shown = field->n < MOST_COLOURS ? field->n : MOST_COLOURS;
  size_t i;

  put(p, "<text class=\"label\" x=\"%d\" y=\"%d\">", RIGHT + 20, PANELS_Y + 4);
  put_escaped(p, field->field);
  put(p, "</text>\n");
  for (i = 0; i < shown; i++) {
    const size_t value = shown > 1 ? i * (field->n - 1) / (shown - 1) : 0;
    const int y = PANELS_Y + 22 + 17 * (int)i;
    char colour[16];

    set_colour(value, field->n, colour);
    put(p, "<circle cx=\"%d\" cy=\"%d\" r=\"4\" fill=\"%s\"/><text class=\"item\" x=\"%d\" y=\"%d\">", RIGHT + 26,
        y - 4, colour, RIGHT + 38, y);
    put_escaped(p, field->values[value]);
    put(p, "</text>\n");
  }
}

static int
by_latency(const void *a, const void *b)
{
  const rramnas_cost *x = &(*(sweep_point *const *)a)->cost, *y = &(*(sweep_point *const *)b)->cost;

  if (x->latency_ns != y->latency_ns)
    return x->latency_ns < y->latency_ns ? -1 : 1;
  return x->energy_pj > y->energy_pj ? -1 : x->energy_pj < y->energy_pj;
}

/* Steps: what a point on the front bounds. */
static int
put_front(page *p, const axis *across, const axis *up)
{
  const sweep_point **order = malloc(p->w->n_points * sizeof(*order));
  size_t i, n = 0;

  if (!order)
    return 0;
  for (i = 0; i < p->w->n_points; i++)
    if (p->w->points[i].front)
      order[n++] = &p->w->points[i];
  qsort(order, n, sizeof(*order), by_latency);
  put(p, "<path fill=\"none\" stroke=\"#1f2933\" stroke-dasharray=\"4 3\" d=\"");
  for (i = 0; i < n; i++) {
    const double x = place(across, latency_of(&order[i]->cost)), y = place(up, energy_of(&order[i]->cost));

    if (i)
      put(p, "H%.1fV%.1f", x, y);
    else
      put(p, "M%.1f %.1f", x, y);
  }
  put(p, "\"/>\n");
  free(order);
  return 1;
}

/* Those on the front, or the others. */
static void
put_dots(page *p, const axis *across, const axis *up, int front)
{
  const size_t of_first = p->w->n_points / p->w->axes[0].n;
  size_t i;

  for (i = 0; i < p->w->n_points; i++) {
    const rramnas_cost *c = &p->w->points[i].cost;
    char colour[16];

    set_colour(i / of_first, p->w->axes[0].n, colour);
    if (c->samples && p->w->points[i].front == front)
      put_dot(p, i, place(across, latency_of(c)), place(up, energy_of(c)), colour, p->w->n_points > 1000 ? 2 : 4);
  }
}

static int
put_scatter(page *p)
{
  const axis up = axis_of(p->w, energy_of, PANELS_Y + SCATTER_H, PANELS_Y, 1);
  const axis across = axis_of(p->w, latency_of, LEFT, RIGHT, 1);

  put(p, "<text class=\"label\" x=\"%d\" y=\"%d\">energy per inference%s; ", LEFT, PANELS_Y - 14,
      up.logarithmic ? ", logarithmic" : "");
  put(p, "ringed: no point has less energy and less latency</text>\n");
  each_tick(p, &up, 6, tick_left, energy_text);
  each_tick(p, &across, 7, tick_below, duration_text);
  put(p, "<text class=\"label middle\" x=\"%d\" y=\"%d\">latency%s</text>\n", (LEFT + RIGHT) / 2,
      PANELS_Y + SCATTER_H + 40, across.logarithmic ? ", logarithmic" : "");
  if (!put_front(p, &across, &up))
    return 0;
  put_dots(p, &across, &up, 0);
  put_dots(p, &across, &up, 1);
  put_legend(p);
  return 1;
}

/* --- page --- */

static void
put_head(page *p, int width, int height)
{
  const sweep *w = p->w;
  size_t i;

  put(p, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" ", width, height);
  put(p, "viewBox=\"0 0 %d %d\" role=\"img\">\n<title>", width, height);
  put_escaped(p, w->network);
  put(p, ": sweep</title>\n<style>text{font-family:Inter,'Helvetica Neue',Arial,'Liberation Sans','DejaVu Sans',"
      "sans-serif;fill:#1f2933}.name{font-size:24px;font-weight:600}.label{font-size:11px;fill:#6b7785}");
  put(p, ".small{font-size:12px;font-weight:400;fill:#6b7785}.item{font-size:12px}.end{text-anchor:end}"
      ".middle{text-anchor:middle}.grid{stroke:#e4e7eb}</style>\n<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n",
      width, height);
  put(p, "<text x=\"%d\" y=\"52\" class=\"name\">", LEFT);
  put_escaped(p, w->network);
  put(p, "<tspan dx=\"14\" class=\"small\">");
  for (i = 0; i < w->n_axes; i++) {
    put(p, i ? " \xc3\x97 " : "");
    put_escaped(p, w->axes[i].field);
  }
  put(p, ": %zu points</tspan></text>\n", w->n_points);
}

int32_t
write_sweep_svg(const sweep *w, rramnas_write_fn write, void *user)
{
  page p = { w, write, user, 0 };
  const int panels = w->n_axes == 1;
  const int height = panels ? PANELS_Y + 3 * (PANEL_H + PANEL_GAP) + 20 : PANELS_Y + SCATTER_H + 70;

  put_head(&p, panels ? PAGE_W : PAGE_W + LEGEND_W, height);
  if (!(panels ? put_panels(&p) : put_scatter(&p))) {
    complain("out of memory");
    return 1;
  }
  put(&p, "<text x=\"%d\" y=\"%d\" class=\"label end\">librramnas %s</text>\n</svg>\n",
      panels ? RIGHT : RIGHT + LEGEND_W - 10, height - 12,
      rramnas_version());
  return p.failed;
}
