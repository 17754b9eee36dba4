/* SPDX-License-Identifier: MIT */
/* A bound on the time of a random packing, from its first boxes.
 *
 * In:  pieces, copies, sharing rules, where in the random stream the order begins.
 * Out: a completion time that the mapping is not below if the packing succeeds.
 *
 * Idea: policy rnc packs first fit in a random order. The first few hundred boxes stay where they are whatever comes
 * later, and where two layers share a crossbar among them they share it at the end. Jobs of such layers never work at
 * the same time: all copies of a layer serve each sample, and hold their crossbars until the longest box is done. So
 * of layers that share crossbars pairwise no two ever work together, and the time is not below samples times the sum
 * of theirs. Which boxes come first is told by the smallest numbers of the stream; these are kept, so that the orders
 * that begin elsewhere in it cost no new numbers.
 *
 * Why the first boxes may be packed alone: a space is dropped when no box to come fits, so what is dropped early for
 * want of the others would have held none of the first.
 *
 * Not handled: rules that let boxes of one layer share a crossbar (they work in rounds there). Complexity: the first boxes
 * packed, and layers^2 for the set of layers, grown greedily. Source: ours. */
#include "best/crowd.h"

#include "compile/passes.h"

enum { MOST_LAYERS = 1024 };

typedef struct first_boxes {
  const rramnas_mapping *m;
  rrn_pack_box *boxes; /* [n] */
  double *keys;        /* [n] */
  int32_t *order;      /* [n] by key */
  size_t n;
} first_boxes;

void
rrn_crowd_init(rrn_crowd *c, uint32_t seed, int32_t boxes, rrn_arena *arena)
{
  *c = (rrn_crowd){ .seed = seed, .boxes = boxes, .arena = arena };
}

/* --- the stream --- */

/* Numbers below that are about c->boxes of n. Begins anew, with some to spare, when fewer were kept. */
static double
aim_at(rrn_crowd *c, size_t n)
{
  const double wanted = n > (size_t)c->boxes ? (double)c->boxes / (double)n : 1;

  if (wanted > c->most) {
    c->most = 2 * wanted;
    c->drawn = c->n = 0;
    rrn_mt19937_seed(&c->rng, c->seed);
  }
  return wanted;
}

static int32_t
draw_to(rrn_crowd *c, size_t end, rramnas_error *err)
{
  double key;

  for (; c->drawn < end; c->drawn++) {
    key = rrn_mt19937_double(&c->rng);
    if (key >= c->most)
      continue;
    c->at = rrn_arena_grow(c->arena, c->at, c->n, &c->cap_at, sizeof(*c->at));
    c->keys = rrn_arena_grow(c->arena, c->keys, c->n, &c->cap_keys, sizeof(*c->keys));
    if (!c->at || !c->keys)
      return rrn_fail_memory(err);
    c->at[c->n] = c->drawn;
    c->keys[c->n++] = key;
  }
  return RRAMNAS_OK;
}

/* The first kept number that is not before `at`. */
static size_t
find(const rrn_crowd *c, size_t at)
{
  size_t low = 0, high = c->n;

  while (low < high) {
    const size_t middle = low + (high - low) / 2;

    if (c->at[middle] < at)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* --- the first boxes --- */

/* Boxes are numbered by layer, copy, piece. */
static void
add_box(first_boxes *f, size_t number, double key, int32_t *layer, size_t *before)
{
  const rramnas_mapping *m = f->m;
  const rrn_piece *p;
  size_t pieces;

  while (number - *before >= (size_t)m->copies[*layer] * (size_t)rrn_mapping_pieces_of(m, *layer)) {
    *before += (size_t)m->copies[*layer] * (size_t)rrn_mapping_pieces_of(m, *layer);
    ++*layer;
  }
  pieces = (size_t)rrn_mapping_pieces_of(m, *layer);
  p = &m->pieces[(size_t)m->first_piece[*layer] + (number - *before) % pieces];
  f->boxes[f->n] = (rrn_pack_box){ *layer, p->rows, p->cols, 0 };
  f->keys[f->n++] = key;
}

static int32_t
choose_boxes(rrn_crowd *c, const rramnas_mapping *m, size_t from, rrn_arena *scratch, first_boxes *f,
             rramnas_error *err)
{
  const size_t n = (size_t)rrn_place_count(m);
  const double most = aim_at(c, n);
  size_t i, end, before = 0;
  int32_t layer = 0, *heads;

  RRN_TRY(draw_to(c, from + n, err));
  i = find(c, from);
  end = find(c, from + n);
  *f = (first_boxes){ .m = m };
  f->boxes = rrn_arena_alloc_raw(scratch, end - i + 1, sizeof(*f->boxes));
  f->keys = rrn_arena_alloc_raw(scratch, end - i + 1, sizeof(*f->keys));
  f->order = rrn_arena_alloc_raw(scratch, end - i + 1, sizeof(*f->order));
  heads = rrn_arena_alloc_raw(scratch, end - i + 2, sizeof(*heads));
  if (!f->boxes || !f->keys || !f->order || !heads)
    return rrn_fail_memory(err);
  for (; i < end; i++)
    if (c->keys[i] < most)
      add_box(f, c->at[i] - from, c->keys[i], &layer, &before);
  rrn_uniform_order(f->keys, most, f->n, f->order, heads);
  return RRAMNAS_OK;
}

/* --- who shares with whom --- */

typedef struct sharers {
  int32_t n_layers, n_words;
  uint64_t *in_bar;  /* [opened][words] layers */
  uint64_t *with;    /* [n_layers][words] layers that share some crossbar */
  double *ns;        /* [n_layers] of one sample; 0 = some copies may rest */
  double *rank;      /* [n_layers] slow layers that share with many first; 0 = not in the set, or it was its turn */
} sharers;

/* As the simulation has it: the box that takes longest alone, all copies at work. */
static double
layer_ns(const rramnas_mapping *m, int32_t layer)
{
  const rrn_piece *longest = &m->pieces[m->first_piece[layer]];
  int32_t k;

  for (k = m->first_piece[layer]; k < m->first_piece[layer + 1]; k++) {
    const rrn_piece *p = &m->pieces[k];

    if (m->copies[layer] > p->activations)
      return 0;
    if (p->latency_ns * (double)p->activations > longest->latency_ns * (double)longest->activations)
      longest = p;
  }
  return longest->latency_ns * (double)((longest->activations + m->copies[layer] - 1) / m->copies[layer]);
}

static void
note_sharers(sharers *s, const first_boxes *f, const rrn_pack_result *packed)
{
  size_t i, words = (size_t)s->n_words;
  int32_t w;

  for (i = 0; i < f->n; i++)
    s->in_bar[(size_t)packed->spots[i].crossbar * words + (size_t)(f->boxes[i].layer >> 6)] |=
      UINT64_C(1) << (f->boxes[i].layer & 63);
  for (i = 0; i < f->n; i++)
    for (w = 0; w < s->n_words; w++)
      s->with[(size_t)f->boxes[i].layer * words + (size_t)w] |=
        s->in_bar[(size_t)packed->spots[i].crossbar * words + (size_t)w];
}

static int
shares_with_all(const sharers *s, int32_t layer, const uint64_t *set)
{
  const uint64_t *with = s->with + (size_t)layer * (size_t)s->n_words;
  int32_t w;

  for (w = 0; w < s->n_words; w++)
    if (set[w] & ~with[w])
      return 0;
  return 1;
}

static int32_t
count_others(const sharers *s, int32_t layer)
{
  const uint64_t *with = s->with + (size_t)layer * (size_t)s->n_words;
  int32_t w, n = 0;

  for (w = 0; w < s->n_words; w++)
    n += __builtin_popcountll(with[w]);
  return n;
}

/* Layers by rank, each if it shares crossbars with all that are in. `set` is empty. */
static double
sum_of_set(sharers *s, uint64_t *set)
{
  double sum = 0;
  int32_t i, best;

  for (i = 0; i < s->n_layers; i++)
    s->rank[i] = s->ns[i] * count_others(s, i);
  for (;; s->rank[best] = 0) {
    for (best = 0, i = 1; i < s->n_layers; i++)
      best = s->rank[i] > s->rank[best] ? i : best;
    if (s->rank[best] <= 0)
      return sum;
    if (!shares_with_all(s, best, set))
      continue;
    sum += s->ns[best];
    set[best >> 6] |= UINT64_C(1) << (best & 63);
  }
}

int32_t
rrn_crowd_bound(rrn_crowd *c, const rramnas_mapping *m, const rrn_pack_rules *rules, size_t from, int32_t samples,
                rrn_arena *scratch, double *ret_ns, rramnas_error *err)
{
  sharers s = { .n_layers = m->n_layers, .n_words = (m->n_layers + 63) / 64 };
  rrn_pack_result packed = { 0 };
  first_boxes f;
  uint64_t *set;
  int32_t i;

  *ret_ns = 0;
  if (rules->layer_threshold < 0 || m->n_layers > MOST_LAYERS)
    return RRAMNAS_OK;
  RRN_TRY(choose_boxes(c, m, from, scratch, &f, err));
  if (f.n == 0)
    return RRAMNAS_OK;
  RRN_TRY(rrn_pack_ems(rules, f.boxes, f.order, f.n, scratch, &packed, err));
  if (!packed.fits)
    return RRAMNAS_OK;
  s.in_bar = rrn_arena_alloc(scratch, (size_t)packed.opened + 1, (size_t)s.n_words * sizeof(*s.in_bar));
  s.with = rrn_arena_alloc(scratch, (size_t)s.n_layers, (size_t)s.n_words * sizeof(*s.with));
  s.ns = rrn_arena_alloc(scratch, (size_t)s.n_layers, sizeof(*s.ns));
  s.rank = rrn_arena_alloc(scratch, (size_t)s.n_layers, sizeof(*s.rank));
  set = rrn_arena_alloc(scratch, (size_t)s.n_words, sizeof(*set));
  if (!s.in_bar || !s.with || !s.ns || !s.rank || !set)
    return rrn_fail_memory(err);
  for (i = 0; i < m->n_layers; i++)
    s.ns[i] = layer_ns(m, i);
  note_sharers(&s, &f, &packed);
  *ret_ns = samples * sum_of_set(&s, set);
  return RRAMNAS_OK;
}
