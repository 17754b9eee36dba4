/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "util/text.h"

static void
doubles_round_trip(void **state)
{
  static const struct { double value; const char *text; } cases[] = {
    { 0.1, "0.1" },     { 152.77319047999998, "152.77319047999998" }, { 1e-9, "1e-09" }, { -2.5, "-2.5" },
    { 1e300, "1e+300" }, { 0, "0" },                                  { 1.0 / 3, "0.3333333333333333" },
  };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    char text[RRN_DOUBLE_TEXT];
    double back;

    assert_string_equal(rrn_double_text(cases[i].value, text), cases[i].text);
    assert_true(rrn_double_parse(text, strlen(text), &back));
    assert_true(back == cases[i].value);
  }
}

static void
doubles_refuse_garbage(void **state)
{
  static const char *const bad[] = { "", ".", "-", "1e", "0x10", "nan", "inf", "1,5", "1 ", " 1", "1e999", "1.2.3" };
  size_t i;
  double value = 7;

  (void)state;
  for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
    assert_false(rrn_double_parse(bad[i], strlen(bad[i]), &value));
  assert_true(value == 7);
}

static void
integers(void **state)
{
  int64_t value = 0;

  (void)state;
  assert_true(rrn_int64_parse("-9223372036854775808", 20, &value));
  assert_true(value == INT64_MIN);
  assert_true(rrn_int64_parse("9223372036854775807", 19, &value));
  assert_true(value == INT64_MAX);
  assert_false(rrn_int64_parse("9223372036854775808", 19, &value));
  assert_false(rrn_int64_parse("12a", 3, &value));
  assert_false(rrn_int64_parse("", 0, &value));
}

static void
utf8(void **state)
{
  (void)state;
  assert_true(rrn_utf8_valid("gr\xc3\xbc\xc3\x9f", 6));
  assert_true(rrn_utf8_valid("\xf0\x9f\x98\x80", 4));
  assert_false(rrn_utf8_valid("\xc3", 1));
  assert_false(rrn_utf8_valid("\xc0\x80", 2));
  assert_false(rrn_utf8_valid("\xed\xa0\x80", 3));
  assert_false(rrn_utf8_valid("\xf5\x80\x80\x80", 4));
  assert_false(rrn_utf8_valid("a\0b", 3));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(doubles_round_trip),
    cmocka_unit_test(doubles_refuse_garbage),
    cmocka_unit_test(integers),
    cmocka_unit_test(utf8),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
