/* SPDX-License-Identifier: MIT */
/* The inside of a plan: one step per node of the network, and where tensors lie while it runs.
 *
 * An element of a tensor is a vector of RRN_INFER_LANES floats, one per image. Tensors of activations lie in a
 * workspace; two that do not live at the same time share room. */
#ifndef RRN_INFER_PLAN_H
#define RRN_INFER_PLAN_H

#include "infer/kernels.h"
#include "net/shape.h"

#define RRN_LANES RRN_INFER_LANES

/* Elements of a tensor per image, and entries of a table: above what fits into memory as vectors. */
enum { RRN_INFER_MAX_ELEMENTS = 1 << 26, RRN_INFER_MAX_TABLE = 1 << 28 };

typedef struct rrn_infer_step rrn_infer_step;

/* What one thread works with while it takes a group of images through the network, or several, all but the last of which are full. */
typedef struct rrn_infer_task {
  const rrn_infer_plan *plan;
  const rrn_infer_backend *backend; /* NULL = floats */
  float *workspace;                 /* [plan->n_elements][lanes], of the first group */
  size_t n_blocks, n_between;       /* groups; floats from one's workspace to the next one's */
  float *scratch;                   /* [plan->n_scratch] floats */
  void *backend_scratch;
  uint8_t *bytes;                   /* [2][plan->n_handed][n_blocks][lanes]: from layer to layer */
  uint64_t first_image;
  int32_t n_images;                 /* of the last group */
} rrn_infer_task;

/* One of the groups. */
static inline rrn_infer_task
rrn_infer_block_of(const rrn_infer_task *task, size_t k)
{
  rrn_infer_task one = *task;

  one.workspace += k * task->n_between;
  one.first_image += k * RRN_LANES;
  one.n_images = k + 1 < task->n_blocks ? RRN_LANES : task->n_images;
  one.n_blocks = 1;
  return one;
}

typedef int32_t (*rrn_infer_fn)(const rrn_infer_step *step, const rrn_infer_task *task, rramnas_error *err);

/* Whether the output may lie where input 0 lies. */
typedef enum rrn_infer_sharing {
  RRN_INFER_APART,
  RRN_INFER_IN_PLACE, /* when input 0 is not needed afterwards */
  RRN_INFER_VIEW      /* the same elements in the same order: nothing to do */
} rrn_infer_sharing;

/* What a convolution does for its neighbours. join.c */
typedef struct rrn_infer_joint {
  float low, high;         /* results are held between these */
  int32_t layer;
  int32_t reader, writer;  /* layers that alone read its results, or whose results it alone reads; -1 = none */
  size_t from, to;         /* where bytes of these lie: 0 or 1 */
} rrn_infer_joint;

struct rrn_infer_step {
  const rrn_node *node;
  rrn_infer_fn run;           /* NULL for a view */
  rrn_infer_sharing sharing;
  const void *more;           /* what the operator prepared */
  size_t n_scratch;           /* floats */
  int takes_blocks;           /* all groups of a task in one call; 0 = one after the other */
  const float *bounds;        /* [2]: it holds input 0 between these and does nothing else; NULL otherwise */
  rrn_infer_joint *joint;     /* NULL when it does nothing for others */
};

/* Statistics of a normalisation step; calibration writes them. */
typedef struct rrn_infer_norm {
  size_t channels, inner; /* elements per channel */
  double epsilon;
  const float *gamma, *beta;
  float *mean, *scale;    /* y = (x - mean) scale + beta */
} rrn_infer_norm;

struct rrn_infer_plan {
  rrn_rt rt;
  rrn_arena arena;
  const rramnas_net *net;
  const rrn_values *values;
  const rrn_infer_kernels *kernels;
  rrn_infer_step *steps;  /* [net->n_nodes] */
  const struct rrn_infer_product **products; /* [net->n_layers]; NULL for a layer of another form */
  const float **spread;   /* [n_tensors]: constants as operands, [elements][lanes]; NULL otherwise */
  size_t *at;             /* [n_tensors]: first element in the workspace */
  size_t n_elements, n_scratch;
  size_t n_handed;        /* most elements that layers may hand over as bytes */
  int32_t input, output;  /* tensors */
};

/* --- for the operators --- */

typedef struct rrn_infer_builder {
  rrn_infer_plan *plan;
  rrn_attrs *attrs; /* of the node: axes counted from 0 */
  rramnas_error *err;
} rrn_infer_builder;

/* "node 'name' (Op): what". */
int32_t rrn_infer_fail(const rrn_infer_builder *b, const rrn_node *node, int32_t code, const char *what);

/* Tensor of input i, NULL when it is left out. */
static inline const rrn_tensor *
rrn_infer_tensor(const rrn_infer_plan *plan, const rrn_node *node, int32_t i)
{
  return i < node->n_inputs && node->inputs[i] >= 0 ? &plan->net->tensors[node->inputs[i]] : NULL;
}

static inline const rrn_tensor *
rrn_infer_result(const rrn_infer_plan *plan, const rrn_node *node)
{
  return &plan->net->tensors[node->outputs[0]];
}

/* Values of a constant input; ERR_NOT_FOUND when they are not known. */
int32_t rrn_infer_constant(const rrn_infer_builder *b, const rrn_node *node, int32_t i, const float **ret_values);
/* Makes input i readable as an operand, whatever it is. */
int32_t rrn_infer_operand(const rrn_infer_builder *b, const rrn_node *node, int32_t i);

/* Elements of an operand or an output. */
static inline const float *
rrn_infer_in(const rrn_infer_step *step, const rrn_infer_task *task, int32_t i)
{
  const int32_t tensor = step->node->inputs[i];
  const float *spread = task->plan->spread[tensor];

  return spread ? spread : task->workspace + task->plan->at[tensor] * RRN_LANES;
}

static inline float *
rrn_infer_out(const rrn_infer_step *step, const rrn_infer_task *task, int32_t i)
{
  return task->workspace + task->plan->at[step->node->outputs[i]] * RRN_LANES;
}

static inline size_t
rrn_infer_elements(const rrn_tensor *t)
{
  return (size_t)rrn_tensor_elements(t);
}

/* For each element of `out` the element of `in` that broadcasting puts there; NULL when it is the same one. ERR_SHAPE
 * when `in` does not broadcast to `out`. */
int32_t rrn_infer_broadcast(const rrn_infer_builder *b, const rrn_tensor *out, const rrn_tensor *in,
                            const int32_t **ret_map);

/* Steps that do what their neighbours would, once all tensors have their places. join.c */
int32_t rrn_infer_join(rrn_infer_plan *plan, rrn_arena *scratch, rramnas_error *err);

/* The preparation of a node's step: checks it and sets run, sharing, more, n_scratch. */
typedef int32_t (*rrn_infer_prepare)(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step);

/* NULL when the operator is not computed. */
rrn_infer_prepare rrn_infer_prepare_of(int32_t op);

int32_t rrn_infer_conv(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step);
int32_t rrn_infer_linear(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step);
int32_t rrn_infer_batch_norm(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step);
int32_t rrn_infer_layer_norm(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step);
int32_t rrn_infer_softmax(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step);
int32_t rrn_infer_unary(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step);
int32_t rrn_infer_binary(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step);
int32_t rrn_infer_where(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step);
int32_t rrn_infer_window(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step);
int32_t rrn_infer_reduce(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step);
int32_t rrn_infer_concat(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step);
int32_t rrn_infer_view(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step);
int32_t rrn_infer_move(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step);
int32_t rrn_infer_split(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step);
int32_t rrn_infer_gather(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step);

#endif
