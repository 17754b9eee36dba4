/* SPDX-License-Identifier: MIT */
/* A plan on images.
 *
 * In:  images, one after the other. Out: their outputs.
 * Groups of RRN_INFER_LANES images go through all steps, each on one thread with a workspace of its own; lanes without
 * an image hold zeros. A lane never meets another, so results do not depend on what is grouped with what.
 *
 * Calibration takes all groups through one step before the next: each has its workspace. At a batch normalisation the
 * statistics of a channel are summed in double precision, first per image over the channel's elements in order, then
 * over the images in order: sum -> mean; sum of squared distances from it / elements -> variance. */
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "infer/plan.h"
#include "util/ckd.h"
#include "util/pool.h"

enum { ALIGNMENT = 64, MOST_WORKERS = 256 };

/* What a thread takes hold of for one group. */
typedef struct worker {
  atomic_flag busy;
  rrn_infer_task task;
  rramnas_error err;
  size_t failed_group;
  int32_t status;
} worker;

typedef struct run {
  const rrn_infer_plan *plan;
  const rrn_infer_backend *backend;
  const float *images;
  float *outputs;
  size_t n, n_groups, n_workers;
  worker *workers;
  void *memory; /* of all workers, not aligned */
  size_t step;  /* calibration: the one that all groups take */
  double *sums; /* calibration: [n_groups][channels][lanes] */
  const double *mean; /* calibration: [channels], NULL while sums are of the elements themselves */
} run;

/* --- images to lanes and back --- */

static void
load_images(const run *r, size_t group, float *x)
{
  const size_t n_in = rrn_infer_n_in(r->plan), first = group * RRN_LANES;
  const size_t n = r->n - first < RRN_LANES ? r->n - first : RRN_LANES;
  size_t lane, k;

  if (n < RRN_LANES)
    memset(x, 0, n_in * RRN_LANES * sizeof(*x));
  for (lane = 0; lane < n; lane++)
    for (k = 0; k < n_in; k++)
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
begin(const run *r, size_t group, rrn_infer_task *task)
{
  task->first_image = (r->backend ? r->backend->first_image : 0) + group * RRN_LANES;
  task->n_images = (int32_t)(r->n - group * RRN_LANES < RRN_LANES ? r->n - group * RRN_LANES : RRN_LANES);
  load_images(r, group, task->workspace + r->plan->at[r->plan->input] * RRN_LANES);
}

static const float *
result(const rrn_infer_plan *p, const rrn_infer_task *task)
{
  return p->spread[p->output] ? p->spread[p->output] : task->workspace + p->at[p->output] * RRN_LANES;
}

/* --- workers --- */

static size_t
round_up(size_t bytes)
{
  return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void
end_run(run *r)
{
  rrn_free(&r->plan->rt, r->workers);
  rrn_free(&r->plan->rt, r->memory);
  rrn_free(&r->plan->rt, r->sums);
}

/* Each with a workspace, scratch room and the backend's. */
static int32_t
new_workers(run *r, size_t n, rramnas_error *err)
{
  const rrn_infer_plan *p = r->plan;
  const size_t space = round_up(p->n_elements * RRN_LANES * sizeof(float));
  const size_t scratch = round_up(p->n_scratch * sizeof(float));
  const size_t backend = r->backend ? round_up(r->backend->scratch_bytes) : 0;
  const size_t each = space + scratch + backend;
  size_t bytes, i;
  char *at;

  r->n_workers = n;
  RRN_FAIL_IF(ckd_mul(&bytes, each, n) || ckd_add(&bytes, bytes, (size_t)ALIGNMENT), err, RRAMNAS_ERR_LIMIT,
              "%zu groups of images do not fit into memory", n);
  r->workers = rrn_calloc(&p->rt, n, sizeof(*r->workers));
  r->memory = rrn_alloc(&p->rt, bytes, 1);
  if (!r->workers || !r->memory)
    return rrn_fail_memory(err);
  at = (char *)r->memory + (ALIGNMENT - (uintptr_t)r->memory % ALIGNMENT);
  for (i = 0; i < n; i++, at += each) {
    atomic_flag_clear(&r->workers[i].busy);
    r->workers[i].task = (rrn_infer_task){ .plan = p, .backend = r->backend, .workspace = (float *)(void *)at,
                                           .scratch = (float *)(void *)(at + space),
                                           .backend_scratch = at + space + scratch };
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
run_steps(const rrn_infer_plan *p, const rrn_infer_task *task, rramnas_error *err)
{
  size_t i;

  for (i = 0; i < p->net->n_nodes; i++)
    if (p->steps[i].run)
      RRN_TRY(p->steps[i].run(&p->steps[i], task, err));
  return RRAMNAS_OK;
}

static int
run_group(void *user, size_t group)
{
  run *r = user;
  worker *w = take_worker(r);
  int failed;

  begin(r, group, &w->task);
  failed = keep_failure(w, group, run_steps(r->plan, &w->task, &w->err));
  if (!failed)
    store_outputs(r, group, result(r->plan, &w->task));
  else
    return 1; /* a failed worker stays busy: it keeps its message, and nobody else begins */
  atomic_flag_clear_explicit(&w->busy, memory_order_release);
  return 0;
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
            .n_groups = n / RRN_LANES + (n % RRN_LANES != 0) };
  const int32_t threads = threads_for(n_threads, r.n_groups);
  int32_t status;

  if (n == 0)
    return RRAMNAS_OK;
  status = new_workers(&r, (size_t)threads, err);
  if (status >= 0) {
    rrn_pool_run(r.n_groups, threads, run_group, &r);
    status = first_failure(&r, err);
  }
  end_run(&r);
  return status;
}

/* --- calibration --- */

static int
begin_group(void *user, size_t group)
{
  run *r = user;

  begin(r, group, &r->workers[group].task);
  return 0;
}

static int
step_group(void *user, size_t group)
{
  run *r = user;
  worker *w = &r->workers[group];
  const rrn_infer_step *step = &r->plan->steps[r->step];

  return keep_failure(w, group, step->run(step, &w->task, &w->err));
}

static int
store_group(void *user, size_t group)
{
  run *r = user;

  store_outputs(r, group, result(r->plan, &r->workers[group].task));
  return 0;
}

/* Per image and channel: the sum of the elements, or of their squared distances from the mean. */
static int
sum_group(void *user, size_t group)
{
  run *r = user;
  const rrn_infer_step *step = &r->plan->steps[r->step];
  const rrn_infer_norm *norm = step->more;
  const float *x = rrn_infer_in(step, &r->workers[group].task, 0);
  double *sums = r->sums + group * norm->channels * RRN_LANES;
  const size_t n = norm->inner * RRN_LANES;
  size_t c;

  for (c = 0; c < norm->channels; c++, sums += RRN_LANES, x += n)
    if (r->mean)
      r->plan->kernels->squares(x, n, r->mean[c], sums);
    else
      r->plan->kernels->sum(x, n, sums);
  return 0;
}

/* Over images in order, divided by the number of elements. */
static void
average(const run *r, const rrn_infer_norm *norm, double *ret_averages)
{
  size_t c, i;

  for (c = 0; c < norm->channels; c++) {
    double sum = 0;

    for (i = 0; i < r->n; i++)
      sum += r->sums[(i / RRN_LANES * norm->channels + c) * RRN_LANES + i % RRN_LANES];
    ret_averages[c] = sum / ((double)r->n * (double)norm->inner);
  }
}

static int32_t
calibrate_step(run *r, int32_t threads, rramnas_error *err)
{
  const rrn_infer_norm *norm = r->plan->steps[r->step].more;
  double *mean = rrn_alloc(&r->plan->rt, norm->channels, 2 * sizeof(*mean)), *variance;
  size_t c;

  if (!mean)
    return rrn_fail_memory(err);
  variance = mean + norm->channels;
  r->mean = NULL;
  rrn_pool_run(r->n_groups, threads, sum_group, r);
  average(r, norm, mean);
  r->mean = mean;
  rrn_pool_run(r->n_groups, threads, sum_group, r);
  average(r, norm, variance);
  for (c = 0; c < norm->channels; c++) {
    norm->mean[c] = (float)mean[c];
    norm->scale[c] = (float)((norm->gamma ? (double)norm->gamma[c] : 1) / sqrt(variance[c] + norm->epsilon));
  }
  rrn_free(&r->plan->rt, mean);
  return RRAMNAS_OK;
}

static int32_t
calibrate_steps(run *r, int32_t threads, rramnas_error *err)
{
  for (r->step = 0; r->step < r->plan->net->n_nodes; r->step++) {
    const rrn_infer_step *step = &r->plan->steps[r->step];

    if (step->node->op == RRAMNAS_OP_BATCH_NORM)
      RRN_TRY(calibrate_step(r, threads, err));
    if (!step->run)
      continue;
    rrn_pool_run(r->n_groups, threads, step_group, r);
    RRN_TRY(first_failure(r, err));
  }
  return RRAMNAS_OK;
}

static size_t
most_channels(const rrn_infer_plan *p)
{
  size_t most = 0, i;

  for (i = 0; i < p->net->n_nodes; i++)
    if (p->steps[i].node->op == RRAMNAS_OP_BATCH_NORM && ((const rrn_infer_norm *)p->steps[i].more)->channels > most)
      most = ((const rrn_infer_norm *)p->steps[i].more)->channels;
  return most;
}

int32_t
rrn_infer_calibrate(rrn_infer_plan *plan, const rrn_infer_backend *backend, const float *images, size_t n,
                    int32_t n_threads, float *ret_outputs, rramnas_error *err)
{
  run r = { .plan = plan, .backend = backend, .images = images, .outputs = ret_outputs, .n = n,
            .n_groups = n / RRN_LANES + (n % RRN_LANES != 0) };
  const int32_t threads = threads_for(n_threads, r.n_groups);
  int32_t status;

  RRN_FAIL_IF(n == 0, err, RRAMNAS_ERR_ARGUMENT, "no images to calibrate with");
  status = new_workers(&r, r.n_groups, err);
  if (status >= 0 && !(r.sums = rrn_alloc(&plan->rt, r.n_groups * most_channels(plan), RRN_LANES * sizeof(double))))
    status = rrn_fail_memory(err);
  if (status >= 0) {
    rrn_pool_run(r.n_groups, threads, begin_group, &r);
    status = calibrate_steps(&r, threads, err);
  }
  if (status >= 0)
    rrn_pool_run(r.n_groups, threads, store_group, &r);
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
