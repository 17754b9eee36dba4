/* SPDX-License-Identifier: MIT */
/* The packing instances of tests/data/packing. */
#ifndef RRAMNAS_TESTS_PACKING_H
#define RRAMNAS_TESTS_PACKING_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "compile/bound.h"
#include "compile/pack_search.h"

enum { PACKING_BOXES = 1024, PACKING_INSTANCES = 9, PACKING_MODES = 3, PACKING_EVALUATIONS = 3000000, PACKING_SEED = 1 };

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

#endif
