/* SPDX-License-Identifier: MIT */
/* Accuracy as JSON (doc/report.md): curves, schema "rramnas.accuracy/1", and the part of a mapping's report.
 *
 * In:  curves, checked; what rramnas_mapping_get_accuracy_layers() gave.
 * Out: an object per curve, or per layer, with every field under its name. */
#include <inttypes.h>

#include "report/accuracy.h"

static void
write_figures(rrn_writer *w, const rramnas_accuracy *a, const char *before)
{
  double value;
  int f;

  for (f = 0; f < RRN_ACCURACY_FIGURES; f++, before = ", ") {
    rrn_write_format(w, "%s\"%s\": ", before, rrn_accuracy_figure(a, f, &value));
    rrn_write_json_number(w, value);
  }
}

static void
write_layer(rrn_writer *w, size_t i, const rramnas_accuracy_layer *l)
{
  rrn_write_format(w,
                   "{\"layer\": %zu, \"on_crossbars\": %s, \"weight_bits\": %d, \"input_bits\": %d, \"adc_codes\": %d",
                   i, l->on_crossbars ? "true" : "false", (int)l->weight_bits, (int)l->input_bits, (int)l->adc_codes);
  rrn_write_text(w, ", \"adc_range\": ");
  rrn_write_json_number(w, l->adc_range);
  rrn_write_text(w, ", \"codes_used\": ");
  rrn_write_json_number(w, l->codes_used);
  rrn_write_format(w, ", \"conversions\": %" PRId64 ", \"clipped_low\": %" PRId64 ", \"clipped_high\": %" PRId64 "}",
                   l->conversions, l->clipped_low, l->clipped_high);
}

void
rrn_report_accuracy_section(rrn_writer *w, const rrn_accuracy_section *a)
{
  size_t i;

  rrn_write_text(w, "  \"accuracy\": {\n    ");
  write_figures(w, a->accuracy, "");
  rrn_write_text(w, ",\n    \"layers\": [");
  for (i = 0; i < a->n_layers; i++) {
    rramnas_accuracy_layer l = { 0 };

    memcpy(&l, (const char *)a->layers + i * a->stride, a->stride < sizeof(l) ? a->stride : sizeof(l));
    rrn_write_text(w, i ? ",\n      " : "\n      ");
    write_layer(w, i, &l);
  }
  rrn_write_text(w, "]\n  },\n");
}

static void
write_curve(rrn_writer *w, const rramnas_accuracy_curve *c)
{
  static const char *const units[] = { "number", "share", "seconds" };
  size_t k;

  rrn_write_text(w, "{\"name\": ");
  rrn_write_json_string(w, c->name);
  rrn_write_format(w, ", \"unit\": \"%s\", \"points\": [", units[c->unit]);
  for (k = 0; k < c->n_points; k++) {
    const rramnas_accuracy a = rrn_accuracy_at(c, k);

    rrn_write_text(w, k ? ",\n    {\"x\": " : "\n    {\"x\": ");
    rrn_write_json_number(w, c->x[k]);
    write_figures(w, &a, ", ");
    rrn_write_text(w, "}");
  }
  rrn_write_text(w, "]}");
}

int32_t
rrn_report_accuracy_json(const rrn_accuracy_curves *c, const rramnas_curve_labels *labels, rramnas_write_fn write,
                         void *user, rramnas_error *err)
{
  rrn_writer w;
  size_t i;

  rrn_writer_init(&w, write, user);
  rrn_write_text(&w, "{\n  \"schema\": \"rramnas.accuracy/1\",\n  \"library\": ");
  rrn_write_json_string(&w, rramnas_version());
  rrn_write_text(&w, ",\n  \"title\": ");
  rrn_write_json_string(&w, labels->title ? labels->title : "");
  rrn_write_text(&w, ",\n  \"subtitle\": ");
  rrn_write_json_string(&w, labels->subtitle ? labels->subtitle : "");
  rrn_write_text(&w, ",\n  \"curves\": [");
  for (i = 0; i < c->n; i++) {
    const rramnas_accuracy_curve curve = rrn_accuracy_curve_at(c, i);

    rrn_write_text(&w, i ? ",\n   " : "\n   ");
    write_curve(&w, &curve);
  }
  rrn_write_text(&w, "\n  ]\n}\n");
  return rrn_writer_finish(&w, err);
}
