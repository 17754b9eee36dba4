/* SPDX-License-Identifier: MIT */
/* Fast products on a programmed layer. */
#ifndef RRN_XBAR_MVM_H
#define RRN_XBAR_MVM_H

#include "xbar/noise.h"

enum {
  RRN_XBAR_LANES = 32,
  RRN_XBAR_TABLE_GROUPS = 16, /* a table of so many groups of four rows fills 32 KiB */
  RRN_XBAR_TABLE_VECTORS = 64, /* vectors that share a table */
  RRN_XBAR_DOUBTS = RRN_XBAR_TABLE_VECTORS / 16,
  RRN_XBAR_LEVELS = 1024, /* codes of converters with errors that tables have room for */
  RRN_XBAR_SQUARED_BITS = 4, /* of a step whose square fits a byte */
  RRN_XBAR_MAX_BITS = 24 /* of all steps of an input, filled up to a multiple of four */
};

/* Instruction sets of the kernels; every one gives the same bytes. */
enum rrn_xbar_cpu {
  RRN_XBAR_CPU_PLAIN = 0,
  RRN_XBAR_CPU_AVX2 = 1,
  RRN_XBAR_CPU_AVX512 = 2, /* with VNNI and VBMI */
  RRN_XBAR_CPU_AMX = 3     /* the same, with tiles of bytes */
};

/* The best that this machine has. */
enum rrn_xbar_cpu rrn_xbar_cpu_best(void);

/* Columns of cells as integers: a code of the converter is 2^(8 + fraction). */
typedef struct rrn_xbar_cells {
  size_t n_in, tiles;         /* inputs; tiles above each other: an array, or each pass of its rows */
  size_t rows;                /* of the first tile, no other is taller */
  size_t array_rows, passes;  /* of a whole array */
  size_t cols;
  int32_t n_planes;           /* conversions of one column and step: slices, twice with pairs read apart */
  int32_t fraction[2 * RRN_XBAR_MAX_SLICES]; /* by plane; at most 16 */
  int32_t left_out[2 * RRN_XBAR_MAX_SLICES]; /* by plane: bits of the upper two bytes that words are without */
  double greatest[2 * RRN_XBAR_MAX_SLICES];  /* sum of magnitudes of a column at the greatest step, in codes */
  int8_t *top;                /* [tile][plane][column][its rows]: a cell is 65536 top + 256 middle + low */
  uint8_t *middle;            /* the same shape */
  int8_t *low;                /* the same shape */
  uint8_t *spread;            /* the same shape: a read's variance in 63 steps of its column's greatest; NULL without such noise */
  float *spread_roots;        /* [tile][plane][column]: root of a step, in on conductances */
  double spread_unit[2 * RRN_XBAR_MAX_SLICES]; /* by plane: the greatest step, in squares of the on conductance */
  double rounded[2 * RRN_XBAR_MAX_SLICES]; /* most by which the sum of a column's words is wrong, in codes */
  double unsure[2 * RRN_XBAR_MAX_SLICES];  /* the same of all bits */
} rrn_xbar_cells;

/* A layer made ready for its kernel. */
typedef struct rrn_xbar_kernel {
  rrn_xbar_layer head; /* what the layer is */
  enum rrn_xbar_cpu cpu;
  int collapsed;        /* slices and steps add up to one product: no conversion that changes anything */
  rrn_xbar_cells cells;
  int8_t *bytes;        /* collapsed and exact, in rrn_xbar_byte_place(); else NULL */
  int16_t *integers;    /* collapsed and exact: [n_out][n_in], and RRN_XBAR_DOT more; else NULL */
  double *effective;    /* collapsed with errors: [n_out][n_in] */
} rrn_xbar_kernel;

/* The layer's weights must outlive the kernel, which settles currents at the border of two codes as the reference does.
 * RRAMNAS_ERR_UNSUPPORTED with read noise drawn by cell, whose kernel is the reference. */
int32_t rrn_xbar_kernel_create(rrn_arena *arena, const rrn_xbar_layer *layer, enum rrn_xbar_cpu cpu,
                               rrn_xbar_kernel *ret_kernel, rramnas_error *err);

/* As rrn_xbar_mvm_reference(). */
int32_t rrn_xbar_mvm(rrn_arena *scratch, const rrn_xbar_kernel *kernel, const int32_t *x, size_t batch,
                     uint32_t first_vector, double *ret_y, rrn_xbar_stats *stats, rramnas_error *err);

/* --- between the files of the kernels --- */

static inline int
rrn_xbar_pairs_are_one(const rrn_xbar_layer *l)
{
  return l->n_sides == 2 && !l->spec.subtract_digitally;
}

static inline int32_t
rrn_xbar_n_planes(const rrn_xbar_layer *l)
{
  return l->n_slices * (rrn_xbar_pairs_are_one(l) ? 1 : l->n_sides);
}

static inline int32_t
rrn_xbar_slice_of(const rrn_xbar_layer *l, int32_t plane)
{
  return rrn_xbar_pairs_are_one(l) ? plane : plane / l->n_sides;
}

static inline double
rrn_xbar_magnitude(double x)
{
  return x < 0 ? -x : x;
}

/* --- products whose conversions change nothing, mvm_collapsed.c --- */

/* Whether the layer is one of these. */
int rrn_xbar_collapses(const rrn_xbar_layer *layer);
/* Fills bytes, integers or effective. */
int32_t rrn_xbar_collapsed_fill(rrn_arena *arena, const rrn_xbar_layer *layer, rrn_xbar_kernel *kernel,
                                rramnas_error *err);
int32_t rrn_xbar_collapsed_run(rrn_arena *scratch, const rrn_xbar_kernel *kernel, const int32_t *x, size_t batch,
                               double *ret_y, rramnas_error *err);

enum { RRN_XBAR_BYTE_COLUMNS = 32 };

/* Inputs of a column of bytes, up to whole fours. */
static inline size_t
rrn_xbar_byte_rows(size_t n_in)
{
  return (n_in + 3) / 4 * 4;
}

/* Four inputs of up to 32 columns, which are a block, are beside each other. */
static inline size_t
rrn_xbar_byte_place(size_t n_in, size_t n_out, size_t col, size_t in)
{
  const size_t first = col / RRN_XBAR_BYTE_COLUMNS * RRN_XBAR_BYTE_COLUMNS, left = n_out - first;
  const size_t width = left < RRN_XBAR_BYTE_COLUMNS ? left : RRN_XBAR_BYTE_COLUMNS;

  return first * rrn_xbar_byte_rows(n_in) + (in / 4 * width + col - first) * 4 + in % 4;
}

/* bytes[vectors][rrn_xbar_byte_rows()] is zeroed room. */
void rrn_xbar_bytes_avx512(const rrn_xbar_kernel *kernel, const int32_t *x, size_t vectors, uint8_t *bytes,
                           double *ret_y);

/* --- conversions by lookup --- */

/* The first input of a tile. */
static inline size_t
rrn_xbar_first_of(const rrn_xbar_cells *c, size_t tile)
{
  return tile / c->passes * c->array_rows + tile % c->passes * c->rows;
}

static inline size_t
rrn_xbar_rows_of(const rrn_xbar_cells *c, size_t tile)
{
  return (tile + 1 < c->tiles ? rrn_xbar_first_of(c, tile + 1) : c->n_in) - rrn_xbar_first_of(c, tile);
}

/* Place of a column's first cell in top[], middle[] and low[], of a tile of `rows` inputs from `first` on. */
static inline size_t
rrn_xbar_column(const rrn_xbar_cells *c, size_t first, size_t rows, int32_t plane, size_t col)
{
  return first * (size_t)c->n_planes * c->cols + ((size_t)plane * c->cols + col) * rows;
}

/* Place of a column in spread_roots[]. */
static inline size_t
rrn_xbar_spread_root(const rrn_xbar_cells *c, size_t tile, int32_t plane, size_t col)
{
  return (tile * (size_t)c->n_planes + (size_t)plane) * c->cols + col;
}

/* A number from 0 to `most` with what is left of others before it, as a whole one; what that lacks is left. */
static inline uint8_t
rrn_xbar_whole_of(double number, int32_t most, double *left)
{
  const double all = number + *left;
  const int32_t near = (int32_t)(all + 0.5), whole = near > most ? most : near;

  *left = all - whole;
  return (uint8_t)whole;
}

/* A cell rounded to the upper two bytes and fewer bits. */
static inline int32_t
rrn_xbar_word_of(int32_t cell, int32_t left_out)
{
  return (cell + (128 << left_out)) >> (8 + left_out);
}

/* One tile, plane and block of columns, for all vectors of a batch. */
typedef struct rrn_xbar_block {
  const int8_t *top;     /* [columns][rows]; the same are middle and low */
  const uint8_t *middle;
  const int8_t *low;
  const uint8_t *spread; /* NULL without read noise */
  int32_t *base;         /* [columns]: what tables leave out; only AVX-512 */
  size_t rows, stride;   /* of the tile at hand; the same up to a multiple of 16, without inputs */
  int16_t *words;        /* [stride]: top and middle of a column, without the bits left_out; only AVX-512 */
  int32_t left_out;
  const uint8_t *inputs; /* [vectors / 16][steps][stride / 64][16][16][4]: four rows of 16 vectors; only AMX */
  const uint8_t *squares; /* the same of the steps' squares, where these have several bits; also AVX-512 */
  const uint32_t *square_pairs; /* [vectors][steps][stride / 2]: squares of two rows; the others */
  const int32_t *cells;  /* [4 groups][lanes]; not AVX-512 */
  const uint16_t *spread_cells; /* the same of spreads; with squares [2 groups][lanes][2] */
  int32_t *noises;             /* as sums: sums of spreads, then read noise; NULL without */
  void *table;           /* sums of the cells of each subset of four inputs */
  uint8_t *spreads;      /* the same of the spreads of a few columns; only AVX-512 */
  int32_t *sums;         /* [vectors][bits][lanes]; not AVX-512 */
  const uint32_t *sixteens; /* [vectors / 16][bits][stride / 16][16]: subsets of 16 rows in fours; only AVX-512 */
  const uint16_t *index; /* [vectors][bits][groups]: place of a subset in a table of spreads, in bytes; the others */
  const int32_t *offset; /* [steps][RRN_XBAR_TABLE_VECTORS]: added to the sums, with half a code and the margin */
  const int32_t *start;  /* the same with all bits of cells behind the point; NULL where words are too short; only AMX */
  uint32_t *codes;       /* [columns][RRN_XBAR_TABLE_VECTORS]: codes, weighted by steps, are added */
  uint32_t *doubts;      /* [lanes][steps][vectors / 16]: bit 2 k of vector k, whose code may be one too high */
  uint32_t *places;      /* of doubts that are not empty; n_places of them are listed; only AMX */
  size_t n_places;
  size_t groups, vectors, columns;
  int32_t bits; /* a multiple of 4 but for AVX-512 */
  int32_t dac_bits, steps;
  int32_t last;          /* the greatest code */
  int32_t high;          /* bits behind the point in the upper two bytes of cells, or in words */
  int32_t fraction;      /* in sums with their offset */
  int32_t width;         /* a sum whose fraction is less is in doubt */
  int counted;           /* clips are asked for */
  const float *noise;    /* [columns]: standard deviation of a spread of 1 over RRN_XBAR_DEVIATES_SCALE, as sums have it */
  int small;             /* noise is at most RRN_XBAR_MOST_WHOLE codes, and offsets are less by its bits; only AVX-512 */
  const float *deviation; /* [steps][RRN_XBAR_TABLE_VECTORS] or NULL: the same of a column, equal for all */
  const uint32_t *names[3], *keys[3]; /* of vectors; of columns by rrn_xbar_key(): see rrn_xbar_draw() */
  size_t width_keys;
  const uint64_t *mixes; /* [4][64]: what a deviate adds to four steps' sums, less rrn_xbar_mix_zero(); only plain C */
  uint32_t first_vector; /* number of vector 0 */
  const int32_t *const *levels; /* [columns]: tables of converters with errors, see mvm_levels.c; NULL without */
  const int32_t *level_tables, *level_places; /* [lanes]: the same as places in one; not AVX-512 */
  int32_t first_half, last_half; /* halves of codes that they have */
  int slow;              /* every conversion is settled by itself */
  int64_t clipped_low, clipped_high;
} rrn_xbar_block;

/* Place of a column of the block in keys[]. */
static inline size_t
rrn_xbar_key(const rrn_xbar_block *b, int32_t step, size_t column)
{
  return (size_t)step / RRN_XBAR_DRAW_STEPS * b->width_keys + column;
}

/* The least that a weight and a deviate give; mixes are without it, not to be below 0. */
static inline int32_t
rrn_xbar_least_mix(size_t step, size_t pick)
{
  const int32_t weight = rrn_xbar_weights[step][pick];

  return weight < 0 ? weight * UINT8_MAX : 0;
}

/* What the sum of four mixes is where that of the deviates is 0. */
static inline int32_t
rrn_xbar_mix_zero(size_t step)
{
  int32_t zero = rrn_xbar_zeros[step];
  size_t pick;

  for (pick = 0; pick < 4; pick++)
    zero -= rrn_xbar_least_mix(step, pick);
  return zero;
}

void rrn_xbar_lookup_plain(rrn_xbar_block *b);
void rrn_xbar_lookup_avx2(rrn_xbar_block *b);
void rrn_xbar_lookup_avx512(rrn_xbar_block *b);
void rrn_xbar_tiles_amx(rrn_xbar_block *b);

/* Whether the machine has the tiles and the system lets this process use them; asks for that. */
int rrn_xbar_amx_usable(void);

/* Steps of the inputs of at most 16 vectors as block.inputs has them; x_row from one to the next. Zero before where
 * there is no input. */
void rrn_xbar_inputs_amx(const int32_t *x, size_t x_row, size_t rows, size_t vectors, const rrn_xbar_block *b,
                         uint8_t *ret_inputs);

/* Squares of the steps of up to 16 vectors as block.squares has them, as above. */
void rrn_xbar_squares_avx512(const int32_t *x, size_t x_row, size_t rows, size_t vectors, const rrn_xbar_block *b,
                             uint8_t *ret_squares);

/* Sum of n cells from place `first` on whose bits are set. */
int64_t rrn_xbar_sum_plain(const rrn_xbar_cells *c, size_t first, size_t n, const uint64_t *rows);
int64_t rrn_xbar_sum_avx512(const rrn_xbar_cells *c, size_t first, size_t n, const uint64_t *rows);

/* Bits of the inputs of one vector, rows of a bit beside each other: ret_bits[bits][words], zero before. */
void rrn_xbar_bits_avx512(const int32_t *x, size_t rows, int32_t bits, size_t words, uint64_t *ret_bits);

/* Sum of a[k] b[k], n a multiple of RRN_XBAR_DOT; no sum of a part leaves 32 bits. */
enum { RRN_XBAR_DOT = 32 };
int32_t rrn_xbar_dot_plain(const int16_t *a, const int16_t *b, size_t n);
int32_t rrn_xbar_dot_avx2(const int16_t *a, const int16_t *b, size_t n);
int32_t rrn_xbar_dot_avx512(const int16_t *a, const int16_t *b, size_t n);

/* --- mvm_cells.c --- */

double rrn_xbar_codes_per_current(const rrn_xbar_layer *l, int32_t slice);
/* At the lowest input step. */
double rrn_xbar_codes_per_digit(const rrn_xbar_layer *l, int32_t plane);
double rrn_xbar_power_of_2(int32_t exponent);

/* Cells (or pairs) of a plane's column in digits; or those of at most 128 inputs in any order. */
void rrn_xbar_digits_of(const rrn_xbar_layer *l, int32_t plane, size_t col, size_t first, size_t n, double *ret_digits);
void rrn_xbar_digits_at(const rrn_xbar_layer *l, int32_t plane, size_t col, const uint32_t *inputs, size_t n,
                        double *ret_digits);

/* For kernels of `cpu` and all before. */
int32_t rrn_xbar_cells_fill(rrn_arena *arena, const rrn_xbar_layer *l, enum rrn_xbar_cpu cpu, rrn_xbar_cells *ret_cells,
                            rramnas_error *err);

#endif
