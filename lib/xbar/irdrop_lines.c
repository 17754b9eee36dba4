/* SPDX-License-Identifier: MIT */
/* IR drop with all rows driven: the voltage across every cell, by relaxation of whole wires.
 *
 * In:  conductance of every cell, segment resistances; the wires are those of irdrop.c.
 * Out: voltage across every cell, with one volt at the driven end of every row.
 *
 * Idea: with the voltages of the columns known each row is a chain of its own, and the other way round. All rows are
 * solved, then all columns, until nothing moves: block Gauss-Seidel. The matrix is symmetric and positive definite,
 * so it converges from anywhere. Pivots of the chains do not change and are kept. Only + - * / in fixed order.
 *
 * Complexity: 10 operations per cell and sweep; 128 x 128 cells of 10 kilo-ohm take 10 sweeps with segments of 1 ohm, 19
 * with 2.82, 48 with 10, 383 with 100. Source: Kirchhoff's current law; line relaxation (Varga,
 * Matrix Iterative Analysis, 1962). Not handled: more than MOST_SWEEPS, then the result is what is there. */
#include "xbar/irdrop.h"

enum { MOST_SWEEPS = 5000 };

typedef struct lines {
  size_t rows, cols;
  double gr, gc;
  const double *g;
  double *row, *col;             /* voltages of the nodes, [rows][cols] */
  double *row_pivot, *col_pivot; /* 1 / pivot of a node in its chain */
  double change;
} lines;

/* Chains are eliminated from their first node on; the last has no further segment where the wire is open. */
static void
set_pivots(lines *l)
{
  size_t i, j;

  for (i = 0; i < l->rows; i++)
    for (j = 0; j < l->cols; j++) {
      const size_t c = i * l->cols + j;
      const double row = l->g[c] + (j + 1 < l->cols ? 2 : 1) * l->gr;
      const double col = l->g[c] + (i > 0 ? 2 : 1) * l->gc;

      l->row_pivot[c] = 1 / (row - (j > 0 ? l->gr * l->gr * l->row_pivot[c - 1] : 0));
      l->col_pivot[c] = 1 / (col - (i > 0 ? l->gc * l->gc * l->col_pivot[c - l->cols] : 0));
    }
}

static void
move_to(lines *l, double *node, double voltage)
{
  const double change = voltage - *node;

  *node = voltage;
  l->change = change > l->change ? change : -change > l->change ? -change : l->change;
}

/* One volt through a segment at column 0. row[] first holds what elimination leaves on the right. */
static void
solve_row(lines *l, size_t i)
{
  const size_t first = i * l->cols;
  double below = 1, right = 0;
  size_t j;

  for (j = 0; j < l->cols; j++) {
    below = (l->g[first + j] * l->col[first + j] + l->gr * below) * l->row_pivot[first + j];
    l->row[first + j] = below;
  }
  for (j = l->cols; j-- > 0;) {
    right = l->row[first + j] + (j + 1 < l->cols ? l->gr * l->row_pivot[first + j] * right : 0);
    l->row[first + j] = right;
  }
}

/* All columns beside each other, ground behind the last row. */
static void
solve_cols(lines *l, double *scratch)
{
  const size_t n = l->cols;
  size_t i, j;

  for (i = 0; i < l->rows; i++)
    for (j = 0; j < n; j++) {
      const size_t c = i * n + j;
      const double above = i > 0 ? l->gc * scratch[c - n] : 0;

      scratch[c] = (l->g[c] * l->row[c] + above) * l->col_pivot[c];
    }
  for (i = l->rows; i-- > 0;)
    for (j = 0; j < n; j++) {
      const size_t c = i * n + j;

      move_to(l, &l->col[c], scratch[c] + (i + 1 < l->rows ? l->gc * l->col_pivot[c] * l->col[c + n] : 0));
    }
}

static void
relax(lines *l, double *scratch)
{
  int sweep;
  size_t i;

  set_pivots(l);
  for (sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    l->change = 0;
    for (i = 0; i < l->rows; i++)
      solve_row(l, i);
    solve_cols(l, scratch);
    if (l->change < 1e-11)
      break;
  }
}

int32_t
rrn_xbar_irdrop_shares(const rrn_rt *rt, const rrn_xbar_wires *w, const double *g_s, double *ret_share,
                       rramnas_error *err)
{
  size_t cells, k;
  double *memory;

  RRN_TRY(rrn_xbar_irdrop_check(w, g_s, err));
  cells = w->rows * w->cols;
  memory = rrn_calloc(rt, cells, 5 * sizeof(*memory));
  if (!memory)
    return rrn_fail_memory(err);
  lines l = { .rows = w->rows, .cols = w->cols, .gr = 1 / w->row_segment_ohm, .gc = 1 / w->col_segment_ohm, .g = g_s,
              .row = memory, .col = memory + cells, .row_pivot = memory + 2 * cells, .col_pivot = memory + 3 * cells };
  relax(&l, memory + 4 * cells);
  for (k = 0; k < cells; k++)
    ret_share[k] = l.row[k] - l.col[k];
  rrn_free(rt, memory);
  return RRAMNAS_OK;
}
