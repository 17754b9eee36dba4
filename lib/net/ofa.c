/* SPDX-License-Identifier: MIT */
/* Sub-networks of the once-for-all MobileNetV3 spaces: the small one that RNC searches, and the large one.
 *
 * In: kernel sizes, expansions and depths. Out: the network, in the order in which its layers are called.
 * The small space: a 3 x 3 stem of 16 channels with stride 2 on a 64 x 64 image; one fixed block of 16 channels; four
 * stages of 24, 40, 48 and 96 channels with up to four blocks, the first with stride 2, 2, 1, 2; then 576 and
 * 1280 channels and ten classes. The large space: an image of 224 x 224, five stages of 24, 40, 80, 112 and 160
 * channels with stride 2, 2, 2, 1, 2, then 960 and 1280 channels and 1000 classes. Block j of stage s reads entry
 * 4 s + j. A block expands its input `expansion` times (to a multiple of 8), filters each channel, weighs channels by
 * squeeze and excitation where the stage has it, and projects; it has a shortcut when its input and output agree in
 * size.
 *
 * Node names are those of the modules in the once-for-all code, which makes layers comparable with RNC's.
 *
 * Source: H. Cai et al., "Once-for-All: Train One Network and Specialize it for Efficient Deployment", ICLR 2020;
 * A. Howard et al., "Searching for MobileNetV3", ICCV 2019 (activations). Widths and resolution as RNC uses them. */
#include <stdio.h>
#include <string.h>

#include "net/build.h"
#include "net/ofa.h"

enum { MOST_NAME = 64 };

typedef struct stage {
  int64_t stride;
  int32_t act, excite;
} stage;

typedef struct family {
  int64_t image, classes;
  rrn_ofa_widths widths;
  int32_t n_stages;
  stage stages[RRN_OFA_MOST_STAGES];
  size_t most_nodes, most_tensors; /* of its largest member */
} family;

static const family families[] = {
  [RRN_OFA_SMALL] = { 64, 10, { 16, 16, { 24, 40, 48, 96, 0 }, 576, 1280 }, 4,
                      { { 2, RRAMNAS_OP_RELU, 0 }, { 2, RRAMNAS_OP_HARD_SWISH, 1 }, { 1, RRAMNAS_OP_HARD_SWISH, 1 },
                        { 2, RRAMNAS_OP_HARD_SWISH, 1 } }, 232, 336 },
  [RRN_OFA_LARGE] = { 224, 1000, { 16, 16, { 24, 40, 80, 112, 160 }, 960, 1280 }, 5,
                      { { 2, RRAMNAS_OP_RELU, 0 }, { 2, RRAMNAS_OP_RELU, 1 }, { 2, RRAMNAS_OP_HARD_SWISH, 0 },
                        { 1, RRAMNAS_OP_HARD_SWISH, 1 }, { 2, RRAMNAS_OP_HARD_SWISH, 1 } }, 296, 432 },
};

/* The net so far: `x` is the tensor on which the next node works, `prefix` starts the names of its module. */
typedef struct chain {
  const family *f;
  const rrn_ofa_widths *widths;
  rramnas_net *net;
  int32_t x;
  char name[MOST_NAME];
  size_t prefix; /* bytes of `name` that stay */
  rramnas_error *err;
} chain;

typedef struct block {
  int64_t in, out, expansion, kernel, stride;
  int32_t act, excite;
} block;

static const char *
full_name(chain *c, const char *suffix)
{
  /* The longest name of the space has 41 bytes. */
  const size_t length = strnlen(suffix, MOST_NAME - 1 - c->prefix);

  memcpy(c->name + c->prefix, suffix, length);
  c->name[c->prefix + length] = '\0';
  return c->name;
}

static int32_t
add(chain *c, const char *suffix, rrn_build *b)
{
  b->name = full_name(c, suffix);
  if (!b->inputs) {
    b->inputs = &c->x;
    b->n_inputs = 1;
  }
  return rrn_net_build(c->net, b, &c->x, c->err);
}

static int32_t
unary(chain *c, const char *suffix, int32_t op)
{
  rrn_build b;

  rrn_build_init(&b, op);
  return add(c, suffix, &b);
}

static int32_t
binary(chain *c, const char *suffix, int32_t op, int32_t first, int32_t second)
{
  const int32_t inputs[2] = { first, second };
  rrn_build b;

  rrn_build_init(&b, op);
  b.inputs = inputs;
  b.n_inputs = 2;
  return add(c, suffix, &b);
}

static int32_t
conv(chain *c, const char *suffix, int64_t out, int64_t kernel, int64_t stride, int64_t groups, int bias)
{
  rrn_build b;
  int i;

  rrn_build_init(&b, RRAMNAS_OP_CONV);
  b.out_channels = out;
  b.no_bias = !bias;
  b.attrs.groups = groups;
  for (i = 0; i < 2; i++) {
    b.attrs.kernel[i] = kernel;
    b.attrs.stride[i] = stride;
    b.attrs.pad[i] = b.attrs.pad[2 + i] = kernel / 2;
  }
  return add(c, suffix, &b);
}

/* relu6(x + 3) / 6 */
static int32_t
h_sigmoid(chain *c, const char *suffix)
{
  rrn_build b;

  rrn_build_init(&b, RRAMNAS_OP_HARD_SIGMOID);
  b.attrs.number[0] = 1.0 / 6;
  return add(c, suffix, &b);
}

/* Weighs each channel by a function of the means of all. */
static int32_t
squeeze_and_excite(chain *c, int64_t channels)
{
  const int32_t input = c->x;

  RRN_TRY(unary(c, "depth_conv.se.pool", RRAMNAS_OP_GLOBAL_AVERAGE_POOL));
  RRN_TRY(conv(c, "depth_conv.se.fc.reduce", rrn_ofa_round(channels / 4), 1, 1, 1, 1));
  RRN_TRY(unary(c, "depth_conv.se.fc.relu", RRAMNAS_OP_RELU));
  RRN_TRY(conv(c, "depth_conv.se.fc.expand", channels, 1, 1, 1, 1));
  RRN_TRY(h_sigmoid(c, "depth_conv.se.fc.h_sigmoid"));
  return binary(c, "depth_conv.se.mul", RRAMNAS_OP_MUL, input, c->x);
}

static int32_t
add_block(chain *c, const block *b)
{
  const int64_t mid = b->expansion == 1 ? b->in : rrn_ofa_round(b->in * b->expansion);
  const int32_t input = c->x;

  if (b->expansion != 1) {
    RRN_TRY(conv(c, "inverted_bottleneck.conv", mid, 1, 1, 1, 0));
    RRN_TRY(unary(c, "inverted_bottleneck.bn", RRAMNAS_OP_BATCH_NORM));
    RRN_TRY(unary(c, "inverted_bottleneck.act", b->act));
  }
  RRN_TRY(conv(c, "depth_conv.conv", mid, b->kernel, b->stride, mid, 0));
  RRN_TRY(unary(c, "depth_conv.bn", RRAMNAS_OP_BATCH_NORM));
  RRN_TRY(unary(c, "depth_conv.act", b->act));
  if (b->excite)
    RRN_TRY(squeeze_and_excite(c, mid));
  RRN_TRY(conv(c, "point_linear.conv", b->out, 1, 1, 1, 0));
  RRN_TRY(unary(c, "point_linear.bn", RRAMNAS_OP_BATCH_NORM));
  if (b->stride == 1 && b->in == b->out)
    RRN_TRY(binary(c, "shortcut", RRAMNAS_OP_ADD, input, c->x));
  return RRAMNAS_OK;
}

static void
name_block(chain *c, int number)
{
  c->prefix = (size_t)snprintf(c->name, sizeof(c->name), "blocks.%d.conv.", number);
}

static int32_t
add_stages(chain *c, const rrn_ofa_genome *g)
{
  int64_t in = c->widths->first;
  int number = 1;
  int32_t s, j;

  for (s = 0; s < c->f->n_stages; s++)
    for (j = 0; j < g->depths[s]; j++, number++) {
      const stage *t = &c->f->stages[s];
      const block b = { in, c->widths->stages[s], g->expansions[4 * s + j], g->kernel_sizes[4 * s + j],
                        j ? 1 : t->stride, t->act, t->excite };

      name_block(c, number);
      RRN_TRY(add_block(c, &b));
      in = c->widths->stages[s];
    }
  c->prefix = 0;
  return RRAMNAS_OK;
}

static int32_t
add_stem(chain *c, int64_t side)
{
  const int64_t image[4] = { 1, 3, side, side };
  const block first = { c->widths->stem, c->widths->first, 1, 3, 1, RRAMNAS_OP_RELU, 0 };

  RRN_TRY(rrn_net_add_tensor(c->net, RRN_TENSOR_ACTIVATION, "image", image, 4, &c->x, c->err));
  RRN_TRY(conv(c, "first_conv.conv", c->widths->stem, 3, 2, 1, 0));
  RRN_TRY(unary(c, "first_conv.bn", RRAMNAS_OP_BATCH_NORM));
  RRN_TRY(unary(c, "first_conv.act", RRAMNAS_OP_HARD_SWISH));
  name_block(c, 0);
  return add_block(c, &first);
}

static int32_t
add_head(chain *c, int64_t classes)
{
  rrn_build b;

  RRN_TRY(conv(c, "final_expand_layer.conv", c->widths->final, 1, 1, 1, 0));
  RRN_TRY(unary(c, "final_expand_layer.bn", RRAMNAS_OP_BATCH_NORM));
  RRN_TRY(unary(c, "final_expand_layer.act", RRAMNAS_OP_HARD_SWISH));
  RRN_TRY(unary(c, "global_avg_pool", RRAMNAS_OP_GLOBAL_AVERAGE_POOL));
  RRN_TRY(conv(c, "feature_mix_layer.conv", c->widths->features, 1, 1, 1, 0));
  RRN_TRY(unary(c, "feature_mix_layer.act", RRAMNAS_OP_HARD_SWISH));
  RRN_TRY(unary(c, "flatten", RRAMNAS_OP_FLATTEN));
  rrn_build_init(&b, RRAMNAS_OP_GEMM);
  b.out_channels = classes;
  return add(c, "classifier.linear", &b);
}

static int32_t
check_gene(const char *what, int32_t i, int32_t value, const int32_t allowed[3], rramnas_error *err)
{
  RRN_FAIL_IF(value != allowed[0] && value != allowed[1] && value != allowed[2], err, RRAMNAS_ERR_ARGUMENT,
              "%s[%d] is %d, expected %d, %d or %d", what, (int)i, (int)value, (int)allowed[0], (int)allowed[1],
              (int)allowed[2]);
  return RRAMNAS_OK;
}

static int32_t
check_genome(const family *f, const rrn_ofa_genome *g, rramnas_error *err)
{
  int32_t s, j;

  for (s = 0; s < f->n_stages; s++) {
    RRN_TRY(check_gene("depths", s, g->depths[s], rrn_ofa_depths, err));
    for (j = 4 * s; j < 4 * s + g->depths[s]; j++) {
      RRN_TRY(check_gene("kernel_sizes", j, g->kernel_sizes[j], rrn_ofa_kernel_sizes, err));
      RRN_TRY(check_gene("expansions", j, g->expansions[j], rrn_ofa_expansions, err));
    }
  }
  return RRAMNAS_OK;
}

static int32_t
remember(rramnas_net *net, rrn_ofa_family which, const rrn_ofa_genome *genome, rramnas_error *err)
{
  rrn_ofa_genome *copy = rrn_arena_alloc(&net->arena, 1, sizeof(*copy));

  if (!copy)
    return rrn_fail_memory(err);
  *copy = *genome;
  net->ofa = copy;
  net->ofa_family = (int32_t)which;
  return RRAMNAS_OK;
}

int32_t
rrn_net_ofa_named(rrn_ofa_family which, const rrn_ofa_genome *genome, const char *name, const rramnas_runtime *runtime,
                  rramnas_net **ret_net, rramnas_error *err)
{
  chain c = { .f = &families[which], .err = err };
  int32_t status;

  c.widths = genome->widths.stem ? &genome->widths : &c.f->widths;
  RRN_TRY_OUT(check_genome(c.f, genome, err));
  RRN_TRY_OUT(rrn_net_new(name, runtime, &c.net, err));
  RRN_TRY_OUT(rrn_net_reserve(c.net, c.f->most_nodes, c.f->most_tensors, err));
  RRN_TRY_OUT(add_stem(&c, genome->image ? genome->image : c.f->image));
  RRN_TRY_OUT(add_stages(&c, genome));
  RRN_TRY_OUT(add_head(&c, genome->classes ? genome->classes : c.f->classes));
  RRN_TRY_OUT(remember(c.net, which, genome, err));
  RRN_TRY_OUT(rrn_net_finish(c.net, err));
  *ret_net = c.net;
  c.net = NULL;
out:
  rramnas_net_unref(c.net);
  return status;
}

int32_t
rrn_net_ofa(const int32_t *kernel_sizes, const int32_t *expansions, const int32_t *depths,
            const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *err)
{
  rrn_ofa_genome genome = { .image = 0 };

  memcpy(genome.kernel_sizes, kernel_sizes, RRN_OFA_BLOCKS * sizeof(*kernel_sizes));
  memcpy(genome.expansions, expansions, RRN_OFA_BLOCKS * sizeof(*expansions));
  memcpy(genome.depths, depths, RRN_OFA_STAGES * sizeof(*depths));
  return rrn_net_ofa_named(RRN_OFA_SMALL, &genome, "ofa_mobilenet_v3_small", runtime, ret_net, err);
}
