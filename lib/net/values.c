/* SPDX-License-Identifier: MIT */
/* Values of constants: one array of floats per tensor, in an arena that goes with them. */
#include "net/values.h"

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
