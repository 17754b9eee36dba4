/* SPDX-License-Identifier: MIT */
/* Rules: parser and value.
 *
 * In: "2 * layers + 1 <= crossbar.rows". Out: one sum of genes and numbers that is compared with 0, and what a genome
 * lacks to keep it.
 *
 *   rule = sum relation sum       relation = < <= == != >= >
 *   sum  = [+|-] term {(+|-) term}
 *   term = factor {* factor}, at most one of them a gene
 *
 * A word is the longest gene name that begins there, since names may hold a '-'. What is missing: by how much a sum is
 * on the wrong side; 1 more where equality itself is wrong.
 *
 * Complexity: O(length * genes) to read, O(terms) to judge. */
#include "space/rules.h"

#include <math.h>
#include <string.h>

#include "hw/spec_fields.h"
#include "util/text.h"

enum { MOST_RULES = 4096, MOST_TEXT = 1024, MOST_WORD = 64 };
static const double most_number = 1e150;

typedef struct reader {
  rrn_space *s;
  const char *start, *at;
  rrn_place where; /* of start */
  rrn_space_rule rule;
  size_t cap;
  rramnas_error *err;
} reader;

static rrn_place
place_of(const reader *r)
{
  rrn_place where = r->where;

  where.column += (int32_t)(r->at - r->start);
  return where;
}

static void
skip_blanks(reader *r)
{
  while (*r->at == ' ' || *r->at == '\t')
    r->at++;
}

static int
is_digit(char c)
{
  return c >= '0' && c <= '9';
}

static int
is_name_char(char c)
{
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr("_.[]-", c));
}

/* Bytes of the number that begins here, 0 when none does: "3x3" is a name. */
static size_t
number_length(const char *text)
{
  size_t n = strspn(text, "0123456789"), mantissa, digits, sign;

  if (text[n] == '.')
    n += 1 + strspn(text + n + 1, "0123456789");
  mantissa = n;
  if (n > 0 && (text[n] == 'e' || text[n] == 'E')) {
    sign = text[n + 1] == '+' || text[n + 1] == '-';
    digits = strspn(text + n + 1 + sign, "0123456789");
    n += digits ? 1 + sign + digits : 0;
  }
  if (mantissa == 0 || (mantissa == 1 && text[0] == '.') || (is_name_char(text[n]) && text[n] != '-'))
    return 0;
  return n;
}

/* Bytes of the longest gene name here, 0 when there is none. */
static size_t
gene_length(const reader *r, size_t *ret_gene)
{
  size_t i, length, longest = 0;

  for (i = 0; i < r->s->n; i++) {
    length = strlen(r->s->genes[i].name);
    if (length > longest && strncmp(r->at, r->s->genes[i].name, length) == 0 &&
        (r->at[length] == '-' || !is_name_char(r->at[length]))) {
      longest = length;
      *ret_gene = i;
    }
  }
  return longest;
}

static const char *
gene_like(const rrn_space *s, const char *name)
{
  size_t best = strlen(name) / 2 + 1, i;
  const char *near = NULL;

  if (best > 4)
    best = 4;
  for (i = 0; i < s->n; i++) {
    const size_t distance = rrn_hw_edit_distance(name, s->genes[i].name);

    if (distance < best) {
      best = distance;
      near = s->genes[i].name;
    }
  }
  return near;
}

static int32_t
fail_word(const reader *r)
{
  char word[MOST_WORD];
  const char *near;
  size_t n = 0;

  while (n < MOST_WORD - 1 && is_name_char(r->at[n]) && (n == 0 || r->at[n] != '-'))
    n++;
  memcpy(word, r->at, n);
  word[n] = '\0';
  if (n == 0 || word[0] == '-')
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, place_of(r), "\"%.20s\" where a gene or a number is expected", r->at);
  near = gene_like(r->s, word);
  return rrn_fail_at(r->err, RRAMNAS_ERR_NOT_FOUND, place_of(r), "no gene \"%s\"%s%s%s", word,
                     near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* A number, or a gene where none was before. */
static int32_t
read_factor(reader *r, double *factor, size_t *gene)
{
  double value = 1;
  size_t n = number_length(r->at), found = SIZE_MAX;

  if (n > 0) {
    if (!rrn_double_parse(r->at, n, &value) || !(fabs(value * *factor) <= most_number))
      return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, place_of(r), "a number of at most 1e150 is expected");
    *factor *= value;
  } else {
    n = gene_length(r, &found);
    if (n == 0)
      return fail_word(r);
    if (*gene != SIZE_MAX)
      return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, place_of(r), "a product of genes; rules are linear");
    *gene = found;
  }
  r->at += n;
  skip_blanks(r);
  return RRAMNAS_OK;
}

static int32_t
add_term(reader *r, size_t gene, double factor)
{
  rrn_space_rule *rule = &r->rule;
  rrn_rule_term *bigger;
  size_t i;

  for (i = 0; i < rule->n_terms; i++)
    if (rule->terms[i].gene == gene) {
      rule->terms[i].factor += factor;
      return RRAMNAS_OK;
    }
  bigger = rrn_arena_grow(&r->s->arena, rule->terms, rule->n_terms, &r->cap, sizeof(*bigger));
  if (!bigger)
    return rrn_fail_memory(r->err);
  rule->terms = bigger;
  rule->terms[rule->n_terms++] = (rrn_rule_term){ gene, factor };
  return RRAMNAS_OK;
}

static int32_t
read_term(reader *r, double sign)
{
  double factor = sign;
  size_t gene = SIZE_MAX;

  RRN_TRY(read_factor(r, &factor, &gene));
  while (*r->at == '*') {
    r->at++;
    skip_blanks(r);
    RRN_TRY(read_factor(r, &factor, &gene));
  }
  if (gene != SIZE_MAX)
    return add_term(r, gene, factor);
  r->rule.constant += factor;
  return RRAMNAS_OK;
}

static int32_t
read_sum(reader *r, double side)
{
  double sign;

  skip_blanks(r);
  do {
    sign = *r->at == '-' ? -side : side;
    if (*r->at == '+' || *r->at == '-')
      r->at++;
    skip_blanks(r);
    RRN_TRY(read_term(r, sign));
  } while (*r->at == '+' || *r->at == '-');
  return RRAMNAS_OK;
}

static int32_t
read_relation(reader *r)
{
  static const struct { const char *text; int32_t relation; } relations[] = {
    { "<=", RRN_RULE_LE }, { "==", RRN_RULE_EQ }, { "!=", RRN_RULE_NE },
    { ">=", RRN_RULE_GE }, { "<", RRN_RULE_LT }, { ">", RRN_RULE_GT },
  };
  size_t i;

  for (i = 0; i < sizeof(relations) / sizeof(relations[0]); i++)
    if (strncmp(r->at, relations[i].text, strlen(relations[i].text)) == 0) {
      r->rule.relation = relations[i].relation;
      r->at += strlen(relations[i].text);
      return RRAMNAS_OK;
    }
  return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, place_of(r), "%s%.20s%s where <, <=, ==, !=, >= or > is expected",
                     *r->at ? "\"" : "", *r->at ? r->at : "the end", *r->at ? "\"" : "");
}

static int32_t
read_rule(reader *r)
{
  RRN_TRY(read_sum(r, 1));
  RRN_TRY(read_relation(r));
  RRN_TRY(read_sum(r, -1));
  if (*r->at)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, place_of(r), "\"%.20s\" after the end of the rule", r->at);
  if (r->rule.n_terms == 0)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, r->where, "the rule has no gene");
  return RRAMNAS_OK;
}

static int32_t
keep_rule(reader *r)
{
  rrn_space *s = r->s;
  const char *end = r->at;
  rrn_space_rule *bigger;

  while (end > r->start && (end[-1] == ' ' || end[-1] == '\t'))
    end--;
  r->at = r->start;
  skip_blanks(r);
  r->rule.text = rrn_arena_strndup(&s->arena, r->at, (size_t)(end - r->at));
  bigger = rrn_arena_grow(&s->arena, s->rules, s->n_rules, &s->cap_rules, sizeof(*bigger));
  if (!r->rule.text || !bigger)
    return rrn_fail_memory(r->err);
  s->rules = bigger;
  s->rules[s->n_rules++] = r->rule;
  return RRAMNAS_OK;
}

int32_t
rrn_rule_add(rrn_space *s, const char *text, rrn_place where, rramnas_error *err)
{
  reader r = { .s = s, .start = text, .at = text, .where = where, .err = err };

  if (strnlen(text, MOST_TEXT + 1) > MOST_TEXT)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, where, "the rule has more than %d bytes", MOST_TEXT);
  if (s->n_rules == MOST_RULES)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, where, "more than %d rules", MOST_RULES);
  RRN_TRY(read_rule(&r));
  return keep_rule(&r);
}

int32_t
rrn_space_add_rule(rrn_space *s, const char *rule, rramnas_error *err)
{
  const rrn_place where = { "rule", 1, 1, -1 };

  return rrn_rule_add(s, rule, where, err);
}

static double
positive(double value)
{
  return value > 0 ? value : 0;
}

double
rrn_rule_violation(const rrn_space *s, const rrn_space_rule *rule, const double *x)
{
  double sum = 0;
  size_t i;

  for (i = 0; i < rule->n_terms; i++)
    sum += rule->terms[i].factor * rrn_space_number(s, x, rule->terms[i].gene);
  sum += rule->constant;
  switch (rule->relation) {
  case RRN_RULE_LE: return positive(sum);
  case RRN_RULE_GE: return positive(-sum);
  case RRN_RULE_LT: return sum < 0 ? 0 : sum + 1;
  case RRN_RULE_GT: return sum > 0 ? 0 : 1 - sum;
  case RRN_RULE_EQ: return fabs(sum);
  default: return sum == 0;
  }
}

double
rrn_space_violation(const rrn_space *s, const double *x)
{
  double missing = 0;
  size_t i;

  for (i = 0; i < s->n_rules; i++)
    missing += rrn_rule_violation(s, &s->rules[i], x);
  return missing;
}
