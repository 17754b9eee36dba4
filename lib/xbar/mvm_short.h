/* SPDX-License-Identifier: MIT */
/* Products on short arrays: many vectors at a time, all groups of a layer from one description. */
#ifndef RRN_XBAR_MVM_SHORT_H
#define RRN_XBAR_MVM_SHORT_H

#include "xbar/mvm.h"

enum {
  RRN_XBAR_SHORT_ROWS = 128,  /* most rows */
  RRN_XBAR_SHORT_VECTORS = 8, /* of a block: 8 vectors x 8 steps are 4 registers of 16 patterns */
  RRN_XBAR_SHORT_LANES = 16,  /* vectors come in so many lanes, of which the first ones may be in use */
  RRN_XBAR_SHORT_STEPS = 8,
  RRN_XBAR_SHORT_DRAWS = RRN_XBAR_SHORT_STEPS / RRN_XBAR_DRAW_STEPS, /* of a column and plane */
  RRN_XBAR_FIVE = 5,          /* rows that share a table of 32 sums */
  RRN_XBAR_CLIPS = 0x20,      /* beside a shift: some pattern of the column may be beyond the converter's range */
  RRN_XBAR_ONE = 1 << 16      /* a code in the tables */
};

/* Groups of a layer. */
typedef struct rrn_xbar_groups {
  size_t all, n;             /* of the layer; to be written */
  const uint32_t *groups;    /* [n]: these; NULL = the first */
  const rrn_xbar_adc *adcs;  /* [all] */
} rrn_xbar_groups;

/* The arrays of groups of a layer. Each that is written has a slot. */
typedef struct rrn_xbar_short {
  rrn_xbar_layer head;  /* of group 0; those of the others have its name but for the copy, and the weights behind its own */
  enum rrn_xbar_cpu cpu;
  size_t n_groups, n_fives; /* groups: slots */
  int32_t n_planes;
  double unsure;        /* most by which a sum of cells is wrong, in their units */
  uint8_t *cells;       /* [slot][column][plane][input][3]: 24 bits with sign, lowest byte first. A unit is 2^-shift codes;
                         * the lowest bits of a column's first cells say its shift, and RRN_XBAR_CLIPS */
  uint8_t *spreads;     /* [slot][column][plane][input]: variance of a read; NULL without read noise */
  float *noise;         /* [slot][column][plane]: of a deviate and a spread of 1, in codes / RRN_XBAR_ONE */
  const uint8_t *octaves; /* [group][slice]: the converter's range is that of group 0 over 2^octave; those of `like` */
} rrn_xbar_short;

/* Whether a layer with these converters can be one: one array, one bit per step, at most 8 bits of input, read noise by
 * column, ranges that are powers of two apart. */
int rrn_xbar_is_short(const rrn_xbar_layer *layer, const rrn_xbar_adc *adcs, size_t n_groups);

/* Makes the cells of groups. `layer` is that of group 0; its weights, [all][n_out][n_in], must outlive it. `like`: of the same
 * layer and converters, which must outlive it; or NULL. ret_fits 0: conductances are too far beyond the converters' ranges for
 * it. */
int32_t rrn_xbar_short_create(rrn_arena *arena, const rrn_xbar_layer *layer, const rrn_xbar_groups *groups,
                              const rrn_xbar_short *like, enum rrn_xbar_cpu cpu, rrn_xbar_short *ret_short, int *ret_fits,
                              rramnas_error *err);

/* A group's layer, for the reference. */
rrn_xbar_layer rrn_xbar_short_layer(const rrn_xbar_short *s, size_t group);

/* A group of a layer at work: what all copies of it share, and the name of the one at hand. */
typedef struct rrn_xbar_short_group {
  size_t group;
  rrn_xbar_layer layer;
  /* By plane: what codes are worth, and what the range begins with in codes / RRN_XBAR_ONE. */
  int32_t places[2 * RRN_XBAR_MAX_SLICES], lowest[2 * RRN_XBAR_MAX_SLICES];
  int halves;            /* of places at all steps: all fit 16 bits with sign */
} rrn_xbar_short_group;

void rrn_xbar_short_begin(const rrn_xbar_short *s, size_t group, rrn_xbar_short_group *ret);

/* The group in a slot; `g` is begun with s or another copy of the layer. Inputs x[in * x_row + vector], n_vectors a multiple of
 * RRN_XBAR_SHORT_LANES; of each so many the first lanes[n_vectors / RRN_XBAR_SHORT_LANES] are in use: the others are computed and
 * not counted. A result is scale ret_sums[output][vector] + base + input_scale (sum of the vector's inputs), with
 * rrn_xbar_short_scale(); behind the outputs' sums are those of the unit columns, which are subtracted. numbers[n_vectors]:
 * those of the vectors in the streams of read noise; NULL without. stats are added to. */
int32_t rrn_xbar_short_run(rrn_arena *scratch, const rrn_xbar_short *s, size_t slot, rrn_xbar_short_group *g, const uint8_t *x,
                           size_t x_row, size_t n_vectors, const uint8_t *lanes, const uint32_t *numbers, int32_t *ret_sums,
                           rrn_xbar_stats *stats, rramnas_error *err);
void rrn_xbar_short_scale(const rrn_xbar_short *s, size_t group, double *ret_scale, double *ret_base,
                          double *ret_input_scale);

/* --- between the files --- */

enum { RRN_XBAR_SHORT_MOST_CODE = 1 << 14, RRN_XBAR_SHORT_MOST_DOUBT = 1 << 12, RRN_XBAR_SHORT_RECORD = 6 };

/* The octave of a range below that of the first group, -1 when it is none. */
int32_t rrn_xbar_short_octave(const rrn_xbar_adc *first, const rrn_xbar_adc *adc, int32_t slice);

static inline int32_t
rrn_xbar_short_cell(const uint8_t bytes[3])
{
  return (int32_t)((uint32_t)bytes[0] | (uint32_t)bytes[1] << 8) + 65536 * (int32_t)(int8_t)bytes[2];
}

static inline int
rrn_xbar_short_in_use(const uint8_t *lanes, size_t vector)
{
  return vector % RRN_XBAR_SHORT_LANES < lanes[vector / RRN_XBAR_SHORT_LANES];
}

/* What a sum may be off: rounded cells, and what else is rounded, in codes / RRN_XBAR_ONE; both ways, rounded up. */
static inline uint32_t
rrn_xbar_short_doubt(const rrn_xbar_short *s, int32_t shift, double rounded)
{
  return 2 * (uint32_t)(s->unsure * RRN_XBAR_ONE / (double)(1 << shift) + rounded + 1);
}

/* What tables round: each entry and the base. */
static inline double
rrn_xbar_short_rounded(const rrn_xbar_short *s)
{
  return 0.5 * (double)(s->n_fives + 1);
}

/* --- cells on their way (mvm_short_cells.c, mvm_short_codes.c) --- */

/* Inputs at a time, arrays have room up to a multiple of it; planes whose sums are made together. */
enum { RRN_XBAR_SHORT_EIGHT = 8, RRN_XBAR_SHORT_TOGETHER = 4 };

/* Some slices of a column that is written with relative or absolute errors and nothing else. */
typedef struct rrn_xbar_short_writing {
  const int32_t *weights; /* [n] */
  const float *xi;        /* [slice][side][n]: deviates of the cells, with room for seven behind them */
  size_t n, stride;       /* inputs; of codes, from plane to plane */
  int32_t first, end, n_sides, paired; /* slices; paired: the sides are subtracted and make one plane */
  int32_t cell_bits, add, mask; /* a cell holds (weight + add) >> slice cell_bits & mask, 0 below 0; the second side -weight */
  int32_t is_relative;
  double g_off, unit, sigma;
  double per_current[RRN_XBAR_MAX_SLICES]; /* codes, by slice */
} rrn_xbar_short_writing;

/* Sums of the codes of each plane below and above 0. */
typedef struct rrn_xbar_short_bounds {
  double low[2 * RRN_XBAR_MAX_SLICES], high[2 * RRN_XBAR_MAX_SLICES];
} rrn_xbar_short_bounds;

/* Of a plane's first cells the lowest bits are given: a cell is these and a multiple of `step`, 1 where none are. */
typedef struct rrn_xbar_short_mark {
  double step[RRN_XBAR_SHORT_EIGHT], inverse[RRN_XBAR_SHORT_EIGHT]; /* 1 / step */
} rrn_xbar_short_mark;

/* A column's codes become cells. Bit k of its record is the lowest of cell k, planes one after the other; where there are fewer
 * cells the first ones have more bits. */
typedef struct rrn_xbar_short_rounding {
  size_t n, stride, n_planes, n_marks;
  double unit; /* cells of a code */
  uint32_t record;
  rrn_xbar_short_mark marks[RRN_XBAR_SHORT_RECORD]; /* [n_marks], of the first planes */
} rrn_xbar_short_rounding;

typedef struct rrn_xbar_short_loops {
  /* [plane][stride], 0 beyond n. */
  void (*codes)(const rrn_xbar_short_writing *w, double *ret_codes);
  /* The greatest magnitude. n: of each plane, a multiple of eight. */
  double (*bounds)(const double *codes, size_t n_planes, size_t n, rrn_xbar_short_bounds *ret);
  /* The nearest cells, three bytes each: to[plane][n]. The greatest sum of what a plane's cells are above or below their codes. */
  double (*cells)(const rrn_xbar_short_rounding *r, const double *codes, uint8_t *to);
} rrn_xbar_short_loops;

/* What the cells of the first planes are multiples of, above the bits of the record: n_marks and marks. */
void rrn_xbar_short_place_record(rrn_xbar_short_rounding *r);

const rrn_xbar_short_loops *rrn_xbar_short_loops_of(enum rrn_xbar_cpu cpu);
extern const rrn_xbar_short_loops rrn_xbar_short_loops_avx512; /* where there is AVX-512 */

/* --- products --- */

/* One column with its tables, all blocks. */
typedef struct rrn_xbar_short_column {
  int32_t *table;          /* [plane][five][32]: sums in codes / RRN_XBAR_ONE, half a code and doubt added */
  const uint32_t *patterns; /* [block][five][4][16]: bits of five rows; lane 2v + h of register r is vector v, step r + 4h.
                             * With AVX-512 [block][five][16]: the four registers are bytes of one */
  size_t n_planes, n_fives;
  size_t first_block, end_block; /* to do */
  int32_t last;            /* greatest code */
  uint32_t doubt;          /* fractions up to this are in doubt */
  int clips;               /* 0 = without read noise no pattern is beyond the range of codes */
  int32_t places[2 * RRN_XBAR_MAX_SLICES]; /* by plane */
  int halves;              /* of places at all steps: all fit 16 bits with sign */
  int32_t *worths;         /* rrn_xbar_short_worths_avx512(): [plane][4][16] */
  int32_t n_steps;
  const uint8_t *lanes;    /* vectors in use of each RRN_XBAR_SHORT_LANES, here and below */
  int32_t *spreads;        /* [plane][five][32]: sums of spreads; NULL without read noise */
  float *noise;            /* [plane] */
  rrn_xbar_draws *keys;    /* [plane][draws]: of RRN_XBAR_DRAW_STEPS steps each */
  const rrn_xbar_draws *names; /* [block][8] */
  int32_t *sums;           /* [block][8] */
  rrn_xbar_stats *stats;
  void *user;              /* of settle */
  /* The code of a doubtful conversion, clipped and counted. */
  int32_t (*settle)(void *user, int32_t plane, size_t vector, int32_t step);
} rrn_xbar_short_column;

/* Patterns of all blocks. */
void rrn_xbar_short_patterns_plain(const uint8_t *x, size_t x_row, size_t n_in, size_t n_blocks, uint32_t *ret_patterns);
void rrn_xbar_short_patterns_avx512(const uint8_t *x, size_t x_row, size_t n_in, size_t n_blocks, uint32_t *ret_patterns);

/* Sums of the subsets of five cells, shifted right and rounded, on top of `base`. */
void rrn_xbar_short_table_plain(const int32_t cells[RRN_XBAR_FIVE], int32_t shift, int32_t base, int32_t *ret_table);
/* The same of all fives of a plane, cells[n_in][3]; `base` on top of the first. */
void rrn_xbar_short_tables_avx512(const uint8_t *cells, size_t n_in, int32_t shift, int32_t base, int32_t *ret_tables);

/* Worths of all columns. */
void rrn_xbar_short_worths_avx512(const rrn_xbar_short_column *c, int32_t *ret_worths);

void rrn_xbar_short_column_plain(const rrn_xbar_short_column *c);
void rrn_xbar_short_column_avx512(const rrn_xbar_short_column *c);

enum { RRN_XBAR_SHORT_SIDE = 16 }; /* columns and vectors of a tile */

/* All vectors of a group by tiles. */
typedef struct rrn_xbar_short_tiles {
  const uint8_t *x; /* [n_in][x_row] */
  size_t n_in, n_chunks, x_row, n_vectors; /* a chunk: 32 rows */
  const uint8_t *lanes;
  int32_t n_planes, n_steps, last;
  int32_t places[2 * RRN_XBAR_MAX_SLICES];
  uint8_t *bits;    /* [step][chunk][1024], of the vectors at hand */
  rrn_xbar_stats *stats;
  int32_t (*settle)(void *user, int32_t plane, size_t vector, int32_t step);
} rrn_xbar_short_tiles;

/* Up to 16 of its columns. */
typedef struct rrn_xbar_short_part {
  const int8_t *digits;    /* [plane][chunk][2][16 columns][64] */
  const int32_t *base;     /* [plane][16], all the same: half a code, doubt and what the range begins with */
  size_t n_cols;
  uint32_t doubt;          /* fractions up to this are in doubt, in all of its columns */
  void *users[RRN_XBAR_SHORT_SIDE]; /* of settle, by column */
  int32_t *sums;           /* [column][n_vectors] */
} rrn_xbar_short_part;

/* Digits of a plane of a column, cells[n_in][3] in units of 2^-shift codes, shift >= 16: its rows in ret_digits[chunk][2][..][64].
 * What rounding them adds up to at most, in codes / RRN_XBAR_ONE. 0 when a cell is beyond three digits. */
int rrn_xbar_short_digits_amx(const uint8_t *cells, size_t n_in, int32_t shift, int8_t *ret_digits, uint32_t *ret_rounding);
void rrn_xbar_short_tiles_amx(const rrn_xbar_short_tiles *t, const rrn_xbar_short_part *parts, size_t n_parts);

/* All vectors of a group with up to 16 columns side by side. Rows are taken in bundles. */
typedef struct rrn_xbar_short_abreast {
  const uint8_t *lanes;
  size_t n_in, n_bundle, n_bundles, n_cols, n_vectors; /* n_bundle: rows of a bundle but the last one, 4 to 8 */
  int32_t n_planes, n_steps, last;
  int32_t places[2 * RRN_XBAR_MAX_SLICES], base[2 * RRN_XBAR_MAX_SLICES]; /* by plane; base: half a code, doubt and what the
                                                                           * range begins with */
  const uint16_t *patterns; /* [vector][bundle][8 steps]: 128 times the bits of its rows: where their entry is
                             * in tables of two registers */
  int32_t *cells;           /* [plane][n_in][16], in units of 2^-shift codes; changed */
  int32_t *shifts;          /* [16]: shift - 16, at least 0 */
  int32_t *table;           /* [n_bundles][2^n_bundle][2][16]: of two registers side by side; room */
  int32_t *wide;            /* [n_vectors][16]; room */
  uint32_t doubt;           /* fractions up to this are in doubt, in all columns */
  void *users[RRN_XBAR_SHORT_SIDE]; /* of settle, by column */
  int32_t *sums;            /* [column][n_vectors] */
  rrn_xbar_stats *stats;
  /* The clipped code of a sum of cells, -1 when these cannot tell: then that of the conversion, clips counted. */
  int32_t (*convert)(void *user, int32_t plane, int32_t sum, int *ret_low, int *ret_high);
  int32_t (*settle)(void *user, int32_t plane, size_t vector, int32_t step);
} rrn_xbar_short_abreast;

void rrn_xbar_short_bundles_avx512(const uint8_t *x, size_t x_row, size_t n_in, size_t n_bundle, size_t n_vectors,
                                   uint16_t *ret_patterns);
/* Cells of up to 16 columns behind each other, cells[n_cols][n][3], side by side: ret_cells[n][16], 0 where there is none. */
void rrn_xbar_short_turn_cells_avx512(const uint8_t *cells, size_t n, size_t n_cols, int32_t *ret_cells);
void rrn_xbar_short_abreast_avx512(const rrn_xbar_short_abreast *a);

enum { RRN_XBAR_SHORT_LISTED_ROWS = 9, RRN_XBAR_SHORT_LISTED_PLANES = 15 };

/* All vectors of a column of at most nine rows, by a list of what patterns give. */
typedef struct rrn_xbar_short_listed {
  const uint8_t *x; /* [n_in][x_row] */
  const uint8_t *lanes;
  size_t x_row, n_in, n_vectors;
  int32_t n_planes, n_steps, last; /* n_planes: at most RRN_XBAR_SHORT_LISTED_PLANES */
  int32_t places[2 * RRN_XBAR_MAX_SLICES], base[2 * RRN_XBAR_MAX_SLICES]; /* as above */
  int32_t lowest;       /* least sum of codes; the greatest one is less than 2^16 above it */
  const uint8_t *cells; /* [plane][n_in][3], in units of 2^-16 / 2^shift codes */
  int32_t shift;        /* at least 0 */
  uint32_t doubt;
  int32_t *sums;        /* [n_vectors] */
  rrn_xbar_stats *stats;
  void *user;           /* of both, which are as above but that none counts clips */
  int32_t (*convert)(void *user, int32_t plane, int32_t sum, int *ret_low, int *ret_high);
  int32_t (*settle)(void *user, int32_t plane, size_t vector, int32_t step, int *ret_low, int *ret_high);
} rrn_xbar_short_listed;

void rrn_xbar_short_listed_avx512(const rrn_xbar_short_listed *l);

/* Whether the machine has what the AVX-512 functions need. */
int rrn_xbar_short_has_avx512(void);

/* --- the conversions of one block, for both --- */

static inline int
rrn_xbar_short_is_valid(const rrn_xbar_short_column *c, size_t block, size_t lane)
{
  return rrn_xbar_short_in_use(c->lanes, block * RRN_XBAR_SHORT_VECTORS + lane / 2);
}

/* Read noise of a conversion in codes / RRN_XBAR_ONE: each operation in single precision, the same everywhere. */
static inline int32_t
rrn_xbar_short_noise(float noise, int32_t spread, const rrn_xbar_draws *key, const rrn_xbar_draws *name, int32_t step)
{
  return (int32_t)(__builtin_sqrtf((float)spread) * noise * (float)rrn_xbar_deviate(rrn_xbar_pick(key, name), step));
}

#endif
