/* SPDX-License-Identifier: MIT */
/* The inside of a chip, between the files that program it and multiply on it. */
#ifndef RRN_ACCURACY_CHIP_H
#define RRN_ACCURACY_CHIP_H

#include <stdatomic.h>

#include "accuracy/accuracy.h"
#include "xbar/compensate.h"
#include "xbar/mvm_short.h"

enum { RRN_CHIP_DESKS = 256, RRN_CHIP_FEW = 16 };

typedef struct rrn_chip_array {
  rrn_xbar_layer layer;
  rrn_xbar_kernel kernel;
  rrn_xbar_compensation compensation;
} rrn_chip_array;

/* What one copy of a layer is written into: the groups that it takes positions of, in order. */
typedef struct rrn_chip_copy {
  rrn_chip_array *arrays; /* [its groups]; NULL = small */
  rrn_xbar_short *small;
  uint32_t *before;       /* [groups / RRN_CHIP_FEW]: how many of the groups before these it has; NULL = all */
} rrn_chip_copy;

/* Memory that stays between calls. */
typedef struct rrn_chip_desk {
  atomic_flag busy;
  rrn_arena arena, inner; /* of a call, and of one group in it */
} rrn_chip_desk;

typedef struct rrn_chip_layer {
  rrn_arena arena;
  rrn_chip_copy *copies; /* [n_copies]; NULL = stays in floats */
  size_t n_copies;
  int all_small;
  const rrn_xbar_adc *adcs; /* [n_groups], the first chip's; NULL = no converters */
  int is_short;          /* its arrays may be short ones */
  atomic_llong conversions, clipped_low, clipped_high;
} rrn_chip_layer;

struct rrn_chip {
  const rrn_rt *rt;
  const rrn_quantised *q;
  enum rrn_xbar_cpu cpu;
  rrn_arena arena;
  rrn_chip_layer *layers; /* [q->n] */
  const struct rrn_infer_kernels *kernels;
  rrn_infer_backend backend;
  rrn_chip_desk desks[RRN_CHIP_DESKS];
};

/* Writes layers into their arrays. program.c */
int32_t rrn_chip_program_layers(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, rramnas_error *err);

#endif
