/* SPDX-License-Identifier: MIT */
/* What the pictures share: numbers, times and names as text. */
#ifndef RRN_REPORT_SVG_TEXT_H
#define RRN_REPORT_SVG_TEXT_H

#include "util/writer.h"

enum { RRN_SVG_NAME_LENGTH = 30 };

/* The style sheet: classes name, label, figure, small, item, end. */
#define RRN_SVG_STYLE \
  "text{font-family:Inter,'Helvetica Neue',Arial,'Liberation Sans','DejaVu Sans',sans-serif;fill:#1f2933}" \
  ".name{font-size:24px;font-weight:600}.label{font-size:11px;fill:#6b7785}" \
  ".figure{font-size:20px;font-weight:600}.small{font-size:12px;font-weight:400;fill:#6b7785}" \
  ".item{font-size:12px}.end{text-anchor:end}"

/* Pixels, to a tenth: the same text wherever rounding differs in the last bit. */
void rrn_svg_tenths(rrn_writer *w, double pixels);
/* A number of a tick, in percent or as it is: no more digits than it needs. */
void rrn_svg_short(rrn_writer *w, double value);
void rrn_svg_fixed(rrn_writer *w, double value, int decimals);
void rrn_svg_four_digits(rrn_writer *w, double value);
/* With a unit that suits the value. */
void rrn_svg_duration(rrn_writer *w, double ns);
void rrn_svg_energy(rrn_writer *w, double pj);
void rrn_svg_power(rrn_writer *w, double mw);
void rrn_svg_area(rrn_writer *w, double um2);
void rrn_svg_short_name(rrn_writer *w, const char *name, size_t most);

#endif
