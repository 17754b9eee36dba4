/* SPDX-License-Identifier: MIT */
/* RNC's networks and chip by the names that the golden files use. RRAMNAS_EXAMPLES and RRAMNAS_TEST_DATA name the
 * folders. */
#ifndef RRAMNAS_TESTS_NETS_H
#define RRAMNAS_TESTS_NETS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rramnas/rramnas.h"

static inline FILE *
test_data_open(const char *name)
{
  char path[4096];
  FILE *f;

  snprintf(path, sizeof(path), "%s/%s", getenv("RRAMNAS_TEST_DATA"), name);
  f = fopen(path, "r");
  if (!f)
    fprintf(stderr, "cannot open %s\n", path);
  return f;
}

static inline rramnas_net *
test_net_ofa(const char *name)
{
  FILE *f = test_data_open("rnc/genomes.txt");
  char found[64];
  rramnas_net *net = NULL;
  int32_t genes[44];
  int i;

  while (f && !net && fscanf(f, "%63s", found) == 1) {
    for (i = 0; i < 44; i++)
      if (fscanf(f, "%d", &genes[i]) != 1)
        genes[i] = 0;
    if (strcmp(found, name) == 0)
      rramnas_net_create_ofa_mobilenet_v3_small(genes, genes + 20, genes + 40, NULL, &net, NULL);
  }
  if (f)
    fclose(f);
  return net;
}

/* NULL for networks whose genome is not in the data. */
static inline rramnas_net *
test_net(const char *name)
{
  const char *file = strcmp(name, "mbv3_small") == 0 ? "mobilenet_v3_small_rnc"
                   : strcmp(name, "squeezenet") == 0 ? "squeezenet1_1"
                   : strcmp(name, "resnet18") == 0   ? "resnet18_cifar"
                                                     : NULL;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  char path[4096];

  if (!file)
    return test_net_ofa(name);
  snprintf(path, sizeof(path), "%s/networks/%s.yaml", getenv("RRAMNAS_EXAMPLES"), file);
  if (rramnas_net_load_file(path, NULL, NULL, &net, &err) < 0)
    fprintf(stderr, "%s\n", err.message);
  return net;
}

/* RNC's chip with crossbars of another side; sub-arrays as the golden runs had them. */
static inline rramnas_hw *
test_hw_rnc(int side)
{
  static const char *const fields[3] = { "crossbar.subarray_rows", "crossbar.rows", "crossbar.cols" };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw = NULL, *next;
  char path[4096], value[16];
  int i;

  snprintf(path, sizeof(path), "%s/hardware/rnc.yaml", getenv("RRAMNAS_EXAMPLES"));
  if (rramnas_hw_load_file(path, RRAMNAS_HW_FORMAT_AUTO, NULL, &hw, &err) < 0)
    fprintf(stderr, "%s\n", err.message);
  for (i = 0; hw && i < 3; i++) {
    next = NULL;
    snprintf(value, sizeof(value), "%d", i == 0 ? (side == 64 ? 64 : 128) : side);
    if (rramnas_hw_with_value(hw, fields[i], value, &next, &err) < 0)
      fprintf(stderr, "%s\n", err.message);
    rramnas_hw_unref(hw);
    hw = next;
  }
  return hw;
}

#endif
