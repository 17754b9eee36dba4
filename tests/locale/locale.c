/* SPDX-License-Identifier: MIT */
/* The whole job in the C locale and under a decimal comma: all texts must be the same bytes. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "capture.h"
#include "tiny.h"

enum { SKIP = 77, N_TEXTS = 7 };

static int32_t
job(capture texts[N_TEXTS])
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net_options net_options = RRAMNAS_NET_OPTIONS_INIT;
  rramnas_compile_options options = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_hw *first = NULL, *changed = NULL, *hw = NULL;
  rramnas_net *built = NULL, *net = NULL;
  rramnas_mapping *mapping = NULL;
  int32_t status, report;

  /* Everything goes through text once: what is written under a locale is read under it. */
  net_options.format = RRAMNAS_NET_FORMAT_YAML;
  options.crossbars = 24;
  if ((status = rramnas_hw_create_default(NULL, &first, &err)) < 0 ||
      (status = rramnas_hw_with_value(first, "crossbar.rows", "128", &changed, &err)) < 0 ||
      (status = rramnas_hw_write_yaml(changed, capture_write, &texts[0], &err)) < 0 ||
      (status = rramnas_hw_load_buffer(texts[0].text, texts[0].length, "hw.yaml", RRAMNAS_HW_FORMAT_YAML, NULL, &hw,
                                       &err)) < 0 ||
      (status = tiny_create(NULL, &built, &err)) < 0 ||
      (status = rramnas_net_write_yaml(built, capture_write, &texts[1], &err)) < 0 ||
      (status = rramnas_net_load_buffer(texts[1].text, texts[1].length, "net.yaml", &net_options, NULL, &net, &err)) <
        0 ||
      (status = rramnas_compile(hw, net, &options, NULL, &mapping, &err)) < 0)
    goto out;
  for (report = RRAMNAS_REPORT_JSON; report <= RRAMNAS_REPORT_TRACE; report++)
    if ((status = rramnas_mapping_write(mapping, report, NULL, capture_write, &texts[1 + report], &err)) < 0)
      goto out;
  if ((status = rramnas_mapping_write_cost(mapping, RRAMNAS_REPORT_SVG, NULL, capture_write, &texts[5], &err)) >= 0)
    status = rramnas_mapping_write_cost(mapping, RRAMNAS_REPORT_CSV, NULL, capture_write, &texts[6], &err);
out:
  if (status < 0)
    fprintf(stderr, "%s: %s\n", setlocale(LC_ALL, NULL), err.message);
  rramnas_mapping_unref(mapping);
  rramnas_net_unref(net);
  rramnas_net_unref(built);
  rramnas_hw_unref(hw);
  rramnas_hw_unref(changed);
  rramnas_hw_unref(first);
  return status;
}

int
main(void)
{
  static const char *const names[N_TEXTS] = { "hardware", "network", "JSON", "SVG", "trace", "costs as SVG",
                                             "costs as CSV" };
  static capture plain[N_TEXTS], comma[N_TEXTS];
  int i, bad = 0;

  if (job(plain) < 0)
    return 1;
  if (!setlocale(LC_ALL, "de_DE.UTF-8") || strcmp(localeconv()->decimal_point, ",") != 0) {
    fprintf(stderr, "no locale with a decimal comma\n");
    return SKIP;
  }
  if (job(comma) < 0)
    return 1;
  for (i = 0; i < N_TEXTS; i++) {
    if (!capture_equal(&plain[i], &comma[i]) || plain[i].length == 0) {
      fprintf(stderr, "%s differs under a decimal comma\n", names[i]);
      bad = 1;
    }
    capture_free(&plain[i]);
    capture_free(&comma[i]);
  }
  return bad;
}
