/* SPDX-License-Identifier: MIT */
/* A curve as a plot (doc/report.md).
 *
 * In:  the points of a curve, checked; labels.
 * Out: two panels over the number of crossbars: latency with its lower bound, and utilisation.
 *
 * Latency has a logarithmic axis when it spans a factor of LOG_SPAN or more, else one from zero. Ticks are 1, 2 and 5
 * times powers of ten. The logarithm is by squaring, of exactly rounded operations, and coordinates are written as tenths
 * of a pixel: the same bytes on every machine. Complexity: linear in points. */
#include "report/axis.h"
#include "report/report.h"
#include "report/svg_text.h"

enum {
  /* Page, in pixels. */
  PAGE_W = 960, PAGE_H = 680, LEFT = 96, RIGHT = 824, TIME_TOP = 164, TIME_BOTTOM = 452, USE_TOP = 500, USE_BOTTOM = 600,
  MOST_X_TICKS = 9, MOST_Y_TICKS = 7, MOST_MARKS = 64,
};
static const double LOG_SPAN = 4;

#define LATENCY_COLOUR "#3b5ba5"
#define BOUND_COLOUR "#e07f3a"
#define USE_COLOUR "#2f9e7e"

typedef struct plot {
  const rrn_curve_points *c;
  const rramnas_curve_labels *labels;
  rrn_writer w;
  rrn_axis bars, time, use;
  int has_bound;
} plot;

/* --- axes --- */

static void
set_time_axis(plot *p)
{
  const rrn_curve_points *c = p->c;
  double low = rrn_curve_point_at(c, 0).latency_ns, high = low;
  size_t i;

  for (i = 0; i < c->n; i++) {
    const rramnas_curve_point x = rrn_curve_point_at(c, i);
    const double least = x.bound_ns > 0 ? x.bound_ns : x.latency_ns;

    p->has_bound &= x.bound_ns > 0;
    low = least < low ? least : low;
    high = x.latency_ns > high ? x.latency_ns : high;
  }
  p->time = (rrn_axis){ 0, high > 0 ? high : 1, low > 0 && high >= LOG_SPAN * low, TIME_BOTTOM, TIME_TOP };
  if (p->time.logarithmic)
    p->time.low = rrn_axis_round_down(low);
  else
    p->time.high += rrn_axis_step(&p->time, MOST_Y_TICKS) / 4;
  if (p->time.logarithmic)
    p->time.high = rrn_axis_round_down(high) < high ? rrn_axis_next_round(rrn_axis_round_down(high)) : high;
}

static void
set_axes(plot *p)
{
  const rrn_curve_points *c = p->c;

  p->bars = (rrn_axis){ rrn_curve_point_at(c, 0).crossbars, rrn_curve_point_at(c, c->n - 1).crossbars, 0, LEFT, RIGHT };
  if (p->bars.low >= p->bars.high) {
    p->bars.low -= 1;
    p->bars.high += 1;
  }
  p->use = (rrn_axis){ 0, 1, 0, USE_BOTTOM, USE_TOP };
  set_time_axis(p);
}

/* --- drawing --- */

static void
point(plot *p, const char *before, const rrn_axis *y, double bars, double value)
{
  rrn_write_text(&p->w, before);
  rrn_svg_tenths(&p->w, rrn_axis_place(&p->bars, bars));
  rrn_write_text(&p->w, " ");
  rrn_svg_tenths(&p->w, rrn_axis_place(y, value));
}

static void
horizontal(plot *p, const rrn_axis *y, double value)
{
  rrn_write_format(&p->w, "<path class=\"grid\" d=\"M%d ", LEFT);
  rrn_svg_tenths(&p->w, rrn_axis_place(y, value));
  rrn_write_format(&p->w, "H%d\"/><text class=\"label end\" x=\"%d\" y=\"", RIGHT, LEFT - 10);
  rrn_svg_tenths(&p->w, rrn_axis_place(y, value) + 4);
  rrn_write_text(&p->w, "\">");
}

/* A tick's time: few digits, no trailing zeros. */
static void
tick_time(plot *p, double ns)
{
  static const char *const units[] = { "ns", "\xc2\xb5s", "ms", "s" };
  int unit = 0, decimals = 0;
  double one = 1;

  while (unit < 3 && ns >= 999.5) {
    ns /= 1000;
    unit++;
  }
  while (decimals < 4 && ns * one - rrn_axis_whole(ns * one + 0.5) > 1e-6)
    one *= 10, decimals++;
  while (decimals < 4 && rrn_axis_whole(ns * one + 0.5) - ns * one > 1e-6)
    one *= 10, decimals++;
  rrn_svg_fixed(&p->w, ns, decimals);
  rrn_write_format(&p->w, " %s</text>\n", units[unit]);
}

static void
time_ticks(plot *p)
{
  const double step = rrn_axis_step(&p->time, MOST_Y_TICKS);
  const int decades_only = p->time.logarithmic && p->time.high / p->time.low > 2e3;
  double value;
  int i;

  if (!p->time.logarithmic) {
    for (i = 0; i * step <= p->time.high * 1.0001; i++) {
      horizontal(p, &p->time, i * step);
      tick_time(p, i * step);
    }
    return;
  }
  for (value = p->time.low; value <= p->time.high * 1.0001; value = rrn_axis_next_round(value)) {
    const int is_power = rrn_axis_next_round(value) < value * 3 && rrn_axis_round_down(value / 5 * 1.001) < value / 4;

    if (decades_only && !is_power)
      continue;
    horizontal(p, &p->time, value);
    tick_time(p, value);
  }
}

static void
use_ticks(plot *p)
{
  int percent;

  for (percent = 0; percent <= 100; percent += 50) {
    horizontal(p, &p->use, percent / 100.0);
    rrn_write_format(&p->w, "%d %%</text>\n", percent);
  }
}

static void
bar_ticks(plot *p)
{
  double step = rrn_axis_step(&p->bars, MOST_X_TICKS), value;

  step = step < 1 ? 1 : step;
  value = rrn_axis_whole(p->bars.low / step) * step;
  for (; value <= p->bars.high; value += step) {
    if (value < p->bars.low)
      continue;
    rrn_write_text(&p->w, "<path class=\"axis\" d=\"M");
    rrn_svg_tenths(&p->w, rrn_axis_place(&p->bars, value));
    rrn_write_format(&p->w, " %dv5M", USE_BOTTOM);
    rrn_svg_tenths(&p->w, rrn_axis_place(&p->bars, value));
    rrn_write_format(&p->w, " %dv5\"/><text class=\"label middle\" x=\"", TIME_BOTTOM);
    rrn_svg_tenths(&p->w, rrn_axis_place(&p->bars, value));
    rrn_write_format(&p->w, "\" y=\"%d\">%d</text>\n", USE_BOTTOM + 20, (int)value);
  }
}

static double
latency(const rramnas_curve_point *x)
{
  return x->latency_ns;
}

static double
lower_bound(const rramnas_curve_point *x)
{
  return x->bound_ns;
}

static double
utilization(const rramnas_curve_point *x)
{
  return x->utilization;
}

static void
line(plot *p, const rrn_axis *y, double (*value)(const rramnas_curve_point *), const char *line_colour, const char *more)
{
  size_t i;

  rrn_write_format(&p->w, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" stroke-linejoin=\"round\"%s d=\"", line_colour,
                   more);
  for (i = 0; i < p->c->n; i++) {
    const rramnas_curve_point x = rrn_curve_point_at(p->c, i);

    point(p, i ? "L" : "M", y, x.crossbars, value(&x));
  }
  rrn_write_text(&p->w, "\"/>\n");
}

/* A dot per point with its figures; a ring where latency and bound meet. */
static void
marks(plot *p)
{
  size_t i;

  for (i = 0; i < p->c->n; i++) {
    const rramnas_curve_point x = rrn_curve_point_at(p->c, i);

    rrn_write_text(&p->w, "<circle cx=\"");
    rrn_svg_tenths(&p->w, rrn_axis_place(&p->bars, x.crossbars));
    rrn_write_text(&p->w, "\" cy=\"");
    rrn_svg_tenths(&p->w, rrn_axis_place(&p->time, x.latency_ns));
    rrn_write_format(&p->w, "\" r=\"%s\" fill=\"%s\" stroke=\"%s\"><title>%d crossbars: ", p->c->n <= MOST_MARKS ? "3.5" : "1.5",
                     x.optimal ? "#fff" : LATENCY_COLOUR, LATENCY_COLOUR, (int)x.crossbars);
    rrn_svg_duration(&p->w, x.latency_ns);
    if (x.bound_ns > 0) {
      rrn_write_text(&p->w, ", at least ");
      rrn_svg_duration(&p->w, x.bound_ns);
    }
    rrn_write_text(&p->w, "</title></circle>\n");
  }
}

/* The room between latency and bound. */
static void
gap(plot *p)
{
  size_t i;

  rrn_write_text(&p->w, "<path fill=\"" BOUND_COLOUR "\" fill-opacity=\"0.1\" d=\"");
  for (i = 0; i < p->c->n; i++) {
    const rramnas_curve_point x = rrn_curve_point_at(p->c, i);

    point(p, i ? "L" : "M", &p->time, x.crossbars, x.latency_ns);
  }
  for (i = p->c->n; i-- > 0;) {
    const rramnas_curve_point x = rrn_curve_point_at(p->c, i);

    point(p, "L", &p->time, x.crossbars, x.bound_ns);
  }
  rrn_write_text(&p->w, "z\"/>\n");
}

/* --- text --- */

static void
begin_figure(plot *p, int32_t x, const char *label)
{
  rrn_write_format(&p->w, "<text x=\"%d\" y=\"88\" class=\"label\">%s</text><text x=\"%d\" y=\"110\" class=\"figure\">", (int)x,
                   label, (int)x);
}

static void
end_figure(plot *p, int32_t crossbars)
{
  rrn_write_format(&p->w, "<tspan dx=\"5\" class=\"small\">at %d crossbars</tspan></text>\n", (int)crossbars);
}

static void
write_figures(plot *p)
{
  const rramnas_curve_point first = rrn_curve_point_at(p->c, 0), last = rrn_curve_point_at(p->c, p->c->n - 1);

  begin_figure(p, LEFT, "fewest crossbars");
  rrn_write_format(&p->w, "%d<tspan dx=\"5\" class=\"small\">", (int)first.fewest);
  if (first.fewest <= first.fewest_bound)
    rrn_write_text(&p->w, "optimal</tspan></text>\n");
  else
    rrn_write_format(&p->w, "at least %d</tspan></text>\n", (int)first.fewest_bound);
  begin_figure(p, LEFT + 190, "latency");
  rrn_svg_duration(&p->w, first.latency_ns);
  end_figure(p, first.crossbars);
  begin_figure(p, LEFT + 420, "latency");
  rrn_svg_duration(&p->w, last.latency_ns);
  end_figure(p, last.crossbars);
}

static void
write_header(plot *p)
{
  const char *title = p->labels->title ? p->labels->title : "", *subtitle = p->labels->subtitle;
  rrn_writer *w = &p->w;

  rrn_write_format(w, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n<title>",
                   PAGE_W, PAGE_H, PAGE_W, PAGE_H);
  rrn_write_xml(w, title);
  rrn_write_text(w, *title ? ": " : "");
  rrn_write_text(w, "latency over crossbars</title>\n<style>" RRN_SVG_STYLE
                 ".middle{text-anchor:middle}.grid{stroke:#e4e7eb}.axis{stroke:#aab2bd}</style>\n");
  rrn_write_format(w, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<text x=\"%d\" y=\"52\" class=\"name\">", PAGE_W, PAGE_H,
                   LEFT);
  rrn_svg_short_name(w, title, RRN_SVG_NAME_LENGTH);
  rrn_write_format(w, "<tspan dx=\"%d\" class=\"small\">", *title ? 14 : 0);
  rrn_write_xml(w, subtitle ? subtitle : "");
  rrn_write_text(w, "</tspan></text>\n");
  write_figures(p);
}

/* Behind the end of a line. */
static void
line_label(plot *p, double y, const char *text, const char *text_colour)
{
  rrn_write_format(&p->w, "<text class=\"item\" style=\"fill:%s\" x=\"%d\" y=\"", text_colour, RIGHT + 12);
  rrn_svg_tenths(&p->w, y + 4);
  rrn_write_format(&p->w, "\">%s</text>\n", text);
}

static void
write_labels(plot *p)
{
  const rramnas_curve_point last = rrn_curve_point_at(p->c, p->c->n - 1);
  double low = rrn_axis_place(&p->time, last.latency_ns), high = low;

  if (p->has_bound) {
    high = rrn_axis_place(&p->time, last.bound_ns);
    if (high < low + 14) {
      low = (low + high) / 2 - 7;
      high = low + 14;
    }
    line_label(p, high, "lower bound", BOUND_COLOUR);
  }
  line_label(p, low, "latency", LATENCY_COLOUR);
  line_label(p, rrn_axis_place(&p->use, last.utilization), "utilisation", USE_COLOUR);
  rrn_write_format(&p->w, "<text class=\"label\" x=\"%d\" y=\"%d\">latency%s</text>\n", LEFT, TIME_TOP - 14,
                   p->time.logarithmic ? ", logarithmic" : "");
  rrn_write_format(&p->w, "<text class=\"label\" x=\"%d\" y=\"%d\">utilisation of the used crossbars</text>\n", LEFT, USE_TOP - 12);
  rrn_write_format(&p->w, "<text class=\"label middle\" x=\"%d\" y=\"%d\">crossbars</text>\n", (LEFT + RIGHT) / 2, USE_BOTTOM + 42);
  rrn_write_format(&p->w, "<text x=\"%d\" y=\"%d\" class=\"label end\">librramnas %s</text>\n</svg>\n", PAGE_W - 24, PAGE_H - 14,
                   rramnas_version());
}

static void
draw(plot *p)
{
  set_axes(p);
  write_header(p);
  time_ticks(p);
  use_ticks(p);
  rrn_write_format(&p->w, "<path class=\"axis\" d=\"M%d %dH%dM%d %dH%d\"/>\n", LEFT, TIME_BOTTOM, RIGHT, LEFT, USE_BOTTOM, RIGHT);
  bar_ticks(p);
  if (p->has_bound) {
    gap(p);
    line(p, &p->time, lower_bound, BOUND_COLOUR, " stroke-dasharray=\"6 4\"");
  }
  line(p, &p->time, latency, LATENCY_COLOUR, "");
  marks(p);
  line(p, &p->use, utilization, USE_COLOUR, "");
  write_labels(p);
}

int32_t
rrn_report_curve_svg(const rrn_curve_points *c, const rramnas_curve_labels *labels, rramnas_write_fn write, void *user,
                     rramnas_error *err)
{
  plot p = { .c = c, .labels = labels, .has_bound = 1 };

  rrn_writer_init(&p.w, write, user);
  draw(&p);
  return rrn_writer_finish(&p.w, err);
}
