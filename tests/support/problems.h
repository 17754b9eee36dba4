/* SPDX-License-Identifier: MIT */
/* Test problems of multi-objective optimisation. All objectives are minimised, g >= 0 is feasible.
 *
 * ZDT: Zitzler, Deb, Thiele, Evol. Comput. 8(2), 2000. DTLZ: Deb, Thiele, Laumanns, Zitzler, 2005. BNH: Binh, Korn,
 * 1997. TNK: Tanaka, Watanabe, Furukawa, Tanino, 1995. OSY: Osyczka, Kundu, 1995. ofa45: 45 categories, of which some
 * count only at some depth, shaped like a once-for-all network; whole numbers and one division, so exact on every
 * machine. */
#ifndef RRAMNAS_TESTS_PROBLEMS_H
#define RRAMNAS_TESTS_PROBLEMS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "search/operators.h"

#define PROBLEM_PI 3.14159265358979323846

enum { PROBLEM_GENES = 45, PROBLEM_OBJECTIVES = 3, PROBLEM_CONSTRAINTS = 6 };

typedef struct problem {
  const char *name;
  int n, m, n_constraints;
  void (*evaluate)(const double *x, int n, double *ret_f, double *ret_g);
  void (*genes)(rrn_gene *ret_genes);
  double reference[PROBLEM_OBJECTIVES];
  double best_peer; /* median hypervolume of the best of three programs after 25,000 evaluations */
} problem;

static inline void
unit_genes(rrn_gene *genes)
{
  int i;

  for (i = 0; i < PROBLEM_GENES; i++)
    genes[i] = (rrn_gene){ RRN_GENE_REAL, -1, 0, 1, 0 };
}

static inline double
sum_of(const double *x, int first, int n)
{
  double sum = 0;
  int i;

  for (i = first; i < n; i++)
    sum += x[i];
  return sum;
}

static inline void
zdt1(const double *x, int n, double *f, double *g)
{
  const double h = 1 + 9 * sum_of(x, 1, n) / (n - 1);

  (void)g;
  f[0] = x[0];
  f[1] = h * (1 - sqrt(x[0] / h));
}

static inline void
zdt2(const double *x, int n, double *f, double *g)
{
  const double h = 1 + 9 * sum_of(x, 1, n) / (n - 1);

  (void)g;
  f[0] = x[0];
  f[1] = h * (1 - (x[0] / h) * (x[0] / h));
}

static inline void
zdt3(const double *x, int n, double *f, double *g)
{
  const double h = 1 + 9 * sum_of(x, 1, n) / (n - 1);

  (void)g;
  f[0] = x[0];
  f[1] = h * (1 - sqrt(x[0] / h) - x[0] / h * sin(10 * PROBLEM_PI * x[0]));
}

static inline void
zdt4_genes(rrn_gene *genes)
{
  int i;

  unit_genes(genes);
  for (i = 1; i < PROBLEM_GENES; i++) {
    genes[i].low = -5;
    genes[i].high = 5;
  }
}

static inline void
zdt4(const double *x, int n, double *f, double *g)
{
  double h = 1 + 10 * (n - 1);
  int i;

  (void)g;
  for (i = 1; i < n; i++)
    h += x[i] * x[i] - 10 * cos(4 * PROBLEM_PI * x[i]);
  f[0] = x[0];
  f[1] = h * (1 - sqrt(x[0] / h));
}

static inline void
zdt6(const double *x, int n, double *f, double *g)
{
  const double h = 1 + 9 * sqrt(sqrt(sum_of(x, 1, n) / (n - 1)));

  (void)g;
  f[0] = 1 - exp(-4 * x[0]) * pow(sin(6 * PROBLEM_PI * x[0]), 6);
  f[1] = h * (1 - (f[0] / h) * (f[0] / h));
}

static inline void
dtlz2(const double *x, int n, double *f, double *g)
{
  const double a = x[0] * PROBLEM_PI / 2, b = x[1] * PROBLEM_PI / 2;
  double h = 1;
  int i;

  (void)g;
  for (i = 2; i < n; i++)
    h += (x[i] - 0.5) * (x[i] - 0.5);
  f[0] = h * cos(a) * cos(b);
  f[1] = h * cos(a) * sin(b);
  f[2] = h * sin(a);
}

static inline void
dtlz7(const double *x, int n, double *f, double *g)
{
  const double h = 1 + 9 * sum_of(x, 2, n) / (n - 2);
  double sum = 3;
  int i;

  (void)g;
  for (i = 0; i < 2; i++) {
    f[i] = x[i];
    sum -= x[i] / (1 + h) * (1 + sin(3 * PROBLEM_PI * x[i]));
  }
  f[2] = (1 + h) * sum;
}

static inline void
bnh_genes(rrn_gene *genes)
{
  unit_genes(genes);
  genes[0].high = 5;
  genes[1].high = 3;
}

static inline void
bnh(const double *x, int n, double *f, double *g)
{
  (void)n;
  f[0] = 4 * x[0] * x[0] + 4 * x[1] * x[1];
  f[1] = (x[0] - 5) * (x[0] - 5) + (x[1] - 5) * (x[1] - 5);
  g[0] = 1 - ((x[0] - 5) * (x[0] - 5) + x[1] * x[1]) / 25;
  g[1] = ((x[0] - 8) * (x[0] - 8) + (x[1] + 3) * (x[1] + 3)) / 7.7 - 1;
}

static inline void
tnk_genes(rrn_gene *genes)
{
  unit_genes(genes);
  genes[0].high = genes[1].high = PROBLEM_PI;
}

static inline void
tnk(const double *x, int n, double *f, double *g)
{
  (void)n;
  f[0] = x[0];
  f[1] = x[1];
  g[0] = x[0] * x[0] + x[1] * x[1] - 1 - 0.1 * cos(16 * atan2(x[0], x[1]));
  g[1] = 1 - 2 * ((x[0] - 0.5) * (x[0] - 0.5) + (x[1] - 0.5) * (x[1] - 0.5));
}

static inline void
osy_genes(rrn_gene *genes)
{
  static const double low[6] = { 0, 0, 1, 0, 1, 0 }, high[6] = { 10, 10, 5, 6, 5, 10 };
  int i;

  unit_genes(genes);
  for (i = 0; i < 6; i++) {
    genes[i].low = low[i];
    genes[i].high = high[i];
  }
}

static inline void
osy(const double *x, int n, double *f, double *g)
{
  int i;

  f[0] = -(25 * (x[0] - 2) * (x[0] - 2) + (x[1] - 2) * (x[1] - 2) + (x[2] - 1) * (x[2] - 1) + (x[3] - 4) * (x[3] - 4) +
           (x[4] - 1) * (x[4] - 1));
  for (f[1] = 0, i = 0; i < n; i++)
    f[1] += x[i] * x[i];
  g[0] = (x[0] + x[1]) / 2 - 1;
  g[1] = 1 - (x[0] + x[1]) / 6;
  g[2] = 1 - x[1] / 2 + x[0] / 2;
  g[3] = 1 - x[0] / 2 + 1.5 * x[1];
  g[4] = 1 - (x[2] - 3) * (x[2] - 3) / 4 - x[3] / 4;
  g[5] = (x[4] - 3) * (x[4] - 3) / 4 + x[5] / 4 - 1;
}

/* Genes 0 .. 19 kernel and 20 .. 39 expansion of layer 4 stage + l, 40 .. 44 depth of the stages. */
static inline void
ofa45_genes(rrn_gene *genes)
{
  int i;

  for (i = 0; i < 45; i++)
    genes[i] = (rrn_gene){ RRN_GENE_CATEGORY, i < 40 && i % 4 > 1 ? 40 + i % 20 / 4 : -1, 0, 2, i % 4 - 2 };
}

static inline int64_t
ofa45_macs(int stage, int layer, int kernel, int expand)
{
  static const int ks[3] = { 3, 5, 7 }, es[3] = { 3, 4, 6 };
  static const int in[5] = { 16, 24, 40, 80, 112 }, out[5] = { 24, 40, 80, 112, 160 };
  static const int size_in[5] = { 112, 56, 28, 14, 14 }, size_out[5] = { 56, 28, 14, 14, 7 };
  const int64_t ci = layer ? out[stage] : in[stage], co = out[stage], ho = size_out[stage];
  const int64_t hi = layer ? ho : size_in[stage], mid = ci * es[expand], k = ks[kernel];

  return hi * hi * ci * mid + ho * ho * k * k * mid + ho * ho * mid * co;
}

/* The gain of a layer depends on the layer before it (kp, ep) through a hash. */
static inline int64_t
ofa45_gain(int stage, int layer, int kp, int ep, int k, int e)
{
  static const int s[5] = { 60, 80, 120, 110, 140 }, w[4] = { 100, 70, 45, 30 }, ae[3] = { 62, 80, 100 };
  static const int ak[5][3] = { { 70, 85, 90 }, { 65, 88, 100 }, { 72, 90, 96 }, { 80, 92, 95 }, { 60, 86, 100 } };
  const int64_t sw = (int64_t)s[stage] * w[layer];
  uint32_t v = (uint32_t)((((((4 * stage + layer) * 3 + kp) * 3 + ep) * 3 + k) * 3 + e) + 1);

  v *= 0x9e3779b1u;
  v ^= v >> 15;
  v *= 0x85ebca77u;
  v ^= v >> 13;
  v *= 0xc2b2ae3du;
  v ^= v >> 16;
  return sw * ak[stage][k] * ae[e] + 2 * ((int64_t)(v % 2001) - 1000) * sw;
}

static inline void
ofa45(const double *x, int n, double *f, double *g)
{
  int64_t gain = 0, macs = 0;
  int kp = 0, ep = 0, stage, layer;

  (void)n;
  (void)g;
  for (stage = 0; stage < 5; stage++)
    for (layer = 0; layer < 2 + (int)x[40 + stage]; layer++) {
      const int k = (int)x[4 * stage + layer], e = (int)x[20 + 4 * stage + layer];

      macs += ofa45_macs(stage, layer, k, e);
      gain += ofa45_gain(stage, layer, kp, ep, k, e);
      kp = k;
      ep = e;
    }
  f[0] = (double)(1600000000 - gain) / 1e7;
  f[1] = (double)macs / 1e6;
}

static const problem problems[] = {
  { "zdt1", 30, 2, 0, zdt1, unit_genes, { 1.1, 1.1, 0 }, 0.869621 },
  { "zdt2", 30, 2, 0, zdt2, unit_genes, { 1.1, 1.1, 0 }, 0.536300 },
  { "zdt3", 30, 2, 0, zdt3, unit_genes, { 1.1, 1.1, 0 }, 1.327644 },
  { "zdt4", 10, 2, 0, zdt4, zdt4_genes, { 1.1, 1.1, 0 }, 0.866063 },
  { "zdt6", 10, 2, 0, zdt6, unit_genes, { 1.1, 1.1, 0 }, 0.495844 },
  { "dtlz2", 12, 3, 0, dtlz2, unit_genes, { 1.1, 1.1, 1.1 }, 0.701693 },
  { "dtlz7", 22, 3, 0, dtlz7, unit_genes, { 1.0, 1.0, 6.5 }, 1.772353 },
  { "bnh", 2, 2, 2, bnh, bnh_genes, { 150, 55, 0 }, 6460.55 },
  { "tnk", 2, 2, 2, tnk, tnk_genes, { 1.1, 1.1, 0 }, 0.429639 },
  { "osy", 6, 2, 6, osy, osy_genes, { 0, 80, 0 }, 16679.10 },
  { "ofa45", 45, 2, 0, ofa45, ofa45_genes, { 130, 500, 0 }, 0 },
};
enum { N_PROBLEMS = sizeof(problems) / sizeof(problems[0]) };

/* Objectives and sum of violations. */
static inline double
problem_evaluate(const problem *p, const double *x, double *ret_f)
{
  double g[PROBLEM_CONSTRAINTS], cv = 0;
  int i;

  p->evaluate(x, p->n, ret_f, g);
  for (i = 0; i < p->n_constraints; i++)
    cv += g[i] < 0 ? -g[i] : 0;
  return cv;
}

#endif
