/* SPDX-License-Identifier: MIT */
/* Reports of a search. */
#ifndef RRN_REPORT_FRONT_H
#define RRN_REPORT_FRONT_H

#include "session/session.h"
#include "util/writer.h"

/* front_csv.c, front_svg.c, front_json.c. `options` is at full size. */
int32_t rrn_report_front_csv(const rramnas_search *s, rramnas_write_fn write, void *user, rramnas_error *err);
int32_t rrn_report_front_svg(const rramnas_search *s, const rramnas_search_report_options *options,
                             rramnas_write_fn write, void *user, rramnas_error *err);
int32_t rrn_report_front_json(const rramnas_search *s, rramnas_write_fn write, void *user, rramnas_error *err);

/* Figure j of point i of the front, as the caller knows it. */
static inline double
rrn_front_value(const rramnas_search *s, size_t i, size_t j)
{
  return rrn_archive_payload(&s->front, i)[s->space.n + j];
}

#endif
