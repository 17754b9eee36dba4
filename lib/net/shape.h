/* SPDX-License-Identifier: MIT */
/* Shape inference: one pure rule per operator family, used by every importer and by the builder. A shape is
 * dims + rank; rules check their inputs and fail with ERR_SHAPE naming what does not agree. */
#ifndef RRN_NET_SHAPE_H
#define RRN_NET_SHAPE_H

#include "net/graph.h"

typedef struct rrn_shape {
  int32_t rank;
  int64_t dims[RRAMNAS_MAX_RANK];
} rrn_shape;

/* How the borders of a convolution or pool are padded. */
typedef enum rrn_auto_pad { RRN_PAD_GIVEN, RRN_PAD_VALID, RRN_PAD_SAME_UPPER, RRN_PAD_SAME_LOWER } rrn_auto_pad;

/* x[n][c][spatial], w[out][c/groups][kernel]; needs a->stride, dilation, groups (>= 1) and for GIVEN pad; fills
 * a->n_spatial, kernel (from w) and, for SAME and VALID, pad; the rest of each array becomes neutral. */
int32_t rrn_shape_conv(const rrn_shape *x, const rrn_shape *w, rrn_auto_pad mode, rrn_attrs *a, rrn_shape *ret_out,
                       rramnas_error *err);
/* x[n][c][spatial] with a->kernel, stride, dilation, pad, ceil_mode and a->n_spatial set. */
int32_t rrn_shape_pool(const rrn_shape *x, rrn_auto_pad mode, rrn_attrs *a, rrn_shape *ret_out, rramnas_error *err);
/* [n][c][spatial] -> [n][c][1...]. */
int32_t rrn_shape_global_pool(const rrn_shape *x, rrn_shape *ret_out, rramnas_error *err);
/* a[m][k] (or transposed) times b[k][n] (or transposed). */
int32_t rrn_shape_gemm(const rrn_shape *a, const rrn_shape *b, int trans_a, int trans_b, rrn_shape *ret_out,
                       rramnas_error *err);
/* numpy.matmul, batch dimensions broadcast. */
int32_t rrn_shape_matmul(const rrn_shape *a, const rrn_shape *b, rrn_shape *ret_out, rramnas_error *err);
/* Multidirectional broadcast of two shapes. */
int32_t rrn_shape_broadcast(const rrn_shape *a, const rrn_shape *b, rrn_shape *ret_out, rramnas_error *err);
int32_t rrn_shape_concat(const rrn_shape *const *x, size_t n, int32_t axis, rrn_shape *ret_out, rramnas_error *err);
int32_t rrn_shape_flatten(const rrn_shape *x, int32_t axis, rrn_shape *ret_out, rramnas_error *err);
/* target: 0 copies (unless allow_zero), one -1 infers. */
int32_t rrn_shape_reshape(const rrn_shape *x, const int64_t *target, int32_t n, int allow_zero, rrn_shape *ret_out,
                          rramnas_error *err);
/* perm of length rank, or n = 0 for the reverse. */
int32_t rrn_shape_transpose(const rrn_shape *x, const int64_t *perm, int32_t n, rrn_shape *ret_out, rramnas_error *err);
/* axes may be negative; n = 0 reduces all. */
int32_t rrn_shape_reduce(const rrn_shape *x, const int64_t *axes, int32_t n, int keep_dims, rrn_shape *ret_out,
                         rramnas_error *err);
/* n = 0 squeezes all dims of 1. */
int32_t rrn_shape_squeeze(const rrn_shape *x, const int64_t *axes, int32_t n, rrn_shape *ret_out, rramnas_error *err);
int32_t rrn_shape_unsqueeze(const rrn_shape *x, const int64_t *axes, int32_t n, rrn_shape *ret_out, rramnas_error *err);
/* ONNX Slice: steps may be negative, bounds are clamped; axes of length n, NULL = the first n; steps NULL = 1. */
int32_t rrn_shape_slice(const rrn_shape *x, const int64_t *starts, const int64_t *ends, const int64_t *axes,
                        const int64_t *steps, int32_t n, rrn_shape *ret_out, rramnas_error *err);
int32_t rrn_shape_gather(const rrn_shape *x, const rrn_shape *indices, int32_t axis, rrn_shape *ret_out,
                         rramnas_error *err);
/* pads: begins of all axes, then ends; may be negative. */
int32_t rrn_shape_pad(const rrn_shape *x, const int64_t *pads, int32_t n, rrn_shape *ret_out, rramnas_error *err);

/* Shape of a tensor of the graph. */
rrn_shape rrn_shape_of(const rrn_tensor *tensor);
/* axis in [-rank, rank) -> [0, rank); ERR_SHAPE otherwise. */
int32_t rrn_shape_axis(int64_t axis, int32_t rank, int32_t *ret_axis, rramnas_error *err);
/* "[1, 3, 224, 224]" for messages; returns buffer. */
enum { RRN_SHAPE_TEXT = 24 * RRAMNAS_MAX_RANK };
const char *rrn_shape_text(const rrn_shape *shape, char buffer[RRN_SHAPE_TEXT]);

#endif
