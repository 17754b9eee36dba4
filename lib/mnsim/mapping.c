/* SPDX-License-Identifier: MIT */
/*
 * In: the layers. Out: processing elements, tiles and buffers that each takes.
 *
 * One bit of the weights per crossbar whatever a cell holds (B7); a processing element keeps whole windows of as
 * many input channels as fit its rows; layers take consecutive tiles, and no tile holds two layers, a pooling layer
 * one of its own (B14). Buffers have the size of the largest need, rounded up to a power of two. Grouped
 * convolutions are mapped as if they were dense (B15). O(n). Source: MNSIM 2.0, Mapping_Model/Tile_connection_graph.
 */
#include <math.h>

#include "mnsim/mnsim.h"
#include "util/ckd.h"

static int64_t
ceil_div(int64_t a, int64_t b)
{
  return a / b + (a % b != 0);
}

/*
 * 2^ceil(log2(bytes)) KB. The logarithm is Python's log(x, 2), which lies above some powers of two: those are doubled.
 */
static double
power_of_two_kb(double bytes)
{
  static const int doubled[] = { 29, 31, 39, 47, 51, 55, 58, 59 };
  int exponent;
  size_t i;

  if (frexp(bytes, &exponent) == 0.5) {
    exponent--;
    for (i = 0; i < sizeof(doubled) / sizeof(doubled[0]); i++)
      if (doubled[i] == exponent) {
        exponent++;
        break;
      }
  }
  return ldexp(1, exponent) / 1024;
}

static int32_t
count_elements(const rrn_mnsim_config *c, const rrn_mnsim_node *node, int64_t row_channels, rrn_mnsim_layer_map *map,
               rramnas_error *err)
{
  const int32_t bits = c->polarity == 2 ? node->weight_bits - 1 : node->weight_bits;

  RRN_FAIL_IF(bits < 1, err, RRAMNAS_ERR_UNSUPPORTED,
              "mnsim: %s: weights of one bit have no bit left beside their sign", node->name);
  map->my = ceil_div(node->in_channels, row_channels);
  RRN_FAIL_IF(ckd_mul(&map->mx, ceil_div(bits, c->groups), ceil_div(node->channels, c->cols)) ||
                ckd_mul(&map->pes, map->mx, map->my),
              err, RRAMNAS_ERR_LIMIT, "mnsim: %s takes more than 2^63 processing elements", node->name);
  map->use.groups = bits < c->groups ? bits : c->groups;
  map->use.cols = (double)(node->channels < c->cols ? node->channels : c->cols);
  return RRAMNAS_OK;
}

static int32_t
map_conv(const rrn_mnsim_config *c, const rrn_mnsim_node *node, rrn_mnsim_layer_map *map, rramnas_error *err)
{
  const int64_t window = (int64_t)node->kernel * node->kernel, channels = c->rows / window;

  RRN_FAIL_IF(channels == 0, err, RRAMNAS_ERR_UNSUPPORTED,
              "mnsim: %s: a window of %d x %d does not fit the %d rows of a crossbar, where MNSIM divides by zero",
              node->name, (int)node->kernel, (int)node->kernel, (int)c->rows);
  RRN_TRY(count_elements(c, node, channels, map, err));
  map->use.rows = (double)((channels < node->in_channels ? channels : node->in_channels) * window);
  return RRAMNAS_OK;
}

static int32_t
map_fc(const rrn_mnsim_config *c, const rrn_mnsim_node *node, rrn_mnsim_layer_map *map, rramnas_error *err)
{
  RRN_TRY(count_elements(c, node, c->rows, map, err));
  map->use.rows = (double)(node->in_channels < c->rows ? node->in_channels : c->rows);
  return RRAMNAS_OK;
}

/* Bytes that a layer keeps: a line of its input, and its output twice. */
static void
need_buffers(const rrn_mnsim_node *node, const rrn_mnsim_layer_map *layer, rrn_mnsim_map *map)
{
  const double lines = node->kind == RRN_MNSIM_CONV ? (double)node->in_cols * node->kernel : 1;
  const double in_kb = power_of_two_kb(lines * (double)node->in_channels * node->in_bits / 8 / (double)layer->pes);
  const double out_kb = power_of_two_kb((double)node->channels * node->out_bits / 8 * 2 / (double)layer->tiles);

  map->input_kb = in_kb > map->input_kb ? in_kb : map->input_kb;
  map->output_kb = out_kb > map->output_kb ? out_kb : map->output_kb;
}

/* Sums and products of layers are made by one accumulator of the chip. */
static void
need_accumulator(const rrn_mnsim_node *node, rrn_mnsim_map *map)
{
  const int64_t units = node->channels * node->n_inputs / 2;

  map->global_kb += power_of_two_kb((double)node->channels * node->in_bits * node->n_inputs / 8);
  if (node->kind == RRN_MNSIM_ELEMENT_SUM)
    map->global_adders += units;
  else
    map->global_multipliers += units;
  if (node->in_bits > map->global_bits)
    map->global_bits = node->in_bits;
}

static int32_t
map_layer(const rrn_mnsim_config *c, const rrn_mnsim_node *node, rrn_mnsim_map *map, rrn_mnsim_layer_map *layer,
          rramnas_error *err)
{
  layer->first_tile = map->tiles;
  if (node->kind == RRN_MNSIM_CONV)
    RRN_TRY(map_conv(c, node, layer, err));
  else if (node->kind == RRN_MNSIM_FC)
    RRN_TRY(map_fc(c, node, layer, err));
  else if (node->kind == RRN_MNSIM_POOLING)
    layer->mx = layer->my = layer->pes = 1;
  else
    need_accumulator(node, map);
  layer->tiles = ceil_div(layer->pes, c->pe_per_tile);
  layer->use.pes = (double)(layer->pes < c->pe_per_tile ? layer->pes : c->pe_per_tile);
  if (node->kind == RRN_MNSIM_CONV || node->kind == RRN_MNSIM_FC)
    need_buffers(node, layer, map);
  RRN_FAIL_IF(ckd_add(&map->tiles, map->tiles, layer->tiles) || map->tiles > (int64_t)c->tile_rows * c->tile_cols, err,
              RRAMNAS_ERR_DOES_NOT_FIT, "mnsim: the layers up to %s need more tiles than the %d x %d of the chip",
              node->name, (int)c->tile_rows, (int)c->tile_cols);
  return RRAMNAS_OK;
}

int32_t
rrn_mnsim_map_layers(const rrn_mnsim_config *c, const rrn_mnsim_node *nodes, size_t n, rrn_arena *arena,
                     rrn_mnsim_map *ret_map, rramnas_error *err)
{
  rrn_mnsim_map map = { .global_bits = RRN_MNSIM_WIDTH };
  size_t i;

  map.layers = rrn_arena_alloc(arena, n, sizeof(*map.layers));
  if (!map.layers)
    return rrn_fail_memory(err);
  for (i = 0; i < n; i++)
    RRN_TRY(map_layer(c, &nodes[i], &map, &map.layers[i], err));
  *ret_map = map;
  return RRAMNAS_OK;
}
