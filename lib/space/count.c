/* SPDX-License-Identifier: MIT */
/* Exact number of different candidates of a space.
 *
 * In: genes with parents, rules. Out: the number of canonical genomes that keep all rules, in decimal.
 *
 * Idea: genes form trees by their parents. A gene that no rule concerns, not even by what hangs below it, is counted
 * as a tree: the sum over its values of the products of the children that the value wakes, with one product per range
 * of values between two thresholds. Genes of rules and what they hang on are enumerated, each set of genes that rules
 * and parents tie together for itself, parents first, a rule as soon as its last gene is set; the trees at their side
 * count as factors. A gene that does not count has one value, so nothing is counted twice.
 *
 * Complexity: O(genes^2) without rules; with rules the number of partial combinations, of which there may be
 * MOST_STEPS. */
#include <math.h>
#include <string.h>

#include "space/natural.h"
#include "space/rules.h"

enum { MOST_STEPS = 10000000 };

typedef struct counter {
  const rrn_space *s;
  rrn_arena *arena;
  size_t *order;        /* [n] genes, parents first */
  size_t *start;        /* [n + 1] children of gene i: children[start[i]..start[i + 1]), by threshold upwards */
  size_t *children;     /* [n] */
  size_t *group;        /* [n] links of the sets that rules tie together; a set is known by its smallest gene */
  uint8_t *concerned;   /* [n] 1: a rule needs the gene's value */
  rrn_natural *trees;   /* [n] of genes that are not concerned */
  rrn_natural one;
  int64_t steps;
} counter;

/* The enumeration of one group. */
typedef struct walk {
  size_t *genes;        /* [n] parents first */
  size_t n;
  size_t *rules;        /* [n_rules] by their last gene */
  size_t *first_rule;   /* [n + 1] */
  double *x;            /* [genes of the space] */
  uint8_t *active;      /* [genes of the space] 1: counts */
  rrn_natural *weights; /* [n + 1] factors of the trees beside the genes before */
  uint32_t **products;  /* [genes of the space] room for the factors up to that of this tree */
  uint32_t *total_digits;
  rrn_natural total;
} walk;

static size_t
depth_of(const rrn_space *s, size_t i)
{
  size_t depth = 0;

  for (; s->core[i].parent >= 0; i = (size_t)s->core[i].parent)
    depth++;
  return depth;
}

static void
sort_by_depth(counter *c, size_t *depth, size_t *place)
{
  const size_t n = c->s->n;
  size_t i;

  for (i = 0; i < n; i++)
    place[(depth[i] = depth_of(c->s, i)) + 1]++;
  for (i = 1; i <= n; i++)
    place[i] += place[i - 1];
  for (i = 0; i < n; i++)
    c->order[place[depth[i]]++] = i;
}

/* Inserts gene i among the children [first, end) that are there already. */
static void
insert_child(counter *c, size_t first, size_t end, size_t i)
{
  for (; end > first && c->s->core[c->children[end - 1]].above > c->s->core[i].above; end--)
    c->children[end] = c->children[end - 1];
  c->children[end] = i;
}

static void
list_children(counter *c, size_t *used)
{
  const rrn_gene *core = c->s->core;
  const size_t n = c->s->n;
  size_t i;

  for (i = 0; i < n; i++)
    if (core[i].parent >= 0)
      c->start[core[i].parent + 1]++;
  for (i = 0; i < n; i++)
    c->start[i + 1] += c->start[i];
  for (i = 0; i < n; i++)
    if (core[i].parent >= 0) {
      const size_t p = (size_t)core[i].parent;

      insert_child(c, c->start[p], c->start[p] + used[p], i);
      used[p]++;
    }
}

/* The last value that does not wake a child of threshold `above`, within [low - 1, high]. */
static double
last_asleep(const rrn_gene *g, double above)
{
  const double last = floor(above);

  return last < g->low - 1 ? g->low - 1 : last > g->high ? g->high : last;
}

static int
add_values(counter *c, double values, rrn_natural product, rrn_natural *sum)
{
  rrn_natural number, part;

  return rrn_natural_set(c->arena, (uint64_t)values, &number) &&
         rrn_natural_multiply(c->arena, number, product, &part) && rrn_natural_add(c->arena, *sum, part, sum);
}

/* The tree below gene i while it counts; those of its children are known. */
static int
count_tree(counter *c, size_t i)
{
  const rrn_gene *g = &c->s->core[i];
  rrn_natural product = c->one, sum = { NULL, 0 };
  double done = g->low - 1;
  size_t k;

  if (g->kind == RRN_GENE_REAL) {
    c->trees[i] = c->one;
    return 1;
  }
  for (k = c->start[i]; k < c->start[i + 1]; k++) {
    const double last = last_asleep(g, c->s->core[c->children[k]].above);

    if (last > done && !add_values(c, last - done, product, &sum))
      return 0;
    if (!rrn_natural_multiply(c->arena, product, c->trees[c->children[k]], &product))
      return 0;
    done = last;
  }
  if (g->high > done && !add_values(c, g->high - done, product, &sum))
    return 0;
  c->trees[i] = sum;
  return 1;
}

static size_t
group_of(const counter *c, size_t i)
{
  while (c->group[i] != i)
    i = c->group[i];
  return i;
}

static void
tie(counter *c, size_t a, size_t b)
{
  a = group_of(c, a);
  b = group_of(c, b);
  if (a < b)
    c->group[b] = a;
  else
    c->group[a] = b;
}

/* Marks gene i and what it hangs on. */
static void
concern(counter *c, size_t i)
{
  int32_t parent;

  c->concerned[i] = 1;
  while ((parent = c->s->core[i].parent) >= 0) {
    tie(c, i, (size_t)parent);
    i = (size_t)parent;
    c->concerned[i] = 1;
  }
}

static void
group_genes(counter *c)
{
  size_t i, k;

  for (i = 0; i < c->s->n; i++)
    c->group[i] = i;
  for (i = 0; i < c->s->n_rules; i++) {
    const rrn_space_rule *rule = &c->s->rules[i];

    for (k = 0; k < rule->n_terms; k++) {
      concern(c, rule->terms[k].gene);
      tie(c, rule->terms[0].gene, rule->terms[k].gene);
    }
  }
}

/* 1 when gene i counts, given what stands before it in the walk. */
static int
counts(const counter *c, const walk *w, size_t i)
{
  const rrn_gene *g = &c->s->core[i];

  return g->parent < 0 || (w->active[g->parent] && w->x[g->parent] > g->above);
}

static int
rules_hold(const counter *c, const walk *w, size_t position)
{
  size_t k;

  for (k = w->first_rule[position]; k < w->first_rule[position + 1]; k++)
    if (rrn_rule_violation(c->s, &c->s->rules[w->rules[k]], w->x) > 0)
      return 0;
  return 1;
}

/* Factor of the trees beside the genes up to `position` that their values wake. */
static void
weigh(const counter *c, walk *w, size_t position)
{
  const size_t i = w->genes[position];
  rrn_natural weight = w->weights[position];
  size_t k;

  for (k = c->start[i]; w->active[i] && k < c->start[i + 1]; k++) {
    const size_t child = c->children[k];

    if (!c->concerned[child] && w->x[i] > c->s->core[child].above)
      weight = rrn_natural_product(weight, c->trees[child], w->products[child]);
  }
  w->weights[position + 1] = weight;
}

/* First value of the gene at `position`. */
static void
enter(const counter *c, walk *w, size_t position)
{
  const size_t i = w->genes[position];

  w->active[i] = (uint8_t)counts(c, w, i);
  w->x[i] = c->s->core[i].low;
}

/* Goes to the next value at `position` or before; returns the position, SIZE_MAX at the end. */
static size_t
advance(const counter *c, walk *w, size_t position)
{
  for (;; position--) {
    const size_t i = w->genes[position];

    if (w->active[i] && w->x[i] < c->s->core[i].high) {
      w->x[i]++;
      return position;
    }
    if (position == 0)
      return SIZE_MAX;
  }
}

static int32_t
enumerate(counter *c, walk *w, rramnas_error *err)
{
  size_t position = 0;

  w->weights[0] = c->one;
  enter(c, w, 0);
  while (position != SIZE_MAX) {
    RRN_FAIL_IF(++c->steps > MOST_STEPS, err, RRAMNAS_ERR_LIMIT,
                "rules tie so many genes together that counting takes more than %d steps", MOST_STEPS);
    if (rules_hold(c, w, position)) {
      weigh(c, w, position);
      if (position + 1 < w->n) {
        enter(c, w, ++position);
        continue;
      }
      w->total = rrn_natural_sum(w->total, w->weights[w->n], w->total_digits);
    }
    position = advance(c, w, position);
  }
  return RRAMNAS_OK;
}

/* Genes of the group whose first is `leader`, parents first. */
static void
list_group(const counter *c, size_t leader, walk *w)
{
  size_t k;

  w->n = 0;
  for (k = 0; k < c->s->n; k++)
    if (c->concerned[c->order[k]] && group_of(c, c->order[k]) == leader)
      w->genes[w->n++] = c->order[k];
}

/* Place in the walk of the rule's last gene, SIZE_MAX when it is of another group. */
static size_t
last_place(const walk *w, const rrn_space_rule *rule)
{
  size_t p, k, last = SIZE_MAX;

  for (p = 0; p < w->n; p++)
    for (k = 0; k < rule->n_terms; k++)
      if (rule->terms[k].gene == w->genes[p])
        last = p;
  return last;
}

/* Rules of the walk's genes, by their last gene. */
static void
list_rules(const counter *c, walk *w, size_t *last)
{
  size_t i, p, used = 0;

  for (i = 0; i < c->s->n_rules; i++)
    last[i] = last_place(w, &c->s->rules[i]);
  for (p = 0; p < w->n; p++) {
    w->first_rule[p] = used;
    for (i = 0; i < c->s->n_rules; i++)
      if (last[i] == p)
        w->rules[used++] = i;
  }
  w->first_rule[w->n] = used;
}

/* Room for every product of trees that the walk may meet: digits add up at most. */
static int
make_products(const counter *c, walk *w)
{
  size_t p, k, digits = 1;

  for (p = 0; p < w->n; p++)
    for (k = c->start[w->genes[p]]; k < c->start[w->genes[p] + 1]; k++) {
      const size_t child = c->children[k];

      if (c->concerned[child])
        continue;
      digits += c->trees[child].n;
      w->products[child] = rrn_arena_alloc_raw(c->arena, digits, sizeof(**w->products));
      if (!w->products[child])
        return 0;
    }
  w->total_digits = rrn_arena_alloc_raw(c->arena, digits + 2, sizeof(*w->total_digits));
  return w->total_digits != NULL;
}

static int
make_walk(const counter *c, walk *w)
{
  const size_t n = c->s->n + 1;

  memset(w, 0, sizeof(*w));
  w->genes = rrn_arena_alloc(c->arena, n, sizeof(*w->genes));
  w->rules = rrn_arena_alloc(c->arena, c->s->n_rules, sizeof(*w->rules));
  w->first_rule = rrn_arena_alloc(c->arena, n, sizeof(*w->first_rule));
  w->x = rrn_arena_alloc(c->arena, n, sizeof(*w->x));
  w->active = rrn_arena_alloc(c->arena, n, sizeof(*w->active));
  w->weights = rrn_arena_alloc(c->arena, n, sizeof(*w->weights));
  w->products = rrn_arena_alloc(c->arena, n, sizeof(*w->products));
  return w->genes && w->rules && w->first_rule && w->x && w->active && w->weights && w->products;
}

static int32_t
count_group(counter *c, walk *w, size_t leader, rrn_natural *product, rramnas_error *err)
{
  size_t *last = rrn_arena_alloc(c->arena, c->s->n_rules, sizeof(*last));

  if (!last)
    return rrn_fail_memory(err);
  list_group(c, leader, w);
  list_rules(c, w, last);
  w->total.n = 0;
  if (!make_products(c, w))
    return rrn_fail_memory(err);
  RRN_TRY(enumerate(c, w, err));
  return rrn_natural_multiply(c->arena, *product, w->total, product) ? RRAMNAS_OK : rrn_fail_memory(err);
}

/* Children before their parents. */
static int
count_trees(counter *c)
{
  size_t k;

  for (k = c->s->n; k-- > 0;)
    if (!c->concerned[c->order[k]] && !count_tree(c, c->order[k]))
      return 0;
  return 1;
}

static int32_t
count_all(counter *c, rrn_natural *ret_count, rramnas_error *err)
{
  rrn_natural product = c->one;
  walk w;
  size_t i;

  if (!count_trees(c) || !make_walk(c, &w))
    return rrn_fail_memory(err);
  for (i = 0; i < c->s->n; i++) {
    if (c->concerned[i] && group_of(c, i) == i)
      RRN_TRY(count_group(c, &w, i, &product, err));
    else if (!c->concerned[i] && c->s->core[i].parent < 0 &&
             !rrn_natural_multiply(c->arena, product, c->trees[i], &product))
      return rrn_fail_memory(err);
  }
  *ret_count = product;
  return RRAMNAS_OK;
}

static int32_t
prepare(counter *c, rramnas_error *err)
{
  const size_t n = c->s->n + 2;
  size_t *depth = rrn_arena_alloc(c->arena, n, sizeof(*depth)), *place = rrn_arena_alloc(c->arena, n, sizeof(*place));
  size_t *used = rrn_arena_alloc(c->arena, n, sizeof(*used));

  c->order = rrn_arena_alloc(c->arena, n, sizeof(*c->order));
  c->start = rrn_arena_alloc(c->arena, n, sizeof(*c->start));
  c->children = rrn_arena_alloc(c->arena, n, sizeof(*c->children));
  c->group = rrn_arena_alloc(c->arena, n, sizeof(*c->group));
  c->concerned = rrn_arena_alloc(c->arena, n, sizeof(*c->concerned));
  c->trees = rrn_arena_alloc(c->arena, n, sizeof(*c->trees));
  if (!depth || !place || !used || !c->order || !c->start || !c->children || !c->group || !c->concerned || !c->trees ||
      !rrn_natural_set(c->arena, 1, &c->one))
    return rrn_fail_memory(err);
  sort_by_depth(c, depth, place);
  list_children(c, used);
  group_genes(c);
  return RRAMNAS_OK;
}

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
give(const char *text, size_t length, char *ret_text, size_t capacity, rramnas_error *err)
{
  RRN_FAIL_IF(length + 1 > capacity, err, RRAMNAS_ERR_RANGE, "the number of candidates takes %zu bytes, there are %zu",
              length + 1, capacity);
  if (text)
    memcpy(ret_text, text, length + 1);
  return RRAMNAS_OK;
}

int32_t
rrn_space_count(const rrn_space *s, char *ret_text, size_t capacity, rramnas_error *err)
{
  static const char infinite[] = "infinite";
  rrn_arena arena;
  counter c = { .s = s, .arena = &arena };
  rrn_natural count;
  int32_t status;

  if (is_infinite(s))
    return give(infinite, sizeof(infinite) - 1, ret_text, capacity, err);
  rrn_arena_init(&arena, s->rt);
  RRN_TRY_OUT(prepare(&c, err));
  RRN_TRY_OUT(count_all(&c, &count, err));
  status = give(NULL, rrn_natural_text(count, ret_text, capacity), ret_text, capacity, err);
out:
  rrn_arena_release(&arena);
  return status;
}
