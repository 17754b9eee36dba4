/* SPDX-License-Identifier: MIT */
/* IR drop with all rows driven: the voltage across every cell, by conjugate gradients over whole wires.
 *
 * In:  conductance of every cell, segment resistances; the wires are those of irdrop.c.
 * Out: voltage across every cell, with one volt at the driven end of every row.
 *
 * Idea: with the voltages c of the bitlines known each wordline is a chain of its own, and the voltages u across its
 * cells follow from (G + R) u = b - R c, with R the wordlines' segments and b the drivers. What is left over at a
 * bitline's nodes is G u - C c, with C the bitlines' segments; conjugate gradients take it to nothing. Its matrix
 * C + G (G + R)^-1 R is symmetric and positive definite. The preconditioner is bitlines whose cells lead to ground,
 * (G + C)^-1: a round without a search direction would be a relaxation of all wordlines, then all bitlines. Only
 * neighbours on a wire are subtracted, never a bitline's voltage from a wordline's, so currents keep their digits
 * however high the wires' resistance is. Only + - * / in fixed order.
 *
 * Complexity: some 30 operations per cell and round. 128 x 128 cells of 10 kilo-ohm take 6 rounds with segments of
 * 1 ohm, 8 with 2.82, 11 with 10, 23 with 100, 900 with 300 kilo-ohm; 256 x 256 twice as many. Conductances of many
 * decades take more: 140 per row and column where they spread over six and segments are up to 10^6 times the cells.
 * Source: Kirchhoff's current law; Hestenes, Stiefel, J. Res. Nat. Bur. Stand. 49, 1952; line preconditioners: Concus,
 * Golub, Meurant, SIAM J. Sci. Stat. Comput. 6, 1985. Not handled: what is not there after MOST_ROUNDS, as
 * where squares of currents are beyond the range of numbers, is an error. */
#include "xbar/irdrop.h"

#include <float.h>

/* Per row and column. */
enum { MOST_ROUNDS = 300 };

/* A share of the first leftover's square that counts as nothing. */
static const double nothing = 1e-26;

/* Arrays are [rows][cols]. */
typedef struct lines {
  size_t rows, cols;
  double gr, gc;
  const double *g;
  double *row_pivot, *col_pivot; /* 1 / pivot of a node in its chain */
  double *c;                     /* voltages of the bitlines */
  double *left;                  /* currents left over in the bitlines' nodes */
  double *z, *p, *q;             /* what these do to the voltages; direction of this round; its currents */
} lines;

/* Chains are eliminated from their first node on. What a node conducts to ground by itself and through the nodes before
 * it is a sum of positive parts, and one more segment makes the pivot; a wordline ends at its last cell, a bitline
 * begins at its first. */
static void
set_pivots(lines *l)
{
  size_t i, j;

  for (i = 0; i < l->rows; i++) {
    double before = l->gr;

    for (j = 0; j < l->cols; j++) {
      const size_t k = i * l->cols + j;
      const double own = l->g[k] + before;

      l->row_pivot[k] = 1 / (own + (j + 1 < l->cols ? l->gr : 0));
      before = l->gr * (own * l->row_pivot[k]);
    }
  }
  for (j = 0; j < l->cols; j++) {
    double before = 0;

    for (i = 0; i < l->rows; i++) {
      const size_t k = i * l->cols + j;
      const double own = l->g[k] + before;

      l->col_pivot[k] = 1 / (own + l->gc);
      before = l->gc * (own * l->col_pivot[k]);
    }
  }
}

/* Voltages u across a wordline's cells, with its driver at `driver` and the bitlines at v. */
static void
solve_row(const lines *l, size_t i, double driver, const double *v, double *restrict u)
{
  const double *pivot = l->row_pivot + i * l->cols;
  double from_left = l->gr * (driver - v[0]), below = 0, right = 0;
  size_t j;

  for (j = 0; j < l->cols; j++) {
    const double from_right = j + 1 < l->cols ? l->gr * (v[j + 1] - v[j]) : 0;

    below = (from_left + from_right + l->gr * below) * pivot[j];
    u[j] = below;
    from_left = -from_right;
  }
  for (j = l->cols; j-- > 0;) {
    right = u[j] + l->gr * pivot[j] * right;
    u[j] = right;
  }
}

/* Currents into the bitlines' nodes from the cells, less those on along the bitlines, for bitlines at v. */
static void
leave_over(const lines *l, double driver, const double *v, double *restrict u)
{
  const size_t n = l->cols;
  size_t i, j;

  for (i = 0; i < l->rows; i++) {
    const double *at = v + i * n;
    double *here = u + i * n;

    solve_row(l, i, driver, at, here);
    for (j = 0; j < n; j++) {
      const double above = i > 0 ? at[j] - (at - n)[j] : 0, below = at[j] - (i + 1 < l->rows ? at[j + n] : 0);

      here[j] = l->g[i * n + j] * here[j] - l->gc * (above + below);
    }
  }
}

/* z: the voltages that the currents left over make in bitlines whose cells lead to ground. Returns left z. */
static double
precondition(lines *l)
{
  const size_t n = l->cols, cells = l->rows * n;
  double product = 0;
  size_t k;

  for (k = 0; k < cells; k++)
    l->z[k] = (l->left[k] + (k < n ? 0 : l->gc * l->z[k - n])) * l->col_pivot[k];
  for (k = cells; k-- > 0;) {
    l->z[k] += k + n < cells ? l->gc * l->col_pivot[k] * l->z[k + n] : 0;
    product += l->left[k] * l->z[k];
  }
  return product;
}

/* Goes along p as far as it helps. */
static void
step(lines *l, double product)
{
  const size_t cells = l->rows * l->cols;
  double along = 0, far;
  size_t k;

  leave_over(l, 0, l->p, l->q);
  for (k = 0; k < cells; k++)
    along -= l->p[k] * l->q[k];
  far = product / along;
  for (k = 0; k < cells; k++) {
    l->c[k] += far * l->p[k];
    l->left[k] += far * l->q[k];
  }
}

static int32_t
solve(lines *l, rramnas_error *err)
{
  const size_t cells = l->rows * l->cols, most = MOST_ROUNDS * (l->rows + l->cols);
  double product, first, before;
  size_t round, k;

  set_pivots(l);
  leave_over(l, 1, l->c, l->left);
  first = product = precondition(l);
  for (k = 0; k < cells; k++)
    l->p[k] = l->z[k];
  for (round = 0; !(product <= nothing * first); round++) {
    RRN_FAIL_IF(round == most || !(product <= DBL_MAX), err, RRAMNAS_ERR_LIMIT,
                "the voltages in an array of %zu x %zu cells are not found in %zu rounds", l->rows, l->cols, round);
    step(l, product);
    before = product;
    product = precondition(l);
    for (k = 0; k < cells; k++)
      l->p[k] = l->z[k] + product / before * l->p[k];
  }
  return RRAMNAS_OK;
}

int32_t
rrn_xbar_irdrop_shares(const rrn_rt *rt, const rrn_xbar_wires *w, const double *g_s, double *ret_share,
                       rramnas_error *err)
{
  size_t cells, i;
  double *memory;
  int32_t status;

  RRN_TRY(rrn_xbar_irdrop_check(w, g_s, err));
  cells = w->rows * w->cols;
  memory = rrn_calloc(rt, cells, 7 * sizeof(*memory));
  if (!memory)
    return rrn_fail_memory(err);
  lines l = { .rows = w->rows, .cols = w->cols, .gr = 1 / w->row_segment_ohm, .gc = 1 / w->col_segment_ohm, .g = g_s,
              .row_pivot = memory, .col_pivot = memory + cells, .c = memory + 2 * cells, .left = memory + 3 * cells,
              .z = memory + 4 * cells, .p = memory + 5 * cells, .q = memory + 6 * cells };
  status = solve(&l, err);
  for (i = 0; i < w->rows && status >= 0; i++)
    solve_row(&l, i, 1, l.c + i * w->cols, ret_share + i * w->cols);
  rrn_free(rt, memory);
  return status;
}
