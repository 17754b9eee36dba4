/* SPDX-License-Identifier: MIT */
/* A plan on images.
 *
 * In: a plan, images with labels. Out: a count. Images are run some hundreds at a time; the count does not depend on how
 * many. */
#include "infer/accuracy.h"

#include <math.h>

#include "infer/plan.h"

enum { AT_A_TIME = 64 * RRN_INFER_LANES };

/* Finite weights may still overflow on the way: no answer is the greatest of such outputs. */
static int32_t
check_outputs(const float *outputs, size_t n, size_t image, rramnas_error *err)
{
  size_t i;

  for (i = 0; i < n && isfinite(outputs[i]); i++)
    ;
  RRN_FAIL_IF(i < n, err, RRAMNAS_ERR_RANGE, "image %zu: outputs are no finite numbers", image);
  return RRAMNAS_OK;
}

/* Of n images that are few enough; `first` is the number of the first. */
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
  for (i = 0; i < n; i++) {
    RRN_TRY(check_outputs(outputs + i * n_out, n_out, first + i, err));
    *ret_right += rrn_infer_argmax(outputs + i * n_out, n_out) == (size_t)labels[i];
  }
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
