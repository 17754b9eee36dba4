/* SPDX-License-Identifier: MIT */
/* A network as a function of images, in single precision: planned once, run on any number of images.
 *
 *   rrn_infer_plan *plan;
 *   rrn_infer_plan_new(net, values, runtime, &plan, err);
 *   rrn_infer_run(plan, NULL, images, n, n_threads, logits, err);
 *   rrn_infer_plan_free(plan);
 *
 * Results do not depend on threads, on the machine's instruction set, nor on which images are run together. */
#ifndef RRN_INFER_INFER_H
#define RRN_INFER_INFER_H

#include "net/values.h"

/* So many images go through the network side by side: every element of a tensor is a vector of this length. */
enum { RRN_INFER_LANES = 16 };

typedef struct rrn_infer_plan rrn_infer_plan;

/* Products of a layer with some of its input vectors. An input vector belongs to an image (lane) and an output
 * position; the weights are rrn_infer_layer_weights() of the layer, of which this is one group:
 *
 *   y[out * y_row + position * y_position + lane] =
 *     sum over in of w[group][out][in] * x[in * x_row + position * x_position + lane]
 *
 * for lane < n_images. Other lanes of y may hold anything finite. Biases are added behind it. */
typedef struct rrn_infer_block {
  int32_t layer;         /* of the network */
  int32_t group;
  size_t n_in, n_out;    /* of a group */
  uint64_t first_image;  /* number of lane 0: its place in the run, counted from the backend's first_image */
  int32_t n_images;      /* lanes in use */
  size_t first_position, n_positions;
  const float *x;
  size_t x_row, x_position;
  float *y;
  size_t y_row, y_position;
  void *scratch;         /* rrn_infer_backend.scratch_bytes, of this thread, aligned to 64 */
} rrn_infer_block;

/* The same products in floats, with the bits that a run without backend has: for a backend that only watches, or that
 * takes some layers. */
void rrn_infer_multiply_floats(const rrn_infer_plan *plan, const rrn_infer_block *block);

/* All products of a layer with the images of some blocks: x before its elements are copied to the positions that use
 * them.
 *
 *   y[(group * n_out + out)][position][lane] = sum over channel and tap of
 *     w[group][out][channel * n_taps + tap] * x[group * n_channels + channel][table[position][tap]][lane]
 *
 * Behind them bias[group * n_out + out] is added, where there is one, and results are held between low and high: with
 * these a result is final. Blocks lie n_between floats apart, in x and in y; all lanes of all but the last one are in use.
 *
 * Between two layers that both take bytes (rrn_infer_backend) and of which the second one alone reads the first one's
 * results, no floats are written: y_bytes, or x_bytes, [channel][element][block][lane] hold whatever the backend hands
 * over to itself. */
typedef struct rrn_infer_whole {
  int32_t layer;
  size_t n_groups, n_in, n_out;            /* of a group */
  size_t n_channels, n_taps, n_elements;   /* of a group; of a channel */
  uint64_t first_image;
  int32_t n_images;      /* of the last block */
  size_t n_blocks, n_between;
  size_t first_position, n_positions;
  const int32_t *table; /* [n_positions][n_taps], -1 = 0; NULL = one tap, the element of the position's number */
  const float *x;
  float *y;
  const float *bias;     /* [n_groups n_out]; NULL without */
  float low, high;
  const uint8_t *x_bytes; /* NULL = x counts */
  uint8_t *y_bytes;       /* NULL = y is wanted */
  int32_t reader;         /* the layer that y_bytes are for */
} rrn_infer_whole;

/* Memory that is used again from call to call: fresh memory costs a page fault for every 4 KiB. It grows to the most
 * that was needed, and belongs to one call at a time. */
typedef struct rrn_infer_room {
  void *memory;
  size_t bytes;
} rrn_infer_room;

/* What a backend may say to a whole layer: not at once. */
enum { RRN_INFER_BY_BLOCKS = 1 };

/* Who multiplies: layers that are mapped to crossbars go through here. Called on several threads at the same time. */
typedef struct rrn_infer_backend {
  int32_t (*multiply)(void *user, const rrn_infer_block *block, rramnas_error *err);
  void *user;
  size_t scratch_bytes;
  uint64_t first_image;  /* number of the first image of a run: names it in streams of random numbers */
  size_t n_blocks;       /* blocks of images that are best multiplied together; 0 = one */
  rrn_infer_room *room;  /* of the workspaces of its runs, one at a time; NULL = each has its own */
  /* NULL, or asked first where the products are of this form. */
  int32_t (*multiply_whole)(void *user, const rrn_infer_whole *whole, rramnas_error *err);
  /* Whether a layer, which it takes as a whole, hands over and takes bytes; NULL = none does. */
  int (*takes_bytes)(void *user, int32_t layer);
} rrn_infer_backend;

/* ERR_UNSUPPORTED names an operator that is not computed, ERR_NOT_FOUND a constant without values, ERR_SHAPE a network
 * that does not take one image at a time. The plan keeps pointers into `values`, which must outlive it. */
int32_t rrn_infer_plan_new(const rrn_values *values, const rramnas_runtime *runtime, rrn_infer_plan **ret_plan,
                           rramnas_error *err);
/* NULL is allowed. */
void rrn_infer_plan_free(rrn_infer_plan *plan);

/* Elements of one image and of its output. */
size_t rrn_infer_n_in(const rrn_infer_plan *plan);
size_t rrn_infer_n_out(const rrn_infer_plan *plan);
/* Bytes of a thread's workspace while running. */
size_t rrn_infer_workspace_bytes(const rrn_infer_plan *plan);

/* images[n][n_in] -> ret_outputs[n][n_out]. backend NULL = floats. n_threads 0 = all processors. On failure the outputs
 * hold anything. */
int32_t rrn_infer_run(const rrn_infer_plan *plan, const rrn_infer_backend *backend, const float *images, size_t n,
                      int32_t n_threads, float *ret_outputs, rramnas_error *err);

/* `rt`: as that of the plans. */
void rrn_infer_room_release(const rrn_rt *rt, rrn_infer_room *room);

/* Batch normalisation anew: mean and biased variance of every channel over these images as one batch, layer by layer,
 * as they flow through with those very statistics. Memory: rrn_infer_workspace_bytes() for each RRN_INFER_LANES images,
 * which is what lives at a time at the widest place, not all activations. room and ret_outputs may be NULL. Changes the
 * plan. */
int32_t rrn_infer_calibrate(rrn_infer_plan *plan, const rrn_infer_backend *backend, const float *images, size_t n,
                            int32_t n_threads, rrn_infer_room *room, float *ret_outputs, rramnas_error *err);

/* Shape of a layer's products: [n_groups][n_out][n_in] weights and so many positions per image. ERR_UNSUPPORTED for a
 * layer that is not one product of constant weights with activations. */
typedef struct rrn_infer_layer {
  size_t n_groups, n_out, n_in, n_positions;
} rrn_infer_layer;

int32_t rrn_infer_layer_of(const rrn_infer_plan *plan, int32_t layer, rrn_infer_layer *ret_layer, rramnas_error *err);
const char *rrn_infer_layer_name(const rrn_infer_plan *plan, int32_t layer);
/* ret_weights[n_groups][n_out][n_in], as the float path multiplies with. */
int32_t rrn_infer_layer_weights(const rrn_infer_plan *plan, int32_t layer, float *ret_weights, rramnas_error *err);

/* Index of the greatest of n outputs; the first of equal ones. */
size_t rrn_infer_argmax(const float *outputs, size_t n);

#endif
