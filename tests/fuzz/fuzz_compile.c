/* SPDX-License-Identifier: MIT */
/* The compiler on random networks and chips with arbitrary options: a mapping must keep its invariants, can be
 * simulated by both models and reported; anything else must be an error with a message. Input: 8 bytes that make
 * the network and the chip, then the options byte by byte. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random_hw.h"
#include "random_net.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Policy best searches, which instrumented builds do slowly. */
enum { MOST_TILES = 600, MOST_TILES_BEST = 60 };

static void
die(const char *what, const char *message)
{
  fprintf(stderr, "%s: %s\n", what, message);
  abort();
}

static int32_t
swallow(void *user, const char *data, size_t length)
{
  (void)data;
  *(size_t *)user += length;
  return 0;
}

static void
read_options(const uint8_t *byte, rramnas_compile_options *o, double *margin, int32_t *copies)
{
  o->policy = byte[0] % 5;
  o->crossbars = byte[1] == 255 ? RRAMNAS_CROSSBARS_AUTO : byte[1];
  o->seed = byte[2];
  o->seed_mode = byte[3] % 3;
  o->depth_split = (int8_t)byte[4];
  o->layer_threshold = (int8_t)byte[5];
  o->max_load = (int8_t)byte[6];
  o->effort = RRAMNAS_EFFORT_FAST;
  o->no_duplication = byte[7] & 1;
  o->find_solution = byte[7] >> 1 & 1;
  o->split_to_fit = byte[7] >> 4 & 1;
  *margin = byte[8] / 128.0;
  if (byte[7] & 4) {
    o->margins = margin;
    o->n_margins = 1;
  }
  if (byte[7] & 8) {
    o->copies = copies;
    o->n_copies = 1 + byte[9] % 32;
    memset(copies, 0, 32 * sizeof(*copies));
    for (size_t i = 0; i < o->n_copies; i++)
      copies[i] = 1 + byte[9] % 5;
  }
}

static void
check_cost(const rramnas_mapping *m, int32_t samples)
{
  rramnas_cost_options o = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_cost c = RRAMNAS_COST_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;

  o.samples = samples;
  if (rramnas_mapping_get_cost(m, &o, &c, &err) < 0)
    die("cost", err.message);
  if (!(c.energy_pj > 0 && c.energy_pj < 1e300 && c.area_um2 > 0 && c.area_um2 < 1e300))
    die("cost", "no energy or area");
}

/* MNSIM refuses much, by its own rules. */
static void
check_mnsim(const rramnas_mapping *m)
{
  rramnas_cost_options o = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_cost c = RRAMNAS_COST_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  int32_t status;

  o.model = RRAMNAS_COST_MNSIM;
  o.latency_ns = 1; /* another model's time; spares the simulation */
  status = rramnas_mapping_get_cost(m, &o, &c, &err);
  if (status < 0 && status != RRAMNAS_ERR_UNSUPPORTED && status != RRAMNAS_ERR_DOES_NOT_FIT &&
      status != RRAMNAS_ERR_LIMIT)
    die("cost model mnsim", err.message);
  if (status >= 0 && !(c.energy_pj > 0 && c.energy_pj < 1e300 && c.latency_ns > 0 && c.latency_ns < 1e300))
    die("cost model mnsim", "no energy or time");
}

static void
check_mapping(const rramnas_mapping *m, const rramnas_compile_options *o, uint8_t samples)
{
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  size_t written = 0;
  int32_t model, report;

  /* As published, boxes may be wider than a crossbar and axes are swapped. */
  if (o->policy != RRAMNAS_POLICY_RNC_PUBLISHED && rramnas_mapping_check(m, &err) < 0)
    die("invariants", err.message);
  how.samples = 1 + samples % 5;
  for (model = RRAMNAS_TIMING_GRAPH; model <= RRAMNAS_TIMING_RNC; model++) {
    rramnas_timing t = RRAMNAS_TIMING_INIT;

    how.model = model;
    how.sharing = model == RRAMNAS_TIMING_GRAPH && samples & 64 ? RRAMNAS_SHARING_DISJOINT : 0;
    if (rramnas_mapping_simulate(m, &how, &t, &err) < 0)
      die("simulation", err.message);
    if (!(t.latency_ns > 0 && t.baseline_latency_ns > 0))
      die("simulation", "no time passes");
  }
  check_cost(m, how.samples);
  check_mnsim(m);
  for (report = RRAMNAS_REPORT_JSON; report <= RRAMNAS_REPORT_TRACE; report++)
    if (rramnas_mapping_write(m, report, &how, swallow, &written, &err) < 0)
      die("report", err.message);
  if (rramnas_mapping_write_cost(m, RRAMNAS_REPORT_SVG, NULL, swallow, &written, &err) < 0 ||
      rramnas_mapping_write_cost(m, RRAMNAS_REPORT_CSV, NULL, swallow, &written, &err) < 0)
    die("report of costs", err.message);
}

/* Tiles of the network; large ones only take time. */
static int64_t
count_tiles(rramnas_hw *hw, rramnas_net *net)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;

  o.policy = RRAMNAS_POLICY_ISAAC;
  o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  if (rramnas_compile(hw, net, &o, NULL, &m, &err) < 0)
    die("baseline", err.message);
  rramnas_mapping_get_info(m, &info);
  rramnas_mapping_unref(m);
  return info.n_pieces;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;
  rramnas_net *net;
  rramnas_hw *hw;
  test_random r;
  int32_t copies[32];
  double margin;

  if (size < 18)
    return 0;
  memcpy(&r.state, data, sizeof(r.state));
  net = random_net_create(&r);
  hw = random_hw_create(&r);
  if (!net || !hw)
    die("setup", "a random network or chip was refused");
  read_options(data + 8, &o, &margin, copies);
  if (count_tiles(hw, net) > (o.policy == 0 || o.policy == RRAMNAS_POLICY_BEST ? MOST_TILES_BEST : MOST_TILES))
    ;
  else if (rramnas_compile(hw, net, &o, NULL, &m, &err) == RRAMNAS_OK)
    check_mapping(m, &o, data[17]);
  else if (m || !err.message[0])
    die("compile", "failed without a message, or with a result");
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  return 0;
}
