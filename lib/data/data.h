/* SPDX-License-Identifier: MIT */
/* Sets of labelled images, described by a small YAML file (doc/inference.md). */
#ifndef RRN_DATA_DATA_H
#define RRN_DATA_DATA_H

#include "util/error.h"

/* A search judges on what is held out of the training images; the test images are for reports. */
typedef enum rrn_data_part { RRN_DATA_TRAIN = 0, RRN_DATA_HELD_OUT = 1, RRN_DATA_TEST = 2 } rrn_data_part;

typedef struct rrn_data rrn_data;

/* Opens the files that the YAML at `path` names, relative to its folder, and checks their sizes. */
int32_t rrn_data_load(const char *path, const rramnas_runtime *runtime, rrn_data **ret_data, rramnas_error *err);
/* The same from text; `folder` stands before the files' names, `name` in messages. */
int32_t rrn_data_parse(const char *text, size_t size, const char *name, const char *folder,
                       const rramnas_runtime *runtime, rrn_data **ret_data, rramnas_error *err);
/* NULL is allowed. */
void rrn_data_free(rrn_data *data);

size_t rrn_data_count(const rrn_data *data, rrn_data_part part);
int32_t rrn_data_classes(const rrn_data *data);
/* Channels, height, width of an image as it is read. */
void rrn_data_shape(const rrn_data *data, int64_t ret_shape[3]);

/* Images first .. first + n - 1 of a part as [n][channels][height][width], and their labels; either may be NULL.
 * ERR_PARSE names a label that is no class. Safe on several threads. */
int32_t rrn_data_read(const rrn_data *data, rrn_data_part part, size_t first, size_t n, float *ret_images,
                      int32_t *ret_labels, rramnas_error *err);

#endif
