/* SPDX-License-Identifier: MIT */
/* A front as a plot.
 *
 * In:  a search with two objectives or more; points to show behind and beside the front.
 * Out: a panel for each pair of the first four objectives: the cloud in grey, the front as a line with dots, the knee and
 *      a point of reference with their names. With two objectives the panel fills the page.
 *
 * An axis is logarithmic when its values span two decades or more. Ticks are 1, 2 and 5 times powers of ten. Dots have
 * their figures as titles. Complexity: linear in points, per pair. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "evaluate/metrics.h"
#include "report/axis.h"
#include "report/front.h"
#include "report/svg_text.h"
#include "search/indicators.h"

enum { PAGE = 960, TOP = 96, MARGIN = 88, GAP = 96, MOST_OF_PAIRS = 4, MOST_TICKS = 6, MOST_CLOUD = 4000 };

#define FRONT_COLOUR "#3b5ba5"
#define MARK_COLOUR "#e07f3a"
#define KNEE_COLOUR "#2f9e7e"

typedef struct panel {
  const rramnas_search *s;
  const rramnas_search_report_options *o;
  rrn_writer *w;
  size_t a, b; /* objectives */
  rrn_axis x, y;
  size_t knee;
} panel;

/* --- values --- */

static void
widen(double value, double *low, double *high)
{
  if (!isfinite(value))
    return;
  *low = value < *low ? value : *low;
  *high = value > *high ? value : *high;
}

/* The cloud may be far off: it does not widen an axis beyond three times the range of the rest. */
static void
widen_by_cloud(const panel *p, size_t j, double *low, double *high)
{
  const double range = *high - *low, least = *low - 2 * range, most = *high + 2 * range;
  size_t i;

  for (i = 0; i < p->o->n_cloud; i++) {
    const double value = p->o->cloud[i * p->s->n_objectives + j];

    if (range <= 0 || (value >= least && value <= most))
      widen(value, low, high);
  }
}

static rrn_axis
axis_of(const panel *p, size_t j, int32_t from, int32_t to)
{
  double low = INFINITY, high = -INFINITY;
  rrn_axis a = { 0, 1, 0, from, to };
  size_t i;

  for (i = 0; i < p->s->front.n; i++)
    widen(rrn_front_value(p->s, i, j), &low, &high);
  if (p->o->mark)
    widen(p->o->mark[j], &low, &high);
  widen_by_cloud(p, j, &low, &high);
  if (!(low <= high))
    return a;
  a.logarithmic = low > 0 && high >= 100 * low;
  if (a.logarithmic) {
    a.low = low / 1.2;
    a.high = high * 1.2;
  } else {
    const double room = high > low ? 0.06 * (high - low) : fabs(high) > 0 ? 0.1 * fabs(high) : 1;

    a.low = low - room;
    a.high = high + room;
  }
  return a;
}

static int
is_inside(const rrn_axis *a, double value)
{
  return value >= a->low && value <= a->high;
}

/* --- drawing --- */

static void
attribute(rrn_writer *w, const char *name, double pixels)
{
  rrn_write_format(w, " %s=\"", name);
  rrn_svg_tenths(w, pixels);
  rrn_write_text(w, "\"");
}

/* Four digits, thousands as powers where they are many. */
static void
tick_text(rrn_writer *w, double value)
{
  static const char *const letters[] = { "", "k", "M", "G", "T", "P" };
  const double size = fabs(value);
  int i = 0;
  double scaled = value;

  if (size > 0 && size < 1e-3) {
    rrn_write_double(w, value);
    return;
  }
  for (; i < 5 && fabs(scaled) >= 9999.5; i++)
    scaled /= 1000;
  if (scaled < 0)
    rrn_write_text(w, "-");
  rrn_svg_four_digits(w, fabs(scaled));
  rrn_write_text(w, letters[i]);
}

static void
tick(const panel *p, const rrn_axis *a, int is_x, double value)
{
  const double at = rrn_axis_place(a, value);

  if (is_x) {
    rrn_write_text(p->w, "<path class=\"grid\" d=\"M");
    rrn_svg_tenths(p->w, at);
    rrn_write_format(p->w, " %dV%d\"/><text class=\"label middle\"", (int)p->y.from, (int)p->y.to);
    attribute(p->w, "x", at);
    attribute(p->w, "y", p->y.from + 18);
  } else {
    rrn_write_format(p->w, "<path class=\"grid\" d=\"M%d ", (int)p->x.from);
    rrn_svg_tenths(p->w, at);
    rrn_write_format(p->w, "H%d\"/><text class=\"label end\"", (int)p->x.to);
    attribute(p->w, "x", p->x.from - 8);
    attribute(p->w, "y", at + 4);
  }
  rrn_write_text(p->w, ">");
  tick_text(p->w, value);
  rrn_write_text(p->w, "</text>\n");
}

static void
ticks(const panel *p, const rrn_axis *a, int is_x)
{
  const double step = a->logarithmic ? 0 : rrn_axis_step(a, MOST_TICKS);
  const int decades_only = a->logarithmic && a->high / a->low > 2e3;
  double value;
  int64_t i;

  if (a->logarithmic) {
    for (value = rrn_axis_round_down(a->low); value <= a->high; value = rrn_axis_next_round(value)) {
      const int is_power = rrn_axis_round_down(value * 1.001) < rrn_axis_round_down(value * 1.999) * 0.75;

      if (value >= a->low && (!decades_only || is_power))
        tick(p, a, is_x, value);
    }
    return;
  }
  value = ceil(a->low / step);
  if (!rrn_axis_can_count(value))
    return;
  for (i = (int64_t)value; (double)i * step <= a->high; i++)
    tick(p, a, is_x, (double)i * step);
}

static void
dot(const panel *p, double x, double y, const char *radius, const char *more)
{
  rrn_write_text(p->w, "<circle");
  attribute(p->w, "cx", rrn_axis_place(&p->x, x));
  attribute(p->w, "cy", rrn_axis_place(&p->y, y));
  rrn_write_format(p->w, " r=\"%s\" %s", radius, more);
}

static void
draw_cloud(const panel *p)
{
  const size_t m = p->s->n_objectives, stride = p->o->n_cloud / MOST_CLOUD + 1;
  size_t i;

  for (i = 0; i < p->o->n_cloud; i += stride) {
    const double x = p->o->cloud[i * m + p->a], y = p->o->cloud[i * m + p->b];

    if (is_inside(&p->x, x) && is_inside(&p->y, y))
      dot(p, x, y, "2", "fill=\"#aab2bd\" fill-opacity=\"0.55\"/>\n");
  }
}

static void
draw_line(const panel *p)
{
  size_t i;

  if (p->s->n_objectives > 2 || p->s->front.n < 2)
    return;
  rrn_write_text(p->w, "<path fill=\"none\" stroke=\"" FRONT_COLOUR "\" stroke-opacity=\"0.5\" stroke-width=\"1.5\" d=\"");
  for (i = 0; i < p->s->front.n; i++) {
    rrn_write_text(p->w, i ? "L" : "M");
    rrn_svg_tenths(p->w, rrn_axis_place(&p->x, rrn_front_value(p->s, i, p->a)));
    rrn_write_text(p->w, " ");
    rrn_svg_tenths(p->w, rrn_axis_place(&p->y, rrn_front_value(p->s, i, p->b)));
  }
  rrn_write_text(p->w, "\"/>\n");
}

static void
draw_front(const panel *p)
{
  size_t i, j;

  draw_line(p);
  for (i = 0; i < p->s->front.n; i++) {
    dot(p, rrn_front_value(p->s, i, p->a), rrn_front_value(p->s, i, p->b), "3.5", "fill=\"" FRONT_COLOUR "\"><title>");
    for (j = 0; j < p->s->n_figures; j++) {
      rrn_write_format(p->w, "%s%s ", j ? ", " : "", p->s->figures[j]);
      rrn_write_double(p->w, rrn_front_value(p->s, i, j));
    }
    rrn_write_text(p->w, "</title></circle>\n");
  }
}

/* A ring and its name, on the side where there is room. */
static void
name_point(const panel *p, double x, double y, const char *name, const char *colour)
{
  const double at = rrn_axis_place(&p->x, x), middle = (p->x.from + p->x.to) / 2.0;
  char more[96];

  snprintf(more, sizeof(more), "fill=\"none\" stroke=\"%s\" stroke-width=\"2\"/>", colour);
  dot(p, x, y, "7", more);
  rrn_write_format(p->w, "<text class=\"item%s\" style=\"fill:%s\"", at > middle ? " end" : "", colour);
  attribute(p->w, "x", at > middle ? at - 12 : at + 12);
  attribute(p->w, "y", rrn_axis_place(&p->y, y) - 8);
  rrn_write_text(p->w, ">");
  rrn_write_xml(p->w, name);
  rrn_write_text(p->w, "</text>\n");
}

static void
name_axes(const panel *p)
{
  const size_t x = rrn_metric_find(p->s->figures[p->a]), y = rrn_metric_find(p->s->figures[p->b]);

  rrn_write_format(p->w, "<text class=\"item middle\" x=\"%d\" y=\"%d\">%s%s%s%s</text>\n", (int)(p->x.from + p->x.to) / 2,
                   (int)p->y.from + 38, p->s->figures[p->a], x == SIZE_MAX ? "" : ", ",
                   x == SIZE_MAX ? "" : rrn_metrics[x].unit, p->s->maximize[p->a] ? " (more is better)" : "");
  rrn_write_format(p->w, "<text class=\"item\" x=\"%d\" y=\"%d\">%s%s%s%s</text>\n", (int)p->x.from - 60, (int)p->y.to - 12,
                   p->s->figures[p->b], y == SIZE_MAX ? "" : ", ", y == SIZE_MAX ? "" : rrn_metrics[y].unit,
                   p->s->maximize[p->b] ? " (more is better)" : "");
}

static void
draw_panel(panel *p, int32_t left, int32_t top, int32_t size_x, int32_t size_y)
{
  p->x = axis_of(p, p->a, left, left + size_x);
  p->y = axis_of(p, p->b, top + size_y, top);
  ticks(p, &p->x, 1);
  ticks(p, &p->y, 0);
  rrn_write_format(p->w, "<path class=\"axis\" d=\"M%d %dV%dH%d\"/>\n", (int)p->x.from, (int)p->y.to, (int)p->y.from,
                   (int)p->x.to);
  name_axes(p);
  draw_cloud(p);
  draw_front(p);
  if (p->s->front.n > 2)
    name_point(p, rrn_front_value(p->s, p->knee, p->a), rrn_front_value(p->s, p->knee, p->b), "knee", KNEE_COLOUR);
  if (p->o->mark && is_inside(&p->x, p->o->mark[p->a]) && is_inside(&p->y, p->o->mark[p->b]))
    name_point(p, p->o->mark[p->a], p->o->mark[p->b], p->o->mark_label ? p->o->mark_label : "reference", MARK_COLOUR);
}

static void
draw_panels(panel *p, size_t shown)
{
  const int32_t columns = shown > 2 ? (int32_t)shown - 1 : 1, room = PAGE - MARGIN - 40 - (columns - 1) * GAP;
  const int32_t size_x = room / columns, size_y = shown > 2 ? size_x : 480;
  int32_t row = 0;

  for (p->b = 1; p->b < shown; p->b++, row++)
    for (p->a = 0; p->a < p->b; p->a++)
      draw_panel(p, MARGIN + (int32_t)p->a * (size_x + GAP), TOP + row * (size_y + GAP), size_x, size_y);
}

static void
write_header(const panel *p, int32_t height)
{
  const char *title = p->o->title ? p->o->title : p->s->space.name;
  rrn_writer *w = p->w;

  rrn_write_format(w, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
                   "role=\"img\">\n<title>", PAGE, (int)height, PAGE, (int)height);
  rrn_write_xml(w, title);
  rrn_write_text(w, ": Pareto front</title>\n<style>" RRN_SVG_STYLE
                 ".middle{text-anchor:middle}.grid{stroke:#eef0f3}.axis{stroke:#aab2bd;fill:none}</style>\n");
  rrn_write_format(w, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<text x=\"%d\" y=\"44\" class=\"name\">", PAGE,
                   (int)height, MARGIN - 60);
  rrn_svg_short_name(w, title, RRN_SVG_NAME_LENGTH);
  rrn_write_format(w, "<tspan dx=\"14\" class=\"small\">%zu points after %" PRId64 " candidates", p->s->front.n,
                   p->s->evaluations);
  rrn_write_text(w, p->o->n_cloud ? "; grey: random candidates</tspan></text>\n" : "</tspan></text>\n");
}

int32_t
rrn_report_front_svg(const rramnas_search *s, const rramnas_search_report_options *options, rramnas_write_fn write,
                     void *user, rramnas_error *err)
{
  const size_t shown = s->n_objectives < MOST_OF_PAIRS ? s->n_objectives : MOST_OF_PAIRS;
  const int32_t size = shown > 2 ? (PAGE - MARGIN - 40 - ((int32_t)shown - 2) * GAP) / ((int32_t)shown - 1) : 480;
  const int32_t height = TOP + (int32_t)(shown - 1) * (size + GAP) - GAP + 72;
  panel p = { .s = s, .o = options };
  rrn_writer w;

  RRN_FAIL_IF(s->n_objectives < 2, err, RRAMNAS_ERR_ARGUMENT, "a plot of a front needs two objectives");
  rrn_writer_init(&w, write, user);
  p.w = &w;
  p.knee = s->front.n ? rrn_knee(s->front.f, s->front.n, s->n_objectives) : 0;
  write_header(&p, height);
  draw_panels(&p, shown);
  rrn_write_format(&w, "<text x=\"%d\" y=\"%d\" class=\"label end\">librramnas %s</text>\n</svg>\n", PAGE - 24,
                   (int)height - 14, rramnas_version());
  return rrn_writer_finish(&w, err);
}
