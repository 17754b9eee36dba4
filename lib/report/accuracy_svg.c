/* SPDX-License-Identifier: MIT */
/* Curves of accuracy as a plot (doc/report.md).
 *
 * In:  curves, checked; labels.
 * Out: a panel per curve, all with the same axis of accuracy: the mean of the chips in its 95 % interval, the worst
 * chip, accuracy in floats and in integers; where the mean has lost a hundredth; the value of the chip at hand.
 *
 * The axis of accuracy ends at 100 % and begins at 0, or closer where all is good. Zero on a logarithmic axis stands
 * apart, left of a gap. Ticks are 1, 2 and 5 times powers of ten; those of times are the units that people count them
 * in. Only exactly rounded operations: the same bytes on every machine. Complexity: linear in points. */
#include "report/accuracy.h"
#include "report/axis.h"
#include "report/svg_text.h"

enum {
  /* Page, in pixels. */
  PAGE_W = 960, LEFT = 88, RIGHT = 836, FIRST_TOP = 168, ALONE_H = 380, PANEL_H = 200, PANEL_GAP = 96, ZERO_ROOM = 56,
  MOST_X_TICKS = 11, MOST_Y_TICKS = 6, MOST_MARKS = 64, LABEL_GAP = 15, N_LINES = 4,
};

#define MEAN_COLOUR "#3b5ba5"
#define WORST_COLOUR "#e07f3a"
#define INTEGER_COLOUR "#2f9e7e"
#define FLOAT_COLOUR "#6b7785"

typedef struct panel {
  rrn_writer *w;
  rramnas_accuracy_curve c;
  rrn_axis x, y;
  int zero_apart;
} panel;

/* --- axes --- */

static double
less(double a, double b)
{
  return a < b ? a : b;
}

static double
more(double a, double b)
{
  return a > b ? a : b;
}

static double
lowest_of(const rramnas_accuracy_curve *c)
{
  double low = 1;
  size_t k;

  for (k = 0; k < c->n_points; k++) {
    const rramnas_accuracy a = rrn_accuracy_at(c, k);

    low = less(less(low, a.worst), less(a.mean - a.confidence, less(a.digital, a.quantized)));
  }
  return more(low, 0);
}

/* The widest of some round ranges that shows everything. */
static double
low_end(const rrn_accuracy_curves *curves)
{
  static const double ends[] = { 0.95, 0.9, 0.8, 0.5 };
  double low = 1;
  size_t i;

  for (i = 0; i < curves->n; i++) {
    const rramnas_accuracy_curve c = rrn_accuracy_curve_at(curves, i);

    low = less(low, lowest_of(&c));
  }
  for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
    if (low >= ends[i])
      return ends[i];
  return 0;
}

static void
set_x_axis(panel *p)
{
  const double *x = p->c.x;
  const size_t n = p->c.n_points;

  p->x = (rrn_axis){ x[0], x[n - 1], p->c.scale == RRAMNAS_AXIS_LOGARITHMIC && n > 1 && x[n - 1] > 0, LEFT, RIGHT };
  p->zero_apart = p->x.logarithmic && !(x[0] > 0);
  if (p->zero_apart) {
    p->x.low = x[1];
    p->x.from = LEFT + ZERO_ROOM;
  }
  if (p->x.low >= p->x.high && p->x.logarithmic) {
    p->x.low /= 2;
    p->x.high *= 2;
  } else if (p->x.low >= p->x.high) {
    p->x.low -= p->x.low > 0 ? p->x.low / 2 : 0.5;
    p->x.high += p->x.high > 0 ? p->x.high / 2 : 0.5;
  }
}

static double
across(const panel *p, double value)
{
  return p->zero_apart && !(value > 0) ? LEFT + 8 : rrn_axis_place(&p->x, value);
}

/* --- ticks --- */

static const struct time_unit {
  double seconds;
  const char *name;
} times[] = {
  { 1e-9, "1 ns" },
  { 1e-6, "1 \xc2\xb5s" },
  { 1e-3, "1 ms" },
  { 1, "1 s" },
  { 60, "1 min" },
  { 3600, "1 h" },
  { 86400, "1 day" },
  { 2629800, "1 month" },
  { 31557600, "1 year" },
  { 315576000, "10 years" },
  { 3155760000, "100 years" },
};

static void
write_value(rrn_writer *w, int32_t unit, double value)
{
  rrn_svg_short(w, unit == RRAMNAS_AXIS_SHARE ? value * 100 : value);
  rrn_write_text(w, unit == RRAMNAS_AXIS_SHARE ? " %" : unit == RRAMNAS_AXIS_SECONDS ? " s" : "");
}

/* `text` NULL = the value. */
static void
x_tick(const panel *p, double value, const char *text)
{
  rrn_write_text(p->w, "<path class=\"axis\" d=\"M");
  rrn_svg_tenths(p->w, across(p, value));
  rrn_write_format(p->w, " %dv5\"/><text class=\"label middle\" x=\"", (int)p->y.from);
  rrn_svg_tenths(p->w, across(p, value));
  rrn_write_format(p->w, "\" y=\"%d\">", (int)p->y.from + 20);
  if (text)
    rrn_write_text(p->w, text);
  else
    write_value(p->w, p->c.unit, value);
  rrn_write_text(p->w, "</text>\n");
}

static int
is_shown(const panel *p, double value)
{
  return value >= p->x.low * 0.9999 && value <= p->x.high * 1.0001;
}

/* Powers of ten, and 2 and 5 times these where there are few. */
static void
log_ticks(const panel *p)
{
  const int decades_only = p->x.high / p->x.low > 2e3;
  double value;

  for (value = rrn_axis_round_down(p->x.low); value <= p->x.high * 1.0001; value = rrn_axis_next_round(value)) {
    const int is_power = rrn_axis_next_round(value) < value * 2.2 && rrn_axis_next_round(value) > value * 1.8 &&
                         rrn_axis_next_round(rrn_axis_next_round(value)) > value * 4.5;

    if (is_shown(p, value) && (!decades_only || is_power))
      x_tick(p, value, NULL);
  }
}

static void
x_ticks(const panel *p)
{
  size_t i;

  if (p->zero_apart)
    x_tick(p, 0, NULL);
  if (p->x.logarithmic && p->c.unit == RRAMNAS_AXIS_SECONDS && p->x.high / p->x.low > 2e3) {
    for (i = 0; i < sizeof(times) / sizeof(times[0]); i++)
      if (is_shown(p, times[i].seconds))
        x_tick(p, times[i].seconds, times[i].name);
  } else if (p->x.logarithmic) {
    log_ticks(p);
  } else {
    const double step = rrn_axis_step(&p->x, MOST_X_TICKS);
    double n = rrn_axis_whole(p->x.low / step) - 1;

    for (; rrn_axis_can_count(n) && n * step <= p->x.high + step * 1e-6; n++)
      if (n * step >= p->x.low - step * 1e-6)
        x_tick(p, n * step, NULL);
  }
}

static void
y_ticks(const panel *p)
{
  const double step = rrn_axis_step(&p->y, MOST_Y_TICKS);
  double n = rrn_axis_whole(p->y.low / step);

  for (; n * step <= p->y.high + 1e-9; n++) {
    const double at = rrn_axis_place(&p->y, n * step);

    if (n * step < p->y.low - 1e-9)
      continue;
    rrn_write_format(p->w, "<path class=\"grid\" d=\"M%d ", LEFT);
    rrn_svg_tenths(p->w, at);
    rrn_write_format(p->w, "H%d\"/><text class=\"label end\" x=\"%d\" y=\"", RIGHT, LEFT - 10);
    rrn_svg_tenths(p->w, at + 4);
    rrn_write_text(p->w, "\">");
    write_value(p->w, RRAMNAS_AXIS_SHARE, n * step);
    rrn_write_text(p->w, "</text>\n");
  }
}

/* The axis, with a gap behind a zero that stands apart. */
static void
x_axis(const panel *p)
{
  const int y = (int)p->y.from, gap = LEFT + ZERO_ROOM / 2 + 4;

  if (p->zero_apart)
    rrn_write_format(p->w, "<path class=\"axis\" d=\"M%d %dH%dM%d %dH%dM%d %dl6 -10M%d %dl6 -10\"/>\n", LEFT, y,
                     gap - 3, gap + 3, y, RIGHT, gap - 6, y + 5, gap, y + 5);
  else
    rrn_write_format(p->w, "<path class=\"axis\" d=\"M%d %dH%d\"/>\n", LEFT, y, RIGHT);
}

/* --- lines --- */

typedef double (*figure_fn)(const rramnas_accuracy *a);

static double
mean_of(const rramnas_accuracy *a)
{
  return a->mean;
}

static double
worst_of(const rramnas_accuracy *a)
{
  return a->worst;
}

static double
integers_of(const rramnas_accuracy *a)
{
  return a->quantized;
}

static double
floats_of(const rramnas_accuracy *a)
{
  return a->digital;
}

static double
top_of(const rramnas_accuracy *a)
{
  return less(a->mean + a->confidence, 1);
}

static double
bottom_of(const rramnas_accuracy *a)
{
  return more(a->mean - a->confidence, 0);
}

static const struct curve_line {
  const char *name, *colour, *style;
  figure_fn figure;
} lines[N_LINES] = {
  { "floats", FLOAT_COLOUR, "stroke-width=\"1.5\" stroke-dasharray=\"2 4\"", floats_of },
  { "integers", INTEGER_COLOUR, "stroke-width=\"1.5\" stroke-dasharray=\"7 4\"", integers_of },
  { "worst chip", WORST_COLOUR, "stroke-width=\"1.5\"", worst_of },
  { "mean", MEAN_COLOUR, "stroke-width=\"2\"", mean_of },
};

static void
place_point(const panel *p, const char *before, size_t k, figure_fn figure)
{
  const rramnas_accuracy a = rrn_accuracy_at(&p->c, k);

  rrn_write_text(p->w, before);
  rrn_svg_tenths(p->w, across(p, p->c.x[k]));
  rrn_write_text(p->w, " ");
  rrn_svg_tenths(p->w, rrn_axis_place(&p->y, figure(&a)));
}

static void
draw_band(const panel *p)
{
  size_t k;

  rrn_write_text(p->w, "<path fill=\"" MEAN_COLOUR "\" fill-opacity=\"0.18\" d=\"");
  for (k = 0; k < p->c.n_points; k++)
    place_point(p, k ? "L" : "M", k, top_of);
  for (k = p->c.n_points; k-- > 0;)
    place_point(p, "L", k, bottom_of);
  rrn_write_text(p->w, "z\"/>\n");
}

static void
draw_lines(const panel *p)
{
  size_t k;
  int i;

  for (i = 0; i < N_LINES; i++) {
    rrn_write_format(p->w, "<path fill=\"none\" stroke=\"%s\" stroke-linejoin=\"round\" %s d=\"", lines[i].colour,
                     lines[i].style);
    for (k = 0; k < p->c.n_points; k++)
      place_point(p, k ? "L" : "M", k, lines[i].figure);
    rrn_write_text(p->w, "\"/>\n");
  }
}

static void
write_percent(rrn_writer *w, double share)
{
  rrn_svg_fixed(w, share * 100, 2);
  rrn_write_text(w, " %");
}

static void
draw_dots(const panel *p)
{
  size_t k;

  for (k = 0; k < p->c.n_points; k++) {
    const rramnas_accuracy a = rrn_accuracy_at(&p->c, k);

    place_point(p, "<circle transform=\"translate(", k, mean_of);
    rrn_write_format(p->w, ")\" r=\"%s\" fill=\"" MEAN_COLOUR "\"><title>", p->c.n_points <= MOST_MARKS ? "3" : "1.5");
    rrn_write_xml(p->w, p->c.name);
    rrn_write_text(p->w, " ");
    write_value(p->w, p->c.unit, p->c.x[k]);
    rrn_write_text(p->w, ": mean ");
    write_percent(p->w, a.mean);
    rrn_write_text(p->w, " \xc2\xb1 ");
    write_percent(p->w, a.confidence);
    rrn_write_text(p->w, ", worst ");
    write_percent(p->w, a.worst);
    rrn_write_format(p->w, " of %d chips</title></circle>\n", (int)a.trials);
  }
}

/* The value that the chip at hand has. */
static void
draw_mark(const panel *p)
{
  double at;

  if (!(p->c.mark > 0) || !is_shown(p, p->c.mark))
    return;
  at = across(p, p->c.mark);
  rrn_write_text(p->w, "<path class=\"axis\" stroke-dasharray=\"3 3\" d=\"M");
  rrn_svg_tenths(p->w, at);
  rrn_write_format(p->w, " %dV%d\"/><text class=\"label\" x=\"", (int)p->y.from, (int)p->y.to);
  rrn_svg_tenths(p->w, at + 5);
  rrn_write_format(p->w, "\" y=\"%d\">this chip</text>\n", (int)p->y.from - 6);
}

/* From the lowest line up; of equal ones worst below mean below integers below floats. */
static void
sort_lines(const double *at, int *ret_order)
{
  static const int equal[N_LINES] = { 2, 3, 1, 0 };
  int i, k;

  for (i = 0; i < N_LINES; i++) {
    for (k = i; k > 0 && at[equal[i]] > at[ret_order[k - 1]]; k--)
      ret_order[k] = ret_order[k - 1];
    ret_order[k] = equal[i];
  }
}

/* Names that are close to each other are pushed apart, within the panel. */
static void
push_apart(const panel *p, const int *order, double *at)
{
  double room = p->y.from + 4;
  int i;

  for (i = 0; i < N_LINES; i++) {
    at[order[i]] = less(at[order[i]], room);
    room = at[order[i]] - LABEL_GAP;
  }
  for (i = N_LINES, room = p->y.to - 8; i-- > 0;) {
    at[order[i]] = more(at[order[i]], room);
    room = at[order[i]] + LABEL_GAP;
  }
}

/* Behind the ends of the lines. */
static void
name_lines(const panel *p)
{
  const rramnas_accuracy last = rrn_accuracy_at(&p->c, p->c.n_points - 1);
  double at[N_LINES];
  int order[N_LINES] = { 0 }, i;

  for (i = 0; i < N_LINES; i++)
    at[i] = rrn_axis_place(&p->y, lines[i].figure(&last)) + 4;
  sort_lines(at, order);
  push_apart(p, order, at);
  for (i = 0; i < N_LINES; i++) {
    rrn_write_format(p->w, "<text class=\"item\" style=\"fill:%s\" x=\"%d\" y=\"", lines[i].colour, RIGHT + 12);
    rrn_svg_tenths(p->w, at[i]);
    rrn_write_format(p->w, "\">%s</text>\n", lines[i].name);
  }
}

/* --- text --- */

/* How much of the integers' accuracy the mean has lost. */
static double
loss_at(const rramnas_accuracy_curve *c, size_t k)
{
  const rramnas_accuracy a = rrn_accuracy_at(c, k);

  return a.quantized - a.mean;
}

/* Between two points, where the mean is a hundredth below the integers, by a straight line. */
static double
crossing(const rramnas_accuracy_curve *c, size_t k)
{
  const double a = loss_at(c, k), b = loss_at(c, k + 1);

  return c->x[k] + (c->x[k + 1] - c->x[k]) * (0.01 - a) / (b - a);
}

/* Three digits, a time in the unit that suits. */
static void
write_rounded(rrn_writer *w, int32_t unit, double value)
{
  size_t i = sizeof(times) / sizeof(times[0]) - 1;
  double one = 1;

  if (unit == RRAMNAS_AXIS_SECONDS && value >= times[0].seconds) {
    while (times[i].seconds > value)
      i--;
    i -= i >= 9 ? i - 8 : 0; /* years are enough */
    rrn_svg_four_digits(w, value / times[i].seconds);
    rrn_write_text(w, times[i].name + 1);
    rrn_write_text(w, i >= 6 ? "s" : "");
    return;
  }
  value *= unit == RRAMNAS_AXIS_SHARE ? 100 : 1;
  while (value > 0 && value * one < 100 && one < 1e6)
    one *= 10;
  rrn_svg_short(w, rrn_axis_whole(value * one + 0.5) / one);
  rrn_write_text(w, unit == RRAMNAS_AXIS_SHARE ? " %" : unit == RRAMNAS_AXIS_SECONDS ? " s" : "");
}

static void
write_loss(const panel *p)
{
  const rramnas_accuracy_curve *c = &p->c;
  const size_t last = c->n_points - 1;
  size_t k;

  if (loss_at(c, 0) < 0.01) {
    for (k = 0; k < last && loss_at(c, k + 1) < 0.01; k++)
      ;
    rrn_write_text(p->w, k == last ? "less than 1 point below integers everywhere" : "1 point below integers at ");
  } else {
    for (k = last; k > 0 && loss_at(c, k) < 0.01; k--)
      ;
    rrn_write_text(p->w, k == last ? "more than 1 point below integers" : "less than 1 point below integers from ");
  }
  if (k == last)
    return;
  write_rounded(p->w, c->unit, crossing(c, k));
  rrn_write_text(p->w, loss_at(c, 0) < 0.01 ? "" : " on");
}

static void
write_panel_text(const panel *p)
{
  const int top = (int)p->y.to, bottom = (int)p->y.from;

  rrn_write_format(p->w, "<text class=\"item\" x=\"%d\" y=\"%d\">", LEFT, top - 14);
  rrn_write_xml(p->w, p->c.name);
  rrn_write_text(p->w, "<tspan dx=\"10\" class=\"small\">mean ");
  write_loss(p);
  rrn_write_format(p->w, "</tspan></text>\n<text class=\"label middle\" x=\"%d\" y=\"%d\">", (LEFT + RIGHT) / 2,
                   bottom + 40);
  rrn_write_xml(p->w, p->c.name);
  rrn_write_format(p->w, "%s</text>\n", p->x.logarithmic ? ", logarithmic" : "");
}

static void
draw_panel(panel *p)
{
  set_x_axis(p);
  y_ticks(p);
  x_axis(p);
  x_ticks(p);
  draw_mark(p);
  draw_band(p);
  draw_lines(p);
  draw_dots(p);
  name_lines(p);
  write_panel_text(p);
}

static void
write_figure(rrn_writer *w, int x, const char *label, double share)
{
  rrn_write_format(w, "<text x=\"%d\" y=\"88\" class=\"label\">%s</text><text x=\"%d\" y=\"110\" class=\"figure\">", x,
                   label, x);
  write_percent(w, share);
  rrn_write_text(w, "</text>\n");
}

static void
write_header(rrn_writer *w, const rramnas_accuracy_curve *c, const rramnas_curve_labels *labels, int height)
{
  const char *title = labels->title ? labels->title : "", *subtitle = labels->subtitle ? labels->subtitle : "";
  const rramnas_accuracy first = rrn_accuracy_at(c, 0);

  rrn_write_format(w, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" ", PAGE_W, height);
  rrn_write_format(w, "viewBox=\"0 0 %d %d\" role=\"img\">\n<title>", PAGE_W, height);
  rrn_write_xml(w, title);
  rrn_write_text(w, *title ? ": accuracy on crossbars</title>\n<style>" : "accuracy on crossbars</title>\n<style>");
  rrn_write_text(w, RRN_SVG_STYLE
                 ".middle{text-anchor:middle}.grid{stroke:#e4e7eb}.axis{stroke:#aab2bd;fill:none}</style>\n");
  rrn_write_format(w, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<text x=\"%d\" y=\"52\" class=\"name\">",
                   PAGE_W, height, LEFT);
  rrn_svg_short_name(w, title, RRN_SVG_NAME_LENGTH);
  rrn_write_format(w, "<tspan dx=\"%d\" class=\"small\">", *title ? 14 : 0);
  rrn_write_xml(w, subtitle);
  rrn_write_text(w, "</tspan></text>\n");
  write_figure(w, LEFT, "accuracy in floats", first.digital);
  write_figure(w, LEFT + 170, "in integers", first.quantized);
  rrn_write_format(w, "<text x=\"%d\" y=\"88\" class=\"label\">band</text><text x=\"%d\" y=\"109\" class=\"item\">"
                   "95 %% interval of the mean</text>\n", LEFT + 340, LEFT + 340);
}

int32_t
rrn_report_accuracy_svg(const rrn_accuracy_curves *c, const rramnas_curve_labels *labels, rramnas_write_fn write,
                        void *user, rramnas_error *err)
{
  const int tall = c->n == 1 ? ALONE_H : PANEL_H;
  const int height = FIRST_TOP + (int)c->n * (tall + PANEL_GAP) - PANEL_GAP + 72;
  const rramnas_accuracy_curve first = rrn_accuracy_curve_at(c, 0);
  const double low = low_end(c);
  rrn_writer w;
  size_t i;

  rrn_writer_init(&w, write, user);
  write_header(&w, &first, labels, height);
  for (i = 0; i < c->n; i++) {
    const int top = FIRST_TOP + (int)i * (tall + PANEL_GAP);
    panel p = { .w = &w, .c = rrn_accuracy_curve_at(c, i), .y = { low, 1, 0, top + tall, top } };

    draw_panel(&p);
  }
  rrn_write_format(&w, "<text x=\"%d\" y=\"%d\" class=\"label end\">librramnas %s</text>\n</svg>\n", PAGE_W - 24,
                   height - 14, rramnas_version());
  return rrn_writer_finish(&w, err);
}
