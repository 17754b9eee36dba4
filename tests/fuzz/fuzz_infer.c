/* SPDX-License-Identifier: MIT */
/* Any bytes as an ONNX file with weights: an error or a network that runs, when it is small. */
#include <stdint.h>
#include <stdlib.h>

#include "infer/infer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_ELEMENTS = 1 << 13 };

static int
is_small(const rramnas_net *net)
{
  int64_t macs = 0;
  size_t i;

  for (i = 0; i < net->n_layers; i++)
    macs += net->layers[i].macs < 1 << 24 ? net->layers[i].macs : 1 << 24;
  for (i = 0; i < net->n_tensors; i++)
    if (rrn_tensor_elements(&net->tensors[i]) > MOST_ELEMENTS)
      return 0;
  return net->n_nodes < 256 && macs < 1 << 22;
}

static void
run(const rrn_values *values)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_infer_plan *plan = NULL;
  const int32_t status = rrn_infer_plan_new(values, NULL, &plan, &err);
  float *images, *outputs;

  if ((status < 0) != (plan == NULL) || (status < 0 && (err.code != status || err.message[0] == '\0')))
    abort();
  if (!plan)
    return;
  images = calloc(rrn_infer_n_in(plan), sizeof(*images));
  outputs = calloc(rrn_infer_n_out(plan), sizeof(*outputs));
  if (images && outputs && rrn_infer_run(plan, NULL, images, 1, 1, outputs, &err) < 0)
    abort();
  free(outputs);
  free(images);
  rrn_infer_plan_free(plan);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  rrn_values *values = NULL;
  const int32_t status = rrn_net_import_onnx_values(data, size, "fuzz.onnx", NULL, NULL, 0, NULL, &net, &values, &err);

  if ((status < 0) != (net == NULL) || (status < 0) != (values == NULL) ||
      (status < 0 && (err.code != status || err.message[0] == '\0')))
    abort();
  if (values && is_small(net))
    run(values);
  rrn_values_free(values);
  rramnas_net_unref(net);
  return 0;
}
