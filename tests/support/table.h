/* SPDX-License-Identifier: MIT */
/* Tables of numbers in tests/data: lines of fields between commas, '#' begins a comment. A line "set,name|text" has
 * three fields, the last with any commas. Include after cmocka.h and hw.h. */
#ifndef RRAMNAS_TESTS_TABLE_H
#define RRAMNAS_TESTS_TABLE_H

#include "util/text.h"

enum { TABLE_FIELDS = 100 };

typedef struct table_row {
  char *field[TABLE_FIELDS];
  size_t n;
} table_row;

/* Cuts the field at the first of the separators; NULL when it was the last one. */
static inline char *
table_cut(char *field, const char *separators)
{
  char *end = strpbrk(field, separators);

  if (!end)
    return NULL;
  *end = '\0';
  return end + 1;
}

static inline void
table_split(char *line, table_row *ret_row)
{
  char *rest = strchr(line, '|'), *next;

  if (rest)
    *rest++ = '\0';
  for (ret_row->n = 0; line; line = next) {
    next = table_cut(line, ",");
    assert_true(ret_row->n < TABLE_FIELDS);
    ret_row->field[ret_row->n++] = line;
  }
  if (rest)
    ret_row->field[ret_row->n++] = rest;
}

/* Cuts the next row off *text; 0 at the end. */
static inline int
table_next(char **text, table_row *ret_row)
{
  while (*text && **text) {
    char *line = *text;

    *text = table_cut(line, "\n");
    if (*line != '#') {
      table_split(line, ret_row);
      return 1;
    }
  }
  return 0;
}

static inline double
table_number(const table_row *row, size_t i)
{
  double value = 0;

  assert_true(i < row->n);
  if (!rrn_double_parse(row->field[i], strlen(row->field[i]), &value))
    fail_msg("%s,%s: field %zu is \"%s\"", row->field[0], row->field[1], i, row->field[i]);
  return value;
}

/* Fields from number `first` on against what was computed; an empty field is not compared. Relative tolerance. */
static inline void
table_compare(const table_row *row, size_t first, const double *got, size_t n, double tolerance)
{
  size_t i;

  assert_int_equal(row->n, first + n);
  for (i = 0; i < n; i++) {
    double want, size;

    if (!*row->field[first + i])
      continue;
    want = table_number(row, first + i);
    size = want < 0 ? -want : want;
    if (!(got[i] >= want - tolerance * size && got[i] <= want + tolerance * size))
      fail_msg("%s,%s: field %zu is %.17g, MNSIM has %.17g", row->field[0], row->field[1], first + i, got[i], want);
  }
}

#endif
