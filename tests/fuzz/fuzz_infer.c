/* SPDX-License-Identifier: MIT */
/* Any bytes as an ONNX file with weights, or as a YAML network with zeros for weights: an error, or a network that runs
 * when it is small. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "infer/infer.h"
#include "net/import.h"

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

/* Zeros for every constant and normalisation of a network from YAML, whose shapes may be anything. */
static int32_t
fill(rrn_values *values)
{
  static const float zeros[MOST_ELEMENTS];
  const rramnas_net *net = values->net;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  float *data;
  size_t i;

  for (i = 0; i < net->n_tensors; i++)
    if (net->tensors[i].kind == RRN_TENSOR_CONSTANT) {
      if (rrn_values_add(values, (int32_t)i, &data, &err) < 0)
        return err.code;
      memset(data, 0, (size_t)rrn_tensor_elements(&net->tensors[i]) * sizeof(*data));
    }
  for (i = 0; i < net->n_nodes; i++)
    values->norms[i] = (rrn_norm){ zeros, zeros, zeros, zeros };
  return RRAMNAS_OK;
}

static void
from_yaml(const uint8_t *data, size_t size)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_binds binds = { 0 };
  rramnas_net *net = NULL;
  rrn_values *values = NULL;

  if (rrn_net_import_yaml((const char *)data, size, "fuzz.yaml", &binds, NULL, &net, &err) >= 0 && is_small(net) &&
      rrn_values_new(net, NULL, &values, &err) >= 0 && fill(values) >= 0)
    run(values);
  rrn_values_free(values);
  rramnas_net_unref(net);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  rrn_values *values = NULL;
  int32_t status;

  if (size && (data[0] == 's' || data[0] == '{')) {
    from_yaml(data, size);
    return 0;
  }
  status = rrn_net_import_onnx_values(data, size, "fuzz.onnx", NULL, NULL, 0, NULL, &net, &values, &err);
  if ((status < 0) != (net == NULL) || (status < 0) != (values == NULL) ||
      (status < 0 && (err.code != status || err.message[0] == '\0')))
    abort();
  if (values && is_small(net))
    run(values);
  rrn_values_free(values);
  rramnas_net_unref(net);
  return 0;
}
