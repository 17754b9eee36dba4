/* SPDX-License-Identifier: MIT */
/* Where energy and area go, as a picture (doc/report.md).
 *
 * In:  a costing.
 * Out: key figures; one bar of all energy and one of all area, cut by component; a table of the components with a
 *      bar for each number; a bar of energy per layer, cut by component.
 *
 * Energies are those of one inference. A component has one colour throughout; static energy is the same colour, pale.
 * Up to MOST_LAYERS layers have a row, in order of execution; of more, those with most energy, and the others share
 * one row. Coordinates are tenths of a pixel, of exactly rounded operations: the same bytes on every machine.
 * Complexity: layers * (components + log layers). */
#include <stdlib.h>
#include <string.h>

#include "compile/passes.h"
#include "report/cost.h"
#include "report/svg_text.h"

enum {
  MOST_LAYERS = 96, LAYER_NAME_LENGTH = 28,
  /* Page, in pixels. */
  PAGE_W = 1280, MARGIN = 40, FULL_W = 1200, ENERGY_Y = 172, AREA_Y = 242, BAR_H = 30, TABLE_Y = 318, ROW = 22,
  DYNAMIC_X = 190, STATIC_X = 550, AREA_X = 910, COLUMN_BAR_W = 170, VALUE_W = 256, SHARE_W = 320,
  LAYER_X = 262, LAYER_W = 720, LAYER_VALUE_X = 1076, LAYER_SHARE_X = 1142, LAYER_ROW = 17,
};

/* A line of the picture: a layer, or several. */
typedef struct line {
  int32_t layer; /* index in the network; its number of layers = of no layer; -1 = other layers */
  int32_t layers; /* that it stands for */
  double energy_pj, area_um2;
  double parts[2 * RRAMNAS_COST_COMPONENTS]; /* dynamic by component, then static, pJ */
} line;

typedef struct picture {
  rrn_costing *c;
  rrn_writer w;
  double sums[RRAMNAS_COST_COMPONENTS][RRN_COST_KINDS]; /* of one inference */
  double energy_pj, area_um2;
  line *lines;
  int32_t n_lines, n_components;
} picture;

/* --- what is drawn --- */

static void
add_components(picture *p)
{
  int32_t k;

  for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++) {
    double *sum = p->sums[k];

    rrn_report_cost_component(p->c, k, sum);
    sum[RRN_COST_DYNAMIC] /= p->c->o.samples;
    sum[RRN_COST_STATIC] /= p->c->o.samples;
    p->n_components += sum[RRN_COST_DYNAMIC] > 0 || sum[RRN_COST_STATIC] > 0 || sum[RRN_COST_AREA] > 0;
  }
}

static void
add_layer(const picture *p, int32_t layer, line *l)
{
  const int32_t n = RRAMNAS_COST_COMPONENTS;
  int32_t k;

  for (k = 0; k < n; k++) {
    const double *entry = p->c->out.rows[layer][k];

    l->parts[k] += entry[RRN_COST_DYNAMIC] / p->c->o.samples;
    l->parts[n + k] += entry[RRN_COST_STATIC] / p->c->o.samples;
    l->energy_pj += (entry[RRN_COST_DYNAMIC] + entry[RRN_COST_STATIC]) / p->c->o.samples;
    l->area_um2 += entry[RRN_COST_AREA];
  }
  l->layers++;
}

static int
more_energy(const void *a, const void *b)
{
  const line *x = a, *y = b;

  return x->energy_pj != y->energy_pj ? (x->energy_pj < y->energy_pj ? 1 : -1) : x->layer < y->layer ? -1 : 1;
}

/* In order of execution; of no layer and the others at the end. */
static int
earlier(const void *a, const void *b)
{
  const uint32_t x = (uint32_t)((const line *)a)->layer, y = (uint32_t)((const line *)b)->layer;

  return x < y ? -1 : x > y;
}

/* Lines beyond MOST_LAYERS become one. */
static void
gather_others(picture *p)
{
  line *others = &p->lines[MOST_LAYERS];
  int32_t i;

  if (p->n_lines <= MOST_LAYERS + 1)
    return;
  qsort(p->lines, (size_t)p->n_lines, sizeof(*p->lines), more_energy);
  for (i = MOST_LAYERS + 1; i < p->n_lines; i++)
    add_layer(p, p->lines[i].layer, others);
  others->layer = -1;
  p->n_lines = MOST_LAYERS + 1;
  qsort(p->lines, (size_t)p->n_lines, sizeof(*p->lines), earlier);
}

static int32_t
collect(picture *p, rramnas_error *err)
{
  const int32_t n = (int32_t)p->c->view.net->n_layers + 1;
  int32_t i;

  add_components(p);
  p->energy_pj = p->c->cost.energy_per_inference_pj;
  p->area_um2 = p->c->cost.area_um2;
  p->lines = rrn_arena_alloc(&p->c->arena, (size_t)n, sizeof(*p->lines));
  if (!p->lines)
    return rrn_fail_memory(err);
  for (i = 0; i < n; i++) {
    line *l = &p->lines[p->n_lines];

    l->layer = i;
    add_layer(p, i, l);
    if (l->energy_pj > 0 || l->area_um2 > 0)
      p->n_lines++;
    else
      memset(l, 0, sizeof(*l));
  }
  gather_others(p);
  return RRAMNAS_OK;
}

/* --- shapes and words --- */

static void
colour(picture *p, int32_t component)
{
  rrn_write_format(&p->w, "#%06x", (unsigned)rrn_report_colour(component, RRAMNAS_COST_COMPONENTS));
}

static const char *
words(int32_t component)
{
  static const char *const names[RRAMNAS_COST_COMPONENTS] = {
    "cells", "drivers", "DACs", "ADCs", "multiplexers", "shift and add", "registers", "accumulation", "activation",
    "pooling", "arithmetic", "buffers", "interconnect",
  };

  return names[component];
}

/* A share of 1, which may be tiny. */
static void
percent(picture *p, double share)
{
  if (share > 0 && share < 0.0005)
    rrn_write_text(&p->w, "&lt; 0.1 %");
  else {
    rrn_svg_fixed(&p->w, share * 100, 1);
    rrn_write_text(&p->w, " %");
  }
}

static double
share_of(double part, double whole)
{
  return whole > 0 ? part / whole : 0;
}

/* A rectangle of a component; nothing when it is too small to see. */
static void
segment(picture *p, double x, int32_t y, double width, int32_t height, int32_t component, int pale)
{
  if (width < 0.05)
    return;
  rrn_write_text(&p->w, "<rect x=\"");
  rrn_svg_fixed(&p->w, x, 1);
  rrn_write_format(&p->w, "\" y=\"%d\" width=\"", (int)y);
  rrn_svg_fixed(&p->w, width, 1);
  rrn_write_format(&p->w, "\" height=\"%d\" fill=\"", (int)height);
  colour(p, component);
  rrn_write_format(&p->w, "\"%s/>\n", pale ? " fill-opacity=\"0.4\"" : "");
}

/* Its name inside, when there is room: about 6.5 pixels a letter. Light letters on dark colours. */
static void
segment_label(picture *p, double x, int32_t y, double width, int32_t component, int pale, double share)
{
  const uint32_t rgb = rrn_report_colour(component, RRAMNAS_COST_COMPONENTS);
  const uint32_t light = (rgb >> 16 & 0xff) * 3 + (rgb >> 8 & 0xff) * 6 + (rgb & 0xff);
  const char *name = words(component);
  const double needed = 12 + 6.5 * (double)strlen(name);

  if (width < needed)
    return;
  rrn_write_text(&p->w, "<text class=\"item\" x=\"");
  rrn_svg_fixed(&p->w, x + 6, 1);
  rrn_write_format(&p->w, "\" y=\"%d\"%s>%s", (int)y, pale || light > 1500 ? "" : " style=\"fill:#fff\"", name);
  if (width > needed + 48) {
    rrn_write_text(&p->w, " ");
    percent(p, share);
  }
  rrn_write_text(&p->w, "</text>\n");
}

/* One bar of the whole width; `kinds` of them side by side, the second one pale. */
static void
whole_bar(picture *p, int32_t y, const int *kinds, int n_kinds, double whole)
{
  double x = MARGIN;
  int32_t k;
  int i;

  for (i = 0; i < n_kinds; i++)
    for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++) {
      const double share = share_of(p->sums[k][kinds[i]], whole);

      segment(p, x, y, share * FULL_W, BAR_H, k, i);
      segment_label(p, x, y + BAR_H / 2 + 4, share * FULL_W, k, i, share);
      x += share * FULL_W;
    }
}

/* --- header --- */

static void
begin_figure(picture *p, int32_t x, const char *label)
{
  rrn_write_format(&p->w, "<text x=\"%d\" y=\"88\" class=\"label\">%s</text>", (int)x, label);
  rrn_write_format(&p->w, "<text x=\"%d\" y=\"110\" class=\"figure\">", (int)x);
}

static void
end_figure(picture *p, const char *small)
{
  rrn_write_format(&p->w, "<tspan dx=\"5\" class=\"small\">%s</tspan></text>\n", small);
}

/* Operations per second by something else. */
static void
write_tops(picture *p, int32_t x, const char *label, double tops, const char *by)
{
  const int is_small = tops < 0.1;

  begin_figure(p, x, label);
  rrn_svg_four_digits(&p->w, is_small ? tops * 1000 : tops);
  rrn_write_format(&p->w, "<tspan dx=\"5\" class=\"small\">%s%s</tspan></text>\n", is_small ? "GOPS" : "TOPS", by);
}

static void
write_figures(picture *p)
{
  const rramnas_cost *cost = &p->c->cost;

  begin_figure(p, MARGIN, "energy");
  rrn_svg_energy(&p->w, p->energy_pj);
  end_figure(p, "per inference");
  begin_figure(p, MARGIN + 240, "latency");
  rrn_svg_duration(&p->w, cost->latency_ns);
  end_figure(p, cost->samples > 1 ? "all samples" : "");
  begin_figure(p, MARGIN + 440, "area");
  rrn_svg_area(&p->w, cost->area_um2);
  end_figure(p, "");
  begin_figure(p, MARGIN + 600, "power");
  rrn_svg_power(&p->w, cost->power_mw);
  end_figure(p, "");
  write_tops(p, MARGIN + 750, "efficiency", cost->tops_per_w, "/W");
  write_tops(p, MARGIN + 905, "density", cost->tops_per_mm2, "/mm\xc2\xb2");
  write_tops(p, MARGIN + 1070, "throughput", cost->tops, "");
}

static int32_t
layers_y(const picture *p)
{
  return TABLE_Y + ROW * (p->n_components + 3) + 26;
}

static void
begin_page(picture *p)
{
  const int32_t height = layers_y(p) + LAYER_ROW * p->n_lines + 56;
  rrn_writer *w = &p->w;

  rrn_write_format(w, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" ", PAGE_W, (int)height);
  rrn_write_format(w, "viewBox=\"0 0 %d %d\" role=\"img\">\n<title>", PAGE_W, (int)height);
  rrn_write_xml(w, p->c->view.net->name);
  rrn_write_text(w, ": energy and area</title>\n<style>" RRN_SVG_STYLE
                 ".head{font-size:13px;font-weight:600}.axis{stroke:#d5dae0}</style>\n");
  rrn_write_format(w, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n", PAGE_W, (int)height);
}

static void
write_header(picture *p)
{
  const rramnas_mapping *m = &p->c->view;
  const rramnas_cost_options *o = &p->c->o;
  rrn_writer *w = &p->w;

  rrn_write_format(w, "<text x=\"%d\" y=\"52\" class=\"name\">", MARGIN);
  rrn_svg_short_name(w, m->net->name, RRN_SVG_NAME_LENGTH);
  rrn_write_format(w, "<tspan dx=\"14\" class=\"small\">cost model %s, %d sample%s, %s timing, ", p->c->model->name,
                   (int)o->samples, o->samples == 1 ? "" : "s", rrn_report_model_name(o->timing_model));
  rrn_write_format(w, "%d crossbars of %d \xc3\x97 %d cells", (int)m->crossbars_available, (int)m->hw->v.crossbar.rows,
                   (int)m->hw->v.crossbar.cols);
  if (m->hw->name && *m->hw->name) {
    rrn_write_text(w, ", ");
    rrn_svg_short_name(w, m->hw->name, RRN_SVG_NAME_LENGTH);
  }
  rrn_write_text(w, "</tspan></text>\n");
  write_figures(p);
}

static void
write_bars(picture *p)
{
  static const int energies[] = { RRN_COST_DYNAMIC, RRN_COST_STATIC }, areas[] = { RRN_COST_AREA };
  const double still = share_of(p->c->cost.energy_static_pj, p->c->cost.energy_pj);

  rrn_write_format(&p->w, "<text class=\"head\" x=\"%d\" y=\"%d\">Energy<tspan dx=\"8\" class=\"small\">", MARGIN,
                   ENERGY_Y - 9);
  percent(p, 1 - still);
  rrn_write_text(&p->w, " dynamic, ");
  percent(p, still);
  rrn_write_text(&p->w, " static (pale)</tspan></text>\n");
  whole_bar(p, ENERGY_Y, energies, 2, p->energy_pj);
  rrn_write_format(&p->w, "<text class=\"head\" x=\"%d\" y=\"%d\">Area</text>\n", MARGIN, AREA_Y - 9);
  whole_bar(p, AREA_Y, areas, 1, p->area_um2);
}

/* --- components --- */

static void
heading(picture *p, int32_t x, int32_t y, const char *class, const char *text)
{
  rrn_write_format(&p->w, "<text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>\n", class, (int)x, (int)y, text);
}

/* A number as its bar, itself and its share of `whole`; the bar's length is of `largest`. Component -1: all, no bar. */
static void
cell(picture *p, int32_t x, int32_t y, int kind, double value, double whole, double largest, int32_t component)
{
  if (component >= 0)
    segment(p, x, y - 12, share_of(value, largest) * COLUMN_BAR_W, 14, component, kind == RRN_COST_STATIC);
  rrn_write_format(&p->w, "<text class=\"item end\" x=\"%d\" y=\"%d\">", (int)(x + VALUE_W), (int)y);
  if (!(value > 0))
    rrn_write_text(&p->w, "\xe2\x80\x93");
  else if (kind == RRN_COST_AREA)
    rrn_svg_area(&p->w, value);
  else
    rrn_svg_energy(&p->w, value);
  rrn_write_text(&p->w, "</text>");
  if (value > 0) {
    rrn_write_format(&p->w, "<text class=\"small end\" x=\"%d\" y=\"%d\">", (int)(x + SHARE_W), (int)y);
    percent(p, share_of(value, whole));
    rrn_write_text(&p->w, "</text>");
  }
  rrn_write_text(&p->w, "\n");
}

static double
largest_of(const picture *p, int from, int to)
{
  double most = 0;
  int32_t k;
  int kind;

  for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++)
    for (kind = from; kind <= to; kind++)
      most = p->sums[k][kind] > most ? p->sums[k][kind] : most;
  return most;
}

static void
row_of_cells(picture *p, int32_t y, const double *values, const double *largest, int32_t component)
{
  static const int32_t columns[] = { DYNAMIC_X, STATIC_X, AREA_X };
  int kind;

  for (kind = 0; kind < RRN_COST_KINDS; kind++)
    cell(p, columns[kind], y, kind, values[kind], kind == RRN_COST_AREA ? p->area_um2 : p->energy_pj, largest[kind],
         component);
}

/* Both energies have one scale, so that their bars compare. */
static void
write_table(picture *p)
{
  const double energy = largest_of(p, RRN_COST_DYNAMIC, RRN_COST_STATIC);
  const double largest[] = { energy, energy, largest_of(p, RRN_COST_AREA, RRN_COST_AREA) };
  const rramnas_cost *cost = &p->c->cost;
  const double all[] = { cost->energy_dynamic_pj / cost->samples, cost->energy_static_pj / cost->samples,
                        cost->area_um2 };
  int32_t y = TABLE_Y, k;

  heading(p, MARGIN, y, "head", "Component");
  heading(p, DYNAMIC_X, y, "head", "dynamic energy");
  heading(p, STATIC_X, y, "head", "static energy");
  heading(p, AREA_X, y, "head", "area");
  for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++) {
    const double *sum = p->sums[k];

    if (!(sum[RRN_COST_DYNAMIC] > 0 || sum[RRN_COST_STATIC] > 0 || sum[RRN_COST_AREA] > 0))
      continue;
    y += ROW;
    segment(p, MARGIN, y - 11, 12, 12, k, 0);
    rrn_write_format(&p->w, "<text class=\"item\" x=\"%d\" y=\"%d\">%s</text>\n", MARGIN + 20, (int)y, words(k));
    row_of_cells(p, y, sum, largest, k);
  }
  y += ROW + 4;
  rrn_write_format(&p->w, "<path class=\"axis\" d=\"M%d %dH%d\"/><text class=\"item\" x=\"%d\" y=\"%d\">sum</text>\n",
                   MARGIN, (int)(y - ROW + 6), MARGIN + FULL_W, MARGIN + 20, (int)y);
  row_of_cells(p, y, all, largest, -1);
}

/* --- layers --- */

static void
line_name(picture *p, const line *l, int32_t y)
{
  const rramnas_net *net = p->c->view.net;

  rrn_write_format(&p->w, "<text class=\"item\" x=\"%d\" y=\"%d\">", MARGIN, (int)y);
  if (l->layer < 0) {
    rrn_write_format(&p->w, "%d other rows", (int)l->layers);
  } else if ((size_t)l->layer == net->n_layers) {
    rrn_write_text(&p->w, "of no layer: unused cells, rest");
  } else {
    rrn_write_format(&p->w, "<tspan class=\"small\">%d</tspan> ", (int)l->layer);
    rrn_svg_short_name(&p->w, net->layers[l->layer].name, LAYER_NAME_LENGTH);
  }
  rrn_write_text(&p->w, "</text>");
}

static void
write_line(picture *p, const line *l, int32_t y, double largest)
{
  const int32_t n = RRAMNAS_COST_COMPONENTS;
  double x = LAYER_X;
  int32_t k;

  line_name(p, l, y);
  for (k = 0; k < 2 * n; k++) {
    const double width = share_of(l->parts[k], largest) * LAYER_W;

    segment(p, x, y - 11, width, 13, k % n, k >= n);
    x += width;
  }
  rrn_write_format(&p->w, "<text class=\"item end\" x=\"%d\" y=\"%d\">", LAYER_VALUE_X, (int)y);
  rrn_svg_energy(&p->w, l->energy_pj);
  rrn_write_format(&p->w, "</text><text class=\"small end\" x=\"%d\" y=\"%d\">", LAYER_SHARE_X, (int)y);
  percent(p, share_of(l->energy_pj, p->energy_pj));
  rrn_write_format(&p->w, "</text><text class=\"item end\" x=\"%d\" y=\"%d\">", MARGIN + FULL_W, (int)y);
  rrn_svg_area(&p->w, l->area_um2);
  rrn_write_text(&p->w, "</text>\n");
}

static void
write_lines(picture *p)
{
  const int32_t top = layers_y(p);
  double largest = 0;
  int32_t i;

  for (i = 0; i < p->n_lines; i++)
    largest = p->lines[i].energy_pj > largest ? p->lines[i].energy_pj : largest;
  heading(p, MARGIN, top - LAYER_ROW - 4, "head", "Layer");
  heading(p, LAYER_X, top - LAYER_ROW - 4, "head", "energy by component");
  heading(p, MARGIN + FULL_W, top - LAYER_ROW - 4, "head end", "area");
  for (i = 0; i < p->n_lines; i++)
    write_line(p, &p->lines[i], top + LAYER_ROW * i, largest);
  rrn_write_format(&p->w, "<text x=\"%d\" y=\"%d\" class=\"label end\">librramnas %s</text>\n</svg>\n", PAGE_W - 24,
                   (int)(top + LAYER_ROW * p->n_lines + 38), rramnas_version());
}

int32_t
rrn_report_cost_svg(rrn_costing *c, rramnas_write_fn write, void *user, rramnas_error *err)
{
  picture p = { .c = c };

  RRN_TRY(collect(&p, err));
  rrn_writer_init(&p.w, write, user);
  begin_page(&p);
  write_header(&p);
  write_bars(&p);
  write_table(&p);
  write_lines(&p);
  return rrn_writer_finish(&p.w, err);
}
