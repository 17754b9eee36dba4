/* SPDX-License-Identifier: MIT */
/*
 * In: a mapping, a cost model, a timing model. Out: costs by layer and component and by crossbar, totals, ratios.
 *
 * The driver common to all models: gives the mapping the chip of the options, times it unless the time is known, lets
 * the model fill the rows, rounds them to a grid on which sums are exact (quantize.c), adds up, divides.
 *
 * Crossbars: what stands in crossbars is shared evenly (area, leakage), or by the work of the boxes: a layer's
 * dynamic energy goes to its placements by the piece's weight and the copy's part of the activations. Each share is
 * the difference of two rounded running sums, so shares add up exactly.
 *
 * Complexity: that of the model; O(placements) more for crossbars.
 */
#include "cost/cost.h"

#include <math.h>
#include <string.h>

#include "timing/baseline.h"
#include "util/options.h"

static const rrn_cost_model models[] = {
  { RRAMNAS_COST_RRAMNAS, "rramnas", rrn_cost_rramnas },
  { RRAMNAS_COST_MNSIM, "mnsim", rrn_cost_mnsim },
};
enum { N_MODELS = sizeof(models) / sizeof(models[0]) };

const rrn_cost_model *
rrn_cost_find(int32_t number)
{
  size_t i;

  for (i = 0; i < N_MODELS; i++)
    if (models[i].number == number)
      return &models[i];
  return NULL;
}

const rrn_cost_model *
rrn_cost_named(const char *name)
{
  size_t i;

  for (i = 0; i < N_MODELS; i++)
    if (strcmp(models[i].name, name) == 0)
      return &models[i];
  return NULL;
}

/* --- options --- */

static int32_t
resolve(const rramnas_cost_options *callers, rramnas_cost_options *o, rramnas_error *err)
{
  rramnas_timing_options timing = RRAMNAS_TIMING_OPTIONS_INIT;

  RRN_TRY(rrn_options_read(o, sizeof(*o), callers, "rramnas_cost_options", err));
  timing.model = o->timing_model;
  timing.samples = o->samples;
  timing.floor_remainder = o->floor_remainder;
  timing.sharing = o->sharing;
  RRN_TRY(rrn_timing_resolve(&timing, &timing, err));
  o->model = o->model ? o->model : RRAMNAS_COST_RRAMNAS;
  o->timing_model = timing.model;
  o->samples = timing.samples;
  o->sharing = timing.sharing;
  RRN_FAIL_IF(o->model != RRAMNAS_COST_RRAMNAS && o->model != RRAMNAS_COST_MNSIM, err, RRAMNAS_ERR_ARGUMENT,
              "cost options: there is no model %d", (int)o->model);
  RRN_FAIL_IF(!rrn_cost_find(o->model), err, RRAMNAS_ERR_UNSUPPORTED, "cost options: this build has no model %d",
              (int)o->model);
  RRN_FAIL_IF(!(o->latency_ns >= 0 && o->latency_ns < 1e300), err, RRAMNAS_ERR_RANGE,
              "cost options: latency_ns is negative or not a number");
  return RRAMNAS_OK;
}

static int32_t
check_geometry(const rramnas_hw *a, const rramnas_hw *b, rramnas_error *err)
{
  const rrn_hw_values *v = &a->v, *w = &b->v;

  RRN_FAIL_IF(v->crossbar.rows != w->crossbar.rows || v->crossbar.cols != w->crossbar.cols, err, RRAMNAS_ERR_ARGUMENT,
              "cost options: hw has crossbars of %d x %d, the mapping was made for %d x %d", (int)w->crossbar.rows,
              (int)w->crossbar.cols, (int)v->crossbar.rows, (int)v->crossbar.cols);
  RRN_FAIL_IF(v->weight.slicing != w->weight.slicing || rrn_hw_columns_per_weight(a) != rrn_hw_columns_per_weight(b),
              err,
              RRAMNAS_ERR_ARGUMENT,
                   "cost options: hw has %d columns per weight, the mapping was made for %d, or slices differ",
              (int)rrn_hw_columns_per_weight(b), (int)rrn_hw_columns_per_weight(a));
  RRN_FAIL_IF(rrn_hw_unit_columns_of(a, v->weight.bits) != rrn_hw_unit_columns_of(b, w->weight.bits), err,
              RRAMNAS_ERR_ARGUMENT, "cost options: hw has %d unit columns, the mapping was made for %d",
              (int)rrn_hw_unit_columns_of(b, w->weight.bits), (int)rrn_hw_unit_columns_of(a, v->weight.bits));
  return RRAMNAS_OK;
}

/* Layers with bits of their own must not be wider than the other circuit. */
static int32_t
check_layer_bits(const rramnas_mapping *m, const rramnas_hw *hw, rramnas_error *err)
{
  size_t i;

  for (i = 0; i < m->n_bits; i++)
    RRN_FAIL_IF(m->weight_bits[i] > hw->v.weight.bits || m->input_bits[i] > hw->v.input.bits, err, RRAMNAS_ERR_ARGUMENT,
                "cost options: hw has weights of %d and inputs of %d bits, mapped layer %zu has %d and %d",
                (int)hw->v.weight.bits, (int)hw->v.input.bits, i, (int)m->weight_bits[i], (int)m->input_bits[i]);
  return RRAMNAS_OK;
}

/* The mapping with another chip: the same but for the latencies of its pieces. */
static int32_t
set_view(rrn_costing *c, const rramnas_mapping *m, rramnas_error *err)
{
  rrn_piece *pieces;
  size_t i;

  memcpy(&c->view, m, sizeof(*m));
  if (!c->o.hw || c->o.hw == m->hw)
    return RRAMNAS_OK;
  RRN_TRY(check_geometry(m->hw, c->o.hw, err));
  RRN_TRY(check_layer_bits(m, c->o.hw, err));
  pieces = rrn_arena_alloc_raw(&c->arena, m->n_pieces, sizeof(*pieces));
  if (!pieces)
    return rrn_fail_memory(err);
  for (i = 0; i < m->n_pieces; i++) {
    pieces[i] = m->pieces[i];
    pieces[i].latency_ns = i > 0 && pieces[i].layer == pieces[i - 1].layer && pieces[i].rows == pieces[i - 1].rows &&
         pieces[i].read_cols == pieces[i - 1].read_cols && pieces[i].row_parts == pieces[i - 1].row_parts
                             ? pieces[i - 1].latency_ns
                             : rrn_piece_latency_ns(c->o.hw, &m->matrices[pieces[i].layer], &pieces[i]);
  }
  c->view.hw = (rramnas_hw *)(uintptr_t)c->o.hw; /* only read, and never released through the view */
  c->view.pieces = pieces;
  return RRAMNAS_OK;
}

/* --- totals --- */

/* All rows by kind, one next to the other: three sums take the time of one. */
static void
sum_rows(const rrn_costing *c, double ret_sums[RRN_COST_KINDS])
{
  double dynamic = 0, leaked = 0, area = 0;
  size_t i;
  int32_t k;

  for (i = 0; i <= c->view.net->n_layers; i++)
    for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++) {
      const double *entry = c->out.rows[i][k];

      dynamic += entry[RRN_COST_DYNAMIC];
      leaked += entry[RRN_COST_STATIC];
      area += entry[RRN_COST_AREA];
    }
  ret_sums[RRN_COST_DYNAMIC] = dynamic;
  ret_sums[RRN_COST_STATIC] = leaked;
  ret_sums[RRN_COST_AREA] = area;
}

static void
round_rows(rrn_costing *c)
{
  double sums[RRN_COST_KINDS];
  size_t i;
  int32_t k;

  sum_rows(c, sums);
  c->energy_step_pj = rrn_grid_step(sums[RRN_COST_DYNAMIC] + sums[RRN_COST_STATIC]);
  c->area_step_um2 = rrn_grid_step(sums[RRN_COST_AREA]);
  for (i = 0; i <= c->view.net->n_layers; i++)
    for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++) {
      double *entry = c->out.rows[i][k];

      entry[RRN_COST_DYNAMIC] = rrn_grid_round(entry[RRN_COST_DYNAMIC], c->energy_step_pj);
      entry[RRN_COST_STATIC] = rrn_grid_round(entry[RRN_COST_STATIC], c->energy_step_pj);
      entry[RRN_COST_AREA] = rrn_grid_round(entry[RRN_COST_AREA], c->area_step_um2);
    }
}

static double
ratio(double a, double b)
{
  return b > 0 ? a / b : 0;
}

static void
set_ratios(rramnas_cost *f, double busy_ns)
{
  const double per_inference_ns = f->latency_ns / f->samples, macs = f->macs * f->samples;

  f->energy_per_inference_pj = f->energy_pj / f->samples;
  f->energy_per_mac_pj = ratio(f->energy_pj, macs);
  f->power_mw = ratio(f->energy_pj, f->latency_ns);
  f->leakage_mw = ratio(f->energy_static_pj, f->latency_ns);
  f->edp_pj_ns = f->energy_per_inference_pj * per_inference_ns;
  f->edap_pj_ns_um2 = f->edp_pj_ns * f->area_um2;
  f->tops = ratio(2 * macs, f->latency_ns) / 1000;
  f->tops_per_w = ratio(f->tops, f->power_mw) * 1000;
  f->tops_per_mm2 = ratio(f->tops, f->area_um2) * 1e6;
  f->inferences_per_s = ratio(1e9, per_inference_ns);
  f->busy_share = ratio(busy_ns, f->latency_ns * (double)f->crossbars);
}

static void
set_totals(rrn_costing *c)
{
  rramnas_cost *f = &c->cost;
  double sums[RRN_COST_KINDS];

  sum_rows(c, sums);
  *f = c->out.figures;
  f->size = sizeof(*f);
  f->samples = c->o.samples;
  f->energy_dynamic_pj = sums[RRN_COST_DYNAMIC];
  f->energy_static_pj = sums[RRN_COST_STATIC];
  f->energy_pj = f->energy_dynamic_pj + f->energy_static_pj;
  f->area_um2 = sums[RRN_COST_AREA];
  set_ratios(f, c->out.busy_ns);
}

/* --- the run --- */

static rrn_sim_options
sim_of(const rrn_costing *c)
{
  return (rrn_sim_options){ .model = c->o.timing_model, .samples = c->o.samples,
                            .floor_remainder = c->o.floor_remainder, .sharing = c->o.sharing };
}

static int32_t
run(rrn_costing *c, const rramnas_mapping *m, rramnas_error *err)
{
  const rrn_sim_options sim = sim_of(c);
  rrn_cost_input in = { .m = &c->view, .samples = c->o.samples, .latency_ns = c->o.latency_ns, .arena = &c->arena };

  RRN_TRY(set_view(c, m, err));
  if (in.latency_ns == 0)
    RRN_TRY(rrn_simulate(&c->view, &sim, &in.latency_ns, err));
  c->out.rows = rrn_arena_alloc(&c->arena, m->net->n_layers + 1, sizeof(*c->out.rows));
  c->out.piece_weights = rrn_arena_alloc(&c->arena, m->n_pieces, sizeof(double));
  if (!c->out.rows || !c->out.piece_weights)
    return rrn_fail_memory(err);
  c->out.figures.latency_ns = in.latency_ns;
  RRN_TRY(c->model->run(&in, &c->out, err));
  round_rows(c);
  set_totals(c);
  return RRAMNAS_OK;
}

int32_t
rrn_cost_run(const rramnas_mapping *m, const rramnas_cost_options *options, rrn_costing *ret_costing,
             rramnas_error *err)
{
  rrn_costing *c = ret_costing;
  int32_t status;

  memset(c, 0, sizeof(*c));
  RRN_TRY(resolve(options, &c->o, err));
  c->model = rrn_cost_find(c->o.model);
  rrn_arena_init(&c->arena, &m->rt);
  status = run(c, m, err);
  if (status < 0)
    rrn_arena_release(&c->arena);
  return status;
}

/* --- crossbars --- */

/* The first three columns are the kinds of the rows. */
enum { CROSSBAR_DYNAMIC, CROSSBAR_BUSY = RRN_COST_KINDS, CROSSBAR_IDLE };

static void
add_span(void *user, const rrn_span *span)
{
  double (*rows)[5] = user;

  rows[span->crossbar][CROSSBAR_BUSY] += span->end_ns - span->start_ns;
}

/* Part of the activations that fall to a copy. */
static double
copy_share(const rramnas_mapping *m, int32_t layer, const rrn_piece *p, int32_t copy)
{
  const int64_t activations = p->activations, workers = m->copies[layer] < activations ? m->copies[layer] : activations;

  return copy >= workers ? 0 : (double)(activations / workers + (copy < activations % workers)) / (double)activations;
}

static double
inside_dynamic(const rrn_costing *c, int32_t net_layer)
{
  double sum = 0;
  int32_t k;

  for (k = 0; k <= RRN_COST_LAST_IN_CROSSBAR; k++)
    sum += c->out.rows[net_layer][k][RRN_COST_DYNAMIC];
  return sum;
}

/* Sum of the weights of a layer's pieces; 0 when the model gave none, which makes pieces alike. */
static double
weights_of(const rrn_costing *c, int32_t layer)
{
  double sum = 0;
  int32_t k;

  for (k = c->view.first_piece[layer]; k < c->view.first_piece[layer + 1]; k++)
    sum += c->out.piece_weights[k];
  return sum;
}

static void
share_layer(const rrn_costing *c, int32_t layer, double (*rows)[5])
{
  const rramnas_mapping *m = &c->view;
  const double whole = inside_dynamic(c, m->layer_of[layer]), given = weights_of(c, layer);
  const double all = given > 0 ? given : rrn_mapping_pieces_of(m, layer);
  double reached = 0, before = 0;
  int32_t copy, k;

  for (copy = 0; copy < m->copies[layer]; copy++)
    for (k = 0; k < rrn_mapping_pieces_of(m, layer); k++) {
      const rrn_piece *p = &m->pieces[m->first_piece[layer] + k];
      const int last = copy == m->copies[layer] - 1 && k == rrn_mapping_pieces_of(m, layer) - 1;
      double to = whole;

      reached += (given > 0 ? c->out.piece_weights[m->first_piece[layer] + k] : 1) * copy_share(m, layer, p, copy);
      if (!last)
        to = rrn_grid_round(whole * (reached < all ? reached / all : 1), c->energy_step_pj);
      rows[rrn_mapping_placement(m, layer, copy, k)->crossbar][CROSSBAR_DYNAMIC] += to - before;
      before = to;
    }
}

/* What all crossbars have alike. */
static void
share_evenly(const rrn_costing *c, int32_t kind, double total, double step, double (*rows)[5])
{
  const int32_t n = c->view.crossbars_available;
  double whole = 0, before = 0;
  size_t i;
  int32_t k;

  for (i = 0; i <= c->view.net->n_layers; i++)
    for (k = 0; k <= RRN_COST_LAST_IN_CROSSBAR; k++)
      whole += c->out.rows[i][k][kind];
  for (k = 0; k < n; k++) {
    const double to = k + 1 == n ? whole : rrn_grid_round(whole / n * (k + 1), step);

    rows[k][kind] = to - before;
    before = to;
  }
  rows[n][kind] = total - whole;
}

int32_t
rrn_cost_crossbars(const rrn_costing *c, double (*ret_rows)[5], rramnas_error *err)
{
  const rramnas_mapping *m = &c->view;
  const int32_t n = m->crossbars_available;
  rrn_sim_options sim = sim_of(c);
  double latency_ns, inside = 0;
  int32_t i;

  memset(ret_rows, 0, ((size_t)n + 1) * sizeof(*ret_rows));
  sim.span = add_span;
  sim.span_user = ret_rows;
  RRN_TRY(rrn_simulate(m, &sim, &latency_ns, err));
  for (i = 0; i < m->n_layers; i++)
    share_layer(c, i, ret_rows);
  for (i = 0; i < n; i++) {
    inside += ret_rows[i][CROSSBAR_DYNAMIC];
    /* Boxes that work at the same time are each counted as busy. */
    ret_rows[i][CROSSBAR_IDLE] = latency_ns > ret_rows[i][CROSSBAR_BUSY] ? latency_ns - ret_rows[i][CROSSBAR_BUSY] : 0;
    ret_rows[i][CROSSBAR_IDLE] = ret_rows[i][CROSSBAR_IDLE] > 0 ? ret_rows[i][CROSSBAR_IDLE] : 0;
  }
  ret_rows[n][CROSSBAR_DYNAMIC] = c->cost.energy_dynamic_pj - inside;
  share_evenly(c, RRN_COST_STATIC, c->cost.energy_static_pj, c->energy_step_pj, ret_rows);
  share_evenly(c, RRN_COST_AREA, c->cost.area_um2, c->area_step_um2, ret_rows);
  return RRAMNAS_OK;
}
