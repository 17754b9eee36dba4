/* SPDX-License-Identifier: MIT */
/* The passes in pipeline order; each has a file of its name that explains it. All allocate results in the
 * arena they are given. */
#ifndef RRN_COMPILE_PASSES_H
#define RRN_COMPILE_PASSES_H

#include "compile/mapping.h"
#include "compile/pack.h"
#include "compile/pack_split.h"

/* How layers are cut. */
typedef struct rrn_partition_options {
  int32_t depth_split; /* pieces into which the groups of a grouped layer are dealt, >= 1 */
  int32_t published;   /* RNC's cuts as published, wide depthwise pieces and slivers included */
} rrn_partition_options;

/* How one layer is cut: into a grid of tiles, the last of a row or column narrower. */
typedef struct rrn_tiling {
  int64_t rows;           /* of a tile; all rows of the matrix when groups_at_once > 1 */
  int64_t cols;           /* weights; grouped layers: whole groups, or less than one */
  int32_t groups_at_once; /* groups that an activation reads, their blocks on the diagonal; 1 unless grouped */
} rrn_tiling;

/* More boxes than this are refused: 2^22 boxes are a chip of millions of crossbars. */
enum { RRN_MAX_BOXES = 1 << 22 };

/* matrix.c: layers of the network -> matrices. Sets n_layers, layer_of, matrices. */
int32_t rrn_matrix_pass(rramnas_mapping *m, int published, rramnas_error *err);

/* partition.c: matrices -> pieces with their latencies. Sets pieces, n_pieces, first_piece. */
int32_t rrn_partition_pass(rramnas_mapping *m, const rrn_partition_options *options, rramnas_error *err);

/* partition.c: the same with a tiling for each layer, [n_layers]; tiles must fit the crossbar. */
int32_t rrn_partition_tiled(rramnas_mapping *m, const rrn_tiling *tilings, rramnas_error *err);

/* duplicate.c: how many copies of each layer, by an exact integer program. */
typedef struct rrn_duplication {
  int32_t n;
  int32_t bottleneck;
  uint64_t *demand;  /* [n]: layer i must have at least x_bottleneck * demand[i] / supply[i] copies */
  uint64_t *supply;  /* [n] */
  int64_t *area;     /* [n] cells of one copy */
  int64_t *useful;   /* [n] most copies that can help */
} rrn_duplication;

/* The program of RNC as mended (rates by simulated time, copies only where useful) or as published. */
int32_t rrn_duplication_model(const rramnas_mapping *m, int published, rrn_arena *arena, rrn_duplication *ret_model,
                              rramnas_error *err);
/* Most copies of the bottleneck such that the least copies of all layers fit `budget` cells; fills
 * ret_copies [n]. Returns copies of the bottleneck, 0 when not even one fits. */
int64_t rrn_duplication_solve(const rrn_duplication *model, double budget, int32_t *ret_copies);

/* place.c: copies -> boxes to pack, and packed boxes -> placements. */
/* Number of boxes that the copies make; INT64_MAX when it does not fit. */
int64_t rrn_place_count(const rramnas_mapping *m);
int32_t rrn_place_boxes(const rramnas_mapping *m, rrn_arena *arena, rrn_pack_box **ret_boxes, size_t *ret_n,
                        rramnas_error *err);
int32_t rrn_place_commit(rramnas_mapping *m, const rrn_pack_result *packed, rramnas_error *err);

/* fewest.c: packs the present copies into the crossbars at hand, or into as few as found when more may be opened.
 * Sets placements. */
int32_t rrn_pack_fewest(rramnas_mapping *m, const rramnas_compile_options *options, int may_grow, rramnas_error *err);

/* split.c: places the boxes of a packing, cut to take fewer crossbars. Sets pieces and placements, unless they still
 * take more crossbars than there are and no more may be opened; *ret_opened says how many they take. */
int32_t rrn_split_to_fit(rramnas_mapping *m, const rrn_pack_rules *rules, const rrn_pack_box *boxes,
                         const rrn_pack_result *packed, const rrn_pack_split_options *options, rrn_arena *arena,
                         int32_t *ret_opened, rramnas_error *err);

/* One file per policy: runs the passes; m->copies and placements are set on success. ERR_DOES_NOT_FIT with
 * the message that says what is short. */
typedef int32_t (*rrn_policy_fn)(rramnas_mapping *m, const rramnas_compile_options *options, rramnas_error *err);
int32_t rrn_policy_isaac(rramnas_mapping *m, const rramnas_compile_options *options, rramnas_error *err);
enum { RRN_RNC_MARGINS = 19 };

/* The shares of all cells that policy rnc tries when none are given, [RRN_RNC_MARGINS]: 0.95, 0.90, ... by repeated
 * subtraction. As published it stops at 0.60; the mended form goes on to 0.05. */
void rrn_rnc_margins(double *margins);
int32_t rrn_policy_rnc(rramnas_mapping *m, const rramnas_compile_options *options, rramnas_error *err);
/* No policy of its own: rnc's packings with copies only; ERR_DOES_NOT_FIT when each fails, without a search. */
int32_t rrn_policy_rnc_copies(rramnas_mapping *m, const rramnas_compile_options *options, rramnas_error *err);
/* No policy of its own: one copy of each layer, or the copies given, in whole tiles; no rules on what shares a crossbar. */
int32_t rrn_policy_fewest(rramnas_mapping *m, const rramnas_compile_options *options, rramnas_error *err);
int32_t rrn_policy_rnc_published(rramnas_mapping *m, const rramnas_compile_options *options, rramnas_error *err);
int32_t rrn_policy_best(rramnas_mapping *m, const rramnas_compile_options *options, rramnas_error *err);

typedef struct rrn_policy {
  int32_t number; /* enum rramnas_policy */
  const char *name;
  rrn_policy_fn run;
} rrn_policy;

/* compile.c: the table of policies; NULL when there is none. */
const rrn_policy *rrn_policy_find(int32_t number);
const rrn_policy *rrn_policy_named(const char *name);

/* does_not_fit.c: the message. `found` = fewest crossbars found, 0 when none was. */
int32_t rrn_fail_does_not_fit(const rramnas_mapping *m, int64_t bound, int64_t found, rramnas_error *err);

/* compile.c: fills in the defaults and checks the ranges. What comes out is not for rrn_compile(). */
int32_t rrn_compile_resolve(const rramnas_compile_options *given, const rramnas_hw *hw, rramnas_compile_options *ret,
                            rramnas_error *err);

/* compile.c: the driver. `options` is the caller's, at full size. */
int32_t rrn_compile(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *options,
                    const rramnas_runtime *runtime, rramnas_mapping **ret_mapping, rramnas_error *err);
/* The same, for policy best with what compilations that differ in the crossbars only have found out (best/kept.h). */
int32_t rrn_compile_kept(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *options,
                         const rramnas_runtime *runtime, struct rrn_kept *kept, rramnas_mapping **ret_mapping,
                         rramnas_error *err);
/* The same by a way of our own that is no policy for callers; the mapping bears the policy of the options. */
int32_t rrn_compile_by(rrn_policy_fn run, rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *options,
                       const rramnas_runtime *runtime, rramnas_mapping **ret_mapping, rramnas_error *err);

#endif
