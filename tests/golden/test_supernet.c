/* SPDX-License-Identifier: MIT */
/* Members of a supernet that was trained on the digits: logits and right answers of PyTorch
 * (tests/data/supernet/README.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>

#include "accuracy/judge.h"
#include "infer.h"

enum { CASES = 12, IMAGES = 360, CLASSES = 10 };

typedef struct member {
  int ks[16], e[16], d[4], right;
} member;

static void
check(int32_t status, const rramnas_error *err)
{
  if (status < 0)
    fail_msg("%s", err->message);
}

static void
read_numbers(FILE *file, int *numbers, size_t n)
{
  size_t i;

  for (i = 0; i < n; i++)
    assert_int_equal(fscanf(file, "%d", &numbers[i]), 1);
}

static void
read_cases(member cases[CASES])
{
  char path[1024];
  FILE *file = fopen(data_path("supernet/digits_cases.txt", path), "r");
  size_t i;

  assert_non_null(file);
  for (i = 0; i < CASES; i++) {
    read_numbers(file, cases[i].ks, 16);
    read_numbers(file, cases[i].e, 16);
    read_numbers(file, cases[i].d, 4);
    read_numbers(file, &cases[i].right, 1);
  }
  fclose(file);
}

static size_t
write_list(char *text, size_t at, const char *key, const int *numbers, size_t n)
{
  size_t i;

  at += (size_t)sprintf(text + at, "%s: [", key);
  for (i = 0; i < n; i++)
    at += (size_t)sprintf(text + at, "%s%d", i ? ", " : "", numbers[i]);
  return at + (size_t)sprintf(text + at, "]\n");
}

static rramnas_net *
network_of(const member *m)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char text[1024], supernet[1024], images[1024];
  rramnas_net *net = NULL;
  size_t n = write_list(text, 0, "ks", m->ks, 16);

  n = write_list(text, n, "e", m->e, 16);
  n = write_list(text, n, "d", m->d, 4);
  check(rramnas_net_create_ofa_from_supernet(text, n, NULL, data_path("supernet/digits.safetensors", supernet),
                                             data_path("digits/digits.yaml", images), NULL, &net, &err), &err);
  return net;
}

static rrn_judge *
load(void)
{
  rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char weights[1024], data[1024];
  rrn_judge *j = NULL;

  o.weights = data_path("supernet/digits.safetensors", weights);
  o.data = data_path("digits/digits.yaml", data);
  check(rrn_judge_load(&o, NULL, &j, &err), &err);
  assert_int_equal(j->n_images, IMAGES);
  assert_int_equal(j->n_norm, 512);
  return j;
}

static double
worst_logit(const rrn_judge *j, rramnas_net *net, const float *expected)
{
  static float logits[IMAGES * CLASSES];
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_infer_plan *plan = NULL;
  rrn_values *values = NULL;
  double worst = 0;
  size_t i;

  check(rrn_judge_plan_member(j, net, &values, &plan, &err), &err);
  check(rrn_judge_calibrate(j, plan, 1, &err), &err);
  check(rrn_infer_run(plan, NULL, j->images, IMAGES, 1, logits, &err), &err);
  for (i = 0; i < IMAGES * CLASSES; i++)
    worst = fmax(worst, fabs((double)logits[i] - (double)expected[i]));
  rrn_infer_plan_free(plan);
  rrn_values_free(values);
  return worst;
}

static void
members_answer_as_in_pytorch(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  member cases[CASES];
  rrn_judge *j = load();
  size_t n, i;
  float *expected = read_floats("supernet/digits_logits.f32", &n);

  (void)state;
  assert_int_equal(n, CASES * IMAGES * CLASSES);
  read_cases(cases);
  for (i = 0; i < CASES; i++) {
    rramnas_accuracy a = RRAMNAS_ACCURACY_INIT;
    rramnas_net *net = network_of(&cases[i]);
    const double worst = worst_logit(j, net, expected + i * IMAGES * CLASSES);

    check(rrn_judge_run(j, net, NULL, RRN_JUDGE_DIGITAL, 1, NULL, &a, NULL, &err), &err);
    print_message("member %zu: %d of %d right, largest difference %.3g\n", i, cases[i].right, IMAGES, worst);
    assert_true(worst <= 1e-4);
    assert_true(a.digital == cases[i].right / (double)IMAGES && a.trials == 0);
    rramnas_net_unref(net);
  }
  free(expected);
  rrn_judge_free(j);
}

/* The same through the public functions, on crossbars without errors. */
static void
a_mapped_member_keeps_its_accuracy(void **state)
{
  rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;
  rramnas_compile_options compile = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_accuracy a = RRAMNAS_ACCURACY_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char weights[1024], data[1024];
  rramnas_mapping *mapping = NULL;
  rramnas_hw *hw = NULL;
  rramnas_net *net;
  member cases[CASES];

  (void)state;
  read_cases(cases);
  net = network_of(&cases[1]);
  compile.policy = RRAMNAS_POLICY_RNC;
  compile.crossbars = RRAMNAS_CROSSBARS_AUTO;
  o.weights = data_path("supernet/digits.safetensors", weights);
  o.data = data_path("digits/digits.yaml", data);
  o.trials = 1;
  o.images = 64;
  check(rramnas_hw_create_default(NULL, &hw, &err), &err);
  check(rramnas_compile(hw, net, &compile, NULL, &mapping, &err), &err);
  check(rramnas_mapping_get_accuracy(mapping, &o, &a, NULL, &err), &err);
  print_message("digital %.4f, integers %.4f, chip %.4f\n", a.digital, a.quantized, a.mean);
  assert_true(a.digital >= 0.95 && a.quantized >= a.digital - 0.05 && a.mean >= a.digital - 0.1);
  rramnas_mapping_unref(mapping);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(members_answer_as_in_pytorch),
    cmocka_unit_test(a_mapped_member_keeps_its_accuracy),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
