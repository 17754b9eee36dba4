/* SPDX-License-Identifier: MIT */
/* A front as CSV: a row per point, figures under their names, then genes; a gene that does not count has an empty cell. */
#include <string.h>

#include "report/front.h"
#include "util/options.h"

static void
write_cell(rrn_writer *w, const char *text)
{
  if (!strpbrk(text, ",\"\r\n")) {
    rrn_write_text(w, text);
    return;
  }
  rrn_write_text(w, "\"");
  for (; *text; text++) {
    rrn_write_text(w, *text == '"' ? "\"" : "");
    rrn_write(w, text, 1);
  }
  rrn_write_text(w, "\"");
}

int32_t
rrn_report_front_csv(const rramnas_search *s, rramnas_write_fn write, void *user, rramnas_error *err)
{
  char text[RRN_SPACE_TEXT];
  rrn_writer w;
  size_t i, j;

  rrn_writer_init(&w, write, user);
  for (j = 0; j < s->n_figures; j++)
    rrn_write_format(&w, "%s%s", j ? "," : "", s->figures[j]);
  for (j = 0; j < s->space.n; j++)
    rrn_write_format(&w, ",%s", s->space.genes[j].name);
  rrn_write_text(&w, "\n");
  for (i = 0; i < s->front.n; i++) {
    for (j = 0; j < s->n_figures; j++) {
      rrn_write_text(&w, j ? "," : "");
      rrn_write_double(&w, rrn_front_value(s, i, j));
    }
    for (j = 0; j < s->space.n; j++) {
      rrn_write_text(&w, ",");
      write_cell(&w, rrn_space_value_text(&s->space, rrn_archive_payload(&s->front, i), j, text));
    }
    rrn_write_text(&w, "\n");
  }
  return rrn_writer_finish(&w, err);
}

int32_t
rramnas_search_write(const rramnas_search *s, int32_t report, const rramnas_search_report_options *options,
                     rramnas_write_fn write, void *user, rramnas_error *reterr)
{
  rramnas_search_report_options o;

  RRN_FAIL_IF(!s || !write, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_write: search or write is NULL");
  RRN_FAIL_IF(!s->started, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_write: the search has not begun");
  RRN_TRY(rrn_options_read(&o, sizeof(o), options, "rramnas_search_report_options", reterr));
  RRN_FAIL_IF(o.n_cloud && !o.cloud, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_write: cloud is NULL");
  switch (report) {
  case RRAMNAS_REPORT_CSV:
    return rrn_report_front_csv(s, write, user, reterr);
  case RRAMNAS_REPORT_SVG:
    return rrn_report_front_svg(s, &o, write, user, reterr);
  case RRAMNAS_REPORT_JSON:
    return rrn_report_front_json(s, write, user, reterr);
  default:
    return rrn_fail(reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_write: there is no report %d of a search", (int)report);
  }
}
