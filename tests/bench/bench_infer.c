/* SPDX-License-Identifier: MIT */
/* Inference in single precision: the digits network, a member of a supernet, kernels by instruction set. Units: MAC. */
#include <stdlib.h>

#define assert_non_null(x) ((x) ? (void)0 : exit(1))
#include "bench.h"
#include "infer.h"
#include "infer/plan.h"
#include "weights/weights.h"

enum { IMAGES = 256 };

typedef struct job {
  rrn_infer_plan *plan;
  float *images, *outputs;
  const rrn_infer_kernels *kernels;
  rrn_safetensors *file;
  rrn_ofa_genome genome;
} job;

static void
must(int32_t status, const rramnas_error *err)
{
  if (status < 0) {
    fprintf(stderr, "%s\n", err->message);
    exit(1);
  }
}

static void
run(void *user)
{
  job *j = user;
  rramnas_error err = RRAMNAS_ERROR_INIT;

  j->plan->kernels = j->kernels;
  must(rrn_infer_run(j->plan, NULL, j->images, IMAGES, 1, j->outputs, &err), &err);
}

static void
calibrate(void *user)
{
  job *j = user;
  rramnas_error err = RRAMNAS_ERROR_INIT;

  must(rrn_infer_calibrate(j->plan, NULL, j->images, IMAGES, 1, NULL, NULL, &err), &err);
}

static void
set_up(void *user)
{
  job *j = user;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  rrn_values *values = NULL;
  rrn_infer_plan *plan = NULL;

  must(rrn_net_ofa_named(RRN_OFA_SMALL, &j->genome, "member", NULL, &net, &err), &err);
  must(rrn_weights_of_supernet(j->file, &j->genome, net, NULL, &values, &err), &err);
  must(rrn_infer_plan_new(values, NULL, &plan, &err), &err);
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

  must(planned_onnx("onnx/digits_cnn.onnx", NULL, &p, &err), &err);
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

  must(rrn_safetensors_open(data_path("supernet/mini.safetensors", path), NULL, &j.file, &err), &err);
  must(rrn_weights_ofa_widths(j.file, RRN_OFA_SMALL, &j.genome.widths, &j.genome.classes, &err), &err);
  for (i = 0; i < 16; i++) {
    j.genome.kernel_sizes[i] = 5;
    j.genome.expansions[i] = 6;
    j.genome.depths[i / 4] = 4;
  }
  j.genome.image = 32;
  must(rrn_net_ofa_named(RRN_OFA_SMALL, &j.genome, "member", NULL, &net, &err), &err);
  must(rrn_weights_of_supernet(j.file, &j.genome, net, NULL, &values, &err), &err);
  must(rrn_infer_plan_new(values, NULL, &j.plan, &err), &err);
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

int
main(void)
{
  bench_digits();
  bench_member();
  return 0;
}
