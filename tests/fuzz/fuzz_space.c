/* SPDX-License-Identifier: MIT */
/* Any bytes as a space: an error that explains itself, or a space that survives writing and reading, whose lowest
 * candidate does, too. The same bytes as a candidate of a ready space. */
#include <stdint.h>
#include <stdlib.h>

#include "capture.h"
#include "space/ready.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_error(int32_t status, const rramnas_error *err)
{
  if (status < 0 && (err->code != status || err->message[0] == '\0'))
    abort();
}

/* The file lies beside a supernet, if there are any. */
static int
read_space(rrn_space *s, const rrn_rt *rt, const char *data, size_t size)
{
  const char *folder = getenv("RRAMNAS_TEST_DATA");
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char name[1024];
  int32_t status;

  snprintf(name, sizeof(name), "%s/supernet/fuzz.yaml", folder ? folder : ".");
  rrn_space_init(s, rt);
  status = rrn_space_read(s, data, size, name, &err);
  check_error(status, &err);
  return status >= 0;
}

static capture
written(const rrn_space *s)
{
  capture text = { 0 };

  if (rrn_space_write_yaml(s, capture_write, &text, NULL) < 0)
    abort();
  return text;
}

static void
check_back(const rrn_space *s)
{
  capture first = written(s), second;
  rrn_space back;

  if (!read_space(&back, s->rt, first.text, first.length))
    abort();
  second = written(&back);
  if (!capture_equal(&first, &second))
    abort();
  capture_free(&first);
  capture_free(&second);
  rrn_space_release(&back);
}

static void
check_candidate(const rrn_space *s, double *x, double *y)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  capture text = { 0 };
  size_t i;

  for (i = 0; i < s->n; i++)
    x[i] = s->core[i].low;
  if (rrn_space_check(s, x, NULL) < 0 || rrn_space_write_candidate(s, x, capture_write, &text, NULL) < 0 ||
      rrn_space_read_candidate(s, text.text, text.length, "candidate", y, &err) < 0 ||
      memcmp(x, y, s->n * sizeof(*x)) != 0) {
    fprintf(stderr, "%s\n%s\n", err.message, text.text ? text.text : "");
    abort();
  }
  capture_free(&text);
}

static void
check_meaning(const rrn_space *s, const double *x)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *base = NULL, *hw = NULL;
  rramnas_net *net = NULL;
  char text[512];

  if (!(rrn_space_violation(s, x) >= 0))
    abort();
  if (s->n <= 32)
    check_error(rrn_space_count(s, text, sizeof(text), &err), &err);
  check_error(rrn_space_build_net(s, x, NULL, &net, &err), &err);
  if (rramnas_hw_create_default(NULL, &base, NULL) < 0)
    abort();
  check_error(rrn_space_build_hw(s, x, base, &hw, &err), &err);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  rramnas_hw_unref(base);
}

static void
check_as_candidate(const rrn_rt *rt, const char *data, size_t size)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  double x[64];
  rrn_space s;
  int32_t status;

  rrn_space_init(&s, rt);
  if (rrn_space_ready(&s, "ofa-mobilenet-v3-small", NULL) < 0)
    abort();
  status = rrn_space_read_candidate(&s, data, size, "fuzz.yaml", x, &err);
  check_error(status, &err);
  if (status >= 0 && rrn_space_check(&s, x, NULL) < 0)
    abort();
  rrn_space_release(&s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  rrn_space s;
  rrn_rt rt;

  if (rrn_rt_init(&rt, NULL, NULL) < 0)
    abort();
  check_as_candidate(&rt, (const char *)data, size);
  if (read_space(&s, &rt, (const char *)data, size)) {
    double *x = calloc(2 * s.n + 1, sizeof(*x));

    if (!x)
      abort();
    check_back(&s);
    check_candidate(&s, x, x + s.n);
    check_meaning(&s, x);
    free(x);
  }
  rrn_space_release(&s);
  return 0;
}
