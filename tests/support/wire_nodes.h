/* SPDX-License-Identifier: MIT */
/* Oracle of wires with resistance: Kirchhoff's equations of all nodes of one array, by Cholesky's method in a band.
 *
 * Node 2 (i cols + j) lies on the wordline of row i, the next one on the bitline of column j; a row reaches as far as 2
 * cols nodes on. */
#ifndef RRN_TEST_WIRE_NODES_H
#define RRN_TEST_WIRE_NODES_H

#include <math.h>
#include <stdlib.h>

#include "xbar/irdrop.h"

/* Entry (row, col) of the lower triangle. */
static inline double *
wire_entry(double *matrix, size_t band, size_t row, size_t col)
{
  return &matrix[row * (band + 1) + band - (row - col)];
}

/* A resistor between two nodes, first < second. */
static inline void
wire_join(double *matrix, size_t band, size_t first, size_t second, double conductance)
{
  *wire_entry(matrix, band, first, first) += conductance;
  *wire_entry(matrix, band, second, second) += conductance;
  *wire_entry(matrix, band, second, first) -= conductance;
}

static inline void
wire_fill(const rrn_xbar_wires *w, const double *g, double *matrix, size_t band)
{
  const double gr = 1 / w->row_segment_ohm, gc = 1 / w->col_segment_ohm;

  for (size_t i = 0; i < w->rows; i++)
    for (size_t j = 0; j < w->cols; j++) {
      const size_t node = 2 * (i * w->cols + j);

      wire_join(matrix, band, node, node + 1, g[i * w->cols + j]);
      if (j + 1 < w->cols)
        wire_join(matrix, band, node, node + 2, gr);
      if (i + 1 < w->rows)
        wire_join(matrix, band, node + 1, node + 1 + band, gc);
      *wire_entry(matrix, band, node, node) += j == 0 ? gr : 0;
      *wire_entry(matrix, band, node + 1, node + 1) += i + 1 == w->rows ? gc : 0;
    }
}

/* x = matrix^-1 x. */
static inline void
wire_solve(double *matrix, size_t band, size_t nodes, double *x)
{
  for (size_t r = 0; r < nodes; r++) {
    const size_t first = r > band ? r - band : 0;

    for (size_t c = first; c <= r; c++) {
      const size_t both = c > band && c - band > first ? c - band : first;
      double sum = *wire_entry(matrix, band, r, c);

      for (size_t k = both; k < c; k++)
        sum -= *wire_entry(matrix, band, r, k) * *wire_entry(matrix, band, c, k);
      *wire_entry(matrix, band, r, c) = c < r ? sum / *wire_entry(matrix, band, c, c) : sqrt(sum);
    }
    for (size_t k = first; k < r; k++)
      x[r] -= *wire_entry(matrix, band, r, k) * x[k];
    x[r] /= *wire_entry(matrix, band, r, r);
  }
  for (size_t r = nodes; r-- > 0;) {
    x[r] /= *wire_entry(matrix, band, r, r);
    for (size_t k = r > band ? r - band : 0; k < r; k++)
      x[k] -= *wire_entry(matrix, band, r, k) * x[r];
  }
}

/* g[rows][cols], v_row[rows] -> ret_i_col[cols]; ret_across[rows][cols], the voltages across cells, may be NULL. */
static inline void
wire_currents(const rrn_xbar_wires *w, const double *g, const double *v_row, double *ret_i_col, double *ret_across)
{
  const size_t band = 2 * w->cols, nodes = w->rows * band;
  double *matrix = calloc(nodes * (band + 1), sizeof(*matrix)), *x = calloc(nodes, sizeof(*x));

  if (!matrix || !x)
    abort();
  wire_fill(w, g, matrix, band);
  for (size_t i = 0; i < w->rows; i++)
    x[i * band] = v_row[i] / w->row_segment_ohm;
  wire_solve(matrix, band, nodes, x);
  for (size_t j = 0; j < w->cols; j++)
    ret_i_col[j] = x[(w->rows - 1) * band + 2 * j + 1] / w->col_segment_ohm;
  for (size_t k = 0; ret_across && k < nodes / 2; k++)
    ret_across[k] = x[2 * k] - x[2 * k + 1];
  free(matrix);
  free(x);
}

#endif
