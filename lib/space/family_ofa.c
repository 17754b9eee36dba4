/* SPDX-License-Identifier: MIT */
/* Once-for-all's MobileNetV3 spaces.
 *
 * Genes: ks[0..], e[0..] of the blocks, d[0..] of the stages, four blocks a stage; block j of a stage counts while the
 * stage is deeper than j. Small: (9^2 + 9^3 + 9^4)^4 networks. Large: ^5. The networks are lib/net/ofa.c's. A
 * supernet's file gives them its widths and classes. */
#include <inttypes.h>
#include <stdio.h>

#include "space/ready.h"
#include "weights/weights.h"

static int32_t
block_genes(rrn_space *s, const char *name, const char *const words[3], int32_t stages, rramnas_error *err)
{
  char gene[32], parent[32];
  int32_t i;

  for (i = 0; i < 4 * stages; i++) {
    snprintf(gene, sizeof(gene), "%s[%d]", name, (int)i);
    snprintf(parent, sizeof(parent), "d[%d]", (int)i / 4);
    RRN_TRY(rrn_ready_category(s, gene, words, 3, i % 4 < 2 ? NULL : parent, i % 4, err));
  }
  return RRAMNAS_OK;
}

/* Depths first: parents stand before what depends on them. */
static int32_t
add_genes(rrn_space *s, int32_t stages, rramnas_error *err)
{
  static const char *const kernels[] = { "3", "5", "7" }, *const expansions[] = { "3", "4", "6" };
  char name[32];
  int32_t i;

  for (i = 0; i < stages; i++) {
    snprintf(name, sizeof(name), "d[%d]", (int)i);
    RRN_TRY(rrn_ready_integer(s, name, 2, 4, err));
  }
  RRN_TRY(block_genes(s, "ks", kernels, stages, err));
  return block_genes(s, "e", expansions, stages, err);
}

static int32_t
build(rrn_ofa_family family, int32_t stages, const char *name, const rrn_space *s, const double *x,
      const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *err)
{
  const rrn_net_parameters *p = s->parameters;
  rrn_ofa_genome g = { .image = p->image, .classes = p->classes, .widths = p->widths };
  int32_t i;

  for (i = 0; i < stages; i++)
    g.depths[i] = (int32_t)x[i];
  for (i = 0; i < 4 * stages; i++) {
    g.kernel_sizes[i] = rrn_ofa_kernel_sizes[(size_t)x[stages + i]];
    g.expansions[i] = rrn_ofa_expansions[(size_t)x[5 * stages + i]];
  }
  return rrn_net_ofa_named(family, &g, name, runtime, ret_net, err);
}

int32_t
rrn_ofa_small_genes(rrn_space *s, rramnas_error *err)
{
  return add_genes(s, 4, err);
}

int32_t
rrn_ofa_large_genes(rrn_space *s, rramnas_error *err)
{
  return add_genes(s, 5, err);
}

int32_t
rrn_ofa_small_build(const rrn_space *s, const double *x, const rramnas_runtime *runtime, rramnas_net **ret_net,
                    rramnas_error *err)
{
  return build(RRN_OFA_SMALL, 4, "ofa_mobilenet_v3_small", s, x, runtime, ret_net, err);
}

int32_t
rrn_ofa_large_build(const rrn_space *s, const double *x, const rramnas_runtime *runtime, rramnas_net **ret_net,
                    rramnas_error *err)
{
  return build(RRN_OFA_LARGE, 5, "ofa_mobilenet_v3_large", s, x, runtime, ret_net, err);
}

/* --- members of a supernet --- */

static int32_t
fail_width(const rrn_safetensors *file, size_t i, int64_t have, int64_t given, rramnas_error *err)
{
  return rrn_fail(err, RRAMNAS_ERR_SHAPE,
                  "%s: the supernet has widths[%zu] = %" PRId64 ", the space's parameters say %" PRId64, file->path, i,
                  have, given);
}

static int32_t
use_widths(const rrn_safetensors *file, rrn_ofa_widths widths, size_t n, rrn_net_parameters *p, rramnas_error *err)
{
  size_t i;

  for (i = 0; p->given & RRN_NET_WIDTHS && i < n; i++) {
    const int64_t have = *rrn_ofa_width(&widths, n, i), given = *rrn_ofa_width(&p->widths, n, i);

    if (have != given)
      return fail_width(file, i, have, given, err);
  }
  p->widths = widths;
  p->given |= RRN_NET_WIDTHS;
  return RRAMNAS_OK;
}

static int32_t
use_classes(const rrn_safetensors *file, int64_t classes, rrn_net_parameters *p, rramnas_error *err)
{
  RRN_FAIL_IF(p->given & RRN_NET_CLASSES && p->classes != classes, err, RRAMNAS_ERR_SHAPE,
              "%s: the supernet has %" PRId64 " classes, the space's parameters say %" PRId64, file->path, classes,
              p->classes);
  p->classes = classes;
  p->given |= RRN_NET_CLASSES;
  return RRAMNAS_OK;
}

static int32_t
use_image(int64_t image, rrn_net_parameters *p, rramnas_error *err)
{
  if (image == 0)
    return RRAMNAS_OK;
  RRN_FAIL_IF(p->given & RRN_NET_IMAGE && p->image != image, err, RRAMNAS_ERR_SHAPE,
              "images have %" PRId64 " pixels a side, the space's parameters say %" PRId64, image, p->image);
  RRN_TRY(rrn_net_check_image(image, err));
  p->image = image;
  p->given |= RRN_NET_IMAGE;
  return RRAMNAS_OK;
}

int32_t
rrn_space_use_supernet(rrn_space *s, const rrn_safetensors *file, int64_t image, rramnas_error *err)
{
  const int is_small = s->build == rrn_ofa_small_build;
  const rrn_ofa_family family = is_small ? RRN_OFA_SMALL : RRN_OFA_LARGE;
  rrn_ofa_widths widths = { 0 };
  rrn_net_parameters *p;
  int64_t classes = 0;

  RRN_FAIL_IF(!is_small && s->build != rrn_ofa_large_build, err, RRAMNAS_ERR_UNSUPPORTED,
              "space \"%.100s\" is not one of once-for-all's MobileNetV3: its networks are members of no supernet",
              s->name);
  RRN_TRY(rrn_weights_ofa_widths(file, family, &widths, &classes, err));
  p = rrn_arena_alloc(&s->arena, 1, sizeof(*p));
  if (!p)
    return rrn_fail_memory(err);
  *p = *s->parameters;
  RRN_TRY(use_widths(file, widths, (size_t)rrn_ofa_stages(family) + 4, p, err));
  RRN_TRY(use_classes(file, classes, p, err));
  RRN_TRY(use_image(image, p, err));
  s->parameters = p;
  return RRAMNAS_OK;
}
