/* SPDX-License-Identifier: MIT */
/* Inference: what a plan promises about order, threads, instruction sets, memory and refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>
#include <stdatomic.h>

#include "infer.h"
#include "infer/math.h"
#include "infer/plan.h"
#include "net/build.h"
#include "net/import.h"

enum { IMAGES = 45 };

static void
check(int32_t status, const rramnas_error *err)
{
  if (status < 0)
    print_error("%s\n", err->message);
  assert_true(status >= 0);
}

static float *
some_images(size_t n)
{
  float *images = malloc(n * sizeof(*images));
  uint32_t state = 1;
  size_t i;

  assert_non_null(images);
  for (i = 0; i < n; i++) {
    state = state * 1664525u + 1013904223u;
    images[i] = (float)(state >> 8) / (1 << 23) - 1;
  }
  return images;
}

static float *
run_all(const rrn_infer_plan *plan, const float *images, int32_t threads)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  float *outputs = malloc(IMAGES * rrn_infer_n_out(plan) * sizeof(*outputs));

  assert_non_null(outputs);
  check(rrn_infer_run(plan, NULL, images, IMAGES, threads, outputs, &err), &err);
  return outputs;
}

static void
assert_same(const float *a, const float *b, size_t n)
{
  assert_memory_equal(a, b, n * sizeof(*a));
}

/* Nodes of a YAML network over one input x of 4 channels of 6 elements. */
static int32_t
planned_nodes(const char *nodes, planned *ret, rramnas_error *err)
{
  rrn_binds binds = { 0 };
  char text[512];

  memset(ret, 0, sizeof(*ret));
  snprintf(text, sizeof(text), "{schema: rramnas.network/1, inputs: [{name: x, shape: [1, 4, 6]}], nodes: [%s]}",
           nodes);
  check(rrn_net_import_yaml(text, strlen(text), "net.yaml", &binds, NULL, &ret->net, err), err);
  check(rrn_values_new(ret->net, NULL, &ret->values, err), err);
  return rrn_infer_plan_new(ret->values, NULL, &ret->plan, err);
}

/* Threads, groups of images and instruction sets do not change a bit. */
static void
test_same_bits(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  size_t n_in, n_out, i;
  float *images, *first, *other;
  planned p;
  int cpu;

  (void)state;
  check(planned_onnx("onnx/digits_cnn.onnx", NULL, &p, &err), &err);
  n_in = rrn_infer_n_in(p.plan);
  n_out = rrn_infer_n_out(p.plan);
  images = some_images(IMAGES * n_in);
  first = run_all(p.plan, images, 1);
  for (i = 2; i <= 8; i += 3) {
    other = run_all(p.plan, images, (int32_t)i);
    assert_same(first, other, IMAGES * n_out);
    free(other);
  }
  other = malloc(n_out * sizeof(*other));
  assert_non_null(other);
  for (i = 0; i < IMAGES; i++) {
    check(rrn_infer_run(p.plan, NULL, images + i * n_in, 1, 1, other, &err), &err);
    assert_same(first + i * n_out, other, n_out);
  }
  free(other);
  for (cpu = RRN_INFER_CPU_PLAIN; cpu <= RRN_INFER_CPU_AVX512; cpu++) {
    if (!rrn_infer_kernels_of((enum rrn_infer_cpu)cpu))
      continue;
    p.plan->kernels = rrn_infer_kernels_of((enum rrn_infer_cpu)cpu);
    other = run_all(p.plan, images, 1);
    assert_same(first, other, IMAGES * n_out);
    free(other);
  }
  free(first);
  free(images);
  planned_free(&p);
}

/* Each kernel on numbers of all kinds against the plain one. */
static void
test_kernels(void **state)
{
  const rrn_infer_kernels *plain = rrn_infer_kernels_of(RRN_INFER_CPU_PLAIN);
  enum { N = 5 * RRN_INFER_LANES };
  float *x = some_images(2 * N), *z = x + N, a[N], b[N];
  double s[RRN_INFER_LANES], t[RRN_INFER_LANES], u[RRN_INFER_LANES], v[RRN_INFER_LANES];
  int cpu;

  (void)state;
  for (cpu = RRN_INFER_CPU_AVX; cpu <= RRN_INFER_CPU_AVX512; cpu++) {
    const rrn_infer_kernels *k = rrn_infer_kernels_of((enum rrn_infer_cpu)cpu);

    if (!k)
      continue;
#define SAME(call_a, call_b) ((call_a), (call_b), assert_same(a, b, N))
    SAME(plain->clip(x, a, N, -0.2f, 0.3f), k->clip(x, b, N, -0.2f, 0.3f));
    SAME(plain->hard_sigmoid(x, a, N, 0.7f, 0.5f), k->hard_sigmoid(x, b, N, 0.7f, 0.5f));
    SAME(plain->hard_swish(x, a, N, 0.7f, 0.5f), k->hard_swish(x, b, N, 0.7f, 0.5f));
    SAME(plain->leaky_relu(x, a, N, 0.1f, 0), k->leaky_relu(x, b, N, 0.1f, 0));
    SAME(plain->norm(x, a, N, 0.1f, 3, -1), k->norm(x, b, N, 0.1f, 3, -1));
    SAME(plain->bias(x, a, N, 0.3f), k->bias(x, b, N, 0.3f));
    SAME(plain->add(x, z, a, N, RRN_INFER_LANES), k->add(x, z, b, N, RRN_INFER_LANES));
    SAME(plain->times(x, z, a, N, 0), k->times(x, z, b, N, 0));
#undef SAME
    plain->sum(x, N, s);
    k->sum(x, N, t);
    assert_memory_equal(s, t, sizeof(s));
    plain->moments(x, N, 0.1, s, u);
    k->moments(x, N, 0.1, t, v);
    assert_memory_equal(s, t, sizeof(s));
    assert_memory_equal(u, v, sizeof(u));
  }
  free(x);
}

/* --- whole numbers --- */

enum { WHOLE = 23 * RRN_INFER_LANES };

static float
result_by_definition(const rrn_infer_finish *f, int32_t x, const double *more)
{
  const float v = (float)(((double)x * f->scale + (more ? *more + f->base : f->base)) * f->unit) + f->bias;
  const float w = v < f->low ? f->low : v;

  return w > f->high ? f->high : w;
}

static uint8_t
byte_by_definition(const rrn_infer_byte *b, float x)
{
  float v = x / b->unit + b->zero;

  v = v > 0 ? v : 0;
  return (uint8_t)(int32_t)((v > b->top ? b->top : v) + 0.5f);
}

/* Each kernel as it is defined, and both steps as one. */
static void
assert_whole_numbers(const rrn_infer_finish *f, const rrn_infer_byte *b, const int32_t *x, const double *more)
{
  uint8_t once[WHOLE], twice[WHOLE], bytes[WHOLE];
  float y[WHOLE], expected[WHOLE];
  size_t i;
  int cpu;

  for (i = 0; i < WHOLE; i++) {
    expected[i] = result_by_definition(f, x[i], more ? more + i : NULL);
    bytes[i] = byte_by_definition(b, expected[i]);
  }
  for (cpu = RRN_INFER_CPU_PLAIN; cpu <= RRN_INFER_CPU_AVX512; cpu++) {
    const rrn_infer_kernels *kernels = rrn_infer_kernels_of((enum rrn_infer_cpu)cpu);

    if (!kernels)
      continue;
    kernels->of_integers(f, x, WHOLE, more, y, RRN_INFER_LANES);
    kernels->to_bytes(b, y, WHOLE, twice, RRN_INFER_LANES);
    kernels->bytes_of_integers(f, b, x, WHOLE, more, once);
    assert_same(expected, y, WHOLE);
    assert_memory_equal(bytes, twice, WHOLE);
    assert_memory_equal(bytes, once, WHOLE);
  }
}

static double
uniform(uint32_t *random, double low, double high)
{
  *random = *random * 1664525u + 1013904223u;
  return low + (high - low) * (double)(*random >> 8) / 0x1p24;
}

/* Bounds, and signs of 0, that are seldom met. */
static void
test_whole_numbers(void **state)
{
  static const struct {
    rrn_infer_finish finish;
    rrn_infer_byte byte;
  } all[] = {
    { { -3e5, 0.7, 1e-4, 0.25f, 0, HUGE_VALF }, { 0.11f, 0, 255 } },
    { { 1e5, 1.25, -1e-4, -0.0f, -HUGE_VALF, HUGE_VALF }, { 0.07f, 131, 255 } },
    { { 0, 1, 1e-3, 4, -1.5f, 6 }, { 0.5f, 3, 15 } },
    { { 0, 1, 1e-3, 4, 6, -1.5f }, { 0.5f, 3, 15 } },
    { { 0, 1, 1e-3, 4, -NAN, NAN }, { 0.5f, 3, 15 } },
    { { 0, 1, 0.001953125, 0, -HUGE_VALF, HUGE_VALF }, { 0.00390625f, 128, 255 } }, /* halves are met */
    { { 1e9, 0.3, 1e-6, -299.7f, 0, 6 }, { 1e-2f, 0, 255 } },                       /* what is large goes away */
    { { 0, 1, 0, 1, 0, 6 }, { 1, 0, 255 } },
    { { 0, 1e300, 1e300, 1, 0, 6 }, { 1, 0, 255 } },
    { { 0, 1e300, 1e300, 1, -HUGE_VALF, HUGE_VALF }, { 1, 0, 255 } },
  };
  int32_t x[WHOLE];
  double more[WHOLE];
  uint32_t random = 5;
  size_t i;

  (void)state;
  for (i = 0; i < WHOLE; i++) {
    x[i] = (int32_t)uniform(&random, -0x1p31, 0x1p31) >> (i % 5 == 0 ? i % 29 : 11 + i % 3);
    more[i] = uniform(&random, -1e6, 1e6);
  }
  for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
    assert_whole_numbers(&all[i].finish, &all[i].byte, x, NULL);
    assert_whole_numbers(&all[i].finish, &all[i].byte, x, more);
  }
}

/* Sums around any offset, of any scale, that meet all bytes and what is beyond them. */
static void
test_whole_numbers_anywhere(void **state)
{
  uint32_t random = 1;
  int32_t x[WHOLE], k;
  size_t i;

  (void)state;
  for (k = 0; k < 20000; k++) {
    const double spread = uniform(&random, 10, 23), offset = uniform(&random, -3, 3);
    const rrn_infer_byte b = { (float)uniform(&random, 0.001, 1), (float)(int32_t)uniform(&random, 0, 256), 255 };
    const int held = k % 3;
    rrn_infer_finish f = { .scale = uniform(&random, 0.1, 2), .low = held ? 0 : -HUGE_VALF,
                           .high = held == 2 ? 6 : HUGE_VALF };

    f.unit = (k & 1 ? -500.0 : 500.0) * (double)b.unit / exp2(spread) / f.scale;
    f.base = offset * exp2(spread) * f.scale;
    f.bias = (float)(-f.base * f.unit * uniform(&random, 0.9, 1.1));
    for (i = 0; i < WHOLE; i++)
      x[i] = (int32_t)(exp2(spread) * uniform(&random, -1, 1));
    assert_whole_numbers(&f, &b, x, NULL);
  }
}

/* --- steps that are joined --- */

/* Six pairs of the eleven convolutions hand over, by turns in two places; the others' results are read twice, or by other steps. Each
 * step that holds values between bounds is its convolution's. */
static void
test_joined(void **state)
{
  static const int32_t readers[] = { -1, 2, 3, -1, 5, 6, -1, 8, 9, -1, -1 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  size_t i, n_held = 0, most = 0;
  planned p;

  (void)state;
  check(planned_onnx("onnx/digits_cnn.onnx", NULL, &p, &err), &err);
  for (i = 0; i < p.net->n_nodes; i++) {
    const rrn_infer_step *step = &p.plan->steps[i];
    const rrn_infer_joint *j = step->joint;
    int32_t layer;

    assert_true(!step->bounds == !!step->run || step->sharing == RRN_INFER_VIEW);
    if (!j)
      continue;
    n_held += j->high < HUGE_VALF || j->low > -HUGE_VALF;
    layer = j->layer;
    assert_in_range(layer, 0, 10);
    assert_int_equal(j->reader, readers[layer]);
    assert_int_equal(j->writer, layer > 0 && readers[layer - 1] == layer ? layer - 1 : -1);
    if (j->reader >= 0 && j->writer >= 0)
      assert_true(j->from != j->to && j->from < 2 && j->to < 2);
    if (j->reader >= 0 && rrn_infer_elements(rrn_infer_result(p.plan, step->node)) > most)
      most = rrn_infer_elements(rrn_infer_result(p.plan, step->node));
  }
  assert_true(n_held == 8 && p.plan->n_handed == most);
  planned_free(&p);
}

/* --- who else multiplies --- */

typedef struct counted {
  const rrn_infer_plan *plan;
  float *weights[64];
  atomic_size_t products;
  uint64_t last_image;
  int32_t fail_layer;
} counted;

/* The order of a sum, as product.c promises it. */
static float
sum_in_order(const rrn_infer_block *b, const float *w, size_t position, size_t lane)
{
  float total = 0;
  size_t k, i;

  for (k = 0; k < b->n_in; k += 256) {
    float sum = 0;

    for (i = k; i < k + 256 && i < b->n_in; i++)
      sum += w[i] * b->x[i * b->x_row + position * b->x_position + lane];
    total = k ? total + sum : sum;
  }
  return total;
}

static int32_t
watch(void *user, const rrn_infer_block *b, rramnas_error *err)
{
  counted *c = user;

  (void)err;
  c->last_image = b->first_image + (uint64_t)b->n_images;
  rrn_infer_multiply_floats(c->plan, b);
  return RRAMNAS_OK;
}

static int32_t
multiply_in_order(void *user, const rrn_infer_block *b, rramnas_error *err)
{
  counted *c = user;
  const float *w = c->weights[b->layer] + (size_t)b->group * b->n_out * b->n_in;
  size_t out, position;
  int32_t lane;

  if (b->layer == c->fail_layer)
    return rrn_fail(err, RRAMNAS_ERR_CALLBACK, "layer %d does not want to", (int)b->layer);
  memset(b->scratch, 1, 100);
  for (out = 0; out < b->n_out; out++)
    for (position = 0; position < b->n_positions; position++)
      for (lane = 0; lane < b->n_images; lane++)
        b->y[out * b->y_row + position * b->y_position + (size_t)lane] =
          sum_in_order(b, w + out * b->n_in, position, (size_t)lane);
  atomic_fetch_add(&c->products, b->n_out * b->n_positions * (size_t)b->n_images);
  return RRAMNAS_OK;
}

/* A backend meets every layer with the weights that it was told, and what it gives back is what the network goes on
 * with: sums in the documented order give the bits of the float path. */
static void
test_backend(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  counted c = { .fail_layer = -1 };
  const rrn_infer_backend backend = { .multiply = multiply_in_order, .user = &c, .scratch_bytes = 100 };
  size_t n_out, l, products = 0;
  float *images, *first, *other;
  planned p;

  (void)state;
  check(planned_onnx("onnx/digits_cnn.onnx", NULL, &p, &err), &err);
  n_out = rrn_infer_n_out(p.plan);
  for (l = 0; l < p.net->n_layers; l++) {
    rrn_infer_layer layer;

    check(rrn_infer_layer_of(p.plan, (int32_t)l, &layer, &err), &err);
    assert_int_equal(layer.n_in, p.net->layers[l].matrix_rows);
    assert_int_equal(layer.n_out * layer.n_groups, p.net->layers[l].matrix_cols);
    assert_int_equal(layer.n_positions, p.net->layers[l].positions);
    products += layer.n_groups * layer.n_out * layer.n_positions * IMAGES;
    c.weights[l] = malloc(layer.n_groups * layer.n_out * layer.n_in * sizeof(float));
    assert_non_null(c.weights[l]);
    check(rrn_infer_layer_weights(p.plan, (int32_t)l, c.weights[l], &err), &err);
  }
  images = some_images(IMAGES * rrn_infer_n_in(p.plan));
  first = run_all(p.plan, images, 1);
  other = malloc(IMAGES * n_out * sizeof(*other));
  assert_non_null(other);
  check(rrn_infer_run(p.plan, &backend, images, IMAGES, 1, other, &err), &err);
  assert_same(first, other, IMAGES * n_out);
  assert_int_equal(atomic_load(&c.products), products);
  memset(other, 0, IMAGES * n_out * sizeof(*other));
  c.plan = p.plan;
  check(rrn_infer_run(p.plan, &(rrn_infer_backend){ .multiply = watch, .user = &c, .first_image = 1000 }, images,
                      IMAGES, 1, other, &err), &err);
  assert_same(first, other, IMAGES * n_out);
  assert_int_equal(c.last_image, 1000 + IMAGES);
  c.fail_layer = 7;
  assert_int_equal(rrn_infer_run(p.plan, &backend, images, IMAGES, 2, other, &err), RRAMNAS_ERR_CALLBACK);
  assert_non_null(strstr(err.message, "layer 7"));
  for (l = 0; l < p.net->n_layers; l++)
    free(c.weights[l]);
  free(first);
  free(other);
  free(images);
  planned_free(&p);
}

/* --- calibration --- */

/* x -> BatchNorm -> Conv 1 x 1 -> BatchNorm, by hand. */
static rramnas_net *
two_norms(void)
{
  const int64_t dims[4] = { 1, 2, 3, 1 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  int32_t x = 0, i;

  check(rrn_net_new("norms", NULL, &net, &err), &err);
  check(rrn_net_add_tensor(net, RRN_TENSOR_ACTIVATION, "x", dims, 4, &x, &err), &err);
  for (i = 0; i < 3; i++) {
    rrn_build b;

    rrn_build_init(&b, i == 1 ? RRAMNAS_OP_CONV : RRAMNAS_OP_BATCH_NORM);
    b.name = i == 0 ? "first" : i == 1 ? "conv" : "second";
    b.inputs = &x;
    b.n_inputs = 1;
    b.out_channels = i == 1 ? 1 : 0;
    b.no_bias = 1;
    check(rrn_net_build(net, &b, &x, &err), &err);
  }
  check(rrn_net_finish(net, &err), &err);
  return net;
}

static void
test_calibration(void **state)
{
  static const float zero[2] = { 0 }, one[2] = { 1, 1 }, gamma[2] = { 2, 1 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = two_norms();
  rrn_values *values = NULL;
  rrn_infer_plan *plan = NULL;
  float *images = some_images(IMAGES * 6), outputs[IMAGES * 3], again[IMAGES * 3], *w = NULL;
  double mean = 0, variance = 0;
  size_t i;

  (void)state;
  check(rrn_values_new(net, NULL, &values, &err), &err);
  assert_int_equal(rrn_infer_plan_new(values, NULL, &plan, &err), RRAMNAS_ERR_NOT_FOUND);
  assert_non_null(strstr(err.message, "\"first\""));
  values->norms[0] = (rrn_norm){ gamma, NULL, zero, one };
  values->norms[2] = (rrn_norm){ NULL, one, zero, one };
  assert_int_equal(rrn_infer_plan_new(values, NULL, &plan, &err), RRAMNAS_ERR_NOT_FOUND);
  assert_non_null(strstr(err.message, "conv.weight"));
  check(rrn_values_add(values, net->nodes[1].inputs[1], &w, &err), &err);
  w[0] = 1;
  w[1] = -3;
  check(rrn_infer_plan_new(values, NULL, &plan, &err), &err);
  check(rrn_infer_calibrate(plan, NULL, images, IMAGES, 2, NULL, outputs, &err), &err);
  /* The last normalisation leaves mean beta and variance 1, whatever came in. */
  for (i = 0; i < IMAGES * 3; i++)
    mean += (double)outputs[i] / (IMAGES * 3);
  for (i = 0; i < IMAGES * 3; i++)
    variance += ((double)outputs[i] - mean) * ((double)outputs[i] - mean) / (IMAGES * 3);
  assert_true(fabs(mean - 1) < 1e-6);
  assert_true(fabs(variance - 1) < 1e-4);
  /* Running afterwards uses the same statistics; so does calibrating on one thread. */
  check(rrn_infer_run(plan, NULL, images, IMAGES, 1, again, &err), &err);
  assert_same(outputs, again, IMAGES * 3);
  check(rrn_infer_calibrate(plan, NULL, images, IMAGES, 1, NULL, again, &err), &err);
  assert_same(outputs, again, IMAGES * 3);
  assert_int_equal(rrn_infer_calibrate(plan, NULL, images, 0, 1, NULL, again, &err), RRAMNAS_ERR_ARGUMENT);
  free(images);
  rrn_infer_plan_free(plan);
  rrn_values_free(values);
  rramnas_net_unref(net);
}

/* --- memory --- */

/* A chain of convolutions needs room for the two largest neighbours, not for all tensors. */
static void
test_workspace(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  size_t all = 0, i;
  planned p;

  (void)state;
  check(planned_onnx("onnx/digits_cnn.onnx", NULL, &p, &err), &err);
  for (i = 0; i < p.net->n_tensors; i++)
    if (p.net->tensors[i].kind == RRN_TENSOR_ACTIVATION)
      all += (size_t)rrn_tensor_elements(&p.net->tensors[i]);
  print_message("%zu elements in the workspace, %zu in all tensors\n", p.plan->n_elements, all);
  assert_true(p.plan->n_elements * 3 < all);
  planned_free(&p);
}

/* --- refusals --- */

static void
refuse(const char *name, int32_t code, const char *part)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  planned p;

  assert_int_equal(planned_onnx(name, NULL, &p, &err), code);
  if (!strstr(err.message, part))
    fail_msg("%s: \"%s\" does not say \"%s\"", name, err.message, part);
}

static void
test_refusals(void **state)
{
  (void)state;
  refuse("onnx/qdq.onnx", RRAMNAS_ERR_UNSUPPORTED, "not computed");
  refuse("infer/refused/batch_statistics.onnx", RRAMNAS_ERR_UNSUPPORTED, "statistics of the batch");
  refuse("infer/refused/pool_indices.onnx", RRAMNAS_ERR_UNSUPPORTED, "a result behind the first");
  refuse("infer/refused/global_lp_pool.onnx", RRAMNAS_ERR_UNSUPPORTED, "(GlobalLpPool): the reduction is not computed");
  refuse("onnx/resnet18.onnx", RRAMNAS_ERR_IO, "cannot open"); /* its weights lie in a file that was not shipped */
}

/* YAML lets a node have any shape: a plan refuses one that the operator does not give. */
static void
test_refused_shapes(void **state)
{
  static const struct { const char *nodes; int32_t code; const char *part; } cases[] = {
    { "{op: Relu, out_shape: [1, 4, 7]}", RRAMNAS_ERR_SHAPE,
      "its output has shape [1, 4, 7], the operator gives [1, 4, 6]" },
    { "{op: Transpose, perm: [0, 2, 7], out_shape: [1, 6, 4]}", RRAMNAS_ERR_SHAPE, "axis is 7, expected -3..2" },
    { "{op: Softmax, axis: 3, out_shape: [1, 4, 6]}", RRAMNAS_ERR_SHAPE, "axis is 3" },
    { "{op: Reduce, source_op: ReduceSum, axes: [40], out_shape: [1]}", RRAMNAS_ERR_SHAPE, "axis is 40" },
    { "{op: Split, axis: 2, out_shapes: [[1, 4, 4], [1, 4, 3]]}", RRAMNAS_ERR_SHAPE, "a part reaches beyond the input" },
    { "{op: Slice, out_shape: [1, 4, 3]}", RRAMNAS_ERR_UNSUPPORTED, "(Slice): slices are computed from known places" },
    { "{op: Resize, out_shape: [1, 4, 12]}", RRAMNAS_ERR_UNSUPPORTED, "(Resize): the operator is not computed" },
    { "{op: BatchNormalization, training: true}", RRAMNAS_ERR_UNSUPPORTED, "statistics of the batch" },
    { "{op: Elementwise, source_op: Cosh}", RRAMNAS_ERR_UNSUPPORTED, "(Cosh): the function is not computed" },
    { "{name: d, op: Identity, out_shapes: [[1, 4, 6], [1, 4, 6]]}, {op: Add, inputs: [d.0, d.1]}", RRAMNAS_ERR_UNSUPPORTED,
      "(Add): a result behind the first" },
    { "{name: a, op: Relu}, {name: b, op: Relu, inputs: x}", RRAMNAS_ERR_SHAPE, "has 2 results that no node reads" },
  };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    planned p;

    assert_int_equal(planned_nodes(cases[i].nodes, &p, &err), cases[i].code);
    if (!strstr(err.message, cases[i].part))
      fail_msg("\"%s\" does not say \"%s\"", err.message, cases[i].part);
    planned_free(&p);
  }
}

/* 0 where x is no number, else 1. */
#define EQUAL "{name: e, op: Compare, source_op: Equal, inputs: [x, x]}"

/* Greatest and least of anything with what is no number are none, wherever it stands; `part` elements make a result. */
static void
test_no_number(void **state)
{
  static const struct {
    const char *nodes;
    size_t part;
  } cases[] = {
    { "{op: MaxPool, kernel: 3, stride: 3}", 3 },
    { "{op: GlobalMaxPool}", 6 },
    { "{op: Reduce, source_op: ReduceMax, axes: [2], keep_dims: true}", 6 },
    { "{op: Reduce, source_op: ReduceMin, axes: [2], keep_dims: true}", 6 },
    { EQUAL ", {op: Compare, source_op: Max, inputs: [e, x]}", 1 },
    { EQUAL ", {op: Compare, source_op: Max, inputs: [x, e]}", 1 },
    { EQUAL ", {op: Compare, source_op: Min, inputs: [e, x]}", 1 },
    { EQUAL ", {op: Compare, source_op: Min, inputs: [x, e]}", 1 },
    { "{op: Relu}", 1 }, { "{op: Clip, min: -1, max: 1}", 1 },
  };
  enum { N = 24 };
  size_t i, e, k;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    float *images = some_images(N * N), *outputs;
    planned p;

    check(planned_nodes(cases[i].nodes, &p, &err), &err);
    assert_int_equal(rrn_infer_n_out(p.plan), N / cases[i].part);
    for (e = 0; e < N; e++)
      images[e * N + e] = (float)NAN;
    outputs = malloc(N * N / cases[i].part * sizeof(*outputs));
    assert_non_null(outputs);
    check(rrn_infer_run(p.plan, NULL, images, N, 1, outputs, &err), &err);
    for (e = 0; e < N; e++)
      for (k = 0; k < N / cases[i].part; k++)
        if (!isnan(outputs[e * (N / cases[i].part) + k]) != (e / cases[i].part != k))
          fail_msg("%s: result %zu of an image without element %zu", cases[i].nodes, k, e);
    free(images);
    free(outputs);
    planned_free(&p);
  }
}

static void
test_functions(void **state)
{
  float x;

  (void)state;
  for (x = -9; x < 9; x += 0.01f) {
    const double y = (double)x;

    assert_true(fabs((double)rrn_infer_exp(x) - exp(y)) <= 1e-7 * exp(y));
    assert_true(fabs((double)rrn_infer_tanh(x) - tanh(y)) <= 1e-7 * fabs(tanh(y)));
    assert_true(fabs((double)rrn_infer_erf(x) - erf(y)) <= 1e-7 * fabs(erf(y)));
    assert_true(fabs((double)rrn_infer_sigmoid(x) - 1 / (1 + exp(-y))) <= 1e-7);
    assert_true(rrn_infer_round(x * 2) == rintf(x * 2));
  }
  assert_true(rrn_infer_round(2.5f) == 2 && rrn_infer_round(-0.5f) == 0 && rrn_infer_round(3.5f) == 4);
  assert_true(rrn_infer_pow(-2, 3) == -8 && isnan(rrn_infer_pow(-2, 0.5f)) && rrn_infer_pow(0, 0) == 1);
  assert_true(rrn_infer_exp(100) == HUGE_VALF && rrn_infer_exp(-200) == 0);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_same_bits),   cmocka_unit_test(test_kernels), cmocka_unit_test(test_whole_numbers),
    cmocka_unit_test(test_whole_numbers_anywhere), cmocka_unit_test(test_joined), cmocka_unit_test(test_backend),
    cmocka_unit_test(test_calibration), cmocka_unit_test(test_workspace), cmocka_unit_test(test_refusals),
    cmocka_unit_test(test_refused_shapes), cmocka_unit_test(test_no_number),
    cmocka_unit_test(test_functions),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
