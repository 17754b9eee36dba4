/* SPDX-License-Identifier: MIT */
/* MNSIM's faults, each by its name; placement, modes and refusals that the golden runs do not reach; failing
 * allocations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/hw.h"
#include "../support/ini.h"
#include "../support/oom.h"
#include "mnsim/mnsim.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* --- building blocks --- */

/* MNSIM's own chip with keys of its file replaced. */
typedef struct chip {
  rramnas_hw *hw;
  rrn_mnsim_config c;
} chip;

static chip
chip_of(const char *keys)
{
  chip x;

  x.hw = hw_changed_ini(keys);
  x.c = rrn_mnsim_config_from_hw(x.hw);
  return x;
}

static rrn_mnsim_config
config_of(const char *keys)
{
  chip x = chip_of(keys);

  rramnas_hw_unref(x.hw);
  x.c.hw = NULL;
  return x.c;
}

static rrn_mnsim_buffer
buffer_of(const rrn_mnsim_config *c, double kb)
{
  rrn_mnsim_buffer b;

  assert_int_equal(rrn_mnsim_buffer_of(c, RRN_MNSIM_INPUT_BUFFER, kb, &b, NULL), RRAMNAS_OK);
  return b;
}

static rramnas_net *
net_of(const char *shape, const char *nodes)
{
  rramnas_net_options options = RRAMNAS_NET_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  char text[4096];

  options.format = RRAMNAS_NET_FORMAT_YAML;
  snprintf(text, sizeof(text), "schema: rramnas.network/1\ninputs: [{name: x, shape: [%s]}]\nnodes:\n%s", shape, nodes);
  if (rramnas_net_load_buffer(text, strlen(text), "net", &options, NULL, &net, &err) < 0)
    fail_msg("%s", err.message);
  return net;
}

typedef struct model {
  chip x;
  rramnas_net *net;
  rrn_arena arena;
  rrn_mnsim_result r;
} model;

static rrn_rt rt; /* the arenas of all models take memory from it */

static int32_t
run(model *m, const char *keys, const char *shape, const char *nodes, enum rrn_mnsim_mode mode, rramnas_error *err)
{
  m->x = chip_of(keys);
  m->net = net_of(shape, nodes);
  rrn_arena_init(&m->arena, &rt);
  return rrn_mnsim_network(&m->x.c, m->net, mode, &m->arena, &m->r, err);
}

static void
end(model *m)
{
  rrn_arena_release(&m->arena);
  rramnas_net_unref(m->net);
  rramnas_hw_unref(m->x.hw);
}

static model
good(const char *keys, const char *shape, const char *nodes, enum rrn_mnsim_mode mode)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  model m;

  if (run(&m, keys, shape, nodes, mode, &err) < 0)
    fail_msg("%s", err.message);
  return m;
}

static void
bad(const char *keys, const char *shape, const char *nodes, int32_t status, const char *message)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  model m;

  assert_int_equal(run(&m, keys, shape, nodes, RRN_MNSIM_MODE_WINDOW, &err), status);
  assert_string_equal(err.message, message);
  end(&m);
}

static int
near(double a, double b)
{
  const double d = a > b ? a - b : b - a, size = b < 0 ? -b : b;

  return d <= 1e-12 * size;
}

#define CONV "  - {name: conv, op: Conv, out_channels: 16, kernel: 3, pad: 1}\n"
#define BRANCH                                                                   \
  "  - {name: a, op: Conv, inputs: x, out_channels: 16, kernel: 3, pad: 1}\n"     \
  "  - {name: b, op: Conv, inputs: a, out_channels: 16, kernel: 3, pad: 1}\n"     \
  "  - {name: sum, op: Add, inputs: [b, a]}\n"                                    \
  "  - {name: c, op: Conv, inputs: sum, out_channels: 16, kernel: 3, pad: 1}\n"

/* --- one check per fault --- */

static void
no_write_power(void)
{
  const rrn_mnsim_config c = config_of("");

  assert_true(rrn_mnsim_crossbar_write_nj(&c, 256, 256) == 0);
}

static void
dac_6_power(void)
{
  assert_true(near(config_of("DAC_Choice=6").dac_power_w, 0.4992));
  assert_true(near(config_of("DAC_Choice=5").dac_power_w, 1.248e-4));
}

static void
no_dac_count(void)
{
  char *ini = hw_data("hw/SimConfig.ini"), *p = strstr(ini, "DAC_Num = 128");

  memcpy(p + 10, "000", 3);
  hw_bad(ini, "x.ini", RRAMNAS_ERR_RANGE,
         "x.ini:50:11: DAC_Num (dac.per_subarray) is \"000\", expected an integer 1..65536");
  free(ini);
}

static void
microsecond_blocks(void)
{
  const rrn_mnsim_config c = config_of("Digital_Frequency=250");
  const rrn_mnsim_cost adder = rrn_mnsim_adder(&c, 8);

  assert_true(near(adder.latency_us, 0.004) && near(adder.energy_nj, adder.power_w * 0.004));
}

static void
sram_energy(void)
{
  const rrn_mnsim_config c = config_of("Device_Type=SRAM");

  assert_true(near(rrn_mnsim_crossbar_read_nj(&c, 100, 10), 1000 * 1.12e-15 * 1e6));
  assert_true(near(rrn_mnsim_crossbar_write_nj(&c, 100, 10), 1000 * 1.6e-15 * 1e6));
}

static void
one_bit_per_cell(void)
{
  model one = good("", "1, 3, 8, 8", BRANCH, RRN_MNSIM_MODE_WINDOW);
  model four = good("Device_Level=16", "1, 3, 8, 8", BRANCH, RRN_MNSIM_MODE_WINDOW);

  assert_true(one.r.map.tiles == four.r.map.tiles && one.r.area_um2.total == four.r.area_um2.total);
  assert_true(one.r.energy_nj.total == four.r.energy_nj.total && one.r.latency_ns == four.r.latency_ns);
  end(&one);
  end(&four);
}

static void
adc_9_bits(void)
{
  assert_int_equal(config_of("ADC_Choice=9").adc_bits, 8);
}

static void
pooling_table(void)
{
  const rrn_mnsim_config window = config_of("Pooling_shape=2,2"), units = config_of("Pooling_unit_num=32");
  const rrn_mnsim_config node = config_of("Pooling_Tech=130;Pooling_unit_num=32");
  double area, power;

  assert_int_equal(rrn_mnsim_pool(&window, &area, &power, NULL), RRAMNAS_OK);
  assert_true(area == 0 && power == 0);
  assert_int_equal(rrn_mnsim_pool(&units, &area, &power, NULL), RRAMNAS_ERR_UNSUPPORTED);
  assert_int_equal(rrn_mnsim_pool(&node, &area, &power, NULL), RRAMNAS_OK);
  assert_true(near(area, 2 * 91917.1562) && near(power, 4 * 3.082e-3));
}

static void
parts_and_totals(void)
{
  model m = good("Group_Num=2", "1, 3, 8, 8", BRANCH, RRN_MNSIM_MODE_WINDOW);
  const rrn_mnsim_parts *a = &m.r.area_um2, *e = &m.r.layers[0].energy_nj;
  const double sum = a->crossbar + a->adc + a->dac + a->digital + a->buffer + a->pooling;

  assert_int_equal(m.r.map.global_adders, 16);
  assert_true(sum - a->total > 0.9 * buffer_of(&m.x.c, m.r.map.global_kb).area_um2);
  assert_true(e->adder > 0);
  assert_true(near(e->digital, e->shift_register + e->input_register + e->output_register + e->input_demux +
                                 e->output_mux + e->joint));
  assert_true(m.r.layers[2].energy_nj.total == 0 && m.r.layers[2].times.buffer_ns > 0);
  end(&m);
}

static void
pooling_reads_twice(void)
{
  model m = good("", "1, 3, 8, 8", CONV "  - {op: GlobalAveragePool}\n", RRN_MNSIM_MODE_WINDOW);
  const rrn_mnsim_layer *l = &m.r.layers[1];

  assert_true(l->times.merge_ns > 0);
  assert_true(near(l->finish_ns - l->begin_ns, l->times.buffer_ns + l->times.pooling_ns + l->times.merge_ns));
  end(&m);
}

static void
leakage_twice(void)
{
  const rrn_mnsim_config c = config_of("");
  const rrn_mnsim_buffer small = buffer_of(&c, 1), large = buffer_of(&c, 1e6);

  assert_true(near(small.read_mw, small.read_dynamic_mw + small.leakage_mw));
  assert_true(near(small.write_mw, small.write_dynamic_mw + small.leakage_mw));
  assert_true(rrn_mnsim_buffer_ns(&small, 8) == 20 && rrn_mnsim_buffer_ns(&large, 9) == 40);
  bad("Buffer_Bitwidth=512", "1, 3, 8, 8", CONV, RRAMNAS_ERR_UNSUPPORTED,
      "mnsim: buffer.bus_bits is 512, MNSIM has no buffer of up to 2 KiB with more than 256 bits");
}

/* 63 elements in tiles of four: the last tile has a place to spare and takes as much power as the others. */
static void
fullest_tile(void)
{
  model m = good("Xbar_Size=9,256;Subarray_Size=9", "1, 9, 4, 4", CONV, RRN_MNSIM_MODE_WINDOW);
  const rrn_mnsim_layer_map *map = &m.r.map.layers[0];
  const rrn_mnsim_buffer in = buffer_of(&m.x.c, m.r.map.input_kb), out = buffer_of(&m.x.c, m.r.map.output_kb);
  rrn_mnsim_parts tile;

  assert_int_equal(map->pes, 7 * 9);
  assert_int_equal(map->tiles, 16);
  assert_int_equal(rrn_mnsim_tile_power(&m.x.c, RRN_MNSIM_CONV, &map->use, &in, &out, &tile, NULL), RRAMNAS_OK);
  assert_true(near(m.r.layers[0].power_w.total, 16 * tile.total));
  end(&m);
}

static void
pooling_tile(void)
{
  model m = good("", "1, 3, 8, 8", CONV "  - {op: MaxPool, kernel: 2, stride: 2}\n", RRN_MNSIM_MODE_WINDOW);

  assert_true(near(m.r.layers[1].area_um2.total * (double)m.r.map.layers[0].tiles, m.r.layers[0].area_um2.total));
  assert_true(m.r.layers[1].area_um2.crossbar > 0 && m.r.layers[1].power_w.crossbar == 0);
  end(&m);
}

static void
dense_depthwise(void)
{
  model dense = good("", "1, 3, 8, 8", CONV "  - {op: Conv, out_channels: 16, kernel: 3, pad: 1}\n",
                     RRN_MNSIM_MODE_WINDOW);
  model depth = good("", "1, 3, 8, 8", CONV "  - {op: Conv, out_channels: 16, kernel: 3, pad: 1, groups: 16}\n",
                     RRN_MNSIM_MODE_WINDOW);

  assert_true(dense.r.energy_nj.total == depth.r.energy_nj.total && dense.r.map.tiles == depth.r.map.tiles);
  end(&dense);
  end(&depth);
  bad("Xbar_Size=64,64;Subarray_Size=64", "1, 3, 32, 32", "  - {name: wide, op: Conv, out_channels: 8, kernel: 9}\n",
      RRAMNAS_ERR_UNSUPPORTED,
      "mnsim: wide: a window of 9 x 9 does not fit the 64 rows of a crossbar, where MNSIM divides by zero");
}

static void
adc_count(void)
{
  assert_int_equal(config_of("ADC_Num=0").adcs_per_subarray, 31);
  assert_int_equal(config_of("ADC_Num=0;Sub_Position=1").adcs_per_subarray, 62);
  assert_int_equal(config_of("ADC_Num=0;ADC_Choice=8").adcs_per_subarray, 256);
}

static void
no_wires(void)
{
  model a = good("", "1, 3, 8, 8", BRANCH, RRN_MNSIM_MODE_WINDOW);
  model b = good("Wire_Resistance=100;Wire_Capacity=100;Cell_Type=0T1R", "1, 3, 8, 8", BRANCH, RRN_MNSIM_MODE_WINDOW);

  assert_true(a.r.latency_ns == b.r.latency_ns);
  end(&a);
  end(&b);
}

static void
estimate_without_transistor(void)
{
  const rrn_mnsim_config square = config_of("Cell_Type=0T1R;Simulation_Level=1");
  double g[4] = { 1e-4, 1e-4, 1e-4, 1e-4 }, volt[2] = { 0.1, 0.1 }, power;

  assert_int_equal(rrn_mnsim_estimate_read_w(&square, g, volt, 2, 2, &power, NULL), RRAMNAS_OK);
  assert_true(near(power, 4 * 1e-4 * 0.01 + 0.25 * 254 * 1e-6 * 0.02));
  assert_int_equal(rrn_mnsim_estimate_read_w(&square, g, volt, 1, 2, &power, NULL), RRAMNAS_ERR_UNSUPPORTED);
  bad("Cell_Type=0T1R;Simulation_Level=1;Xbar_Size=256,128", "1, 3, 8, 8", CONV, RRAMNAS_ERR_UNSUPPORTED,
      "mnsim: MNSIM cannot estimate 256 x 128 cells without transistors");
}

static void
single_layer_unplaced(void)
{
  model m = good("PE_Num=1,1", "1, 3, 8, 8", CONV, RRN_MNSIM_MODE_WINDOW);

  assert_true(m.r.map.tiles > 1 && m.r.map.layers[0].in_layer_hops == 0);
  end(&m);
}

static void
narrow_interface(void)
{
  static const char window[] = "MNSIM knows square windows with one stride and one padding";
  static const struct { const char *shape, *nodes, *message; } cases[] = {
    { "1, 8", "  - {name: f, op: Gemm, out_channels: 4}\n", "mnsim: f: the first layer of MNSIM is a convolution" },
    { "1, 3, 8, 8", "  - {name: r, op: Relu}\n", "mnsim: net: the first layer of MNSIM is a convolution" },
    { "2, 3, 8, 8", CONV,
      "mnsim: conv (Conv): MNSIM knows one picture or vector, [1][channels][rows][columns] or [1][features]" },
    { "1, 3, 8, 8", CONV "  - {name: two, op: Conv, inputs: x, out_channels: 4}\n",
      "mnsim: two (Conv): only the first layer of MNSIM takes the network's input" },
    { "1, 3, 8, 8", CONV "  - {name: cat, op: Concat, inputs: [conv, conv], axis: 1}\n",
      "mnsim: cat (Concat): MNSIM has no such layer" },
    { "1, 3, 8, 8", CONV "  - {name: minus, op: Sub, inputs: [conv, conv]}\n",
      "mnsim: minus (Sub): MNSIM has no such operator of two activations" },
    { "1, 3, 8, 8", CONV "  - {name: mm, op: MatMul, inputs: [conv, conv]}\n",
      "mnsim: mm (MatMul): MNSIM has no product of two activations" },
    { "1, 3, 8, 8", CONV "  - {name: seq, op: MatMul, out_channels: 4}\n",
      "mnsim: seq (MatMul): MNSIM's fc takes one vector" },
    { "1, 3, 8, 8", CONV "  - {name: holes, op: Conv, out_channels: 4, kernel: 3, dilation: 2}\n",
      "mnsim: holes (Conv): MNSIM knows no dilation" },
    { "1, 3, 8, 6", CONV "  - {name: all, op: GlobalAveragePool}\n",
      "mnsim: all (GlobalAveragePool): MNSIM knows square windows" },
    { "1, 3, 8, 8", CONV "  - {name: rows, op: Reduce, axes: [3]}\n",
      "mnsim: rows (Reduce): MNSIM has no reduction but pooling" },
  };
  char message[256];
  size_t i;

  for (i = 0; i < N(cases); i++)
    bad("", cases[i].shape, cases[i].nodes, RRAMNAS_ERR_UNSUPPORTED, cases[i].message);
  snprintf(message, sizeof(message), "mnsim: tall (Conv): %s", window);
  bad("", "1, 3, 8, 8", "  - {name: tall, op: Conv, out_channels: 4, kernel: [3, 1]}\n", RRAMNAS_ERR_UNSUPPORTED,
      message);
  snprintf(message, sizeof(message), "mnsim: edge (MaxPool): %s", window);
  bad("", "1, 3, 8, 8", CONV "  - {name: edge, op: MaxPool, kernel: 2, pad: [0, 0, 1, 1]}\n",
      RRAMNAS_ERR_UNSUPPORTED, message);
}

static void
subarrays_squared(void)
{
  const rrn_mnsim_config one = config_of("Group_Num=2"), two = config_of("Group_Num=2;Subarray_Size=128");
  const rrn_mnsim_buffer b = buffer_of(&one, 16);

  assert_true(near(rrn_mnsim_pe_area(&two, &b).adder, 4 * rrn_mnsim_pe_area(&one, &b).adder));
}

static void
mux_of_one(void)
{
  const rrn_mnsim_config c = config_of("");

  assert_true(rrn_mnsim_mux_area_um2(&c, 1) == rrn_mnsim_mux_area_um2(&c, 2) && rrn_mnsim_mux_power_w(1) == 8 * 1.2e-8);
  assert_true(near(rrn_mnsim_mux_area_um2(&c, 33), 1944 * 10 * 130 * 130 / 1e6));
}

static void
adder_65nm(void)
{
  const rrn_mnsim_config n65 = config_of("Adder_Tech=65;Multiplier_Tech=65"), n45 = config_of("");

  assert_true(near(rrn_mnsim_adder(&n65, 8).power_w, 120 * rrn_mnsim_adder(&n45, 8).power_w));
  assert_true(rrn_mnsim_adder(&n65, 8).power_w == rrn_mnsim_multiplier(&n65, 8).power_w);
}

static void
digital_cells(void)
{
  const rrn_mnsim_config digital = config_of("PIM_Type=1"), analog = config_of("");

  assert_true(rrn_mnsim_crossbar_read_w(&digital, 9, 9) == rrn_mnsim_crossbar_read_w(&analog, 9, 9));
}

static void
delays_65nm(void)
{
  chip a = chip_of("Transistor_Tech=28"), b = chip_of("Transistor_Tech=130");
  const rrn_mnsim_buffer buffer = buffer_of(&a.c, 4);
  const rrn_mnsim_use use = { 256, 256, 1, 1 };

  assert_true(rrn_mnsim_pe_latency(&a.c, &use, 8, &buffer, 0, 0).demux_step_ns ==
              rrn_mnsim_pe_latency(&b.c, &use, 8, &buffer, 0, 0).demux_step_ns);
  rramnas_hw_unref(a.hw);
  rramnas_hw_unref(b.hw);
}

static void
buffer_keys_twice(void)
{
  static const char text[] = "[Process element level]\nTile_outBuf_Size = 8\n[Tile level]\nTile_outBuf_Size = 32\n";
  rramnas_hw *hw = hw_good(text, "x.ini");

  assert_true(hw_number(hw, "buffer.output_kb") == 8);
  rramnas_hw_unref(hw);
}

static void
no_noc(void)
{
  rramnas_hw *hw = hw_changed_ini("NoC_enable=1"), *plain = hw_changed_ini("");

  assert_true(hw_same(hw, plain));
  rramnas_hw_unref(hw);
  rramnas_hw_unref(plain);
}

/* Squeeze and excitation: one factor is a single pixel. */
static void
late_additions(void)
{
  model m = good("", "1, 3, 8, 8",
                 CONV "  - {name: mean, op: GlobalAveragePool}\n"
                      "  - {name: s, op: Conv, out_channels: 16}\n"
                      "  - {op: HardSigmoid}\n"
                      "  - {name: gate, op: Mul, inputs: [conv, HardSigmoid_3]}\n"
                      "  - {op: Conv, out_channels: 8}\n",
                 RRN_MNSIM_MODE_WINDOW);

  assert_int_equal(m.r.nodes[3].kind, RRN_MNSIM_ELEMENT_MULTIPLY);
  assert_true(m.r.nodes[3].rows == 8 && m.r.map.global_multipliers == 16 && m.r.map.global_adders == 0);
  assert_true(m.r.layers[3].begin_ns == m.r.layers[2].finish_ns);
  end(&m);
}

static void
estimation_ignores_use(void)
{
  const rrn_mnsim_config c = config_of("Simulation_Level=1");
  const rrn_mnsim_use few = { 9, 1, 1, 1 }, all = { 256, 256, 1, 1 };
  const rrn_mnsim_buffer b = buffer_of(&c, 4);

  assert_true(rrn_mnsim_pe_power(&c, &few, &b).crossbar == rrn_mnsim_pe_power(&c, &all, &b).crossbar);
}

static void
serial_sums(void)
{
  model m = good("", "1, 3, 8, 8", BRANCH, RRN_MNSIM_MODE_SERIAL);
  const rrn_mnsim_layer *l = m.r.layers;

  assert_true(l[1].begin_ns == l[0].finish_ns && l[3].begin_ns == l[2].finish_ns);
  assert_true(l[2].begin_ns < l[1].finish_ns && l[2].begin_ns > l[1].begin_ns);
  assert_true(l[2].occupancy == 1);
  end(&m);
}

static void
paths_in_squares(void)
{
  bad("Tile_Num=8,9", "1, 3, 8, 8", CONV, RRAMNAS_ERR_UNSUPPORTED,
      "mnsim: MNSIM's path \"shell\" leaves a grid of 8 x 9 tiles");
  bad("Tile_Num=1,3;Tile_Connection=3;PE_Num=4,4", "1, 3, 8, 8", CONV, RRAMNAS_ERR_UNSUPPORTED,
      "mnsim: MNSIM's path \"zigzag\" leaves a grid of 1 x 3 tiles");
}

/* Faults of what is no part of the model. */
static void
absent(void)
{
}

static const struct { const char *name; void (*run)(void); } checks[] = {
  { "no-write-power", no_write_power }, { "dac-6-power", dac_6_power }, { "no-dac-count", no_dac_count },
  { "no-detailed-power", absent }, { "microsecond-blocks", microsecond_blocks }, { "sram-energy", sram_energy },
  { "one-bit-per-cell", one_bit_per_cell }, { "adc-9-bits", adc_9_bits }, { "pooling-table", pooling_table },
  { "parts-and-totals", parts_and_totals }, { "pooling-reads-twice", pooling_reads_twice },
  { "leakage-twice", leakage_twice }, { "fullest-tile", fullest_tile }, { "pooling-tile", pooling_tile },
  { "dense-depthwise", dense_depthwise }, { "adc-count", adc_count }, { "no-wires", no_wires },
  { "one-variation", absent }, { "estimate-without-transistor", estimate_without_transistor },
  { "sram-output", absent }, { "single-layer-unplaced", single_layer_unplaced },
  { "narrow-interface", narrow_interface }, { "subarrays-squared", subarrays_squared }, { "mux-of-one", mux_of_one },
  { "adder-65nm", adder_65nm }, { "digital-cells", digital_cells }, { "delays-65nm", delays_65nm },
  { "buffer-keys-twice", buffer_keys_twice }, { "config-reread", absent }, { "no-noc", no_noc },
  { "late-additions", late_additions }, { "estimation-ignores-use", estimation_ignores_use },
  { "serial-sums", serial_sums }, { "paths-in-squares", paths_in_squares },
};

static void
add(capture *c, const char *text)
{
  capture_write(c, text, strlen(text));
}

static void
faults_by_name(void **state)
{
  size_t i;

  (void)state;
  assert_int_equal(rrn_mnsim_n_quirks, N(checks));
  for (i = 0; i < N(checks); i++) {
    assert_string_equal(rrn_mnsim_quirks[i].name, checks[i].name);
    checks[i].run();
  }
}

/* The table of doc/mnsim.md is that of quirks.c. RRAMNAS_UPDATE_GOLDEN=1 writes it into the page. */
static void
documented(void **state)
{
  static const char first[] = "<!-- begin quirks -->\n", last[] = "<!-- end quirks -->";
  char *page = hw_data("../../doc/mnsim.md"), *begin = strstr(page, first), *end_mark = strstr(page, last), path[4096];
  capture c = { 0 };
  size_t i;

  (void)state;
  assert_true(begin && end_mark);
  begin += strlen(first);
  capture_write(&c, page, (size_t)(begin - page));
  add(&c, "| | Name | MNSIM | Here |\n|---|---|---|---|\n");
  for (i = 0; i < rrn_mnsim_n_quirks; i++) {
    const rrn_mnsim_quirk *q = &rrn_mnsim_quirks[i];
    const char *const cells[] = { "| ", q->id, " | ", q->name, " | ", q->what, " | ", q->here, " |\n" };
    size_t k;

    for (k = 0; k < N(cells); k++)
      add(&c, cells[k]);
  }
  add(&c, end_mark);
  if (getenv("RRAMNAS_UPDATE_GOLDEN")) {
    FILE *file;

    snprintf(path, sizeof(path), "%s/../../doc/mnsim.md", getenv("RRAMNAS_TEST_DATA"));
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fwrite(c.text, 1, c.length, file) == c.length);
    fclose(file);
  } else {
    assert_string_equal(page, c.text);
  }
  capture_free(&c);
  free(page);
}

/* --- placement --- */

/* A convolution in one tile and eight pools in one each: hops from tile to tile of a 3 x 3 grid. */
static void
paths(void **state)
{
  static const struct { const char *keys; double hops[8]; } cases[] = {
    { "PE_Num=4,4;Tile_Num=3,3;Tile_Connection=0", { 1, 1, 3, 1, 1, 3, 1, 1 } },
    { "PE_Num=4,4;Tile_Num=3,3;Tile_Connection=1", { 1, 1, 1, 1, 1, 1, 1, 1 } },
    { "PE_Num=4,4;Tile_Num=3,3;Tile_Connection=2", { 1, 1, 1, 1, 1, 1, 1, 1 } },
    { "PE_Num=4,4;Tile_Num=3,3;Tile_Connection=3", { 1, 2, 1, 2, 2, 1, 2, 1 } },
  };
  char nodes[1024] = CONV;
  size_t i, l;

  (void)state;
  for (i = 0; i < 8; i++)
    strcat(nodes, "  - {op: MaxPool, kernel: 1}\n");
  for (i = 0; i < N(cases); i++) {
    model m = good(cases[i].keys, "1, 3, 4, 4", nodes, RRN_MNSIM_MODE_WINDOW);

    assert_int_equal(m.r.map.tiles, 9);
    for (l = 0; l < 8; l++)
      if (m.r.map.layers[l].to_next_hops != cases[i].hops[l])
        fail_msg("%s: layer %zu hands on over %g hops", cases[i].keys, l, m.r.map.layers[l].to_next_hops);
    end(&m);
  }
  strcat(nodes, "  - {name: last, op: MaxPool, kernel: 1}\n");
  bad(cases[0].keys, "1, 3, 4, 4", nodes, RRAMNAS_ERR_DOES_NOT_FIT,
      "mnsim: the layers up to last need more tiles than the 3 x 3 of the chip");
}

/* All pairs, as the definition has it, in row order where tile t is at (t / 8, t mod 8). */
static void
distances_by_definition(void **state)
{
  model m = good("Tile_Connection=0;Tile_Num=8,8", "1, 64, 4, 4", BRANCH, RRN_MNSIM_MODE_WINDOW);
  const rrn_mnsim_layer_map *a = &m.r.map.layers[0], *b = &m.r.map.layers[1];
  int64_t t, u, best = 1000, best_in = 0, best_out = 0;

  (void)state;
  assert_true(a->tiles > 1 && b->tiles > 1);
  for (t = 0; t < a->tiles; t++) {
    int64_t in = 0, out = 0;

    for (u = 0; u < a->tiles + b->tiles; u++) {
      const int64_t hops = llabs(t / 8 - u / 8) + llabs(t % 8 - u % 8);

      if (u < a->tiles && hops > in)
        in = hops;
      if (u >= a->tiles && hops > out)
        out = hops;
    }
    if (in + out < best) {
      best = in + out;
      best_in = in;
      best_out = out;
    }
  }
  assert_true(a->in_layer_hops == (double)best_in && a->to_next_hops == (double)best_out);
  assert_true(m.r.map.layers[3].to_next_hops == 0);
  end(&m);
}

/* --- modes --- */

/* With whole rows fetched, the input buffer takes a row before the first pixel. */
static void
rows_mode(void **state)
{
  static const char nodes[] = "  - {op: Conv, out_channels: 8, kernel: 3, stride: 2, pad: 1}\n";
  model m = good("", "1, 3, 8, 8", nodes, RRN_MNSIM_MODE_ROWS);
  const rrn_mnsim_buffer in = buffer_of(&m.x.c, m.r.map.input_kb), out = buffer_of(&m.x.c, m.r.map.output_kb);
  const double value = 3 * 8.0 / 8; /* bytes of all channels */
  const double fetched[] = { 8 * 1 + 2, 8 * 1 + 2, 2 }, read[] = { 9, 9, 6 }, count[] = { 1, 3, 12 };
  double ns = 0;
  int i;

  (void)state;
  for (i = 0; i < 3; i++) {
    rrn_mnsim_latency l;

    assert_int_equal(rrn_mnsim_tile_latency(&m.x.c, &m.r.map.layers[0].use, 8, &in, &out, value * fetched[i],
                                            value * read[i], &l, NULL),
                     RRAMNAS_OK);
    ns += count[i] * (l.total_ns + rrn_mnsim_buffer_ns(&out, 8 * 8 * m.r.map.layers[0].use.pes / 8));
  }
  assert_true(near(m.r.latency_ns, ns));
  end(&m);
}

/* --- failing allocations --- */

typedef struct oom_input {
  const rramnas_hw *hw;
  const rramnas_net *net;
} oom_input;

static int32_t
network_job(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  const oom_input *in = user;
  const rrn_mnsim_config c = rrn_mnsim_config_from_hw(in->hw);
  rrn_mnsim_result r;
  rrn_arena arena;
  rrn_rt hooked;
  int32_t status = rrn_rt_init(&hooked, runtime, err);

  if (status < 0)
    return status;
  rrn_arena_init(&arena, &hooked);
  status = rrn_mnsim_network(&c, in->net, RRN_MNSIM_MODE_WINDOW, &arena, &r, err);
  rrn_arena_release(&arena);
  return status;
}

static void
failing_allocations(void **state)
{
  rramnas_hw *hw = hw_changed_ini("");
  rramnas_net *net = net_of("1, 3, 64, 64", BRANCH);
  oom_input in = { hw, net };

  (void)state;
  assert_true(oom_until_success(network_job, &in, 1, 0) > 2);
  oom_until_success(network_job, &in, 1, 1);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

static void
too_large(void **state)
{
  (void)state;
  bad("", "1, 3, 8192, 8192", CONV "  - {name: more, op: Relu}\n  - {name: again, op: Conv, out_channels: 1}\n",
      RRAMNAS_ERR_LIMIT, "mnsim: the layers up to again have more than 67108864 pixels");
  bad("Tile_Num=8192,8192", "1, 3, 8, 8", CONV, RRAMNAS_ERR_LIMIT,
      "mnsim: a grid of 8192 x 8192 tiles, the limit is 16777216");
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(faults_by_name),
    cmocka_unit_test(documented),
    cmocka_unit_test(paths),
    cmocka_unit_test(distances_by_definition),
    cmocka_unit_test(rows_mode),
    cmocka_unit_test(too_large),
    cmocka_unit_test(failing_allocations),
  };

  if (rrn_rt_init(&rt, NULL, NULL) < 0)
    return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
