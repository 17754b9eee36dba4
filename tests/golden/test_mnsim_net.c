/* SPDX-License-Identifier: MIT */
/* Whole networks of MNSIM 2.0, 16 runs of five networks: tiles, places, buffers, times, area, power and energy of each
 * layer and in total within 1e-9 of what MNSIM printed. The networks are read from our format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/hw.h"
#include "../support/ini.h"
#include "../support/table.h"
#include "mnsim/mnsim.h"

#define TOLERANCE 1e-9
#define N(array) (sizeof(array) / sizeof((array)[0]))
enum { N_PARTS = 16, N_TIMES = 20 };

typedef struct run {
  rramnas_hw *hw;
  rramnas_net *net;
  rrn_mnsim_config c;
  rrn_arena arena;
  rrn_mnsim_result result;
  size_t layer;
} run;

static size_t n_values;

static void
compare(const table_row *row, size_t first, const double *got, size_t n)
{
  table_compare(row, first, got, n, TOLERANCE);
  n_values += n;
}

/* MNSIM's networks have weights and activations of 9 bits, which its file does not say. */
static rramnas_hw *
with_bits(rramnas_hw *hw)
{
  static const char *const fields[] = { "weight.bits", "input.bits" };
  rramnas_hw *next;
  size_t i;

  for (i = 0; i < N(fields); i++) {
    next = NULL;
    assert_int_equal(rramnas_hw_with_value(hw, fields[i], "9", &next, NULL), RRAMNAS_OK);
    rramnas_hw_unref(hw);
    hw = next;
  }
  return hw;
}

static rramnas_net *
load_net(const char *name, size_t length)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  char path[4096];

  snprintf(path, sizeof(path), "%s/mnsim/nets/%.*s.yaml", getenv("RRAMNAS_TEST_DATA"), (int)length, name);
  if (rramnas_net_load_file(path, NULL, NULL, &net, &err) < 0)
    fail_msg("%s", err.message);
  return net;
}

static void
end(run *r)
{
  rrn_arena_release(&r->arena);
  rramnas_net_unref(r->net);
  rramnas_hw_unref(r->hw);
}

/* "set:NET:MODE,NAME|KEYS" */
static void
begin(run *r, const table_row *row, const rrn_rt *rt)
{
  const char *net = row->field[0] + 4;
  const size_t length = strcspn(net, ":");
  rramnas_error err = RRAMNAS_ERROR_INIT;

  r->hw = with_bits(hw_changed_ini(row->field[2]));
  r->net = load_net(net, length);
  r->c = rrn_mnsim_config_from_hw(r->hw);
  r->layer = 0;
  rrn_arena_init(&r->arena, rt);
  if (rrn_mnsim_network(&r->c, r->net, (enum rrn_mnsim_mode)(net[length + 1] - '0'), &r->arena, &r->result, &err) < 0)
    fail_msg("%s: %s", row->field[1], err.message);
}

static void
put_parts(double *got, const rrn_mnsim_parts *p)
{
  const double values[N_PARTS] = { p->total, p->crossbar, p->adc, p->dac, p->digital, p->adder, p->shift_register,
                                   p->input_register, p->output_register, p->input_demux, p->output_mux, p->joint,
                                   p->pooling, p->buffer, p->buffer_read, p->buffer_write };

  memcpy(got, values, sizeof(values));
}

static void
put_times(double *got, const rrn_mnsim_times *t)
{
  const double values[N_TIMES] = { t->buffer_ns, t->computing_ns, t->dac_ns, t->crossbar_ns, t->adc_ns, t->digital_ns,
                                   t->intra_tile_ns, t->inter_tile_ns, t->merge_ns, t->transfer_ns,
                                   t->input_register_ns, t->output_register_ns, t->input_demux_ns, t->output_mux_ns,
                                   t->shift_register_ns, t->adder_ns, t->joint_ns, t->pooling_ns, t->buffer_read_ns,
                                   t->buffer_write_ns };

  memcpy(got, values, sizeof(values));
}

static void
check_layer(run *r, const table_row *row)
{
  const size_t i = r->layer++;
  const rrn_mnsim_layer_map *m = &r->result.map.layers[i];
  const rrn_mnsim_layer *l = &r->result.layers[i];
  double got[14 + N_TIMES + 3 * N_PARTS] = { (double)m->mx, (double)m->my, (double)m->pes, (double)m->tiles, m->use.pes,
                                             (double)m->first_tile, m->use.rows, m->use.cols, m->use.groups,
                                             m->in_layer_hops, m->to_next_hops, l->begin_ns, l->finish_ns,
                                             l->occupancy };

  assert_true(i < r->result.n);
  assert_string_equal(rrn_mnsim_kind_name(r->result.nodes[i].kind), row->field[2]);
  put_times(got + 14, &l->times);
  put_parts(got + 14 + N_TIMES, &l->area_um2);
  put_parts(got + 28 + N_TIMES, &l->power_w); /* areas have no read and write */
  put_parts(got + 28 + N_TIMES + N_PARTS, &l->energy_nj);
  compare(row, 3, got, 28 + N_TIMES + 2 * N_PARTS);
}

static void
check_total(run *r, const table_row *row)
{
  const rrn_mnsim_result *t = &r->result;
  const double got[] = { t->latency_ns, t->area_um2.total, t->power_w.total, t->energy_nj.total, (double)t->map.tiles,
                         t->map.input_kb, t->map.output_kb, t->map.global_kb, (double)t->map.global_adders };

  assert_int_equal(r->layer, t->n);
  compare(row, 2, got, N(got));
}

static void
check_parts(run *r, const table_row *row)
{
  double got[N_PARTS];
  const int area = strcmp(row->field[0], "area_parts") == 0;

  put_parts(got, area                                        ? &r->result.area_um2
                 : strcmp(row->field[0], "power_parts") == 0 ? &r->result.power_w
                                                             : &r->result.energy_nj);
  compare(row, 2, got, area ? N_PARTS - 2 : N_PARTS);
}

static void
check_times(run *r, const table_row *row)
{
  double got[N_TIMES];

  put_times(got, &r->result.times);
  compare(row, 2, got, N(got));
}

static void
networks(void **state)
{
  char *data = hw_data("mnsim/networks.csv"), *rest = data;
  run r = { 0 };
  table_row row;
  rrn_rt rt;
  size_t runs = 0;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  while (table_next(&rest, &row)) {
    const char *record = row.field[0];

    if (strncmp(record, "set:", 4) == 0) {
      if (runs++)
        end(&r);
      begin(&r, &row, &rt);
    } else if (strcmp(record, "layer") == 0) {
      check_layer(&r, &row);
    } else if (strcmp(record, "total") == 0) {
      check_total(&r, &row);
    } else if (strcmp(record, "times") == 0) {
      check_times(&r, &row);
    } else {
      check_parts(&r, &row);
    }
  }
  end(&r);
  print_message("%zu values\n", n_values);
  assert_true(runs >= 16 && n_values >= 21760);
  free(data);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(networks),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
