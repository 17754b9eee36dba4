/* SPDX-License-Identifier: MIT */
/* How many different candidates a space has, exactly.
 *
 * In:  genes, their parents, rules.
 * Out: the number in decimal.
 *
 * Idea: without rules, a gene and what hangs on it stand for sum over its values of the product over the children that
 * count there. Rules tie genes together: those, and their ancestors, are enumerated in canonical form, one connected
 * part after the other, and each assignment that keeps the rules stands for the product of what hangs on it outside of
 * the part. The product over all parts is the answer. Numbers have limbs of nine decimal digits.
 *
 * Complexity: O(values) without rules; assignments of a part are limited. Tested against plain enumeration. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "space/rules.h"

enum { BASE = 1000000000, MOST_ASSIGNMENTS = 10000000, MOST_VALUES = 1 << 20 };

/* Little-endian; n = 0 is zero. limb == NULL: out of memory. */
typedef struct big {
  uint32_t *limb;
  size_t n;
} big;

typedef struct counter {
  const rrn_space *s;
  rrn_arena arena;   /* of the whole count */
  rrn_arena scratch; /* of one assignment */
  big *below;        /* [genes]: a gene and all that hangs on it, rules left out */
  int32_t *part;     /* [genes]: connected part of rules that it belongs to; -1 = none */
  size_t *members;   /* [n_members]: genes of the part that is enumerated */
  size_t n_members;
  double *x;         /* [genes] */
  big sum;
  int64_t assignments;
  rramnas_error *err;
} counter;

/* --- numbers --- */

static big
big_of(rrn_arena *arena, uint64_t value)
{
  big b = { rrn_arena_alloc(arena, 3, sizeof(*b.limb)), 0 };

  for (; b.limb && value; value /= BASE)
    b.limb[b.n++] = (uint32_t)(value % BASE);
  return b;
}

static big
add(rrn_arena *arena, big a, big b)
{
  const size_t n = (a.n > b.n ? a.n : b.n) + 1;
  big c = { rrn_arena_alloc(arena, n, sizeof(*c.limb)), 0 };
  uint32_t carry = 0;
  size_t i;

  for (i = 0; c.limb && i < n; i++) {
    const uint32_t sum = (i < a.n ? a.limb[i] : 0) + (i < b.n ? b.limb[i] : 0) + carry;

    c.limb[i] = sum % BASE;
    carry = sum / BASE;
    c.n = c.limb[i] ? i + 1 : c.n;
  }
  return c;
}

static big
multiply(rrn_arena *arena, big a, big b)
{
  const size_t n = a.n + b.n + 1;
  big c = { rrn_arena_alloc(arena, n, sizeof(*c.limb)), 0 };
  size_t i, k;

  for (i = 0; c.limb && i < a.n; i++) {
    uint64_t carry = 0;

    for (k = 0; k < b.n || carry; k++) {
      const uint64_t sum = c.limb[i + k] + (k < b.n ? (uint64_t)a.limb[i] * b.limb[k] : 0) + carry;

      c.limb[i + k] = (uint32_t)(sum % BASE);
      carry = sum / BASE;
    }
  }
  for (i = 0; c.limb && i < n; i++)
    c.n = c.limb[i] ? i + 1 : c.n;
  return c;
}

/* --- trees --- */

/* a += b; a has room. */
static void
add_to(big *a, big b)
{
  uint32_t carry = 0;
  size_t i;

  for (i = 0; i < b.n || carry; i++) {
    const uint32_t sum = (i < a->n ? a->limb[i] : 0) + (i < b.n ? b.limb[i] : 0) + carry;

    a->limb[i] = sum % BASE;
    carry = sum / BASE;
    a->n = i + 1 > a->n ? i + 1 : a->n;
  }
}

/* All that hangs on gene i at a value, but for genes that belong to a part. */
static big
children_at(const counter *c, rrn_arena *arena, size_t i, double value)
{
  big product = big_of(arena, 1);
  size_t k;

  for (k = i + 1; k < c->s->n && product.limb; k++)
    if (c->s->core[k].parent == (int32_t)i && value > c->s->core[k].above && c->part[k] < 0)
      product = multiply(arena, product, c->below[k]);
  return product;
}

static int
has_children(const counter *c, size_t i)
{
  size_t k;

  for (k = i + 1; k < c->s->n; k++)
    if (c->s->core[k].parent == (int32_t)i)
      return 1;
  return 0;
}

static int32_t
count_tree(counter *c, size_t i)
{
  const rrn_gene *g = &c->s->core[i];
  big sum;
  double value;

  if (!has_children(c, i)) {
    c->below[i] = big_of(&c->arena, (uint64_t)rrn_gene_values(g));
    return c->below[i].limb ? RRAMNAS_OK : rrn_fail_memory(c->err);
  }
  RRN_FAIL_IF(g->high - g->low > MOST_VALUES, c->err, RRAMNAS_ERR_LIMIT,
              "gene \"%s\" has too many values to count what depends on it", c->s->genes[i].name);
  sum = big_of(&c->arena, 0);
  for (value = g->low; value <= g->high && sum.limb; value++) {
    const big product = children_at(c, &c->scratch, i, value);

    if (!product.limb)
      return rrn_fail_memory(c->err);
    sum = add(&c->arena, sum, product);
    rrn_arena_reset(&c->scratch);
  }
  c->below[i] = sum;
  return sum.limb ? RRAMNAS_OK : rrn_fail_memory(c->err);
}

/* --- parts that rules tie together --- */

static void
join(counter *c, int32_t from, int32_t to)
{
  size_t i;

  for (i = 0; i < c->s->n; i++)
    if (c->part[i] == from)
      c->part[i] = to;
}

/* A gene and its ancestors into part `part`. */
static void
enlist(counter *c, size_t gene, int32_t part)
{
  int32_t i;

  for (i = (int32_t)gene; i >= 0; i = c->s->core[i].parent) {
    if (c->part[i] >= 0 && c->part[i] != part)
      join(c, c->part[i], part);
    c->part[i] = part;
  }
}

static void
find_parts(counter *c)
{
  size_t i, k;

  for (i = 0; i < c->s->n; i++)
    c->part[i] = -1;
  for (i = 0; i < c->s->n_rules; i++)
    for (k = 0; k < c->s->rules[i].n; k++)
      enlist(c, c->s->rules[i].at[k], (int32_t)i);
}

static int
keeps_rules(const counter *c, int32_t part)
{
  size_t i;

  for (i = 0; i < c->s->n_rules; i++)
    if (c->s->rules[i].n > 0 && c->part[c->s->rules[i].at[0]] == part &&
        rrn_rule_violation(c->s, &c->s->rules[i], c->x) > 0)
      return 0;
  return 1;
}

static int32_t
add_assignment(counter *c, int32_t part)
{
  const rrn_genes genes = rrn_space_genes(c->s);
  big product;
  size_t i;

  RRN_FAIL_IF(++c->assignments > MOST_ASSIGNMENTS, c->err, RRAMNAS_ERR_LIMIT,
              "rules tie genes together that have more than %d values in all", (int)MOST_ASSIGNMENTS);
  if (!keeps_rules(c, part))
    return RRAMNAS_OK;
  product = big_of(&c->scratch, 1);
  for (i = 0; i < c->n_members && product.limb; i++)
    if (rrn_gene_active(&genes, c->x, c->members[i])) {
      const big hanging = children_at(c, &c->scratch, c->members[i], c->x[c->members[i]]);

      product = hanging.limb ? multiply(&c->scratch, product, hanging) : hanging;
    }
  if (product.limb)
    add_to(&c->sum, product);
  rrn_arena_reset(&c->scratch);
  return product.limb ? RRAMNAS_OK : rrn_fail_memory(c->err);
}

/* Parents stand before their children. */
static int32_t
enumerate(counter *c, int32_t part, size_t member)
{
  const rrn_genes genes = rrn_space_genes(c->s);
  const rrn_gene *g;

  if (member == c->n_members)
    return add_assignment(c, part);
  g = &c->s->core[c->members[member]];
  c->x[c->members[member]] = g->low;
  if (!rrn_gene_active(&genes, c->x, c->members[member]))
    return enumerate(c, part, member + 1);
  for (; c->x[c->members[member]] <= g->high; c->x[c->members[member]]++)
    RRN_TRY(enumerate(c, part, member + 1));
  c->x[c->members[member]] = g->low;
  return RRAMNAS_OK;
}

static int32_t
count_part(counter *c, int32_t part)
{
  size_t i;

  c->n_members = 0;
  for (i = 0; i < c->s->n; i++)
    if (c->part[i] == part)
      c->members[c->n_members++] = i;
  /* A gene has less than 2^32 values, fewer than two limbs can tell. */
  c->sum = (big){ rrn_arena_alloc(&c->arena, 2 * c->s->n + 4, sizeof(*c->sum.limb)), 0 };
  if (!c->sum.limb)
    return rrn_fail_memory(c->err);
  return enumerate(c, part, 0);
}

/* --- the whole --- */

static int
is_infinite(const rrn_space *s)
{
  size_t i;

  for (i = 0; i < s->n; i++)
    if (s->core[i].kind == RRN_GENE_REAL && s->core[i].low < s->core[i].high)
      return 1;
  return 0;
}

static int32_t
begin(counter *c)
{
  size_t i;

  c->below = rrn_arena_alloc(&c->arena, c->s->n + 1, sizeof(*c->below));
  c->part = rrn_arena_alloc(&c->arena, c->s->n + 1, sizeof(*c->part));
  c->members = rrn_arena_alloc(&c->arena, c->s->n + 1, sizeof(*c->members));
  c->x = rrn_arena_alloc(&c->arena, c->s->n + 1, sizeof(*c->x));
  if (!c->below || !c->part || !c->members || !c->x)
    return rrn_fail_memory(c->err);
  for (i = 0; i < c->s->n; i++)
    c->x[i] = c->s->core[i].low;
  find_parts(c);
  for (i = c->s->n; i-- > 0;)
    if (c->part[i] < 0)
      RRN_TRY(count_tree(c, i));
  return RRAMNAS_OK;
}

static int32_t
count(counter *c, big *ret_total)
{
  big total = big_of(&c->arena, 1);
  size_t i;
  int32_t part;

  RRN_TRY(begin(c));
  for (i = 0; i < c->s->n && total.limb; i++)
    if (c->part[i] < 0 && c->s->core[i].parent < 0)
      total = multiply(&c->arena, total, c->below[i]);
  for (part = 0; part < (int32_t)c->s->n_rules && total.limb; part++) {
    RRN_TRY(count_part(c, part));
    if (c->n_members > 0)
      total = multiply(&c->arena, total, c->sum);
    else if (c->s->rules[part].n == 0 && rrn_rule_violation(c->s, &c->s->rules[part], c->x) > 0)
      total = big_of(&c->arena, 0);
  }
  *ret_total = total;
  return total.limb ? RRAMNAS_OK : rrn_fail_memory(c->err);
}

static int32_t
to_text(big number, char *ret_text, size_t capacity, rramnas_error *err)
{
  const size_t needed = number.n ? 9 * number.n + 1 : 2;
  size_t i, length;

  RRN_FAIL_IF(capacity < needed, err, RRAMNAS_ERR_RANGE, "the count has up to %zu digits, the text room for %zu bytes",
              needed - 1, capacity);
  length = (size_t)snprintf(ret_text, capacity, "%u", (unsigned)(number.n ? number.limb[number.n - 1] : 0));
  for (i = number.n; i-- > 1;)
    length += (size_t)snprintf(ret_text + length, capacity - length, "%09u", (unsigned)number.limb[i - 1]);
  return RRAMNAS_OK;
}

int32_t
rrn_space_count(const rrn_space *s, char *ret_text, size_t capacity, rramnas_error *err)
{
  counter c = { .s = s, .err = err };
  big total = { NULL, 0 };
  int32_t status;

  if (is_infinite(s)) {
    RRN_FAIL_IF(capacity < sizeof("infinite"), err, RRAMNAS_ERR_RANGE, "the text has room for %zu bytes", capacity);
    memcpy(ret_text, "infinite", sizeof("infinite"));
    return RRAMNAS_OK;
  }
  rrn_arena_init(&c.arena, s->rt);
  rrn_arena_init(&c.scratch, s->rt);
  status = count(&c, &total);
  if (status >= 0)
    status = to_text(total, ret_text, capacity, err);
  rrn_arena_release(&c.scratch);
  rrn_arena_release(&c.arena);
  return status;
}
