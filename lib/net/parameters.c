/* SPDX-License-Identifier: MIT */
/* Parameters of generated networks as YAML: image, classes, widths.
 *
 * In:  {image: 32, classes: 10, widths: [8, 8, 16, 16, 24, 32, 96, 160]}, each optional. Out: numbers, and back. */
#include "net/parameters.h"

#include <inttypes.h>
#include <string.h>

enum { MOST_PIXELS = 1024, PIXELS_STEP = 32, MOST_CLASSES = 100000, MOST_WIDTH = 1 << 16 };

int32_t
rrn_net_check_image(int64_t image, rramnas_error *err)
{
  RRN_FAIL_IF(image < PIXELS_STEP || image > MOST_PIXELS || image % PIXELS_STEP != 0, err, RRAMNAS_ERR_RANGE,
              "image is %" PRId64 ", expected a multiple of %d up to %d", image, (int)PIXELS_STEP, (int)MOST_PIXELS);
  return RRAMNAS_OK;
}

static int32_t
read_image(const rrn_yaml *node, int64_t *ret_image, rramnas_error *err)
{
  rramnas_error inner = RRAMNAS_ERROR_INIT;

  RRN_TRY(rrn_yaml_int(node, "image", 1, MOST_PIXELS, ret_image, err));
  if (rrn_net_check_image(*ret_image, &inner) < 0)
    return rrn_fail_at(err, inner.code, node->where, "%s", inner.message);
  return RRAMNAS_OK;
}

static int32_t
read_widths(const rrn_yaml *node, size_t n, rrn_ofa_widths *ret_widths, rramnas_error *err)
{
  rrn_ofa_widths widths = { 0 };
  const rrn_yaml *entry;
  size_t i;

  RRN_TRY(rrn_yaml_expect(node, RRN_YAML_SEQUENCE, "widths", err));
  if (node->n_children != n)
    return rrn_fail_at(err, RRAMNAS_ERR_RANGE, node->where,
                       "widths has %zu entries, expected %zu: stem, first block, %zu stages, final, features",
                       node->n_children, n, n - 4);
  for (entry = node->child, i = 0; entry; entry = entry->next, i++)
    RRN_TRY(rrn_yaml_int(entry, "a width", 1, MOST_WIDTH, rrn_ofa_width(&widths, n, i), err));
  *ret_widths = widths;
  return RRAMNAS_OK;
}

static int32_t
read_parameter(const rrn_yaml *node, size_t n_widths, rrn_net_parameters *p, rramnas_error *err)
{
  if (strcmp(node->key, "image") == 0) {
    p->given |= RRN_NET_IMAGE;
    return read_image(node, &p->image, err);
  }
  if (strcmp(node->key, "classes") == 0) {
    p->given |= RRN_NET_CLASSES;
    return rrn_yaml_int(node, "classes", 1, MOST_CLASSES, &p->classes, err);
  }
  if (n_widths > 0 && strcmp(node->key, "widths") == 0) {
    p->given |= RRN_NET_WIDTHS;
    return read_widths(node, n_widths, &p->widths, err);
  }
  return rrn_fail_at(err, RRAMNAS_ERR_PARSE, node->key_where,
                     "unknown parameter \"%.60s\", expected image or classes%s", node->key,
                     n_widths > 0 ? " or widths" : "");
}

int32_t
rrn_net_parameters_read(const rrn_yaml *mapping, size_t n_widths, rrn_net_parameters *p, rramnas_error *err)
{
  const rrn_yaml *child;

  RRN_TRY(rrn_yaml_expect(mapping, RRN_YAML_MAPPING, "parameters", err));
  for (child = mapping->child; child; child = child->next)
    RRN_TRY(read_parameter(child, n_widths, p, err));
  return RRAMNAS_OK;
}

void
rrn_net_parameters_write(const rrn_net_parameters *p, const rrn_net_parameters *defaults, size_t n_widths,
                         rrn_writer *w)
{
  rrn_ofa_widths widths = p->widths;
  size_t i;

  if (p->image == defaults->image && p->classes == defaults->classes && widths.stem == 0)
    return;
  rrn_write_format(w, "parameters: {image: %" PRId64 ", classes: %" PRId64, p->image, p->classes);
  for (i = 0; widths.stem > 0 && i < n_widths; i++)
    rrn_write_format(w, "%s%" PRId64, i ? ", " : ", widths: [", *rrn_ofa_width(&widths, n_widths, i));
  rrn_write_text(w, widths.stem > 0 ? "]}\n" : "}\n");
}
