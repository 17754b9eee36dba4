/* SPDX-License-Identifier: MIT */
/* What the files of the program share. Everything about searches goes through rramnas.h. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "../common/text.h"
#include "rramnas/rramnas.h"

enum exit_code { EXIT_DONE = 0, EXIT_NOTHING_FEASIBLE = 1, EXIT_BAD_INPUT = 2 };

enum { MOST_LIST = 64, MOST_PATH = 4096, DEFAULT_SAMPLES = 8 };

typedef struct settings {
  const char *space, *hardware, *network, *out, *resume, *cache;
  const char *checkpoint; /* NULL = DIR/checkpoint when there is a DIR */
  char *objectives[MOST_LIST], *constraints[MOST_LIST], *tables[MOST_LIST], *predictors[MOST_LIST]; /* to be freed */
  size_t n_objectives, n_constraints, n_tables, n_predictors;
  const char *table_key, *table_columns, *table_order;
  rramnas_compile_options compile;
  rramnas_cost_options cost;
  rramnas_accuracy_options accuracy; /* data NULL = none; weights NULL = the network's file */
  rramnas_search_options search;
  rramnas_run_options run;
  int adc_range_given; /* it may be the default */
  int count, quiet, overwrite;
} settings;

/* options.c. Returns 1 to go on, 0 when a question was answered, -1 after a usage message. */
int read_options(int argc, char **argv, settings *s);
void free_options(settings *s);

/* main.c: a session as the settings say, not begun. Another policy than the settings' when it is not 0, and then as many
 * crossbars as needed. 0 or an exit code. */
int make_search(const settings *s, int32_t policy, rramnas_search **ret_search);

/* Why candidates are not in the front: of each enum rramnas_fate the first is judged anew, once, when asked for. */
typedef struct reasons {
  const rramnas_search *search;
  struct { int asked, found; rramnas_error reason; } of[RRAMNAS_FATE_FAILED + 1];
} reasons;

/* main.c: valid as long as `r`; NULL = there is none. */
const char *first_reason(reasons *r, int32_t fate);

/* files.c. The place of the checkpoint; NULL = none. */
const char *checkpoint_of(const settings *s, char buffer[MOST_PATH]);
/* 0 after a message: something would be lost. */
int outputs_are_safe(const settings *s);

/* command.c: whether layers have bits of their own; those of a candidate's mapped layers, [2][*ret_n]: weights, then
 * inputs, to be freed. */
int has_bits(const rramnas_search *search);
int32_t read_bits(const rramnas_search *search, const double *genome, const rramnas_net *net, int32_t **ret_bits,
                  size_t *ret_n, rramnas_error *err);
/* The command that gives the figures of the chosen candidate of that name again, without the end of the line. */
void put_command(const settings *s, const rramnas_search *search, const char *name, FILE *f);

/* report.c: everything that goes to the folder. 0 or an exit code. */
int make_folder(const settings *s);
int write_results(const settings *s, const rramnas_search *search, reasons *why);

#endif
