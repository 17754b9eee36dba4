/* SPDX-License-Identifier: MIT */
/* A member of a supernet as a network to be mapped.
 *
 * In:  a genome file, the supernet's weights, a data set. Out: the network, whose widths and classes are the supernet's
 * and whose image is the data set's; what the genome file itself says of them must agree. */
#include <inttypes.h>
#include <string.h>

#include "data/data.h"
#include "weights/weights.h"

static int32_t
take_shapes(const rrn_safetensors *file, rrn_ofa_family family, rrn_ofa_genome *g, rramnas_error *err)
{
  rrn_ofa_widths widths = { 0 };
  int64_t classes = 0;

  if (!rrn_weights_is_supernet(file))
    return RRAMNAS_OK;
  RRN_TRY(rrn_weights_ofa_widths(file, family, &widths, &classes, err));
  RRN_FAIL_IF((g->widths.stem && memcmp(&widths, &g->widths, sizeof(widths)) != 0) ||
                (g->classes && g->classes != classes),
              err, RRAMNAS_ERR_SHAPE,
              "%s: the supernet's widths or classes are not those that the genome's parameters say", file->path);
  g->widths = widths;
  g->classes = classes;
  return RRAMNAS_OK;
}

static int32_t
take_weights(const char *path, rrn_ofa_family family, const rramnas_runtime *runtime, rrn_ofa_genome *g,
             rramnas_error *err)
{
  rrn_safetensors *file = NULL;
  int32_t status;

  RRN_TRY(rrn_safetensors_open(path, runtime, &file, err));
  status = take_shapes(file, family, g, err);
  rrn_safetensors_free(file);
  return status;
}

static int32_t
take_image(const char *path, const rramnas_runtime *runtime, rrn_ofa_genome *g, rramnas_error *err)
{
  rrn_data *data = NULL;
  int64_t shape[3];

  RRN_TRY(rrn_data_load(path, runtime, &data, err));
  rrn_data_shape(data, shape);
  rrn_data_free(data);
  RRN_FAIL_IF(shape[0] != 3 || shape[1] != shape[2] || (g->image && g->image != shape[1]), err, RRAMNAS_ERR_SHAPE,
              "%s: images have %" PRId64 " x %" PRId64 " x %" PRId64 " values, expected three channels of a square%s",
              path, shape[0], shape[1], shape[2], g->image ? " as large as the genome's parameters say" : "");
  g->image = shape[1];
  return RRAMNAS_OK;
}

int32_t
rramnas_net_create_ofa_from_supernet(const char *data, size_t size, const char *name, const char *supernet,
                                     const char *images, const rramnas_runtime *runtime, rramnas_net **ret_net,
                                     rramnas_error *reterr)
{
  rrn_ofa_genome g;
  rrn_ofa_family family;
  rrn_rt rt;

  RRN_FAIL_IF((!data && size) || !supernet || !ret_net, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_net_create_ofa_from_supernet: data, supernet or ret_net is NULL");
  RRN_TRY(rrn_rt_init(&rt, runtime, reterr));
  RRN_TRY(rrn_ofa_genome_read(data ? data : "", size, name ? name : "genome", &rt, &g, &family, reterr));
  RRN_TRY(take_weights(supernet, family, runtime, &g, reterr));
  if (images)
    RRN_TRY(take_image(images, runtime, &g, reterr));
  return rrn_net_ofa_member(family, &g, runtime, ret_net, reterr);
}
