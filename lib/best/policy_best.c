/* SPDX-License-Identifier: MIT */
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
try_recipe(driver *d, const rrn_recipe *r)
{
  int32_t fits = 0;
  double ns;

  RRN_TRY(rrn_plan_build(&d->plan, r, NULL, &fits));
  d->m->tries++;
  if (!fits)
    return RRAMNAS_OK;
  ns = rrn_plan_time(&d->plan, 1e300);
  if (getenv("BEST_V")) fprintf(stderr, "%.2f d%d v%d g%d %.1f\n", r->density, r->deal, r->variant, r->grouped_first, ns*1e-3);
  return ns < d->best.ns ? rrn_keep_save(&d->best, &d->plan, ns) : RRAMNAS_OK;
}

static int32_t
compile(driver *d)
{
  rrn_recipe r;
  rramnas_mapping *m = d->m;

  m->sharing = (rrn_sharing){ .layer_threshold = 0, .max_load = INT32_MAX };
  RRN_TRY(rrn_matrix_pass(m, 0, d->err));
  RRN_TRY(rrn_plan_init(&d->plan, m, d->o->depthwise, d->o->samples, &d->arena, d->err));
  RRN_TRY(rrn_keep_init(&d->best, &d->plan, d->err));
  d->best.ns = 1e300;
  d->plan.random = d->o->seed;
  for (r.deal = 0; r.deal < 4; r.deal++)
  for (r.variant = 0; r.variant < 5; r.variant++)
    for (r.grouped_first = 0; r.grouped_first < 2; r.grouped_first++)
      for (r.density = 0.7; r.density < 1.001; r.density += 0.02)
        RRN_TRY(try_recipe(d, &r));
  RRN_FAIL_IF(d->best.ns >= 1e300, d->err, RRAMNAS_ERR_DOES_NOT_FIT, "does not fit");
  RRN_TRY(rrn_keep_load(&d->best, &d->plan));
  if (getenv("BEST_M")) {
    double ns = d->best.ns;
    RRN_TRY(rrn_plan_improve(&d->plan, atoi(getenv("BEST_M")), &ns));
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
