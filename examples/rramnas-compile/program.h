/* SPDX-License-Identifier: MIT */
/* What the files of the program share. Everything about networks and chips goes through rramnas.h. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdio.h>

#include "../common/text.h"
#include "rramnas/rramnas.h"

/* The policy when none is given. */
#define DEFAULT_POLICY RRAMNAS_POLICY_BEST
#define DEFAULT_POLICY_NAME "best"

enum exit_code { EXIT_DONE = 0, EXIT_DOES_NOT_FIT = 1, EXIT_BAD_INPUT = 2 };

enum { NAME_WIDTH = 32, MOST_BINDS = 64, MOST_MARGINS = 64, MOST_CURVES = 2, MOST_POINTS = 4096, MOST_SWEEPS = 8, N_OUTPUTS = 12 };

typedef struct sweep sweep; /* sweep.h */
typedef struct accuracy_curves accuracy_curves; /* accuracy_curves.h */

typedef struct settings {
  const char *network, *hardware, *genome;
  const char *json, *svg, *trace; /* NULL = not wanted, "-" = standard output */
  const char *curves[MOST_CURVES]; /* .csv or .svg; NULL = not wanted */
  const char *copies_file;
  const char *bits_file;
  const char *rule;       /* an option that was given and says what may share a crossbar; NULL = none */
  rramnas_compile_options compile;
  rramnas_timing_options timing;
  rramnas_curve_options curve;
  int32_t n_points; /* of the curve */
  rramnas_bind binds[MOST_BINDS];
  size_t n_binds;
  double margins[MOST_MARGINS];
  int32_t *copies; /* to be freed, as are the next two */
  int32_t *bits, *split_bits; /* by layer; weights, then inputs */
  const char *cost_svg, *cost_csv, *sweep_csv, *sweep_svg; /* NULL = not wanted */
  int32_t cost_model; /* enum rramnas_cost_model, 0 = default */
  sweep *sweep;       /* to be freed; NULL = none */
  int64_t chip_seed;  /* of errors; -1 = that of the packing order */
  rramnas_accuracy_options accuracy; /* data NULL = not wanted; weights NULL = the network's file */
  int part_given;     /* part may be the default */
  int adc_range_given; /* likewise */
  const char *accuracy_svg, *accuracy_csv, *accuracy_json; /* NULL = not wanted */
  int no_cost, explain;
  int check, quiet;
} settings;

/* options.c. Returns 1 to go on, 0 when --help or --version was answered, -1 after a usage message. */
int read_options(int argc, char **argv, settings *s);
void free_options(settings *s);
/* Files to be written, NULL where none is wanted. ret_paths [N_OUTPUTS] */
void list_outputs(const settings *s, const char **ret_paths);
/* Report of a curve that a file of this name gets, by its ending; 0 = none. */
int32_t curve_report(const char *path);

/* report.c: writes one report to a file, complete or not at all; "-" is standard output. 0 or an exit code. */
typedef struct report_source {
  const rramnas_mapping *mapping; /* NULL = of the curve */
  int32_t report; /* enum rramnas_report */
  const rramnas_timing_options *timing;
  const rramnas_curve_point *points; /* [n_points] */
  size_t n_points;
  const rramnas_curve_labels *labels;
  const rramnas_cost_options *cost; /* of the mapping: its costs; NULL = the mapping itself */
  const sweep *sweep;               /* NULL = of the others */
  const accuracy_curves *accuracy;  /* likewise */
  const struct measured *measured;  /* in the JSON report; NULL = not */
} report_source;
int write_report(const report_source *source, const char *path);
/* Whole file as zero-terminated text, to be freed; NULL after a message. */
char *read_text(const char *path, size_t *ret_size);

/* table.c: the summary for a person. 0 or an exit code. */
int print_summary(FILE *out, const settings *s, const rramnas_hw *hw, const rramnas_net *net,
                  const rramnas_mapping *mapping);

/* cost.c: what a mapping costs, for a person. 0 or an exit code. */
int print_cost(FILE *out, const settings *s, const rramnas_net *net, const rramnas_mapping *mapping);
int print_explanation(FILE *out, const settings *s, const rramnas_mapping *mapping);
rramnas_cost_options cost_options(const settings *s);

/* accuracy.c: how often the network is right. hw NULL = the mapping's chip. */
int32_t measure_accuracy(const settings *s, const rramnas_mapping *mapping, const rramnas_hw *hw, double time_s,
                         rramnas_accuracy *ret_accuracy, rramnas_error *err);
/* Of the chip at hand, by layer. */
typedef struct measured {
  rramnas_accuracy accuracy;
  rramnas_accuracy_layer *layers; /* to be freed; NULL = not measured */
  size_t n_layers;
} measured;
/* 0 or an exit code. */
int measure_layers(const settings *s, const rramnas_net *net, const rramnas_mapping *mapping, measured *ret);
void print_accuracy(FILE *out, const rramnas_hw *hw, const rramnas_net *net, const measured *m);
/* A layer's name in a column of a table, of NAME_WIDTH when `pad`; table.c */
void print_name(FILE *out, const char *name, int pad);

/* sweep.c. Reads FIELD=VALUES into *w, which is made when it is NULL; 0 when the text is not right. */
int add_sweep(sweep **w, const char *text);
void free_sweep(sweep *w);
size_t sweep_fields(const sweep *w);
/* Whether each field is one of the chip. 0 or an exit code. */
int check_sweep(const sweep *w, const settings *s, const rramnas_hw *base);
int run_sweep(sweep *w, const settings *s, rramnas_hw *base, rramnas_net *net, rramnas_mapping *mapping);
int32_t write_sweep(const sweep *w, int is_svg, rramnas_write_fn write, void *user);
void print_sweep(FILE *out, const sweep *w);

/* main.c: what a terminal is told when it takes long. */
void show_phase(const char *text);

#endif
