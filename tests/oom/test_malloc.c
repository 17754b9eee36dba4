/* SPDX-License-Identifier: MIT */
/* libyaml takes its memory from malloc, past the hooks of the library. This program replaces malloc and fails the
 * first, second, third ... call until reading succeeds: both YAML readers must answer with an error each time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rramnas/rramnas.h"

/* glibc's own, under names that stay. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *pointer, size_t size);

static long calls, fail_at;

static int
fails(void)
{
  return ++calls == fail_at;
}

void *
malloc(size_t size)
{
  return fails() ? NULL : __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
  return fails() ? NULL : __libc_calloc(n, size);
}

void *
realloc(void *pointer, size_t size)
{
  return fails() ? NULL : __libc_realloc(pointer, size);
}

static const char hw_text[] = "# a chip\ncrossbar: {rows: 64, cols: 32}\nadc:\n  bits: 7\nname: \"chip\"\n";
static const char net_text[] = "schema: rramnas.network/1\nname: n\ninputs:\n  - {name: x, shape: [1, 3, 8, 8]}\nnodes:\n"
                               "  - {name: c, op: Conv, out_channels: 4, kernel: 3, pad: 1}\n  - {op: Relu}\n";

static int32_t
read_hw(rramnas_error *err)
{
  rramnas_hw *hw = NULL;
  int32_t status = rramnas_hw_load_buffer(hw_text, sizeof(hw_text) - 1, "hw.yaml", RRAMNAS_HW_FORMAT_YAML, NULL, &hw, err);

  rramnas_hw_unref(hw);
  return status;
}

static int32_t
read_net(rramnas_error *err)
{
  rramnas_net_options o = RRAMNAS_NET_OPTIONS_INIT;
  rramnas_net *net = NULL;
  int32_t status;

  o.format = RRAMNAS_NET_FORMAT_YAML;
  status = rramnas_net_load_buffer(net_text, sizeof(net_text) - 1, "net.yaml", &o, NULL, &net, err);
  rramnas_net_unref(net);
  return status;
}

static int
until_success(const char *name, int32_t (*job)(rramnas_error *err))
{
  long n;

  for (n = 1; n < 100000; n++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    int32_t status;

    calls = 0;
    fail_at = n;
    status = job(&err);
    fail_at = 0;
    if (status == RRAMNAS_OK && n > calls) {
      printf("%s: %ld calls of malloc, each failed once\n", name, n - 1);
      return n - 1 < 10; /* libyaml alone makes more */
    }
    if (status != RRAMNAS_ERR_MEMORY) {
      fprintf(stderr, "%s: call %ld failed, status %d, \"%s\"\n", name, n, (int)status, err.message);
      return 1;
    }
  }
  return 1;
}

int
main(void)
{
  return until_success("hardware", read_hw) || until_success("network", read_net);
}
