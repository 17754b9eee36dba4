/* SPDX-License-Identifier: MIT */
/* Layer tables of RNC's networks, made by its own code (tests/data/net/layers_NAME.csv), against the example
 * networks and the genomes: every layer, in order, with name, operator, channels, window, shapes and matrix. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rramnas/rramnas.h"

static size_t
read_file(const char *path, char *buffer, size_t size)
{
  FILE *f = fopen(path, "rb");
  size_t n;

  if (!f)
    fail_msg("cannot open %s", path);
  n = fread(buffer, 1, size, f);
  fclose(f);
  return n;
}

static rramnas_net *
load(const char *name)
{
  static const char *const files[][2] = {
    { "mbv3_small", "mobilenet_v3_small_rnc" }, { "squeezenet", "squeezenet1_1" }, { "resnet18", "resnet18_cifar" },
  };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  char path[4096], text[4096];
  size_t i, n;

  for (i = 0; i < 3; i++)
    if (strcmp(name, files[i][0]) == 0) {
      snprintf(path, sizeof(path), "%s/networks/%s.yaml", getenv("RRAMNAS_EXAMPLES"), files[i][1]);
      if (rramnas_net_load_file(path, NULL, NULL, &net, &err) < 0)
        fail_msg("%s", err.message);
      return net;
    }
  snprintf(path, sizeof(path), "%s/net/genome_%s.json", getenv("RRAMNAS_TEST_DATA"), name);
  n = read_file(path, text, sizeof(text));
  if (rramnas_net_create_ofa_from_genome(text, n, path, NULL, &net, &err) < 0)
    fail_msg("%s", err.message);
  return net;
}

/* "3x64x64", "-" for nothing. */
static const char *
join(const int64_t *numbers, int32_t n, char *text)
{
  int32_t i;
  size_t used = 0;

  strcpy(text, "-");
  for (i = 0; i < n; i++)
    used += (size_t)sprintf(text + used, i ? "x%lld" : "%lld", (long long)numbers[i]);
  return text;
}

/* The layer as a line of the table. */
static void
describe(const rramnas_layer *l, char *line)
{
  char kernel[64], stride[64], pad[64], in[256], out[256];
  int32_t i;

  for (i = 0; i < l->n_spatial; i++)
    assert_int_equal(l->pad[i], l->pad[l->n_spatial + i]);
  sprintf(line, "%d,%s,%s,%lld,%lld,%s,%s,%s,%d,%s,%s,%lld,%lld,%lld\n", (int)l->index, l->name, rramnas_op_name(l->op),
          (long long)l->in_shape[1], (long long)l->out_shape[1], join(l->kernel, l->n_spatial, kernel),
          join(l->stride, l->n_spatial, stride), join(l->pad, l->n_spatial, pad), (int)l->groups,
          join(l->in_shape, l->in_rank, in), join(l->out_shape, l->out_rank, out), (long long)l->matrix_rows,
          (long long)l->matrix_cols, (long long)l->positions);
}

static size_t
compare(const char *name)
{
  rramnas_layer layer = RRAMNAS_LAYER_INIT;
  rramnas_net *net = load(name);
  char path[4096], expected[1024], got[1024];
  size_t n = 0;
  FILE *f;

  snprintf(path, sizeof(path), "%s/net/layers_%s.csv", getenv("RRAMNAS_TEST_DATA"), name);
  f = fopen(path, "r");
  if (!f || !fgets(expected, sizeof(expected), f))
    fail_msg("cannot read %s", path);
  while (fgets(expected, sizeof(expected), f)) {
    assert_int_equal(rramnas_net_layer(net, n++, &layer), RRAMNAS_OK);
    describe(&layer, got);
    assert_string_equal(got, expected);
    assert_int_equal(layer.mapped, 1);
    assert_int_equal(layer.weights, layer.matrix_rows * layer.matrix_cols);
    assert_int_equal(layer.macs, layer.weights * layer.positions);
  }
  assert_int_equal(n, rramnas_net_layer_count(net));
  fclose(f);
  rramnas_net_unref(net);
  return n;
}

static void
layer_tables(void **state)
{
  static const struct { const char *name; size_t layers; } nets[] = {
    { "mbv3_small", 63 }, { "squeezenet", 26 }, { "resnet18", 21 }, { "ofa0", 65 }, { "ofa1", 63 },
    { "ofa2", 65 },       { "ofa3", 73 },       { "ofa4", 68 },     { "ofa_max", 78 },
  };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
    assert_int_equal(compare(nets[i].name), nets[i].layers);
}

int
main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(layer_tables) };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
