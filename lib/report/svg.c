/* SPDX-License-Identifier: MIT */
/* The floor plan as SVG (doc/report.md).
 *
 * In:  a mapping, timing options for the figures in the header.
 * Out: a picture: every used crossbar drawn to scale with its boxes, coloured by layer; key figures; a legend.
 *
 * Crossbars stand in rows, by number, in a landscape field; rows of cells run across, columns down the page as in
 * a matrix. The plan is drawn in units of cells and scaled as a whole, so its coordinates are integers and exact.
 * What is drawn shrinks with the number of things, so that a file stays below about 20 MB:
 *
 *   up to 2,000 crossbars and 20,000 boxes    boxes with tooltips; numbers when there is room
 *   up to 20,000 crossbars and 250,000 boxes  boxes, one path per layer
 *   more                                      a square per crossbar, or per equal group of crossbars beyond
 *                                             100,000, coloured by the layer with most cells in it; neighbours of
 *                                             one colour are one rectangle
 *
 * Complexity: linear in boxes. Numbers are written from integers: no locale. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "compile/bound.h"
#include "compile/passes.h"
#include "report/report.h"
#include "report/svg_text.h"

enum {
  TOOLTIP_BARS = 2000, TOOLTIP_BOXES = 20000, BOX_BARS = 20000, BOX_BOXES = 250000, MOST_SQUARES = 100000,
  /* Page, in pixels. */
  PAGE_W = 1280, MARGIN = 40, PLAN_W = 872, PLAN_H = 640, PLAN_Y = 140, LEGEND_X = 952, LEGEND_W = 288,
  LEGEND_ROW = 24, LEGEND_ROWS = 24, MOST_TILE = 380, NUMBER_TILE = 30, NUMBER_GAP = 16,
  NAME_LENGTH = RRN_SVG_NAME_LENGTH, LEGEND_NAME_LENGTH = 23,
};

typedef enum detail { DETAIL_TOOLTIPS, DETAIL_BOXES, DETAIL_SQUARES } detail;

typedef struct plan {
  const rramnas_mapping *m;
  const rramnas_timing_options *how;
  rramnas_timing timing;
  rrn_writer w;
  rrn_arena arena;
  detail detail;
  rrn_bound bound;
  int32_t bars_per_tile; /* 1 but for very many crossbars */
  int32_t n_tiles;
  int32_t *tile_of;      /* [crossbars_available] */
  int32_t columns, lines;    /* of the grid of tiles */
  int64_t tile_w, tile_h;    /* cells */
  int64_t gap_x, gap_y;      /* cells */
  double scale;              /* pixels per cell */
  int numbers;
} plan;

/* --- names and colours --- */

static void
colour(plan *p, int32_t layer)
{
  rrn_write_format(&p->w, "#%06x", (unsigned)rrn_report_colour(layer, p->m->n_layers));
}

static const char *
layer_name(const plan *p, int32_t layer)
{
  return p->m->net->layers[p->m->layer_of[layer]].name;
}

static int64_t
layer_cells(const rramnas_mapping *m, int32_t layer)
{
  int64_t cells = 0;
  int32_t i;

  for (i = m->first_piece[layer]; i < m->first_piece[layer + 1]; i++)
    cells += (int64_t)m->pieces[i].rows * m->pieces[i].cols;
  return cells * m->copies[layer];
}

/* --- layout --- */

static detail
choose_detail(const rramnas_mapping *m)
{
  if (m->crossbars_used <= TOOLTIP_BARS && m->n_placements <= TOOLTIP_BOXES)
    return DETAIL_TOOLTIPS;
  return m->crossbars_used <= BOX_BARS && m->n_placements <= BOX_BOXES ? DETAIL_BOXES : DETAIL_SQUARES;
}

/* Numbers the used crossbars through; each takes a place in the grid, or shares it with its neighbours. */
static int32_t
assign_tiles(plan *p, rramnas_error *err)
{
  const rramnas_mapping *m = p->m;
  int32_t bar, used = 0;
  size_t i;

  p->tile_of = rrn_arena_alloc(&p->arena, (size_t)m->crossbars_available, sizeof(*p->tile_of));
  if (!p->tile_of)
    return rrn_fail_memory(err);
  for (i = 0; i < m->n_placements; i++)
    p->tile_of[m->placements[i].crossbar] = 1;
  for (bar = 0; bar < m->crossbars_available; bar++)
    used += p->tile_of[bar];
  p->bars_per_tile = p->detail == DETAIL_SQUARES ? (used + MOST_SQUARES - 1) / MOST_SQUARES : 1;
  for (bar = 0, used = 0; bar < m->crossbars_available; bar++)
    p->tile_of[bar] = p->tile_of[bar] ? used++ / p->bars_per_tile : -1;
  p->n_tiles = (used + p->bars_per_tile - 1) / p->bars_per_tile;
  return RRAMNAS_OK;
}

static double
scale_with(const plan *p, int32_t columns)
{
  const int32_t lines = (p->n_tiles + columns - 1) / columns;
  const double x = (double)PLAN_W / (double)(columns * (p->tile_w + p->gap_x) - p->gap_x);
  const double y = (double)PLAN_H / (double)(lines * (p->tile_h + p->gap_y));

  return x < y ? x : y;
}

/* Columns that draw the tiles largest; the best is next to where both directions are filled. */
static void
fit_grid(plan *p)
{
  const double side = sqrt((double)p->n_tiles * PLAN_W / PLAN_H * (double)(p->tile_h + p->gap_y) /
                           (double)(p->tile_w + p->gap_x));
  const int32_t middle = side < p->n_tiles ? (int32_t)side : p->n_tiles;
  const double most = (double)MOST_TILE / (double)(p->tile_w > p->tile_h ? p->tile_w : p->tile_h);
  int32_t c;

  p->scale = 0;
  for (c = middle > 2 ? middle - 2 : 1; c <= middle + 2 && c <= p->n_tiles; c++)
    if (scale_with(p, c) > p->scale) {
      p->scale = scale_with(p, c);
      p->columns = c;
    }
  p->scale = p->scale < most ? p->scale : most;
  p->lines = (p->n_tiles + p->columns - 1) / p->columns;
}

static void
lay_out(plan *p)
{
  const rramnas_hw *hw = p->m->hw;
  int64_t side;

  p->tile_w = p->detail == DETAIL_SQUARES ? 1 : hw->v.crossbar.cols;
  p->tile_h = p->detail == DETAIL_SQUARES ? 1 : hw->v.crossbar.rows;
  side = p->tile_w < p->tile_h ? p->tile_w : p->tile_h;
  p->gap_x = p->gap_y = p->detail == DETAIL_SQUARES ? 0 : side / 12 + 1;
  fit_grid(p);
  p->numbers = p->detail == DETAIL_TOOLTIPS && p->scale * (double)side >= NUMBER_TILE;
  if (p->numbers) {
    p->gap_y = (int64_t)(NUMBER_GAP / p->scale) + 1;
    fit_grid(p);
  }
}

/* --- header --- */

static void
begin_figure(plan *p, int32_t x, const char *label)
{
  rrn_write_format(&p->w, "<text x=\"%d\" y=\"96\" class=\"label\">%s</text><text x=\"%d\" y=\"118\" class=\"figure\">",
                   (int)x, label, (int)x);
}

static void
end_figure(plan *p, const char *small)
{
  rrn_write_format(&p->w, "<tspan dx=\"5\" class=\"small\">%s</tspan></text>\n", small);
}

static void
write_figures(plan *p)
{
  const rramnas_mapping *m = p->m;
  char text[96];

  begin_figure(p, MARGIN, "crossbars used");
  rrn_write_format(&p->w, "%d", (int)m->crossbars_used);
  snprintf(text, sizeof(text), "of %d", (int)m->crossbars_available);
  end_figure(p, text);
  begin_figure(p, MARGIN + 190, "lower bound");
  rrn_write_format(&p->w, "%" PRId64, p->bound.best);
  end_figure(p, p->bound.best == m->crossbars_used ? "optimal" : "");
  begin_figure(p, MARGIN + 330, "utilisation");
  rrn_svg_fixed(&p->w, rrn_mapping_utilization(m) * 100, 1);
  end_figure(p, "%");
  begin_figure(p, MARGIN + 470, "latency");
  rrn_svg_duration(&p->w, p->timing.latency_ns);
  snprintf(text, sizeof(text), "%d sample%s, %s model", (int)p->how->samples, p->how->samples == 1 ? "" : "s",
           rrn_report_model_name(p->how->model));
  end_figure(p, text);
  begin_figure(p, MARGIN + 750, "without contention");
  rrn_svg_duration(&p->w, p->timing.contention_free_ns);
  end_figure(p, "");
  if (p->how->no_baseline)
    return;
  begin_figure(p, LEGEND_X, "speed-up");
  rrn_svg_four_digits(&p->w, p->timing.speedup);
  end_figure(p, "\xc3\x97 one tile per crossbar");
}

static double
plan_height(const plan *p)
{
  return (double)(p->lines * (p->tile_h + p->gap_y)) * p->scale;
}

static int32_t
legend_rows(const plan *p)
{
  return p->m->n_layers < LEGEND_ROWS ? p->m->n_layers : LEGEND_ROWS + 1;
}

static int32_t
page_height(const plan *p)
{
  const int32_t legend = LEGEND_ROW * (legend_rows(p) + 1), drawn = (int32_t)ceil(plan_height(p));

  return PLAN_Y + (legend > drawn ? legend : drawn) + 48;
}

static void
write_header(plan *p)
{
  const rramnas_mapping *m = p->m;
  const rramnas_hw *hw = m->hw;
  rrn_writer *w = &p->w;
  const int32_t height = page_height(p);

  rrn_write_format(w, "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
                   "role=\"img\">\n<title>", PAGE_W, (int)height, PAGE_W, (int)height);
  rrn_write_xml(w, m->net->name);
  rrn_write_text(w, ": floor plan</title>\n<style>"
                 RRN_SVG_STYLE
                 ".numbers text{fill:#8a94a0}.boxes rect:hover{stroke:#111}</style>\n");
  rrn_write_format(w, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n<text x=\"%d\" y=\"52\" class=\"name\">", PAGE_W,
                   (int)height, MARGIN);
  rrn_svg_short_name(w, m->net->name, NAME_LENGTH);
  rrn_write_format(w, "<tspan dx=\"14\" class=\"small\">policy %s, crossbars of %d \xc3\x97 %d cells",
                   rrn_policy_find(m->policy)->name, (int)hw->v.crossbar.rows, (int)hw->v.crossbar.cols);
  if (hw->name && *hw->name) {
    rrn_write_text(w, ", ");
    rrn_svg_short_name(w, hw->name, NAME_LENGTH);
  }
  rrn_write_text(w, "</tspan></text>\n");
  write_figures(p);
}

/* --- plan --- */

static int64_t
tile_x(const plan *p, int32_t tile)
{
  return tile % p->columns * (p->tile_w + p->gap_x);
}

static int64_t
tile_y(const plan *p, int32_t tile)
{
  return tile / p->columns * (p->tile_h + p->gap_y);
}

static void
rectangle(plan *p, int64_t x, int64_t y, int64_t width, int64_t height)
{
  rrn_write_format(&p->w, "M%" PRId64 " %" PRId64 "h%" PRId64 "v%" PRId64 "h-%" PRId64 "z", x, y, width, height, width);
}

/* A line of `pixels` in cells, for stroke-width. */
static void
stroke(plan *p, const char *line_colour, double pixels)
{
  rrn_write_format(&p->w, " stroke=\"%s\" stroke-width=\"", line_colour);
  rrn_svg_fixed(&p->w, pixels / p->scale, 3);
  rrn_write_text(&p->w, "\"");
}

static double
tile_pixels(const plan *p)
{
  return p->scale * (double)(p->tile_w < p->tile_h ? p->tile_w : p->tile_h);
}

/* Empty crossbars; the boxes go on top. */
static void
write_tiles(plan *p)
{
  int32_t tile;

  rrn_write_text(&p->w, "<path fill=\"#f1f3f5\"");
  if (tile_pixels(p) >= 6)
    stroke(p, "#aab2bd", 1);
  rrn_write_text(&p->w, " d=\"");
  for (tile = 0; tile < p->n_tiles; tile++) {
    rectangle(p, tile_x(p, tile), tile_y(p, tile), p->tile_w, p->tile_h);
    rrn_write_text(&p->w, "\n");
  }
  rrn_write_text(&p->w, "\"/>\n");
}

/* The last columns of each crossbar, which no box takes. */
static void
write_unit_columns(plan *p)
{
  const int32_t width = p->m->unit_cols;
  int32_t tile;

  if (width == 0 || p->detail == DETAIL_SQUARES)
    return;
  rrn_write_text(&p->w, "<path fill=\"#c3cad2\" d=\"");
  for (tile = 0; tile < p->n_tiles; tile++) {
    rectangle(p, tile_x(p, tile) + p->tile_w - width, tile_y(p, tile), width, p->tile_h);
    rrn_write_text(&p->w, "\n");
  }
  rrn_write_text(&p->w, "\"><title>unit columns: the weight 0</title></path>\n");
}

static void
write_box(plan *p, int32_t layer, int32_t copy, int32_t piece)
{
  const rrn_placement *at = rrn_mapping_placement(p->m, layer, copy, piece);
  const rrn_piece *box = &p->m->pieces[p->m->first_piece[layer] + piece];
  const int32_t tile = p->tile_of[at->crossbar];
  const int64_t x = tile_x(p, tile) + at->col, y = tile_y(p, tile) + at->row;

  if (p->detail != DETAIL_TOOLTIPS) {
    rectangle(p, x, y, box->cols, box->rows);
    return;
  }
  rrn_write_format(&p->w, "<rect x=\"%" PRId64 "\" y=\"%" PRId64 "\" width=\"%d\" height=\"%d\"><title>", x, y,
                   (int)box->cols, (int)box->rows);
  rrn_write_xml(&p->w, layer_name(p, layer));
  rrn_write_format(&p->w, "\npiece %d of copy %d, %d \xc3\x97 %d, crossbar %d</title></rect>\n", (int)piece, (int)copy,
                   (int)box->rows, (int)box->cols, (int)at->crossbar);
}

static void
write_layer_boxes(plan *p, int32_t layer)
{
  int32_t copy, piece;

  rrn_write_text(&p->w, p->detail == DETAIL_TOOLTIPS ? "<g fill=\"" : "<path fill=\"");
  colour(p, layer);
  rrn_write_text(&p->w, p->detail == DETAIL_TOOLTIPS ? "\">\n" : "\" d=\"");
  for (copy = 0; copy < p->m->copies[layer]; copy++)
    for (piece = 0; piece < rrn_mapping_pieces_of(p->m, layer); piece++)
      write_box(p, layer, copy, piece);
  rrn_write_text(&p->w, p->detail == DETAIL_TOOLTIPS ? "</g>\n" : "\"/>\n");
}

static void
write_boxes(plan *p)
{
  int32_t layer;

  rrn_write_text(&p->w, "<g class=\"boxes\"");
  if (tile_pixels(p) >= 12)
    stroke(p, "#fff", tile_pixels(p) >= 40 ? 0.8 : 0.4);
  rrn_write_text(&p->w, ">\n");
  for (layer = 0; layer < p->m->n_layers; layer++)
    write_layer_boxes(p, layer);
  rrn_write_text(&p->w, "</g>\n");
}

static void
write_numbers(plan *p)
{
  int32_t bar;

  rrn_write_text(&p->w, "<g class=\"numbers\" text-anchor=\"middle\" font-size=\"");
  rrn_svg_fixed(&p->w, 9 / p->scale, 2);
  rrn_write_text(&p->w, "\">\n");
  for (bar = 0; bar < p->m->crossbars_available; bar++) {
    const int32_t tile = p->tile_of[bar];

    if (tile < 0)
      continue;
    rrn_write_format(&p->w, "<text x=\"%" PRId64 "\" y=\"%" PRId64 "\">%d</text>\n", tile_x(p, tile) + p->tile_w / 2,
                     tile_y(p, tile) + p->tile_h + (int64_t)(9.5 / p->scale), (int)bar);
  }
  rrn_write_text(&p->w, "</g>\n");
}

/* --- plan of very many crossbars --- */

typedef struct square {
  int32_t layer, best_layer;
  int64_t cells, best_cells;
} square;

static void
settle(square *s)
{
  if (s->cells > s->best_cells) {
    s->best_cells = s->cells;
    s->best_layer = s->layer;
  }
}

/* The layer with most cells of each tile, the earlier of equals. Placements are by layer, so one sum per tile
 * is under way at a time. */
static int32_t
collect_squares(plan *p, square **ret_squares, rramnas_error *err)
{
  const rramnas_mapping *m = p->m;
  square *squares = rrn_arena_alloc(&p->arena, (size_t)p->n_tiles, sizeof(*squares));
  int32_t layer, i;
  int64_t k;

  if (!squares)
    return rrn_fail_memory(err);
  for (layer = 0; layer < m->n_layers; layer++)
    for (k = m->first_placement[layer]; k < m->first_placement[layer + 1]; k++) {
      square *s = &squares[p->tile_of[m->placements[k].crossbar]];
      const rrn_piece *box =
        &m->pieces[m->first_piece[layer] + (k - m->first_placement[layer]) % rrn_mapping_pieces_of(m, layer)];

      if (s->layer != layer) {
        settle(s);
        s->layer = layer;
        s->cells = 0;
      }
      s->cells += (int64_t)box->rows * box->cols;
    }
  for (i = 0; i < p->n_tiles; i++)
    settle(&squares[i]);
  *ret_squares = squares;
  return RRAMNAS_OK;
}

static int32_t
write_squares(plan *p, rramnas_error *err)
{
  square *squares = NULL;
  int32_t tile, end;

  RRN_TRY(collect_squares(p, &squares, err));
  for (tile = 0; tile < p->n_tiles; tile = end) {
    for (end = tile + 1; end < p->n_tiles && end % p->columns != 0; end++)
      if (squares[end].best_layer != squares[tile].best_layer)
        break;
    rrn_write_text(&p->w, "<path fill=\"");
    colour(p, squares[tile].best_layer);
    rrn_write_text(&p->w, "\" d=\"");
    rectangle(p, tile_x(p, tile), tile_y(p, tile), end - tile, 1);
    rrn_write_text(&p->w, "\"/>\n");
  }
  return RRAMNAS_OK;
}

static int32_t
write_plan(plan *p, rramnas_error *err)
{
  rrn_write_format(&p->w, "<g transform=\"translate(%d %d) scale(", MARGIN, PLAN_Y);
  rrn_svg_fixed(&p->w, p->scale, 6);
  /* Without smoothing, or thin squares would show seams. */
  rrn_write_text(&p->w, p->detail == DETAIL_SQUARES ? ")\" shape-rendering=\"crispEdges\">\n" : ")\">\n");
  if (p->detail == DETAIL_SQUARES) {
    RRN_TRY(write_squares(p, err));
  } else {
    write_tiles(p);
    write_unit_columns(p);
    write_boxes(p);
  }
  if (p->numbers)
    write_numbers(p);
  rrn_write_text(&p->w, "</g>\n");
  return RRAMNAS_OK;
}

/* --- legend --- */

/* Marks the LEGEND_ROWS layers with most cells, earlier first among equals; returns the cells of all. */
static int64_t
mark_largest(const plan *p, uint8_t *marks)
{
  const rramnas_mapping *m = p->m;
  int32_t largest[LEGEND_ROWS], n = 0, layer, k;
  int64_t sum = 0;

  for (layer = 0; layer < m->n_layers; layer++) {
    const int64_t cells = layer_cells(m, layer);

    sum += cells;
    for (k = n; k > 0 && cells > layer_cells(m, largest[k - 1]); k--)
      if (k < LEGEND_ROWS)
        largest[k] = largest[k - 1];
    if (k < LEGEND_ROWS)
      largest[k] = layer;
    n += n < LEGEND_ROWS;
  }
  for (k = 0; k < n; k++)
    marks[largest[k]] = 1;
  return sum;
}

static void
legend_end(plan *p, int32_t y, double share)
{
  rrn_write_format(&p->w, "<text x=\"%d\" y=\"%d\" class=\"small end\">", LEGEND_X + LEGEND_W, (int)y);
  if (share > 0 && share < 0.001)
    rrn_write_text(&p->w, "&lt; 0.1");
  else
    rrn_svg_fixed(&p->w, share * 100, 1);
  rrn_write_text(&p->w, " %</text>\n");
}

static void
legend_row(plan *p, int32_t layer, int32_t y, double share)
{
  rrn_write_format(&p->w, "<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"14\" rx=\"3\" fill=\"", LEGEND_X, (int)(y - 11));
  colour(p, layer);
  rrn_write_format(&p->w, "\"/><text x=\"%d\" y=\"%d\" class=\"item\"><tspan class=\"small\">%d</tspan> ",
                   LEGEND_X + 22, (int)y, (int)p->m->layer_of[layer]);
  rrn_svg_short_name(&p->w, layer_name(p, layer), LEGEND_NAME_LENGTH);
  if (p->m->copies[layer] > 1)
    rrn_write_format(&p->w, "<tspan dx=\"6\" class=\"small\">\xc3\x97 %d</tspan>", (int)p->m->copies[layer]);
  rrn_write_text(&p->w, "</text>");
  legend_end(p, y, share);
}

static int32_t
write_legend(plan *p, rramnas_error *err)
{
  const rramnas_mapping *m = p->m;
  uint8_t *marks = rrn_arena_alloc(&p->arena, (size_t)m->n_layers, 1);
  int32_t y = PLAN_Y + 11, layer;
  int64_t sum, rest = 0;

  if (!marks)
    return rrn_fail_memory(err);
  sum = mark_largest(p, marks);
  rrn_write_format(&p->w, "<text x=\"%d\" y=\"%d\" class=\"label\">layer, copies</text><text x=\"%d\" y=\"%d\" "
                   "class=\"label end\">cells</text>\n", LEGEND_X, (int)y, LEGEND_X + LEGEND_W, (int)y);
  for (layer = 0; layer < m->n_layers; layer++) {
    if (marks[layer])
      legend_row(p, layer, y += LEGEND_ROW, (double)layer_cells(m, layer) / (double)sum);
    else
      rest += layer_cells(m, layer);
  }
  if (m->n_layers > LEGEND_ROWS) {
    y += LEGEND_ROW;
    rrn_write_format(&p->w, "<text x=\"%d\" y=\"%d\" class=\"small\">\xe2\x80\xa6 and %d smaller layers</text>",
                     LEGEND_X + 22, (int)y, (int)(m->n_layers - LEGEND_ROWS));
    legend_end(p, y, (double)rest / (double)sum);
  }
  return RRAMNAS_OK;
}

static void
write_footer(plan *p)
{
  rrn_write_format(&p->w, "<text x=\"%d\" y=\"%d\" class=\"label\">", MARGIN, (int)(page_height(p) - 18));
  if (p->bars_per_tile > 1)
    rrn_write_format(&p->w, "One square is %d crossbars, coloured by the layer with most cells.", (int)p->bars_per_tile);
  else if (p->detail == DETAIL_SQUARES)
    rrn_write_text(&p->w, "One square is one crossbar, coloured by the layer with most cells.");
  else
    rrn_write_text(&p->w, "Colour runs with the order of execution; grey cells are free.");
  rrn_write_format(&p->w, "</text><text x=\"%d\" y=\"%d\" class=\"label end\">librramnas %s</text>\n</svg>\n",
                   LEGEND_X + LEGEND_W, (int)(page_height(p) - 18), rramnas_version());
}

static int32_t
draw(plan *p, rramnas_error *err)
{
  p->detail = choose_detail(p->m);
  RRN_TRY(rrn_bound_mapping(p->m, &p->arena, &p->bound, err));
  RRN_TRY(assign_tiles(p, err));
  lay_out(p);
  write_header(p);
  RRN_TRY(write_plan(p, err));
  RRN_TRY(write_legend(p, err));
  write_footer(p);
  return rrn_writer_finish(&p->w, err);
}

int32_t
rrn_report_svg(const rramnas_mapping *m, const rramnas_timing_options *timing, rramnas_write_fn write, void *user,
               rramnas_error *err)
{
  plan p = { .m = m, .how = timing };
  int32_t status;

  RRN_TRY(rrn_timing_all(m, timing, &p.timing, err));
  rrn_writer_init(&p.w, write, user);
  rrn_arena_init(&p.arena, &m->rt);
  status = draw(&p, err);
  rrn_arena_release(&p.arena);
  return status;
}
