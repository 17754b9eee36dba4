/* SPDX-License-Identifier: MIT */
/* Timing model "graph": true dependencies, crossbars held box by box.
 *
 * In:  a mapping, a number of samples.
 * Out: when the last sample is done; spans.
 *
 * Model: layer l of sample s may start when the layers whose results it needs are done for s; layers that need
 * none take one sample after the other, as the input arrives. It then asks, for each box of its copies, for the
 * crossbar of the box; a crossbar serves requests one at a time in the order of their arrival. Ties: layers that end
 * at the same time are handled by sample, then layer, and let those that waited for them ask in turn, by layer, a
 * source layer for its own next sample last; the boxes of a layer ask by copy, then piece. The activations of a layer
 * are dealt to its copies as evenly as they go, the first copies taking one more; copies beyond the number of
 * activations stay idle. A layer is done when its last box is.
 * Digital operators take no time.
 *
 * Why it is right: arrivals are handled in the order of time, and a crossbar's queue is served in that order, so
 * the end of a request is max(arrival, end of the crossbar's last request) + duration, known on arrival. Only
 * ends of layers need events. With sharing "disjoint" (sharing.c) a box waits for those that may not be active with
 * it instead of for its crossbar; each of these then holds a server of its own, and the same argument holds.
 *
 * Complexity: O(samples * (boxes + layers log layers)). Without contention every box has its own server, which
 * still serves one sample after the other. */
#include <string.h>

#include "timing/sharing.h"
#include "timing/sim.h"
#include "util/ckd.h"

/* A sample on its way. */
typedef struct sample_state {
  struct sample_state *next_spare;
  int32_t layers_left;
  int32_t waiting[]; /* [n_layers] dependencies still open */
} sample_state;

typedef struct state {
  const rramnas_mapping *m;
  const rrn_sim_options *o;
  rrn_arena arena;
  double *free_ns;           /* [servers]: end of the last request */
  rrn_sharing_servers shared; /* sharing "disjoint" */
  int32_t *mapped_of;        /* [layers of the net] -> layer, -1 */
  int32_t *n_waits;          /* [n_layers]: dependencies */
  int32_t *first_follower;   /* [n_layers + 1] */
  int32_t *followers;
  sample_state **samples;    /* [samples]: of those on their way, else NULL */
  sample_state *spare;       /* list of states for samples to come */
  rrn_event_queue ends;
  double last_ns;
  rramnas_error *err;
} state;

/* Followers of each layer, from the dependencies that the network keeps. */
static int32_t
link_layers(state *s)
{
  const rramnas_mapping *m = s->m;
  const rramnas_net *net = m->net;
  const size_t n = (size_t)m->n_layers;
  int32_t layer, i;
  int64_t total = 0;

  s->mapped_of = rrn_arena_alloc(&s->arena, net->n_layers, sizeof(*s->mapped_of));
  s->n_waits = rrn_arena_alloc(&s->arena, n, sizeof(*s->n_waits));
  s->first_follower = rrn_arena_alloc(&s->arena, n + 2, sizeof(*s->first_follower));
  if (!s->mapped_of || !s->n_waits || !s->first_follower)
    return rrn_fail_memory(s->err);
  for (layer = 0; layer < m->n_layers; layer++)
    s->mapped_of[m->layer_of[layer]] = layer;
  for (layer = 0; layer < m->n_layers; layer++) {
    const rrn_layer_deps *deps = &net->deps[m->layer_of[layer]];

    s->n_waits[layer] = deps->n;
    total += deps->n;
    for (i = 0; i < deps->n; i++)
      s->first_follower[s->mapped_of[deps->layers[i]] + 2]++;
  }
  for (i = 1; i < m->n_layers + 2; i++)
    s->first_follower[i] += s->first_follower[i - 1];
  s->followers = rrn_arena_alloc(&s->arena, (size_t)total, sizeof(*s->followers));
  if (!s->followers)
    return rrn_fail_memory(s->err);
  for (layer = 0; layer < m->n_layers; layer++) {
    const rrn_layer_deps *deps = &net->deps[m->layer_of[layer]];

    for (i = 0; i < deps->n; i++)
      s->followers[s->first_follower[s->mapped_of[deps->layers[i]] + 1]++] = layer;
  }
  return RRAMNAS_OK;
}

static int32_t
prepare(state *s)
{
  const rramnas_mapping *m = s->m;
  size_t servers = s->o->no_contention ? m->n_placements : (size_t)m->crossbars_available, jobs;

  RRN_TRY(link_layers(s));
  if (ckd_mul(&jobs, (size_t)s->o->samples, (size_t)m->n_layers) || jobs > INT32_MAX)
    return rrn_fail(s->err, RRAMNAS_ERR_LIMIT, "%d samples of %d layers are more than the simulation can count",
                    (int)s->o->samples, (int)m->n_layers);
  if (s->o->sharing == RRAMNAS_SHARING_DISJOINT && !s->o->no_contention) {
    RRN_TRY(rrn_sharing_disjoint(m, &s->arena, &s->shared, s->err));
    servers = (size_t)s->shared.n_servers;
  }
  s->free_ns = rrn_arena_alloc(&s->arena, servers, sizeof(*s->free_ns));
  s->samples = rrn_arena_alloc(&s->arena, (size_t)s->o->samples, sizeof(sample_state *));
  return s->free_ns && s->samples ? RRAMNAS_OK : rrn_fail_memory(s->err);
}

/* The state of a sample, made when its first layer becomes ready, from one that is through when there is one. */
static sample_state *
state_of(state *s, int32_t sample)
{
  const size_t n = (size_t)s->m->n_layers;
  sample_state *x = s->samples[sample] ? s->samples[sample] : s->spare;

  if (s->samples[sample])
    return x;
  if (x)
    s->spare = x->next_spare;
  else
    x = rrn_arena_alloc_raw(&s->arena, 1, sizeof(*x) + n * sizeof(x->waiting[0]));
  if (!x)
    return NULL;
  memcpy(x->waiting, s->n_waits, n * sizeof(x->waiting[0]));
  x->layers_left = s->m->n_layers;
  return s->samples[sample] = x;
}

static double
max_ns(double a, double b)
{
  return a > b ? a : b;
}

/* What the box at a place holds while it is active. */
static double *
server_of(state *s, const rrn_placement *spot)
{
  const int64_t i = spot - s->m->placements;

  return &s->free_ns[s->o->no_contention ? i : s->shared.server ? s->shared.server[i] : spot->crossbar];
}

/* When the box may begin, asking now. */
static double
start_of(state *s, const rrn_placement *spot, double now_ns)
{
  double start_ns = max_ns(now_ns, *server_of(s, spot));
  int64_t i, k;

  if (!s->shared.server)
    return start_ns;
  i = spot - s->m->placements;
  for (k = s->shared.first[i]; k < s->shared.first[i + 1]; k++)
    start_ns = max_ns(start_ns, s->free_ns[s->shared.others[k]]);
  return start_ns;
}

/* Requests of one copy; returns when its last box is done. */
static double
serve_copy(state *s, int32_t sample, int32_t layer, int32_t copy, int64_t workers, double now_ns)
{
  const rramnas_mapping *m = s->m;
  const int32_t n = rrn_mapping_pieces_of(m, layer);
  const rrn_placement *spot = rrn_mapping_placement(m, layer, copy, 0);
  double done_ns = now_ns;
  int32_t k;

  for (k = 0; k < n; k++, spot++) {
    const rrn_piece *p = &m->pieces[m->first_piece[layer] + k];
    const int64_t share = p->activations / workers + (copy < p->activations % workers);
    double *free_ns = server_of(s, spot);
    const double start_ns = start_of(s, spot, now_ns);

    if (share == 0)
      continue;
    *free_ns = start_ns + p->latency_ns * (double)share;
    done_ns = max_ns(done_ns, *free_ns);
    if (s->o->span)
      s->o->span(s->o->span_user, &(rrn_span){ sample, layer, copy, k, spot->crossbar, start_ns, *free_ns });
  }
  return done_ns;
}

static int32_t
start_layer(state *s, int32_t sample, int32_t layer, double now_ns)
{
  const rramnas_mapping *m = s->m;
  const int32_t job = sample * m->n_layers + layer;
  int64_t most = 1;
  double done_ns = now_ns;
  int32_t copy, i;

  for (i = m->first_piece[layer]; i < m->first_piece[layer + 1]; i++)
    most = m->pieces[i].activations > most ? m->pieces[i].activations : most;
  most = most < m->copies[layer] ? most : m->copies[layer];
  for (copy = 0; copy < most; copy++)
    done_ns = max_ns(done_ns, serve_copy(s, sample, layer, copy, most, now_ns));
  /* The job number orders ends at the same time by sample, then layer. */
  return rrn_event_push(&s->ends, (rrn_event){ done_ns, job, job }) ? RRAMNAS_OK : rrn_fail_memory(s->err);
}

/* One thing that a layer waited for is there. A source layer waits for nothing but itself one sample earlier. */
static int32_t
open_one(state *s, int32_t sample, int32_t layer, double now_ns)
{
  sample_state *x = state_of(s, sample);

  if (!x)
    return rrn_fail_memory(s->err);
  return --x->waiting[layer] <= 0 ? start_layer(s, sample, layer, now_ns) : RRAMNAS_OK;
}

static void
count_layer(state *s, int32_t sample)
{
  sample_state *x = s->samples[sample];

  if (--x->layers_left > 0)
    return;
  x->next_spare = s->spare;
  s->spare = x;
  s->samples[sample] = NULL;
}

static int32_t
end_layer(state *s, int32_t job, double now_ns)
{
  const int32_t sample = job / s->m->n_layers, layer = job % s->m->n_layers;
  int32_t i;

  s->last_ns = max_ns(s->last_ns, now_ns);
  for (i = s->first_follower[layer]; i < s->first_follower[layer + 1]; i++)
    RRN_TRY(open_one(s, sample, s->followers[i], now_ns));
  count_layer(s, sample);
  if (s->n_waits[layer] == 0 && sample + 1 < s->o->samples)
    return open_one(s, sample + 1, layer, now_ns);
  return RRAMNAS_OK;
}

static int32_t
run(state *s)
{
  int32_t layer;

  RRN_TRY(prepare(s));
  for (layer = 0; layer < s->m->n_layers; layer++)
    if (s->n_waits[layer] == 0)
      RRN_TRY(open_one(s, 0, layer, 0));
  while (s->ends.n > 0) {
    const rrn_event end = rrn_event_pop(&s->ends);

    RRN_TRY(end_layer(s, end.value, end.time_ns));
  }
  return RRAMNAS_OK;
}

int32_t
rrn_sim_graph(const rramnas_mapping *m, const rrn_sim_options *options, double *ret_latency_ns, rramnas_error *err)
{
  state s = { .m = m, .o = options, .err = err };
  int32_t status;

  rrn_arena_init(&s.arena, &m->rt);
  s.ends.arena = &s.arena;
  status = run(&s);
  rrn_arena_release(&s.arena);
  if (status == RRAMNAS_OK)
    *ret_latency_ns = s.last_ns;
  return status;
}
