/* SPDX-License-Identifier: MIT */
/* Whole searches: candidates per second and memory.
 *
 *   bench-evaluate [rnc | best | told [candidates [threads]]]
 *
 * rnc, best: RNC's search for size, 50 candidates in each of 101 generations, OFA small on 168 crossbars of its chip,
 * latency of 8 inferences and multiply-accumulates, under that policy (best: a tenth of the candidates), per number of
 * threads. told: a million candidates whose figures the caller tells, which is the cost of the search itself. Each
 * search is a process of its own; memory is its peak. Wall time: the machine should have nothing else to do. */
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "nets.h"

enum { GENES = 12, POPULATION = 50, GENERATIONS = 101, CROSSBARS = 168, MOST_THREADS = 8 };

typedef struct job {
  const char *name;
  int32_t policy; /* 0 = figures are told */
  int32_t n_threads, population;
  int64_t evaluations;
} job;

static void
die(const char *what, const rramnas_error *err)
{
  fprintf(stderr, "%s: %s\n", what, err->message);
  exit(1);
}

static double
wall_s(void)
{
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* --- problems --- */

static rramnas_search *
size_search(const job *j, rramnas_error *err)
{
  rramnas_compile_options compile = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_search *s = NULL;
  rramnas_hw *hw = test_hw_rnc(128);

  compile.policy = j->policy;
  compile.crossbars = CROSSBARS;
  compile.seed = 1;
  compile.effort = RRAMNAS_EFFORT_FAST;
  if (!hw || rramnas_search_create_ready("ofa-mobilenet-v3-small", NULL, &s, err) < 0 ||
      rramnas_search_set_hardware(s, hw, err) < 0 || rramnas_search_set_compile(s, &compile, NULL, err) < 0 ||
      rramnas_search_add_objective(s, "latency_ns", RRAMNAS_MINIMIZE, err) < 0 ||
      rramnas_search_add_objective(s, "macs", RRAMNAS_MAXIMIZE, err) < 0)
    die(j->name, err);
  rramnas_hw_unref(hw);
  return s;
}

static int32_t
tell_figures(void *user, const rramnas_batch *batch)
{
  size_t i, k;

  (void)user;
  for (i = 0; i < batch->n; i++) {
    const double *x = batch->genomes + i * GENES;
    double gain = 0, price = 0;

    for (k = 0; k < GENES; k++) {
      gain += x[k] * (double)(k + 3) / (double)(k + 1);
      price += x[k] * x[(k + 1) % GENES];
    }
    batch->values[2 * i] = gain;
    batch->values[2 * i + 1] = price;
  }
  return 0;
}

static rramnas_search *
told_search(const job *j, rramnas_error *err)
{
  rramnas_search *s = NULL;
  int32_t status = rramnas_search_create(NULL, &s, err);
  char name[GENES][16];
  int k;

  for (k = 0; k < GENES && status >= 0; k++) {
    rramnas_gene g = RRAMNAS_GENE_INIT;

    snprintf(name[k], sizeof(name[k]), "x%d", k);
    g.name = name[k];
    g.kind = RRAMNAS_GENE_INTEGER;
    g.high = 99;
    status = rramnas_search_add_gene(s, &g, err);
  }
  if (status < 0 || rramnas_search_add_objective(s, "gain", RRAMNAS_MAXIMIZE, err) < 0 ||
      rramnas_search_add_objective(s, "price", RRAMNAS_MINIMIZE, err) < 0 ||
      rramnas_search_set_evaluate(s, tell_figures, NULL, err) < 0)
    die(j->name, err);
  return s;
}

/* --- one search --- */

static void
search(const job *j)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
  rramnas_run_options run = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_progress p = RRAMNAS_PROGRESS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = j->policy ? size_search(j, &err) : told_search(j, &err);
  struct rusage usage;
  double before;

  o.seed = 1;
  o.population = j->population;
  run.evaluations = j->evaluations;
  run.n_threads = j->n_threads;
  if (rramnas_search_start(s, &o, &err) < 0)
    die(j->name, &err);
  before = wall_s();
  if (rramnas_search_run(s, &run, &err) < 0)
    die(j->name, &err);
  before = wall_s() - before;
  rramnas_search_progress(s, &p);
  printf("%-24s %2d threads %9lld candidates %8.2f s %10.0f /s  (%lld infeasible, %lld in the front)", j->name,
         (int)j->n_threads, (long long)p.evaluations, before, (double)p.evaluations / before, (long long)p.infeasible,
         (long long)p.front);
  rramnas_search_unref(s);
  getrusage(RUSAGE_SELF, &usage);
  printf(" %6.1f MiB\n", (double)usage.ru_maxrss / 1024);
  fflush(stdout);
}

/* In a process of its own. */
static void
run(job j)
{
  int status;
  pid_t child;

  fflush(stdout);
  child = fork();
  if (child == 0) {
    search(&j);
    _exit(0);
  }
  if (child < 0 || waitpid(child, &status, 0) < 0 || status != 0)
    exit(1);
}

static void
run_policy(const char *name, int32_t policy, int64_t evaluations, long only)
{
  const long processors = sysconf(_SC_NPROCESSORS_ONLN);
  int32_t n;

  if (only > 0)
    run((job){ name, policy, (int32_t)only, POPULATION, evaluations });
  for (n = 1; only == 0 && n <= MOST_THREADS && n <= processors; n *= 2)
    run((job){ name, policy, n, POPULATION, evaluations });
}

int
main(int argc, char **argv)
{
  const char *what = argc > 1 ? argv[1] : "all";
  const int64_t n = argc > 2 ? strtoll(argv[2], NULL, 10) : 0, all = (int64_t)POPULATION * GENERATIONS;
  const long threads = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
  const int every = strcmp(what, "all") == 0;

  if (every || strcmp(what, "rnc") == 0)
    run_policy("policy rnc", RRAMNAS_POLICY_RNC, n ? n : all, threads);
  if (every || strcmp(what, "best") == 0)
    run_policy("policy best, fast", RRAMNAS_POLICY_BEST, n ? n : all / 10, threads);
  if (every || strcmp(what, "told") == 0)
    run((job){ "told, population 100", 0, 1, 100, n ? n : 1000000 });
  if (every || strcmp(what, "told") == 0)
    run((job){ "told, population 1000", 0, 1, 1000, n ? n : 1000000 });
  return 0;
}
