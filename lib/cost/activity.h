/* SPDX-License-Identifier: MIT */
/* What one inference does, counted. Counts are doubles: exact below 2^53, and without overflow. */
#ifndef RRN_COST_ACTIVITY_H
#define RRN_COST_ACTIVITY_H

#include "compile/mapping.h"
#include "cost/parts.h"

/* What happens in crossbars: of a piece or a layer, all copies together, for they share the activations. */
typedef struct rrn_crossbar_activity {
  double row_drives;     /* wordlines driven, once for each activation */
  double column_reads;   /* cell columns read */
  double cell_reads;     /* cells that hold weights, of one array */
  double off_reads;      /* cells without a weight in the columns read: block-diagonal boxes */
  double half_reads;     /* cells in the other columns of the rows driven */
  double dac_conversions, adc_conversions; /* of all arrays */
  double register_bits;  /* bits written to registers */
  double sums;           /* weight columns * positions: results that leave the crossbar */
  double input_bits;     /* read from the input buffer */
  double input_share;    /* part of the layer's input that it needs, summed over pieces */
} rrn_crossbar_activity;

typedef struct rrn_layer_activity {
  const rrn_layout *layout;                /* of the crossbars as the layer uses them */
  rrn_crossbar_activity crossbar;
  double partial_adds;                     /* sums that meet others, biases */
  double adds, multiplies, functions;      /* digital operators, in values of input.bits */
  double pool_windows;                     /* windows of one channel */
  double input_writes, output_reads, output_writes; /* bits at the buffers */
  double tile_bits;                        /* moved within tiles */
  double hop_bits;                         /* bits * hops between tiles */
  double busy_ns;                          /* time of crossbars, all copies together */
  double macs;
} rrn_layer_activity;

typedef struct rrn_activity {
  rrn_layer_activity *layers;  /* [layers of the network + 1]; the last: of no layer */
  double *cells;               /* [layers of the network]: share of the chip's cells that hold its weights */
  rrn_crossbar_activity *kinds; /* [n_kinds]: of one piece; neighbours that are alike are of one kind */
  int32_t *kind_of;             /* [n_pieces] */
  size_t n_kinds;
  double written_cells;        /* to be programmed, of all arrays */
  double kept_cells;           /* in the same rows, not to be changed */
  double written_rows;
  double input_kib;            /* what the fullest crossbar needs in its input buffer */
} rrn_activity;

/* Of a mapping; `m->hw` says what the crossbars are. Everything lies in the arena. */
int32_t rrn_activity_of(const rramnas_mapping *m, const rrn_layout *layout, const rrn_mesh *mesh, rrn_arena *arena,
                        rrn_activity *ret_activity, rramnas_error *err);

#endif
