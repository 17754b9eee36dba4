/* SPDX-License-Identifier: MIT */
/* The supernet of examples/supernet: its members answer what they answer in PyTorch (tests/data/digits_supernet). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <inttypes.h>
#include <math.h>

#include "data/data.h"
#include "infer.h"
#include "member.h"

enum { CALIBRATION = 512, FIRST = 24, CLASSES = 10, PIXELS = 3 * 32 * 32, MEMBERS = 16 };

/* Images of one part of the task. */
typedef struct part {
  size_t n;
  float *images, *logits;
  int32_t *labels;
} part;

typedef struct fixture {
  rrn_safetensors *file;
  rrn_data *data;
  part train, held_out, test;
} fixture;

static void
check(int32_t status, const rramnas_error *err)
{
  if (status < 0)
    print_error("%s\n", err->message);
  assert_true(status >= 0);
}

static part
read_part(const rrn_data *d, rrn_data_part which)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  part p = { .n = rrn_data_count(d, which) };

  p.images = malloc(p.n * PIXELS * sizeof(*p.images));
  p.logits = malloc(p.n * CLASSES * sizeof(*p.logits));
  p.labels = malloc(p.n * sizeof(*p.labels));
  assert_true(p.images && p.logits && p.labels);
  check(rrn_data_read(d, which, 0, p.n, p.images, p.labels, &err), &err);
  return p;
}

static void
free_part(part *p)
{
  free(p->images);
  free(p->logits);
  free(p->labels);
}

static const char *
example_path(const char *name, char path[1024])
{
  snprintf(path, 1024, "%s/supernet/%s", getenv("RRAMNAS_EXAMPLES"), name);
  return path;
}

static int
set_up(void **state)
{
  static fixture f;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char path[1024];

  check(rrn_safetensors_open(example_path("digits.safetensors", path), NULL, &f.file, &err), &err);
  check(rrn_data_load(example_path("data.yaml", path), NULL, &f.data, &err), &err);
  f.train = read_part(f.data, RRN_DATA_TRAIN);
  f.held_out = read_part(f.data, RRN_DATA_HELD_OUT);
  f.test = read_part(f.data, RRN_DATA_TEST);
  *state = &f;
  return 0;
}

static int
tear_down(void **state)
{
  fixture *f = *state;

  free_part(&f->train);
  free_part(&f->held_out);
  free_part(&f->test);
  rrn_data_free(f->data);
  rrn_safetensors_free(f->file);
  return 0;
}

/* How many images of the part the member is right about. */
static int
count_right(const fixture *f, const rrn_ofa_genome *g, part *p)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  int right = 0, c, best;
  size_t i;

  check(member_run(f->file, g, NULL, f->train.images, CALIBRATION, p->images, p->n, p->logits, &err), &err);
  for (i = 0; i < p->n; i++) {
    for (c = 1, best = 0; c < CLASSES; c++)
      if (p->logits[i * CLASSES + c] > p->logits[i * CLASSES + best])
        best = c;
    right += best == p->labels[i];
  }
  return right;
}

static float
largest_difference(const float *x, const float *y, size_t n)
{
  float worst = 0;
  size_t i;

  for (i = 0; i < n; i++)
    worst = fmaxf(worst, fabsf(x[i] - y[i]));
  return worst;
}

static int64_t
count_macs(const rrn_ofa_genome *g)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  int64_t sum = 0;
  size_t i;

  check(rrn_net_ofa_named(RRN_OFA_SMALL, g, "member", NULL, &net, &err), &err);
  for (i = 0; i < net->n_layers; i++)
    sum += net->layers[i].macs;
  rramnas_net_unref(net);
  return sum;
}

/* A space in which all members are equally right is none to search: five points lie between the least and the most
   right one, and of two members the bigger one is mostly the better one. */
static void
check_spread(const int64_t macs[MEMBERS], const int right[MEMBERS], size_t n_images)
{
  int fewest = right[0], most = right[0], agree = 0, differ = 0, i, j;

  for (i = 0; i < MEMBERS; i++) {
    fewest = right[i] < fewest ? right[i] : fewest;
    most = right[i] > most ? right[i] : most;
    for (j = 0; j < MEMBERS; j++)
      if (macs[i] > macs[j]) {
        agree += right[i] > right[j];
        differ += right[i] < right[j];
      }
  }
  assert_true(20 * (most - fewest) >= (int)n_images);
  assert_true(agree >= 2 * differ);
}

/* Logits of the first test images; right answers on all test images and on those held out, which are the same ones. */
static void
test_members(void **state)
{
  fixture *f = *state;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_ofa_genome g = { .image = 32 };
  char path[1024];
  FILE *list = fopen(data_path("digits_supernet/members.txt", path), "r");
  int64_t macs[MEMBERS], expected_macs;
  int test[MEMBERS], held_out;
  size_t n, m;
  float *expected = read_floats("digits_supernet/logits.f32", &n);

  assert_non_null(list);
  check(rrn_weights_ofa_widths(f->file, RRN_OFA_SMALL, &g.widths, &g.classes, &err), &err);
  for (m = 0; m < MEMBERS && member_read(list, &g); m++) {
    assert_int_equal(fscanf(list, "%" SCNd64 " %d %d", &expected_macs, &test[m], &held_out), 3);
    macs[m] = count_macs(&g);
    assert_int_equal(macs[m], expected_macs);
    assert_int_equal(count_right(f, &g, &f->held_out), held_out);
    assert_int_equal(count_right(f, &g, &f->test), test[m]);
    assert_true((m + 1) * FIRST * CLASSES <= n);
    assert_true(largest_difference(f->test.logits, expected + m * FIRST * CLASSES, FIRST * CLASSES) < 1e-4f);
  }
  assert_int_equal(m, MEMBERS);
  assert_int_equal(m * FIRST * CLASSES, n);
  check_spread(macs, test, f->test.n);
  fclose(list);
  free(expected);
}

int
main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(test_members) };

  return cmocka_run_group_tests(tests, set_up, tear_down);
}
