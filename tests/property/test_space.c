/* SPDX-License-Identifier: MIT */
/* Spaces: counts against plain enumeration, rules against their meaning, files and candidates there and back, and the
 * networks of the ready spaces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "random.h"
#include "space/ready.h"
#include "util/text.h"

enum { MOST_GENES = 7, MOST_RULES = 3, MOST_TERMS = 3, SPACES = 3000 };

static const char *const relations[] = { "<", "<=", "==", "!=", ">=", ">" };

typedef struct relation {
  size_t genes[MOST_TERMS];
  int factors[MOST_TERMS];
  size_t n;
  int constant, relation;
} relation;

typedef struct random_space {
  rrn_space s;
  relation rules[MOST_RULES];
  size_t n_rules;
} random_space;

static rrn_rt runtime;

static void
add_gene(rrn_space *s, test_random *r)
{
  static const char *const words[] = { "3", "five", "-2", "0.5" };
  rramnas_gene g = RRAMNAS_GENE_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char name[16];

  snprintf(name, sizeof(name), test_below(r, 2) ? "g[%zu]" : "some.gene-%zu", s->n);
  g.name = name;
  if (test_below(r, 2)) {
    g.labels = words + test_below(r, 2);
    g.n_labels = 1 + test_below(r, 3);
  } else {
    g.kind = RRAMNAS_GENE_INTEGER;
    g.low = (double)test_below(r, 5) - 2;
    g.high = g.low + (double)test_below(r, 4);
  }
  if (s->n > 0 && test_below(r, 2)) {
    g.parent = s->genes[test_below(r, s->n)].name;
    g.above = ((double)test_below(r, 11) - 5) / 2;
  }
  if (rrn_space_add_gene(s, &g, &err) < 0)
    fail_msg("%s", err.message);
}

static void
write_rule(const rrn_space *s, const relation *rule, char text[512])
{
  size_t i;
  int used = 0;

  for (i = 0; i < rule->n; i++)
    used += snprintf(text + used, 512 - (size_t)used, "%s%d * %s", rule->factors[i] < 0 ? " - " : i ? " + " : "",
                     abs(rule->factors[i]), s->genes[rule->genes[i]].name);
  snprintf(text + used, 512 - (size_t)used, " %s %d", relations[rule->relation], rule->constant);
}

static void
add_rule(random_space *q, test_random *r)
{
  relation *rule = &q->rules[q->n_rules++];
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char text[512];
  size_t i;

  rule->n = 1 + test_below(r, MOST_TERMS);
  for (i = 0; i < rule->n; i++) {
    rule->genes[i] = test_below(r, q->s.n);
    rule->factors[i] = (int)test_below(r, 7) - 3;
  }
  rule->constant = (int)test_below(r, 9);
  rule->relation = (int)test_below(r, 6);
  write_rule(&q->s, rule, text);
  if (rrn_space_add_rule(&q->s, text, &err) < 0)
    fail_msg("%s: %s", text, err.message);
}

static void
make_space(random_space *q, test_random *r)
{
  size_t n = 1 + test_below(r, MOST_GENES), n_rules = test_below(r, MOST_RULES + 1);

  memset(q, 0, sizeof(*q));
  rrn_space_init(&q->s, &runtime);
  while (n-- > 0)
    add_gene(&q->s, r);
  while (n_rules-- > 0)
    add_rule(q, r);
}

/* --- the meaning of rules and counts, word by word --- */

static double
number(const rrn_space *s, const double *x, size_t i)
{
  double value = x[i];

  if (s->core[i].kind == RRN_GENE_CATEGORY) {
    const char *label = s->genes[i].labels[(size_t)x[i]];

    (void)rrn_double_parse(label, strlen(label), &value);
  }
  return value;
}

static int
holds(const rrn_space *s, const relation *rule, const double *x)
{
  double sum = 0;
  size_t i;

  for (i = 0; i < rule->n; i++)
    sum += rule->factors[i] * number(s, x, rule->genes[i]);
  switch (rule->relation) {
  case 0: return sum < rule->constant;
  case 1: return sum <= rule->constant;
  case 2: return sum == rule->constant;
  case 3: return sum != rule->constant;
  case 4: return sum >= rule->constant;
  default: return sum > rule->constant;
  }
}

/* 1 when the genome is its own canonical form and keeps all rules. */
static int
is_candidate(const random_space *q, const double *x)
{
  const rrn_genes genes = rrn_space_genes(&q->s);
  double y[MOST_GENES];
  size_t i;

  memcpy(y, x, q->s.n * sizeof(*y));
  rrn_genome_canonical(&genes, y);
  if (memcmp(x, y, q->s.n * sizeof(*y)) != 0)
    return 0;
  for (i = 0; i < q->n_rules; i++)
    if (!holds(&q->s, &q->rules[i], x))
      return 0;
  return 1;
}

/* Next genome of all; 0 after the last. */
static int
next_genome(const rrn_space *s, double *x)
{
  size_t i;

  for (i = 0; i < s->n; i++) {
    if (x[i] < s->core[i].high) {
      x[i]++;
      return 1;
    }
    x[i] = s->core[i].low;
  }
  return 0;
}

static int
same_verdict(const random_space *q, const double *x)
{
  const rrn_genes genes = rrn_space_genes(&q->s);
  double y[MOST_GENES];
  int kept = 1;
  size_t i;

  memcpy(y, x, q->s.n * sizeof(*y));
  rrn_genome_canonical(&genes, y);
  for (i = 0; i < q->n_rules; i++)
    kept &= holds(&q->s, &q->rules[i], y);
  return kept == !(rrn_space_violation(&q->s, y) > 0);
}

static void
counts_are_those_of_enumeration(void **state)
{
  test_random r = { 1 };
  int n, with_rules = 0;

  (void)state;
  for (n = 0; n < SPACES; n++) {
    const uint64_t seed = r.state;
    double x[MOST_GENES];
    char expected[32], text[64];
    random_space q;
    int64_t count = 0;
    size_t i;

    make_space(&q, &r);
    for (i = 0; i < q.s.n; i++)
      x[i] = q.s.core[i].low + 0.0;
    do {
      count += is_candidate(&q, x);
      if (!same_verdict(&q, x))
        fail_msg("seed %llu: a rule is judged wrongly", (unsigned long long)seed);
    } while (next_genome(&q.s, x));
    snprintf(expected, sizeof(expected), "%lld", (long long)count);
    assert_int_equal(rrn_space_count(&q.s, text, sizeof(text), NULL), RRAMNAS_OK);
    if (strcmp(text, expected) != 0)
      fail_msg("seed %llu: counted %s, there are %s", (unsigned long long)seed, text, expected);
    with_rules += q.n_rules > 0 && count > 0;
    rrn_space_release(&q.s);
  }
  assert_true(with_rules > SPACES / 4);
}

/* --- there and back --- */

static capture
yaml_of(const rrn_space *s)
{
  capture text = { 0 };

  assert_int_equal(rrn_space_write_yaml(s, capture_write, &text, NULL), RRAMNAS_OK);
  return text;
}

static void
assert_reads_back(const rrn_space *s)
{
  capture first = yaml_of(s), second;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_space back;

  rrn_space_init(&back, &runtime);
  if (rrn_space_read(&back, first.text, first.length, "back.yaml", &err) < 0)
    fail_msg("%s\n%s", err.message, first.text);
  assert_int_equal(back.n, s->n);
  assert_int_equal(back.n_rules, s->n_rules);
  assert_memory_equal(back.core, s->core, s->n * sizeof(*s->core));
  second = yaml_of(&back);
  assert_string_equal(first.text, second.text);
  rrn_space_release(&back);
  capture_free(&first);
  capture_free(&second);
}

static void
random_genome(const rrn_space *s, test_random *r, double *x)
{
  const rrn_genes genes = rrn_space_genes(s);
  size_t i;

  for (i = 0; i < s->n; i++)
    x[i] = s->core[i].low + (double)test_below(r, (uint64_t)(s->core[i].high - s->core[i].low) + 1);
  rrn_genome_canonical(&genes, x);
}

static void
assert_candidate_reads_back(const rrn_space *s, const double *x)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  double *y = calloc(s->n, sizeof(*y));
  capture text = { 0 };

  assert_non_null(y);
  assert_int_equal(rrn_space_write_candidate(s, x, capture_write, &text, NULL), RRAMNAS_OK);
  if (rrn_space_read_candidate(s, text.text, text.length, "back.yaml", y, &err) < 0)
    fail_msg("%s\n%s", err.message, text.text);
  assert_memory_equal(x, y, s->n * sizeof(*y));
  capture_free(&text);
  free(y);
}

/* As in a table: "" where a gene does not count. */
static void
assert_values_read_back(const rrn_space *s, const double *x)
{
  char buffer[RRN_SPACE_TEXT];
  size_t i;

  for (i = 0; i < s->n; i++) {
    const char *text = rrn_space_value_text(s, x, i, buffer);
    double back = s->core[i].low;

    if (*text)
      assert_int_equal(rrn_space_parse_value(s, i, text, &back, NULL), RRAMNAS_OK);
    assert_true(back == x[i]);
  }
}

static void
spaces_and_candidates_read_back(void **state)
{
  test_random r = { 2 };
  int n;

  (void)state;
  for (n = 0; n < SPACES / 3; n++) {
    random_space q;
    double x[MOST_GENES];

    make_space(&q, &r);
    assert_reads_back(&q.s);
    random_genome(&q.s, &r, x);
    assert_candidate_reads_back(&q.s, x);
    assert_values_read_back(&q.s, x);
    rrn_space_release(&q.s);
  }
}

/* --- ready spaces --- */

static capture
network_of(const rrn_space *s, const double *x)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  capture text = { 0 };

  if (rrn_space_build_net(s, x, NULL, &net, &err) < 0)
    fail_msg("%s: %s", s->name, err.message);
  assert_int_equal(rramnas_net_write_yaml(net, capture_write, &text, NULL), RRAMNAS_OK);
  rramnas_net_unref(net);
  return text;
}

/* Another value of one gene that counts. */
static void
change_one(const rrn_space *s, test_random *r, double *x)
{
  const rrn_genes genes = rrn_space_genes(s);
  const rrn_gene *g;
  size_t i;

  do
    i = test_below(r, s->n);
  while (!rrn_gene_active(&genes, x, i));
  g = &s->core[i];
  x[i] = x[i] < g->high ? x[i] + 1 : x[i] - 1;
  rrn_genome_canonical(&genes, x);
}

static void
check_genome(const rrn_space *s, test_random *r)
{
  double *x = calloc(s->n, sizeof(*x));
  capture net, same, other;

  assert_non_null(x);
  random_genome(s, r, x);
  assert_int_equal(rrn_space_check(s, x, NULL), RRAMNAS_OK);
  net = network_of(s, x);
  same = network_of(s, x);
  assert_true(capture_equal(&net, &same));
  assert_candidate_reads_back(s, x);
  assert_values_read_back(s, x);
  change_one(s, r, x);
  other = network_of(s, x);
  assert_false(capture_equal(&net, &other));
  capture_free(&net);
  capture_free(&same);
  capture_free(&other);
  free(x);
}

static void
ready_spaces_build_their_networks(void **state)
{
  test_random r = { 3 };
  size_t i;
  int n;

  (void)state;
  for (i = 0; i < rrn_n_ready_spaces; i++) {
    rrn_space s;

    rrn_space_init(&s, &runtime);
    assert_int_equal(rrn_space_ready(&s, rrn_ready_spaces[i].name, NULL), RRAMNAS_OK);
    assert_reads_back(&s);
    for (n = 0; n < 40; n++)
      check_genome(&s, &r);
    rrn_space_release(&s);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(counts_are_those_of_enumeration),
    cmocka_unit_test(spaces_and_candidates_read_back),
    cmocka_unit_test(ready_spaces_build_their_networks),
  };

  if (rrn_rt_init(&runtime, NULL, NULL) < 0)
    return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
