/* SPDX-License-Identifier: MIT */
/* Numbers and messages as text, for all programs. PROGRAM_NAME comes from the build. */
#ifndef TEXT_H
#define TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "rramnas/rramnas.h"

/* printf to stderr behind the name of the program, with a newline. */
void complain(const char *format, ...);
void complain_error(const rramnas_error *err);
/* From now on complaints are kept, the last 4 KB of them; show_complaints() shows them. */
void hold_complaints(void);
void show_complaints(void);
/* Whether both names lead to one file, or are the same word. NULL leads nowhere. */
int is_same_file(const char *a, const char *b);
/* Whole text as a number with '.' in any locale; 0 when it is not one. */
int parse_integer(const char *text, long long min, long long max, long long *ret_value);
int parse_real(const char *text, size_t length, double *ret_value);
/* Four digits, '.' in any locale; from 10^12 on with a power of ten. */
const char *number_text(double value, char buffer[32]);
const char *duration_text(double ns, char buffer[32]);
const char *energy_text(double pj, char buffer[32]);
const char *power_text(double mw, char buffer[32]);
const char *edp_text(double pj_ns, char buffer[32]);
const char *area_text(double um2, char buffer[32]);
const char *count_text(int64_t count, char buffer[32]);

#endif
