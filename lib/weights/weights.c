/* SPDX-License-Identifier: MIT */
/* Named tensors -> values of a network's constants.
 *
 * In:  a safetensors file; a network; for a member of a supernet its genome. Out: values.
 * A plain file has each constant under its name and in its shape. A once-for-all supernet has the weights of its
 * largest member: a member takes the first output and input channels of each; its blocks are numbered without gaps
 * while the file numbers four to a stage. A kernel of K x K gives one of k x k by steps of two: its middle, written row
 * by row as a vector, times the transposed matrix "KtokK_matrix" of the layer, or the middle as it is where there is no
 * matrix. Modules whose width can change hold their parameters one level deeper ("conv.conv.weight", "bn.bn.weight").
 *
 * Source: H. Cai et al., "Once-for-All", ICLR 2020, and names of the modules in its code. Sums of the kernel's
 * transform are in double precision, rounded once per step. */
#include "weights/weights.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "util/text.h"

enum { MAX_NAME = 512, MAX_KERNEL = 7, MOST_WIDTH = 1 << 16 };

typedef struct filler {
  const rrn_safetensors *file;
  const rrn_ofa_genome *genome; /* NULL: a plain file */
  rrn_supernet supernet;
  rrn_values *values;
  rrn_arena scratch;
  rramnas_error *err;
} filler;

/* --- names --- */

/* Number in the file of executed block `number` of a member. */
static int32_t
block_in_file(const rrn_ofa_genome *g, int64_t number)
{
  int32_t s;

  if (number == 0)
    return 0;
  number--;
  for (s = 0; s < RRN_OFA_MOST_STAGES; number -= g->depths[s++])
    if (number < g->depths[s])
      return (int32_t)(4 * s + number + 1);
  return -1;
}

/* "blocks.3.conv.x" of a member -> its name in the file; other names stay. */
static void
name_in_file(const filler *f, const char *name, char ret_name[MAX_NAME])
{
  const char *rest = f->genome && strncmp(name, "blocks.", 7) == 0 ? strchr(name + 7, '.') : NULL;
  int64_t number;

  if (rest && rrn_int64_parse(name + 7, (size_t)(rest - name - 7), &number))
    snprintf(ret_name, MAX_NAME, "blocks.%d%s", (int)block_in_file(f->genome, number), rest);
  else
    snprintf(ret_name, MAX_NAME, "%s", name);
}

/* base + suffix, or one level deeper: the last word of base once more. */
static int32_t
find_tensor(const filler *f, const char *base, const char *suffix, const rrn_safetensor **ret_tensor)
{
  char own[MAX_NAME], name[2 * MAX_NAME];

  name_in_file(f, base, own);
  *ret_tensor = f->genome ? rrn_supernet_find(f->file, own, suffix) : NULL;
  if (*ret_tensor)
    return RRAMNAS_OK;
  snprintf(name, sizeof(name), "%s%s", own, suffix);
  return rrn_safetensors_need(f->file, name, ret_tensor, f->err);
}

/* --- shapes --- */

/* A plain file has the shape itself; a supernet, whose shapes are those of its largest member, at least as many
 * channels, and kernels that are larger by an even number. */
static int
fits(const filler *f, const rrn_shape *have, const rrn_shape *want)
{
  int32_t d;

  if (have->rank != want->rank)
    return 0;
  for (d = 0; d < want->rank; d++)
    if (!f->genome ? have->dims[d] != want->dims[d]
                   : have->dims[d] < want->dims[d] || (d >= 2 && (have->dims[d] - want->dims[d]) % 2))
      return 0;
  return !f->genome || want->rank < 4 ||
         (want->dims[2] == want->dims[3] && have->dims[2] == have->dims[3] &&
          (have->dims[2] == want->dims[2] || have->dims[2] <= MAX_KERNEL));
}

static int32_t
check_shape(const filler *f, const rrn_safetensor *t, const rrn_shape *want)
{
  char have_text[RRN_SHAPE_TEXT], want_text[RRN_SHAPE_TEXT];

  if (fits(f, &t->shape, want))
    return RRAMNAS_OK;
  return rrn_fail(f->err, RRAMNAS_ERR_SHAPE, "%s: tensor \"%.200s\" has shape %s, expected %s%s", f->file->path,
                  t->name, rrn_shape_text(&t->shape, have_text), f->genome ? "at least " : "",
                  rrn_shape_text(want, want_text));
}

/* --- values --- */

static int32_t
read_finite(const filler *f, const rrn_safetensor *t, size_t first, size_t n, float *values)
{
  size_t i;

  RRN_TRY(rrn_safetensors_read(f->file, t, first, n, values, f->err));
  for (i = 0; i < n && isfinite(values[i]); i++)
    ;
  RRN_FAIL_IF(i < n, f->err, RRAMNAS_ERR_RANGE, "%s: tensor \"%.200s\": element %zu is no finite number",
              f->file->path, t->name, first + i);
  return RRAMNAS_OK;
}

/* Those of a plain file are looked at when all are there: a mask may be infinite. */
static int32_t
read_constant(const filler *f, const rrn_safetensor *t, size_t first, size_t n, float *values)
{
  return f->genome ? read_finite(f, t, first, n, values) : rrn_safetensors_read(f->file, t, first, n, values, f->err);
}

/* --- kernels --- */

/* y = middle of x (from^2 elements) with to^2. */
static void
middle(const float *x, int64_t from, int64_t to, float *y)
{
  const int64_t border = (from - to) / 2;
  int64_t row, col;

  for (row = 0; row < to; row++)
    for (col = 0; col < to; col++)
      *y++ = x[(row + border) * from + col + border];
}

/* The matrix that takes a kernel from one size to the next, [to^2][to^2]; NULL in a supernet without them. */
static int32_t
find_matrix(filler *f, const rrn_safetensor *weight, int64_t from, const float **ret_matrix)
{
  const size_t n = (size_t)((from - 2) * (from - 2));
  const rrn_safetensor *t = NULL;
  char name[RRN_SUPERNET_NAME];
  float *matrix;

  *ret_matrix = NULL;
  if (!f->supernet.has_matrices || !rrn_supernet_matrix_name(weight->name, from, name))
    return RRAMNAS_OK;
  RRN_TRY(rrn_safetensors_need(f->file, name, &t, f->err));
  matrix = rrn_arena_alloc_raw(&f->scratch, n * n, sizeof(*matrix));
  if (!matrix)
    return rrn_fail_memory(f->err);
  *ret_matrix = matrix;
  return read_finite(f, t, 0, n * n, matrix);
}

static void
transform(const float *matrix, int64_t n, float *kernel)
{
  float result[MAX_KERNEL * MAX_KERNEL];
  int64_t out, in;

  for (out = 0; out < n; out++) {
    double sum = 0;

    for (in = 0; in < n; in++)
      sum += (double)kernel[in] * (double)matrix[out * n + in];
    result[out] = (float)sum;
  }
  memcpy(kernel, result, (size_t)n * sizeof(*kernel));
}

/* Matrices from the file's kernel size down to the wanted one; [0] is the first step. */
static int32_t
find_matrices(filler *f, const rrn_safetensor *t, int64_t wanted, const float *ret_matrices[MAX_KERNEL / 2])
{
  int64_t from;
  int i = 0;

  for (from = t->shape.dims[2]; from > wanted; from -= 2)
    RRN_TRY(find_matrix(f, t, from, &ret_matrices[i++]));
  return RRAMNAS_OK;
}

static int32_t
read_kernel(const filler *f, const rrn_safetensor *t, size_t number, int64_t wanted, const float *const *matrices,
            float *ret_kernel)
{
  float kernel[MAX_KERNEL * MAX_KERNEL], cut[MAX_KERNEL * MAX_KERNEL];
  int64_t size = t->shape.dims[2];

  RRN_TRY(read_finite(f, t, number * (size_t)(size * size), (size_t)(size * size), kernel));
  for (; size > wanted; size -= 2) {
    middle(kernel, size, size - 2, cut);
    if (*matrices)
      transform(*matrices, (size - 2) * (size - 2), cut);
    matrices++;
    memcpy(kernel, cut, sizeof(kernel));
  }
  memcpy(ret_kernel, kernel, (size_t)(wanted * wanted) * sizeof(*kernel));
  return RRAMNAS_OK;
}

/* --- tensors --- */

/* The first want.dims[0] x want.dims[1] channels, with whole or smaller kernels. */
static int32_t
read_slice(filler *f, const rrn_safetensor *t, const rrn_shape *want, float *values)
{
  const float *matrices[MAX_KERNEL / 2] = { NULL };
  const int64_t ins = want->rank > 1 ? want->dims[1] : 1, file_ins = want->rank > 1 ? t->shape.dims[1] : 1;
  const int smaller = want->rank == 4 && t->shape.dims[2] > want->dims[2];
  size_t inner = 1;
  int64_t out, in;
  int32_t d;

  for (d = 2; d < want->rank; d++)
    inner *= (size_t)want->dims[d];
  if (smaller)
    RRN_TRY(find_matrices(f, t, want->dims[2], matrices));
  for (out = 0; out < want->dims[0]; out++) {
    if (!smaller) {
      RRN_TRY(read_constant(f, t, (size_t)(out * file_ins) * inner, (size_t)ins * inner, values));
      values += (size_t)ins * inner;
      continue;
    }
    for (in = 0; in < ins; in++, values += inner)
      RRN_TRY(read_kernel(f, t, (size_t)(out * file_ins + in), want->dims[2], matrices, values));
  }
  return RRAMNAS_OK;
}

static int32_t
fill_constant(filler *f, int32_t tensor)
{
  const rrn_tensor *c = &f->values->net->tensors[tensor];
  const rrn_shape want = rrn_shape_of(c);
  const char *suffix = strrchr(c->name, '.');
  const rrn_safetensor *t = NULL;
  char base[MAX_NAME];
  float *values = NULL;

  snprintf(base, sizeof(base), "%.*s", suffix ? (int)(suffix - c->name) : MAX_NAME - 1, c->name);
  RRN_TRY(find_tensor(f, base, suffix ? suffix : "", &t));
  RRN_TRY(check_shape(f, t, &want));
  RRN_TRY(rrn_values_add(f->values, tensor, &values, f->err));
  rrn_arena_reset(&f->scratch);
  if (want.rank == 0)
    return read_constant(f, t, 0, 1, values);
  return read_slice(f, t, &want, values);
}

static int32_t
fill_norm(filler *f, size_t node)
{
  const rrn_node *n = &f->values->net->nodes[node];
  const rrn_tensor *x = &f->values->net->tensors[n->inputs[0]];
  const rrn_shape want = { 1, { x->rank > 1 ? x->dims[1] : 1 } };
  static const char *const suffixes[] = { ".weight", ".bias", ".running_mean", ".running_var" };
  rrn_norm *norm = &f->values->norms[node];
  const float **to[] = { &norm->gamma, &norm->beta, &norm->mean, &norm->variance };
  int i;

  for (i = 0; i < 4; i++) {
    const rrn_safetensor *t = NULL;
    float *values;

    RRN_TRY(find_tensor(f, n->name, suffixes[i], &t));
    RRN_TRY(check_shape(f, t, &want));
    values = rrn_arena_alloc_raw(&f->values->arena, (size_t)want.dims[0], sizeof(*values));
    if (!values)
      return rrn_fail_memory(f->err);
    RRN_TRY(read_finite(f, t, 0, (size_t)want.dims[0], values));
    if (to[i] == &norm->variance)
      RRN_TRY(rrn_values_check_variance(values, (size_t)want.dims[0], n->attrs.number[0], f->file->path, t->name, f->err));
    *to[i] = values;
  }
  return RRAMNAS_OK;
}

static int32_t
fill_all(filler *f, const rramnas_runtime *runtime)
{
  const rramnas_net *net = f->values->net;
  size_t i;

  if (f->genome)
    RRN_TRY(rrn_supernet_check(f->file, (rrn_ofa_family)net->ofa_family, f->genome, runtime, &f->supernet, f->err));
  for (i = 0; i < net->n_tensors; i++)
    if (net->tensors[i].kind == RRN_TENSOR_CONSTANT)
      RRN_TRY(fill_constant(f, (int32_t)i));
  for (i = 0; i < net->n_nodes; i++)
    if (net->nodes[i].op == RRAMNAS_OP_BATCH_NORM && net->nodes[i].n_inputs < 5)
      RRN_TRY(fill_norm(f, i));
  return f->genome ? RRAMNAS_OK : rrn_values_check(f->values, f->file->path, f->err);
}

int32_t
rrn_weights_of_supernet(const rrn_safetensors *file, const rrn_supernet *known, const rrn_ofa_genome *genome,
                        rramnas_net *net, const rramnas_runtime *runtime, rrn_values **ret_values, rramnas_error *err)
{
  filler f = { .file = file, .genome = genome, .err = err };
  int32_t status;

  if (known)
    f.supernet = *known;
  RRN_TRY(rrn_values_new(net, runtime, &f.values, err));
  rrn_arena_init(&f.scratch, &f.values->rt);
  status = fill_all(&f, runtime);
  rrn_arena_release(&f.scratch);
  if (status < 0)
    rrn_values_free(f.values);
  else
    *ret_values = f.values;
  return status;
}

int32_t
rrn_weights_of_file(const rrn_safetensors *file, rramnas_net *net, const rramnas_runtime *runtime,
                    rrn_values **ret_values, rramnas_error *err)
{
  return rrn_weights_of_supernet(file, NULL, NULL, net, runtime, ret_values, err);
}

/* --- widths --- */

static int32_t
width_of(const rrn_safetensors *file, const char *name, int32_t rank, int64_t *ret_width, rramnas_error *err)
{
  const rrn_safetensor *t = NULL;

  RRN_TRY(rrn_safetensors_need(file, name, &t, err));
  RRN_FAIL_IF(t->shape.rank != rank || t->shape.dims[0] < 1 || t->shape.dims[0] > MOST_WIDTH, err, RRAMNAS_ERR_SHAPE,
              "%s: tensor \"%.200s\" has %d dimensions, the first of %lld, expected %d, the first of 1..%d", file->path,
              name, (int)t->shape.rank, t->shape.rank ? (long long)t->shape.dims[0] : 0, (int)rank, (int)MOST_WIDTH);
  *ret_width = t->shape.dims[0];
  return RRAMNAS_OK;
}

int
rrn_weights_is_supernet(const rrn_safetensors *file)
{
  return rrn_safetensors_find(file, "blocks.1.conv.point_linear.conv.conv.weight") != NULL;
}

int32_t
rrn_weights_ofa_widths(const rrn_safetensors *file, rrn_ofa_family family, rrn_ofa_widths *ret_widths,
                       int64_t *ret_classes, rramnas_error *err)
{
  rrn_ofa_widths w = { 0 };
  int64_t classes = 0;
  char name[80];
  int s;

  RRN_FAIL_IF(family == RRN_OFA_SMALL && rrn_safetensors_find(file, "blocks.17.conv.point_linear.conv.conv.weight"),
              err, RRAMNAS_ERR_SHAPE, "%s: has blocks of a fifth stage, expected four stages", file->path);
  RRN_TRY(width_of(file, "first_conv.conv.weight", 4, &w.stem, err));
  RRN_TRY(width_of(file, "blocks.0.conv.point_linear.conv.weight", 4, &w.first, err));
  for (s = 0; s < rrn_ofa_stages(family); s++) {
    snprintf(name, sizeof(name), "blocks.%d.conv.point_linear.conv.conv.weight", 4 * s + 1);
    RRN_TRY(width_of(file, name, 4, &w.stages[s], err));
  }
  RRN_TRY(width_of(file, "final_expand_layer.conv.weight", 4, &w.final, err));
  RRN_TRY(width_of(file, "feature_mix_layer.conv.weight", 4, &w.features, err));
  RRN_TRY(width_of(file, "classifier.linear.weight", 2, &classes, err));
  *ret_widths = w;
  *ret_classes = classes;
  return RRAMNAS_OK;
}
