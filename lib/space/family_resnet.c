/* SPDX-License-Identifier: MIT */
/* Once-for-all's ResNet-50.
 *
 * Genes: stem, whether the stem has its residual convolution; d[0..3], blocks of a stage, up to 4, 4, 6 and 4; w[0..5],
 * width of the stem's two steps and of the stages; e[0..17], expansion of the blocks. A block: 1 x 1 to e times its
 * width, 3 x 3 with the stride, 1 x 1 to its width, beside a shortcut (mean over the stride, 1 x 1 where widths
 * differ). Widths are multiples of 8. Image 224 x 224, 1000 classes.
 *
 * Source: the public once-for-all code (OFAResNets), from its description. */
#include <stdio.h>

#include "space/chain.h"
#include "space/ready.h"

enum { STAGES = 4, WIDTHS = 6 };

static const int most[STAGES] = { 4, 4, 6, 4 };
static const int64_t bases[STAGES] = { 256, 512, 1024, 2048 };
static const char *const width_words[] = { "0.65", "0.8", "1.0" }, *const expansion_words[] = { "0.2", "0.25", "0.35" };
static const char *const stem_words[] = { "plain", "residual" };
static const double width_factors[] = { 0.65, 0.8, 1.0 }, expansions[] = { 0.2, 0.25, 0.35 };

static int64_t
to_8(double value)
{
  const int64_t rounded = (int64_t)(value + 4) / 8 * 8, least = rounded < 8 ? 8 : rounded;

  return (double)least < 0.9 * value ? least + 8 : least;
}

static int32_t
expansion_genes(rrn_space *s, rramnas_error *err)
{
  char name[32], parent[32];
  int stage, i, n = 0;

  for (stage = 0; stage < STAGES; stage++)
    for (i = 0; i < most[stage]; i++, n++) {
      snprintf(name, sizeof(name), "e[%d]", n);
      snprintf(parent, sizeof(parent), "d[%d]", stage);
      RRN_TRY(rrn_ready_category(s, name, expansion_words, 3, i < most[stage] - 2 ? NULL : parent, i, err));
    }
  return RRAMNAS_OK;
}

int32_t
rrn_resnet_genes(rrn_space *s, rramnas_error *err)
{
  char name[32];
  int i;

  RRN_TRY(rrn_ready_category(s, "stem", stem_words, 2, NULL, 0, err));
  for (i = 0; i < STAGES; i++) {
    snprintf(name, sizeof(name), "d[%d]", i);
    RRN_TRY(rrn_ready_integer(s, name, most[i] - 2, most[i], err));
  }
  for (i = 0; i < WIDTHS; i++) {
    snprintf(name, sizeof(name), "w[%d]", i);
    RRN_TRY(rrn_ready_category(s, name, width_words, 3, NULL, 0, err));
  }
  return expansion_genes(s, err);
}

static int32_t
convolve(rrn_chain *c, int32_t x, int64_t out, int64_t kernel, int64_t stride, int active)
{
  x = rrn_chain_conv(c, x, out, kernel, stride);
  x = rrn_chain_unary(c, x, RRAMNAS_OP_BATCH_NORM);
  return active ? rrn_chain_unary(c, x, RRAMNAS_OP_RELU) : x;
}

static int32_t
add_block(rrn_chain *c, int32_t x, int64_t in, int64_t out, double expansion, int64_t stride)
{
  const int64_t middle = to_8((double)out * expansion);
  int32_t main = convolve(c, x, middle, 1, 1, 1), side = x;

  main = convolve(c, main, middle, 3, stride, 1);
  main = convolve(c, main, out, 1, 1, 0);
  if (stride != 1)
    side = rrn_chain_pool(c, side, RRAMNAS_OP_AVERAGE_POOL, stride, stride, 0);
  if (stride != 1 || in != out)
    side = convolve(c, side, out, 1, 1, 0);
  return rrn_chain_unary(c, rrn_chain_binary(c, main, side, RRAMNAS_OP_ADD), RRAMNAS_OP_RELU);
}

static int32_t
add_stem(rrn_chain *c, int32_t x, int residual, int64_t first, int64_t second)
{
  int32_t side;

  x = convolve(c, x, first, 3, 2, 1);
  if (residual) {
    side = x;
    x = convolve(c, x, first, 3, 1, 1);
    x = rrn_chain_binary(c, x, side, RRAMNAS_OP_ADD);
  }
  x = convolve(c, x, second, 3, 1, 1);
  return rrn_chain_pool(c, x, RRAMNAS_OP_MAX_POOL, 3, 2, 1);
}

int32_t
rrn_resnet_build(const rrn_space *s, const double *x, const rramnas_runtime *runtime, rramnas_net **ret_net,
                 rramnas_error *err)
{
  const rrn_net_parameters *p = s->parameters;
  const double *depths = x + 1, *widths = depths + STAGES, *e = widths + WIDTHS;
  int64_t in = to_8(64 * width_factors[(size_t)widths[1]]);
  rrn_chain c;
  int32_t t = rrn_chain_begin(&c, "ofa_resnet50", 3, p->image, runtime, err);
  int stage, i;

  t = add_stem(&c, t, x[0] > 0, to_8(32 * width_factors[(size_t)widths[0]]), in);
  for (stage = 0; stage < STAGES; e += most[stage++])
    for (i = 0; i < (int)depths[stage]; i++) {
      const int64_t out = to_8((double)bases[stage] * width_factors[(size_t)widths[2 + stage]]);

      t = add_block(&c, t, in, out, expansions[(size_t)e[i]], i == 0 && stage > 0 ? 2 : 1);
      in = out;
    }
  t = rrn_chain_unary(&c, t, RRAMNAS_OP_GLOBAL_AVERAGE_POOL);
  t = rrn_chain_unary(&c, t, RRAMNAS_OP_FLATTEN);
  rrn_chain_linear(&c, t, p->classes);
  return rrn_chain_end(&c, ret_net);
}
