/* SPDX-License-Identifier: MIT */
/* Which attribute of the YAML format is which field, and which operators have it (doc/networks.md repeats this
 * table; a test compares them). */
#include "net/keys.h"

#include <stddef.h>

#define BUILD(field) offsetof(rrn_build, field)
#define ATTR(field) offsetof(rrn_build, attrs.field)

static const rrn_key out_channels = { "out_channels", RRN_KEY_COUNT, BUILD(out_channels) };
static const rrn_key bias = { "bias", RRN_KEY_INVERTED, BUILD(no_bias) };
static const rrn_key kernel = { "kernel", RRN_KEY_WINDOW, ATTR(kernel) };
static const rrn_key stride = { "stride", RRN_KEY_WINDOW, ATTR(stride) };
static const rrn_key dilation = { "dilation", RRN_KEY_WINDOW, ATTR(dilation) };
static const rrn_key pad = { "pad", RRN_KEY_PAD, ATTR(pad) };
static const rrn_key groups = { "groups", RRN_KEY_COUNT, ATTR(groups) };
static const rrn_key ceil_mode = { "ceil_mode", RRN_KEY_BOOL, ATTR(ceil_mode) };
static const rrn_key count_include_pad = { "count_include_pad", RRN_KEY_BOOL, ATTR(count_include_pad) };
static const rrn_key trans_a = { "trans_a", RRN_KEY_BOOL, ATTR(trans_a) };
static const rrn_key trans_b = { "trans_b", RRN_KEY_BOOL, ATTR(trans_b) };
static const rrn_key approximate = { "approximate", RRN_KEY_BOOL, ATTR(approximate) };
static const rrn_key training = { "training", RRN_KEY_BOOL, ATTR(training) };
static const rrn_key axis = { "axis", RRN_KEY_AXIS, ATTR(axis) };
static const rrn_key keep_dims = { "keep_dims", RRN_KEY_BOOL, ATTR(keep_dims) };
static const rrn_key axes = { "axes", RRN_KEY_DIMS, ATTR(dims) };
static const rrn_key perm = { "perm", RRN_KEY_DIMS, ATTR(dims) };
static const rrn_key shape = { "shape", RRN_KEY_DIMS, ATTR(dims) };
static const rrn_key min = { "min", RRN_KEY_REAL, ATTR(number[0]) };
static const rrn_key max = { "max", RRN_KEY_REAL, ATTR(number[1]) };
static const rrn_key alpha = { "alpha", RRN_KEY_REAL, ATTR(number[0]) };
static const rrn_key beta = { "beta", RRN_KEY_REAL, ATTR(number[1]) };
static const rrn_key epsilon = { "epsilon", RRN_KEY_REAL, ATTR(number[0]) };

static const struct { int32_t op; const rrn_key *keys[RRN_MAX_KEYS]; } table[] = {
  { RRAMNAS_OP_CONV, { &out_channels, &kernel, &stride, &pad, &dilation, &groups, &bias, NULL } },
  { RRAMNAS_OP_GEMM, { &out_channels, &bias, &trans_a, &trans_b, &alpha, &beta, NULL } },
  { RRAMNAS_OP_MATMUL, { &out_channels, &bias, NULL } },
  { RRAMNAS_OP_BATCH_NORM, { &epsilon, &training, NULL } },
  { RRAMNAS_OP_LAYER_NORM, { &axis, &epsilon, NULL } },
  { RRAMNAS_OP_CLIP, { &min, &max, NULL } },
  { RRAMNAS_OP_HARD_SIGMOID, { &alpha, &beta, NULL } },
  { RRAMNAS_OP_GELU, { &approximate, NULL } },
  { RRAMNAS_OP_SOFTMAX, { &axis, NULL } },
  { RRAMNAS_OP_MAX_POOL, { &kernel, &stride, &pad, &dilation, &ceil_mode, NULL } },
  { RRAMNAS_OP_AVERAGE_POOL, { &kernel, &stride, &pad, &dilation, &ceil_mode, &count_include_pad, NULL } },
  { RRAMNAS_OP_REDUCE, { &axes, &keep_dims, NULL } },
  { RRAMNAS_OP_CONCAT, { &axis, NULL } },
  { RRAMNAS_OP_FLATTEN, { &axis, NULL } },
  { RRAMNAS_OP_RESHAPE, { &shape, NULL } },
  { RRAMNAS_OP_TRANSPOSE, { &perm, NULL } },
  { RRAMNAS_OP_GATHER, { &axis, NULL } },
  { RRAMNAS_OP_SPLIT, { &axis, NULL } },
  { RRAMNAS_OP_SQUEEZE, { &axes, NULL } },
  { RRAMNAS_OP_UNSQUEEZE, { &axes, NULL } },
  { RRAMNAS_OP_EXPAND, { &shape, NULL } },
};

const rrn_key *const *
rrn_keys_of(int32_t op)
{
  static const rrn_key *const none[1] = { NULL };
  size_t i;

  for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
    if (table[i].op == op)
      return table[i].keys;
  return none;
}
