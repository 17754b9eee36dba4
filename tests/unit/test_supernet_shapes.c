/* SPDX-License-Identifier: MIT */
/* Supernets whose tensors have other shapes, lack matrices of kernels or hold what is no number: nothing is cut to fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "infer.h"
#include "member.h"

enum { PIXELS = 3 * 32 * 32 };

/* The small supernet in memory, to be spoiled there: its tensors are halves. */
typedef struct supernet {
  uint8_t *bytes;
  rrn_safetensors *f;
  rrn_ofa_genome genome; /* widths */
} supernet;

static void
check(int32_t status, const rramnas_error *err)
{
  if (status < 0)
    fail_msg("%s", err->message);
}

static void
open_supernet(supernet *s)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char path[1024];
  rrn_file file;

  memset(s, 0, sizeof(*s));
  check(rrn_file_open(&file, data_path("supernet/mini.safetensors", path), UINT64_MAX, &err), &err);
  s->bytes = malloc(file.size);
  assert_non_null(s->bytes);
  memcpy(s->bytes, file.data, file.size);
  check(rrn_safetensors_parse(s->bytes, file.size, "file", NULL, &s->f, &err), &err);
  rrn_file_close(&file);
  check(rrn_weights_ofa_widths(s->f, RRN_OFA_SMALL, &s->genome.widths, &s->genome.classes, &err), &err);
  s->genome.image = 32;
}

static void
close_supernet(supernet *s)
{
  rrn_safetensors_free(s->f);
  free(s->bytes);
}

static int
ends_with(const char *text, const char *end)
{
  const size_t n = strlen(text), m = strlen(end);

  return n >= m && strcmp(text + n - m, end) == 0;
}

static rrn_safetensor *
find(supernet *s, const char *name)
{
  size_t i;

  for (i = 0; i < s->f->n && strcmp(s->f->tensors[i].name, name) != 0; i++)
    ;
  assert_true(i < s->f->n);
  return &s->f->tensors[i];
}

/* Tensors whose names end so are not there. */
static void
drop(supernet *s, const char *end)
{
  size_t i, n = 0;

  for (i = 0; i < s->f->n; i++)
    if (!ends_with(s->f->tensors[i].name, end))
      s->f->tensors[n++] = s->f->tensors[i];
  assert_true(n < s->f->n);
  s->f->n = n;
}

/* Tensors of the block whose names begin so have `size` as dimension `dim`. */
static void
resize(supernet *s, int block, const char *begin, int32_t dim, int64_t size)
{
  char name[128];
  size_t i, n = 0;

  snprintf(name, sizeof(name), "blocks.%d.conv.%s", block, begin);
  for (i = 0; i < s->f->n; i++)
    if (strncmp(s->f->tensors[i].name, name, strlen(name)) == 0) {
      s->f->tensors[i].shape.dims[dim] = size;
      n++;
    }
  assert_true(n > 0 || strstr(begin, "se.fc"));
}

/* All blocks are of a smaller supernet. */
static void
shrink(supernet *s, int32_t expansion, int64_t kernel)
{
  char name[128];
  int b;

  for (b = 1; b <= RRN_OFA_BLOCKS; b++) {
    int64_t mid;

    snprintf(name, sizeof(name), "blocks.%d.conv.inverted_bottleneck.conv.conv.weight", b);
    mid = rrn_ofa_round(find(s, name)->shape.dims[1] * expansion);
    resize(s, b, "inverted_bottleneck.", 0, mid);
    resize(s, b, "depth_conv.conv.conv.weight", 0, mid);
    resize(s, b, "depth_conv.conv.conv.weight", 2, kernel);
    resize(s, b, "depth_conv.conv.conv.weight", 3, kernel);
    resize(s, b, "depth_conv.bn.", 0, mid);
    resize(s, b, "depth_conv.se.fc.reduce.", 0, rrn_ofa_round(mid / 4));
    resize(s, b, "depth_conv.se.fc.reduce.weight", 1, mid);
    resize(s, b, "depth_conv.se.fc.expand.", 0, mid);
    resize(s, b, "depth_conv.se.fc.expand.weight", 1, rrn_ofa_round(mid / 4));
    resize(s, b, "point_linear.conv.conv.weight", 1, mid);
  }
}

/* A member whose blocks are all alike. */
static void
fill_genome(supernet *s, int32_t kernel, int32_t expansion, int32_t depth)
{
  int i;

  for (i = 0; i < RRN_OFA_BLOCKS; i++) {
    s->genome.kernel_sizes[i] = kernel;
    s->genome.expansions[i] = expansion;
    s->genome.depths[i / 4] = depth;
  }
}

/* Its status. */
static int32_t
run(supernet *s, int32_t kernel, int32_t expansion, int32_t depth, rramnas_error *err)
{
  static const float image[PIXELS];
  float logits[10];

  fill_genome(s, kernel, expansion, depth);
  return member_run(s->f, &s->genome, NULL, image, 1, image, 1, logits, err);
}

static void
assert_says(int32_t status, int32_t code, const rramnas_error *err, const char *text)
{
  if (status != code || !strstr(err->message, text))
    fail_msg("%d \"%s\", expected %d \"%s\"", (int)status, err->message, (int)code, text);
}

/* --- shapes --- */

static void
other_shapes_are_refused(void **state)
{
  static const struct { const char *name; rrn_shape shape; const char *have, *want; } cases[] = {
    { "first_conv.conv.weight", { 4, { 3, 8, 3, 3 } }, "[3, 8, 3, 3]", "[8, 3, 3, 3]" },
    { "first_conv.conv.weight", { 4, { 8, 4, 3, 3 } }, "[8, 4, 3, 3]", "[8, 3, 3, 3]" },
    { "first_conv.conv.weight", { 4, { 8, 3, 5, 5 } }, "[8, 3, 5, 5]", "[8, 3, 3, 3]" },
    { "first_conv.bn.weight", { 1, { 16 } }, "[16]", "[8]" },
    { "first_conv.bn.running_var", { 2, { 8, 1 } }, "[8, 1]", "[8]" },
    { "blocks.0.conv.depth_conv.conv.weight", { 4, { 8, 1, 5, 5 } }, "[8, 1, 5, 5]", "[8, 1, 3, 3]" },
    { "blocks.0.conv.depth_conv.conv.weight", { 4, { 9, 1, 3, 3 } }, "[9, 1, 3, 3]", "[8, 1, 3, 3]" },
    { "blocks.0.conv.point_linear.conv.weight", { 4, { 8, 16, 1, 1 } }, "[8, 16, 1, 1]", "[8, 8, 1, 1]" },
    { "classifier.linear.bias", { 1, { 20 } }, "[20]", "[10]" },
    { "classifier.linear.weight", { 2, { 10, 200 } }, "[10, 200]", "[10, 16]" },
    { "feature_mix_layer.conv.weight", { 4, { 16, 30, 1, 1 } }, "[16, 30, 1, 1]", "[16, 24, 1, 1]" },
    { "final_expand_layer.conv.weight", { 4, { 24, 20, 1, 1 } }, "[24, 20, 1, 1]", "[24, 16, 1, 1]" },
    { "blocks.3.conv.depth_conv.conv.conv.weight", { 4, { 48, 2, 7, 7 } }, "[48, 2, 7, 7]", "[48, 1, 7, 7]" },
    { "blocks.3.conv.depth_conv.conv.conv.weight", { 4, { 48, 1, 9, 9 } }, "[48, 1, 9, 9]", "[48, 1, 7, 7]" },
    { "blocks.3.conv.depth_conv.conv.conv.weight", { 4, { 24, 1, 7, 7 } }, "[24, 1, 7, 7]", "[48, 1, 7, 7]" },
    { "blocks.3.conv.depth_conv.conv.conv.weight", { 4, { 48, 1, 5, 7 } }, "[48, 1, 5, 7]", "[48, 1, 5, 5]" },
    { "blocks.2.conv.inverted_bottleneck.conv.conv.weight", { 4, { 8, 48, 1, 1 } }, "[8, 48, 1, 1]", "[48, 8, 1, 1]" },
    { "blocks.2.conv.inverted_bottleneck.conv.conv.weight", { 4, { 100, 8, 1, 1 } }, "[100, 8, 1, 1]", "[48, 8, 1, 1]" },
    { "blocks.2.conv.point_linear.conv.conv.weight", { 4, { 48, 8, 1, 1 } }, "[48, 8, 1, 1]", "[8, 48, 1, 1]" },
    { "blocks.16.conv.inverted_bottleneck.bn.bn.weight", { 1, { 48 } }, "[48]", "[96]" },
    { "blocks.6.conv.depth_conv.se.fc.reduce.weight", { 4, { 96, 24, 1, 1 } }, "[96, 24, 1, 1]", "[24, 96, 1, 1]" },
    { "blocks.6.conv.depth_conv.se.fc.expand.bias", { 1, { 104 } }, "[104]", "[96]" },
  };
  char text[256];
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    supernet s;

    open_supernet(&s);
    find(&s, cases[i].name)->shape = cases[i].shape;
    snprintf(text, sizeof(text), "file: tensor \"%s\" has shape %s, expected %s", cases[i].name, cases[i].have,
             cases[i].want);
    assert_says(run(&s, 3, 3, 4, &err), RRAMNAS_ERR_SHAPE, &err, text);
    close_supernet(&s);
  }
}

/* Of expansions to 4 and kernels to 5 x 5: its members are there, others are not. */
static void
a_part_of_the_space_is_a_supernet(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  supernet s;

  (void)state;
  open_supernet(&s);
  shrink(&s, 4, 5);
  drop(&s, "7to5_matrix");
  check(run(&s, 5, 4, 4, &err), &err);
  check(run(&s, 3, 3, 2, &err), &err);
  assert_says(run(&s, 7, 3, 2, &err), RRAMNAS_ERR_SHAPE, &err,
              "\"blocks.1.conv.depth_conv.conv.conv.weight\" has shape [32, 1, 5, 5], expected at least [24, 1, 7, 7]");
  assert_says(run(&s, 5, 6, 2, &err), RRAMNAS_ERR_SHAPE, &err,
              "\"blocks.1.conv.inverted_bottleneck.conv.conv.weight\" has shape [32, 8, 1, 1], expected at least [48, 8, 1, 1]");
  close_supernet(&s);
}

/* --- matrices --- */

static void
matrices_are_in_all_blocks_or_in_none(void **state)
{
  static const char *const names[] = { "blocks.3.conv.depth_conv.conv.5to3_matrix",
                                       "blocks.14.conv.depth_conv.conv.7to5_matrix" };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char text[256];
  supernet s;
  size_t i;

  (void)state;
  for (i = 0; i < 2; i++) {
    open_supernet(&s);
    drop(&s, names[i]);
    snprintf(text, sizeof(text), "file: there is no tensor \"%s\", while other blocks have theirs", names[i]);
    assert_says(run(&s, 3, 3, 2, &err), RRAMNAS_ERR_NOT_FOUND, &err, text);
    assert_says(run(&s, 7, 3, 2, &err), RRAMNAS_ERR_NOT_FOUND, &err, text);
    close_supernet(&s);
  }
  /* A step that no block has is only missed where there is the other one. */
  open_supernet(&s);
  drop(&s, "5to3_matrix");
  check(run(&s, 5, 3, 2, &err), &err);
  assert_says(run(&s, 3, 3, 2, &err), RRAMNAS_ERR_NOT_FOUND, &err, "blocks.1.conv.depth_conv.conv.5to3_matrix");
  drop(&s, "7to5_matrix");
  check(run(&s, 3, 3, 2, &err), &err);
  close_supernet(&s);
}

/* Also where the member takes whole kernels, and in blocks that it does not have. */
static void
matrices_of_other_shapes_are_refused(void **state)
{
  static const struct { const char *name; rrn_shape shape; const char *text; } cases[] = {
    { "blocks.3.conv.depth_conv.conv.7to5_matrix", { 2, { 5, 125 } }, "has shape [5, 125], expected [25, 25]" },
    { "blocks.1.conv.depth_conv.conv.7to5_matrix", { 2, { 26, 26 } }, "has shape [26, 26], expected [25, 25]" },
    { "blocks.4.conv.depth_conv.conv.5to3_matrix", { 2, { 9, 10 } }, "has shape [9, 10], expected [9, 9]" },
    { "blocks.4.conv.depth_conv.conv.5to3_matrix", { 1, { 81 } }, "has shape [81], expected [9, 9]" },
  };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  supernet s;
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    open_supernet(&s);
    find(&s, cases[i].name)->shape = cases[i].shape;
    assert_says(run(&s, 7, 6, 2, &err), RRAMNAS_ERR_SHAPE, &err, cases[i].text);
    assert_non_null(strstr(err.message, cases[i].name));
    close_supernet(&s);
  }
}

/* --- once --- */

/* Weights of the largest member, when `known` was found. */
static int32_t
read_weights(supernet *s, const rrn_supernet *known, rramnas_error *err)
{
  rramnas_net *net = NULL;
  rrn_values *values = NULL;
  int32_t status;

  fill_genome(s, 7, 6, 4);
  check(rrn_net_ofa_named(RRN_OFA_SMALL, &s->genome, "member", NULL, &net, err), err);
  status = rrn_weights_of_supernet(s->f, known, &s->genome, net, NULL, &values, err);
  rrn_values_free(values);
  rramnas_net_unref(net);
  return status;
}

/* A matrix is spoiled that the member does not take: only a check sees it. */
static void
what_was_checked_is_not_checked_again(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_supernet known = { 0 };
  rrn_ofa_genome g;
  supernet s;

  (void)state;
  open_supernet(&s);
  fill_genome(&s, 3, 3, 2);
  check(rrn_supernet_check(s.f, RRN_OFA_SMALL, &s.genome, NULL, &known, &err), &err);
  assert_true(known.has_matrices);
  find(&s, "blocks.1.conv.depth_conv.conv.7to5_matrix")->shape = (rrn_shape){ 2, { 26, 26 } };
  check(read_weights(&s, &known, &err), &err);
  assert_says(read_weights(&s, NULL, &err), RRAMNAS_ERR_SHAPE, &err, "expected [25, 25]");
  g = s.genome;
  s.genome.image = 64;
  assert_says(read_weights(&s, &known, &err), RRAMNAS_ERR_SHAPE, &err, "expected [25, 25]");
  s.genome = g;
  s.genome.classes--;
  assert_says(read_weights(&s, &known, &err), RRAMNAS_ERR_SHAPE, &err, "\"classifier.linear.");
  s.genome = g;
  s.genome.widths.final += 8;
  assert_says(read_weights(&s, &known, &err), RRAMNAS_ERR_SHAPE, &err, "\"final_expand_layer.");
  s.genome = g;
  assert_true(rrn_supernet_check(s.f, RRN_OFA_LARGE, &g, NULL, &known, &err) < 0); /* five stages */
  check(read_weights(&s, &known, &err), &err);
  close_supernet(&s);
}

/* --- no numbers --- */

static void
halves_that_are_no_numbers_name_the_element(void **state)
{
  static const struct { const char *name; size_t element; uint16_t half; } cases[] = {
    { "first_conv.conv.weight", 100, 0x7e00 },
    { "blocks.2.conv.depth_conv.bn.bn.weight", 3, 0x7e00 },
    { "blocks.2.conv.depth_conv.bn.bn.running_mean", 0, 0xfc00 },
    { "blocks.5.conv.depth_conv.se.fc.reduce.bias", 7, 0x7c00 },
    { "blocks.5.conv.depth_conv.conv.conv.weight", 49 * 2 + 24, 0x7c00 },
    { "blocks.5.conv.depth_conv.conv.7to5_matrix", 624, 0x7e01 },
    { "blocks.6.conv.inverted_bottleneck.conv.conv.weight", 16 * 47 + 15, 0xfe00 },
    { "classifier.linear.weight", 159, 0xfc00 },
    { "classifier.linear.bias", 9, 0x7e00 },
  };
  char text[256];
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    uint8_t *to;
    supernet s;

    open_supernet(&s);
    to = s.bytes + (s.f->data - s.bytes) + find(&s, cases[i].name)->begin + 2 * cases[i].element;
    to[0] = (uint8_t)cases[i].half;
    to[1] = (uint8_t)(cases[i].half >> 8);
    snprintf(text, sizeof(text), "file: tensor \"%s\": element %zu is no finite number", cases[i].name,
             cases[i].element);
    assert_says(run(&s, 5, 3, 2, &err), RRAMNAS_ERR_RANGE, &err, text);
    close_supernet(&s);
  }
}

static void
variances_are_above_0(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  supernet s;

  (void)state;
  open_supernet(&s);
  s.bytes[(size_t)(s.f->data - s.bytes) + find(&s, "blocks.6.conv.point_linear.bn.bn.running_var")->begin + 2 * 5 + 1] |= 0x80;
  assert_says(run(&s, 7, 3, 2, &err), RRAMNAS_ERR_RANGE, &err,
              "file: tensor \"blocks.6.conv.point_linear.bn.bn.running_var\": element 5 is no variance");
  close_supernet(&s);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(other_shapes_are_refused),
    cmocka_unit_test(a_part_of_the_space_is_a_supernet),
    cmocka_unit_test(matrices_are_in_all_blocks_or_in_none),
    cmocka_unit_test(matrices_of_other_shapes_are_refused),
    cmocka_unit_test(what_was_checked_is_not_checked_again),
    cmocka_unit_test(halves_that_are_no_numbers_name_the_element),
    cmocka_unit_test(variances_are_above_0),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
