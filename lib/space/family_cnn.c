/* SPDX-License-Identifier: MIT */
/* Plain CNNs after NACIM.
 *
 * Genes: layers, 3 to 6 convolutions; kernel[i] of 1, 3, 5 or 7 and channels[i] of 24, 36, 48 or 64 for each; hidden,
 * the width of the linear layer before the classes. Convolutions have stride 1, ReLU and, after the second, fourth and
 * sixth, max pooling to half the size; the image is 3 x 32 x 32, there are ten classes.
 *
 * The ranges are those that readers of the paper report; its tables could not be read: this is a space like it. */
#include <stdio.h>

#include "space/chain.h"
#include "space/ready.h"

enum { FEWEST = 3, MOST = 6 };

static const char *const kernels[] = { "1", "3", "5", "7" }, *const widths[] = { "24", "36", "48", "64" };
static const char *const hiddens[] = { "64", "128", "256", "512" };
static const int64_t kernel_sizes[] = { 1, 3, 5, 7 }, channels[] = { 24, 36, 48, 64 };
static const int64_t hidden_widths[] = { 64, 128, 256, 512 };

static int32_t
layer_genes(rrn_space *s, const char *what, const char *const words[4], rramnas_error *err)
{
  char name[32];
  int i;

  for (i = 0; i < MOST; i++) {
    snprintf(name, sizeof(name), "%s[%d]", what, i);
    RRN_TRY(rrn_ready_category(s, name, words, 4, i < FEWEST ? NULL : "layers", i, err));
  }
  return RRAMNAS_OK;
}

int32_t
rrn_cnn_genes(rrn_space *s, rramnas_error *err)
{
  RRN_TRY(rrn_ready_integer(s, "layers", FEWEST, MOST, err));
  RRN_TRY(layer_genes(s, "kernel", kernels, err));
  RRN_TRY(layer_genes(s, "channels", widths, err));
  return rrn_ready_category(s, "hidden", hiddens, 4, NULL, 0, err);
}

int32_t
rrn_cnn_build(const rrn_space *s, const double *x, const rramnas_runtime *runtime, rramnas_net **ret_net,
              rramnas_error *err)
{
  const rrn_net_parameters *p = s->parameters;
  rrn_chain c;
  int32_t t = rrn_chain_begin(&c, "nacim_cnn", 3, p->image, runtime, err);
  int i;

  for (i = 0; i < (int)x[0]; i++) {
    t = rrn_chain_conv(&c, t, channels[(size_t)x[1 + MOST + i]], kernel_sizes[(size_t)x[1 + i]], 1);
    t = rrn_chain_unary(&c, t, RRAMNAS_OP_RELU);
    if (i % 2 == 1)
      t = rrn_chain_pool(&c, t, RRAMNAS_OP_MAX_POOL, 2, 2, 0);
  }
  t = rrn_chain_unary(&c, t, RRAMNAS_OP_FLATTEN);
  t = rrn_chain_linear(&c, t, hidden_widths[(size_t)x[1 + 2 * MOST]]);
  t = rrn_chain_unary(&c, t, RRAMNAS_OP_RELU);
  rrn_chain_linear(&c, t, p->classes);
  return rrn_chain_end(&c, ret_net);
}
