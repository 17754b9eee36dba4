/* SPDX-License-Identifier: MIT */
/* See options.h. */
#include "options.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

/* --- values --- */

int
set_long(const char *value, long long min, long long max, int64_t *ret)
{
  long long number;

  if (!parse_integer(value, min, max, &number))
    return 0;
  *ret = number;
  return 1;
}

int
set_int(const char *value, long long min, long long max, int32_t *ret)
{
  int64_t number = 0;

  if (!set_long(value, min, max, &number))
    return 0;
  *ret = (int32_t)number;
  return 1;
}

int
set_share(const char *value, double *ret_share)
{
  return parse_real(value, strlen(value), ret_share) && *ret_share >= 0 && *ret_share <= 1;
}

int
set_share_above_zero(const char *value, double *ret_share)
{
  return set_share(value, ret_share) && *ret_share > 0;
}

int32_t
place_of(const char *word, const char *const *words)
{
  int32_t i;

  for (i = 0; words[i]; i++)
    if (strcmp(words[i], word) == 0)
      return i + 1;
  return 0;
}

int
read_crossbars(const char *value, int32_t *ret_crossbars)
{
  *ret_crossbars = RRAMNAS_CROSSBARS_AUTO;
  return strcmp(value, "auto") == 0 || set_int(value, 1, INT32_MAX, ret_crossbars);
}

int
read_policy(const char *value, int32_t *ret_policy)
{
  return rramnas_policy_from_name(value, ret_policy) == RRAMNAS_OK;
}

int
read_effort(const char *value, int32_t *ret_effort)
{
  static const char *const words[] = { "fast", "balanced", "thorough", NULL };

  *ret_effort = place_of(value, words);
  return *ret_effort > 0;
}

int
read_timing(const char *value, int32_t *ret_model)
{
  static const char *const words[] = { "graph", "rnc", NULL };

  *ret_model = place_of(value, words);
  return *ret_model > 0;
}

/* By enum rramnas_adc_range. */
static const char *const adc_ranges[] = { "auto", "maximum", "granular", "calibrated", NULL };

int
read_adc_range(const char *value, int32_t *ret_range)
{
  const int32_t place = place_of(value, adc_ranges);

  *ret_range = place - 1;
  return place > 0;
}

const char *
adc_range_name(int32_t range)
{
  return adc_ranges[range];
}

int
tells_of_accuracy(const rramnas_accuracy_options *a)
{
  return a->weights || a->trials || a->images || a->norm_images || a->copies_alike || a->stop_dominated ||
         a->stop_below > 0 || a->confidence_wanted > 0 || a->adc_fraction > 0 || a->time_s > 0;
}

/* --- questions --- */

static void
print_row(const char *dashes, const char *name, const char *argument, const char *help)
{
  char left[40];

  snprintf(left, sizeof(left), "%s%s%s%s", dashes, name, argument ? " " : "", argument ? argument : "");
  printf("  %-22s %s\n", left, help);
}

static void
print_help(const command_line *c)
{
  size_t i;

  puts(c->usage);
  for (i = 0; i < c->n_options; i++)
    print_row("--", c->options[i].name, c->options[i].argument, c->options[i].help);
  for (i = 0; i < c->n_questions; i++)
    print_row("--", c->questions[i].name, NULL, c->questions[i].help);
  print_row("--", "help", NULL, "this text");
  print_row("--", "version", NULL, "version of the library");
  print_row("--", "", NULL, "what follows is no option");
  printf("\n%s\n", c->ending);
}

/* Whether the text is a question. */
static int
answer(const command_line *c, const char *text)
{
  size_t i;

  for (i = 0; i < c->n_questions; i++)
    if (strncmp(text, "--", 2) == 0 && strcmp(text + 2, c->questions[i].name) == 0) {
      c->questions[i].answer();
      return 1;
    }
  if (strcmp(text, "--version") == 0) {
    printf("%s %s\n", PROGRAM_NAME, rramnas_version());
    return 1;
  }
  if (strcmp(text, "--help") != 0 && strcmp(text, "-h") != 0)
    return 0;
  print_help(c);
  return 1;
}

/* --- suggestions --- */

static size_t
least(size_t a, size_t b)
{
  return a < b ? a : b;
}

/* Letters to insert, drop or change (Levenshtein); names beyond 31 letters are far from everything. */
static size_t
distance(const char *a, const char *b)
{
  size_t cost[33], above, keep, i, k;
  const size_t n = strlen(b);

  if (n > 31 || strlen(a) > 31)
    return 99;
  for (k = 0; k <= n; k++)
    cost[k] = k;
  for (i = 0; a[i]; i++) {
    above = cost[0];
    cost[0] = i + 1;
    for (k = 0; k < n; k++) {
      keep = cost[k + 1];
      cost[k + 1] = least(least(cost[k], keep) + 1, above + (a[i] != b[k]));
      above = keep;
    }
  }
  return cost[n];
}

static void
complain_unknown(const command_line *c, const char *name)
{
  size_t i, best = c->n_options, best_distance = 4;

  for (i = 0; i < c->n_options; i++)
    if (distance(name, c->options[i].name) < best_distance) {
      best = i;
      best_distance = distance(name, c->options[i].name);
    }
  if (best < c->n_options)
    complain("unknown option --%s; did you mean --%s?", name, c->options[best].name);
  else
    complain("unknown option --%s; --help lists all", name);
}

/* --- options --- */

static const option *
find_option(const command_line *c, const char *name)
{
  size_t i;

  for (i = 0; i < c->n_options; i++)
    if (strcmp(c->options[i].name, name) == 0)
      return &c->options[i];
  complain_unknown(c, name);
  return NULL;
}

/* `value` stands behind `=`, NULL without; `next` is the argument behind. Returns arguments used, 0 after a message. */
static int
use_option(const option *o, const char *value, const char *next, settings *s)
{
  int used = 1;

  if (!o->argument && value) {
    complain("--%s takes no value", o->name);
    return 0;
  }
  if (o->argument && !value) {
    value = next;
    used = 2;
  }
  if (o->argument && (!value || !*value)) {
    complain("--%s needs a value: %s", o->name, o->expected);
    return 0;
  }
  if (o->set(s, value))
    return used;
  complain("--%s %s: expected %s", o->name, value, o->expected);
  return 0;
}

static int
read_option(const command_line *c, const char *text, const char *next, settings *s)
{
  const size_t length = strcspn(text, "=");
  const option *o;
  char name[64];

  if (text[1] != '-') {
    complain("unknown option %s; --help lists all", text);
    return 0;
  }
  snprintf(name, sizeof(name), "%.*s", (int)least(length - 2, sizeof(name) - 1), text + 2);
  o = find_option(c, name);
  return o ? use_option(o, text[length] ? text + length + 1 : NULL, next, s) : 0;
}

int
read_command_line(const command_line *c, int argc, char **argv, settings *s)
{
  int only_arguments = 0, i, used;

  for (i = 1; i < argc; i += used) {
    const char *text = argv[i];

    if (only_arguments || text[0] != '-')
      used = c->set_argument(s, text);
    else if (strcmp(text, "--") == 0)
      used = only_arguments = 1;
    else if (answer(c, text))
      return 0;
    else
      used = read_option(c, text, i + 1 < argc ? argv[i + 1] : NULL, s);
    if (!used)
      return -1;
  }
  return 1;
}
