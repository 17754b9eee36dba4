/* SPDX-License-Identifier: MIT */
/* The command line of a program: a table of options drives parsing, the help text and suggestions. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stddef.h>
#include <stdint.h>

typedef struct settings settings; /* the program's own */

typedef struct option {
  const char *name;     /* without the dashes */
  const char *argument; /* as the help calls it; NULL for a switch */
  const char *help;
  int (*set)(settings *s, const char *value); /* 0 when the value is not right */
  const char *expected;
} option;

/* An option that prints something and ends the program. */
typedef struct question {
  const char *name, *help;
  void (*answer)(void);
} question;

typedef struct command_line {
  const char *usage, *ending; /* of the help, before and after the options */
  const option *options;
  size_t n_options;
  const question *questions;
  size_t n_questions;
  int (*set_argument)(settings *s, const char *value); /* what is no option; 0 after a message */
} command_line;

/* Returns 1 to go on, 0 when a question was answered, -1 after a message. */
int read_command_line(const command_line *c, int argc, char **argv, settings *s);

/* Values; 0 when they are not right. */
int set_long(const char *value, long long min, long long max, int64_t *ret);
int set_int(const char *value, long long min, long long max, int32_t *ret);
int set_share(const char *value, double *ret_share);
/* The place of a word in a list that ends with NULL, from 1; 0 = none. */
int32_t place_of(const char *word, const char *const *words);

/* Setters of one field. */
#define TEXT(name, field)                     \
  static int                                  \
  name(settings *s, const char *value)        \
  {                                           \
    s->field = value;                         \
    return 1;                                 \
  }
#define SWITCH(name, field)                   \
  static int                                  \
  name(settings *s, const char *value)        \
  {                                           \
    (void)value;                              \
    return s->field = 1;                      \
  }
#define NUMBER(name, set, min, max, field)    \
  static int                                  \
  name(settings *s, const char *value)        \
  {                                           \
    return set(value, min, max, &s->field);   \
  }
#define SHARE(name, field)                    \
  static int                                  \
  name(settings *s, const char *value)        \
  {                                           \
    return set_share(value, &s->field);       \
  }

#endif
