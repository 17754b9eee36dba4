/* SPDX-License-Identifier: MIT */
/* What the networks of a generated family are made for. */
#ifndef RRN_NET_PARAMETERS_H
#define RRN_NET_PARAMETERS_H

#include "net/ofa.h"
#include "util/writer.h"
#include "util/yaml.h"

/* Parameters that a file gave, bits. */
enum { RRN_NET_IMAGE = 1, RRN_NET_CLASSES = 2, RRN_NET_WIDTHS = 4 };

typedef struct rrn_net_parameters {
  int64_t image;          /* pixels of a side */
  int64_t classes;
  rrn_ofa_widths widths;  /* of once-for-all's MobileNetV3; stem 0 = the published ones */
  int32_t given;          /* bits: not by default */
} rrn_net_parameters;

/* What `mapping` says goes into *p. `n_widths`: so many there are, 0 = the family has none. */
int32_t rrn_net_parameters_read(const rrn_yaml *mapping, size_t n_widths, rrn_net_parameters *p, rramnas_error *err);
/* "parameters: {...}", nothing where *p is as `defaults`. Widths as many as there are. */
void rrn_net_parameters_write(const rrn_net_parameters *p, const rrn_net_parameters *defaults, size_t n_widths,
                              rrn_writer *w);
/* ERR_RANGE: networks halve the image up to five times. */
int32_t rrn_net_check_image(int64_t image, rramnas_error *err);

#endif
