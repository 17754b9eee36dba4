/* SPDX-License-Identifier: MIT */
/* Logits of a member of a supernet, batch normalisation anew over the images it is asked about: floats, to standard
 * output.
 *
 * Usage: member-logits SUPERNET GENOME IMAGES, where IMAGES are floats of the genome's image size. */
#include <stdio.h>
#include <stdlib.h>

#include "infer/infer.h"
#include "net/ofa.h"
#include "util/file.h"
#include "weights/weights.h"

static void
check(int32_t status, const rramnas_error *err)
{
  if (status < 0) {
    fprintf(stderr, "%s\n", err->message);
    exit(1);
  }
}

static rrn_file
open_file(const char *path)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_file file;

  check(rrn_file_open(&file, path, UINT64_MAX, &err), &err);
  return file;
}

static rramnas_net *
member_of(const char *genome, const char *supernet)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  rrn_file file = open_file(genome);

  check(rramnas_net_create_ofa_from_supernet(file.data, file.size, genome, supernet, NULL, NULL, &net, &err), &err);
  rrn_file_close(&file);
  return net;
}

static rrn_values *
values_of(rramnas_net *net, const char *supernet)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_safetensors *file = NULL;
  rrn_values *values = NULL;

  check(rrn_safetensors_open(supernet, NULL, &file, &err), &err);
  check(rrn_weights_of_supernet(file, NULL, net->ofa, net, NULL, &values, &err), &err);
  rrn_safetensors_free(file);
  return values;
}

static void
print_logits(const rrn_values *values, const rrn_ofa_genome *genome, const rrn_file *images)
{
  const size_t n = images->size / sizeof(float) / (size_t)(3 * genome->image * genome->image);
  float *logits = malloc(n * (size_t)genome->classes * sizeof(*logits));
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_infer_plan *plan = NULL;

  if (!logits)
    exit(1);
  check(rrn_infer_plan_new(values, NULL, &plan, &err), &err);
  check(rrn_infer_calibrate(plan, NULL, (const float *)(const void *)images->data, n, 1, NULL, NULL, &err), &err);
  check(rrn_infer_run(plan, NULL, (const float *)(const void *)images->data, n, 1, logits, &err), &err);
  fwrite(logits, sizeof(*logits), n * (size_t)genome->classes, stdout);
  rrn_infer_plan_free(plan);
  free(logits);
}

int
main(int argc, char **argv)
{
  rramnas_net *net;
  rrn_values *values;
  rrn_file images;

  if (argc != 4)
    return 2;
  net = member_of(argv[2], argv[1]);
  values = values_of(net, argv[1]);
  images = open_file(argv[3]);
  print_logits(values, net->ofa, &images);
  rrn_file_close(&images);
  rrn_values_free(values);
  rramnas_net_unref(net);
  return 0;
}
