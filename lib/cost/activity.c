/* SPDX-License-Identifier: MIT */
/*
 * In: a mapping, the grid of tiles. Out: counts of what one inference does, by layer and by piece.
 *
 * A piece of r matrix rows and c cell columns with g groups and p positions, in passes of at most `dacs` rows and
 * `adcs` columns (a, b passes) and s input slices:
 *
 *   row drives        r g p           every group's rows once per position, however many groups at once
 *   cells read        r c p           every weight once per position, times s
 *   off cells read    block-diagonal boxes: the rows of k groups meet the columns of the others
 *   DAC conversions   row drives * s * b * sets
 *   ADC conversions   c p s a * subarrays touched * ADC sets
 *   sums              one per weight column and position; (pieces of a column - 1) of them meet others
 *
 * Unit columns (u cells of a row) are read and converted with each activation: u more cells of every driven row, u more
 * conversions, and one subtraction for each sum. They are written with each box's rows.
 *
 * Copies share positions, so counts do not depend on their number; programming does. Slices of a weight in parallel
 * crossbars are rrn_layout's arrays.
 *
 * Data: each piece's input is written to and read from its crossbar's buffer, its sums to and from that of the tile.
 * Between tiles, the input of a layer travels from the layers that it waits for to its own boxes: box, middle (mean
 * place) of its copy, middle of the layer, and the same back down. Without a layer to wait for, it comes from the tile
 * at the corner. Sums that meet others travel to the middle of their copy. Operators without weights work
 * where the layer stands that made their first input; the transport of their other inputs is part of the waits.
 *
 * Complexity: O(placements + nodes + edges). Source: choice of this library, after ISAAC's pipeline (ISCA 2016).
 */
#include "cost/activity.h"

#include <math.h>

typedef struct counting {
  const rramnas_mapping *m;
  const rrn_layout *l;
  const rrn_mesh *mesh;
  rrn_arena *arena;
  rrn_activity *a;
  int32_t (*places)[2]; /* [crossbars_available] column and row of the tile */
  double *needed_bits;  /* [crossbars_available] of input buffer */
  double (*middles)[2]; /* [layers of the network] */
  double *needs;        /* scratch: [pieces of the layer] */
  double *copy_spreads; /* [layers of the network]: mean hops from the middle of a copy to its boxes */
  double *spreads;      /* [layers of the network]: the same, and from the layer's middle to those of the copies */
  double (*copy_middles)[2]; /* scratch: [copies of the layer] */
  int32_t *followed;    /* [layers of the network]: 1 when another layer waits for it */
  int32_t *owners;      /* [n_tensors]: layer of the network that made it; n_layers = none */
} counting;

static double
ceil_ratio(double a, double b)
{
  const double ratio = a / b, whole = (double)(int64_t)ratio; /* below 2^62: matrix.c */

  return whole < ratio ? whole + 1 : whole;
}

/* --- crossbars --- */

/* Groups of a layer that a piece holds, a part of one counted as one. */
static double
groups_of(const rrn_matrix *x, const rrn_piece *p)
{
  return ceil_ratio(p->cols, (double)(x->cols / x->groups) * x->cells);
}

/* Cells beside the blocks, once for each position: of whole activations, then of the last one, which has less. */
static double
off_cells(const rrn_matrix *x, const rrn_piece *p, double groups)
{
  const double k = p->groups_at_once, whole = floor(groups / k), rest = groups - whole * k;
  const double block = (double)rrn_piece_matrix_rows(p) * (double)(x->cols / x->groups) * x->cells;

  return k > 1 ? block * (whole * k * (k - 1) + rest * (rest - 1)) : 0;
}

static const rrn_layout *
layout_of(const counting *c, int32_t layer)
{
  return c->a->layers[c->m->layer_of[layer]].layout;
}

static void
count_piece(const counting *c, const rrn_piece *p, rrn_crossbar_activity *ret)
{
  const rrn_matrix *x = &c->m->matrices[p->layer];
  const rrn_layout *l = layout_of(c, p->layer);
  const double positions = (double)x->positions, groups = groups_of(x, p), rows = rrn_piece_matrix_rows(p);
  const double row_passes = ceil_ratio(p->rows, l->dacs * l->subarrays);
  const double column_passes = rrn_hw_column_passes(c->m->hw, p->read_cols + x->unit_cells);
  const double unit_reads = (double)p->activations * x->unit_cells;
  const double drives = l->input_slices * column_passes;
  rrn_crossbar_activity a;

  a.row_drives = rows * groups * positions;
  a.column_reads = p->cols * positions;
  a.cell_reads = (rows * p->cols * positions + a.row_drives * x->unit_cells) * l->input_slices;
  a.off_reads = off_cells(x, p, groups) * positions * l->input_slices;
  a.half_reads = a.row_drives * l->cols * l->input_slices - a.cell_reads - a.off_reads;
  a.half_reads = a.half_reads > 0 ? a.half_reads : 0;
  a.dac_conversions = a.row_drives * drives * l->sets;
  a.adc_conversions = (a.column_reads + unit_reads) * l->input_slices * row_passes *
                      ceil_ratio(p->rows, l->subarray_rows) * l->adc_sets;
  a.input_bits = a.row_drives * rrn_matrix_input_bits(c->m->hw, x);
  a.register_bits = a.row_drives * l->input_slices * c->m->hw->v.dac.bits + a.adc_conversions * l->accumulator_bits;
  a.sums = a.column_reads / x->cells;
  a.input_share = rows / (double)x->rows * (groups / (double)x->groups);
  *ret = a;
}

/* Most pieces of a layer are like the one before. */
static int
alike(const rrn_piece *p, const rrn_piece *q)
{
  return p->layer == q->layer && p->rows == q->rows && p->cols == q->cols && p->read_cols == q->read_cols &&
         p->activations == q->activations && p->groups_at_once == q->groups_at_once && p->row_parts == q->row_parts;
}

/* n pieces of one kind. */
static void
add_pieces(rrn_layer_activity *y, double n, const rrn_piece *p, const rrn_crossbar_activity *a)
{
  rrn_crossbar_activity *sum = &y->crossbar;

  sum->row_drives += n * a->row_drives;
  sum->column_reads += n * a->column_reads;
  sum->cell_reads += n * a->cell_reads;
  sum->off_reads += n * a->off_reads;
  sum->half_reads += n * a->half_reads;
  sum->dac_conversions += n * a->dac_conversions;
  sum->adc_conversions += n * a->adc_conversions;
  sum->register_bits += n * a->register_bits;
  sum->sums += n * a->sums;
  sum->input_bits += n * a->input_bits;
  sum->input_share += n * a->input_share;
  y->busy_ns += n * ((double)p->activations * p->latency_ns);
}

/* --- data of a layer --- */

static double
elements(const int64_t *shape, int32_t rank)
{
  double n = 1;
  int32_t i;

  for (i = 0; i < rank; i++)
    n *= (double)shape[i];
  return n;
}

/* Bits that must be there for a layer to work on: a convolution's lines under its kernel, else one input vector. */
static double
window_bits(const rramnas_mapping *m, const rrn_matrix *x, const rramnas_layer *layer)
{
  const double whole = elements(layer->in_shape, layer->in_rank);
  double n = (double)x->rows * (double)x->groups;

  if (layer->op == RRAMNAS_OP_CONV && layer->n_spatial > 0 && layer->in_rank > 2)
    n = whole / (double)layer->in_shape[0] / (double)layer->in_shape[2] * (double)layer->kernel[0];
  return (n < whole ? n : whole) * rrn_matrix_input_bits(m->hw, x);
}

static double
distance(const double a[2], const double b[2])
{
  return fabs(a[0] - b[0]) + fabs(a[1] - b[1]);
}

/* What each piece of a layer needs of an input buffer, into the scratch array. */
static void
set_needs(counting *c, int32_t layer)
{
  const rramnas_mapping *m = c->m;
  const double window = window_bits(m, &m->matrices[layer], &m->net->layers[m->layer_of[layer]]);
  const int32_t n = rrn_mapping_pieces_of(m, layer), *kind_of = &c->a->kind_of[m->first_piece[layer]];
  int32_t i;

  for (i = 0; i < n; i++)
    c->needs[i] = window * c->a->kinds[kind_of[i]].input_share;
}

/* Mean place of a copy's boxes, and the sum of the hops from there to each, in whole numbers (n times as large); fills
 * the buffers of their crossbars. */
static double
place_copy(counting *c, const rrn_placement *spots, int32_t n, double ret_middle[2])
{
  const double part = 1.0 / n;
  int64_t x = 0, y = 0, far = 0;
  int32_t i;

  for (i = 0; i < n; i++) {
    x += c->places[spots[i].crossbar][0];
    y += c->places[spots[i].crossbar][1];
    c->needed_bits[spots[i].crossbar] += c->needs[i];
  }
  for (i = 0; n > 1 && i < n; i++) {
    const int64_t across = (int64_t)n * c->places[spots[i].crossbar][0] - x;
    const int64_t down = (int64_t)n * c->places[spots[i].crossbar][1] - y;

    far += (across < 0 ? -across : across) + (down < 0 ? -down : down);
  }
  ret_middle[0] = (double)x * part;
  ret_middle[1] = (double)y * part;
  return (double)far * part;
}

/* Middle of the layer, mean hops from there to the middle of a copy and from there to a box. */
static void
place_layer(counting *c, int32_t layer)
{
  const rramnas_mapping *m = c->m;
  const rrn_placement *spots = &m->placements[m->first_placement[layer]];
  const int32_t n = m->copies[layer], n_pieces = rrn_mapping_pieces_of(m, layer), at = m->layer_of[layer];
  double *middle = c->middles[at], far = 0, apart = 0;
  int32_t copy;

  for (copy = 0; copy < n; copy++) {
    far += place_copy(c, spots + (int64_t)copy * n_pieces, n_pieces, c->copy_middles[copy]);
    middle[0] += c->copy_middles[copy][0];
    middle[1] += c->copy_middles[copy][1];
  }
  middle[0] /= n;
  middle[1] /= n;
  for (copy = 0; copy < n; copy++)
    apart += distance(c->copy_middles[copy], middle);
  c->copy_spreads[at] = far / ((double)n * n_pieces);
  c->spreads[at] = apart / n + c->copy_spreads[at];
}

/* Hops of the input from where it was made to the middle of the layer. */
static double
input_hops(const counting *c, int32_t net_layer)
{
  static const double port[2] = { 0, 0 };
  const rrn_layer_deps *deps = &c->m->net->deps[net_layer];
  double sum = 0;
  int32_t i;

  for (i = 0; i < deps->n; i++)
    sum += distance(c->middles[deps->layers[i]], c->middles[net_layer]) + c->spreads[deps->layers[i]];
  return deps->n ? sum / deps->n : distance(port, c->middles[net_layer]);
}

static void
count_data(counting *c, int32_t layer)
{
  const rramnas_mapping *m = c->m;
  const int32_t at = m->layer_of[layer];
  const rramnas_layer *info = &m->net->layers[at];
  const rrn_matrix *x = &m->matrices[layer];
  rrn_layer_activity *y = &c->a->layers[at];
  const double in_bits = elements(info->in_shape, info->in_rank) * rrn_matrix_input_bits(m->hw, x);
  const double outputs = (double)x->cols * (double)x->positions, out_bits = outputs * m->hw->v.input.bits;
  const double writes = in_bits * y->crossbar.input_share, sum_bits = y->crossbar.sums * y->layout->accumulator_bits;

  y->partial_adds = y->crossbar.sums - outputs + (info->has_bias ? outputs : 0);
  y->partial_adds += x->unit_cells > 0 ? y->crossbar.sums : 0;
  y->input_writes = writes;
  y->output_writes += sum_bits;
  y->output_reads += sum_bits;
  y->tile_bits = writes + sum_bits;
  y->hop_bits = in_bits * input_hops(c, at) + writes * c->spreads[at] +
                (y->crossbar.sums - outputs) * y->layout->accumulator_bits * c->copy_spreads[at];
  if (!c->followed[at])
    y->hop_bits += out_bits * (c->middles[at][0] + c->middles[at][1]);
  y->macs = (double)info->macs;
}

static void
count_mapped(counting *c, int32_t layer)
{
  const rramnas_mapping *m = c->m;
  const rrn_layer_deps *deps = &m->net->deps[m->layer_of[layer]];
  const rrn_layout *l = layout_of(c, layer);
  const double chip = (double)m->crossbars_available * l->rows * l->cols, copies = m->copies[layer];
  double cells = 0, units = 0, rows = 0, n;
  int32_t i, k;

  for (i = m->first_piece[layer]; i < m->first_piece[layer + 1]; i = k) {
    const rrn_piece *p = &m->pieces[i];
    rrn_crossbar_activity *kind = &c->a->kinds[c->a->n_kinds];

    for (k = i; k < m->first_piece[layer + 1] && alike(p, &m->pieces[k]); k++)
      c->a->kind_of[k] = (int32_t)c->a->n_kinds;
    n = k - i;
    c->a->n_kinds++;
    count_piece(c, p, kind);
    add_pieces(&c->a->layers[m->layer_of[layer]], n, p, kind);
    cells += n * ((double)rrn_piece_matrix_rows(p) * p->cols);
    units += n * ((double)p->rows * c->m->matrices[layer].unit_cells);
    rows += n * p->rows;
  }
  c->a->cells[m->layer_of[layer]] = cells * copies / chip;
  c->a->written_cells += (cells + units) * copies * l->arrays;
  c->a->kept_cells += (rows * l->cols - cells - units) * copies * l->arrays;
  c->a->written_rows += rows * copies;
  for (i = 0; i < deps->n; i++)
    c->followed[deps->layers[i]] = 1;
  set_needs(c, layer);
  place_layer(c, layer);
}

/* --- operators without weights --- */

static double
tensor_elements(const rramnas_net *net, int32_t tensor)
{
  return tensor < 0 ? 0 : (double)rrn_tensor_elements(&net->tensors[tensor]);
}

static double
window_elements(const rrn_attrs *a)
{
  double n = 1;
  int32_t i;

  for (i = 0; i < a->n_spatial; i++)
    n *= (double)a->kernel[i];
  return n;
}

/* A product of two activations: multiply-accumulates in digital units, operands and result through the buffer. */
static void
count_product(const counting *c, const rrn_node *node, rrn_layer_activity *y)
{
  const rramnas_net *net = c->m->net;
  const rramnas_layer *info = &net->layers[node->layer];
  const double bits = c->m->hw->v.input.bits, out = tensor_elements(net, node->outputs[0]);

  y->macs = (double)info->macs;
  y->multiplies += y->macs;
  y->adds += 2 * y->macs + (info->has_bias ? out : 0); /* the sum is twice as wide */
  y->output_reads += (tensor_elements(net, node->inputs[0]) + tensor_elements(net, node->inputs[1])) * bits;
  y->output_writes += out * bits;
}

/* A batch norm right behind a layer is folded into its weights and biases. */
static int
is_folded(const rramnas_net *net, const rrn_node *node)
{
  const int32_t producer = node->n_inputs > 0 && node->inputs[0] >= 0 ? net->tensors[node->inputs[0]].producer : -1;

  return producer >= 0 && net->nodes[producer].layer >= 0 && net->layers[net->nodes[producer].layer].mapped;
}

/* 1 when the operator works on values as they pass: nothing goes through the buffer. */
static int
works_in_passing(int32_t op)
{
  return op == RRAMNAS_OP_BATCH_NORM || (op >= RRAMNAS_OP_RELU && op <= RRAMNAS_OP_GELU) ||
       op == RRAMNAS_OP_ELEMENTWISE;
}

/* 1 when the operator has work beside moving data: its counts are added. */
static int
count_arithmetic(const counting *c, const rrn_node *node, double in, double out, rrn_layer_activity *y)
{
  const rrn_hw_values *v = &c->m->hw->v;
  const double unit = (double)v->pool.rows * v->pool.cols;

  switch (node->op) {
  case RRAMNAS_OP_BATCH_NORM:
    y->adds += is_folded(c->m->net, node) ? 0 : out;
    y->multiplies += is_folded(c->m->net, node) ? 0 : out;
    return 1;
  case RRAMNAS_OP_LAYER_NORM: /* mean, difference, variance, scale and shift */
    y->adds += 4 * out;
    y->multiplies += 2 * out;
    return 1;
  case RRAMNAS_OP_RELU:
  case RRAMNAS_OP_CLIP:
  case RRAMNAS_OP_ADD:
  case RRAMNAS_OP_SUB:
  case RRAMNAS_OP_COMPARE:
  case RRAMNAS_OP_WHERE:
    y->adds += out;
    return 1;
  case RRAMNAS_OP_SIGMOID:
  case RRAMNAS_OP_HARD_SIGMOID:
  case RRAMNAS_OP_HARD_SWISH:
  case RRAMNAS_OP_TANH:
  case RRAMNAS_OP_GELU:
  case RRAMNAS_OP_ELEMENTWISE:
    y->functions += out;
    return 1;
  case RRAMNAS_OP_SOFTMAX: /* exponential, sum, ratio */
    y->functions += out;
    y->adds += out;
    y->multiplies += out;
    return 1;
  case RRAMNAS_OP_MUL:
  case RRAMNAS_OP_DIV:
  case RRAMNAS_OP_POW:
    y->multiplies += out;
    return 1;
  case RRAMNAS_OP_MAX_POOL:
  case RRAMNAS_OP_AVERAGE_POOL:
    y->pool_windows += out * ceil_ratio(window_elements(&node->attrs), unit);
    return 1;
  case RRAMNAS_OP_GLOBAL_AVERAGE_POOL:
  case RRAMNAS_OP_GLOBAL_MAX_POOL:
    y->pool_windows += out * ceil_ratio(in / (out > 0 ? out : 1), unit);
    return 1;
  case RRAMNAS_OP_REDUCE:
    y->adds += in;
    return 1;
  default:
    return 0;
  }
}

/* Views cost nothing; other movers read and write the buffer; so do operators that have work. */
static void
count_operator(const counting *c, const rrn_node *node, rrn_layer_activity *y)
{
  const rramnas_net *net = c->m->net;
  const double bits = c->m->hw->v.input.bits;
  double in = 0, out = 0;
  int32_t i;

  for (i = 0; i < node->n_inputs; i++)
    if (node->inputs[i] >= 0 && net->tensors[node->inputs[i]].kind == RRN_TENSOR_ACTIVATION)
      in += tensor_elements(net, node->inputs[i]);
  for (i = 0; i < node->n_outputs; i++)
    out += tensor_elements(net, node->outputs[i]);
  switch (node->op) {
  case RRAMNAS_OP_CONCAT:
  case RRAMNAS_OP_FLATTEN:
  case RRAMNAS_OP_RESHAPE:
  case RRAMNAS_OP_SQUEEZE:
  case RRAMNAS_OP_UNSQUEEZE:
  case RRAMNAS_OP_IDENTITY:
    return;
  default:
    if (!count_arithmetic(c, node, in, out, y))
      in = out; /* what is moved */
    if (works_in_passing(node->op))
      return;
    y->output_reads += in * bits;
    y->output_writes += out * bits;
  }
}

static void
count_nodes(counting *c)
{
  const rramnas_net *net = c->m->net;
  const int32_t none = (int32_t)net->n_layers;
  size_t i;
  int32_t k;

  for (i = 0; i < net->n_tensors; i++)
    c->owners[i] = none;
  for (i = 0; i < net->n_nodes; i++) {
    const rrn_node *node = &net->nodes[i];
    int32_t owner = node->layer;

    for (k = 0; owner < 0 && k < node->n_inputs; k++)
      if (node->inputs[k] >= 0 && net->tensors[node->inputs[k]].kind == RRN_TENSOR_ACTIVATION)
        owner = c->owners[node->inputs[k]];
    owner = owner < 0 ? none : owner;
    for (k = 0; k < node->n_outputs; k++)
      c->owners[node->outputs[k]] = owner;
    if (node->layer < 0)
      count_operator(c, node, &c->a->layers[owner]);
    else if (!net->layers[node->layer].mapped)
      count_product(c, node, &c->a->layers[owner]);
  }
}

/* --- all of it --- */

static size_t
most_copies(const rramnas_mapping *m)
{
  int32_t most = 0, layer;

  for (layer = 0; layer < m->n_layers; layer++)
    most = m->copies[layer] > most ? m->copies[layer] : most;
  return (size_t)most;
}

static int32_t
prepare(counting *c, rramnas_error *err)
{
  const rramnas_mapping *m = c->m;
  const size_t n = m->net->n_layers, bars = (size_t)m->crossbars_available;

  c->a->layers = rrn_arena_alloc(c->arena, n + 1, sizeof(*c->a->layers));
  c->a->cells = rrn_arena_alloc(c->arena, n + 1, sizeof(*c->a->cells));
  c->a->kinds = rrn_arena_alloc_raw(c->arena, m->n_pieces, sizeof(*c->a->kinds));
  c->a->kind_of = rrn_arena_alloc_raw(c->arena, m->n_pieces, sizeof(*c->a->kind_of));
  c->places = rrn_arena_alloc_raw(c->arena, bars, sizeof(*c->places));
  c->needed_bits = rrn_arena_alloc(c->arena, bars, sizeof(*c->needed_bits));
  c->middles = rrn_arena_alloc(c->arena, n, sizeof(*c->middles));
  c->spreads = rrn_arena_alloc(c->arena, n, sizeof(*c->spreads));
  c->copy_spreads = rrn_arena_alloc(c->arena, n, sizeof(*c->copy_spreads));
  c->copy_middles = rrn_arena_alloc_raw(c->arena, most_copies(m), sizeof(*c->copy_middles));
  c->needs = rrn_arena_alloc_raw(c->arena, m->n_pieces, sizeof(*c->needs));
  c->followed = rrn_arena_alloc(c->arena, n, sizeof(*c->followed));
  c->owners = rrn_arena_alloc_raw(c->arena, m->net->n_tensors, sizeof(*c->owners));
  if (!c->a->layers || !c->a->cells || !c->a->kinds || !c->a->kind_of || !c->places || !c->needed_bits || !c->middles ||
      !c->spreads || !c->copy_spreads || !c->copy_middles || !c->needs || !c->followed || !c->owners)
    return rrn_fail_memory(err);
  return RRAMNAS_OK;
}

/* All share one layout unless layers have bits of their own. */
static int32_t
set_layouts(counting *c, rramnas_error *err)
{
  const rramnas_mapping *m = c->m;
  rrn_layout *layouts = rrn_arena_alloc_raw(c->arena, m->n_bits + 1, sizeof(*layouts));
  size_t i;

  if (!layouts)
    return rrn_fail_memory(err);
  layouts[m->n_bits] = *c->l;
  for (i = 0; i <= m->net->n_layers; i++)
    c->a->layers[i].layout = &layouts[m->n_bits];
  for (i = 0; i < m->n_bits; i++) {
    const rrn_matrix *x = &m->matrices[i];

    layouts[i] = rrn_layout_for(m->hw, rrn_matrix_weight_bits(m->hw, x), rrn_matrix_input_bits(m->hw, x));
    c->a->layers[m->layer_of[i]].layout = &layouts[i];
  }
  return RRAMNAS_OK;
}

static double
fullest(const double *bits, int32_t n)
{
  double most = 0;
  int32_t i;

  for (i = 0; i < n; i++)
    most = bits[i] > most ? bits[i] : most;
  return most / 8 / 1024;
}

int32_t
rrn_activity_of(const rramnas_mapping *m, const rrn_layout *layout, const rrn_mesh *mesh, rrn_arena *arena,
                rrn_activity *ret_activity, rramnas_error *err)
{
  rrn_activity a = { 0 };
  counting c = { .m = m, .l = layout, .mesh = mesh, .arena = arena, .a = &a };
  int32_t layer;

  RRN_TRY(prepare(&c, err));
  RRN_TRY(set_layouts(&c, err));
  rrn_mesh_places(m->hw, mesh, m->crossbars_available, c.places);
  for (layer = 0; layer < m->n_layers; layer++)
    count_mapped(&c, layer);
  for (layer = 0; layer < m->n_layers; layer++)
    count_data(&c, layer);
  count_nodes(&c);
  a.input_kib = fullest(c.needed_bits, m->crossbars_available);
  *ret_activity = a;
  return RRAMNAS_OK;
}
