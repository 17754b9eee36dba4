/* SPDX-License-Identifier: MIT */
/* Mappings of policy rnc as candidates of policy best. */
#ifndef RRN_BEST_RIVAL_H
#define RRN_BEST_RIVAL_H

#include "best/crowd.h"
#include "compile/passes.h"

enum { RRN_RIVAL_CROWDS = 2 };

/* Copies under one share of the cells, on the crossbars looked at last. */
typedef struct rrn_rival_copies {
  double share;
  int32_t *copies;        /* [n_layers] */
  int32_t solved;         /* 1: one copy of each layer has no more cells */
  double cells;           /* of all copies; 0 = not solved */
  int64_t boxes;          /* of all layers */
  int64_t most_boxes;     /* of one layer */
  double alone_ns;        /* completion when no sample waits */
  int64_t crowd_from;     /* where in the random stream crowd_ns holds; negative = nowhere */
  double crowd_ns;        /* rrn_crowd_bound() */
} rrn_rival_copies;

typedef struct rrn_rivals {
  const rramnas_mapping *m;
  const rramnas_compile_options *o;
  rrn_arena arena, scratch;
  rramnas_mapping cut;     /* pieces; copies are those looked at */
  rrn_duplication model;
  double one_copy_ns, work_ns; /* of one copy of each layer when no sample waits; of all boxes of a sample */
  rrn_rival_copies all;    /* of all cells: no mapping has more copies */
  rrn_rival_copies *tries; /* [n_tries] in the policy's order */
  int32_t n_tries;
  int32_t copies_only;     /* 1: one copy of each layer is not looked for */
  int32_t last;            /* fewest crossbars to look at */
  int32_t same_from, same_tries; /* the mapping made last is made on all fewer crossbars from same_from on while the
                                    copies of the first same_tries tries stay */
  int64_t one_copy_boxes;
  int32_t one_copy_from; /* one copy of each layer, packed last, is packed alike on all fewer crossbars from here on */
  int32_t one_copy_fails; /* ... and on so many or fewer is not found room for */
  rrn_crowd crowds[RRN_RIVAL_CROWDS]; /* of few boxes and of many */
  rramnas_error *err;
} rrn_rivals;

/* Matrices of the mapping are known; it and the options must live as long. Release in any case. */
int32_t rrn_rivals_init(rrn_rivals *r, const rramnas_mapping *m, const rramnas_compile_options *o, rramnas_error *err);
void rrn_rivals_release(rrn_rivals *r);

/* Policy rnc's mapping on the crossbars at hand or fewer that is soonest done, the more crossbars the better among
 * equals, if it is sooner done than `ns`: sets *ns and on how many crossbars it is made; 0 = none is. */
int32_t rrn_rivals_find(rrn_rivals *r, double *ns, int32_t *ret_crossbars);
/* Completion of the mapping on so many crossbars, or some number not below `ns`; asked for ever fewer crossbars. */
int32_t rrn_rivals_on(rrn_rivals *r, int32_t crossbars, double ns, double *ret_ns);
/* Completion that no mapping with one copy of each layer on the crossbars at hand is below. */
double rrn_rivals_one_copy(const rrn_rivals *r);

#endif
