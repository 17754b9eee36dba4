/* SPDX-License-Identifier: MIT */
/* Files of images: where pixels and labels lie in them. */
#ifndef RRN_DATA_FILES_H
#define RRN_DATA_FILES_H

#include "data/data.h"
#include "util/arena.h"
#include "util/file.h"

enum {
  RRN_DATA_MAX_SIDE = 4096,  /* pixels */
  RRN_DATA_MAX_CHANNELS = 64,
  RRN_DATA_MAX_IMAGES = 1 << 28,
  RRN_DATA_MAX_CLASSES = 256 /* a label is a byte */
};

typedef enum rrn_data_format { RRN_DATA_IDX, RRN_DATA_CIFAR10, RRN_DATA_CIFAR100 } rrn_data_format;

/* Image i: `channels` planes of height rows at pixels + i * pixel_step; its label at labels + i * label_step. */
typedef struct rrn_data_file {
  rrn_file maps[2];
  const char *path, *label_path; /* for messages */
  const uint8_t *pixels, *labels;
  size_t pixel_step, label_step, n;
  int64_t channels, height, width;
} rrn_data_file;

/* IDX (MNIST): unsigned bytes, three dimensions of images and one of labels, as many of both. */
int32_t rrn_data_open_idx(const char *images, const char *labels, rrn_data_file *ret_file, rramnas_error *err);
/* Records of CIFAR-10 and CIFAR-100 (binary version): label or labels, then three planes of 32 x 32. */
int32_t rrn_data_open_cifar(const char *path, int hundred, int coarse, rrn_data_file *ret_file, rramnas_error *err);
/* The same on maps, path and label_path that are there already. */
int32_t rrn_data_scan_idx(rrn_data_file *file, rramnas_error *err);
int32_t rrn_data_scan_cifar(rrn_data_file *file, int hundred, int coarse, rramnas_error *err);
void rrn_data_close(rrn_data_file *file);

#endif
