/* SPDX-License-Identifier: MIT */
/* Groups of a layer that share a crossbar are read one after the other: the turn of each, by its definition, wherever
 * the pieces of its matrix are cut. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "accuracy/accuracy.h"
#include "compile/mapping.h"
#include "util/runtime.h"

static void
check(int32_t status, const rramnas_error *err)
{
  if (status < 0)
    fail_msg("%s", err->message);
}

/* Depthwise; four groups of eight outputs; groups too wide for a small crossbar. */
static const char network[] = "schema: rramnas.network/1\n"
                              "name: grouped\n"
                              "inputs:\n"
                              "  - {name: image, shape: [batch, 32, 8, 8]}\n"
                              "nodes:\n"
                              "  - {name: depthwise, op: Conv, out_channels: 32, kernel: 3, pad: 1, groups: 32}\n"
                              "  - {name: four, op: Conv, out_channels: 32, kernel: 3, pad: 1, groups: 4}\n"
                              "  - {name: wide, op: Conv, out_channels: 256, kernel: 1, groups: 2}\n";

static rramnas_mapping *
mapped(int32_t policy, int32_t rows, int32_t cols)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_net_options how = RRAMNAS_NET_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;
  rramnas_hw *hw;
  rramnas_net *net;
  char text[256];

  how.format = RRAMNAS_NET_FORMAT_YAML;
  snprintf(text, sizeof(text), "schema: rramnas.hardware/1\ncrossbar: {rows: %d, cols: %d}\n", (int)rows, (int)cols);
  check(rramnas_hw_load_buffer(text, strlen(text), "chip", RRAMNAS_HW_FORMAT_YAML, NULL, &hw, &err), &err);
  check(rramnas_net_load_buffer(network, strlen(network), "net.yaml", &how, NULL, &net, &err), &err);
  o.policy = policy;
  o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  check(rramnas_compile(hw, net, &o, NULL, &m, &err), &err);
  rramnas_hw_unref(hw);
  rramnas_net_unref(net);
  return m;
}

/* Of groups of the matrix that have a column in the piece, how many there are before a column. */
static int64_t
groups_before(const rrn_matrix *x, const rrn_piece *p, int64_t col)
{
  const int64_t each = x->cols / x->groups;
  int64_t n = 0, g;

  for (g = 0; g < x->groups; g++)
    n += (g + 1) * each > p->col0 && g * each < p->col0 + p->cols / x->cells && (g + 1) * each <= col;
  return n;
}

/* Turns of the groups of a layer by the pieces that they begin in. */
static size_t
compare(const rramnas_mapping *m, int32_t layer, size_t n_groups, size_t n_out, const rrn_turn *turns)
{
  const rrn_matrix *x = &m->matrices[layer];
  size_t g, n_later = 0;
  int32_t i;

  for (g = 0; g < n_groups; g++) {
    const int64_t col = (int64_t)(g * n_out);

    for (i = m->first_piece[layer]; i < m->first_piece[layer + 1]; i++) {
      const rrn_piece *p = &m->pieces[i];

      if (col < p->col0 || col >= p->col0 + p->cols / x->cells)
        continue;
      assert_int_equal(turns[g].turn, groups_before(x, p, col) / p->groups_at_once);
      assert_int_equal(turns[g].n_turns,
                       (groups_before(x, p, INT64_MAX) + p->groups_at_once - 1) / p->groups_at_once);
      assert_true(turns[g].turn < turns[g].n_turns);
    }
    n_later += turns[g].turn > 0;
  }
  return n_later;
}

static void
turns_are_those_of_the_pieces(void **state)
{
  static const struct {
    size_t n_groups, n_out;
  } layers[] = { { 32, 1 }, { 4, 8 }, { 2, 128 } };
  static const int32_t policies[] = { RRAMNAS_POLICY_ISAAC, RRAMNAS_POLICY_RNC, RRAMNAS_POLICY_BEST },
                       sizes[][2] = { { 128, 128 }, { 64, 32 }, { 32, 64 }, { 256, 1024 } };
  size_t k, s, n_later = 0;
  int32_t layer;

  (void)state;
  for (k = 0; k < sizeof(policies) / sizeof(policies[0]); k++)
    for (s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
      rramnas_mapping *m = mapped(policies[k], sizes[s][0], sizes[s][1]);
      rramnas_error err = RRAMNAS_ERROR_INIT;
      rrn_arena arena;
      rrn_rt rt;

      check(rrn_rt_init(&rt, NULL, &err), &err);
      rrn_arena_init(&arena, &rt);
      assert_int_equal(m->n_layers, 3);
      for (layer = 0; layer < 3; layer++) {
        rrn_turn *turns = NULL;

        check(rrn_turns_of(&arena, m, layer, layers[layer].n_groups, layers[layer].n_out, &turns, &err), &err);
        n_later += compare(m, layer, layers[layer].n_groups, layers[layer].n_out, turns);
      }
      rrn_arena_release(&arena);
      rramnas_mapping_unref(m);
    }
  assert_true(n_later > 100);
}

int
main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(turns_are_those_of_the_pieces) };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
