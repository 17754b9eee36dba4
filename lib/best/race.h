/* SPDX-License-Identifier: MIT */
/* Searches on several numbers of crossbars, of which the best plan is wanted. */
#ifndef RRN_BEST_RACE_H
#define RRN_BEST_RACE_H

#include "best/bound_time.h"
#include "best/kept.h"
#include "best/search.h"

enum { RRN_RACE_STAGES = 5 };

/* The search on one number of crossbars. */
typedef struct rrn_racer {
  int32_t crossbars;
  int32_t stage;     /* stages done */
  int32_t over;      /* 1: it goes no further */
  double bound_ns;   /* of any plan on so many crossbars; < 0 = not known yet */
  double own_bound_ns; /* the same, as found without looking at other racers */
  double scarce_ns;  /* when the first stage made no plan: no later one is sooner; < 0 = not known yet */
  double ns;         /* of its best plan so far; huge = none */
  double after[RRN_RACE_STAGES]; /* the same after each stage done */
  int32_t again;     /* 1: searched again (balanced) */
} rrn_racer;

typedef struct rrn_race {
  const rramnas_mapping *m;
  const rramnas_compile_options *o;
  rrn_arena bound_arena, search_arena, scratch;
  rrn_search search;
  rrn_time_bounds *bounds;
  rrn_racer *racers;     /* [n], by crossbars, downwards */
  int32_t n;
  int32_t grouped;       /* 1: some layers are */
  int32_t far;           /* 1: the bound on the time is far from plans */
  rramnas_mapping trial; /* the plan that is judged */
  rramnas_mapping best;  /* the best plan so far */
  double best_ns;        /* huge = none */
  int32_t rnc_on;        /* > 0: the best is policy rnc's mapping on so many crossbars */
  rramnas_error *err;
} rrn_race;

/* Matrices of the mapping are known; it and the options must live as long. */
int32_t rrn_race_init(rrn_race *r, const rramnas_mapping *m, const rramnas_compile_options *o, rramnas_error *err);
/* Efforts are run in order: each goes on where the one before ended. */
int32_t rrn_race_run(rrn_race *r, int32_t effort);
void rrn_race_release(rrn_race *r);

/* A plan becomes the trial; its completion as the event simulation has it. */
int32_t rrn_race_try(rrn_race *r, const rrn_keep *keep, double *ret_ns);
/* The trial becomes the best. */
void rrn_race_take(rrn_race *r, double ns);
/* A kept plan becomes the best. */
void rrn_race_repeat(rrn_race *r, const rrn_kept_stage *kept);

/* Completion as the event simulation has it. */
int32_t rrn_race_completion(const rramnas_mapping *m, int32_t samples, double *ret_ns, rramnas_error *err);

#endif
