/* SPDX-License-Identifier: MIT */
/*
 * In: the layers, their tiles and distances. Out: when each begins and ends, and what its time is spent on.
 *
 * A layer makes its output pixel by pixel, all channels at once. A pixel begins when the one before is done and the
 * last pixel that its window needs has left each layer before; it takes what a tile takes, plus merging and handing on.
 * Only four kinds of pixel differ in what they fetch: the first, the first of a row, the others of the first row, all
 * others. So the costs are worked out four times per layer, and the recursion over pixels adds and compares. Nothing
 * stalls, buffers are never full. Pooling reads its output buffer twice (B11). O(pixels).
 * Source: MNSIM 2.0, Latency_Model/Model_latency.
 */
#include <string.h>

#include "mnsim/mnsim.h"

enum { MAX_PIXELS = 1 << 26 };
enum { FIRST, ROW_START, FIRST_ROW, INNER, N_KINDS };

/* What one pixel costs. */
typedef struct pixel {
  double ns;
  rrn_mnsim_times times;
} pixel;

/* One layer at work. */
typedef struct job {
  const rrn_mnsim_config *c;
  const rrn_mnsim_node *node;
  const rrn_mnsim_layer_map *map;
  enum rrn_mnsim_mode mode;
  rrn_mnsim_buffer input, output;
  double merge_ns, transfer_ns, output_read_ns;
  pixel kinds[N_KINDS];
} job;

static void
add_times(rrn_mnsim_times *sum, const rrn_mnsim_times *t, double n)
{
  sum->buffer_ns += n * t->buffer_ns;
  sum->computing_ns += n * t->computing_ns;
  sum->dac_ns += n * t->dac_ns;
  sum->crossbar_ns += n * t->crossbar_ns;
  sum->adc_ns += n * t->adc_ns;
  sum->digital_ns += n * t->digital_ns;
  sum->intra_tile_ns += n * t->intra_tile_ns;
  sum->inter_tile_ns += n * t->inter_tile_ns;
  sum->merge_ns += n * t->merge_ns;
  sum->transfer_ns += n * t->transfer_ns;
  sum->input_register_ns += n * t->input_register_ns;
  sum->output_register_ns += n * t->output_register_ns;
  sum->input_demux_ns += n * t->input_demux_ns;
  sum->output_mux_ns += n * t->output_mux_ns;
  sum->shift_register_ns += n * t->shift_register_ns;
  sum->adder_ns += n * t->adder_ns;
  sum->joint_ns += n * t->joint_ns;
  sum->pooling_ns += n * t->pooling_ns;
  sum->buffer_read_ns += n * t->buffer_read_ns;
  sum->buffer_write_ns += n * t->buffer_write_ns;
}

void
rrn_mnsim_times_add(rrn_mnsim_times *sum, const rrn_mnsim_times *times)
{
  add_times(sum, times, 1);
}

/* --- what a pixel fetches --- */

/* Values per channel that are written to the input buffer for a pixel. */
static double
fetched(const job *j, int kind)
{
  const rrn_mnsim_node *n = j->node;
  const double k = n->kernel, s = n->stride, width = (double)n->in_cols;
  const double inside = n->kernel > n->pad ? n->kernel - n->pad : 0, above = inside > 1 ? inside - 1 : 0;

  if (j->mode == RRN_MNSIM_MODE_WINDOW)
    switch (kind) {
    case FIRST:
      return inside * inside;
    case ROW_START:
      return s * inside;
    case FIRST_ROW:
      return n->kind == RRN_MNSIM_CONV ? s * k : s * s;
    default:
      return s * s;
    }
  return kind == FIRST ? width * above + inside : kind == ROW_START ? width * (s - 1) + inside : s;
}

/* Values per channel that are read from it: the whole window, or its new columns. */
static double
read_values(const job *j, int kind)
{
  const double k = j->node->kernel;

  return kind == FIRST || kind == ROW_START ? k * k : j->node->stride * k;
}

/* --- what a pixel costs --- */

static void
note_tile(const job *j, const rrn_mnsim_latency *l, rrn_mnsim_times *t)
{
  t->buffer_read_ns = j->output_read_ns + l->buffer_read_ns;
  t->buffer_write_ns = l->output_write_ns + l->buffer_write_ns;
  t->buffer_ns = t->buffer_read_ns + t->buffer_write_ns;
  t->computing_ns = l->computing_ns;
  t->dac_ns = l->dac_ns;
  t->crossbar_ns = l->crossbar_ns;
  t->adc_ns = l->adc_ns;
  t->input_register_ns = l->input_register_ns;
  t->output_register_ns = l->output_register_ns;
  t->input_demux_ns = l->input_demux_ns;
  t->output_mux_ns = l->output_mux_ns;
  t->shift_register_ns = l->shift_register_ns;
  t->adder_ns = l->adder_ns;
  t->joint_ns = l->joint_ns;
  t->digital_ns = l->digital_ns + l->joint_ns;
  t->intra_tile_ns = l->transfer_ns;
}

static void
note_path(const job *j, rrn_mnsim_times *t)
{
  t->merge_ns = j->merge_ns;
  t->transfer_ns = j->transfer_ns;
  t->inter_tile_ns = j->merge_ns + j->transfer_ns;
}

static int32_t
cost_tile(job *j, int kind, rramnas_error *err)
{
  const rrn_mnsim_node *n = j->node;
  const rrn_mnsim_use *use = &j->map->use;
  const int conv = n->kind == RRN_MNSIM_CONV;
  const double channels = conv ? use->rows / ((double)n->kernel * n->kernel) : use->rows;
  const double in_bytes = channels * (conv ? fetched(j, kind) : 1) * n->in_bits / 8;
  const double out_bytes = channels * (conv ? read_values(j, kind) : 1) * n->in_bits / 8;
  rrn_mnsim_latency l;

  RRN_TRY(rrn_mnsim_tile_latency(j->c, use, n->in_bits, &j->input, &j->output, in_bytes, out_bytes, &l, err));
  note_tile(j, &l, &j->kinds[kind].times);
  j->kinds[kind].ns = l.total_ns + j->merge_ns + j->transfer_ns;
  return RRAMNAS_OK;
}

static void
cost_pooling(job *j, int kind)
{
  const rrn_mnsim_node *n = j->node;
  const double channels = (double)n->in_channels, window = (double)n->kernel * n->kernel;
  const rrn_mnsim_pooling_latency l =
    rrn_mnsim_tile_pooling(j->c, channels, window, n->out_bits, &j->input, &j->output,
                           channels * fetched(j, kind) * n->in_bits / 8,
                           channels * read_values(j, kind) * n->in_bits / 8);
  rrn_mnsim_times *t = &j->kinds[kind].times;

  t->buffer_read_ns = l.input_read_ns + j->output_read_ns;
  t->buffer_write_ns = l.input_write_ns + l.output_write_ns;
  t->buffer_ns = t->buffer_read_ns + t->buffer_write_ns;
  t->pooling_ns = l.pooling_ns;
  j->kinds[kind].ns = l.total_ns + j->output_read_ns + j->merge_ns + j->transfer_ns;
}

/* The accumulator adds in 10 ns. */
static void
cost_sum(job *j, int kind)
{
  const rrn_mnsim_node *n = j->node;
  rrn_mnsim_times *t = &j->kinds[kind].times;

  t->buffer_read_ns = rrn_mnsim_buffer_ns(&j->output, (double)n->n_inputs * n->in_bits * (double)n->channels / 8);
  t->buffer_write_ns = t->buffer_read_ns;
  t->buffer_ns = t->buffer_read_ns + t->buffer_write_ns;
  t->digital_ns = 10;
  j->kinds[kind].ns = 10 + j->transfer_ns + t->buffer_ns;
}

/* Reading the output buffer, and the way to the tile where the layer is merged. */
static void
set_merge(job *j)
{
  const rrn_mnsim_node *n = j->node;
  const rrn_mnsim_use *use = &j->map->use;
  const double tile_bits = use->cols * n->out_bits * use->pes, clock_ns = 1 / j->c->clock_mhz * 1e3;

  if (n->kind == RRN_MNSIM_CONV || n->kind == RRN_MNSIM_FC) {
    j->output_read_ns = rrn_mnsim_buffer_ns(&j->output, tile_bits / 8);
    j->merge_ns = j->output_read_ns + j->map->in_layer_hops * (clock_ns + tile_bits / j->c->inter_gbps);
  } else if (n->kind == RRN_MNSIM_POOLING) {
    j->output_read_ns = rrn_mnsim_buffer_ns(&j->output, (double)n->channels * n->out_bits / 8);
    j->merge_ns = j->output_read_ns;
  }
  j->transfer_ns = j->map->to_next_hops * ((double)n->channels * n->out_bits / j->c->inter_gbps);
}

static int32_t
set_costs(job *j, rramnas_error *err)
{
  int kind;

  set_merge(j);
  for (kind = 0; kind < N_KINDS; kind++) {
    if (j->node->kind == RRN_MNSIM_CONV || j->node->kind == RRN_MNSIM_FC)
      RRN_TRY(cost_tile(j, kind, err));
    else if (j->node->kind == RRN_MNSIM_POOLING)
      cost_pooling(j, kind);
    else
      cost_sum(j, kind);
    note_path(j, &j->kinds[kind].times);
  }
  return RRAMNAS_OK;
}

/* --- the recursion --- */

/* When the pixels of a layer are done. */
typedef struct track {
  double *finish_ns;
  int64_t n;
} track;

/* Row or column of the last input that output `i` needs. */
static int64_t
last_needed(const rrn_mnsim_node *n, int64_t i, int64_t size)
{
  const int64_t inside = n->kernel > n->pad + 1 ? n->kernel - n->pad : 1;
  int64_t end = inside + n->stride * i;

  if (n->kind != RRN_MNSIM_CONV && n->kind != RRN_MNSIM_POOLING)
    return i;
  if (n->kernel == 1 && n->kind == RRN_MNSIM_CONV)
    end = i * n->stride + 1;
  return (end < size ? end : size) - 1;
}

/* When all inputs of a pixel are there. A smaller operand of a sum or product is used from its last pixel on. */
static double
inputs_ready_ns(const job *j, const track *tracks, int64_t position)
{
  double ready = 0;
  int32_t i;

  for (i = 0; i < j->node->n_inputs; i++) {
    const track *before = &tracks[j->node->inputs[i]];
    const double ns = before->finish_ns[position < before->n ? position : before->n - 1];

    ready = ns > ready ? ns : ready;
  }
  return ready;
}

/* Without pipelining only the first input is waited for, and for all of it; sums still go pixel by pixel. */
static double
serial_start_ns(const job *j, const track *tracks)
{
  const track *before;

  if (j->node->n_inputs == 0)
    return 0;
  before = &tracks[j->node->inputs[0]];
  return before->finish_ns[before->n - 1];
}

static int
is_tiled(const rrn_mnsim_node *n)
{
  return n->kind == RRN_MNSIM_CONV || n->kind == RRN_MNSIM_FC || n->kind == RRN_MNSIM_POOLING;
}

/* One row of pixels after `now`; the time when it is done. */
static double
run_row(const job *j, const track *tracks, int64_t row, int waits, double now, double *finish_ns, double *ret_begin)
{
  const rrn_mnsim_node *n = j->node;
  const int64_t base = last_needed(n, row, n->in_rows) * n->in_cols;
  const double first = j->kinds[row == 0 ? FIRST : ROW_START].ns, rest = j->kinds[row == 0 ? FIRST_ROW : INNER].ns;
  int64_t col;

  for (col = 0; col < n->cols; col++) {
    if (waits) {
      const double ready = inputs_ready_ns(j, tracks, base + last_needed(n, col, n->in_cols));

      now = ready > now ? ready : now;
    }
    if (row == 0 && col == 0)
      *ret_begin = now;
    now += col == 0 ? first : rest;
    finish_ns[col] = now;
  }
  return now;
}

static void
run_layer(const job *j, track *tracks, track *mine, rrn_mnsim_layer *layer)
{
  const rrn_mnsim_node *n = j->node;
  const int serial = j->mode == RRN_MNSIM_MODE_SERIAL && is_tiled(n), fc = n->kind == RRN_MNSIM_FC;
  double now = serial ? serial_start_ns(j, tracks) : fc ? inputs_ready_ns(j, tracks, INT64_MAX) : 0;
  int64_t row;

  for (row = 0; row < n->rows; row++)
    now = run_row(j, tracks, row, !serial && !fc && n->n_inputs > 0, now, mine->finish_ns + row * n->cols,
                  &layer->begin_ns);
  layer->finish_ns = now;
}

static void
sum_layer(const job *j, rrn_mnsim_layer *layer)
{
  const double rows = (double)j->node->rows, cols = (double)j->node->cols;
  const double counts[N_KINDS] = { 1, rows - 1, cols - 1, (rows - 1) * (cols - 1) };
  double busy = 0;
  int kind;

  memset(&layer->times, 0, sizeof(layer->times));
  for (kind = 0; kind < N_KINDS; kind++) {
    add_times(&layer->times, &j->kinds[kind].times, counts[kind]);
    busy += counts[kind] * j->kinds[kind].ns;
  }
  layer->occupancy = j->mode == RRN_MNSIM_MODE_SERIAL ? 1 : busy / (layer->finish_ns - layer->begin_ns);
}

static int32_t
check_size(const rrn_mnsim_node *nodes, size_t n, rramnas_error *err)
{
  int64_t pixels = 0;
  size_t i;

  for (i = 0; i < n; i++) {
    pixels += nodes[i].rows * nodes[i].cols; /* each below 2^48, as the tensor is */
    RRN_FAIL_IF(pixels > MAX_PIXELS, err, RRAMNAS_ERR_LIMIT, "mnsim: the layers up to %s have more than %d pixels",
                nodes[i].name, MAX_PIXELS);
  }
  return RRAMNAS_OK;
}

static int32_t
make_tracks(const rrn_mnsim_node *nodes, size_t n, rrn_arena *arena, track **ret_tracks, rramnas_error *err)
{
  track *tracks = rrn_arena_alloc(arena, n, sizeof(*tracks));
  size_t i;

  if (!tracks)
    return rrn_fail_memory(err);
  for (i = 0; i < n; i++) {
    tracks[i].n = nodes[i].rows * nodes[i].cols;
    tracks[i].finish_ns = rrn_arena_alloc_raw(arena, (size_t)tracks[i].n, sizeof(double));
    if (!tracks[i].finish_ns)
      return rrn_fail_memory(err);
  }
  *ret_tracks = tracks;
  return RRAMNAS_OK;
}

int32_t
rrn_mnsim_network_latency(const rrn_mnsim_config *c, const rrn_mnsim_node *nodes, size_t n, const rrn_mnsim_map *map,
                          enum rrn_mnsim_mode mode, rrn_arena *arena, rrn_mnsim_layer *layers, rramnas_error *err)
{
  job plain = { .c = c, .mode = mode };
  track *tracks = NULL;
  size_t i;

  RRN_TRY(rrn_mnsim_buffer_of(c, RRN_MNSIM_INPUT_BUFFER, map->input_kb, &plain.input, err));
  RRN_TRY(rrn_mnsim_buffer_of(c, RRN_MNSIM_OUTPUT_BUFFER, map->output_kb, &plain.output, err));
  RRN_TRY(check_size(nodes, n, err));
  RRN_TRY(make_tracks(nodes, n, arena, &tracks, err));
  for (i = 0; i < n; i++) {
    job j = plain;

    j.node = &nodes[i];
    j.map = &map->layers[i];
    RRN_TRY(set_costs(&j, err));
    run_layer(&j, tracks, &tracks[i], &layers[i]);
    sum_layer(&j, &layers[i]);
  }
  return RRAMNAS_OK;
}
