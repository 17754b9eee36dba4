/* SPDX-License-Identifier: MIT */
/* A front as JSON, schema "rramnas.front/1": the problem in short, counts, and a point per entry. */
#include <inttypes.h>

#include "report/front.h"

static void
write_problem(const rramnas_search *s, rrn_writer *w)
{
  size_t j;

  rrn_write_text(w, "{\n  \"schema\": \"rramnas.front/1\",\n  \"library\": ");
  rrn_write_json_string(w, rramnas_version());
  rrn_write_text(w, ",\n  \"space\": ");
  rrn_write_json_string(w, s->space.name);
  rrn_write_text(w, ",\n  \"objectives\": [");
  for (j = 0; j < s->n_objectives; j++)
    rrn_write_format(w, "%s{\"name\": \"%s\", \"direction\": \"%s\"}", j ? ", " : "", s->figures[j],
                     s->maximize[j] ? "maximize" : "minimize");
  rrn_write_format(w, "],\n  \"seed\": %" PRIu64 ", \"generations\": %u, \"evaluations\": %" PRId64, s->options.seed,
                   (unsigned)s->strategy.generation, s->evaluations);
  rrn_write_format(w, ", \"failed\": %" PRId64 ", \"infeasible\": %" PRId64 ",\n  \"hypervolume\": ", s->failed,
                   s->infeasible);
  rrn_write_json_number(w, s->hypervolume);
}

static void
write_point(const rramnas_search *s, rrn_writer *w, size_t i)
{
  char text[RRN_SPACE_TEXT];
  const double *x = rrn_archive_payload(&s->front, i);
  size_t j;

  rrn_write_text(w, i ? ",\n    {\"figures\": {" : "\n    {\"figures\": {");
  for (j = 0; j < s->n_figures; j++) {
    rrn_write_format(w, "%s\"%s\": ", j ? ", " : "", s->figures[j]);
    rrn_write_json_number(w, rrn_front_value(s, i, j));
  }
  rrn_write_text(w, "}, \"genes\": {");
  for (j = 0; j < s->space.n; j++) {
    rrn_write_format(w, "%s\"%s\": ", j ? ", " : "", s->space.genes[j].name);
    rrn_write_json_string(w, rrn_space_value_text(&s->space, x, j, text));
  }
  rrn_write_text(w, "}}");
}

int32_t
rrn_report_front_json(const rramnas_search *s, rramnas_write_fn write, void *user, rramnas_error *err)
{
  rrn_writer w;
  size_t i;

  rrn_writer_init(&w, write, user);
  write_problem(s, &w);
  rrn_write_text(&w, ",\n  \"front\": [");
  for (i = 0; i < s->front.n; i++)
    write_point(s, &w, i);
  rrn_write_text(&w, "\n  ]\n}\n");
  return rrn_writer_finish(&w, err);
}
