/* SPDX-License-Identifier: MIT */
/* Genes by name.
 *
 * In:  genes one by one; values as numbers or as text.
 * Out: genes for a strategy, checks, texts.
 *
 * A gene is kept twice: as a strategy wants it (numbers only) and as people do (name, labels, role). Everything lives
 * in the space's arena. Lookup by name is linear: it happens while a problem is set up. */
#include "space/space.h"

#include <math.h>
#include <string.h>

#include "hw/presets.h"
#include "hw/spec_fields.h"
#include "util/text.h"

enum { MOST_NAME = 63, MOST_LABELS = 4096 };

void
rrn_space_init(rrn_space *s, const rrn_rt *rt)
{
  *s = (rrn_space){ .rt = rt, .name = "space" };
  rrn_arena_init(&s->arena, rt);
}

void
rrn_space_release(rrn_space *s)
{
  if (s->rt)
    rrn_arena_release(&s->arena);
  memset(s, 0, sizeof(*s));
}

rrn_genes
rrn_space_genes(const rrn_space *s)
{
  const rrn_genes genes = { s->core, s->n, s->conditional };

  return genes;
}

size_t
rrn_space_find(const rrn_space *s, const char *name)
{
  size_t i;

  for (i = 0; i < s->n; i++)
    if (strcmp(s->genes[i].name, name) == 0)
      return i;
  return SIZE_MAX;
}

/* --- adding --- */

static int
name_is_good(const char *name)
{
  size_t i;

  for (i = 0; name[i]; i++)
    if (!((name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z') ||
          (name[i] >= '0' && name[i] <= '9') || (i > 0 && strchr("_.[]-", name[i])) || name[i] == '_'))
      return 0;
  return i > 0 && i <= MOST_NAME;
}

static int32_t
check_range(const rramnas_gene *g, rramnas_error *err)
{
  RRN_FAIL_IF(g->labels || g->n_labels, err, RRAMNAS_ERR_ARGUMENT, "gene \"%s\": only categories have labels", g->name);
  /* Sums of rules stay finite. */
  RRN_FAIL_IF(!(g->low >= -1e150 && g->high <= 1e150 && g->low <= g->high), err, RRAMNAS_ERR_ARGUMENT,
              "gene \"%s\" has no range from low to high within 1e150", g->name);
  RRN_FAIL_IF(g->kind == RRAMNAS_GENE_INTEGER &&
                (g->low != floor(g->low) || g->high != floor(g->high) || fabs(g->low) > 0x1p53 ||
                 fabs(g->high) > 0x1p53 || g->high - g->low >= 0x1p31),
              err, RRAMNAS_ERR_ARGUMENT, "gene \"%s\" is an integer, expected whole bounds less than 2^31 apart",
              g->name);
  return RRAMNAS_OK;
}

/* Comes back from YAML and CSV as it is. */
static int
is_plain(const char *text)
{
  for (; *text >= ' ' && *text <= '~'; text++)
    ;
  return *text == '\0';
}

static int32_t
check_labels(const rramnas_gene *g, rramnas_error *err)
{
  size_t i, k;

  RRN_FAIL_IF(!g->labels || g->n_labels < 1 || g->n_labels > MOST_LABELS, err, RRAMNAS_ERR_ARGUMENT,
              "gene \"%s\" is a category with %zu labels, expected 1..%d", g->name, g->labels ? g->n_labels : 0,
              (int)MOST_LABELS);
  for (i = 0; i < g->n_labels; i++) {
    RRN_FAIL_IF(!g->labels[i] || !*g->labels[i] || strlen(g->labels[i]) > MOST_NAME ||
                  !is_plain(g->labels[i]),
                err, RRAMNAS_ERR_ARGUMENT, "gene \"%s\": label %zu is not 1..%d printable ASCII characters", g->name, i,
                (int)MOST_NAME);
    for (k = 0; k < i; k++)
      RRN_FAIL_IF(strcmp(g->labels[i], g->labels[k]) == 0, err, RRAMNAS_ERR_ARGUMENT,
                  "gene \"%s\": label \"%s\" is given twice", g->name, g->labels[i]);
  }
  return RRAMNAS_OK;
}

static int
is_device(const char *name)
{
  const rrn_preset *preset = rrn_preset_find(name);

  return preset && preset->kind == RRAMNAS_PRESET_DEVICE;
}

static int32_t
check_label_of_hardware(const rramnas_gene *g, const char *value, rramnas_error *err)
{
  const rrn_yaml node = { .kind = RRN_YAML_SCALAR, .text = value, .length = strlen(value) };
  const rrn_hw_field *field = rrn_hw_field_find(g->name);
  rramnas_error why = RRAMNAS_ERROR_INIT;
  rramnas_hw scratch;

  if (strcmp(g->name, RRN_HW_DEVICE_PRESET) == 0) {
    RRN_FAIL_IF(!is_device(value), err, RRAMNAS_ERR_ARGUMENT, "gene \"%s\": there is no preset \"%s\" of a device",
                g->name, value);
    return RRAMNAS_OK;
  }
  memset(&scratch, 0, sizeof(scratch));
  RRN_FAIL_IF(rrn_hw_field_assign(field, g->name, &node, &scratch, &why) < 0, err, RRAMNAS_ERR_ARGUMENT, "gene %s",
              why.message);
  return RRAMNAS_OK;
}

static const char *const bits_stems[] = { "layer_weight_bits", "layer_input_bits" };

/* The mapped layer whose bits a gene decides; -1 = the gene is a field. */
static int32_t
layer_of_bits(const char *name, int *ret_is_input)
{
  int64_t layer;
  int i;

  for (i = 0; i < 2; i++) {
    const size_t stem = strlen(bits_stems[i]), end = strlen(name);

    if (strncmp(name, bits_stems[i], stem) == 0 && name[stem] == '[' && name[end - 1] == ']' &&
        rrn_int64_parse(name + stem + 1, end - stem - 2, &layer) && name[stem + 1] != '-' && layer < INT32_MAX) {
      *ret_is_input = i;
      return (int32_t)layer;
    }
  }
  return -1;
}

int
rrn_space_names_bits(const char *name)
{
  int is_input;

  return layer_of_bits(name, &is_input) >= 0;
}

const char *
rrn_space_nearly_bits(const char *name)
{
  int i;

  for (i = 0; i < 2; i++)
    if (strncmp(name, bits_stems[i], strlen(bits_stems[i])) == 0)
      return rrn_space_names_bits(name) ? NULL : bits_stems[i];
  return NULL;
}

static int32_t
check_layer_bits(const rramnas_gene *g, rramnas_error *err)
{
  double number;
  size_t i;

  for (i = 0; i < g->n_labels; i++)
    RRN_FAIL_IF(!rrn_double_parse(g->labels[i], strlen(g->labels[i]), &number) || number < 1 || number > 64 ||
                  number != floor(number),
                err, RRAMNAS_ERR_ARGUMENT, "gene \"%s\": \"%s\" is no number of bits, expected 1..64", g->name,
                g->labels[i]);
  RRN_FAIL_IF(g->kind == RRAMNAS_GENE_REAL || (g->kind == RRAMNAS_GENE_INTEGER && (g->low < 1 || g->high > 64)), err,
              RRAMNAS_ERR_ARGUMENT, "gene \"%s\": bits of a layer are integers 1..64", g->name);
  return RRAMNAS_OK;
}

static int32_t
check_range_of_hardware(const rramnas_gene *g, const rrn_hw_field *field, rramnas_error *err)
{
  char low[RRN_DOUBLE_TEXT], high[RRN_DOUBLE_TEXT];

  RRN_FAIL_IF(!field || field->type == RRAMNAS_FIELD_CHOICE || field->type == RRAMNAS_FIELD_LIST, err,
              RRAMNAS_ERR_ARGUMENT, "gene \"%s\" is a number, the hardware field %s", g->name,
              field && field->type == RRAMNAS_FIELD_LIST ? "a list" : "a word");
  RRN_FAIL_IF(field->type == RRAMNAS_FIELD_INTEGER && g->kind == RRAMNAS_GENE_REAL, err, RRAMNAS_ERR_ARGUMENT,
              "gene \"%s\" is a real number, the hardware field an integer", g->name);
  RRN_FAIL_IF(g->low < field->min || g->high > field->max, err, RRAMNAS_ERR_ARGUMENT,
              "gene \"%s\" leaves the range of the hardware field, %s to %s", g->name,
              rrn_double_text(field->min, low), rrn_double_text(field->max, high));
  return RRAMNAS_OK;
}

/* Every single value must be one that the field takes; what fields allow together is seen when the chip is built. */
static int32_t
check_hardware(const rramnas_gene *g, rramnas_error *err)
{
  const rrn_hw_field *field = rrn_hw_field_find(g->name);
  const char *near = field ? NULL : rrn_hw_field_suggest(g->name);
  int is_input;
  size_t i;

  if (layer_of_bits(g->name, &is_input) >= 0)
    return check_layer_bits(g, err);
  RRN_FAIL_IF(!field && strcmp(g->name, RRN_HW_DEVICE_PRESET) != 0, err, RRAMNAS_ERR_ARGUMENT,
              "gene \"%s\" is no hardware field%s%s%s", g->name, near ? ", did you mean \"" : "", near ? near : "",
              near ? "\"?" : "");
  RRN_FAIL_IF(field && field->type == RRAMNAS_FIELD_TEXT, err, RRAMNAS_ERR_ARGUMENT,
              "gene \"%s\": the hardware field is free text, which changes nothing", g->name);
  if (g->kind != RRAMNAS_GENE_CATEGORY)
    return check_range_of_hardware(g, field, err);
  for (i = 0; i < g->n_labels; i++)
    RRN_TRY(check_label_of_hardware(g, g->labels[i], err));
  return RRAMNAS_OK;
}

static int32_t
check_parent(const rrn_space *s, const rramnas_gene *g, rramnas_error *err)
{
  const size_t parent = rrn_space_find(s, g->parent);

  RRN_FAIL_IF(parent == SIZE_MAX, err, RRAMNAS_ERR_ARGUMENT, "gene \"%s\": its parent \"%.63s\" is no gene before it",
              g->name, g->parent);
  RRN_FAIL_IF(s->core[parent].kind == RRN_GENE_REAL, err, RRAMNAS_ERR_ARGUMENT,
              "gene \"%s\": its parent \"%s\" is a real number, expected a category or an integer", g->name, g->parent);
  RRN_FAIL_IF(!isfinite(g->above), err, RRAMNAS_ERR_ARGUMENT, "gene \"%s\": \"above\" is no finite number", g->name);
  return RRAMNAS_OK;
}

static int32_t
check_gene(const rrn_space *s, const rramnas_gene *g, rramnas_error *err)
{
  RRN_FAIL_IF(!g->name || !name_is_good(g->name), err, RRAMNAS_ERR_ARGUMENT,
              "name of gene %zu is not one of letters, digits, '_', '.', '[', ']', '-' (1..%d)", s->n, (int)MOST_NAME);
  RRN_FAIL_IF(rrn_space_find(s, g->name) != SIZE_MAX, err, RRAMNAS_ERR_ARGUMENT, "there is a gene \"%s\" already",
              g->name);
  RRN_FAIL_IF(s->n >= RRN_SPACE_MOST_GENES, err, RRAMNAS_ERR_LIMIT, "more than %d genes", (int)RRN_SPACE_MOST_GENES);
  RRN_FAIL_IF(g->kind < RRAMNAS_GENE_CATEGORY || g->kind > RRAMNAS_GENE_REAL, err, RRAMNAS_ERR_ARGUMENT,
              "gene \"%s\": there is no kind %d", g->name, (int)g->kind);
  RRN_FAIL_IF(g->role < RRAMNAS_GENE_FREE || g->role > RRAMNAS_GENE_HARDWARE, err, RRAMNAS_ERR_ARGUMENT,
              "gene \"%s\": there is no role %d", g->name, (int)g->role);
  RRN_TRY(g->kind == RRAMNAS_GENE_CATEGORY ? check_labels(g, err) : check_range(g, err));
  RRN_TRY(g->parent ? check_parent(s, g, err) : RRAMNAS_OK);
  return g->role == RRAMNAS_GENE_HARDWARE ? check_hardware(g, err) : RRAMNAS_OK;
}

static const char *
keep(rrn_space *s, const char *text)
{
  return rrn_arena_strndup(&s->arena, text, strlen(text));
}

static int32_t
keep_labels(rrn_space *s, const rramnas_gene *g, rrn_space_gene *ret, rramnas_error *err)
{
  const char **labels = rrn_arena_alloc(&s->arena, g->n_labels, sizeof(*labels));
  double *numbers = rrn_arena_alloc(&s->arena, g->n_labels, sizeof(*numbers));
  size_t i;

  if (!labels || !numbers)
    return rrn_fail_memory(err);
  for (i = 0; i < g->n_labels; i++) {
    labels[i] = keep(s, g->labels[i]);
    if (!labels[i])
      return rrn_fail_memory(err);
    if (!rrn_double_parse(labels[i], strlen(labels[i]), &numbers[i]) || fabs(numbers[i]) > 1e150)
      numbers[i] = (double)i;
  }
  ret->labels = labels;
  ret->numbers = numbers;
  ret->n_labels = g->n_labels;
  return RRAMNAS_OK;
}

static int32_t
reserve(rrn_space *s, rramnas_error *err)
{
  const size_t cap = s->cap ? 2 * s->cap : 64;
  rrn_space_gene *genes;
  rrn_gene *core;

  if (s->n < s->cap)
    return RRAMNAS_OK;
  genes = rrn_arena_alloc(&s->arena, cap, sizeof(*genes));
  core = rrn_arena_alloc(&s->arena, cap, sizeof(*core));
  if (!genes || !core)
    return rrn_fail_memory(err);
  if (s->n) {
    memcpy(genes, s->genes, s->n * sizeof(*genes));
    memcpy(core, s->core, s->n * sizeof(*core));
  }
  s->genes = genes;
  s->core = core;
  s->cap = cap;
  return RRAMNAS_OK;
}

int32_t
rrn_space_add_gene(rrn_space *s, const rramnas_gene *g, rramnas_error *err)
{
  rrn_gene core = { g->kind, -1, g->low + 0.0, g->high + 0.0, g->above + 0.0 };
  rrn_space_gene gene = { .role = g->role };

  RRN_TRY(check_gene(s, g, err));
  RRN_TRY(reserve(s, err));
  gene.name = keep(s, g->name);
  if (!gene.name)
    return rrn_fail_memory(err);
  if (g->kind == RRAMNAS_GENE_CATEGORY) {
    RRN_TRY(keep_labels(s, g, &gene, err));
    core.low = 0;
    core.high = (double)g->n_labels - 1;
  }
  if (g->parent) {
    core.parent = (int32_t)rrn_space_find(s, g->parent);
    s->conditional = 1;
  }
  s->genes[s->n] = gene;
  s->core[s->n++] = core;
  return RRAMNAS_OK;
}

/* --- values --- */

int32_t
rrn_space_check(const rrn_space *s, const double *x, rramnas_error *err)
{
  char text[RRN_DOUBLE_TEXT];
  size_t i;

  for (i = 0; i < s->n; i++)
    RRN_FAIL_IF(!(x[i] >= s->core[i].low && x[i] <= s->core[i].high) ||
                  (s->core[i].kind != RRN_GENE_REAL && x[i] != floor(x[i])),
                err, RRAMNAS_ERR_ARGUMENT, "gene \"%s\" is %s, which is not one of its values", s->genes[i].name,
                rrn_double_text(x[i], text));
  return RRAMNAS_OK;
}

static const char *
text_of(const rrn_space *s, size_t i, double value, char buffer[RRN_SPACE_TEXT])
{
  return s->core[i].kind == RRN_GENE_CATEGORY ? s->genes[i].labels[(size_t)value] : rrn_double_text(value, buffer);
}

const char *
rrn_space_value_text(const rrn_space *s, const double *x, size_t i, char buffer[RRN_SPACE_TEXT])
{
  const rrn_genes genes = rrn_space_genes(s);

  return rrn_gene_active(&genes, x, i) ? text_of(s, i, x[i], buffer) : "";
}

static int
parse_label(const rrn_space_gene *g, const char *text, double *ret_value)
{
  size_t k;

  for (k = 0; k < g->n_labels; k++)
    if (strcmp(g->labels[k], text) == 0) {
      *ret_value = (double)k;
      return 1;
    }
  return 0;
}

int32_t
rrn_space_parse_value(const rrn_space *s, size_t i, const char *text, double *ret_value, rramnas_error *err)
{
  const rrn_gene *core = &s->core[i];
  char low[RRN_DOUBLE_TEXT], high[RRN_DOUBLE_TEXT];
  double value;

  if (core->kind == RRN_GENE_CATEGORY) {
    RRN_FAIL_IF(!parse_label(&s->genes[i], text, &value), err, RRAMNAS_ERR_RANGE,
                "\"%.60s\" is no label of gene \"%s\"", text, s->genes[i].name);
    RRN_FAIL_IF(value < core->low || value > core->high, err, RRAMNAS_ERR_RANGE,
                "gene \"%s\" is \"%s\", but fixed to \"%s\"", s->genes[i].name, text,
                s->genes[i].labels[(size_t)core->low]);
    *ret_value = value;
    return RRAMNAS_OK;
  }
  RRN_FAIL_IF(!rrn_double_parse(text, strlen(text), &value) || value < core->low || value > core->high ||
                (core->kind == RRN_GENE_INTEGER && value != floor(value)),
              err, RRAMNAS_ERR_RANGE, "gene \"%s\" is \"%.60s\", expected %s %s to %s", s->genes[i].name, text,
              core->kind == RRN_GENE_INTEGER ? "an integer" : "a number", rrn_double_text(core->low, low),
              rrn_double_text(core->high, high));
  *ret_value = value + 0.0;
  return RRAMNAS_OK;
}

double
rrn_space_number(const rrn_space *s, const double *x, size_t i)
{
  return s->core[i].kind == RRN_GENE_CATEGORY ? s->genes[i].numbers[(size_t)x[i]] : x[i];
}

/* --- what a genome means --- */

int32_t
rrn_space_build_net(const rrn_space *s, const double *x, const rramnas_runtime *runtime, rramnas_net **ret_net,
                    rramnas_error *err)
{
  RRN_FAIL_IF(!s->build, err, RRAMNAS_ERR_UNSUPPORTED, "space \"%.100s\" has no genes of a network", s->name);
  return s->build(s, x, runtime, ret_net, err);
}

/* A preset comes before the fields that change it. */
static size_t
list_values(const rrn_space *s, const double *x, rrn_hw_change *changes, char (*texts)[RRN_SPACE_TEXT])
{
  const rrn_genes genes = rrn_space_genes(s);
  size_t i, n = 0;
  int is_input;

  for (i = 0; i < s->n; i++)
    if (s->genes[i].role == RRAMNAS_GENE_HARDWARE && rrn_gene_active(&genes, x, i) &&
        layer_of_bits(s->genes[i].name, &is_input) < 0) {
      changes[n] = (rrn_hw_change){ s->genes[i].name, text_of(s, i, x[i], texts[n]) };
      if (strcmp(changes[n].field, RRN_HW_DEVICE_PRESET) == 0) {
        const rrn_hw_change preset = changes[n];

        memmove(changes + 1, changes, n * sizeof(*changes));
        changes[0] = preset;
      }
      n++;
    }
  return n;
}

int32_t
rrn_space_build_hw(const rrn_space *s, const double *x, rramnas_hw *base, rramnas_hw **ret_hw, rramnas_error *err)
{
  rrn_arena scratch;
  rrn_hw_change *changes;
  char(*texts)[RRN_SPACE_TEXT];
  int32_t status = RRAMNAS_OK;
  size_t n = 0;

  rrn_arena_init(&scratch, s->rt);
  changes = rrn_arena_alloc(&scratch, s->n + 1, sizeof(*changes));
  texts = rrn_arena_alloc(&scratch, s->n + 1, sizeof(*texts));
  if (!changes || !texts)
    status = rrn_fail_memory(err);
  else
    n = list_values(s, x, changes, texts);
  if (status >= 0 && n > 0)
    status = rrn_hw_with_values(base, changes, n, ret_hw, err);
  else if (status >= 0)
    *ret_hw = rramnas_hw_ref(base);
  rrn_arena_release(&scratch);
  return status;
}

int
rrn_space_layer_bits(const rrn_space *s, const double *x, const rramnas_hw *hw, size_t n, int32_t *ret_weight_bits,
                     int32_t *ret_input_bits)
{
  const rrn_genes genes = rrn_space_genes(s);
  int found = 0, is_input = 0;
  size_t i;

  for (i = 0; i < n; i++)
    ret_weight_bits[i] = ret_input_bits[i] = 0;
  for (i = 0; i < s->n; i++) {
    const int32_t layer = s->genes[i].role == RRAMNAS_GENE_HARDWARE ? layer_of_bits(s->genes[i].name, &is_input) : -1;
    double bits, most;

    if (layer < 0)
      continue;
    found = 1;
    if ((size_t)layer >= n || !rrn_gene_active(&genes, x, i))
      continue;
    bits = s->genes[i].numbers ? s->genes[i].numbers[(size_t)x[i]] : x[i];
    most = is_input ? hw->v.input.bits : hw->v.weight.bits;
    *(is_input ? &ret_input_bits[layer] : &ret_weight_bits[layer]) = (int32_t)(bits < most ? bits : most);
  }
  return found;
}
