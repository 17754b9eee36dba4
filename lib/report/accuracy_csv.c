/* SPDX-License-Identifier: MIT */
/* Curves of accuracy as comma-separated values (doc/report.md).
 *
 * In:  curves, checked.
 * Out: a row per point: the curve's name, the value, every field of rramnas_accuracy under its name. Numbers are the
 * shortest text that reads back as the same value. */
#include "report/accuracy.h"

const char *
rrn_accuracy_figure(const rramnas_accuracy *a, int figure, double *ret_value)
{
  const struct {
    const char *name;
    double value;
  } figures[RRN_ACCURACY_FIGURES] = {
    { "images", (double)a->images },
    { "trials", a->trials },
    { "layers_on_crossbars", a->layers_on_crossbars },
    { "digital", a->digital },
    { "quantized", a->quantized },
    { "mean", a->mean },
    { "deviation", a->deviation },
    { "confidence", a->confidence },
    { "worst", a->worst },
    { "low", a->low },
    { "median", a->median },
    { "best", a->best },
    { "conversions", (double)a->conversions },
    { "clipped", a->clipped },
    { "stopped", a->stopped },
    { "layers_on_diagonal", a->layers_on_diagonal },
  };

  *ret_value = figures[figure].value;
  return figures[figure].name;
}

static void
write_quoted(rrn_writer *w, const char *text)
{
  rrn_write_text(w, "\"");
  for (; *text; text++)
    if (*text == '"')
      rrn_write_text(w, "\"\"");
    else
      rrn_write_format(w, "%c", *text == '\n' || *text == '\r' ? ' ' : *text);
  rrn_write_text(w, "\"");
}

int32_t
rrn_report_accuracy_csv(const rrn_accuracy_curves *c, rramnas_write_fn write, void *user, rramnas_error *err)
{
  const rramnas_accuracy none = RRAMNAS_ACCURACY_INIT;
  rrn_writer w;
  double value;
  size_t i, k;
  int f;

  rrn_writer_init(&w, write, user);
  rrn_write_text(&w, "curve,x");
  for (f = 0; f < RRN_ACCURACY_FIGURES; f++)
    rrn_write_format(&w, ",%s", rrn_accuracy_figure(&none, f, &value));
  rrn_write_text(&w, "\n");
  for (i = 0; i < c->n; i++) {
    const rramnas_accuracy_curve curve = rrn_accuracy_curve_at(c, i);

    for (k = 0; k < curve.n_points; k++) {
      const rramnas_accuracy a = rrn_accuracy_at(&curve, k);

      write_quoted(&w, curve.name);
      rrn_write_text(&w, ",");
      rrn_write_double(&w, curve.x[k]);
      for (f = 0; f < RRN_ACCURACY_FIGURES; f++) {
        rrn_accuracy_figure(&a, f, &value);
        rrn_write_text(&w, ",");
        rrn_write_double(&w, value);
      }
      rrn_write_text(&w, "\n");
    }
  }
  return rrn_writer_finish(&w, err);
}
