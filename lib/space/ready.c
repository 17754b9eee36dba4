/* SPDX-License-Identifier: MIT */
/* The table of ready spaces. A new one is a file of its own (family_*.c) and a line here. */
#include "space/ready.h"

#include <stdio.h>
#include <string.h>

#include "hw/spec_fields.h"
#include "util/options.h"

const rrn_ready rrn_ready_spaces[] = {
  { "nacim-cnn", "Plain CNNs of 3 to 6 convolutions for images of 32 x 32: channels and kernel sizes layer by layer",
    "after Jiang et al., Device-Circuit-Architecture Co-Exploration for Computing-in-Memory Neural Accelerators, IEEE "
    "Trans. Computers 70, 2021",
    rrn_cnn_genes, rrn_cnn_build, { .image = 32, .classes = 10 }, 0 },
  { "nas-bench-201", "The 15,625 cells of NAS-Bench-201 in their CIFAR-10 network",
    "Dong and Yang, NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search, ICLR 2020",
    rrn_cell_genes, rrn_cell_build, { .image = 32, .classes = 10 }, 0 },
  { "ofa-mobilenet-v3-large", "Once-for-all's MobileNetV3-large for images of 224 x 224",
    "Cai et al., Once-for-All: Train One Network and Specialize it for Efficient Deployment, ICLR 2020",
    rrn_ofa_large_genes, rrn_ofa_large_build, { .image = 224, .classes = 1000 }, 4 + RRN_OFA_MOST_STAGES },
  { "ofa-mobilenet-v3-small", "MobileNetV3-small for images of 64 x 64, as RNC searches it",
    "Cai et al., ICLR 2020, as used by RNC (Loong et al., arXiv 2409.18841)",
    rrn_ofa_small_genes, rrn_ofa_small_build, { .image = 64, .classes = 10 }, 4 + RRN_OFA_STAGES },
  { "ofa-resnet50", "Once-for-all's ResNet-50 for images of 224 x 224: depths, widths and expansions",
    "Cai et al., ICLR 2020, and its public code", rrn_resnet_genes, rrn_resnet_build,
    { .image = 224, .classes = 1000 }, 0 },
};
const size_t rrn_n_ready_spaces = sizeof(rrn_ready_spaces) / sizeof(rrn_ready_spaces[0]);

int32_t
rrn_ready_category(rrn_space *s, const char *name, const char *const *words, size_t n, const char *parent, double above,
                   rramnas_error *err)
{
  rramnas_gene g = RRAMNAS_GENE_INIT;

  g.name = name;
  g.labels = words;
  g.n_labels = n;
  g.parent = parent;
  g.above = above;
  g.role = RRAMNAS_GENE_NETWORK;
  return rrn_space_add_gene(s, &g, err);
}

int32_t
rrn_ready_integer(rrn_space *s, const char *name, double low, double high, rramnas_error *err)
{
  rramnas_gene g = RRAMNAS_GENE_INIT;

  g.name = name;
  g.kind = RRAMNAS_GENE_INTEGER;
  g.low = low;
  g.high = high;
  g.role = RRAMNAS_GENE_NETWORK;
  return rrn_space_add_gene(s, &g, err);
}

/* The name with the fewest edits. */
static const char *
nearest(const char *name)
{
  size_t i, best = 0, fewest = SIZE_MAX;

  for (i = 0; i < rrn_n_ready_spaces; i++) {
    const size_t edits = strlen(name) < RRN_HW_MAX_WORD ? rrn_hw_edit_distance(name, rrn_ready_spaces[i].name) : 0;

    if (edits < fewest) {
      fewest = edits;
      best = i;
    }
  }
  return rrn_ready_spaces[best].name;
}

const rrn_ready *
rrn_ready_find(const char *name)
{
  size_t i;

  for (i = 0; i < rrn_n_ready_spaces; i++)
    if (strcmp(rrn_ready_spaces[i].name, name) == 0)
      return &rrn_ready_spaces[i];
  return NULL;
}

int32_t
rrn_space_ready(rrn_space *s, const char *name, rramnas_error *err)
{
  const rrn_ready *ready = rrn_ready_find(name);

  RRN_FAIL_IF(!ready, err, RRAMNAS_ERR_NOT_FOUND, "no space \"%.60s\"; like it: %s", name, nearest(name));
  RRN_TRY(ready->add_genes(s, err));
  s->name = s->ready = ready->name;
  s->n_ready = s->n;
  s->build = ready->build;
  s->parameters = &ready->defaults;
  return RRAMNAS_OK;
}

size_t
rramnas_ready_space_count(void)
{
  return rrn_n_ready_spaces;
}

int32_t
rramnas_ready_space_info(size_t index, rramnas_ready_space *ret_space)
{
  rramnas_ready_space info = RRAMNAS_READY_SPACE_INIT;

  if (!ret_space || index >= rrn_n_ready_spaces)
    return RRAMNAS_ERR_ARGUMENT;
  info.name = rrn_ready_spaces[index].name;
  info.title = rrn_ready_spaces[index].title;
  info.source = rrn_ready_spaces[index].source;
  return rrn_result_write(ret_space, &info, sizeof(info), "rramnas_ready_space", NULL);
}
