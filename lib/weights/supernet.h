/* SPDX-License-Identifier: MIT */
/* What a file must hold to be a once-for-all supernet. */
#ifndef RRN_WEIGHTS_SUPERNET_H
#define RRN_WEIGHTS_SUPERNET_H

#include "net/ofa.h"
#include "weights/safetensors.h"

enum { RRN_SUPERNET_NAME = 1024 };

/* base + suffix, one level deeper where there is such a tensor: the last word of base once more. NULL without either. */
const rrn_safetensor *rrn_supernet_find(const rrn_safetensors *file, const char *base, const char *suffix);

/* Name of the matrix that takes a kernel of from x from to the next size; 0 for weights that have none. */
int rrn_supernet_matrix_name(const char *weight, int64_t from, char ret_name[RRN_SUPERNET_NAME]);

/* What a check found: it is the same for all members of the family with these widths, classes and image. */
typedef struct rrn_supernet {
  int is_checked, has_matrices;
  rrn_ofa_family family;
  rrn_ofa_widths widths;
  int64_t image, classes;
} rrn_supernet;

/* Tensors have the shapes of the file's largest member, matrices are there for all blocks or for none. What is missing
 * otherwise is left to who needs it. Widths and classes are the genome's. Does nothing when *known is of such members. */
int32_t rrn_supernet_check(const rrn_safetensors *file, rrn_ofa_family family, const rrn_ofa_genome *genome,
                           const rramnas_runtime *runtime, rrn_supernet *known, rramnas_error *err);

#endif
