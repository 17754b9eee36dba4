/* SPDX-License-Identifier: MIT */
/* Inference in single precision: the digits network, a member of a supernet, kernels by instruction set. Units: MAC; of
 * candidates, candidates. */
#include <stdlib.h>

#define assert_non_null(x) ((x) ? (void)0 : exit(1))
#include "bench.h"
#include "accuracy/judge.h"
#include "infer.h"
#include "infer/plan.h"

enum { IMAGES = 256 };

typedef struct job {
  rrn_infer_plan *plan;
  float *images, *outputs;
  const rrn_infer_kernels *kernels;
  rrn_safetensors *file;
  rrn_ofa_genome genome;
} job;

static void
run(void *user)
{
  job *j = user;
  rramnas_error err = RRAMNAS_ERROR_INIT;

  j->plan->kernels = j->kernels;
  bench_must(rrn_infer_run(j->plan, NULL, j->images, IMAGES, 1, j->outputs, &err), &err);
}

static void
calibrate(void *user)
{
  job *j = user;
  rramnas_error err = RRAMNAS_ERROR_INIT;

  bench_must(rrn_infer_calibrate(j->plan, NULL, j->images, IMAGES, 1, NULL, NULL, &err), &err);
}

static void
set_up(void *user)
{
  job *j = user;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  rrn_values *values = NULL;
  rrn_infer_plan *plan = NULL;

  bench_must(rrn_net_ofa_named(RRN_OFA_SMALL, &j->genome, "member", NULL, &net, &err), &err);
  bench_must(rrn_weights_of_supernet(j->file, NULL, &j->genome, net, NULL, &values, &err), &err);
  bench_must(rrn_infer_plan_new(values, NULL, &plan, &err), &err);
  rrn_infer_plan_free(plan);
  rrn_values_free(values);
  rramnas_net_unref(net);
}

static double
macs(const rramnas_net *net)
{
  double sum = 0;
  size_t i;

  for (i = 0; i < net->n_layers; i++)
    sum += (double)net->layers[i].macs;
  return sum;
}

static void
make_images(job *j)
{
  size_t i, n = IMAGES * rrn_infer_n_in(j->plan);

  j->images = malloc(n * sizeof(float));
  j->outputs = malloc(IMAGES * rrn_infer_n_out(j->plan) * sizeof(float));
  assert_non_null(j->images);
  assert_non_null(j->outputs);
  for (i = 0; i < n; i++)
    j->images[i] = (float)(i * 7 % 17) / 16;
}

static void
bench_digits(void)
{
  static const char *const names[] = { "digits, 256 images, plain", "digits, 256 images, AVX",
                                       "digits, 256 images, AVX-512" };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  job j = { 0 };
  planned p;
  int cpu;

  bench_must(planned_onnx("onnx/digits_cnn.onnx", NULL, &p, &err), &err);
  j.plan = p.plan;
  make_images(&j);
  for (cpu = RRN_INFER_CPU_PLAIN; cpu <= RRN_INFER_CPU_AVX512; cpu++)
    if ((j.kernels = rrn_infer_kernels_of((enum rrn_infer_cpu)cpu)) != NULL)
      bench_run(names[cpu], run, &j, macs(p.net) * IMAGES);
  free(j.images);
  free(j.outputs);
  planned_free(&p);
}

static void
bench_member(void)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  rrn_values *values = NULL;
  job j = { .kernels = rrn_infer_kernels_best() };
  char path[1024];
  int i;

  bench_must(rrn_safetensors_open(data_path("supernet/mini.safetensors", path), NULL, &j.file, &err), &err);
  bench_must(rrn_weights_ofa_widths(j.file, RRN_OFA_SMALL, &j.genome.widths, &j.genome.classes, &err), &err);
  for (i = 0; i < 16; i++) {
    j.genome.kernel_sizes[i] = 5;
    j.genome.expansions[i] = 6;
    j.genome.depths[i / 4] = 4;
  }
  j.genome.image = 32;
  bench_must(rrn_net_ofa_named(RRN_OFA_SMALL, &j.genome, "member", NULL, &net, &err), &err);
  bench_must(rrn_weights_of_supernet(j.file, NULL, &j.genome, net, NULL, &values, &err), &err);
  bench_must(rrn_infer_plan_new(values, NULL, &j.plan, &err), &err);
  make_images(&j);
  bench_run("supernet member: network, weights, plan", set_up, &j, 1);
  bench_run("supernet member: calibrate, 256 images", calibrate, &j, macs(net) * IMAGES);
  bench_run("supernet member: run, 256 images", run, &j, macs(net) * IMAGES);
  free(j.images);
  free(j.outputs);
  rrn_infer_plan_free(j.plan);
  rrn_values_free(values);
  rramnas_net_unref(net);
  rrn_safetensors_free(j.file);
}

/* --- candidates of a search --- */

enum { MEMBERS = 12 };

typedef struct candidates {
  rrn_judge *judge;
  rramnas_net *nets[MEMBERS];
} candidates;

static void
judge_all(void *user)
{
  rramnas_accuracy a = RRAMNAS_ACCURACY_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  candidates *c = user;
  int i;

  for (i = 0; i < MEMBERS; i++)
    bench_must(rrn_judge_run(c->judge, c->nets[i], NULL, RRN_JUDGE_DIGITAL, 1, NULL, &a, NULL, &err), &err);
}

/* A line of the file: kernel sizes, expansions, depths, right answers. */
static rramnas_net *
read_member(FILE *file, const rrn_safetensors *supernet)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_ofa_genome g = { .image = 32 };
  rramnas_net *net = NULL;
  int i, number;

  for (i = 0; i < 37; i++) {
    if (fscanf(file, "%d", &number) != 1)
      exit(1);
    if (i < 36)
      *(i < 16 ? &g.kernel_sizes[i] : i < 32 ? &g.expansions[i - 16] : &g.depths[i - 32]) = number;
  }
  bench_must(rrn_weights_ofa_widths(supernet, RRN_OFA_SMALL, &g.widths, &g.classes, &err), &err);
  bench_must(rrn_net_ofa_member(RRN_OFA_SMALL, &g, NULL, &net, &err), &err);
  return net;
}

static void
bench_candidates(void)
{
  rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char weights[1024], data[1024], path[1024];
  FILE *cases = fopen(data_path("supernet/digits_cases.txt", path), "r");
  candidates c = { 0 };
  int i;

  o.weights = data_path("supernet/digits.safetensors", weights);
  o.data = data_path("digits/digits.yaml", data);
  bench_must(rrn_judge_load(&o, NULL, &c.judge, &err), &err);
  assert_non_null(cases);
  for (i = 0; i < MEMBERS; i++)
    c.nets[i] = read_member(cases, c.judge->file);
  fclose(cases);
  bench_run("supernet: a candidate, 512 images calibrate, 360 are judged", judge_all, &c, MEMBERS);
  for (i = 0; i < MEMBERS; i++)
    rramnas_net_unref(c.nets[i]);
  rrn_judge_free(c.judge);
}

int
main(void)
{
  bench_digits();
  bench_member();
  bench_candidates();
  return 0;
}
