/* SPDX-License-Identifier: MIT */
/* A programmed chip, as what multiplies in a network.
 *
 * In:  arrays that are programmed (program.c), blocks of images.
 * Out: products of floats through crossbars: inputs become integers, these steps of the wordlines, currents codes, codes sums,
 *      sums floats again: unit[out] (y - zero sum w). Behind that bias and bounds, and where the next layer alone reads the
 *      result and is on crossbars too, its integers instead of floats: the same operations, with nothing kept between.
 *
 * Positions of an image are dealt to the copies of a layer (deal.h). A converter's result is a function of the current: results
 * depend on no batch and no thread. A thread works in a desk of its own: memory that stays between calls. */
#include <math.h>
#include <string.h>

#include "accuracy/chip.h"
#include "accuracy/deal.h"
#include "accuracy/spread.h"
#include "infer/kernels.h"

/* Blocks of images that go through the layers together. A copy has few positions of an image, and what is made once per copy
 * (tables, tiles) pays over more of them; 24 are 384 images. Fewer are taken where a thread's images would not fit
 * the 12 MiB of BAND_BYTES (infer/run.c). A layer without copies has vectors enough in two, whose sums and floats stay in
 * the nearer caches. */
enum { TOGETHER = 24, TOGETHER_ALONE = 2 };

/* --- desks --- */

static rrn_chip_desk *
take_desk(rrn_chip *c)
{
  size_t i;

  for (i = 0;; i = (i + 1) % RRN_CHIP_DESKS)
    if (!atomic_flag_test_and_set_explicit(&c->desks[i].busy, memory_order_acquire))
      return &c->desks[i];
}

static void
leave_desk(rrn_chip_desk *d)
{
  rrn_arena_reset(&d->arena);
  rrn_arena_reset(&d->inner);
  atomic_flag_clear_explicit(&d->busy, memory_order_release);
}

/* --- long arrays --- */

/* Vectors of the block, those of an image together: [n_images][n_positions][n_in]. */
static void
gather(const rrn_infer_block *b, float *ret_x)
{
  const size_t per_image = b->n_positions * b->n_in;
  size_t p, in, lane;

  for (p = 0; p < b->n_positions; p++)
    for (in = 0; in < b->n_in; in++, ret_x++)
      for (lane = 0; lane < (size_t)b->n_images; lane++)
        ret_x[lane * per_image] = b->x[in * b->x_row + p * b->x_position + lane];
}

static void
scatter(const rrn_infer_block *b, const rrn_quantised_layer *l, const double *y)
{
  const size_t row = (size_t)b->group * b->n_out;
  size_t p, out;
  int32_t lane;

  for (lane = 0; lane < b->n_images; lane++)
    for (p = 0; p < b->n_positions; p++)
      for (out = 0; out < b->n_out; out++)
        b->y[out * b->y_row + p * b->y_position + (size_t)lane] =
          (float)(l->unit[row + out] * (*y++ - (double)l->x_zero * (double)l->sums[row + out]));
}

static void
count(rrn_chip *c, int32_t layer, const rrn_xbar_stats *stats)
{
  rrn_chip_layer *n = &c->layers[layer];

  atomic_fetch_add_explicit(&n->conversions, stats->conversions, memory_order_relaxed);
  atomic_fetch_add_explicit(&n->clipped_low, stats->clipped_low, memory_order_relaxed);
  atomic_fetch_add_explicit(&n->clipped_high, stats->clipped_high, memory_order_relaxed);
}

/* Read noise goes by the number of a vector, images in order and positions within them: images whose positions are all there
 * are in a row. */
static int32_t
multiply_vectors(rrn_chip *c, rrn_chip_desk *d, const rrn_chip_array *a, const rrn_infer_block *b, const int32_t *x, double *ret_y,
                 rrn_xbar_stats *stats, rramnas_error *err)
{
  const uint64_t per_image = c->q->layers[b->layer].shape.n_positions;
  const size_t n = b->n_positions, n_images = (size_t)b->n_images;
  const size_t some = a->layer.read_model == RRN_READ_NONE || n == per_image ? n_images : 1;
  size_t lane;

  for (lane = 0; lane < n_images; lane += some) {
    const uint64_t number = (b->first_image + lane) * per_image + b->first_position;

    RRN_TRY(rrn_xbar_mvm(&d->inner, &a->kernel, x + lane * n * b->n_in, n * some, (uint32_t)number,
                         ret_y + lane * n * b->n_out, stats, err));
    rrn_arena_reset(&d->inner);
  }
  return RRAMNAS_OK;
}

static int32_t
multiply_at(rrn_chip *c, rrn_chip_desk *d, const rrn_chip_array *a, const rrn_infer_block *b, rramnas_error *err)
{
  const rrn_quantised_layer *l = &c->q->layers[b->layer];
  const size_t n = (size_t)b->n_images * b->n_positions;
  float *x = rrn_arena_alloc_raw(&d->arena, n, b->n_in * sizeof(*x));
  int32_t *q = rrn_arena_alloc_raw(&d->arena, n, b->n_in * sizeof(*q));
  double *y = rrn_arena_alloc_raw(&d->arena, n, b->n_out * sizeof(*y));
  rrn_xbar_stats stats = { 0 };

  if (!x || !q || !y)
    return rrn_fail_memory(err);
  gather(b, x);
  rrn_quantise_inputs(l, x, n * b->n_in, q);
  RRN_TRY(multiply_vectors(c, d, a, b, q, y, &stats, err));
  rrn_xbar_compensated(&a->compensation, &a->layer, q, n, y);
  scatter(b, l, y);
  count(c, b->layer, &stats);
  return RRAMNAS_OK;
}

/* --- short arrays --- */

static size_t
place_of(const rrn_order *o, size_t position, size_t block)
{
  return (o->by_position ? position * o->n_blocks + block : block * o->n_positions + position) * RRN_INFER_LANES;
}

/* What is added to every sum of an output, in units of the sums. */
typedef struct bases {
  double scale, base, input_scale;
  double *x;      /* [n_vectors]: input_scale times the sum of a vector's inputs; NULL when there is none */
} bases;

/* Of a group; those of all copies are the same. */
static bases
scales_of(const rrn_xbar_short *s, size_t group)
{
  bases b = { 0 };

  rrn_xbar_short_scale(s, group, &b.scale, &b.base, &b.input_scale);
  return b;
}

/* Vectors of positions in a row: inputs x[n_in][x_row], of which each has n. Results are in pieces of `together`: n_inner of these
 * are y_inner apart in y, the next ones y_outer behind. */
typedef struct vectors {
  const uint8_t *x;
  size_t x_row, n;
  const uint8_t *lanes;      /* [n / RRN_INFER_LANES]: images */
  const uint32_t *numbers;   /* [n] in the streams of read noise; NULL without */
  float *y;
  size_t y_row, together, n_inner, y_inner, y_outer;
  uint8_t *bytes;            /* [n_out][y_row]: instead of y, as inputs of another layer; NULL without */
  const float *bias;         /* [n_out]; NULL without */
  rrn_infer_finish finish;   /* its bounds */
  rrn_infer_byte as_bytes;
  bases scales;              /* without what depends on inputs */
} vectors;

static int32_t
make_bases(rrn_chip_desk *d, const rrn_xbar_short *s, const vectors *vs, bases *ret, rramnas_error *err)
{
  const size_t n_vectors = vs->n;
  size_t in, v;

  *ret = vs->scales;
  if (ret->input_scale != 0 && !(ret->x = rrn_arena_alloc(&d->inner, n_vectors, sizeof(*ret->x))))
    return rrn_fail_memory(err);
  for (in = 0; ret->x && in < s->head.n_in; in++)
    for (v = 0; v < n_vectors; v++)
      ret->x[v] += ret->input_scale * vs->x[in * vs->x_row + v];
  return RRAMNAS_OK;
}

/* An output's sums as floats: pieces of one register after the other, others one by one. */
static void
store_floats(const rrn_chip *c, const vectors *vs, const rrn_infer_finish *f, const int32_t *sums, const double *more,
             float *y)
{
  const int together = vs->together == RRN_INFER_LANES;
  const size_t n_pieces = together ? 1 : vs->n_inner, n = together ? vs->n_inner * RRN_INFER_LANES : vs->together;
  size_t v, k;

  for (v = 0; v < vs->n; y += vs->y_outer)
    for (k = 0; k < n_pieces; k++, v += n)
      c->kernels->of_integers(f, sums + v, n, more ? more + v : NULL, y + k * vs->y_inner,
                              together ? vs->y_inner : RRN_INFER_LANES);
}

/* All outputs of a group. */
static void
store_sums(const rrn_chip *c, const rrn_quantised_layer *l, size_t group, const vectors *vs, const bases *b,
           const int32_t *sums)
{
  rrn_infer_finish f = vs->finish;
  size_t out;

  f.scale = b->scale;
  for (out = 0; out < l->shape.n_out; out++, sums += vs->n) {
    const size_t row = group * l->shape.n_out + out;

    f.base = b->base - (double)l->x_zero * (double)l->sums[row];
    f.unit = (double)l->unit[row];
    f.bias = vs->bias ? vs->bias[out] : -0.0f;
    if (vs->bytes)
      c->kernels->bytes_of_integers(&f, &vs->as_bytes, sums, vs->n, b->x, vs->bytes + out * vs->y_row);
    else
      store_floats(c, vs, &f, sums, b->x, vs->y + out * vs->y_row);
  }
}

/* The group in place `slot` of a copy: sums, and from them outputs. */
static int32_t
multiply_rows(rrn_chip *c, rrn_chip_desk *d, const rrn_xbar_short *s, size_t slot, rrn_xbar_short_group *group, const vectors *vs,
              rrn_xbar_stats *stats, rramnas_error *err)
{
  int32_t *sums = rrn_arena_alloc_raw(&d->inner, s->head.cols, vs->n * sizeof(*sums));
  bases b;

  if (!sums)
    return rrn_fail_memory(err);
  RRN_TRY(make_bases(d, s, vs, &b, err));
  RRN_TRY(rrn_xbar_short_run(&d->inner, s, slot, group, vs->x, vs->x_row, vs->n, vs->lanes, vs->numbers, sums, stats, err));
  store_sums(c, &c->q->layers[s->head.id.layer], group->group, vs, &b, sums);
  rrn_arena_reset(&d->inner);
  return RRAMNAS_OK;
}

/* Some positions of all vectors. */
static vectors
positions_of(const vectors *all, const rrn_order *o, size_t first, size_t n)
{
  vectors vs = *all;

  if (n == o->n_positions)
    return vs;
  vs.x += place_of(o, first, 0);
  vs.lanes += place_of(o, first, 0) / RRN_INFER_LANES;
  vs.numbers = all->numbers ? all->numbers + place_of(o, first, 0) : NULL;
  vs.y += first * RRN_INFER_LANES;
  vs.bytes = all->bytes ? all->bytes + place_of(o, first, 0) : NULL;
  vs.n = n * o->n_blocks * RRN_INFER_LANES;
  vs.together = o->n_blocks > 1 ? RRN_INFER_LANES : vs.n;
  return vs;
}

/* The same where elements have to be spread: rows of these positions alone, which stay in the nearest cache. */
static vectors
spread_to(const rrn_infer_whole *w, const rrn_order *o, const rrn_taps *t, const vectors *all, size_t first, size_t n)
{
  vectors vs = positions_of(all, o, first, n);

  rrn_spread(w, o, t, all->x, first, n);
  vs.x = t->rows;
  vs.x_row = vs.n;
  return vs;
}

/* A group, whose positions several copies share. `slots` [n_copies]: how many groups before it each has. */
static int32_t
multiply_dealt(rrn_chip *c, rrn_chip_desk *d, const rrn_infer_whole *w, const rrn_order *o, const rrn_taps *t,
               size_t group, size_t *slots, const vectors *all, rrn_xbar_stats *stats, rramnas_error *err)
{
  const rrn_chip_layer *l = &c->layers[w->layer];
  const rrn_deal deal = rrn_deal_of(&c->q->layers[w->layer], l->n_copies, group);
  rrn_xbar_short_group g;
  size_t done, n;

  rrn_xbar_short_begin(l->copies->small, group, &g);
  for (done = 0; done < w->n_positions; done += n) {
    size_t end;
    const size_t k = rrn_deal_copy_at(&deal, w->first_position + done, &end);
    vectors vs;

    n = end - w->first_position < w->n_positions ? end - w->first_position - done : w->n_positions - done;
    vs = t->stretches ? spread_to(w, o, t, all, done, n) : positions_of(all, o, done, n);
    RRN_TRY(multiply_rows(c, d, l->copies[k].small, slots[k], &g, &vs, stats, err));
  }
  for (n = 0; n < l->n_copies; n++)
    slots[n] += (size_t)rrn_deal_serves(&deal, n);
  return RRAMNAS_OK;
}

/* Numbers of vectors in the streams of read noise: images in order and positions within them. */
static int32_t
number_vectors(rrn_chip *c, rrn_chip_desk *d, const rrn_xbar_short *s, const rrn_order *o, uint64_t first_image,
               size_t first_position, uint32_t **ret_numbers, rramnas_error *err)
{
  const uint64_t per_image = c->q->layers[s->head.id.layer].shape.n_positions;
  uint32_t *numbers;
  size_t p, b, lane;

  if (!s->spreads)
    return RRAMNAS_OK;
  if (!(numbers = rrn_arena_alloc_raw(&d->arena, o->n_positions * o->n_blocks, RRN_INFER_LANES * sizeof(*numbers))))
    return rrn_fail_memory(err);
  for (p = 0; p < o->n_positions; p++)
    for (b = 0; b < o->n_blocks; b++)
      for (lane = 0; lane < RRN_INFER_LANES; lane++)
        numbers[place_of(o, p, b) + lane] =
          (uint32_t)((first_image + b * RRN_INFER_LANES + lane) * per_image + first_position + p);
  *ret_numbers = numbers;
  return RRAMNAS_OK;
}

/* Images in the lanes of all vectors: only the last block has fewer. NULL without memory. */
static uint8_t *
count_images(rrn_arena *arena, const rrn_order *o, int32_t n_last)
{
  uint8_t *lanes = rrn_arena_alloc_raw(arena, o->n_positions, o->n_blocks);
  size_t p;

  if (!lanes)
    return NULL;
  memset(lanes, RRN_INFER_LANES, o->n_positions * o->n_blocks);
  for (p = 0; p < o->n_positions; p++)
    lanes[place_of(o, p, o->n_blocks - 1) / RRN_INFER_LANES] = (uint8_t)n_last;
  return lanes;
}

static uint8_t
byte_of_zero(const rrn_quantised_layer *l)
{
  const float zero = 0;
  int32_t q;

  rrn_quantise_inputs(l, &zero, 1, &q);
  return (uint8_t)q;
}

static rrn_infer_byte
bytes_of(const rrn_quantised_layer *l)
{
  return (rrn_infer_byte){ l->x_unit, (float)l->x_zero, (float)((1 << l->input_bits) - 1) };
}

/* All inputs as bytes, in the order of vectors: [n_groups n_channels][n_elements][n_blocks][lanes] by position, otherwise
 * [..][n_blocks][n_elements][lanes]. NULL without memory. */
static const uint8_t *
inputs_of(const rrn_chip *c, rrn_chip_desk *d, const rrn_infer_whole *w, const rrn_order *o)
{
  const rrn_infer_byte as = bytes_of(&c->q->layers[w->layer]);
  const size_t n_channels = w->n_groups * w->n_channels, each = w->n_elements * RRN_INFER_LANES;
  const size_t step = o->by_position ? w->n_blocks * RRN_INFER_LANES : RRN_INFER_LANES;
  uint8_t *bytes, *to;
  size_t channel, b;

  if (w->x_bytes)
    return w->x_bytes;
  if (!(bytes = rrn_arena_alloc_raw(&d->arena, n_channels, w->n_blocks * each)))
    return NULL;
  for (channel = 0; channel < n_channels; channel++)
    for (b = 0; b < w->n_blocks; b++) {
      to = bytes + channel * w->n_blocks * each + b * (o->by_position ? RRN_INFER_LANES : each);
      c->kernels->to_bytes(&as, w->x + channel * each + b * w->n_between, each, to, step);
    }
  return bytes;
}

/* All vectors of a layer but for what depends on the group. */
static vectors
vectors_of(const rrn_chip *c, const rrn_infer_whole *w, const rrn_order *o)
{
  const size_t n = w->n_positions * w->n_blocks * RRN_INFER_LANES;

  return (vectors){ .x_row = n, .n = n, .y = w->y, .y_row = w->y_bytes ? n : w->n_positions * RRN_INFER_LANES,
                    .n_inner = o->by_position ? o->n_blocks : 1, .y_inner = w->n_between,
                    .y_outer = o->by_position ? RRN_INFER_LANES : w->n_between,
                    .together = o->by_position && o->n_blocks > 1 ? RRN_INFER_LANES : w->n_positions * RRN_INFER_LANES,
                    .finish = { .low = w->low, .high = w->high },
                    .as_bytes = w->y_bytes ? bytes_of(&c->q->layers[w->reader]) : (rrn_infer_byte){ 0, 0, 0 } };
}

/* All inputs become bytes once; those of a group are spread to the positions that use them. */
static int32_t
multiply_whole_at(rrn_chip *c, rrn_chip_desk *d, const rrn_infer_whole *w, rrn_xbar_stats *stats, rramnas_error *err)
{
  const rrn_chip_layer *l = &c->layers[w->layer];
  const rrn_order o = { .n_positions = w->n_positions, .n_blocks = w->n_blocks, .by_position = l->n_copies > 1 };
  const size_t per_channel = w->n_blocks * w->n_elements * RRN_INFER_LANES;
  vectors all = vectors_of(c, w, &o);
  const uint8_t *bytes = inputs_of(c, d, w, &o);
  size_t *slots = rrn_arena_alloc(&d->arena, l->n_copies, sizeof(*slots)), g;
  uint32_t *numbers = NULL;
  rrn_taps t;

  all.lanes = count_images(&d->arena, &o, w->n_images);
  if (!bytes || !slots || !all.lanes || !rrn_taps_find(&d->arena, w, byte_of_zero(&c->q->layers[w->layer]), &t))
    return rrn_fail_memory(err);
  RRN_TRY(number_vectors(c, d, l->copies->small, &o, w->first_image, w->first_position, &numbers, err));
  all.numbers = numbers;
  for (g = 0; g < w->n_groups; g++) {
    all.x = bytes + g * w->n_channels * per_channel;
    if (w->y_bytes)
      all.bytes = w->y_bytes + g * w->n_out * all.y_row;
    else
      all.y = w->y + g * w->n_out * all.y_row;
    all.bias = w->bias ? w->bias + g * w->n_out : NULL;
    all.scales = scales_of(l->copies->small, g);
    RRN_TRY(multiply_dealt(c, d, w, &o, &t, g, slots, &all, stats, err));
  }
  return RRAMNAS_OK;
}

/* So many blocks at a time as are best for the layer. */
static int32_t
multiply_parts(rrn_chip *c, rrn_chip_desk *d, const rrn_infer_whole *w, rrn_xbar_stats *stats, rramnas_error *err)
{
  const size_t most = c->layers[w->layer].n_copies > 1 ? w->n_blocks : TOGETHER_ALONE;
  rrn_infer_whole part = *w;
  size_t done;

  for (done = 0; done < w->n_blocks; done += part.n_blocks) {
    const size_t left = w->n_blocks - done;

    part.n_blocks = left < most ? left : most;
    part.n_images = part.n_blocks == left ? w->n_images : RRN_INFER_LANES;
    RRN_TRY(multiply_whole_at(c, d, &part, stats, err));
    rrn_arena_reset(&d->arena);
    part.first_image += part.n_blocks * RRN_INFER_LANES;
    part.x += part.n_blocks * w->n_between;
    part.y += part.n_blocks * w->n_between;
  }
  return RRAMNAS_OK;
}

static int32_t
multiply_whole(void *user, const rrn_infer_whole *w, rramnas_error *err)
{
  rrn_chip *c = user;
  rrn_xbar_stats stats = { 0 };
  int32_t status;
  rrn_chip_desk *d;

  if (!c->layers[w->layer].all_small)
    return RRN_INFER_BY_BLOCKS;
  d = take_desk(c);
  status = multiply_parts(c, d, w, &stats, err);
  leave_desk(d);
  count(c, w->layer, &stats);
  return status;
}

/* Copies take positions, so that vectors lie as bytes do, and all blocks are multiplied together. */
static int
takes_bytes(void *user, int32_t layer)
{
  const rrn_chip *c = user;

  return c->layers[layer].all_small && c->layers[layer].n_copies > 1;
}

/* Products of another form. */
static int32_t
multiply_short_block(rrn_chip *c, rrn_chip_desk *d, const rrn_xbar_short *s, size_t slot, const rrn_infer_block *b,
                     rramnas_error *err)
{
  const rrn_order o = { .n_positions = b->n_positions, .n_blocks = 1 };
  const size_t n = b->n_positions * RRN_INFER_LANES;
  uint8_t *rows = rrn_arena_alloc_raw(&d->arena, b->n_in, n);
  vectors vs = { .x = rows, .x_row = n, .n = n, .y = b->y, .y_row = b->y_row,
                 .together = RRN_INFER_LANES, .n_inner = 1, .y_outer = b->y_position,
                 .finish = { .low = -HUGE_VALF, .high = HUGE_VALF } };
  const rrn_infer_byte as = bytes_of(&c->q->layers[b->layer]);
  rrn_xbar_stats stats = { 0 };
  uint32_t *numbers = NULL;
  rrn_xbar_short_group g;
  size_t in, p;

  vs.lanes = count_images(&d->arena, &o, b->n_images);
  if (!rows || !vs.lanes)
    return rrn_fail_memory(err);
  RRN_TRY(number_vectors(c, d, s, &o, b->first_image, b->first_position, &numbers, err));
  for (in = 0; in < b->n_in; in++)
    for (p = 0; p < b->n_positions; p++)
      c->kernels->to_bytes(&as, b->x + in * b->x_row + p * b->x_position, RRN_INFER_LANES,
                           rows + in * n + p * RRN_INFER_LANES, RRN_INFER_LANES);
  vs.numbers = numbers;
  vs.scales = scales_of(s, (size_t)b->group);
  rrn_xbar_short_begin(s, (size_t)b->group, &g);
  RRN_TRY(multiply_rows(c, d, s, slot, &g, &vs, &stats, err));
  count(c, b->layer, &stats);
  return RRAMNAS_OK;
}

/* Place of a group among those that a copy has. */
static size_t
slot_of(const rrn_chip *c, int32_t layer, size_t group, size_t copy)
{
  const rrn_quantised_layer *l = &c->q->layers[layer];
  const uint32_t *before = c->layers[layer].copies[copy].before;
  size_t g, slot;

  if (!before)
    return group;
  slot = before[group / RRN_CHIP_FEW];
  for (g = group / RRN_CHIP_FEW * RRN_CHIP_FEW; g < group; g++) {
    const rrn_deal d = rrn_deal_of(l, c->layers[layer].n_copies, g);

    slot += (size_t)rrn_deal_serves(&d, copy);
  }
  return slot;
}

static int32_t
multiply(void *user, const rrn_infer_block *b, rramnas_error *err)
{
  rrn_chip *c = user;
  const rrn_chip_layer *l = &c->layers[b->layer];
  const rrn_deal deal = rrn_deal_of(&c->q->layers[b->layer], l->n_copies, (size_t)b->group);
  int32_t status = RRAMNAS_OK;
  size_t done;

  if (!l->copies) {
    rrn_infer_multiply_floats(c->q->plan, b);
    return RRAMNAS_OK;
  }
  for (done = 0; done < b->n_positions && status >= 0;) {
    rrn_infer_block part = *b;
    rrn_chip_desk *d = take_desk(c);
    size_t end, k, slot;

    part.first_position += done;
    k = rrn_deal_copy_at(&deal, part.first_position, &end);
    slot = slot_of(c, b->layer, (size_t)b->group, k);
    part.n_positions = end - b->first_position < b->n_positions ? end - part.first_position : b->n_positions - done;
    part.x += done * b->x_position;
    part.y += done * b->y_position;
    status = l->copies[k].small ? multiply_short_block(c, d, l->copies[k].small, slot, &part, err)
                                : multiply_at(c, d, &l->copies[k].arrays[slot], &part, err);
    leave_desk(d);
    done += part.n_positions;
  }
  return status;
}

/* --- the whole --- */

static rrn_chip *
new_chip(const rrn_rt *rt, const rrn_quantised *q)
{
  rrn_chip *c = rrn_calloc(rt, 1, sizeof(*c));
  size_t i;

  if (!c)
    return NULL;
  c->rt = rt;
  c->q = q;
  c->cpu = rrn_xbar_cpu_best();
  c->backend = (rrn_infer_backend){ .multiply = multiply, .multiply_whole = multiply_whole, .takes_bytes = takes_bytes,
                                    .user = c };
  c->kernels = rrn_infer_kernels_best();
  rrn_arena_init(&c->arena, rt);
  for (i = 0; i < RRN_CHIP_DESKS; i++) {
    atomic_flag_clear(&c->desks[i].busy);
    rrn_arena_init(&c->desks[i].arena, rt);
    rrn_arena_init(&c->desks[i].inner, rt);
  }
  return c;
}

static size_t
blocks_together(const rrn_chip *c)
{
  size_t i;

  for (i = 0; i < c->q->n; i++)
    if (c->layers[i].n_copies > 1)
      return TOGETHER;
  return TOGETHER_ALONE;
}

int32_t
rrn_chip_program(const rrn_rt *rt, const rrn_quantised *q, const rramnas_hw *hw, const rrn_chip_options *options,
                 rrn_chip **ret_chip, rramnas_error *err)
{
  rrn_chip *c = new_chip(rt, q);
  int32_t status = RRAMNAS_OK;
  size_t i;

  if (!c)
    return rrn_fail_memory(err);
  c->layers = rrn_arena_alloc(&c->arena, q->n, sizeof(*c->layers));
  if (!c->layers)
    status = rrn_fail_memory(err);
  for (i = 0; c->layers && i < q->n; i++)
    rrn_arena_init(&c->layers[i].arena, rt);
  if (status >= 0)
    status = rrn_chip_program_layers(c, hw, options, err);
  if (status >= 0)
    c->backend.n_blocks = blocks_together(c);
  if (status < 0)
    rrn_chip_free(c);
  else
    *ret_chip = c;
  return status;
}

void
rrn_chip_free(rrn_chip *c)
{
  size_t i;

  if (!c)
    return;
  for (i = 0; i < RRN_CHIP_DESKS; i++) {
    rrn_arena_release(&c->desks[i].arena);
    rrn_arena_release(&c->desks[i].inner);
  }
  for (i = 0; c->layers && i < c->q->n; i++)
    rrn_arena_release(&c->layers[i].arena);
  rrn_arena_release(&c->arena);
  rrn_free(c->rt, c);
}

/* A chip on one thread has one desk in use, the first. */
void
rrn_chip_lend(rrn_chip *c, rrn_chip_room *room)
{
  c->backend.room = &room->workspaces;
  c->desks[0].arena.chunks = room->arena.chunks;
  c->desks[0].inner.chunks = room->inner.chunks;
}

void
rrn_chip_take_back(rrn_chip *c, rrn_chip_room *room)
{
  c->backend.room = NULL;
  room->arena = c->desks[0].arena;
  room->inner = c->desks[0].inner;
  rrn_arena_init(&c->desks[0].arena, c->rt);
  rrn_arena_init(&c->desks[0].inner, c->rt);
}

void
rrn_chip_room_release(const rrn_rt *rt, rrn_chip_room *room)
{
  rrn_infer_room_release(rt, &room->workspaces);
  rrn_arena_release(&room->arena);
  rrn_arena_release(&room->inner);
}

const rrn_infer_backend *
rrn_chip_backend(const rrn_chip *c)
{
  return &c->backend;
}

rrn_xbar_stats
rrn_chip_stats(const rrn_chip *c, size_t layer)
{
  const rrn_chip_layer *n = &c->layers[layer];

  return (rrn_xbar_stats){ .conversions = atomic_load(&n->conversions), .clipped_low = atomic_load(&n->clipped_low),
                           .clipped_high = atomic_load(&n->clipped_high) };
}
