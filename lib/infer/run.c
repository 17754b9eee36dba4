/* SPDX-License-Identifier: MIT */
/* A plan on images.
 *
 * In:  images, one after the other. Out: their outputs.
 * Groups of RRN_INFER_LANES images go through all steps, each on one thread with a workspace of its own; lanes without
 * an image hold zeros. A lane never meets another, so results do not depend on what is grouped with what. Where a
 * backend takes whole layers, a thread takes several groups through each step, of which only the last one may have empty
 * lanes, so that the backend prepares a layer once for all of them.
 *
 * Calibration takes all groups to one batch normalisation before the next: each has its workspace. A group runs from
 * one to the next while what it works on is near, and then counts what it has of the next one's statistics. In double
 * precision, per channel: distances from the mean of the images' first elements and their squares, summed image by
 * image over the channel's elements in order, then over the group's images; that gives mean and variance of the group;
 * then over the groups in order their means, their squares and the distances between their means and that of all.
 * Source: T. Chan, G. Golub, R. LeVeque, "Algorithms for Computing the Sample Variance", The American Statistician 37,
 * 1983. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "infer/plan.h"
#include "util/ckd.h"
#include "util/pool.h"

enum { ALIGNMENT = 64, MOST_WORKERS = 256 };

/* Workspaces that a thread takes through the network together: what a backend prepares for a layer serves them all, which
 * matters more than that they stay in the nearer caches. */
enum { BAND_BYTES = 3 << 22 };

/* What a thread takes hold of for one group. */
typedef struct worker {
  atomic_flag busy;
  rrn_infer_task task;
  rramnas_error err;
  size_t failed_group;
  int32_t status;
} worker;

/* Of a channel's elements in a group of images. */
typedef struct moments {
  double mean, squares; /* sum of squared distances from the mean */
} moments;

typedef struct run {
  const rrn_infer_plan *plan;
  const rrn_infer_backend *backend;
  const float *images;
  float *outputs;
  size_t n, n_groups, n_workers;
  size_t n_blocks;         /* groups that a thread takes together */
  worker *workers;
  void *memory; /* of all workers, not aligned; the room's where there is one */
  rrn_infer_room *room;
  size_t from, to; /* calibration: steps that each group takes now; `to` is a batch normalisation or the end */
  moments *moments; /* calibration: [n_groups][channels] */
} run;

/* --- images to lanes and back --- */

static size_t
round_up(size_t bytes)
{
  return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void
load_images(const run *r, size_t group, float *x)
{
  const size_t n_in = rrn_infer_n_in(r->plan), first = group * RRN_LANES;
  const size_t n = r->n - first < RRN_LANES ? r->n - first : RRN_LANES;
  size_t lane, k;

  if (n < RRN_LANES)
    memset(x, 0, n_in * RRN_LANES * sizeof(*x));
  for (k = 0; k < n_in; k++)
    for (lane = 0; lane < n; lane++)
      x[k * RRN_LANES + lane] = r->images[(first + lane) * n_in + k];
}

static void
store_outputs(const run *r, size_t group, const float *y)
{
  const size_t n_out = rrn_infer_n_out(r->plan), first = group * RRN_LANES;
  const size_t n = r->n - first < RRN_LANES ? r->n - first : RRN_LANES;
  size_t lane, k;

  for (lane = 0; r->outputs && lane < n; lane++)
    for (k = 0; k < n_out; k++)
      r->outputs[(first + lane) * n_out + k] = y[k * RRN_LANES + lane];
}

static void
begin(const run *r, size_t group, size_t n_blocks, rrn_infer_task *task)
{
  const size_t last = (group + n_blocks - 1) * RRN_LANES;
  size_t k;

  task->first_image = (r->backend ? r->backend->first_image : 0) + group * RRN_LANES;
  task->n_images = (int32_t)(r->n - last < RRN_LANES ? r->n - last : RRN_LANES);
  task->n_blocks = n_blocks;
  for (k = 0; k < n_blocks; k++)
    load_images(r, group + k, task->workspace + k * task->n_between + r->plan->at[r->plan->input] * RRN_LANES);
}

static const float *
result(const rrn_infer_plan *p, const rrn_infer_task *task)
{
  return p->spread[p->output] ? p->spread[p->output] : task->workspace + p->at[p->output] * RRN_LANES;
}

/* --- workers --- */

static void
end_run(run *r)
{
  rrn_free(&r->plan->rt, r->workers);
  if (!r->room)
    rrn_free(&r->plan->rt, r->memory);
  rrn_free(&r->plan->rt, r->moments);
}

void
rrn_infer_room_release(const rrn_rt *rt, rrn_infer_room *room)
{
  rrn_free(rt, room->memory);
  *room = (rrn_infer_room){ NULL, 0 };
}

static void *
take_memory(const run *r, size_t bytes)
{
  const rrn_rt *rt = &r->plan->rt;

  if (!r->room)
    return rrn_alloc(rt, bytes, 1);
  if (r->room->bytes < bytes) {
    rrn_infer_room_release(rt, r->room);
    r->room->memory = rrn_alloc(rt, bytes, 1);
    r->room->bytes = r->room->memory ? bytes : 0;
  }
  return r->room->memory;
}

/* Each with a workspace, scratch room and the backend's. */
static int32_t
new_workers(run *r, size_t n, rramnas_error *err)
{
  const rrn_infer_plan *p = r->plan;
  const size_t space = round_up(p->n_elements * RRN_LANES * sizeof(float));
  const size_t scratch = round_up(p->n_scratch * sizeof(float));
  const size_t backend = r->backend ? round_up(r->backend->scratch_bytes) : 0;
  const size_t handed = r->backend && r->backend->takes_bytes ? 2 * p->n_handed * r->n_blocks * RRN_LANES : 0;
  const size_t each = r->n_blocks * space + scratch + backend + round_up(handed);
  size_t bytes, i;
  char *at;

  r->n_workers = n;
  RRN_FAIL_IF(ckd_mul(&bytes, each, n) || ckd_add(&bytes, bytes, (size_t)ALIGNMENT), err, RRAMNAS_ERR_LIMIT,
              "%zu groups of images do not fit into memory", n);
  r->workers = rrn_calloc(&p->rt, n, sizeof(*r->workers));
  r->memory = take_memory(r, bytes);
  if (!r->workers || !r->memory)
    return rrn_fail_memory(err);
  at = (char *)r->memory + (ALIGNMENT - (uintptr_t)r->memory % ALIGNMENT);
  for (i = 0; i < n; i++, at += each) {
    atomic_flag_clear(&r->workers[i].busy);
    r->workers[i].task = (rrn_infer_task){ .plan = p, .backend = r->backend, .workspace = (float *)(void *)at,
                                           .scratch = (float *)(void *)(at + each - backend - scratch),
                                           .backend_scratch = at + each - backend,
                                           .bytes = (uint8_t *)at + r->n_blocks * space,
                                           .n_blocks = 1, .n_between = space / sizeof(float) };
    r->workers[i].err = (rramnas_error)RRAMNAS_ERROR_INIT;
  }
  return RRAMNAS_OK;
}

/* There is one worker for each thread. */
static worker *
take_worker(run *r)
{
  size_t i;

  for (i = 0;; i = (i + 1) % r->n_workers)
    if (!atomic_flag_test_and_set_explicit(&r->workers[i].busy, memory_order_acquire))
      return &r->workers[i];
}

static int
keep_failure(worker *w, size_t group, int32_t status)
{
  w->status = status;
  w->failed_group = group;
  return status < 0;
}

/* Tells the failure of the first group that failed. */
static int32_t
first_failure(const run *r, rramnas_error *err)
{
  const worker *first = NULL;
  size_t i;

  for (i = 0; i < r->n_workers; i++)
    if (r->workers[i].status < 0 && (!first || r->workers[i].failed_group < first->failed_group))
      first = &r->workers[i];
  return first ? rrn_fail(err, first->status, "%s", first->err.message) : RRAMNAS_OK;
}

/* --- running --- */

static int32_t
run_step(const rrn_infer_step *step, const rrn_infer_task *task, rramnas_error *err)
{
  size_t k;

  if (!step->run || step->takes_blocks)
    return step->run ? step->run(step, task, err) : RRAMNAS_OK;
  for (k = 0; k < task->n_blocks; k++) {
    const rrn_infer_task one = rrn_infer_block_of(task, k);

    RRN_TRY(step->run(step, &one, err));
  }
  return RRAMNAS_OK;
}

static int32_t
run_steps(const rrn_infer_plan *p, size_t from, size_t to, const rrn_infer_task *task, rramnas_error *err)
{
  size_t i;

  for (i = from; i < to; i++)
    RRN_TRY(run_step(&p->steps[i], task, err));
  return RRAMNAS_OK;
}

static size_t
count_bands(const run *r)
{
  return (r->n_groups + r->n_blocks - 1) / r->n_blocks;
}

static int
run_band(void *user, size_t band)
{
  run *r = user;
  worker *w = take_worker(r);
  const size_t group = band * r->n_blocks, left = r->n_groups - group;
  size_t k;

  begin(r, group, left < r->n_blocks ? left : r->n_blocks, &w->task);
  if (keep_failure(w, group, run_steps(r->plan, 0, r->plan->net->n_nodes, &w->task, &w->err)))
    return 1; /* a failed worker stays busy: it keeps its message, and nobody else begins */
  for (k = 0; k < w->task.n_blocks; k++) {
    const rrn_infer_task one = rrn_infer_block_of(&w->task, k);

    store_outputs(r, group + k, result(r->plan, &one));
  }
  atomic_flag_clear_explicit(&w->busy, memory_order_release);
  return 0;
}

/* As many as the backend likes, as fit the cache, and as leave each thread its share: all bands about as many. */
static size_t
blocks_together(const run *r, size_t threads)
{
  const size_t each = r->plan->n_elements * RRN_LANES * sizeof(float) + 1, fit = BAND_BYTES / each;
  const size_t share = (r->n_groups + threads - 1) / threads, most = fit < share ? fit : share;
  const size_t wanted = r->backend ? r->backend->n_blocks : 0, n = wanted < most ? wanted : most;
  const size_t bands = n > 1 ? (r->n_groups + n - 1) / n : r->n_groups;

  return (r->n_groups + bands - 1) / bands;
}

static int32_t
threads_for(int32_t wanted, size_t n_groups)
{
  const int32_t n = wanted > 0 ? wanted : rrn_pool_processors();
  const int32_t most = n < MOST_WORKERS ? n : MOST_WORKERS;

  return n_groups < (size_t)most ? (int32_t)n_groups : most;
}

int32_t
rrn_infer_run(const rrn_infer_plan *plan, const rrn_infer_backend *backend, const float *images, size_t n,
              int32_t n_threads, float *ret_outputs, rramnas_error *err)
{
  run r = { .plan = plan, .backend = backend, .images = images, .outputs = ret_outputs, .n = n,
            .n_groups = n / RRN_LANES + (n % RRN_LANES != 0), .room = backend ? backend->room : NULL };
  const int32_t threads = threads_for(n_threads, r.n_groups);
  int32_t status;

  if (n == 0)
    return RRAMNAS_OK;
  r.n_blocks = blocks_together(&r, (size_t)threads);
  status = new_workers(&r, (size_t)threads, err);
  if (status >= 0) {
    rrn_pool_run(count_bands(&r), threads, run_band, &r);
    status = first_failure(&r, err);
  }
  end_run(&r);
  return status;
}

/* --- calibration --- */

static double
add_images(const double *sums, int32_t n)
{
  double sum = 0;
  int32_t lane;

  for (lane = 0; lane < n; lane++)
    sum += sums[lane];
  return sum;
}

/* One channel of a group. The shift is near the mean, so that nothing is lost when its part is taken out of the
 * squares. */
static moments
moments_of(const rrn_infer_kernels *k, const float *x, size_t inner, int32_t n_images)
{
  const double n = (double)inner * n_images;
  double sums[RRN_LANES], squares[RRN_LANES], shift, off, rest;

  k->moments(x, RRN_LANES, 0, sums, squares);
  shift = add_images(sums, n_images) / n_images;
  k->moments(x, inner * RRN_LANES, shift, sums, squares);
  off = add_images(sums, n_images) / n;
  rest = add_images(squares, n_images) - n * off * off;
  return (moments){ shift + off, rest > 0 ? rest : 0 };
}

/* What a group's images say of batch normalisation `to`. */
static void
take_moments(const run *r, size_t group)
{
  const rrn_infer_step *step = &r->plan->steps[r->to];
  const rrn_infer_norm *norm = step->more;
  const rrn_infer_task *task = &r->workers[group].task;
  const float *x = rrn_infer_in(step, task, 0);
  moments *m = r->moments + group * norm->channels;
  size_t c;

  for (c = 0; c < norm->channels; c++)
    m[c] = moments_of(r->plan->kernels, x + c * norm->inner * RRN_LANES, norm->inner, task->n_images);
}

static int
calibrate_group(void *user, size_t group)
{
  run *r = user;
  worker *w = &r->workers[group];

  if (r->from == 0)
    begin(r, group, 1, &w->task);
  if (keep_failure(w, group, run_steps(r->plan, r->from, r->to, &w->task, &w->err)))
    return 1;
  if (r->to < r->plan->net->n_nodes)
    take_moments(r, group);
  else
    store_outputs(r, group, result(r->plan, &w->task));
  return 0;
}

/* A channel of all groups, in order. */
static void
combine(const run *r, const rrn_infer_norm *norm, size_t channel, double *ret_mean, double *ret_variance)
{
  const double n = (double)r->n * (double)norm->inner;
  const moments *m = r->moments + channel;
  double mean = 0, squares = 0;
  size_t g;

  for (g = 0; g < r->n_groups; g++)
    mean += m[g * norm->channels].mean * ((double)norm->inner * r->workers[g].task.n_images / n);
  for (g = 0; g < r->n_groups; g++) {
    const double off = m[g * norm->channels].mean - mean;

    squares += m[g * norm->channels].squares + off * off * ((double)norm->inner * r->workers[g].task.n_images);
  }
  *ret_mean = mean;
  *ret_variance = squares / n;
}

static void
set_norm(const run *r)
{
  const rrn_infer_norm *norm = r->plan->steps[r->to].more;
  double mean, variance;
  size_t c;

  for (c = 0; c < norm->channels; c++) {
    combine(r, norm, c, &mean, &variance);
    norm->mean[c] = (float)mean;
    norm->scale[c] = (float)((norm->gamma ? (double)norm->gamma[c] : 1) / sqrt(variance + norm->epsilon));
  }
}

static size_t
next_norm(const rrn_infer_plan *p, size_t from)
{
  while (from < p->net->n_nodes && p->steps[from].node->op != RRAMNAS_OP_BATCH_NORM)
    from++;
  return from;
}

static int32_t
calibrate_steps(run *r, int32_t threads, rramnas_error *err)
{
  const rrn_infer_plan *p = r->plan;

  for (r->to = next_norm(p, 0);; r->from = r->to, r->to = next_norm(p, r->to + 1)) {
    rrn_pool_run(r->n_groups, threads, calibrate_group, r);
    RRN_TRY(first_failure(r, err));
    if (r->to == p->net->n_nodes)
      return RRAMNAS_OK;
    set_norm(r);
  }
}

static size_t
most_channels(const rrn_infer_plan *p)
{
  size_t most = 0, i;

  for (i = next_norm(p, 0); i < p->net->n_nodes; i = next_norm(p, i + 1))
    if (((const rrn_infer_norm *)p->steps[i].more)->channels > most)
      most = ((const rrn_infer_norm *)p->steps[i].more)->channels;
  return most;
}

int32_t
rrn_infer_calibrate(rrn_infer_plan *plan, const rrn_infer_backend *backend, const float *images, size_t n,
                    int32_t n_threads, rrn_infer_room *room, float *ret_outputs, rramnas_error *err)
{
  run r = { .plan = plan, .backend = backend, .images = images, .outputs = ret_outputs, .n = n, .room = room,
            .n_groups = n / RRN_LANES + (n % RRN_LANES != 0), .n_blocks = 1 };
  const int32_t threads = threads_for(n_threads, r.n_groups);
  int32_t status;

  RRN_FAIL_IF(n == 0, err, RRAMNAS_ERR_ARGUMENT, "no images to calibrate with");
  status = new_workers(&r, r.n_groups, err);
  if (status >= 0 && !(r.moments = rrn_alloc(&plan->rt, r.n_groups, most_channels(plan) * sizeof(*r.moments))))
    status = rrn_fail_memory(err);
  if (status >= 0)
    status = calibrate_steps(&r, threads, err);
  end_run(&r);
  return status;
}

size_t
rrn_infer_argmax(const float *outputs, size_t n)
{
  size_t best = 0, i;

  for (i = 1; i < n; i++)
    if (outputs[i] > outputs[best])
      best = i;
  return best;
}
