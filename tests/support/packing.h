/* SPDX-License-Identifier: MIT */
/* The packing instances of tests/data/packing. */
#ifndef RRAMNAS_TESTS_PACKING_H
#define RRAMNAS_TESTS_PACKING_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "compile/bound.h"
#include "compile/pack_search.h"

enum { PACKING_BOXES = 1024, PACKING_INSTANCES = 9, PACKING_MODES = 3 };
enum { PACKING_EVALUATIONS = 3000000, PACKING_SEED = 1 };

/* Sharing: free; layers at distance <= 1 apart; the same and at most 6 boxes in a crossbar. */
static const char *const packing_modes[PACKING_MODES] = { "free", "apart", "apart, 6" };

static const char *const packing_names[PACKING_INSTANCES] = {
  "mobilenet_v3_small_x128", "mobilenet_v3_small_x128_d4", "mobilenet_v3_small_x256", "mobilenet_v3_small_x256_d4",
  "resnet18_x128",           "resnet18_x256",              "squeezenet1_1_x128",      "squeezenet1_1_x128_d4",
  "squeezenet1_1_x256",
};

typedef struct packing_instance {
  int32_t rows, cols;
  int32_t peers[PACKING_MODES]; /* fewest crossbars found with other programs */
  int32_t best[PACKING_MODES];  /* fewest known */
  rrn_pack_box boxes[PACKING_BOXES];
  size_t n;
} packing_instance;

static inline void
packing_line(packing_instance *p, const char *line)
{
  int layer, rows, cols, count;

  if (sscanf(line, "crossbar %d %d", &p->rows, &p->cols) == 2 ||
      sscanf(line, "peers %d %d %d", &p->peers[0], &p->peers[1], &p->peers[2]) == 3 ||
      sscanf(line, "best %d %d %d", &p->best[0], &p->best[1], &p->best[2]) == 3 ||
      sscanf(line, "%d %d %d %d", &layer, &rows, &cols, &count) != 4)
    return;
  for (; count > 0 && p->n < PACKING_BOXES; count--)
    p->boxes[p->n++] = (rrn_pack_box){ .layer = layer, .rows = rows, .cols = cols };
}

/* 1 when the instance could be read. */
static inline int
packing_read(packing_instance *p, const char *name)
{
  const char *folder = getenv("RRAMNAS_TEST_DATA");
  char path[512], line[256];
  FILE *file;

  *p = (packing_instance){ 0 };
  snprintf(path, sizeof(path), "%s/packing/%s.txt", folder ? folder : "tests/data", name);
  file = fopen(path, "r");
  while (file && fgets(line, sizeof(line), file))
    packing_line(p, line);
  return file && fclose(file) == 0 && p->n > 0;
}

static inline rrn_pack_rules
packing_rules(const packing_instance *p, int mode)
{
  return (rrn_pack_rules){ .rows = p->rows,
                           .cols = p->cols,
                           .crossbars = 1,
                           .grow = 1,
                           .layer_threshold = mode ? 1 : -1,
                           .max_load = mode == 2 ? 6 : INT32_MAX };
}

static inline int
packing_apart(const rrn_pack_rules *rules, const rrn_pack_conflicts *c, int32_t a, int32_t b)
{
  const int32_t distance = a - b;

  if (distance <= rules->layer_threshold && distance >= -rules->layer_threshold)
    return 1;
  return c && (c->bits[(size_t)a * (size_t)c->n_words + (size_t)b / 64] >> (b % 64) & 1);
}

/* 1 when boxes a and b, in one crossbar, neither overlap nor break a rule. */
static inline int
packing_pair_valid(const rrn_pack_rules *rules, const rrn_pack_conflicts *c, const rrn_pack_box *a,
                   const rrn_pack_spot *s, const rrn_pack_box *b, const rrn_pack_spot *t)
{
  const int overlap =
    s->row < t->row + b->rows && t->row < s->row + a->rows && s->col < t->col + b->cols && t->col < s->col + a->cols;

  return !overlap && !packing_apart(rules, c, a->layer, b->layer);
}

/* 1 when every box is inside its crossbar and all rules are kept. Looks at all pairs. */
static inline int
packing_valid(const rrn_pack_rules *rules, const rrn_pack_conflicts *c, const rrn_pack_box *boxes, size_t n,
              const rrn_pack_result *packed)
{
  size_t i, j;

  for (i = 0; i < n; i++) {
    const rrn_pack_spot *s = &packed->spots[i];
    int32_t load = 1;

    if (s->crossbar < 0 || s->crossbar >= packed->opened || s->row < 0 || s->row + boxes[i].rows > rules->rows ||
        s->col < 0 || s->col + boxes[i].cols > rules->cols)
      return 0;
    for (j = 0; j < i; j++) {
      if (packed->spots[j].crossbar != s->crossbar)
        continue;
      if (!packing_pair_valid(rules, c, &boxes[i], s, &boxes[j], &packed->spots[j]) || ++load > rules->max_load)
        return 0;
    }
  }
  return 1;
}

#endif
