/* SPDX-License-Identifier: MIT */
/* A plan on a data set.
 *
 * In: a plan, images of a part. Out: a count. Images are read and run some hundreds at a time, so a data set may be
 * larger than memory; the count does not depend on how many. */
#include "infer/accuracy.h"

#include "infer/plan.h"

enum { AT_A_TIME = 16 * RRN_INFER_LANES };

/* An image is [channels][height][width]; the network's input has a dimension of 1 before that, or takes as many values in
 * another shape. */
static int32_t
check_fit(const rrn_infer_plan *plan, const rrn_data *data, rramnas_error *err)
{
  const rrn_tensor *x = &plan->net->tensors[plan->input];
  const rrn_shape takes = rrn_shape_of(x);
  char text[RRN_SHAPE_TEXT];
  int64_t shape[3];

  rrn_data_shape(data, shape);
  RRN_FAIL_IF(x->rank == 4 ? x->dims[1] != shape[0] || x->dims[2] != shape[1] || x->dims[3] != shape[2]
                           : (size_t)(shape[0] * shape[1] * shape[2]) != rrn_infer_n_in(plan),
              err, RRAMNAS_ERR_SHAPE, "the images have shape [%lld, %lld, %lld], input \"%.100s\" takes %s",
              (long long)shape[0], (long long)shape[1], (long long)shape[2], x->name, rrn_shape_text(&takes, text));
  RRN_FAIL_IF(rrn_infer_n_out(plan) < (size_t)rrn_data_classes(data), err, RRAMNAS_ERR_SHAPE,
              "the network has %zu outputs, the images are of %d classes", rrn_infer_n_out(plan),
              (int)rrn_data_classes(data));
  return RRAMNAS_OK;
}

typedef struct batch {
  float *images, *outputs; /* [AT_A_TIME] */
  int32_t *labels;
} batch;

static void
batch_free(const rrn_infer_plan *plan, batch *b)
{
  rrn_free(&plan->rt, b->images);
  rrn_free(&plan->rt, b->outputs);
  rrn_free(&plan->rt, b->labels);
}

static int32_t
batch_new(const rrn_infer_plan *plan, size_t n, batch *b, rramnas_error *err)
{
  b->images = rrn_alloc(&plan->rt, n * sizeof(float), rrn_infer_n_in(plan));
  b->outputs = rrn_alloc(&plan->rt, n * sizeof(float), rrn_infer_n_out(plan));
  b->labels = rrn_alloc(&plan->rt, n, sizeof(*b->labels));
  return b->images && b->outputs && b->labels ? RRAMNAS_OK : rrn_fail_memory(err);
}

/* Of n images in memory that are few enough; `first` is the number of the first. */
static int32_t
count_some(const rrn_infer_plan *plan, const rrn_infer_backend *backend, const float *images, const int32_t *labels,
           size_t first, size_t n, int32_t n_threads, float *outputs, size_t *ret_right, rramnas_error *err)
{
  const size_t n_out = rrn_infer_n_out(plan);
  rrn_infer_backend part_of = { 0 };
  size_t i;

  if (backend)
    part_of = *backend;
  part_of.first_image += first;
  RRN_TRY(rrn_infer_run(plan, backend ? &part_of : NULL, images, n, n_threads, outputs, err));
  for (i = 0; i < n; i++)
    *ret_right += rrn_infer_argmax(outputs + i * n_out, n_out) == (size_t)labels[i];
  return RRAMNAS_OK;
}

int32_t
rrn_infer_count_right_of(const rrn_infer_plan *plan, const rrn_infer_backend *backend, const float *images,
                         const int32_t *labels, size_t n, int32_t n_threads, size_t *ret_right, rramnas_error *err)
{
  const size_t most = n < AT_A_TIME ? n : AT_A_TIME, n_in = rrn_infer_n_in(plan);
  float *outputs = rrn_alloc(&plan->rt, most * sizeof(float), rrn_infer_n_out(plan));
  int32_t status = RRAMNAS_OK;
  size_t right = 0, first;

  if (!outputs)
    return rrn_fail_memory(err);
  for (first = 0; first < n && status >= 0; first += most)
    status = count_some(plan, backend, images + first * n_in, labels + first, first, n - first < most ? n - first : most,
                        n_threads, outputs, &right, err);
  rrn_free(&plan->rt, outputs);
  *ret_right = status < 0 ? *ret_right : right;
  return status;
}

int32_t
rrn_infer_count_right(const rrn_infer_plan *plan, const rrn_infer_backend *backend, const rrn_data *data,
                      rrn_data_part part, size_t first, size_t n, int32_t n_threads, size_t *ret_right,
                      rramnas_error *err)
{
  const size_t most = n < AT_A_TIME ? n : AT_A_TIME, end = first + n;
  size_t right = 0, some;
  int32_t status;
  batch b;

  RRN_TRY(check_fit(plan, data, err));
  RRN_TRY_OUT(batch_new(plan, most, &b, err));
  for (; first < end; first += some) {
    some = end - first < most ? end - first : most;
    RRN_TRY_OUT(rrn_data_read(data, part, first, some, b.images, b.labels, err));
    RRN_TRY_OUT(count_some(plan, backend, b.images, b.labels, first, some, n_threads, b.outputs, &right, err));
  }
  *ret_right = right;
out:
  batch_free(plan, &b);
  return status;
}
