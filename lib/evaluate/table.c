/* SPDX-License-Identifier: MIT */
/* Figures from CSV files.
 *
 * In:  a file with a line of names, then a row per candidate; which columns are the key and which are figures.
 * Out: figures by genome.
 *
 * The key is a column for each of some genes, under their names, or one column that has the values of all genes of the
 * network in their order (of all genes in spaces without a network), separated by blanks, ',', ';' or '|', in brackets or
 * not. A value is what the gene's values are called; with a list of words behind the column's name, "COLUMN:a,b,c", a
 * number stands for the word at that place. Where the file has the values in another order, the options name the genes.
 * Genes that the key leaves out do not matter: an accuracy holds for any chip.
 *
 * A cell "91.2 ± 0.3" is the number before the sign; the one behind it is the figure NAME_std. Cells that are no number
 * are missing. Of several rows of a candidate the last counts. Two columns of one name are an error.
 *
 * Rows are found by a hash of the key's values: O(1). Read once, never changed: any number of threads may look things up. */
#include "evaluate/table.h"

#include <math.h>
#include <string.h>

#include "util/file.h"
#include "util/text.h"

enum { MOST_BYTES = 1 << 26, MOST_COLUMNS = 4096, MOST_NAME = 255 };

typedef struct reader {
  rrn_evaluation *e;
  const char *path, *data;
  size_t size, at;
  int32_t line;        /* of the row that is read */
  rrn_arena scratch;
  const char **cells;  /* [n_cells] of the row */
  size_t n_cells, cap_cells;
  char *text;          /* [size + columns] of the cells */
  size_t text_used;
  const char **header; /* [n_columns] */
  size_t n_columns;
  size_t key_column;   /* SIZE_MAX = a column per gene */
  size_t *gene_columns; /* [n_genes] */
  const char **words;  /* [n_words] of the key column */
  size_t n_words;
  double *x;           /* [genes] */
  struct rrn_table *t;
  rramnas_error *err;
} reader;

static int32_t
fail_line(const reader *r, int32_t code, const char *what, const char *text)
{
  const rrn_place where = { r->path, r->line, 0, -1 };

  return rrn_fail_at(r->err, code, where, "%s%s%.60s%s", what, text ? " \"" : "", text ? text : "", text ? "\"" : "");
}

/* --- rows of CSV --- */

static int32_t
add_cell(reader *r, const char *cell)
{
  const char **cells = rrn_arena_grow(&r->scratch, (void *)r->cells, r->n_cells, &r->cap_cells, sizeof(*cells));

  if (!cells)
    return rrn_fail_memory(r->err);
  r->cells = cells;
  if (r->n_cells == MOST_COLUMNS)
    return fail_line(r, RRAMNAS_ERR_LIMIT, "more than 4096 columns", NULL);
  cells[r->n_cells++] = cell;
  return RRAMNAS_OK;
}

/* Text behind an opening quote, up to the closing one; quotes are doubled in it. */
static int32_t
read_quoted(reader *r)
{
  for (r->at++; r->at < r->size; r->at++) {
    if (r->data[r->at] == '"') {
      if (r->at + 1 >= r->size || r->data[r->at + 1] != '"')
        break;
      r->at++;
    }
    if (r->data[r->at] == '\0')
      return fail_line(r, RRAMNAS_ERR_PARSE, "a byte is 0: this is no text", NULL);
    r->line += r->data[r->at] == '\n';
    r->text[r->text_used++] = r->data[r->at];
  }
  if (r->at >= r->size)
    return fail_line(r, RRAMNAS_ERR_PARSE, "a quote is not closed", NULL);
  r->at++;
  return RRAMNAS_OK;
}

static int32_t
read_cell(reader *r)
{
  const char *cell = r->text + r->text_used;

  if (r->at < r->size && r->data[r->at] == '"')
    RRN_TRY(read_quoted(r));
  for (; r->at < r->size && r->data[r->at] != ',' && r->data[r->at] != '\n' && r->data[r->at] != '\r'; r->at++) {
    if (r->data[r->at] == '\0')
      return fail_line(r, RRAMNAS_ERR_PARSE, "a byte is 0: this is no text", NULL);
    r->text[r->text_used++] = r->data[r->at];
  }
  r->text[r->text_used++] = '\0';
  return add_cell(r, cell);
}

/* 1 = a row; 0 = the end. Cells live until the next row. */
static int32_t
read_row(reader *r)
{
  r->n_cells = 0;
  r->text_used = 0;
  while (r->at < r->size && (r->data[r->at] == '\n' || r->data[r->at] == '\r'))
    r->line += r->data[r->at++] == '\n';
  if (r->at >= r->size)
    return 0;
  for (;;) {
    RRN_TRY(read_cell(r));
    if (r->at >= r->size || r->data[r->at] != ',')
      return 1;
    r->at++;
  }
}

/* --- which columns --- */

static size_t
find_column(const reader *r, const char *name, size_t length)
{
  size_t i;

  for (i = 0; i < r->n_columns; i++)
    if (strlen(r->header[i]) == length && memcmp(r->header[i], name, length) == 0)
      return i;
  return SIZE_MAX;
}

static int32_t
check_lengths(const reader *r)
{
  const rrn_place where = { r->path, r->line, 0, -1 };
  size_t i;

  for (i = 0; i < r->n_cells; i++)
    if (strlen(r->cells[i]) > MOST_NAME)
      return rrn_fail_at(r->err, RRAMNAS_ERR_LIMIT, where,
                         "the name of column %zu has %zu bytes, the limit is %d: \"%.60s...\"", i + 1,
                         strlen(r->cells[i]), (int)MOST_NAME, r->cells[i]);
  return RRAMNAS_OK;
}

/* Columns without a name cannot be asked for. All pairs: names are short. */
static int32_t
check_names(const reader *r)
{
  const rrn_place where = { r->path, r->line, 0, -1 };
  size_t i, k;

  for (i = 0; i < r->n_columns; i++)
    for (k = 0; k < i && *r->header[i]; k++)
      if (strcmp(r->header[k], r->header[i]) == 0)
        return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, where, "columns %zu and %zu are both called \"%.60s\"", k + 1,
                           i + 1, r->header[i]);
  return RRAMNAS_OK;
}

static int32_t
read_header(reader *r)
{
  size_t i;
  const int32_t status = read_row(r);

  RRN_TRY(status);
  if (status == 0)
    return fail_line(r, RRAMNAS_ERR_PARSE, "the file is empty, expected a line of names", NULL);
  RRN_TRY(check_lengths(r));
  r->header = rrn_arena_alloc(&r->scratch, r->n_cells, sizeof(*r->header));
  if (!r->header)
    return rrn_fail_memory(r->err);
  r->n_columns = r->n_cells;
  for (i = 0; i < r->n_cells; i++) {
    r->header[i] = rrn_arena_strndup(&r->scratch, r->cells[i], strlen(r->cells[i]));
    if (!r->header[i])
      return rrn_fail_memory(r->err);
  }
  return check_names(r);
}

static int32_t
split_words(reader *r, const char *list)
{
  size_t n = 1, length;
  const char *at;

  for (at = list; *at; at++)
    n += *at == ',';
  r->words = rrn_arena_alloc(&r->scratch, n, sizeof(*r->words));
  if (!r->words)
    return rrn_fail_memory(r->err);
  for (at = list; r->n_words < n; at += length + 1) {
    length = strcspn(at, ",");
    r->words[r->n_words] = rrn_arena_strndup(&r->scratch, at, length);
    if (!r->words[r->n_words++])
      return rrn_fail_memory(r->err);
  }
  return RRAMNAS_OK;
}

static int
is_of_network(const rrn_space *s, size_t gene)
{
  return s->build ? s->genes[gene].role == RRAMNAS_GENE_NETWORK : s->genes[gene].role != RRAMNAS_GENE_HARDWARE;
}

static int32_t
add_ordered(reader *r, const char *name)
{
  const size_t gene = rrn_space_find(r->e->space, name);
  size_t i;

  if (gene == SIZE_MAX)
    return fail_line(r, RRAMNAS_ERR_NOT_FOUND, "the order of the key names no gene:", name);
  for (i = 0; i < r->t->n_genes; i++)
    if (r->t->genes[i] == gene)
      return fail_line(r, RRAMNAS_ERR_ARGUMENT, "the order of the key names a gene twice:", name);
  r->t->genes[r->t->n_genes++] = gene;
  return RRAMNAS_OK;
}

/* "gene,gene": the genes of the key as the file has them. */
static int32_t
list_in_order(reader *r, const char *order)
{
  const char *at = order;

  if (r->key_column == SIZE_MAX)
    return fail_line(r, RRAMNAS_ERR_ARGUMENT, "an order is given, and there is no column for the key", NULL);
  for (;;) {
    const size_t length = strcspn(at, ",");
    const char *name = rrn_arena_strndup(&r->scratch, at, length);

    if (!name)
      return rrn_fail_memory(r->err);
    RRN_TRY(add_ordered(r, name));
    if (!at[length])
      return RRAMNAS_OK;
    at += length + 1;
  }
}

/* The genes of the key: as the order says, those with a column of their own, or all of the network. */
static int32_t
list_genes(reader *r, const char *order)
{
  const rrn_space *s = r->e->space;
  size_t i;

  r->t->genes = rrn_arena_alloc(&r->e->arena, s->n + 1, sizeof(*r->t->genes));
  r->gene_columns = rrn_arena_alloc(&r->scratch, s->n + 1, sizeof(*r->gene_columns));
  r->x = rrn_arena_alloc(&r->scratch, s->n + 1, sizeof(*r->x));
  if (!r->t->genes || !r->gene_columns || !r->x)
    return rrn_fail_memory(r->err);
  if (order)
    return list_in_order(r, order);
  for (i = 0; i < s->n; i++) {
    const size_t column = find_column(r, s->genes[i].name, strlen(s->genes[i].name));

    if (r->key_column == SIZE_MAX ? column == SIZE_MAX : !is_of_network(s, i))
      continue;
    r->gene_columns[r->t->n_genes] = column;
    r->t->genes[r->t->n_genes++] = i;
  }
  if (r->t->n_genes == 0)
    return fail_line(r, RRAMNAS_ERR_NOT_FOUND, "no column is named after a gene, and none is called genome or architecture",
                     NULL);
  return RRAMNAS_OK;
}

static int32_t
find_key(reader *r, const char *key, const char *order)
{
  const size_t length = key ? strcspn(key, ":") : 0;

  if (!key) {
    r->key_column = find_column(r, "genome", 6);
    if (r->key_column == SIZE_MAX)
      r->key_column = find_column(r, "architecture", 12);
  } else {
    r->key_column = find_column(r, key, length);
    if (r->key_column == SIZE_MAX)
      return fail_line(r, RRAMNAS_ERR_NOT_FOUND, "there is no column for the key", key);
    if (key[length])
      RRN_TRY(split_words(r, key + length + 1));
  }
  return list_genes(r, order);
}

static int32_t
add_figure(reader *r, const char *name, size_t length, size_t column, int deviation)
{
  struct rrn_table *t = r->t;
  char *copy = rrn_arena_alloc(&r->e->arena, length + 5, 1);

  if (!copy)
    return rrn_fail_memory(r->err);
  memcpy(copy, name, length);
  memcpy(copy + length, deviation ? "_std" : "", deviation ? 5 : 1);
  t->names[t->n_figures] = copy;
  t->columns[t->n_figures] = column;
  t->deviation[t->n_figures++] = (uint8_t)deviation;
  return RRAMNAS_OK;
}

static int
is_key(const reader *r, size_t column)
{
  size_t i;

  if (column == r->key_column)
    return 1;
  for (i = 0; r->key_column == SIZE_MAX && i < r->t->n_genes; i++)
    if (r->gene_columns[i] == column)
      return 1;
  return 0;
}

static int
is_listed(const struct rrn_table *t, const char *name, size_t length)
{
  size_t j;

  for (j = 0; j < t->n_figures; j++)
    if (!t->deviation[j] && strlen(t->names[j]) == length && memcmp(t->names[j], name, length) == 0)
      return 1;
  return 0;
}

/* "figure=column,figure=column" */
static int32_t
list_named(reader *r, const char *columns)
{
  const char *at = columns;

  for (;;) {
    const size_t all = strcspn(at, ","), name = strcspn(at, "=,");
    const char *column = name < all ? at + name + 1 : at;
    const size_t found = find_column(r, column, (size_t)(at + all - column));

    if (found == SIZE_MAX)
      return fail_line(r, RRAMNAS_ERR_NOT_FOUND, "there is no column for the figure", at);
    if (is_listed(r->t, at, name))
      return fail_line(r, RRAMNAS_ERR_ARGUMENT, "the columns name a figure twice:", at);
    RRN_TRY(add_figure(r, at, name, found, 0));
    RRN_TRY(add_figure(r, at, name, found, 1));
    if (!at[all])
      return RRAMNAS_OK;
    at += all + 1;
  }
}

static int32_t
list_figures(reader *r, const char *columns)
{
  struct rrn_table *t = r->t;
  size_t i, most = r->n_columns;
  const char *at;

  for (at = columns ? columns : ""; *at; at++)
    most += *at == ',';
  most = 2 * most + 2;
  t->names = rrn_arena_alloc(&r->e->arena, most, sizeof(*t->names));
  t->columns = rrn_arena_alloc(&r->e->arena, most, sizeof(*t->columns));
  t->deviation = rrn_arena_alloc(&r->e->arena, most, 1);
  if (!t->names || !t->columns || !t->deviation)
    return rrn_fail_memory(r->err);
  if (columns)
    return list_named(r, columns);
  for (i = 0; i < r->n_columns; i++)
    if (!is_key(r, i)) {
      RRN_TRY(add_figure(r, r->header[i], strlen(r->header[i]), i, 0));
      RRN_TRY(add_figure(r, r->header[i], strlen(r->header[i]), i, 1));
    }
  return RRAMNAS_OK;
}

/* --- rows --- */

static const char *
trim(const char *text, size_t *length)
{
  while (*length && strchr(" \t", *text)) {
    text++;
    --*length;
  }
  while (*length && strchr(" \t", text[*length - 1]))
    --*length;
  return text;
}

static double
number_at(const char *text, size_t length)
{
  double value;

  text = trim(text, &length);
  return rrn_double_parse(text, length, &value) ? value : NAN;
}

static double
cell_value(const char *cell, int deviation)
{
  static const char sign[] = "\xc2\xb1"; /* plus-minus */
  const char *at = strstr(cell, sign);
  const size_t before = at ? (size_t)(at - cell) : strlen(cell);

  if (deviation)
    return at ? number_at(at + 2, strlen(at + 2)) : NAN;
  return number_at(cell, before);
}

static int32_t
parse_gene(reader *r, size_t gene, const char *text, size_t length)
{
  char word[RRN_SPACE_TEXT];
  int64_t place;

  text = trim(text, &length);
  if (length >= sizeof(word))
    return fail_line(r, RRAMNAS_ERR_RANGE, "a gene's value is too long", NULL);
  memcpy(word, text, length);
  word[length] = '\0';
  if (r->n_words && rrn_int64_parse(word, length, &place)) {
    if (place < 0 || (size_t)place >= r->n_words)
      return fail_line(r, RRAMNAS_ERR_RANGE, "no word of the key's list stands for", word);
    return rrn_space_parse_value(r->e->space, gene, r->words[place], &r->x[gene], r->err);
  }
  if (rrn_space_parse_value(r->e->space, gene, word, &r->x[gene], NULL) < 0)
    return fail_line(r, RRAMNAS_ERR_RANGE, r->e->space->genes[gene].name, word);
  return RRAMNAS_OK;
}

static int32_t
parse_list(reader *r, const char *cell)
{
  static const char between[] = " \t,;|()[]'\"";
  const char *at = cell + strspn(cell, between);
  size_t i, length;

  for (i = 0; i < r->t->n_genes && *at; i++, at += length + strspn(at + length, between)) {
    length = strcspn(at, between);
    RRN_TRY(parse_gene(r, r->t->genes[i], at, length));
  }
  if (i < r->t->n_genes || *at)
    return fail_line(r, RRAMNAS_ERR_PARSE, "the key has more or fewer values than there are genes for it:", cell);
  return RRAMNAS_OK;
}

static int32_t
parse_key(reader *r)
{
  const rrn_genes genes = rrn_space_genes(r->e->space);
  size_t i;

  /* What the key leaves out must not put genes of the key to rest. */
  for (i = 0; i < genes.n; i++)
    r->x[i] = genes.at[i].high;
  for (i = 0; i < r->t->n_genes; i++)
    r->x[r->t->genes[i]] = genes.at[r->t->genes[i]].low;
  if (r->key_column != SIZE_MAX)
    RRN_TRY(parse_list(r, r->cells[r->key_column]));
  else
    for (i = 0; i < r->t->n_genes; i++)
      if (*r->cells[r->gene_columns[i]]) /* empty where the gene does not count */
        RRN_TRY(parse_gene(r, r->t->genes[i], r->cells[r->gene_columns[i]], strlen(r->cells[r->gene_columns[i]])));
  rrn_genome_canonical(&genes, r->x);
  return RRAMNAS_OK;
}

static rrn_fingerprint
key_of(const struct rrn_table *t, const double *x)
{
  double key[RRN_SPACE_MOST_GENES];
  size_t i;

  for (i = 0; i < t->n_genes; i++)
    key[i] = x[t->genes[i]];
  return rrn_fingerprint_of(key, t->n_genes);
}

/* Slot of a key, or the free one where it belongs. */
static size_t
slot_of(const struct rrn_table *t, rrn_fingerprint key)
{
  size_t i = (size_t)key.low & t->mask;

  while ((t->keys[i].low || t->keys[i].high) && (t->keys[i].low != key.low || t->keys[i].high != key.high))
    i = (i + 1) & t->mask;
  return i;
}

static int32_t
add_row(reader *r)
{
  struct rrn_table *t = r->t;
  rrn_fingerprint key;
  size_t slot, j;

  if (r->n_cells != r->n_columns)
    return fail_line(r, RRAMNAS_ERR_PARSE, "the row has another number of cells than the first line", NULL);
  RRN_TRY(parse_key(r));
  key = key_of(t, r->x);
  slot = slot_of(t, key);
  t->keys[slot] = key;
  t->rows[slot] = (uint32_t)t->n_rows;
  for (j = 0; j < t->n_figures; j++)
    t->values[t->n_rows * t->n_figures + j] = cell_value(r->cells[t->columns[j]], t->deviation[j]);
  for (j = 0; j < t->n_genes; j++)
    t->inputs[t->n_rows * t->n_genes + j] = r->x[t->genes[j]];
  t->n_rows++;
  return RRAMNAS_OK;
}

static int
is_line_end(char c)
{
  return c == '\n' || c == '\r';
}

/* Rows at most: lines that are not blank, of as many bytes as a row has at least: a mark behind each cell and, where one
 * cell has all values of the key, each value and a mark behind it. */
static size_t
count_rows(const reader *r)
{
  const size_t values = r->key_column == SIZE_MAX ? 0 : 2 * r->t->n_genes - 1;
  const size_t most = r->size / (r->n_columns + values) + 1;
  size_t i, n = 1;

  for (i = 1; i < r->size; i++)
    n += is_line_end(r->data[i]) && !is_line_end(r->data[i - 1]);
  return n < most ? n : most;
}

static int32_t
reserve(reader *r)
{
  const size_t most = count_rows(r);
  struct rrn_table *t = r->t;
  size_t slots = 16;

  while (slots < 2 * most)
    slots *= 2;
  t->mask = slots - 1;
  t->keys = rrn_arena_alloc(&r->e->arena, slots, sizeof(*t->keys));
  t->rows = rrn_arena_alloc(&r->e->arena, slots, sizeof(*t->rows));
  t->values = rrn_arena_alloc(&r->e->arena, most * t->n_figures + 1, sizeof(*t->values));
  t->inputs = rrn_arena_alloc(&r->e->arena, most * t->n_genes + 1, sizeof(*t->inputs));
  return t->keys && t->rows && t->values && t->inputs ? RRAMNAS_OK : rrn_fail_memory(r->err);
}

static int32_t
read_table(reader *r, const rramnas_table_options *o)
{
  int32_t status;

  r->at = rrn_utf8_mark(r->data, r->size);
  r->text = rrn_arena_alloc(&r->scratch, 2 * r->size + 2, 1);
  if (!r->text)
    return rrn_fail_memory(r->err);
  RRN_TRY(read_header(r));
  RRN_TRY(find_key(r, o->key, o->order));
  RRN_TRY(list_figures(r, o->columns));
  RRN_TRY(reserve(r));
  while ((status = read_row(r)) > 0)
    RRN_TRY(add_row(r));
  return status;
}

int32_t
rrn_table_parse(rrn_evaluation *e, const char *data, size_t size, const char *name, const rramnas_table_options *options,
                struct rrn_table **ret_table, rramnas_error *err)
{
  reader r = { .e = e, .path = name, .data = data, .size = size, .line = 1, .err = err };
  int32_t status;

  rrn_arena_init(&r.scratch, e->rt);
  r.t = rrn_arena_alloc(&e->arena, 1, sizeof(*r.t));
  status = r.t ? read_table(&r, options) : rrn_fail_memory(err);
  if (status >= 0)
    *ret_table = r.t;
  rrn_arena_release(&r.scratch);
  return status;
}

int32_t
rrn_table_read(rrn_evaluation *e, const char *path, const rramnas_table_options *options, struct rrn_table **ret_table,
               rramnas_error *err)
{
  rrn_file file;
  int32_t status;

  RRN_TRY(rrn_file_open(&file, path, MOST_BYTES, err));
  status = rrn_table_parse(e, file.data, file.size, path, options, ret_table, err);
  rrn_file_close(&file);
  return status;
}

int32_t
rrn_evaluation_add_table(rrn_evaluation *e, const char *path, const rramnas_table_options *options, rramnas_error *err)
{
  struct rrn_table *t = NULL;

  RRN_TRY(rrn_table_read(e, path, options, &t, err));
  t->next = e->tables;
  e->tables = t;
  return RRAMNAS_OK;
}

/* --- looking up --- */

int
rrn_tables_find(const struct rrn_table *tables, const char *figure, const struct rrn_table **ret_table,
                size_t *ret_column)
{
  const struct rrn_table *t;
  size_t j;

  for (t = tables; t; t = t->next)
    for (j = 0; j < 2 * t->n_figures; j++) { /* columns of that name before deviations */
      const size_t k = j % t->n_figures;

      if (t->deviation[k] == (j >= t->n_figures) && strcmp(t->names[k], figure) == 0) {
        *ret_table = t;
        *ret_column = k;
        return 1;
      }
    }
  return 0;
}

double
rrn_table_value(const struct rrn_table *table, const rrn_space *space, const double *x, size_t column)
{
  const size_t slot = slot_of(table, key_of(table, x));

  (void)space;
  return table->keys[slot].low || table->keys[slot].high
           ? table->values[table->rows[slot] * table->n_figures + column]
           : NAN;
}

void
rrn_tables_hash(const struct rrn_table *tables, XXH3_state_t *state)
{
  const struct rrn_table *t;
  size_t j;

  for (t = tables; t; t = t->next) {
    const uint64_t sizes[] = { t->n_genes, t->n_figures, t->n_rows };

    XXH3_128bits_update(state, sizes, sizeof(sizes));
    XXH3_128bits_update(state, t->genes, t->n_genes * sizeof(*t->genes));
    for (j = 0; j < t->n_figures; j++)
      XXH3_128bits_update(state, t->names[j], strlen(t->names[j]) + 1);
    XXH3_128bits_update(state, t->inputs, t->n_rows * t->n_genes * sizeof(*t->inputs));
    XXH3_128bits_update(state, t->values, t->n_rows * t->n_figures * sizeof(*t->values));
  }
}
