/* SPDX-License-Identifier: MIT */
/* Depthwise layers whose groups take turns on several copies, a product for each group: the time of a group does not grow with
 * their number. Units: groups.
 *
 *   bench-turns         all rows
 *   bench-turns N       one product of each of N groups, for counts of instructions */
#include <stdlib.h>
#include <string.h>

#include "accuracy/accuracy.h"
#include "bench.h"

enum { N_IN = 9, POSITIONS = 8, COPIES = 4, TURNS = 4, LANES = 16 };

typedef struct job {
  rrn_rt rt;
  rrn_quantised q;
  rrn_quantised_layer layer;
  rrn_turn *turns;
  rramnas_hw *hw;
  rrn_chip *chip;
  float x[N_IN * POSITIONS * LANES];
} job;

static void *
room(size_t n, size_t size)
{
  void *p = calloc(n, size);

  if (!p)
    exit(1);
  return p;
}

static void
make_layer(job *j, size_t n_groups)
{
  rrn_quantised_layer *l = &j->layer;
  size_t i;

  *l = (rrn_quantised_layer){ .shape = { n_groups, 1, N_IN, POSITIONS }, .weight_bits = 8, .input_bits = 8, .x_unit = 1,
                              .weights = room(n_groups * N_IN, sizeof(int32_t)), .unit = room(n_groups, sizeof(float)),
                              .sums = room(n_groups, sizeof(int64_t)), .sample = room(n_groups * N_IN, sizeof(int32_t)),
                              .n_sample = 1, .n_copies = COPIES, .turns = j->turns = room(n_groups, sizeof(rrn_turn)) };
  for (i = 0; i < n_groups * N_IN; i++) {
    l->weights[i] = (int32_t)(i * 37 % 255) - 127;
    l->sample[i] = (int32_t)(i * 11 % 256);
  }
  for (i = 0; i < n_groups; i++) {
    l->unit[i] = 1;
    j->turns[i] = (rrn_turn){ (uint32_t)(i % TURNS), TURNS };
  }
}

/* Converters with errors, so that arrays are not short ones. */
static void
start(job *j, size_t n_groups)
{
  static const char text[] = "schema: rramnas.hardware/1\nnoise: {write_model: relative, write_sigma: 0.03}\n"
                             "adc: {unit_sigma: 0.1}\n";
  const rrn_chip_options options = { .seed = 1 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  size_t i;

  memset(j, 0, sizeof(*j));
  for (i = 0; i < sizeof(j->x) / sizeof(j->x[0]); i++)
    j->x[i] = (float)(i % 256);
  make_layer(j, n_groups);
  j->q = (rrn_quantised){ .layers = &j->layer, .n = 1 };
  bench_must(rrn_rt_init(&j->rt, NULL, &err), &err);
  bench_must(rramnas_hw_load_buffer(text, sizeof(text) - 1, "chip", RRAMNAS_HW_FORMAT_YAML, NULL, &j->hw, &err), &err);
  bench_must(rrn_chip_program(&j->rt, &j->q, j->hw, &options, &j->chip, &err), &err);
}

static void
finish(job *j)
{
  rrn_chip_free(j->chip);
  rramnas_hw_unref(j->hw);
  free(j->layer.weights);
  free(j->layer.unit);
  free(j->layer.sums);
  free(j->layer.sample);
  free(j->turns);
}

static void
multiply(void *user)
{
  job *j = user;
  const rrn_infer_backend *chip = rrn_chip_backend(j->chip);
  rramnas_error err = RRAMNAS_ERROR_INIT;
  float y[POSITIONS * LANES];
  size_t g;

  for (g = 0; g < j->layer.shape.n_groups; g++) {
    const rrn_infer_block b = { .group = (int32_t)g, .n_in = N_IN, .n_out = 1, .n_images = 1, .n_positions = POSITIONS,
                                .x = j->x, .x_row = POSITIONS * LANES, .x_position = LANES, .y = y,
                                .y_row = POSITIONS * LANES, .y_position = LANES };

    bench_must(chip->multiply(chip->user, &b, &err), &err);
  }
}

int
main(int argc, char **argv)
{
  static const size_t n_groups[] = { 128, 512, 2048, 8192 };
  char name[64];
  size_t k;
  job j;

  if (argc > 1) {
    start(&j, (size_t)atol(argv[1]));
    multiply(&j);
    finish(&j);
    return 0;
  }
  for (k = 0; k < sizeof(n_groups) / sizeof(n_groups[0]); k++) {
    start(&j, n_groups[k]);
    snprintf(name, sizeof(name), "%zu groups of 9 rows, 4 copies", n_groups[k]);
    bench_run(name, multiply, &j, (double)n_groups[k]);
    finish(&j);
  }
  return 0;
}
