/* SPDX-License-Identifier: MIT */
/* Every layer of eight network exports against layers.csv, which comes from the exporters' side. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/onnx.h"

enum { COLUMNS = 13, LINE = 512 };

/* Cuts a line at its commas. */
static int
cut(char *line, char *cells[COLUMNS])
{
  int n = 0;

  line[strcspn(line, "\n")] = '\0';
  for (;; line++) {
    if (n < COLUMNS)
      cells[n] = line;
    n++;
    line = strchr(line, ',');
    if (!line)
      return n;
    *line = '\0';
  }
}

static void
check_list(const char *expected, const int64_t *values, int32_t n, const char *where)
{
  char text[256];

  if (strcmp(onnx_dims(values, n, text, sizeof(text)), expected) != 0)
    fail_msg("%s: %s, expected %s", where, text, expected);
}

/* net,node,op,in_shape,out_shape,kernel,stride,pad,dilation,groups,weights,macs,bias */
static void
check_layer(const rramnas_layer *layer, char *const cells[COLUMNS])
{
  const int64_t numbers[] = { layer->groups, layer->weights, layer->macs, layer->has_bias };
  char where[LINE];
  int k;

  snprintf(where, sizeof(where), "%s: %s", cells[0], cells[1]);
  assert_string_equal(layer->name, cells[1]);
  assert_string_equal(rramnas_op_name(layer->op), cells[2]);
  assert_int_equal(layer->mapped, 1);
  check_list(cells[3], layer->in_shape, layer->in_rank, where);
  check_list(cells[4], layer->out_shape, layer->out_rank, where);
  check_list(cells[5], layer->kernel, layer->n_spatial, where);
  check_list(cells[6], layer->stride, layer->n_spatial, where);
  check_list(cells[7], layer->pad, 2 * layer->n_spatial, where);
  check_list(cells[8], layer->dilation, layer->n_spatial, where);
  for (k = 0; k < 4; k++)
    check_list(cells[9 + k], &numbers[k], 1, where);
}

static void
layers(void **state)
{
  char line[LINE], current[64] = "", file[80], *cells[COLUMNS];
  rrn_file table = onnx_open("layers.csv");
  char *text = calloc(table.size + 1, 1), *at, *end = text + table.size;
  rramnas_net *net = NULL;
  size_t row = 0, networks = 0, total = 0;

  (void)state;
  memcpy(text, table.data, table.size);
  for (at = strchr(text, '\n') + 1; at < end; at += strcspn(at, "\n") + 1) {
    rramnas_error err = RRAMNAS_ERROR_INIT;

    snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
    assert_int_equal(cut(line, cells), COLUMNS);
    if (strcmp(current, cells[0]) != 0) {
      assert_true(!net || row == net->n_layers);
      rramnas_net_unref(net);
      net = NULL;
      snprintf(current, sizeof(current), "%s", cells[0]);
      snprintf(file, sizeof(file), "%s.onnx", current);
      if (onnx_import(file, 0, NULL, &net, &err) < 0)
        fail_msg("%s", err.message);
      row = 0;
      networks++;
    }
    assert_true(row < net->n_layers);
    check_layer(&net->layers[row++], cells);
    total++;
  }
  assert_true(net && row == net->n_layers);
  assert_int_equal(networks, 8);
  assert_int_equal(total, 295);
  rramnas_net_unref(net);
  rrn_file_close(&table);
  free(text);
}

int
main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(layers) };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
