/* SPDX-License-Identifier: MIT */
/* The packing module: crossbars, bound and gap of each instance, boxes per second over the number of boxes.
 *
 *   bench-packing                  all tables
 *   bench-packing EVALUATIONS      the instances with so many, instead of those of the golden test */
#include "bench.h"
#include "nets.h"
#include "packing.h"
#include "random.h"

#include "compile/passes.h"

enum { SIDE = 128, LAYERS = 60 };

typedef struct job {
  const rrn_pack_rules *rules;
  const rrn_pack_box *boxes;
  size_t n;
  rrn_pack_search_options options;
  rrn_pack_result packed;
  rrn_bound bound;
} job;

static void
search(void *user)
{
  job *j = user;
  rrn_arena arena;
  rrn_rt rt;

  if (rrn_rt_init(&rt, NULL, NULL) < 0)
    exit(1);
  rrn_arena_init(&arena, &rt);
  if (rrn_pack_search(j->rules, j->boxes, j->n, &j->options, &arena, &j->packed, NULL) < 0)
    exit(1);
  if (j->n <= PACKING_BOXES && !packing_valid(j->rules, j->options.conflicts, j->boxes, j->n, &j->packed))
    exit(1);
  rrn_arena_release(&arena);
}

static void
bound(void *user)
{
  job *j = user;
  rrn_arena arena;
  rrn_rt rt;

  if (rrn_rt_init(&rt, NULL, NULL) < 0)
    exit(1);
  rrn_arena_init(&arena, &rt);
  if (rrn_bound_boxes(j->rules, j->boxes, j->n, &arena, &j->bound, NULL) < 0)
    exit(1);
  rrn_arena_release(&arena);
}

static void
row(const char *name, const char *mode, int32_t best, job *j)
{
  double start = bench_now_s(), middle;

  bound(j);
  middle = bench_now_s();
  search(j);
  printf("%-28s %-9s %5zu boxes %4d known %4d found %4d bound %3d gap %7.3f s %6.2f ms bound "
         "(area %d dual %d strip %d)\n",
         name, mode, j->n, (int)best, (int)j->packed.opened, (int)j->bound.best,
         (int)(j->packed.opened - j->bound.best), bench_now_s() - middle, 1e3 * (middle - start), (int)j->bound.area,
         (int)j->bound.dual, (int)j->bound.strip);
  fflush(stdout);
}

static void
instances(int64_t evaluations)
{
  static packing_instance p;
  int i, mode;

  for (i = 0; i < PACKING_INSTANCES; i++)
    for (mode = 0; mode < PACKING_MODES && packing_read(&p, packing_names[i]); mode++) {
      const rrn_pack_rules rules = packing_rules(&p, mode);
      job j = { &rules, p.boxes, p.n, { PACKING_SEED, evaluations, 0, NULL }, { 0 }, { 0 } };

      row(packing_names[i], packing_modes[mode], p.best[mode], &j);
    }
}

/* Pieces of one layer apart, where the layer is read more than once per sample. */
static rrn_pack_conflicts
same_layer_apart(const rramnas_mapping *m, rrn_arena *arena)
{
  const int32_t words = m->n_layers / 64 + 1;
  uint64_t *bits = rrn_arena_alloc(arena, (size_t)m->n_layers * (size_t)words, sizeof(*bits));
  size_t i;

  if (!bits)
    exit(1);
  for (i = 0; i < m->n_pieces; i++) {
    const int32_t l = m->pieces[i].layer;

    if (m->pieces[i].activations > 1)
      bits[(size_t)l * (size_t)words + (size_t)l / 64] |= UINT64_C(1) << (l % 64);
  }
  return (rrn_pack_conflicts){ bits, m->n_layers, words };
}

/* Fewest crossbars of a network without duplication on 128 x 128, free or with pieces of one layer apart. */
static void
network(const char *name, int apart, int32_t known)
{
  const rrn_pack_rules rules = {
    .rows = SIDE, .cols = SIDE, .crossbars = 1, .grow = 1, .layer_threshold = -1, .max_load = INT32_MAX
  };
  job j = { .rules = &rules, .options = { PACKING_SEED, PACKING_EVALUATIONS, 0, NULL } };
  rramnas_hw *hw = test_hw_rnc(SIDE);
  rramnas_net *net = test_net(name);
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_mapping *m = NULL;
  rrn_pack_conflicts conflicts;
  rrn_pack_box *boxes;
  rrn_arena arena;
  rrn_rt rt;
  size_t i;

  o.policy = RRAMNAS_POLICY_RNC;
  o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  if (rrn_rt_init(&rt, NULL, NULL) < 0 || !hw || !net || rramnas_compile(hw, net, &o, NULL, &m, NULL) < 0)
    exit(1);
  for (i = 0; i < (size_t)m->n_layers; i++)
    m->copies[i] = 1;
  rrn_arena_init(&arena, &rt);
  if (rrn_place_boxes(m, &arena, &boxes, &j.n, NULL) < 0)
    exit(1);
  j.boxes = boxes;
  conflicts = same_layer_apart(m, &arena);
  j.options.conflicts = apart ? &conflicts : NULL;
  row(name, apart ? "1 a layer" : "free", known, &j);
  rrn_arena_release(&arena);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

/* Random boxes: what a given amount of work costs, and the sorted orders alone. */
static void
curve(size_t n, int mode)
{
  const rrn_pack_rules rules = { SIDE, SIDE, 1, 1, mode ? 1 : -1, mode == 2 ? 6 : INT32_MAX };
  rrn_pack_box *boxes = calloc(n, sizeof(*boxes));
  test_random r = { 7 };
  job j = { .rules = &rules, .boxes = boxes, .n = n, .options = { .seed = 1, .evaluations = 1 } };
  double start, spent;
  size_t i;

  if (!boxes)
    exit(1);
  for (i = 0; i < n; i++)
    boxes[i] = (rrn_pack_box){ .layer = (int32_t)test_below(&r, LAYERS),
                               .rows = 1 + (int32_t)test_below(&r, SIDE),
                               .cols = 1 + (int32_t)test_below(&r, SIDE) };
  bound(&j);
  start = bench_now_s();
  search(&j);
  spent = bench_now_s() - start;
  printf("%7zu random boxes, %-9s %8.3f s %10.0f boxes/s %6d crossbars %6d bound\n", n, packing_modes[mode], spent,
         (double)n / spent, (int)j.packed.opened, (int)j.bound.best);
  fflush(stdout);
  free(boxes);
}

int
main(int argc, char **argv)
{
  size_t n;
  int mode;

  instances(argc > 1 ? atoll(argv[1]) : PACKING_EVALUATIONS);
  if (argc > 1)
    return 0;
  for (mode = 0; mode < 2; mode++) {
    network("mbv3_small", mode, 104);
    network("squeezenet", mode, 45);
    network("resnet18", mode, 682);
  }
  for (mode = 0; mode < PACKING_MODES; mode++)
    for (n = 100; n <= 100000; n *= 10)
      curve(n, mode);
  return 0;
}
