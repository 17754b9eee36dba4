/* SPDX-License-Identifier: MIT */
/* Wires with resistance: time of the solvers, and the error of attenuated products against exact ones.
 *
 * Arrays are square, cells on, off (a hundredth) or one of two states between, as weights of two-bit cells have them.
 * The table has, for each height, segment resistance and share of rows driven, the root mean square and
 * greatest error of a column's current, ignored and attenuated, in percent of the mean exact current. */
#include <math.h>

#include "bench.h"
#include "util/random.h"
#include "xbar/irdrop.h"

enum { MOST = 128, PATTERNS = 32 };

typedef struct job {
  rrn_rt rt;
  rrn_xbar_wires wires;
  double g[MOST * MOST], v[MOST], out[MOST * MOST];
} job;

static job j;

static void
check(int32_t status)
{
  if (status < 0) {
    fprintf(stderr, "bench-wires failed\n");
    exit(1);
  }
}

static void
transfer(void *user)
{
  (void)user;
  check(rrn_xbar_irdrop_transfer(&j.rt, &j.wires, j.g, j.out, NULL));
}

static void
shares(void *user)
{
  (void)user;
  check(rrn_xbar_irdrop_shares(&j.rt, &j.wires, j.g, j.out, NULL));
}

/* In units of the on conductance. */
static void
make(size_t n, double ohm)
{
  rrn_random r = rrn_random_start(5, 0, 0, 0);
  size_t k;

  j.wires = (rrn_xbar_wires){ n, n, ohm / 10000, ohm / 10000 };
  for (k = 0; k < n * n; k++)
    j.g[k] = 0.01 + 0.99 / 3 * (double)(rrn_random_u32(&r) % 4);
  for (k = 0; k < n; k++)
    j.v[k] = rrn_random_unit(&r);
}

typedef struct error {
  double squares, greatest;
} error;

static void
add_error(error *e, double difference)
{
  e->squares += difference * difference;
  e->greatest = fabs(difference) > e->greatest ? fabs(difference) : e->greatest;
}

static void
compare(size_t n, double ohm, double density)
{
  static double share[MOST * MOST];
  rrn_random r = rrn_random_start(6, 0, 0, 0);
  error ignored = { 0, 0 }, attenuated = { 0, 0 };
  double sum = 0;
  size_t p, i, k;

  make(n, ohm);
  check(rrn_xbar_irdrop_shares(&j.rt, &j.wires, j.g, share, NULL));
  check(rrn_xbar_irdrop_transfer(&j.rt, &j.wires, j.g, j.out, NULL));
  for (p = 0; p < PATTERNS; p++) {
    for (i = 0; i < n; i++)
      j.v[i] = rrn_random_unit(&r) < density;
    for (k = 0; k < n; k++) {
      double ideal = 0, exact = 0, approximate = 0;

      for (i = 0; i < n; i++) {
        ideal += j.v[i] * j.g[i * n + k];
        exact += j.v[i] * j.out[i * n + k];
        approximate += j.v[i] * j.g[i * n + k] * share[i * n + k];
      }
      sum += exact;
      add_error(&ignored, ideal - exact);
      add_error(&attenuated, approximate - exact);
    }
  }
  sum /= (double)(PATTERNS * n);
  printf("%4zu x %-4zu %6.2f ohm %5.0f %%   ignored %7.3f %7.3f   attenuated %7.3f %7.3f\n", n, n, ohm, 100 * density,
         100 * sqrt(ignored.squares / (double)(PATTERNS * n)) / sum, 100 * ignored.greatest / sum,
         100 * sqrt(attenuated.squares / (double)(PATTERNS * n)) / sum, 100 * attenuated.greatest / sum);
}

int
main(void)
{
  static const double ohms[] = { 0.1, 1, 2.82, 10 }, densities[] = { 0.1, 0.5, 1 };
  size_t n, k, d;

  check(rrn_rt_init(&j.rt, NULL, NULL));
  for (n = 64; n <= MOST; n *= 2) {
    bench_row exact, attenuated;

    make(n, 2.82);
    exact = bench_run(n == 64 ? "transfer 64 x 64" : "transfer 128 x 128", transfer, NULL, 1);
    attenuated = bench_run(n == 64 ? "shares 64 x 64" : "shares 128 x 128", shares, NULL, 1);
    bench_ratio("attenuated", &exact, &attenuated);
  }
  printf("10 kilo-ohm cells; error of a column: root mean square, greatest, in percent of the mean\n");
  for (n = 64; n <= MOST; n *= 2)
    for (k = 0; k < sizeof(ohms) / sizeof(ohms[0]); k++)
      for (d = 0; d < sizeof(densities) / sizeof(densities[0]); d++)
        compare(n, ohms[k], densities[d]);
  return 0;
}
