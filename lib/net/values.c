/* SPDX-License-Identifier: MIT */
/* Values of constants: one array of floats per tensor, in an arena that goes with them. */
#include "net/values.h"

#include <math.h>
#include <string.h>

int32_t
rrn_values_new(rramnas_net *net, const rramnas_runtime *runtime, rrn_values **ret_values, rramnas_error *err)
{
  rrn_values *values;
  rrn_rt rt;

  RRN_TRY(rrn_rt_init(&rt, runtime, err));
  values = rrn_calloc(&rt, 1, sizeof(*values));
  if (!values)
    return rrn_fail_memory(err);
  values->rt = rt;
  rrn_arena_init(&values->arena, &values->rt);
  values->net = rramnas_net_ref(net);
  values->tensors = rrn_arena_alloc(&values->arena, net->n_tensors, sizeof(*values->tensors));
  values->norms = rrn_arena_alloc(&values->arena, net->n_nodes, sizeof(*values->norms));
  if (!values->tensors || !values->norms) {
    rrn_values_free(values);
    return rrn_fail_memory(err);
  }
  *ret_values = values;
  return RRAMNAS_OK;
}

void
rrn_values_free(rrn_values *values)
{
  rrn_rt rt;

  if (!values)
    return;
  rt = values->rt;
  rramnas_net_unref(values->net);
  rrn_arena_release(&values->arena);
  rrn_free(&rt, values);
}

int32_t
rrn_values_add(rrn_values *values, int32_t tensor, float **ret_data, rramnas_error *err)
{
  const int64_t n = rrn_tensor_elements(&values->net->tensors[tensor]);
  float *data = (uint64_t)n > SIZE_MAX / sizeof(*data) ? NULL
                                                       : rrn_arena_alloc_raw(&values->arena, (size_t)n, sizeof(*data));

  if (!data)
    return rrn_fail_memory(err);
  values->tensors[tensor] = data;
  *ret_data = data;
  return RRAMNAS_OK;
}

/* --- what can be computed with --- */

static int
has_parameters(const rrn_node *node)
{
  switch (node->op) {
  case RRAMNAS_OP_CONV:
  case RRAMNAS_OP_GEMM:
  case RRAMNAS_OP_MATMUL:
  case RRAMNAS_OP_BATCH_NORM:
  case RRAMNAS_OP_LAYER_NORM:
    return 1;
  default:
    return 0;
  }
}

static int32_t
check_constant(const rrn_values *values, int32_t tensor, int finite, const char *file, rramnas_error *err)
{
  const rrn_tensor *t = &values->net->tensors[tensor];
  const float *x = values->tensors[tensor];
  const int64_t n = rrn_tensor_elements(t);
  int64_t i;

  for (i = 0; i < n && (finite ? isfinite(x[i]) : !isnan(x[i])); i++)
    ;
  RRN_FAIL_IF(i < n, err, RRAMNAS_ERR_RANGE, "%s: tensor \"%.200s\": element %lld is no %snumber", file, t->name,
              (long long)i, finite ? "finite " : "");
  return RRAMNAS_OK;
}

int32_t
rrn_values_check_variance(const float *variance, size_t n, double epsilon, const char *file, const char *tensor,
                          rramnas_error *err)
{
  size_t i;

  for (i = 0; i < n && (double)variance[i] + epsilon > 0; i++)
    ;
  RRN_FAIL_IF(i < n, err, RRAMNAS_ERR_RANGE, "%s: tensor \"%.200s\": element %zu is no variance: with epsilon it is not "
              "above 0", file, tensor, i);
  return RRAMNAS_OK;
}

int32_t
rrn_values_check(const rrn_values *values, const char *file, rramnas_error *err)
{
  const rramnas_net *net = values->net;
  int32_t k, t;
  size_t i;

  for (i = 0; i < net->n_nodes; i++) {
    const rrn_node *node = &net->nodes[i];

    for (k = 0; k < node->n_inputs; k++) {
      t = node->inputs[k];
      if (t < 0 || net->tensors[t].kind != RRN_TENSOR_CONSTANT || !values->tensors[t])
        continue;
      RRN_TRY(check_constant(values, t, has_parameters(node), file, err));
      if (node->op == RRAMNAS_OP_BATCH_NORM && k == 4)
        RRN_TRY(rrn_values_check_variance(values->tensors[t], (size_t)rrn_tensor_elements(&net->tensors[t]),
                                          node->attrs.number[0], file, net->tensors[t].name, err));
    }
  }
  return RRAMNAS_OK;
}

/* --- other floats --- */

static float
float_of_bits(uint32_t bits)
{
  float value;

  memcpy(&value, &bits, sizeof(value));
  return value;
}

float
rrn_float_of_bfloat16(uint16_t bits)
{
  return float_of_bits((uint32_t)bits << 16);
}

/* Subnormal halves are multiples of 2^-24, which a float holds as a normal number. */
float
rrn_float_of_half(uint16_t bits)
{
  const uint32_t sign = (uint32_t)(bits >> 15) << 31, exponent = bits >> 10 & 31, fraction = bits & 1023;
  float magnitude;

  if (exponent == 31)
    return float_of_bits(sign | 0x7f800000 | fraction << 13);
  if (exponent)
    return float_of_bits(sign | (exponent + 112) << 23 | fraction << 13);
  magnitude = (float)fraction * 0x1p-24f;
  return sign ? -magnitude : magnitude;
}
