/* SPDX-License-Identifier: MIT */
/* Every kind of layer on error-free crossbars, with and without a converter that loses nothing: each product is the
 * integers' product by definition, bit for bit, and so is what the network makes of it. Where cells are read apart, the
 * currents of cells that are off are no multiple of a digit, and no converter loses nothing: such schemes are tried
 * with converters on cells that do not conduct at all when off, which no chip has, or so little that it is rounded away.
 * Last, the ranges that are chosen for any chip: with more bits errors vanish. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "accuracy/accuracy.h"
#include "infer.h"
#include "util/runtime.h"

enum { MOST_LAYERS = 128, IMAGES = 3 };

/* Files of tests/data/infer; layers that crossbars take. A matrix for each of a batch is no one product. */
static const struct model {
  const char *name;
  int32_t n_layers;
} kinds[] = {
  { "conv", 1 }, { "conv_uneven", 1 }, { "conv_same", 1 }, { "conv_groups", 1 }, { "conv_depthwise", 1 },
  { "conv_multiplier", 1 }, { "conv_pointwise", 1 }, { "conv_pointwise_stride", 1 }, { "conv_deep", 1 },
  { "conv_1d", 1 }, { "conv_3d", 1 }, { "gemm", 1 }, { "gemm_scaled", 1 }, { "matmul", 1 }, { "matmul_left", 1 },
  { "matmul_batches", 0 }, { "matmul_vector", 1 }, { "squeeze_excite", 2 },
}, networks[] = {
  { "net_mobile", 8 }, { "net_densenet", 4 }, { "net_efficientnet", 5 }, { "net_shufflenet", 2 }, { "net_vgg_bn", 3 },
  { "net_vit", 4 }, { "net_convnext", 4 },
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]), N_NETWORKS = sizeof(networks) / sizeof(networks[0]) };

static void
check(int32_t status, const rramnas_error *err)
{
  if (status < 0)
    fail_msg("%s", err->message);
}

/* --- the integer network, by its definition --- */

static float
product(const rrn_quantised_layer *l, const rrn_infer_block *b, size_t out, size_t position, int32_t lane)
{
  const size_t row = (size_t)b->group * b->n_out + out;
  int64_t sum = 0;
  size_t in;

  for (in = 0; in < b->n_in; in++) {
    int32_t x;

    rrn_quantise_inputs(l, b->x + in * b->x_row + position * b->x_position + (size_t)lane, 1, &x);
    sum += (int64_t)l->weights[row * b->n_in + in] * (x - l->x_zero);
  }
  return (float)((double)l->unit[row] * (double)sum);
}

static int32_t
multiply_integers(void *user, const rrn_infer_block *b, rramnas_error *err)
{
  const rrn_quantised *q = user;
  size_t out, p;
  int32_t lane;

  (void)err;
  if (q->layers[b->layer].shape.n_groups == 0) {
    rrn_infer_multiply_floats(q->plan, b);
    return RRAMNAS_OK;
  }
  for (out = 0; out < b->n_out; out++)
    for (p = 0; p < b->n_positions; p++)
      for (lane = 0; lane < b->n_images; lane++)
        b->y[out * b->y_row + p * b->y_position + (size_t)lane] = product(&q->layers[b->layer], b, out, p, lane);
  return RRAMNAS_OK;
}

/* A chip whose every product is looked at. */
typedef struct watched {
  const rrn_quantised *q;
  float off; /* by which products may be off, as a share of themselves and of a 1; 0 = not by a bit */
  const rrn_infer_backend *chip;
  size_t products;
  int32_t layers[MOST_LAYERS];
} watched;

static int32_t
multiply_and_compare(void *user, const rrn_infer_block *b, rramnas_error *err)
{
  watched *w = user;
  const rrn_quantised_layer *l = &w->q->layers[b->layer];
  const int32_t status = w->chip->multiply(w->chip->user, b, err);
  size_t out, p;
  int32_t lane;

  for (out = 0; status >= 0 && l->shape.n_groups > 0 && out < b->n_out; out++)
    for (p = 0; p < b->n_positions; p++)
      for (lane = 0; lane < b->n_images; lane++) {
        const float expected = product(l, b, out, p, lane),
                    found = b->y[out * b->y_row + p * b->y_position + (size_t)lane],
                    one = (float)l->unit[(size_t)b->group * b->n_out + out];

        if (memcmp(&expected, &found, sizeof(found)) != 0 &&
            !(fabsf(found - expected) < w->off * (fabsf(expected) + fabsf(one))))
          return rrn_fail(err, RRAMNAS_ERR_RANGE, "layer %d, group %d, output %zu, position %zu: %.9g, expected %.9g",
                          (int)b->layer, (int)b->group, out, p, (double)found, (double)expected);
        w->products++;
      }
  w->layers[b->layer] += l->shape.n_groups > 0;
  return status;
}

/* --- networks --- */

typedef struct bench {
  planned p;
  rrn_rt rt;
  rrn_quantised q;
  float *images, *expected, *found;
  size_t n_out;
} bench;

static void
open_bench(const char *name, bench *b)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  uint32_t random = 1;
  char path[256];
  size_t i, n;

  memset(b, 0, sizeof(*b));
  snprintf(path, sizeof(path), "infer/%s.onnx", name);
  check(rrn_rt_init(&b->rt, NULL, &err), &err);
  check(planned_onnx(path, NULL, &b->p, &err), &err);
  n = rrn_infer_n_in(b->p.plan) * IMAGES;
  b->n_out = rrn_infer_n_out(b->p.plan) * IMAGES;
  b->images = malloc(n * sizeof(*b->images));
  b->expected = malloc(b->n_out * sizeof(*b->expected));
  b->found = malloc(b->n_out * sizeof(*b->found));
  assert_true(b->images && b->expected && b->found);
  for (i = 0; i < n; i++) {
    random = random * 1664525u + 1013904223u;
    b->images[i] = (float)(random >> 8) / (float)(1 << 23) - 1;
  }
}

/* Ranges come from two of the images: the third one clips. */
static void
quantise(bench *b, int32_t weight_bits, int32_t input_bits)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  const size_t n = rramnas_net_layer_count(b->p.net);
  const rrn_infer_backend integers = { .multiply = multiply_integers, .user = &b->q };
  rrn_layer_bits bits[MOST_LAYERS];
  size_t i;

  assert_in_range(n, 1, MOST_LAYERS);
  for (i = 0; i < n; i++)
    bits[i] = (rrn_layer_bits){ weight_bits, input_bits };
  rrn_quantised_release(&b->q);
  check(rrn_quantise(&b->rt, b->p.plan, bits, n, b->images, IMAGES - 1, &b->q, &err), &err);
  check(rrn_infer_run(b->p.plan, &integers, b->images, IMAGES, 1, b->expected, &err), &err);
}

static void
close_bench(bench *b)
{
  rrn_quantised_release(&b->q);
  planned_free(&b->p);
  free(b->images);
  free(b->expected);
  free(b->found);
}

static int32_t
layers_on_crossbars(const rrn_quantised *q)
{
  int32_t n = 0;
  size_t i;

  for (i = 0; i < q->n; i++)
    n += q->layers[i].shape.n_groups > 0;
  return n;
}

/* --- chips --- */

typedef struct scheme {
  const char *sign, *subtraction;
  int32_t cell_bits, dac_bits, rows;
} scheme;

static rramnas_hw *
make_chip(const scheme *s)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw;
  char text[512];

  snprintf(
    text, sizeof(text),
    "schema: rramnas.hardware/1\nweight: {sign: %s, subtraction: %s}\ndevice: {bits_per_cell: %d}\ndac: {bits: %d}\n"
    "adc: {bits: 16}\ncrossbar: {rows: %d}\n",
    s->sign, s->subtraction, (int)s->cell_bits, (int)s->dac_bits, (int)s->rows);
  check(rramnas_hw_load_buffer(text, strlen(text), "chip", RRAMNAS_HW_FORMAT_YAML, NULL, &hw, &err), &err);
  return hw;
}

static int
reads_pairs(const scheme *s)
{
  return strcmp(s->sign, "differential") == 0 && strcmp(s->subtraction, "analog") == 0;
}

/* Where pairs are read apart, the digits that cells off make are no whole ones, and results are rounded. */
static size_t
compare_with(bench *b, const char *name, const scheme *s, const rramnas_hw *hw, const rrn_chip_options *how)
{
  const int rounded = !how->is_ideal && !reads_pairs(s);
  watched w = { .q = &b->q, .off = rounded ? 1e-6f : 0 };
  const rrn_infer_backend watching = { .multiply = multiply_and_compare, .user = &w };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_chip *chip;
  int32_t status;

  check(rrn_chip_program(&b->rt, &b->q, hw, how, &chip, &err), &err);
  w.chip = rrn_chip_backend(chip);
  status = rrn_infer_run(b->p.plan, &watching, b->images, IMAGES, 1, b->found, &err);
  assert_memory_equal(b->expected, b->found, status < 0 || rounded ? 0 : b->n_out * sizeof(*b->found));
  if (status >= 0) /* unwatched, a chip may take another way */
    status = rrn_infer_run(b->p.plan, w.chip, b->images, IMAGES, 1, b->found, &err);
  rrn_chip_free(chip);
  if (status < 0)
    fail_msg("%s, %s %s, %d bits per cell and %d per step, %d rows, %d driven%s: %s", name, s->sign, s->subtraction,
             (int)s->cell_bits, (int)s->dac_bits, (int)s->rows, (int)hw->v.dac.per_subarray,
             how->is_ideal ? "" : ", converters", err.message);
  assert_memory_equal(b->expected, b->found, rounded ? 0 : b->n_out * sizeof(*b->found));
  return w.products;
}

/* Without converters, then with one code per digit. */
static size_t
compare_on(bench *b, const char *name, const scheme *s)
{
  rramnas_hw *hw = make_chip(s);
  size_t products = 0;
  int converters;

  for (converters = 0; converters <= reads_pairs(s); converters++)
    products += compare_with(b, name, s, hw, &(rrn_chip_options){ .is_ideal = !converters,
                                                                  .adc_range = RRN_ADC_GRANULAR });
  rramnas_hw_unref(hw);
  return products;
}

/* Every sign, 1 to 4 bits per cell, 1 and 2 per step, arrays that hold a layer and arrays of which it takes many. */
static size_t
compare_on_all(bench *b, const char *name, int every)
{
  static const char *const signs[][2] = { { "differential", "analog" },
                                          { "differential", "digital" },
                                          { "offset", "analog" } };
  static const int32_t bits[][2] = { { 8, 8 }, { 5, 7 }, { 2, 3 } }, rows[] = { 256, 8 };
  size_t products = 0;
  int i;

  for (i = 0; i < 3 * 4 * 2 * 2; i += every) {
    const scheme s = { signs[i % 3][0], signs[i % 3][1], i / 3 % 4 + 1, i / 12 % 2 + 1, rows[i / 24] };

    quantise(b, bits[i % 7 % 3][0], bits[i % 7 % 3][1]);
    products += compare_on(b, name, &s);
  }
  return products;
}

static void
every_kind_is_the_integer_product(void **state)
{
  size_t i, products;

  (void)state;
  for (i = 0; i < N_KINDS; i++) {
    bench b;

    open_bench(kinds[i].name, &b);
    products = compare_on_all(&b, kinds[i].name, 1);
    assert_int_equal(layers_on_crossbars(&b.q), kinds[i].n_layers);
    assert_int_equal(products > 0, kinds[i].n_layers > 0);
    close_bench(&b);
  }
}

/* What stands between products: normalisation, activations, pooling, add, concat, attention. */
static void
networks_are_the_integer_networks(void **state)
{
  size_t i;

  (void)state;
  for (i = 0; i < N_NETWORKS; i++) {
    bench b;
    size_t products;

    open_bench(networks[i].name, &b);
    products = compare_on_all(&b, networks[i].name, 11);
    print_message("%s: %d layers on crossbars, %zu products\n", networks[i].name, (int)layers_on_crossbars(&b.q),
                  products);
    assert_int_equal(layers_on_crossbars(&b.q), networks[i].n_layers);
    assert_true(products > 0);
    close_bench(&b);
  }
}

/* --- rows that are driven in passes --- */

/* Cells that hardly conduct when off, and converters that tell all sums of the driven rows apart, one bit more where these
 * have a sign. */
static rramnas_hw *
make_chip_of_passes(const scheme *s, int32_t driven)
{
  rramnas_hw *whole = make_chip(s), *hw, *last;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char dacs[16], bits[16];
  const rrn_hw_change few[] = { { "dac.per_subarray", dacs }, { "device.off_resistance_ohm", "1e9" } };

  snprintf(dacs, sizeof(dacs), "%d", (int)driven);
  check(rrn_hw_with_values(whole, few, 2, &hw, &err), &err);
  snprintf(bits, sizeof(bits), "%d", (int)(rrn_hw_adc_bits_needed(hw) + reads_pairs(s)));
  check(rrn_hw_with_value(hw, "adc.bits", bits, &last, &err), &err);
  rramnas_hw_unref(whole);
  rramnas_hw_unref(hw);
  return last;
}

/* Sums of all rows of an array would not fit these converters. */
static void
passes_are_the_integer_product(void **state)
{
  static const char *const signs[][2] = { { "differential", "analog" },
                                          { "differential", "digital" },
                                          { "unit_column", "analog" } };
  static const int32_t rows[][2] = { { 256, 3 }, { 64, 24 }, { 8, 5 }, { 8, 1 } };
  static const int32_t ranges[] = { RRN_ADC_GRANULAR, RRN_ADC_AUTO };
  size_t k;
  int i;

  (void)state;
  for (k = 0; k < N_KINDS; k++) {
    bench b;

    open_bench(kinds[k].name, &b);
    quantise(&b, 8, 8);
    for (i = 0; i < 3 * 4 * 4; i++) {
      const int32_t *height = rows[i / 3 % 4];
      const scheme s = { signs[i % 3][0], signs[i % 3][1], i / 12 + 1, i / 3 % 2 + 1, height[0] };
      rramnas_hw *hw = make_chip_of_passes(&s, height[1]);
      const rrn_chip_options how = { .adc_range = ranges[i / 6 % 2] };
      const size_t products = compare_with(&b, kinds[k].name, &s, hw, &how);

      assert_int_equal(products > 0, kinds[k].n_layers > 0);
      rramnas_hw_unref(hw);
    }
    close_bench(&b);
  }
}

/* --- numbers that are none, or hardly any --- */

static int32_t
try_quantise(bench *b, rramnas_error *err)
{
  const rrn_layer_bits bits[1] = { { 8, 8 } };

  rrn_quantised_release(&b->q);
  return rrn_quantise(&b->rt, b->p.plan, bits, 1, b->images, IMAGES, &b->q, err);
}

/* The file of a network of one layer with another number in place of its first weight. */
static void
replace_weight(bench *b, const char *name, float weight)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char path[64], full[1024];
  rrn_infer_layer shape;
  float *weights;
  size_t n, at;
  rrn_file file;

  snprintf(path, sizeof(path), "infer/%s.onnx", name);
  check(rrn_infer_layer_of(b->p.plan, 0, &shape, &err), &err);
  n = shape.n_groups * shape.n_out * shape.n_in;
  assert_non_null(weights = malloc(n * sizeof(*weights)));
  check(rrn_infer_layer_weights(b->p.plan, 0, weights, &err), &err);
  planned_free(&b->p);
  check(rrn_file_open(&file, data_path(path, full), UINT64_MAX, &err), &err);
  {
    char *copy = malloc(file.size);

    assert_non_null(copy);
    memcpy(copy, file.data, file.size);
    for (at = 0; memcmp(copy + at, weights, n * sizeof(*weights)) != 0; at++)
      assert_true(at + n * sizeof(*weights) < file.size);
    memcpy(copy + at, &weight, sizeof(weight));
    check(rrn_net_import_onnx_values(copy, file.size, path, "", NULL, 0, NULL, &b->p.net, &b->p.values, &err), &err);
    check(rrn_infer_plan_new(b->p.values, NULL, &b->p.plan, &err), &err);
    free(copy);
  }
  rrn_file_close(&file);
  free(weights);
}

static void
weights_that_are_no_numbers_are_refused(void **state)
{
  const float bad[] = { NAN, INFINITY, -INFINITY };
  size_t k;

  (void)state;
  for (k = 0; k < sizeof(bad) / sizeof(bad[0]); k++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    bench b;

    open_bench("gemm", &b);
    replace_weight(&b, "gemm", bad[k]);
    assert_int_equal(try_quantise(&b, &err), RRAMNAS_ERR_RANGE);
    assert_string_equal(err.message, "layer 0 (\"y\"): a weight is no finite number");
    close_bench(&b);
  }
}

/* Images of one number but for the first, which is its negative. */
static void
inputs_of_any_size_have_a_unit(void **state)
{
  const float sizes[] = { 0, 1e-45f, 1e-42f, 1e-38f, 1e20f, 3e38f, INFINITY };
  size_t k, i;

  (void)state;
  for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    bench b;

    open_bench("gemm", &b);
    for (i = 0; i < rrn_infer_n_in(b.p.plan) * IMAGES; i++)
      b.images[i] = i ? sizes[k] : -sizes[k];
    assert_int_equal(try_quantise(&b, &err), sizes[k] < 2e38f ? RRAMNAS_OK : RRAMNAS_ERR_RANGE);
    if (sizes[k] < 2e38f) {
      assert_true(b.q.layers[0].x_unit > 0);
      assert_in_range(b.q.layers[0].x_zero, 0, 512);
    }
    close_bench(&b);
  }
}

/* --- arrays of cells that do not conduct when off, which no chip has --- */

typedef struct bare {
  const rrn_quantised *q;
  rrn_arena arena;
  rrn_xbar_spec spec;
  size_t products;
} bare;

/* The block's inputs as integers, [vectors][in]. */
static int32_t *
gather(bare *a, const rrn_infer_block *b)
{
  int32_t *x = rrn_arena_alloc(&a->arena, b->n_positions * (size_t)b->n_images, b->n_in * sizeof(*x)), lane;
  size_t p, in;

  assert_non_null(x);
  for (p = 0; p < b->n_positions; p++)
    for (lane = 0; lane < b->n_images; lane++)
      for (in = 0; in < b->n_in; in++)
        rrn_quantise_inputs(&a->q->layers[b->layer], b->x + in * b->x_row + p * b->x_position + (size_t)lane, 1,
                            &x[(p * (size_t)b->n_images + (size_t)lane) * b->n_in + in]);
  return x;
}

static int32_t
multiply_on_arrays(void *user, const rrn_infer_block *b, rramnas_error *err)
{
  bare *a = user;
  const rrn_quantised_layer *l = &a->q->layers[b->layer];
  const size_t vectors = b->n_positions * (size_t)b->n_images;
  const int32_t *weights = l->weights + (size_t)b->group * b->n_out * b->n_in, *x;
  rrn_xbar_kernel kernel;
  rrn_xbar_layer layer;
  double *y;
  size_t v, out, in;

  if (l->shape.n_groups == 0)
    return multiply_integers((void *)a->q, b, err);
  a->spec.weight_bits = l->weight_bits;
  a->spec.input_bits = l->input_bits;
  x = gather(a, b);
  y = rrn_arena_alloc(&a->arena, vectors, b->n_out * sizeof(*y));
  assert_non_null(y);
  RRN_TRY(
    rrn_xbar_layer_create(&a->spec, weights, b->n_out, b->n_in, (rrn_xbar_id){ .seed = 1 }, &layer, err));
  assert_true(rrn_xbar_adc_keeps_digits(&layer));
  RRN_TRY(rrn_xbar_adc_set(&layer, 16, RRN_XBAR_RANGE_GRANULAR, err));
  RRN_TRY(rrn_xbar_kernel_create(&a->arena, &layer, rrn_xbar_cpu_best(), &kernel, err));
  RRN_TRY(rrn_xbar_mvm(&a->arena, &kernel, x, vectors, 0, y, NULL, err));
  for (v = 0; v < vectors; v++)
    for (out = 0; out < b->n_out; out++) {
      int64_t sum = 0;

      for (in = 0; in < b->n_in; in++)
        sum += (int64_t)weights[out * b->n_in + in] * x[v * b->n_in + in];
      RRN_FAIL_IF(!(fabs(y[v * b->n_out + out] - (double)sum) <= (a->spec.g_off > 0 ? 1e-6 : 0)), err, RRAMNAS_ERR_RANGE,
                  "layer %d, output %zu: %.17g, expected %lld", (int)b->layer, out, y[v * b->n_out + out],
                  (long long)sum);
      a->products++;
    }
  rrn_arena_reset(&a->arena);
  return multiply_integers((void *)a->q, b, err);
}

static void
compare_arrays(bench *b, const char *name, const rrn_xbar_spec *spec)
{
  bare a = { .q = &b->q, .spec = *spec };
  const rrn_infer_backend on_arrays = { .multiply = multiply_on_arrays, .user = &a };
  rramnas_error err = RRAMNAS_ERROR_INIT;

  rrn_arena_init(&a.arena, &b->rt);
  if (rrn_infer_run(b->p.plan, &on_arrays, b->images, IMAGES, 1, b->found, &err) < 0)
    fail_msg("%s, sign %d, %d bits per cell and %d per step, %d rows: %s", name, (int)spec->sign, (int)spec->cell_bits,
             (int)spec->dac_bits, (int)spec->rows, err.message);
  rrn_arena_release(&a.arena);
  assert_int_equal(a.products > 0, layers_on_crossbars(&b->q) > 0);
}

static void
converters_lose_nothing_in_any_scheme(void **state)
{
  static const int32_t signs[][2] = {
    { RRN_XBAR_DIFFERENTIAL, 0 }, { RRN_XBAR_DIFFERENTIAL, 1 }, { RRN_XBAR_OFFSET, 0 }, { RRN_XBAR_UNIT_COLUMN, 0 }
  };
  size_t k;
  int i;

  (void)state;
  for (k = 0; k < N_KINDS; k++) {
    bench b;

    open_bench(kinds[k].name, &b);
    quantise(&b, 8, 8);
    for (i = 0; i < 4 * 4 * 2; i++) {
      rrn_xbar_spec spec = { .sign = signs[i % 4][0],
                             .subtract_digitally = signs[i % 4][1],
                             .cell_bits = i / 4 % 4 + 1,
                             .dac_bits = i / 16 + 1,
                             .rows = k % 2 ? 8 : 64 };

      compare_arrays(&b, kinds[k].name, &spec);
      spec.g_off = spec.sign == RRN_XBAR_OFFSET ? 0 : 1.0 / 6000; /* of 64 rows less than half a digit, also of 4 bits */
      compare_arrays(&b, kinds[k].name, &spec);
    }
    close_bench(&b);
  }
}

/* --- ranges of converters --- */

/* Difference of a network's outputs on error-free cells to the integer network's, root mean squares. */
static double
error_of(bench *b, const char *weight, int32_t on_off, int32_t adc_bits)
{
  const rrn_chip_options how = { .adc_range = RRN_ADC_AUTO };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  double errors = 0, squares = 0;
  rramnas_hw *hw;
  rrn_chip *chip;
  char text[256];
  size_t i;

  snprintf(text, sizeof(text),
           "schema: rramnas.hardware/1\nweight: {%s}\ndevice: {bits_per_cell: 1, on_resistance_ohm: 10000, "
           "off_resistance_ohm: %d}\nadc: {bits: %d, below_resolution: accept}\n",
           weight, (int)on_off * 10000, (int)adc_bits);
  check(rramnas_hw_load_buffer(text, strlen(text), "chip", RRAMNAS_HW_FORMAT_YAML, NULL, &hw, &err), &err);
  check(rrn_chip_program(&b->rt, &b->q, hw, &how, &chip, &err), &err);
  check(rrn_infer_run(b->p.plan, rrn_chip_backend(chip), b->images, IMAGES, 1, b->found, &err), &err);
  for (i = 0; i < b->n_out; i++) {
    const double expected = b->expected[i], error = b->found[i] - expected;

    squares += expected * expected;
    errors += error * error;
  }
  rrn_chip_free(chip);
  rramnas_hw_unref(hw);
  return sqrt(errors / squares);
}

/* A bit more halves a level. Levels that fall together with digits make some bits better than that, others up to five
 * times worse. Off currents of the on/off ratio 11 may lie half way between two digits. */
static void
halve_errors_with_each_bit(bench *b, const char *name, const char *weight, int32_t on_off)
{
  double at_first = 0;
  int32_t bits;

  for (bits = 4; bits <= 16; bits++) {
    const double error = error_of(b, weight, on_off, bits);

    at_first = bits == 4 ? error : at_first;
    if (!(error <= 5 * at_first / (1 << (bits - 4)) + 0.005))
      fail_msg("%s, %s, on/off %d: error %g with %d bits, %g with 4", name, weight, (int)on_off, error, (int)bits,
               at_first);
  }
}

static void
more_bits_of_a_converter_are_no_worse(void **state)
{
  static const char *const names[] = { "conv_deep", "gemm", "net_vgg_bn" };
  static const char *const weights[] = { "sign: differential", "sign: differential, subtraction: digital",
                                         "sign: offset", "sign: unit_column", "sign: unit_column, slicing: columns" };
  static const int32_t on_off[] = { 10, 11, 100, 1000 };
  size_t i, k, r;

  (void)state;
  for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    bench b;

    open_bench(names[i], &b);
    quantise(&b, 8, 8);
    for (k = 0; k < sizeof(weights) / sizeof(weights[0]); k++)
      for (r = 0; r < sizeof(on_off) / sizeof(on_off[0]); r++)
        halve_errors_with_each_bit(&b, names[i], weights[k], on_off[r]);
    close_bench(&b);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_kind_is_the_integer_product),
    cmocka_unit_test(networks_are_the_integer_networks),
    cmocka_unit_test(passes_are_the_integer_product),
    cmocka_unit_test(weights_that_are_no_numbers_are_refused),
    cmocka_unit_test(inputs_of_any_size_have_a_unit),
    cmocka_unit_test(converters_lose_nothing_in_any_scheme),
    cmocka_unit_test(more_bits_of_a_converter_are_no_worse),
  };

  return cmocka_run_group_tests_name("accuracy_layers", tests, NULL, NULL);
}
