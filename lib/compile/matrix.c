/* SPDX-License-Identifier: MIT */
/* Pass 1: layer -> matrix (im2col).
 *
 * In:  the mapped layers of the network.
 * Out: for each the matrix that a crossbar multiplies an input vector with: one row per input of an output
 *      (kernel * input channels of a group), one weight column per output channel.
 *
 * Why it is right: a convolution at one output position is the product of the flattened input patch with this
 * matrix. In a grouped layer, output channels of different groups see different patches; the groups therefore
 * share the rows but take turns, one activation each. Depthwise is the case of one channel per group.
 *
 * A layer's weights and inputs may have fewer bits than the chip is made for: where slices sit in columns, its weights
 * are narrower then.
 *
 * Unit columns: the last columns of each crossbar hold the weight 0 in every row, so that each read of a box also gives
 * what the offset adds to its columns. A row holds the zero of its layer; as layers of several widths may share rows, each
 * width has columns of its own.
 *
 * Deviation of the published form (published = 1): any group count other than 1 is taken for depthwise, with
 * kernel rows only and one activation per channel. */
#include "compile/passes.h"
#include "util/ckd.h"

static int32_t
fail_large(const rramnas_layer *layer, rramnas_error *err)
{
  return rrn_fail(err, RRAMNAS_ERR_RANGE, "layer \"%.200s\": its matrix or its activations exceed 2^62", layer->name);
}

static int64_t
kernel_size(const rramnas_layer *layer)
{
  int64_t size = 1;
  int32_t i;

  for (i = 0; i < layer->n_spatial; i++)
    size *= layer->kernel[i];
  return size;
}

static int32_t
matrix_of(const rramnas_mapping *m, const rramnas_layer *layer, int published, rrn_matrix *ret_matrix,
          rramnas_error *err)
{
  rrn_matrix x = { .rows = layer->matrix_rows, .cols = layer->matrix_cols, .groups = layer->groups,
                   .positions = layer->positions };
  int64_t cells_total;

  if (m->n_bits) {
    x.weight_bits = m->weight_bits[m->n_layers];
    x.input_bits = m->input_bits[m->n_layers];
  }
  x.cells = rrn_hw_columns_of(m->hw, rrn_matrix_weight_bits(m->hw, &x));
  x.unit_cells = rrn_hw_unit_columns_of(m->hw, rrn_matrix_weight_bits(m->hw, &x));

  if (published && layer->groups != 1) {
    x.rows = kernel_size(layer);
    x.groups = x.cols;
  }
  if (ckd_mul(&x.activations, x.groups, x.positions) || ckd_mul(&cells_total, x.rows, x.cols) ||
      ckd_mul(&cells_total, cells_total, (int64_t)x.cells) || cells_total >= INT64_C(1) << 62)
    return fail_large(layer, err);
  *ret_matrix = x;
  return RRAMNAS_OK;
}

/* Those of each width once. */
static int32_t
reserve_unit_columns(rramnas_mapping *m, rramnas_error *err)
{
  int32_t widest = 0, met[RRN_WEIGHT_BITS + 1] = { 0 }, i;

  m->unit_cols = 0;
  for (i = 0; i < m->n_layers; i++) {
    const rrn_matrix *x = &m->matrices[i];
    const int32_t bits = rrn_matrix_weight_bits(m->hw, x);

    m->unit_cols += met[bits] ? 0 : x->unit_cells;
    met[bits] = 1;
    widest = x->cells > widest ? x->cells : widest;
  }
  RRN_FAIL_IF(rrn_mapping_box_cols(m) < widest, err, RRAMNAS_ERR_RANGE,
              "unit columns for the widths of all layers' weights take %d of a crossbar's %d columns, expected at most %d, so "
              "that a weight of %d columns fits beside them",
              (int)m->unit_cols, (int)m->hw->v.crossbar.cols, (int)(m->hw->v.crossbar.cols - widest), (int)widest);
  return RRAMNAS_OK;
}

int32_t
rrn_matrix_pass(rramnas_mapping *m, int published, rramnas_error *err)
{
  const rramnas_net *net = m->net;
  int32_t *layer_of;
  size_t i;

  RRN_FAIL_IF(net->n_mapped == 0, err, RRAMNAS_ERR_SHAPE,
              "network \"%.200s\" has no layer with constant weights, so there is nothing to map", net->name);
  RRN_FAIL_IF(m->n_bits && m->n_bits != net->n_mapped, err, RRAMNAS_ERR_ARGUMENT,
              "compile options: bits of %zu layers, the network has %zu mapped layers", m->n_bits, net->n_mapped);
  layer_of = rrn_arena_alloc(&m->arena, net->n_mapped, sizeof(*layer_of));
  m->matrices = rrn_arena_alloc(&m->arena, net->n_mapped, sizeof(*m->matrices));
  if (!layer_of || !m->matrices)
    return rrn_fail_memory(err);
  m->layer_of = layer_of;
  m->n_layers = 0;
  for (i = 0; i < net->n_layers; i++) {
    if (!net->layers[i].mapped)
      continue;
    RRN_TRY(matrix_of(m, &net->layers[i], published, &m->matrices[m->n_layers], err));
    layer_of[m->n_layers++] = (int32_t)i;
  }
  return reserve_unit_columns(m, err);
}
