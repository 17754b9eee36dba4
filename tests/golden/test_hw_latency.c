/* SPDX-License-Identifier: MIT */
/* Latency of one activation, equal to the bit to what the originals print: RNC's copy of MNSIM 2.0 with its
 * shipped configuration (1091 boxes) and MNSIM 2.0 with 91 changes of its SimConfig.ini, read by our reader
 * of that file. The originals add the time of moving bytes through buffers, which is no part of this model:
 * the tables hold it, and it is added here in the originals' order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/hw.h"
#include "../support/ini.h"
#include "util/text.h"

enum { N_VALUES = 14 };
enum { BUFFER_WRITE, BUFFER_READ, TOTAL, CROSSBAR, DAC, ADC, ANALOG, INPUT_REGISTER, SHIFT_REGISTER, INPUT_DEMUX,
       ADDER_TREE, OUTPUT_MUX, OUTPUT_REGISTER, DIGITAL };

typedef struct row {
  int64_t rows, cols, input_bits;
  double ns[N_VALUES];
} row;

static row
parse(const char *text)
{
  row r;
  int64_t *const heads[] = { &r.rows, &r.cols, &r.input_bits };
  size_t i, n;

  for (i = 0; i < 3 + N_VALUES; i++, text += n + 1) {
    n = strcspn(text, ",");
    assert_true(i == 2 + N_VALUES ? text[n] == '\0' : text[n] == ',');
    if (i < 3)
      assert_true(rrn_int64_parse(text, n, heads[i]));
    else
      assert_true(rrn_double_parse(text, n, &r.ns[i - 3]));
  }
  return r;
}

static void
check(const rramnas_hw *hw, const row *want)
{
  rramnas_mvm_latency t = RRAMNAS_MVM_LATENCY_INIT;
  double analog, digital;

  assert_int_equal(rramnas_hw_mvm_latency(hw, want->rows, want->cols, (int32_t)want->input_bits, &t, NULL), RRAMNAS_OK);
  assert_true(t.crossbar_ns == want->ns[CROSSBAR]);
  assert_true(t.dac_ns == want->ns[DAC]);
  assert_true(t.adc_ns == want->ns[ADC]);
  assert_true(t.input_register_ns == want->ns[INPUT_REGISTER]);
  assert_true(t.shift_register_ns == want->ns[SHIFT_REGISTER]);
  assert_true(t.input_demux_ns == want->ns[INPUT_DEMUX]);
  assert_true(t.adder_tree_ns == want->ns[ADDER_TREE]);
  assert_true(t.output_mux_ns == want->ns[OUTPUT_MUX]);
  assert_true(t.output_register_ns == want->ns[OUTPUT_REGISTER]);
  analog = t.dac_ns + t.crossbar_ns + t.adc_ns;
  digital = t.input_register_ns + t.shift_register_ns + t.input_demux_ns + t.adder_tree_ns + t.output_mux_ns +
            t.output_register_ns;
  assert_true(analog == want->ns[ANALOG]);
  assert_true(digital == want->ns[DIGITAL]);
  assert_true(t.total_ns == analog + digital);
  assert_true(want->ns[BUFFER_WRITE] + want->ns[BUFFER_READ] + analog + digital == want->ns[TOTAL]);
  if (want->ns[BUFFER_WRITE] == 0 && want->ns[BUFFER_READ] == 0)
    assert_true(t.total_ns == want->ns[TOTAL]);
}

/* Cuts the next line off *text; NULL at the end. Comments and the line of names are skipped. */
static char *
next_row(char **text)
{
  for (;;) {
    char *line = *text;
    size_t n = strcspn(line, "\n");

    if (!*line)
      return NULL;
    *text = line + n + (line[n] == '\n');
    line[n] = '\0';
    if (*line != '#' && !strstr(line, "input_bits"))
      return line;
  }
}

static void
rnc(void **state)
{
  char *data = hw_data("hw/rnc_latency.csv"), *rest = data, *line;
  rramnas_hw *hw = hw_good("", NULL);
  size_t n = 0, plain = 0;

  (void)state;
  for (; (line = next_row(&rest)); n++) {
    row want = parse(line);

    check(hw, &want);
    plain += want.ns[BUFFER_WRITE] == 0 && want.ns[BUFFER_READ] == 0;
  }
  assert_int_equal(n, 1091);
  assert_in_range(plain, 900, 1091);
  rramnas_hw_unref(hw);
  free(data);
}

static void
mnsim(void **state)
{
  char *data = hw_data("hw/mnsim_latency.csv"), *rest = data, *line;
  size_t n = 0;

  (void)state;
  for (; (line = next_row(&rest)); n++) {
    char *bar = strchr(line, '|');
    row want;
    rramnas_hw *hw;

    assert_non_null(bar);
    *bar = '\0';
    want = parse(bar + 1);
    hw = hw_changed_ini(line);
    check(hw, &want);
    rramnas_hw_unref(hw);
  }
  assert_int_equal(n, 364);
  free(data);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(rnc),
    cmocka_unit_test(mnsim),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
