/* SPDX-License-Identifier: MIT */
/* Quality of the search at equal numbers of evaluations: medians of hypervolumes over seeds 1 .. 31.
 *
 *   bench-search [PROBLEM | all [evaluations [seeds [population [offspring [paper]]]]]]
 *
 * Without arguments: the test problems with population 100 and 25,000 evaluations, ofa45 with 5,000 and 50,000.
 * Columns: the final population (feasible, non-dominated) and the archive of all evaluated; best peer: the best
 * median of Deb's program 1.1.6, pagmo 2.18 and pymoo 0.6.2 under the same settings (final populations of 100). */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "problems.h"
#include "search/hypervolume.h"
#include "search/strategy.h"

enum { MAX_SEEDS = 101 };

typedef struct setting {
  int evaluations, seeds;
  rrn_strategy_options options;
} setting;

typedef struct outcome {
  double population[MAX_SEEDS], archive[MAX_SEEDS], evaluations[MAX_SEEDS];
} outcome;

/* Feasible members' volume; dominated ones add nothing. */
static double
volume(rrn_arena *arena, const problem *p, const double *f, const double *cv, size_t n)
{
  double *feasible = rrn_arena_alloc_raw(arena, n, (size_t)p->m * sizeof(double)), hv = 0;
  size_t i, count = 0;

  for (i = 0; i < n; i++)
    if (!cv || cv[i] <= 0)
      memcpy(feasible + count++ * (size_t)p->m, f + i * (size_t)p->m, (size_t)p->m * sizeof(double));
  if (rrn_hypervolume(arena, feasible, count, (size_t)p->m, p->reference, &hv, NULL) < 0)
    return NAN;
  return hv;
}

static int
run_generation(rrn_strategy *s, const problem *p, int most)
{
  static double f[20000 * PROBLEM_OBJECTIVES], cv[20000];
  const double *genomes;
  size_t n, i;

  if (rrn_strategy_ask(s, &genomes, &n, NULL) < 0 || n == 0 || n > (size_t)most)
    return 0;
  for (i = 0; i < n; i++)
    cv[i] = problem_evaluate(p, genomes + i * (size_t)p->n, f + i * (size_t)p->m);
  return rrn_strategy_tell(s, f, cv, NULL) < 0 ? 0 : (int)n;
}

static void
run(const problem *p, const setting *how, int seed, outcome *ret)
{
  rrn_gene genes[PROBLEM_GENES];
  rrn_strategy_options o = how->options;
  rrn_strategy s;
  rrn_arena arena;
  rrn_rt rt;
  int done = 0, n;

  if (rrn_rt_init(&rt, NULL, NULL) < 0)
    return;
  rrn_arena_init(&arena, &rt);
  p->genes(genes);
  o.seed = (uint64_t)seed + 1;
  o.n_objectives = (size_t)p->m;
  if (rrn_strategy_create(&s, &rt, &(rrn_genes){ genes, (size_t)p->n, 0 }, &o, NULL) < 0)
    return;
  while ((n = run_generation(&s, p, how->evaluations - done)) > 0)
    done += n;
  ret->population[seed] = volume(&arena, p, s.f, s.cv, s.n);
  ret->archive[seed] = volume(&arena, p, s.archive.f, NULL, s.archive.n);
  ret->evaluations[seed] = done;
  if (getenv("RRAMNAS_BENCH_WAYS"))
    printf("recombine %.3f %.3f %.3f  mutate %.3f %.3f %.3f %.3f  source %.3f %.3f %.3f  archive %zu\n",
           s.recombine.quality[0], s.recombine.quality[1], s.recombine.quality[2], s.mutate.quality[0],
           s.mutate.quality[1], s.mutate.quality[2], s.mutate.quality[3], s.source.quality[0], s.source.quality[1],
           s.source.quality[2], s.archive.n);
  rrn_strategy_release(&s);
  rrn_arena_release(&arena);
}

static double
median(double *values, int n)
{
  qsort(values, (size_t)n, sizeof(*values), bench_compare);
  return values[n / 2];
}

static void
table_row(const problem *p, const setting *how)
{
  static outcome o;
  const double start = bench_now_s();
  double population, archive;
  int i;

  for (i = 0; i < how->seeds; i++)
    run(p, how, i, &o);
  population = median(o.population, how->seeds);
  archive = median(o.archive, how->seeds);
  printf("%-6s %6.0f %12.6f [%.6f, %.6f] %12.6f [%.6f, %.6f]", p->name, o.evaluations[0], population, o.population[0],
         o.population[how->seeds - 1], archive, o.archive[0], o.archive[how->seeds - 1]);
  if (p->best_peer > 0)
    printf("  best peer %11.6f  %s", p->best_peer, population >= p->best_peer ? "ours" : "PEER");
  else
    printf("  archive / optimum %.4f", archive / 31787.32577624864);
  printf("  %.3f s\n", (bench_now_s() - start) / how->seeds);
  fflush(stdout);
}

int
main(int argc, char **argv)
{
  setting how = { argc > 2 ? atoi(argv[2]) : 25000, argc > 3 ? atoi(argv[3]) : 31, { 0 } };
  int i;

  how.options.population = argc > 4 ? (size_t)atoi(argv[4]) : 100;
  how.options.offspring = argc > 5 ? (size_t)atoi(argv[5]) : 0;
  if (argc > 6 && strcmp(argv[6], "paper") == 0) {
    how.options.fixed_rates = 1;
    how.options.thinning = 1;
  }
  if (how.seeds > MAX_SEEDS)
    how.seeds = MAX_SEEDS;
  printf("%-6s %6s %12s %-24s %12s\n", "", "evals", "population", "[min, max]", "archive");
  for (i = 0; i < N_PROBLEMS; i++)
    if (argc < 2 || strcmp(argv[1], "all") == 0 || strcmp(argv[1], problems[i].name) == 0) {
      if (argc < 3 && i == N_PROBLEMS - 1) {
        how.evaluations = 5000;
        table_row(&problems[i], &how);
        how.evaluations = 50000;
      }
      table_row(&problems[i], &how);
    }
  return 0;
}
