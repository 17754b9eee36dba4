/* SPDX-License-Identifier: MIT */
/* The command line of a program: a table of options drives parsing, the help text and suggestions. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "rramnas/rramnas.h"

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
int set_share_above_zero(const char *value, double *ret_share);
/* The place of a word in a list that ends with NULL, from 1; 0 = none. */
int32_t place_of(const char *word, const char *const *words);

/* What rramnas.h calls these. */
int read_crossbars(const char *value, int32_t *ret_crossbars);
int read_policy(const char *value, int32_t *ret_policy);
int read_effort(const char *value, int32_t *ret_effort);
int read_timing(const char *value, int32_t *ret_model);
int read_adc_range(const char *value, int32_t *ret_range);
/* The word that it is read from. */
const char *adc_range_name(int32_t range);

/* Whether there are options that only a data set gives a meaning; a range that is the default one cannot be seen. */
int tells_of_accuracy(const rramnas_accuracy_options *a);

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
#define VALUE(name, read, field)              \
  static int                                  \
  name(settings *s, const char *value)        \
  {                                           \
    return read(value, &s->field);            \
  }
#define NUMBER(name, set, min, max, field)    \
  static int                                  \
  name(settings *s, const char *value)        \
  {                                           \
    return set(value, min, max, &s->field);   \
  }

/* Of what both programs have: a chip, how to map onto it, how to judge on it. */
#define MAPPING_SETTERS                                              \
  TEXT(set_hardware, hardware)                                       \
  VALUE(set_crossbars, read_crossbars, compile.crossbars)            \
  VALUE(set_policy, read_policy, compile.policy)                     \
  VALUE(set_effort, read_effort, compile.effort)                     \
  SWITCH(set_quiet, quiet)
#define ACCURACY_SETTERS                                             \
  static int                                                         \
  set_adc_range(settings *s, const char *value)                      \
  {                                                                  \
    s->adc_range_given = 1; /* it may be the default */              \
    return read_adc_range(value, &s->accuracy.adc_range);            \
  }                                                                  \
  VALUE(set_adc_fraction, set_share_above_zero, accuracy.adc_fraction) \
  TEXT(set_data, accuracy.data)                                      \
  TEXT(set_weights, accuracy.weights)                                \
  NUMBER(set_trials, set_int, 1, 1 << 20, accuracy.trials)           \
  NUMBER(set_images, set_int, 1, INT32_MAX, accuracy.images)         \
  NUMBER(set_norm_images, set_int, 1, INT32_MAX, accuracy.norm_images) \
  VALUE(set_stop_below, set_share, accuracy.stop_below)              \
  VALUE(set_confidence, set_share, accuracy.confidence_wanted)       \
  SWITCH(set_copies_alike, accuracy.copies_alike)

#endif
