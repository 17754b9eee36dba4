/* SPDX-License-Identifier: MIT */
/* IR drop: exact nodal solution of both wires of a linear array.
 *
 * In: conductance of every cell, segment resistances. Out: the matrix that takes row voltages to the currents of the
 * columns into ground, which are linear in them.
 * Row wires are driven at column 0 and open at the other end; column wires are open at row 0 and reach ground
 * below the last row, each through one more segment.
 *
 * Idea: the nodes of one row wire form a chain, so the inverse T^-1 of its tridiagonal matrix costs O(cols^2).
 * Eliminating it leaves a dense block S = D - G T^-1 G for the row's column nodes; neighbouring rows touch
 * only through column segments. Block elimination from the open end down to ground,
 *   A_i = S_i - gc^2 A_(i-1)^-1,  b_i = gc A_(i-1)^-1 b_(i-1) for each row above, and what row i adds itself,
 * ends at the row whose voltages give the currents: no back substitution.
 * Every matrix is a symmetric M-matrix, hence no pivoting. Only + - * / in fixed order.
 *
 * Complexity: (rows * cols^3 + rows^2 * cols^2) / 2 multiplications, (2 cols + rows) * cols doubles.
 * Does not handle selectors or drivers with resistance. Source: Kirchhoff's current law; block Gaussian elimination. */
#include "xbar/irdrop.h"

#include <string.h>

#include "util/ckd.h"

typedef struct solver {
  size_t n;            /* columns */
  double gr, gc;       /* segment conductance of rows, columns */
  double *a, *t;       /* [n][n]: block being eliminated; inverse of a row wire; lower triangles */
  double *left, *right, *diag, *pivot;
} solver;

static int
positive(double x)
{
  return x > 0 && x <= 1e300;
}

int32_t
rrn_xbar_irdrop_check(const rrn_xbar_wires *w, const double *g, rramnas_error *err)
{
  size_t cells;
  RRN_FAIL_IF(w->rows == 0 || w->cols == 0 || ckd_mul(&cells, w->rows, w->cols), err, RRAMNAS_ERR_ARGUMENT,
              "the array has %zu x %zu cells, expected at least 1 x 1", w->rows, w->cols);
  RRN_FAIL_IF(!positive(w->row_segment_ohm) || !positive(w->col_segment_ohm), err, RRAMNAS_ERR_ARGUMENT,
              "segments of %g ohm along rows and %g along columns, expected more than 0 in both", w->row_segment_ohm,
              w->col_segment_ohm);
  for (size_t k = 0; k < cells; k++)
    RRN_FAIL_IF(!(g[k] >= 0 && g[k] <= 1e300), err, RRAMNAS_ERR_ARGUMENT,
                "cell %zu has a negative or infinite conductance", k);
  return RRAMNAS_OK;
}

/* Lower triangle of the inverse of the chain: the diagonal from the pivots of both directions, then down. */
static void
invert_row_wire(solver *s, const double *g)
{
  size_t n = s->n;
  for (size_t j = 0; j < n; j++) {
    s->diag[j] = g[j] + (j + 1 < n ? 2 : 1) * s->gr;
    s->left[j] = s->diag[j] - (j > 0 ? s->gr * s->gr / s->left[j - 1] : 0);
  }
  for (size_t j = n; j-- > 0;)
    s->right[j] = s->diag[j] - (j + 1 < n ? s->gr * s->gr / s->right[j + 1] : 0);
  for (size_t j = 0; j < n; j++) {
    s->t[j * n + j] = 1 / (s->left[j] + s->right[j] - s->diag[j]);
    for (size_t i = j + 1; i < n; i++)
      s->t[i * n + j] = s->t[(i - 1) * n + j] * (s->gr / s->right[i]);
  }
}

/* a = -A^-1 in place (lower triangle), by symmetric sweeps. */
static void
negate_inverse(solver *s)
{
  size_t n = s->n;
  double *restrict h = s->pivot;
  for (size_t k = 0; k < n; k++) {
    double p = 1 / s->a[k * n + k];
    for (size_t i = 0; i < n; i++)
      h[i] = i < k ? s->a[k * n + i] : s->a[i * n + k];
    for (size_t i = 0; i < n; i++) {
      double *restrict row = s->a + i * n;
      double f = h[i] * p;
      for (size_t j = 0; j <= i; j++)
        row[j] -= f * h[j];
    }
    for (size_t i = 0; i < n; i++)
      s->a[i < k ? k * n + i : i * n + k] = i == k ? -p : h[i] * p;
  }
}

/* Adds one row to the eliminated part above it: a = -A_(i-1)^-1 becomes A_i; b is what one volt on the row adds. */
static void
add_row(solver *s, const double *g, int first, double *b)
{
  size_t n = s->n;
  invert_row_wire(s, g);
  for (size_t i = 0; i < n; i++) {
    for (size_t j = 0; j <= i; j++)
      s->a[i * n + j] = s->gc * s->gc * s->a[i * n + j] - g[i] * s->t[i * n + j] * g[j];
    s->a[i * n + i] += g[i] + (first ? 1 : 2) * s->gc;
    b[i] = g[i] * s->t[i * n] * s->gr;
  }
}

/* Room for a solver, and for a vector of each row behind it. Its memory begins at s->a. */
static int32_t
make_solver(const rrn_rt *rt, const rrn_xbar_wires *w, solver *ret_solver, double **ret_b, rramnas_error *err)
{
  size_t n = w->cols, square, doubles;
  if (ckd_mul(&square, n, n) || ckd_mul(&doubles, n, 2 * n + 4) || ckd_add(&doubles, doubles, w->rows * n))
    return rrn_fail_memory(err);
  double *memory = rrn_calloc(rt, doubles, sizeof *memory);
  if (!memory)
    return rrn_fail_memory(err);
  double *vectors = memory + 2 * square;
  *ret_solver = (solver){.n = n, .gr = 1 / w->row_segment_ohm, .gc = 1 / w->col_segment_ohm, .a = memory,
                         .t = memory + square, .left = vectors, .right = vectors + n, .diag = vectors + 2 * n,
                         .pivot = vectors + 3 * n};
  *ret_b = vectors + 4 * n;
  return RRAMNAS_OK;
}

/* The lower triangle's mirror image. */
static void
fill_upper(solver *s)
{
  for (size_t i = 0; i < s->n; i++)
    for (size_t j = 0; j < i; j++)
      s->a[j * s->n + i] = s->a[i * s->n + j];
}

/* b[k] = f A^-1 b[k] for `count` vectors, with a = -A^-1. */
static void
apply_inverse_to_all(const solver *s, double f, size_t count, double *restrict b, double *restrict sum)
{
  size_t n = s->n;
  for (size_t k = 0; k < count; k++, b += n) {
    memset(sum, 0, n * sizeof *sum);
    for (size_t i = 0; i < n; i++) {
      const double x = b[i] * f;
      const double *restrict row = s->a + i * n;
      for (size_t j = 0; j < n; j++)
        sum[j] -= x * row[j];
    }
    memcpy(b, sum, n * sizeof *sum);
  }
}

/* Row i's vector is b[i]; every block below takes the vectors of all rows above it along. */
static void
solve_all(solver *s, const rrn_xbar_wires *w, const double *g, double *b)
{
  for (size_t i = 0; i < w->rows; i++) {
    add_row(s, g + i * s->n, i == 0, b + i * s->n);
    negate_inverse(s);
    fill_upper(s);
    apply_inverse_to_all(s, s->gc, i, b, s->pivot);
    apply_inverse_to_all(s, 1, 1, b + i * s->n, s->pivot);
  }
  for (size_t k = 0; k < w->rows * s->n; k++)
    b[k] *= s->gc;
}

int32_t
rrn_xbar_irdrop_transfer(const rrn_rt *rt, const rrn_xbar_wires *w, const double *g_s, double *ret_transfer,
                         rramnas_error *err)
{
  solver s = { 0 };
  double *b = NULL;
  RRN_TRY(rrn_xbar_irdrop_check(w, g_s, err));
  RRN_TRY(make_solver(rt, w, &s, &b, err));
  solve_all(&s, w, g_s, b);
  memcpy(ret_transfer, b, w->rows * w->cols * sizeof *b);
  rrn_free(rt, s.a);
  return RRAMNAS_OK;
}
