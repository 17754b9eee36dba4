/* SPDX-License-Identifier: MIT */
/* The tables of doc/hardware.md are those of the code: printed here and compared with what stands between
 * the markers. RRAMNAS_UPDATE_GOLDEN=1 writes them into the file instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/hw.h"
#include "hw/presets.h"
#include "hw/spec_fields.h"
#include "hw/spec_ini.h"

static void
add(capture *c, const char *text)
{
  capture_write(c, text, strlen(text));
}

/* A '|' would end the cell. */
static void
add_cell(capture *c, const char *text)
{
  add(c, " ");
  for (; *text; text++)
    if (*text == '|')
      add(c, " \\| ");
    else
      capture_write(c, text, 1);
  add(c, " |");
}

static void
add_number_range(capture *c, const rrn_hw_field *f)
{
  char text[80];

  if (f->type == RRAMNAS_FIELD_INTEGER || f->type == RRAMNAS_FIELD_REAL)
    snprintf(text, sizeof(text), "%.10g .. %.10g", f->min, f->max);
  else if (f->type == RRAMNAS_FIELD_LIST)
    snprintf(text, sizeof(text), "list of %.10g .. %.10g", f->min, f->max);
  else
    snprintf(text, sizeof(text), "%s", f->type == RRAMNAS_FIELD_TEXT ? "text" : f->choices);
  add_cell(c, text);
}

static capture
field_table(void)
{
  capture c = { 0 };
  size_t i;

  add(&c, "| Field | Unit | Range | Default | Meaning | Source of the default |\n|---|---|---|---|---|---|\n");
  for (i = 0; i < rrn_hw_n_fields; i++) {
    const rrn_hw_field *f = &rrn_hw_fields[i];

    add(&c, "| `");
    add(&c, f->name);
    add(&c, "` |");
    add_cell(&c, f->unit);
    add_number_range(&c, f);
    add_cell(&c, f->default_text);
    add_cell(&c, f->doc);
    add_cell(&c, f->source);
    add(&c, "\n");
  }
  return c;
}

static capture
preset_table(void)
{
  capture c = { 0 };
  size_t i;

  add(&c, "| Preset | Kind | What it is | Source |\n|---|---|---|---|\n");
  for (i = 0; i < rrn_n_presets; i++) {
    add(&c, "| `");
    add(&c, rrn_presets[i].name);
    add(&c, rrn_presets[i].kind == RRAMNAS_PRESET_CHIP ? "` | chip |" : "` | device |");
    add_cell(&c, rrn_presets[i].title);
    add_cell(&c, rrn_presets[i].source);
    add(&c, "\n");
  }
  return c;
}

static capture
rule_list(void)
{
  capture c = { 0 };
  size_t i;

  for (i = 0; i < rrn_hw_n_rules; i++) {
    add(&c, "- ");
    add(&c, rrn_hw_rules[i].reason);
    add(&c, "\n");
  }
  return c;
}

static capture
key_table(void)
{
  static const char *const uses[] = { "field", "rule", "no part in this model", "no effect in MNSIM: warning" };
  capture c = { 0 };
  size_t i;

  add(&c, "| Section | Key | Shipped | Use | Field | Note |\n|---|---|---|---|---|---|\n");
  for (i = 0; i < rrn_ini_n_keys; i++) {
    const rrn_ini_key *k = &rrn_ini_keys[i];

    add(&c, "|");
    add_cell(&c, k->section);
    add_cell(&c, k->key);
    add_cell(&c, k->shipped);
    add_cell(&c, uses[k->use]);
    add_cell(&c, k->field);
    add_cell(&c, k->note);
    add(&c, "\n");
  }
  return c;
}

static void
replace_section(const char *path, const char *page, const char *begin, const char *end, const capture *want)
{
  FILE *file = fopen(path, "wb");

  assert_non_null(file);
  fwrite(page, 1, (size_t)(begin - page), file);
  fwrite(want->text, 1, want->length, file);
  fputs(end, file);
  fclose(file);
}

static void
check_section(const char *name, capture want)
{
  char path[1024], marker[64];
  char *page = hw_data("../../doc/hardware.md"), *begin, *end;

  snprintf(path, sizeof(path), "%s/../../doc/hardware.md", getenv("RRAMNAS_TEST_DATA"));
  snprintf(marker, sizeof(marker), "<!-- begin %s -->\n", name);
  begin = strstr(page, marker);
  assert_non_null(begin);
  begin += strlen(marker);
  snprintf(marker, sizeof(marker), "<!-- end %s -->\n", name);
  end = strstr(begin, marker);
  assert_non_null(end);
  if (getenv("RRAMNAS_UPDATE_GOLDEN"))
    replace_section(path, page, begin, end, &want);
  else if ((size_t)(end - begin) != want.length || memcmp(begin, want.text, want.length) != 0)
    fail_msg("section \"%s\" of doc/hardware.md is not what the code says; RRAMNAS_UPDATE_GOLDEN=1 rewrites it", name);
  assert_true(want.length > 200);
  capture_free(&want);
  free(page);
}

static void
fields(void **state)
{
  (void)state;
  check_section("fields", field_table());
}

static void
rules(void **state)
{
  (void)state;
  check_section("rules", rule_list());
}

static void
keys(void **state)
{
  (void)state;
  check_section("keys", key_table());
}

static void
presets(void **state)
{
  (void)state;
  check_section("presets", preset_table());
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(fields),
    cmocka_unit_test(rules),
    cmocka_unit_test(keys),
    cmocka_unit_test(presets),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
