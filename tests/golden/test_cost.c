/* SPDX-License-Identifier: MIT */
/* Costs of three networks, to the last bit: a change of the model shows here, number by number.
 * RRAMNAS_UPDATE_GOLDEN=1 writes the files anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture.h"
#include "golden.h"
#include "nets.h"
#include "rramnas/rramnas.h"
#include "util/writer.h"

static void
member(rrn_writer *w, const char *before, const char *name, double value)
{
  rrn_write_format(w, "%s\"%s\": ", before, name);
  rrn_write_double(w, value);
}

static void
write_figures(rrn_writer *w, const rramnas_cost *c)
{
  const struct { const char *name; double value; } figures[] = {
    { "latency_ns", c->latency_ns }, { "energy_pj", c->energy_pj }, { "energy_dynamic_pj", c->energy_dynamic_pj },
    { "energy_static_pj", c->energy_static_pj }, { "energy_per_inference_pj", c->energy_per_inference_pj },
    { "energy_per_mac_pj", c->energy_per_mac_pj }, { "area_um2", c->area_um2 }, { "power_mw", c->power_mw },
    { "leakage_mw", c->leakage_mw }, { "edp_pj_ns", c->edp_pj_ns }, { "edap_pj_ns_um2", c->edap_pj_ns_um2 },
    { "tops", c->tops }, { "tops_per_w", c->tops_per_w }, { "tops_per_mm2", c->tops_per_mm2 },
    { "inferences_per_s", c->inferences_per_s }, { "cell_utilization", c->cell_utilization },
    { "busy_share", c->busy_share }, { "write_energy_pj", c->write_energy_pj }, { "write_time_ns", c->write_time_ns },
    { "ir_drop", c->ir_drop }, { "ir_drop_typical", c->ir_drop_typical }, { "wire_delay_ns", c->wire_delay_ns },
    { "transfer_ns", c->transfer_ns }, { "macs", c->macs }, { "crossbars", (double)c->crossbars },
    { "arrays", (double)c->arrays }, { "tiles", (double)c->tiles }, { "adc_bits_needed", c->adc_bits_needed },
    { "adc_bits", c->adc_bits }, { "extrapolated", c->extrapolated }, { "samples", c->samples },
  };
  size_t i;

  for (i = 0; i < sizeof(figures) / sizeof(figures[0]); i++)
    member(w, i ? ",\n  " : "{\n  ", figures[i].name, figures[i].value);
}

/* Components: dynamic, static, area, summed over layers; layers: the same summed over components. */
static void
write_rows(rrn_writer *w, const double (*rows)[RRAMNAS_COST_COMPONENTS][3], size_t n)
{
  size_t i;
  int k, kind;

  rrn_write_text(w, ",\n  \"components\": {");
  for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++) {
    rrn_write_format(w, "%s\n    \"%s\": [", k ? "," : "", rramnas_cost_component_name(k));
    for (kind = 0; kind < 3; kind++) {
      double sum = 0;

      for (i = 0; i < n; i++)
        sum += rows[i][k][kind];
      rrn_write_text(w, kind ? ", " : "");
      rrn_write_double(w, sum);
    }
    rrn_write_text(w, "]");
  }
  rrn_write_text(w, "\n  },\n  \"layers\": [");
  for (i = 0; i < n; i++) {
    rrn_write_format(w, "%s\n    [", i ? "," : "");
    for (kind = 0; kind < 3; kind++) {
      double sum = 0;

      for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++)
        sum += rows[i][k][kind];
      rrn_write_text(w, kind ? ", " : "");
      rrn_write_double(w, sum);
    }
    rrn_write_text(w, "]");
  }
  rrn_write_text(w, "\n  ]\n}\n");
}

static void
costs_of(const char *name, int32_t crossbars)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_cost_options how = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_cost c = RRAMNAS_COST_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = test_net(name);
  rramnas_hw *hw = NULL;
  rramnas_mapping *m = NULL;
  const size_t n = rramnas_net_layer_count(net) + 1;
  double (*rows)[RRAMNAS_COST_COMPONENTS][3] = calloc(n, sizeof(*rows));
  capture text = { 0 };
  char path[128];
  rrn_writer w;

  o.policy = RRAMNAS_POLICY_RNC;
  o.crossbars = crossbars;
  how.samples = 8;
  if (rramnas_hw_create_default(NULL, &hw, &err) < 0 || rramnas_compile(hw, net, &o, NULL, &m, &err) < 0 ||
      rramnas_mapping_get_cost(m, &how, &c, &err) < 0 ||
      rramnas_mapping_get_cost_layers(m, &how, &rows[0][0][0], n, &err) < 0)
    fail_msg("%s", err.message);
  rrn_writer_init(&w, capture_write, &text);
  write_figures(&w, &c);
  write_rows(&w, (const double (*)[RRAMNAS_COST_COMPONENTS][3])rows, n);
  assert_int_equal(rrn_writer_finish(&w, NULL), RRAMNAS_OK);
  snprintf(path, sizeof(path), "cost/%s.json", name);
  compare_golden(path, text.text);
  capture_free(&text);
  free(rows);
  rramnas_mapping_unref(m);
  rramnas_hw_unref(hw);
  rramnas_net_unref(net);
}

static void
mobilenet(void **state)
{
  (void)state;
  costs_of("mbv3_small", 210);
}

static void
squeezenet(void **state)
{
  (void)state;
  costs_of("squeezenet", 300);
}

static void
resnet(void **state)
{
  (void)state;
  costs_of("resnet18", 1024);
}

int
main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(mobilenet), cmocka_unit_test(squeezenet),
                                      cmocka_unit_test(resnet) };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
