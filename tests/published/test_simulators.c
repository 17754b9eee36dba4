/* SPDX-License-Identifier: MIT */
/* Our numbers beside those of MNSIM 2.0 and DNN+NeuroSim for the same networks and chips; tables of doc/validation.md.
 * RRAMNAS_UPDATE_GOLDEN=1 rewrites them. MNSIM's numbers are those of lib/mnsim, which golden-mnsim_net holds to the
 * original within 1e-9; NeuroSim's are tests/data/neurosim/runs.csv.
 *
 * A table of steps begins with our chip and changes one thing after the other towards what the other program assumes;
 * each row has all changes before it. Ratios are ours / theirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/hw.h"
#include "../support/table.h"
#include "mnsim/mnsim.h"
#include "page.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

/* What is added up. */
enum { ALL = 0, NO_LEAKAGE = 1, NO_INTERCONNECT = 2, NO_PADDING = 4, NO_BUFFER = 8, COPIES = 16 };

typedef struct step {
  const char *text, *sets; /* "field=value;field=value" */
  int what;                /* of this step and all after it */
} step;

typedef struct bill {
  double us, mm2, uj;
  double component_uj[RRAMNAS_COST_COMPONENTS], component_mm2[RRAMNAS_COST_COMPONENTS];
} bill;

static rramnas_hw *
with_sets(rramnas_hw *hw, const char *sets)
{
  while (*sets) {
    const size_t key = strcspn(sets, "="), value = strcspn(sets + key + 1, ";");
    rramnas_error err = RRAMNAS_ERROR_INIT;
    char field[64], text[64];
    rramnas_hw *next = NULL;

    snprintf(field, sizeof(field), "%.*s", (int)key, sets);
    snprintf(text, sizeof(text), "%.*s", (int)value, sets + key + 1);
    if (rramnas_hw_with_value(hw, field, text, &next, &err) < 0)
      fail_msg("%s", err.message);
    rramnas_hw_unref(hw);
    hw = next;
    sets += key + 1 + value;
    sets += *sets == ';';
  }
  return hw;
}

static rramnas_net *
net_of(const char *file)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  char path[4096];

  snprintf(path, sizeof(path), "%s/%s", getenv("RRAMNAS_TEST_DATA"), file);
  if (rramnas_net_load_file(path, NULL, NULL, &net, &err) < 0)
    fail_msg("%s", err.message);
  return net;
}

/* As both programs map: every layer in crossbars of its own, no more crossbars than that. */
static rramnas_mapping *
map_of(rramnas_hw *hw, rramnas_net *net, int what)
{
  static const int32_t copies[] = { 16, 4, 4, 2, 2, 1, 1, 8 }; /* NeuroSim's floor plan of VGG-8, run A */
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *map = NULL;

  o.policy = what & COPIES ? RRAMNAS_POLICY_RNC : RRAMNAS_POLICY_ISAAC;
  o.no_duplication = (what & COPIES) == 0;
  o.copies = what & COPIES ? copies : NULL;
  o.n_copies = what & COPIES ? N(copies) : 0;
  o.crossbars = 16384;
  do {
    rramnas_mapping_unref(map);
    if (rramnas_compile(hw, net, &o, NULL, &map, &err) < 0)
      fail_msg("%s", err.message);
    assert_int_equal(rramnas_mapping_get_info(map, &info), RRAMNAS_OK);
    o.crossbars = info.crossbars_used;
  } while (info.crossbars_available > info.crossbars_used);
  return map;
}

/* NeuroSim takes ((H - K) / S + 1) (W ...) windows of a padded picture; share of the windows there are. */
static double
window_share(const rramnas_net *net, size_t i)
{
  rramnas_layer layer = { .size = sizeof(layer) };

  if (i == rramnas_net_layer_count(net))
    return 1;
  assert_int_equal(rramnas_net_layer(net, i, &layer), RRAMNAS_OK);
  if (layer.op != RRAMNAS_OP_CONV)
    return 1;
  return (double)((layer.out_shape[2] - 2) * (layer.out_shape[3] - 2)) / (double)(layer.out_shape[2] * layer.out_shape[3]);
}

static int
counts(int component, int what)
{
  return !(component == RRAMNAS_COMPONENT_INTERCONNECT && what & NO_INTERCONNECT) &&
         !(component == RRAMNAS_COMPONENT_BUFFER && what & NO_BUFFER);
}

static bill
bill_of(const rramnas_mapping *map, const rramnas_net *net, int32_t model, int what)
{
  rramnas_cost_options how = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_cost c = RRAMNAS_COST_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  const size_t n = rramnas_net_layer_count(net) + 1;
  double (*rows)[RRAMNAS_COST_COMPONENTS][3] = calloc(n, sizeof(*rows));
  bill b = { 0 };
  size_t i;
  int k;

  how.model = model;
  if (rramnas_mapping_get_cost(map, &how, &c, &err) < 0 ||
      rramnas_mapping_get_cost_layers(map, &how, &rows[0][0][0], n, &err) < 0)
    fail_msg("%s", err.message);
  b.us = c.latency_ns / 1e3;
  for (i = 0; i < n; i++)
    for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++)
      if (counts(k, what)) {
        const double share = what & NO_PADDING ? window_share(net, i) : 1;
        const double uj = (rows[i][k][0] * share + (what & NO_LEAKAGE ? 0 : rows[i][k][1])) / 1e6;

        b.component_uj[k] += uj;
        b.component_mm2[k] += rows[i][k][2] / 1e6;
        b.uj += uj;
        b.mm2 += rows[i][k][2] / 1e6;
      }
  free(rows);
  return b;
}

static bill
priced(rramnas_hw *hw, rramnas_net *net, int32_t model, int what)
{
  rramnas_mapping *map = map_of(hw, net, what);
  const bill b = bill_of(map, net, model, what);

  rramnas_mapping_unref(map);
  return b;
}

static void
add_ratio(capture *t, double ours, double theirs)
{
  if (theirs > 0)
    page_add(t, " %.4g | %.4g | %.3g |", ours, theirs, ours / theirs);
  else
    page_add(t, " %.4g | - | - |", ours);
}

static void
add_total(capture *t, const char *name, double ours, double theirs)
{
  page_add(t, "| %s |", name);
  add_ratio(t, ours, theirs);
  page_add(t, "\n");
}

static double
buffer_of(const double *components, int what)
{
  return what & NO_BUFFER ? components[RRAMNAS_COMPONENT_BUFFER] : 0;
}

/* Each row: all steps up to it. Frees `hw`; *ret_last: the last step's numbers. */
static capture
step_table(rramnas_hw *hw, rramnas_net *net, const step *steps, size_t n, const bill *theirs, bill *ret_last)
{
  capture t = { 0 };
  int what = ALL;
  size_t i;

  page_add(&t, "| Step | Energy, uJ | ratio | Area, mm2 | ratio | Time, us | ratio |\n|---|---|---|---|---|---|---|\n");
  for (i = 0; i < n; i++) {
    bill b;

    hw = with_sets(hw, steps[i].sets);
    what |= steps[i].what;
    b = priced(hw, net, RRAMNAS_COST_RRAMNAS, what);
    page_add(&t, "| %s | %.4g | %.3g | %.4g | %.3g | %.4g | %.3g |\n", steps[i].text, b.uj,
             b.uj / (theirs->uj - buffer_of(theirs->component_uj, what)), b.mm2,
             b.mm2 / (theirs->mm2 - buffer_of(theirs->component_mm2, what)), b.us, b.us / theirs->us);
    *ret_last = b;
  }
  page_add(&t, "| *theirs* | %.4g | 1 | %.4g | 1 | %.4g | 1 |\n", theirs->uj, theirs->mm2, theirs->us);
  rramnas_hw_unref(hw);
  return t;
}

/* --- MNSIM 2.0 --- */

/* MNSIM keeps bits with the network: 9 for weights and activations of its own. */
static rramnas_hw *
mnsim_chip(void)
{
  char *ini = hw_data("hw/SimConfig.ini");
  rramnas_hw *hw = hw_good(ini, "SimConfig.ini");

  free(ini);
  return with_sets(hw, "weight.bits=9;input.bits=9");
}

/* The ADC of SimConfig.ini has 6 bits: 8 samples of delay. */
static capture
mnsim_steps(rramnas_net *net, const bill *theirs, bill *ret_last)
{
  rramnas_hw *hw = mnsim_chip();
  char adc[64];
  const step steps[] = {
    { "ours", "", ALL },
    { "no leakage", "", NO_LEAKAGE },
    { "no routers and wires", "", NO_INTERCONNECT },
    { "an ADC takes its power for its whole delay, bits + 2 samples", adc, ALL },
    { "without buffers, ours and theirs", "", NO_BUFFER },
  };

  snprintf(adc, sizeof(adc), "adc.power_uw=%.17g", hw_number(hw, "adc.power_uw") * (hw_number(hw, "adc.bits") + 2));
  return step_table(hw, net, steps, N(steps), theirs, ret_last);
}

/* Sums over layers of what MNSIM's parts take. */
static void
add_times(capture *t, rramnas_net *net, double ours_us)
{
  const rrn_mnsim_times *times;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw = mnsim_chip();
  rrn_mnsim_config c = rrn_mnsim_config_from_hw(hw);
  rrn_mnsim_result r;
  rrn_arena arena;
  rrn_rt rt;

  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &rt);
  if (rrn_mnsim_network(&c, net, (enum rrn_mnsim_mode)0, &arena, &r, &err) < 0)
    fail_msg("%s", err.message);
  times = &r.times;
  add_total(t, "time of reads, converters and digital blocks, all layers one after the other, us", ours_us,
            (times->computing_ns + times->digital_ns) / 1e3);
  add_total(t, "time of buffers, likewise, us", 0, times->buffer_ns / 1e3);
  add_total(t, "time of moving data in and between tiles, likewise, us", 0,
            (times->intra_tile_ns + times->inter_tile_ns) / 1e3);
  rrn_arena_release(&arena);
  rramnas_hw_unref(hw);
}

static capture
mnsim_components(rramnas_net *net, const bill *ours, const bill *theirs)
{
  capture t = { 0 };
  char name[64];
  int k;

  page_add(&t, "| Quantity | Ours | MNSIM | ratio |\n|---|---|---|---|\n");
  add_total(&t, "energy, uJ", ours->uj, theirs->uj);
  add_total(&t, "area, mm2", ours->mm2, theirs->mm2);
  add_total(&t, "time, us", ours->us, theirs->us);
  add_times(&t, net, ours->us);
  for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++) {
    snprintf(name, sizeof(name), "energy of %s, uJ", rramnas_cost_component_name(k));
    add_total(&t, name, ours->component_uj[k], theirs->component_uj[k]);
  }
  for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++) {
    snprintf(name, sizeof(name), "area of %s, mm2", rramnas_cost_component_name(k));
    add_total(&t, name, ours->component_mm2[k], theirs->component_mm2[k]);
  }
  return t;
}

/* MNSIM has drivers in its crossbars. */
static void
join_drivers(bill *b)
{
  b->component_mm2[RRAMNAS_COMPONENT_CELL] += b->component_mm2[RRAMNAS_COMPONENT_DRIVER];
  b->component_uj[RRAMNAS_COMPONENT_CELL] += b->component_uj[RRAMNAS_COMPONENT_DRIVER];
  b->component_mm2[RRAMNAS_COMPONENT_DRIVER] = b->component_uj[RRAMNAS_COMPONENT_DRIVER] = 0;
}

static void
beside_mnsim(const char *file, const char *section)
{
  rramnas_net *net = net_of(file);
  rramnas_hw *hw = mnsim_chip();
  const bill theirs = priced(hw, net, RRAMNAS_COST_MNSIM, ALL);
  bill ours = priced(hw, net, RRAMNAS_COST_RRAMNAS, ALL), last;
  char name[64];
  capture t;

  join_drivers(&ours);
  t = mnsim_components(net, &ours, &theirs);
  page_check("validation.md", section, &t);
  snprintf(name, sizeof(name), "%s steps", section);
  t = mnsim_steps(net, &theirs, &last);
  page_check("validation.md", name, &t);
  rramnas_hw_unref(hw);
  rramnas_net_unref(net);
}

static void
mnsim_vgg8(void **state)
{
  (void)state;
  beside_mnsim("mnsim/nets/vgg8.yaml", "mnsim vgg8");
}

static void
mnsim_resnet18(void **state)
{
  (void)state;
  beside_mnsim("mnsim/nets/resnet18.yaml", "mnsim resnet18");
}

/* --- NeuroSim --- */

/* A number of a run: "run,quantity,value". */
static double
neurosim(const char *run, const char *quantity)
{
  char *data = hw_data("neurosim/runs.csv"), *rest = data;
  double value = -1;
  table_row row;

  while (value < 0 && table_next(&rest, &row))
    if (strcmp(row.field[0], run) == 0 && strcmp(row.field[1], quantity) == 0)
      value = table_number(&row, 2);
  free(data);
  if (value < 0)
    fail_msg("no %s of run %s", quantity, run);
  return value;
}

static rramnas_hw *
neurosim_chip(void)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw = NULL;

  if (rramnas_hw_create_preset("neurosim_iedm_2019", NULL, &hw, &err) < 0)
    fail_msg("%s", err.message);
  return hw;
}

static double
sum_of(const double *components, const int *which, size_t n)
{
  double sum = 0;
  size_t i;

  for (i = 0; i < n; i++)
    sum += components[which[i]];
  return sum;
}

/* NeuroSim has the energy of cells in its ADC term. */
static capture
neurosim_components(const char *run, const bill *ours)
{
  static const int read[] = { RRAMNAS_COMPONENT_CELL, RRAMNAS_COMPONENT_ADC };
  static const int sums[] = { RRAMNAS_COMPONENT_SHIFT_ADD, RRAMNAS_COMPONENT_ACCUMULATION, RRAMNAS_COMPONENT_ARITHMETIC };
  static const int rest[] = { RRAMNAS_COMPONENT_DRIVER, RRAMNAS_COMPONENT_DAC, RRAMNAS_COMPONENT_MUX,
                              RRAMNAS_COMPONENT_REGISTER, RRAMNAS_COMPONENT_ACTIVATION, RRAMNAS_COMPONENT_POOL,
                              RRAMNAS_COMPONENT_BUFFER };
  const double moved = neurosim(run, "interconnect_pj");
  capture t = { 0 };

  page_add(&t, "| Quantity | Ours | NeuroSim | ratio |\n|---|---|---|---|\n");
  add_total(&t, "dynamic energy of ADCs and cells, uJ", sum_of(ours->component_uj, read, N(read)),
            neurosim(run, "adc_pj") / 1e6);
  add_total(&t, "dynamic energy of sums, uJ", sum_of(ours->component_uj, sums, N(sums)),
            neurosim(run, "accumulation_pj") / 1e6);
  add_total(&t, "dynamic energy of buffers, uJ", ours->component_uj[RRAMNAS_COMPONENT_BUFFER],
            neurosim(run, "buffer_pj") / 1e6);
  add_total(&t, "dynamic energy of interconnect, uJ", ours->component_uj[RRAMNAS_COMPONENT_INTERCONNECT], moved / 1e6);
  add_total(&t, "dynamic energy of all else, buffers included, uJ", sum_of(ours->component_uj, rest, N(rest)),
            (neurosim(run, "other_pj") - moved) / 1e6);
  add_total(&t, "area of cells, mm2", ours->component_mm2[RRAMNAS_COMPONENT_CELL], neurosim(run, "array_um2") / 1e6);
  add_total(&t, "area of ADCs, mm2", ours->component_mm2[RRAMNAS_COMPONENT_ADC], neurosim(run, "adc_um2") / 1e6);
  add_total(&t, "area of sums, mm2", sum_of(ours->component_mm2, sums, N(sums)), neurosim(run, "accumulation_um2") / 1e6);
  add_total(&t, "area of interconnect, mm2", ours->component_mm2[RRAMNAS_COMPONENT_INTERCONNECT],
            neurosim(run, "interconnect_um2") / 1e6);
  add_total(&t, "area of all else, mm2", sum_of(ours->component_mm2, rest, N(rest)), neurosim(run, "other_um2") / 1e6);
  add_total(&t, "time without NeuroSim's buffers and interconnect, us", ours->us,
            (neurosim(run, "latency_ns") - neurosim(run, "buffer_ns") - neurosim(run, "interconnect_ns")) / 1e3);
  return t;
}

static bill
neurosim_bill(const char *run)
{
  bill b = { 0 };

  b.us = neurosim(run, "latency_ns") / 1e3;
  b.mm2 = neurosim(run, "area_um2") / 1e6;
  b.uj = (neurosim(run, "dynamic_pj") + neurosim(run, "leakage_pj")) / 1e6;
  return b;
}

static void
neurosim_vgg8(void **state)
{
  static const char run[] = "A_rram22_default";
  static const step steps[] = {
    { "ours", "", ALL },
    { "windows without padding", "", NO_PADDING },
    { "no leakage (NeuroSim: low stand-by power, 1.5 uJ; ours: SRAM of CACTI's high-performance table)", "",
      NO_LEAKAGE },
    { "an ADC of 5 bits at 22 nm costs what its bits cost", "adc.model=parametric;adc.node_nm=22", ALL },
    { "a read takes one clock, 2.039 ns, with no DAC in front", "device.read_latency_ns=2.03892;dac.rate_gsps=1000", ALL },
    { "drivers at 22 nm: MNSIM's from 130 nm by area", "crossbar.driver_area_um2=32.9", ALL },
    { "pooling at 22 nm, one channel a tile", "pool.node_nm=22;pool.units=1", ALL },
    { "a tree of wires in place of routers", "chip.router_energy_fj=0;chip.router_area_um2=0", ALL },
    { "NeuroSim's copies of layers, 1 to 16", "", COPIES },
  };
  const bill theirs = neurosim_bill(run);
  rramnas_net *net = net_of("neurosim/vgg8.yaml");
  bill last;
  capture t;

  (void)state;
  t = step_table(neurosim_chip(), net, steps, N(steps), &theirs, &last);
  page_check("validation.md", "neurosim steps", &t);
  t = neurosim_components(run, &last);
  page_check("validation.md", "neurosim", &t);
  rramnas_net_unref(net);
}

int
main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(mnsim_vgg8), cmocka_unit_test(mnsim_resnet18),
                                      cmocka_unit_test(neurosim_vgg8) };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
