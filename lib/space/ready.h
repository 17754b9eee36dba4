/* SPDX-License-Identifier: MIT */
/* Spaces that are built in. */
#ifndef RRN_SPACE_READY_H
#define RRN_SPACE_READY_H

#include "net/parameters.h"
#include "space/space.h"
#include "weights/safetensors.h"

typedef struct rrn_ready {
  const char *name, *title, *source;
  int32_t (*add_genes)(rrn_space *s, rramnas_error *err); /* of role network */
  rrn_space_build_fn build;
  rrn_net_parameters defaults; /* what a file may say of its networks */
  size_t n_widths;             /* 0 = they have none that may differ */
} rrn_ready;

extern const rrn_ready rrn_ready_spaces[]; /* by name */
extern const size_t rrn_n_ready_spaces;

/* NULL when there is none. */
const rrn_ready *rrn_ready_find(const char *name);

/* --- for the families --- */

/* A category of these words, with a parent when it is not NULL. */
int32_t rrn_ready_category(rrn_space *s, const char *name, const char *const *words, size_t n, const char *parent,
                           double above, rramnas_error *err);
int32_t rrn_ready_integer(rrn_space *s, const char *name, double low, double high, rramnas_error *err);

/* family_ofa.c */
int32_t rrn_ofa_small_genes(rrn_space *s, rramnas_error *err);
int32_t rrn_ofa_large_genes(rrn_space *s, rramnas_error *err);
int32_t rrn_ofa_small_build(const rrn_space *s, const double *x, const rramnas_runtime *runtime, rramnas_net **ret_net,
                            rramnas_error *err);
int32_t rrn_ofa_large_build(const rrn_space *s, const double *x, const rramnas_runtime *runtime, rramnas_net **ret_net,
                            rramnas_error *err);
/* The space's networks become members of the supernet: widths and classes are those of the file, pixels of a side
 * `image` (0 = as they are). ERR_SHAPE where the space's file gave others, ERR_UNSUPPORTED for another family. */
int32_t rrn_space_use_supernet(rrn_space *s, const rrn_safetensors *file, int64_t image, rramnas_error *err);
/* family_resnet.c */
int32_t rrn_resnet_genes(rrn_space *s, rramnas_error *err);
int32_t rrn_resnet_build(const rrn_space *s, const double *x, const rramnas_runtime *runtime, rramnas_net **ret_net,
                         rramnas_error *err);
/* family_cell.c */
int32_t rrn_cell_genes(rrn_space *s, rramnas_error *err);
int32_t rrn_cell_build(const rrn_space *s, const double *x, const rramnas_runtime *runtime, rramnas_net **ret_net,
                       rramnas_error *err);
/* family_cnn.c */
int32_t rrn_cnn_genes(rrn_space *s, rramnas_error *err);
int32_t rrn_cnn_build(const rrn_space *s, const double *x, const rramnas_runtime *runtime, rramnas_net **ret_net,
                      rramnas_error *err);

#endif
