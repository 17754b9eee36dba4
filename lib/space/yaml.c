/* SPDX-License-Identifier: MIT */
/* Spaces and candidates as YAML; doc/spaces.md has the formats.
 *
 *   schema: rramnas.space/1             schema: rramnas.candidate/1
 *   name: small chips                   space: "small chips"
 *   space: ofa-mobilenet-v3-small       genome:
 *   parameters: {image: 128}              d: [2, 3, 4, 2]
 *   supernet: weights.safetensors
 *   fix: {"d[0]": 2}
 *   genes:                              hardware:
 *     - {name: adc.bits, integer: [4, 8]}    adc.bits: 6
 *   rules:
 *     - "adc.bits >= 5"
 *
 * Genes NAME[0], NAME[1], ... that follow each other are one list of a candidate. */
#include <stdio.h>
#include <string.h>

#include "hw/spec_fields.h"
#include "space/ready.h"
#include "space/rules.h"
#include "util/file.h"
#include "util/text.h"
#include "util/writer.h"
#include "util/yaml.h"

#define SPACE_SCHEMA "rramnas.space/1"
#define CANDIDATE_SCHEMA "rramnas.candidate/1"

enum { MOST_BYTES = 1 << 20, MOST_LABELS = 4096 };

/* --- reading --- */

/* The message of a check in front of which the place belongs. */
static int32_t
at_place(int32_t status, const rrn_yaml *node, const rramnas_error *inner, rramnas_error *err)
{
  if (status >= 0)
    return status;
  /* What a caller calls a wrong argument is a wrong value in a file. */
  status = status == RRAMNAS_ERR_ARGUMENT ? RRAMNAS_ERR_RANGE : status;
  return rrn_fail_at(err, status, node->where, "%s", inner->message);
}

static int32_t
check_schema(const rrn_yaml *root, const char *schema, rramnas_error *err)
{
  const rrn_yaml *node = rrn_yaml_get(root, "schema");

  if (!node || node->kind != RRN_YAML_SCALAR)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, root->where, "there is no schema, expected \"schema: %s\"", schema);
  if (strcmp(node->text, schema) != 0)
    return rrn_fail_at(err, RRAMNAS_ERR_UNSUPPORTED, node->where, "schema is \"%.60s\", expected %s", node->text,
                       schema);
  return RRAMNAS_OK;
}

static int32_t
read_bounds(const rrn_yaml *node, rramnas_gene *g, rramnas_error *err)
{
  RRN_TRY(rrn_yaml_expect(node, RRN_YAML_SEQUENCE, node->key, err));
  if (node->n_children != 2)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, node->where, "%s has %zu entries, expected [lowest, highest]", node->key,
                       node->n_children);
  RRN_TRY(rrn_yaml_double(node->child, "lowest", -1e300, 1e300, &g->low, err));
  return rrn_yaml_double(node->child->next, "highest", -1e300, 1e300, &g->high, err);
}

static int32_t
read_labels(const rrn_yaml *node, rrn_arena *arena, rramnas_gene *g, rramnas_error *err)
{
  const rrn_yaml *child;
  const char **labels;

  RRN_TRY(rrn_yaml_expect(node, RRN_YAML_SEQUENCE, "values", err));
  if (node->n_children > MOST_LABELS)
    return rrn_fail_at(err, RRAMNAS_ERR_LIMIT, node->where, "values has %zu entries, the limit is %d", node->n_children,
                       (int)MOST_LABELS);
  labels = rrn_arena_alloc(arena, node->n_children, sizeof(*labels));
  if (!labels)
    return rrn_fail_memory(err);
  for (child = node->child; child; child = child->next) {
    RRN_TRY(rrn_yaml_expect(child, RRN_YAML_SCALAR, "a value", err));
    labels[g->n_labels++] = child->text;
  }
  g->labels = labels;
  return RRAMNAS_OK;
}

static int32_t
read_values(const rrn_yaml *node, rrn_arena *arena, rramnas_gene *g, rramnas_error *err)
{
  static const struct { const char *key; int32_t kind; } forms[] = {
    { "values", RRAMNAS_GENE_CATEGORY }, { "integer", RRAMNAS_GENE_INTEGER }, { "real", RRAMNAS_GENE_REAL },
  };
  const rrn_yaml *found = NULL, *form;
  size_t i;

  for (i = 0; i < 3; i++)
    if ((form = rrn_yaml_get(node, forms[i].key)) != NULL) {
      if (found)
        return rrn_fail_at(err, RRAMNAS_ERR_PARSE, form->key_where, "a gene has one of values, integer and real");
      found = form;
      g->kind = forms[i].kind;
    }
  if (!found)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, node->where,
                       "a gene has no values: expected values: [...], integer: [low, high] or real: [low, high]");
  return g->kind == RRAMNAS_GENE_CATEGORY ? read_labels(found, arena, g, err) : read_bounds(found, g, err);
}

/* The role by the name; a slip of the pen must not leave a gene that decides nothing. */
static int32_t
guess_role(const rrn_yaml *node, rramnas_gene *g, rramnas_error *err)
{
  const char *bits = rrn_space_nearly_bits(g->name), *near;

  g->role = rrn_hw_field_find(g->name) || strcmp(g->name, RRN_HW_DEVICE_PRESET) == 0 || rrn_space_names_bits(g->name)
              ? RRAMNAS_GENE_HARDWARE
              : RRAMNAS_GENE_FREE;
  if (bits)
    return rrn_fail_at(err, RRAMNAS_ERR_NOT_FOUND, node->where,
                       "gene \"%.60s\" decides nothing, expected %s[LAYER]; role: free keeps the name", g->name, bits);
  near = g->role == RRAMNAS_GENE_FREE && strchr(g->name, '.') ? rrn_hw_field_suggest(g->name) : NULL;
  if (near)
    return rrn_fail_at(err, RRAMNAS_ERR_NOT_FOUND, node->where,
                       "gene \"%.60s\" is no hardware field, did you mean \"%s\"? role: free keeps the name", g->name,
                       near);
  return RRAMNAS_OK;
}

static int32_t
read_role(const rrn_yaml *node, rramnas_gene *g, rramnas_error *err)
{
  const rrn_yaml *role = rrn_yaml_get(node, "role");

  if (!role)
    return guess_role(node, g, err);
  RRN_TRY(rrn_yaml_expect(role, RRN_YAML_SCALAR, "role", err));
  g->role = strcmp(role->text, "hardware") == 0 ? RRAMNAS_GENE_HARDWARE : RRAMNAS_GENE_FREE;
  if (g->role == RRAMNAS_GENE_FREE && strcmp(role->text, "free") != 0)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, role->where, "role is \"%.60s\", expected free or hardware", role->text);
  return RRAMNAS_OK;
}

static int32_t
read_gene(rrn_space *s, const rrn_yaml *node, rrn_arena *arena, rramnas_error *err)
{
  static const char *const known[] = { "name", "values", "integer", "real", "role", "parent", "above", NULL };
  const rrn_yaml *name, *parent, *above;
  rramnas_error inner = RRAMNAS_ERROR_INIT;
  rramnas_gene g = RRAMNAS_GENE_INIT;

  RRN_TRY(rrn_yaml_expect(node, RRN_YAML_MAPPING, "a gene", err));
  RRN_TRY(rrn_yaml_check_keys(node, known, err));
  name = rrn_yaml_get(node, "name");
  parent = rrn_yaml_get(node, "parent");
  above = rrn_yaml_get(node, "above");
  if (!name || name->kind != RRN_YAML_SCALAR)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, node->where, "a gene has no name");
  g.name = name->text;
  RRN_TRY(read_values(node, arena, &g, err));
  RRN_TRY(read_role(node, &g, err));
  if (parent) {
    RRN_TRY(rrn_yaml_expect(parent, RRN_YAML_SCALAR, "parent", err));
    g.parent = parent->text;
  }
  if (above)
    RRN_TRY(rrn_yaml_double(above, "above", -1e300, 1e300, &g.above, err));
  return at_place(rrn_space_add_gene(s, &g, &inner), node, &inner, err);
}

static int32_t
fix_gene(rrn_space *s, const rrn_yaml *node, rramnas_error *err)
{
  const size_t i = rrn_space_find(s, node->key);
  rramnas_error inner = RRAMNAS_ERROR_INIT;
  double value = 0;

  if (i == SIZE_MAX)
    return rrn_fail_at(err, RRAMNAS_ERR_NOT_FOUND, node->key_where, "there is no gene \"%.60s\" in the space",
                       node->key);
  RRN_TRY(rrn_yaml_expect(node, RRN_YAML_SCALAR, node->key, err));
  RRN_TRY(at_place(rrn_space_parse_value(s, i, node->text, &value, &inner), node, &inner, err));
  s->core[i].low = s->core[i].high = value;
  s->genes[i].fixed = 1;
  return RRAMNAS_OK;
}

static int32_t
read_rule(rrn_space *s, const rrn_yaml *node, rramnas_error *err)
{
  rrn_place where = node->where;

  RRN_TRY(rrn_yaml_expect(node, RRN_YAML_SCALAR, "a rule", err));
  where.column += node->quoted != 0;
  return rrn_rule_add(s, node->text, where, err);
}

typedef int32_t (*read_fn)(rrn_space *s, const rrn_yaml *node, rramnas_error *err);

static int32_t
read_each(rrn_space *s, const rrn_yaml *root, const char *key, rrn_yaml_kind kind, read_fn read, rramnas_error *err)
{
  const rrn_yaml *list = rrn_yaml_get(root, key), *child;

  if (!list)
    return RRAMNAS_OK;
  RRN_TRY(rrn_yaml_expect(list, kind, key, err));
  for (child = list->child; child; child = child->next)
    RRN_TRY(read(s, child, err));
  return RRAMNAS_OK;
}

static int32_t
read_genes(rrn_space *s, const rrn_yaml *root, rrn_arena *arena, rramnas_error *err)
{
  const rrn_yaml *list = rrn_yaml_get(root, "genes"), *child;

  if (!list)
    return RRAMNAS_OK;
  RRN_TRY(rrn_yaml_expect(list, RRN_YAML_SEQUENCE, "genes", err));
  for (child = list->child; child; child = child->next)
    RRN_TRY(read_gene(s, child, arena, err));
  return RRAMNAS_OK;
}

/* Parameters and supernet are those of a ready space. */
static int32_t
need_ready(const rrn_space *s, const rrn_yaml *node, rramnas_error *err)
{
  if (s->ready)
    return RRAMNAS_OK;
  return rrn_fail_at(err, RRAMNAS_ERR_PARSE, node->key_where, "%s is for a ready space, expected space", node->key);
}

static int32_t
read_parameters(rrn_space *s, const rrn_yaml *node, rramnas_error *err)
{
  rrn_net_parameters *p;

  if (!node)
    return RRAMNAS_OK;
  RRN_TRY(need_ready(s, node, err));
  p = rrn_arena_alloc(&s->arena, 1, sizeof(*p));
  if (!p)
    return rrn_fail_memory(err);
  *p = *s->parameters;
  RRN_TRY(rrn_net_parameters_read(node, rrn_ready_find(s->ready)->n_widths, p, err));
  s->parameters = p;
  return RRAMNAS_OK;
}

/* A path that is relative to the folder of the file called `name`. */
static int32_t
keep_path(rrn_space *s, const rrn_yaml *node, const char *name, rramnas_error *err)
{
  const size_t folder = node->text[0] == '/' ? 0 : (size_t)(rrn_path_base(name) - name);
  char *path = rrn_arena_alloc(&s->arena, folder + node->length + 1, 1);

  if (!path)
    return rrn_fail_memory(err);
  memcpy(path, name, folder);
  memcpy(path + folder, node->text, node->length);
  s->supernet = path;
  return RRAMNAS_OK;
}

static int32_t
read_supernet(rrn_space *s, const rrn_yaml *node, const char *name, rramnas_error *err)
{
  const rramnas_runtime runtime = rrn_rt_runtime(s->rt);
  rramnas_error inner = RRAMNAS_ERROR_INIT;
  rrn_safetensors *file = NULL;
  int32_t status;

  if (!node)
    return RRAMNAS_OK;
  RRN_TRY(need_ready(s, node, err));
  RRN_TRY(rrn_yaml_expect(node, RRN_YAML_SCALAR, "supernet", err));
  RRN_TRY(keep_path(s, node, name, err));
  status = rrn_safetensors_open(s->supernet, &runtime, &file, &inner);
  if (status >= 0)
    status = rrn_space_use_supernet(s, file, 0, &inner);
  rrn_safetensors_free(file);
  return at_place(status, node, &inner, err);
}

static int32_t
read_space(rrn_space *s, const rrn_yaml *root, const char *file, rrn_arena *arena, rramnas_error *err)
{
  static const char *const known[] = { "schema", "name", "space", "parameters", "supernet", "fix", "genes",
                                       "rules", NULL };
  rramnas_error inner = RRAMNAS_ERROR_INIT;
  const rrn_yaml *name, *ready;

  RRN_TRY(rrn_yaml_expect(root, RRN_YAML_MAPPING, "a space", err));
  RRN_TRY(check_schema(root, SPACE_SCHEMA, err));
  RRN_TRY(rrn_yaml_check_keys(root, known, err));
  name = rrn_yaml_get(root, "name");
  ready = rrn_yaml_get(root, "space");
  if (ready) {
    RRN_TRY(rrn_yaml_expect(ready, RRN_YAML_SCALAR, "space", err));
    RRN_TRY(at_place(rrn_space_ready(s, ready->text, &inner), ready, &inner, err));
  }
  RRN_TRY(read_parameters(s, rrn_yaml_get(root, "parameters"), err));
  RRN_TRY(read_supernet(s, rrn_yaml_get(root, "supernet"), file, err));
  if (name) {
    RRN_TRY(rrn_yaml_expect(name, RRN_YAML_SCALAR, "name", err));
    s->name = rrn_arena_strndup(&s->arena, name->text, name->length);
    if (!s->name)
      return rrn_fail_memory(err);
  }
  RRN_TRY(read_each(s, root, "fix", RRN_YAML_MAPPING, fix_gene, err));
  RRN_TRY(read_genes(s, root, arena, err));
  return read_each(s, root, "rules", RRN_YAML_SEQUENCE, read_rule, err);
}

int32_t
rrn_space_read(rrn_space *s, const char *data, size_t size, const char *name, rramnas_error *err)
{
  rrn_arena arena;
  rrn_yaml *root;
  int32_t status;

  RRN_FAIL_IF(size > MOST_BYTES, err, RRAMNAS_ERR_LIMIT, "%s: has %zu bytes, the limit is %d", name, size,
              (int)MOST_BYTES);
  rrn_arena_init(&arena, s->rt);
  status = rrn_yaml_parse(&arena, data, size, name, &root, err);
  if (status >= 0)
    status = read_space(s, root, name, &arena, err);
  rrn_arena_release(&arena);
  return status;
}

/* --- writing --- */

/* As a scalar that reads back as the same text. */
static void
write_word(rrn_writer *w, const char *text)
{
  rrn_write_json_string(w, text);
}

static void
write_value(const rrn_space *s, rrn_writer *w, size_t i, double value)
{
  if (s->core[i].kind == RRN_GENE_CATEGORY)
    write_word(w, s->genes[i].labels[(size_t)value]);
  else
    rrn_write_double(w, value);
}

static void
write_gene(const rrn_space *s, rrn_writer *w, size_t i)
{
  const rrn_space_gene *g = &s->genes[i];
  const rrn_gene *core = &s->core[i];
  size_t k;

  rrn_write_text(w, "  - {name: ");
  write_word(w, g->name);
  if (core->kind == RRN_GENE_CATEGORY) {
    rrn_write_text(w, ", values: [");
    for (k = 0; k < g->n_labels; k++) {
      rrn_write_text(w, k ? ", " : "");
      write_word(w, g->labels[k]);
    }
  } else {
    rrn_write_text(w, core->kind == RRN_GENE_INTEGER ? ", integer: [" : ", real: [");
    rrn_write_double(w, core->low);
    rrn_write_text(w, ", ");
    rrn_write_double(w, core->high);
  }
  rrn_write_format(w, "], role: %s", g->role == RRAMNAS_GENE_HARDWARE ? "hardware" : "free");
  if (core->parent >= 0) {
    rrn_write_text(w, ", parent: ");
    write_word(w, s->genes[core->parent].name);
    rrn_write_text(w, ", above: ");
    rrn_write_double(w, core->above);
  }
  rrn_write_text(w, "}\n");
}

static void
write_fixed(const rrn_space *s, rrn_writer *w)
{
  size_t i;
  int any = 0;

  for (i = 0; i < s->n_ready; i++)
    if (s->genes[i].fixed) {
      rrn_write_text(w, any ? "" : "fix:\n");
      any = 1;
      rrn_write_text(w, "  ");
      write_word(w, s->genes[i].name);
      rrn_write_text(w, ": ");
      write_value(s, w, i, s->core[i].low);
      rrn_write_text(w, "\n");
    }
}

/* Those that are not the ready space's own. */
static void
write_parameters(const rrn_space *s, rrn_writer *w)
{
  const rrn_ready *ready = s->ready ? rrn_ready_find(s->ready) : NULL;

  if (ready)
    rrn_net_parameters_write(s->parameters, &ready->defaults, ready->n_widths, w);
}

int32_t
rrn_space_write_yaml(const rrn_space *s, rramnas_write_fn write, void *user, rramnas_error *err)
{
  rrn_writer w;
  size_t i;

  rrn_writer_init(&w, write, user);
  rrn_write_text(&w, "schema: " SPACE_SCHEMA "\nname: ");
  write_word(&w, s->name);
  rrn_write_text(&w, "\n");
  if (s->ready)
    rrn_write_format(&w, "space: %s\n", s->ready);
  write_parameters(s, &w);
  write_fixed(s, &w);
  if (s->n > s->n_ready)
    rrn_write_text(&w, "genes:\n");
  for (i = s->n_ready; i < s->n; i++)
    write_gene(s, &w, i);
  if (s->n_rules)
    rrn_write_text(&w, "rules:\n");
  for (i = 0; i < s->n_rules; i++) {
    rrn_write_text(&w, "  - ");
    write_word(&w, s->rules[i].text);
    rrn_write_text(&w, "\n");
  }
  return rrn_writer_finish(&w, err);
}

/* --- candidates --- */

/* By role. A gene is read from any of them. */
static const char *const sections[] = {
  [RRAMNAS_GENE_FREE] = "free", [RRAMNAS_GENE_NETWORK] = "genome", [RRAMNAS_GENE_HARDWARE] = "hardware",
};

/* Genes from i on that are one list, and the bytes of its name; 0 = a gene of its own. */
static size_t
list_length(const rrn_space *s, size_t i, size_t *ret_bytes)
{
  const char *bracket = strchr(s->genes[i].name, '[');
  size_t n;
  char name[RRN_SPACE_TEXT + 32];

  if (!bracket || strcmp(bracket, "[0]") != 0)
    return 0;
  *ret_bytes = (size_t)(bracket - s->genes[i].name);
  for (n = 1; i + n < s->n && s->genes[i + n].role == s->genes[i].role; n++) {
    snprintf(name, sizeof(name), "%.*s[%zu]", (int)*ret_bytes, s->genes[i].name, n);
    if (strcmp(name, s->genes[i + n].name) != 0)
      break;
  }
  return n;
}

static void
write_key(rrn_writer *w, const char *text, size_t length)
{
  char key[RRN_SPACE_TEXT];

  snprintf(key, sizeof(key), "%.*s", (int)length, text);
  if (strpbrk(key, "[]-"))
    write_word(w, key);
  else
    rrn_write_text(w, key);
}

/* Labels that are numbers stand without quotes. */
static void
write_plain(const rrn_space *s, rrn_writer *w, size_t i, double value)
{
  double number;

  if (s->core[i].kind == RRN_GENE_CATEGORY) {
    const char *label = s->genes[i].labels[(size_t)value];

    if (rrn_double_parse(label, strlen(label), &number)) {
      rrn_write_text(w, label);
      return;
    }
  }
  write_value(s, w, i, value);
}

static void
write_section(const rrn_space *s, rrn_writer *w, const double *x, int32_t role)
{
  size_t i, k, n, bytes = 0;
  int any = 0;

  for (i = 0; i < s->n; i += n ? n : 1) {
    n = 0;
    if (s->genes[i].role != role)
      continue;
    if (!any)
      rrn_write_format(w, "%s:\n", sections[role]);
    any = 1;
    rrn_write_text(w, "  ");
    n = list_length(s, i, &bytes);
    write_key(w, s->genes[i].name, n ? bytes : strlen(s->genes[i].name));
    rrn_write_text(w, n ? ": [" : ": ");
    for (k = 0; k < (n ? n : 1); k++) {
      rrn_write_text(w, k ? ", " : "");
      write_plain(s, w, i + k, x[i + k]);
    }
    rrn_write_text(w, n ? "]\n" : "\n");
  }
}

int32_t
rrn_space_write_candidate(const rrn_space *s, const double *x, rramnas_write_fn write, void *user, rramnas_error *err)
{
  rrn_writer w;

  rrn_writer_init(&w, write, user);
  rrn_write_text(&w, "schema: " CANDIDATE_SCHEMA "\nspace: ");
  write_word(&w, s->name);
  rrn_write_text(&w, "\n");
  write_parameters(s, &w);
  write_section(s, &w, x, RRAMNAS_GENE_NETWORK);
  write_section(s, &w, x, RRAMNAS_GENE_HARDWARE);
  write_section(s, &w, x, RRAMNAS_GENE_FREE);
  return rrn_writer_finish(&w, err);
}

static int32_t
set_value(const rrn_space *s, const char *name, const rrn_yaml *node, double *x, rramnas_error *err)
{
  const size_t i = rrn_space_find(s, name);
  rramnas_error inner = RRAMNAS_ERROR_INIT;

  if (i == SIZE_MAX)
    return rrn_fail_at(err, RRAMNAS_ERR_NOT_FOUND, node->where, "there is no gene \"%.60s\" in the space", name);
  RRN_TRY(rrn_yaml_expect(node, RRN_YAML_SCALAR, name, err));
  return at_place(rrn_space_parse_value(s, i, node->text, &x[i], &inner), node, &inner, err);
}

static int32_t
set_values(const rrn_space *s, const rrn_yaml *section, double *x, rramnas_error *err)
{
  const rrn_yaml *node, *entry;
  char name[RRN_SPACE_TEXT + 32];
  size_t k;

  RRN_TRY(rrn_yaml_expect(section, RRN_YAML_MAPPING, section->key ? section->key : "the genome", err));
  for (node = section->child; node; node = node->next) {
    if (node->kind != RRN_YAML_SEQUENCE) {
      RRN_TRY(set_value(s, node->key, node, x, err));
      continue;
    }
    for (entry = node->child, k = 0; entry; entry = entry->next, k++) {
      snprintf(name, sizeof(name), "%.60s[%zu]", node->key, k);
      RRN_TRY(set_value(s, name, entry, x, err));
    }
  }
  return RRAMNAS_OK;
}

static int32_t
read_candidate(const rrn_space *s, const rrn_yaml *root, double *x, rramnas_error *err)
{
  static const char *const known[] = { "schema", "space", "parameters", "genome", "hardware", "free", NULL };
  const rrn_genes genes = rrn_space_genes(s);
  const rrn_yaml *section;
  size_t i;

  RRN_TRY(rrn_yaml_expect(root, RRN_YAML_MAPPING, "a candidate", err));
  RRN_TRY(check_schema(root, CANDIDATE_SCHEMA, err));
  RRN_TRY(rrn_yaml_check_keys(root, known, err));
  for (i = 0; i < s->n; i++)
    x[i] = s->core[i].low;
  for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
    if ((section = rrn_yaml_get(root, sections[i])) != NULL)
      RRN_TRY(set_values(s, section, x, err));
  rrn_genome_canonical(&genes, x);
  return RRAMNAS_OK;
}

int32_t
rrn_space_read_candidate(const rrn_space *s, const char *data, size_t size, const char *name, double *ret_x,
                         rramnas_error *err)
{
  rrn_arena arena;
  rrn_yaml *root;
  double *x;
  int32_t status;

  RRN_FAIL_IF(size > MOST_BYTES, err, RRAMNAS_ERR_LIMIT, "%s: has %zu bytes, the limit is %d", name, size,
              (int)MOST_BYTES);
  rrn_arena_init(&arena, s->rt);
  status = rrn_yaml_parse(&arena, data, size, name, &root, err);
  x = rrn_arena_alloc(&arena, s->n + 1, sizeof(*x));
  if (status >= 0)
    status = x ? read_candidate(s, root, x, err) : rrn_fail_memory(err);
  if (status >= 0)
    memcpy(ret_x, x, s->n * sizeof(*x));
  rrn_arena_release(&arena);
  return status;
}
