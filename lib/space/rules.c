/* SPDX-License-Identifier: MIT */
/* Rules between genes.
 *
 * In:  text such as "2 * layers + 1 <= 12".
 * Out: a linear form compared with 0; by how much a genome breaks it.
 *
 *   rule = sum relation sum
 *   sum  = ["-"] term { ("+" | "-") term }
 *   term = number ["*" gene] | gene ["*" number]
 *
 * A name is the longest one of a gene that begins here, so that "a-b" is the gene of that name where there is one.
 * A category counts as the number that its label is, or else as its place. */
#include "space/rules.h"

#include <math.h>
#include <string.h>

#include "util/text.h"

typedef struct parser {
  rrn_space *s;
  const char *text;
  size_t at;
  rrn_space_rule *rule;
  double sign; /* -1 to the right of the relation */
  rramnas_error *err;
} parser;

static int32_t
fail_here(const parser *p, const char *expected)
{
  const rrn_place where = { "rule", 1, (int32_t)p->at + 1, -1 };

  return rrn_fail_at(p->err, RRAMNAS_ERR_PARSE, where, "\"%.200s\": expected %s", p->text, expected);
}

static void
skip_blanks(parser *p)
{
  while (p->text[p->at] == ' ' || p->text[p->at] == '\t')
    p->at++;
}

static int
take(parser *p, const char *sign)
{
  skip_blanks(p);
  if (strncmp(p->text + p->at, sign, strlen(sign)) != 0)
    return 0;
  p->at += strlen(sign);
  return 1;
}

static int
is_digit(char c)
{
  return (c >= '0' && c <= '9') || c == '.';
}

static int32_t
read_number(parser *p, double *ret_value)
{
  size_t end = p->at;

  while (is_digit(p->text[end]) ||
         (end > p->at && (p->text[end] == 'e' || p->text[end] == 'E' ||
                          ((p->text[end] == '+' || p->text[end] == '-') && (p->text[end - 1] | 32) == 'e'))))
    end++;
  if (!rrn_double_parse(p->text + p->at, end - p->at, ret_value))
    return fail_here(p, "a number");
  p->at = end;
  return RRAMNAS_OK;
}

/* SIZE_MAX when no gene's name stands here. */
static size_t
longest_gene(const parser *p)
{
  size_t i, best = SIZE_MAX, best_length = 0;

  for (i = 0; i < p->s->n; i++) {
    const size_t length = strlen(p->s->genes[i].name);

    if (length > best_length && strncmp(p->text + p->at, p->s->genes[i].name, length) == 0) {
      best = i;
      best_length = length;
    }
  }
  return best;
}

static int
goes_on(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '[';
}

static int32_t
read_gene(parser *p, size_t *ret_gene)
{
  const size_t gene = longest_gene(p);
  const size_t length = gene == SIZE_MAX ? 0 : strlen(p->s->genes[gene].name);
  const rrn_place where = { "rule", 1, (int32_t)p->at + 1, -1 };

  if (length == 0 || goes_on(p->text[p->at + length]))
    return rrn_fail_at(p->err, RRAMNAS_ERR_NOT_FOUND, where, "\"%.200s\": there is no gene of this name", p->text);
  p->at += length;
  *ret_gene = gene;
  return RRAMNAS_OK;
}

static int32_t
add_term(parser *p, size_t gene, double factor)
{
  rrn_space_rule *r = p->rule;
  const size_t n = r->n;

  r->at = rrn_arena_grow(&p->s->arena, r->at, n, &r->cap, sizeof(*r->at));
  if (!r->at)
    return rrn_fail_memory(p->err);
  if (n % 8 == 0) {
    double *factors = rrn_arena_alloc(&p->s->arena, n + 8, sizeof(*factors));

    if (!factors)
      return rrn_fail_memory(p->err);
    if (n)
      memcpy(factors, r->factors, n * sizeof(*factors));
    r->factors = factors;
  }
  r->at[n] = gene;
  r->factors[n] = factor;
  r->n++;
  return RRAMNAS_OK;
}

static int32_t
read_term(parser *p, double sign)
{
  double number = 1;
  size_t gene = 0;

  skip_blanks(p);
  if (is_digit(p->text[p->at])) {
    RRN_TRY(read_number(p, &number));
    if (!take(p, "*")) {
      p->rule->constant += sign * number;
      return RRAMNAS_OK;
    }
    skip_blanks(p);
    RRN_TRY(read_gene(p, &gene));
  } else {
    RRN_TRY(read_gene(p, &gene));
    if (take(p, "*")) {
      skip_blanks(p);
      RRN_TRY(read_number(p, &number));
    }
  }
  return add_term(p, gene, sign * number);
}

static int32_t
read_sum(parser *p, double side)
{
  double sign = take(p, "-") ? -side : side;

  for (;;) {
    RRN_TRY(read_term(p, sign));
    if (take(p, "+"))
      sign = side;
    else if (take(p, "-"))
      sign = -side;
    else
      return RRAMNAS_OK;
  }
}

/* ">" and ">=" are "<" and "<=" with the sides changed. */
static int32_t
read_relation(parser *p, double *ret_side)
{
  static const struct { const char *sign; int32_t relation; double side; } relations[] = {
    { "<=", RRN_RULE_AT_MOST, 1 }, { ">=", RRN_RULE_AT_MOST, -1 }, { "==", RRN_RULE_EQUAL, 1 },
    { "!=", RRN_RULE_DIFFERENT, 1 }, { "<", RRN_RULE_LESS, 1 }, { ">", RRN_RULE_LESS, -1 },
  };
  size_t i;

  for (i = 0; i < sizeof(relations) / sizeof(relations[0]); i++)
    if (take(p, relations[i].sign)) {
      p->rule->relation = relations[i].relation;
      *ret_side = relations[i].side;
      return RRAMNAS_OK;
    }
  return fail_here(p, "<, <=, ==, !=, >= or >");
}

static int32_t
parse(parser *p)
{
  double side = 1;
  size_t i;

  RRN_TRY(read_sum(p, 1));
  RRN_TRY(read_relation(p, &side));
  RRN_TRY(read_sum(p, -1));
  skip_blanks(p);
  if (p->text[p->at])
    return fail_here(p, "the end, + or -");
  p->at = 0;
  if (p->rule->n == 0)
    return fail_here(p, "a gene");
  for (i = 0; i < p->rule->n; i++)
    p->rule->factors[i] *= side;
  p->rule->constant *= side;
  return RRAMNAS_OK;
}

int32_t
rrn_space_add_rule(rrn_space *s, const char *text, rramnas_error *err)
{
  rrn_space_rule rule = { .text = rrn_arena_strndup(&s->arena, text, strlen(text)) };
  parser p = { .s = s, .text = text, .rule = &rule, .err = err };
  rrn_space_rule *rules;

  if (!rule.text)
    return rrn_fail_memory(err);
  RRN_TRY(parse(&p));
  rules = rrn_arena_grow(&s->arena, s->rules, s->n_rules, &s->cap_rules, sizeof(*rules));
  if (!rules)
    return rrn_fail_memory(err);
  s->rules = rules;
  s->rules[s->n_rules++] = rule;
  return RRAMNAS_OK;
}

static double
number_of(const rrn_space *s, size_t gene, double value)
{
  return s->core[gene].kind == RRN_GENE_CATEGORY ? s->genes[gene].numbers[(size_t)value] : value;
}

double
rrn_rule_violation(const rrn_space *s, const rrn_space_rule *rule, const double *x)
{
  double sum = rule->constant;
  size_t i;

  for (i = 0; i < rule->n; i++)
    sum += rule->factors[i] * number_of(s, rule->at[i], x[rule->at[i]]);
  switch (rule->relation) {
  case RRN_RULE_LESS:
    return sum < 0 ? 0 : sum + 1;
  case RRN_RULE_AT_MOST:
    return sum <= 0 ? 0 : sum;
  case RRN_RULE_EQUAL:
    return fabs(sum);
  default:
    return sum < 0 || sum > 0 ? 0 : 1;
  }
}

double
rrn_space_violation(const rrn_space *s, const double *x)
{
  double sum = 0;
  size_t i;

  for (i = 0; i < s->n_rules; i++)
    sum += rrn_rule_violation(s, &s->rules[i], x);
  return sum;
}
