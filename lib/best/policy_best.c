/* SPDX-License-Identifier: MIT */
#include "best/groups.h"
#include "best/improve.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct driver {
  rramnas_mapping *m;
  const rramnas_compile_options *o;
  rrn_arena arena;
  rrn_plan plan;
  rrn_keep best;
  rramnas_error *err;
} driver;

static int32_t
try_recipe(driver *d, const rrn_recipe *r, const int32_t *bars, int32_t G)
{
  int32_t fits = 0;
  double ns;

  RRN_TRY(rrn_plan_build(&d->plan, r, bars, &fits));
  d->m->tries++;
  if (!fits)
    return RRAMNAS_OK;
  ns = rrn_plan_time(&d->plan, 1e300);
  if (getenv("BEST_V")) fprintf(stderr, "G%d %.2f d%d v%d g%d %.1f\n", G, r->density, r->deal, r->variant, r->grouped_first, ns*1e-3);
  return ns < d->best.ns ? rrn_keep_save(&d->best, &d->plan, ns) : RRAMNAS_OK;
}

static int32_t
compile(driver *d)
{
  rrn_recipe r;
  rramnas_mapping *m = d->m;
  int32_t *bars, G, found, i;
  double dens;

  m->sharing = (rrn_sharing){ .layer_threshold = 0, .max_load = INT32_MAX };
  RRN_TRY(rrn_matrix_pass(m, 0, d->err));
  RRN_TRY(rrn_plan_init(&d->plan, m, d->o->depthwise, d->o->samples, &d->arena, d->err));
  RRN_TRY(rrn_keep_init(&d->best, &d->plan, d->err));
  d->best.ns = 1e300;
  d->plan.random = d->o->seed;
  bars = rrn_arena_alloc(&d->arena, (size_t)m->crossbars_available, sizeof(*bars));
  for (G = 1; G <= (d->o->samples > 1 ? 16 : 1) && G <= m->n_layers; G++) {
   rrn_grouping *g = NULL;
   for (dens = 0.75; dens < 1.01; dens += 0.05) {
    if (G > 1) {
      if (!g) RRN_TRY(rrn_grouping_new(&d->plan, G, &d->arena, &g));
      RRN_TRY(rrn_grouping_apply(&d->plan, g, dens, bars, &found));
      if (!found) continue;
    } else if (dens > 0.75) break;
  for (r.deal = 0; r.deal < (G > 1 ? 1 : 3); r.deal++)
  for (r.variant = 0; r.variant < 5; r.variant++)
    for (r.grouped_first = 0; r.grouped_first < 2; r.grouped_first++)
      for (r.density = 0.7; r.density < 1.001; r.density += (G > 1 ? 0.06 : 0.02))
        RRN_TRY(try_recipe(d, &r, bars, G));
   }
  }
  RRN_FAIL_IF(d->best.ns >= 1e300, d->err, RRAMNAS_ERR_DOES_NOT_FIT, "does not fit");
  RRN_TRY(rrn_keep_load(&d->best, &d->plan));
  for (G = 0, i = 0; i < m->n_layers; i++) G = d->plan.group[i] > G ? d->plan.group[i] : G;
  if (getenv("BEST_G")) fprintf(stderr, "groups %d %.3f\n", G + 1, d->best.ns * 1e-3);
  if (getenv("BEST_M")) {
    double ns = d->best.ns;
    RRN_TRY(rrn_plan_improve(&d->plan, atoi(getenv("BEST_M")), &ns));
    if (getenv("BEST_G")) fprintf(stderr, "improved %.3f\n", ns * 1e-3);
  }
  return rrn_plan_commit(&d->plan, m, d->err);
}

int32_t
rrn_policy_best(rramnas_mapping *m, const rramnas_compile_options *options, rramnas_error *err)
{
  driver d = { .m = m, .o = options, .err = err };
  int32_t status;

  rrn_arena_init(&d.arena, &m->rt);
  status = compile(&d);
  rrn_arena_release(&d.arena);
  return status;
}
