/* SPDX-License-Identifier: MIT */
/* Whether a file's tensors are those of a once-for-all supernet.
 *
 * In:  a safetensors file; family, widths and classes; what an earlier check found.
 * Out: an error that names the tensor, its shape and the one expected; whether there are matrices of kernels.
 * Idea: the network of the file's largest member is built, and each of its parameters that the file has must have
 * exactly its shape. Largest is what the file has: each block's greatest expansion by the channels of its three
 * convolutions, and the kernel size of its filters, so that a supernet of a part of the space is one, too.
 * Matrices that make smaller kernels are trained together: a step from one size to the next has them in all blocks with
 * such kernels or in none.
 * Complexity: one network is built; a search by name for each of its parameters.
 * Source: H. Cai et al., "Once-for-All", ICLR 2020, and names of the modules in its code.
 * Not handled: tensors that no member has are not looked at. */
#include "weights/supernet.h"

#include <stdio.h>
#include <string.h>

#include "net/shape.h"

/* --- names --- */

const rrn_safetensor *
rrn_supernet_find(const rrn_safetensors *file, const char *base, const char *suffix)
{
  const char *last = strrchr(base, '.');
  const rrn_safetensor *t = NULL;
  char name[RRN_SUPERNET_NAME];

  if (last) {
    snprintf(name, sizeof(name), "%s%s%s", base, last, suffix);
    t = rrn_safetensors_find(file, name);
  }
  if (t)
    return t;
  snprintf(name, sizeof(name), "%s%s", base, suffix);
  return rrn_safetensors_find(file, name);
}

int
rrn_supernet_matrix_name(const char *weight, int64_t from, char ret_name[RRN_SUPERNET_NAME])
{
  const char *end = strstr(weight, ".conv.weight");

  if (!end)
    return 0;
  snprintf(ret_name, RRN_SUPERNET_NAME, "%.*s.%dto%d_matrix", (int)(end - weight), weight, (int)from, (int)from - 2);
  return 1;
}

/* Weights of a convolution of a block; NULL unless there are four dimensions. */
static const rrn_safetensor *
find_filters(const rrn_safetensors *file, int32_t block, const char *module)
{
  const rrn_safetensor *t;
  char base[64];

  snprintf(base, sizeof(base), "blocks.%d.conv.%s", (int)block, module);
  t = rrn_supernet_find(file, base, ".weight");
  return t && t->shape.rank == 4 ? t : NULL;
}

/* --- the largest member --- */

/* The greatest expansion that one of the block's convolutions has, so that a smaller one among them is the wrong one. */
static int32_t
expansion_of(const rrn_safetensors *file, int32_t block)
{
  const rrn_safetensor *in = find_filters(file, block, "inverted_bottleneck.conv");
  const rrn_safetensor *depth = find_filters(file, block, "depth_conv.conv");
  const rrn_safetensor *out = find_filters(file, block, "point_linear.conv");
  int i;

  for (i = 2; i >= 0 && in; i--) {
    const int64_t mid = rrn_ofa_round(in->shape.dims[1] * rrn_ofa_expansions[i]);

    if (in->shape.dims[0] == mid || (depth && depth->shape.dims[0] == mid) || (out && out->shape.dims[1] == mid))
      return rrn_ofa_expansions[i];
  }
  return rrn_ofa_expansions[2];
}

static int32_t
kernel_of(const rrn_safetensors *file, int32_t block)
{
  const rrn_safetensor *t = find_filters(file, block, "depth_conv.conv");
  int i;

  for (i = 0; t && i < 2; i++)
    if (t->shape.dims[2] == rrn_ofa_kernel_sizes[i])
      return rrn_ofa_kernel_sizes[i];
  return rrn_ofa_kernel_sizes[2];
}

static rrn_ofa_genome
largest_member(const rrn_safetensors *file, rrn_ofa_family family, const rrn_ofa_genome *genome)
{
  rrn_ofa_genome g = *genome;
  int32_t s, i;

  for (s = 0; s < rrn_ofa_stages(family); s++) {
    g.depths[s] = rrn_ofa_depths[2];
    for (i = 4 * s; i < 4 * s + 4; i++) {
      g.expansions[i] = expansion_of(file, i + 1);
      g.kernel_sizes[i] = kernel_of(file, i + 1);
    }
  }
  return g;
}

/* --- shapes --- */

static int32_t
check_shape(const rrn_safetensors *file, const rrn_safetensor *t, const rrn_shape *want, rramnas_error *err)
{
  char have_text[RRN_SHAPE_TEXT], want_text[RRN_SHAPE_TEXT];
  int32_t d;

  for (d = 0; d < want->rank && t->shape.rank == want->rank && t->shape.dims[d] == want->dims[d]; d++)
    ;
  RRN_FAIL_IF(t->shape.rank != want->rank || d < want->rank, err, RRAMNAS_ERR_SHAPE,
              "%s: tensor \"%.200s\" has shape %s, expected %s", file->path, t->name,
              rrn_shape_text(&t->shape, have_text), rrn_shape_text(want, want_text));
  return RRAMNAS_OK;
}

static int32_t
check_constant(const rrn_safetensors *file, const rrn_tensor *c, rramnas_error *err)
{
  const rrn_shape want = rrn_shape_of(c);
  const char *suffix = strrchr(c->name, '.');
  const rrn_safetensor *t;
  char base[128];

  snprintf(base, sizeof(base), "%.*s", (int)(suffix - c->name), c->name);
  t = rrn_supernet_find(file, base, suffix);
  return t ? check_shape(file, t, &want, err) : RRAMNAS_OK;
}

static int32_t
check_norm(const rrn_safetensors *file, const rramnas_net *net, const rrn_node *node, rramnas_error *err)
{
  static const char *const suffixes[] = { ".weight", ".bias", ".running_mean", ".running_var" };
  const rrn_shape want = { 1, { net->tensors[node->inputs[0]].dims[1] } };
  int i;

  for (i = 0; i < 4; i++) {
    const rrn_safetensor *t = rrn_supernet_find(file, node->name, suffixes[i]);

    if (t)
      RRN_TRY(check_shape(file, t, &want, err));
  }
  return RRAMNAS_OK;
}

static int32_t
check_parameters(const rrn_safetensors *file, const rramnas_net *net, rramnas_error *err)
{
  int32_t k;
  size_t i;

  for (i = 0; i < net->n_nodes; i++) {
    const rrn_node *node = &net->nodes[i];

    for (k = 0; k < node->n_inputs; k++)
      if (net->tensors[node->inputs[k]].kind == RRN_TENSOR_CONSTANT)
        RRN_TRY(check_constant(file, &net->tensors[node->inputs[k]], err));
    if (node->op == RRAMNAS_OP_BATCH_NORM)
      RRN_TRY(check_norm(file, net, node, err));
  }
  return RRAMNAS_OK;
}

/* --- matrices --- */

static int32_t
check_step(const rrn_safetensors *file, rrn_ofa_family family, int64_t from, int *ret_has, rramnas_error *err)
{
  const int64_t n = (from - 2) * (from - 2);
  const rrn_shape want = { 2, { n, n } };
  char name[RRN_SUPERNET_NAME], missing[RRN_SUPERNET_NAME] = "";
  int32_t block;
  int has = 0;

  for (block = 1; block <= 4 * rrn_ofa_stages(family); block++) {
    const rrn_safetensor *filters = find_filters(file, block, "depth_conv.conv"), *t;

    if (!filters || filters->shape.dims[2] < from || !rrn_supernet_matrix_name(filters->name, from, name))
      continue;
    t = rrn_safetensors_find(file, name);
    if (t)
      RRN_TRY(check_shape(file, t, &want, err));
    else if (!missing[0])
      memcpy(missing, name, sizeof(missing));
    has |= t != NULL;
  }
  RRN_FAIL_IF(has && missing[0], err, RRAMNAS_ERR_NOT_FOUND,
              "%s: there is no tensor \"%.200s\", while other blocks have theirs", file->path, missing);
  *ret_has |= has;
  return RRAMNAS_OK;
}

/* --- the whole --- */

static int
covers(const rrn_supernet *known, rrn_ofa_family family, const rrn_ofa_genome *g)
{
  return known->is_checked && known->family == family && known->image == g->image && known->classes == g->classes &&
         memcmp(&known->widths, &g->widths, sizeof(g->widths)) == 0;
}

int32_t
rrn_supernet_check(const rrn_safetensors *file, rrn_ofa_family family, const rrn_ofa_genome *genome,
                   const rramnas_runtime *runtime, rrn_supernet *known, rramnas_error *err)
{
  rrn_supernet found = { .is_checked = 1, .family = family, .widths = genome->widths, .image = genome->image,
                         .classes = genome->classes };
  rramnas_net *net = NULL;
  rrn_ofa_genome g;
  int32_t status;

  if (covers(known, family, genome))
    return RRAMNAS_OK;
  g = largest_member(file, family, genome);
  RRN_TRY(rrn_net_ofa_named(family, &g, "supernet", runtime, &net, err));
  status = check_parameters(file, net, err);
  rramnas_net_unref(net);
  RRN_TRY(status);
  RRN_TRY(check_step(file, family, 7, &found.has_matrices, err));
  RRN_TRY(check_step(file, family, 5, &found.has_matrices, err));
  *known = found;
  return RRAMNAS_OK;
}
