/* SPDX-License-Identifier: MIT */
/* Whole networks on chips with errors: the digits network, 360 images, one processor. Units: chips; a chip is programmed and
 * sees every image. Also what programming alone takes, and the memory of a programmed chip.
 *
 *   bench-accuracy           all rows
 *   bench-accuracy N         N chips of the first row, for profiles */
#include <stdlib.h>

#define assert_non_null(x) ((x) ? (void)0 : exit(1))
#include "../../examples/common/tiles.h"
#include "accuracy/accuracy.h"
#include "bench.h"
#include "data/data.h"
#include "infer.h"
#include "infer/accuracy.h"
#include "oom.h"

enum { IMAGES = 360, SAMPLE = 64, MOST_LAYERS = 64 };

typedef struct job {
  planned p;
  rrn_rt rt;
  float *images; /* of the test */
  int32_t labels[IMAGES];
  rrn_quantised q;
  rramnas_hw *hw;
  rrn_chip_options options;
  rrn_chip *first; /* whose converters all have */
} job;

static void
program(void *user)
{
  job *j = user;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_chip *chip;

  j->options.trial++;
  j->options.like = j->first;
  bench_must(rrn_chip_program(&j->rt, &j->q, j->hw, &j->options, &chip, &err), &err);
  rrn_chip_free(chip);
}

static void
judge(void *user)
{
  job *j = user;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_chip *chip;
  size_t right;

  j->options.trial++;
  j->options.like = j->first;
  bench_must(rrn_chip_program(&j->rt, &j->q, j->hw, &j->options, &chip, &err), &err);
  bench_must(rrn_infer_count_right_of(j->p.plan, rrn_chip_backend(chip), j->images, j->labels, IMAGES, 1, &right, &err), &err);
  rrn_chip_free(chip);
}

static void
judge_floats(void *user)
{
  job *j = user;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  size_t right;

  bench_must(rrn_infer_count_right_of(j->p.plan, NULL, j->images, j->labels, IMAGES, 1, &right, &err), &err);
}

static void
load(job *j)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_layer_bits bits[MOST_LAYERS];
  rrn_data *data = NULL;
  float *images;
  char path[1024];
  size_t i;

  memset(j, 0, sizeof(*j));
  bench_must(rrn_rt_init(&j->rt, NULL, &err), &err);
  bench_must(planned_onnx("onnx/digits_cnn.onnx", NULL, &j->p, &err), &err);
  bench_must(rrn_data_load(data_path("digits/digits_8x8.yaml", path), NULL, &data, &err), &err);
  images = malloc(SAMPLE * rrn_infer_n_in(j->p.plan) * sizeof(*images));
  j->images = malloc(IMAGES * rrn_infer_n_in(j->p.plan) * sizeof(*j->images));
  assert_non_null(images && j->images);
  bench_must(rrn_data_read(data, RRN_DATA_TRAIN, 0, SAMPLE, images, NULL, &err), &err);
  bench_must(rrn_data_read(data, RRN_DATA_TEST, 0, IMAGES, j->images, j->labels, &err), &err);
  rrn_data_free(data);
  for (i = 0; i < MOST_LAYERS; i++)
    bits[i] = (rrn_layer_bits){ 8, 8 };
  bench_must(rrn_quantise(&j->rt, j->p.plan, bits, rramnas_net_layer_count(j->p.net), images, SAMPLE, &j->q, &err), &err);
  free(images);
}

/* A chip by its YAML, and the first of its kind. */
static void
use(job *j, const rrn_rt *rt, const char *yaml)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;

  rrn_chip_free(j->first);
  rramnas_hw_unref(j->hw);
  bench_must(rramnas_hw_load_buffer(yaml, strlen(yaml), "chip", RRAMNAS_HW_FORMAT_YAML, NULL, &j->hw, &err), &err);
  j->options = (rrn_chip_options){ .seed = 1 };
  bench_must(rrn_chip_program(rt, &j->q, j->hw, &j->options, &j->first, &err), &err);
}

static size_t
weights_of(const rrn_quantised *q)
{
  size_t i, n = 0;

  for (i = 0; i < q->n; i++)
    n += q->layers[i].shape.n_groups * q->layers[i].shape.n_out * q->layers[i].shape.n_in;
  return n;
}

/* Bytes of a chip that has been programmed, and on the way to it. */
static void
print_memory(job *j, const char *yaml)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  oom o = { 0 };
  const rramnas_runtime runtime = oom_runtime(&o);
  rrn_chip *chip;
  rrn_rt rt;

  use(j, &j->rt, yaml);
  bench_must(rrn_rt_init(&rt, &runtime, &err), &err);
  j->options.trial++;
  j->options.like = j->first;
  bench_must(rrn_chip_program(&rt, &j->q, j->hw, &j->options, &chip, &err), &err);
  printf("memory of a chip: %zu weights, %.2f bytes each, %.2f while it is programmed\n", weights_of(&j->q),
         (double)o.n_bytes / (double)weights_of(&j->q), (double)o.peak_bytes / (double)weights_of(&j->q));
  rrn_chip_free(chip);
}

int
main(int argc, char **argv)
{
  static const struct {
    const char *name, *yaml;
  } chips[] = {
    { "4 x 2-bit cells, 3 % write", "schema: rramnas.hardware/1\nnoise: {write_model: relative, write_sigma: 0.03}\n" },
    { "8 x 1-bit cells, 3 % write", "schema: rramnas.hardware/1\ndevice: {bits_per_cell: 1}\n"
                                    "noise: {write_model: relative, write_sigma: 0.03}\n" },
    { "2-bit, 3 % write, 1 % read", "schema: rramnas.hardware/1\nnoise: {write_model: relative, write_sigma: 0.03, "
                                    "read_model: relative, read_sigma: 0.01}\n" },
  };
  char name[128];
  size_t k;
  long n;
  job j;

  allow_tiles();
  load(&j);
  use(&j, &j.rt, chips[0].yaml);
  if (argc > 1) {
    for (n = atol(argv[1]); n > 0; n--)
      judge(&j);
    return 0;
  }
  bench_run("digits, 360 images, floats", judge_floats, &j, 1);
  for (k = 0; k < sizeof(chips) / sizeof(chips[0]); k++) {
    use(&j, &j.rt, chips[k].yaml);
    snprintf(name, sizeof(name), "program: %s", chips[k].name);
    bench_run(name, program, &j, 1);
    snprintf(name, sizeof(name), "360 images: %s", chips[k].name);
    bench_run(name, judge, &j, 1);
  }
  print_memory(&j, chips[0].yaml);
  return 0;
}
