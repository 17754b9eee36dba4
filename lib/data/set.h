/* SPDX-License-Identifier: MIT */
/* The inside of a data set. */
#ifndef RRN_DATA_SET_H
#define RRN_DATA_SET_H

#include "data/files.h"
#include "util/yaml.h"

enum { RRN_DATA_MAX_FILES = 64 };

/* The files of a split, one behind the other. */
typedef struct rrn_data_split {
  rrn_data_file *files; /* [n_files] */
  size_t n_files, n;    /* images of all */
} rrn_data_split;

struct rrn_data {
  rrn_rt rt;
  rrn_arena arena;
  rrn_data_split train, test;
  uint32_t *order;       /* [train.n]: images that stay, then those held out; both in file order */
  size_t n_held_out;
  uint64_t seed;         /* that chose them */
  rrn_data_format format;
  int32_t coarse, classes;
  int64_t channels, height, width; /* of an image as it is read */
  float scale;
  float mean[RRN_DATA_MAX_CHANNELS], deviation[RRN_DATA_MAX_CHANNELS];
  int32_t *rows, *cols;         /* [height], [width]: the nearer source pixel before; NULL = no resizing */
  float *row_part, *col_part;   /* part of the pixel behind */
};

/* Fills what the file says; opens the splits. */
int32_t rrn_data_read_yaml(rrn_data *d, const rrn_yaml *root, const char *folder, rramnas_error *err);

#endif
