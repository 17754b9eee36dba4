/* SPDX-License-Identifier: MIT */
/* libyaml and libsqlite3 take their memory from malloc, past the hooks of the library, and so do the tools for fronts,
 * which have none. This program replaces malloc and fails the first, second, third ... call until a job succeeds: each
 * time before there must be an error that says so, but for calls that SQLite can do without. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static int32_t
look_at_front(rramnas_error *err)
{
  static const double f[] = { 1, 5, 3, 2, 3, 3, 3, 2, 2, 5, 1, 4, 6, 6, 6 }, reference[] = { 7, 7, 7 };
  double crowding[5], volume;
  int32_t ranks[5], status;

  if ((status = rramnas_front_ranks(f, NULL, 5, 3, ranks, err)) >= 0 &&
      (status = rramnas_front_crowding(f, 5, 3, crowding, err)) >= 0)
    status = rramnas_front_hypervolume(f, 5, 3, reference, &volume, err);
  return status;
}

static int32_t
evaluate(void *user, const rramnas_batch *batch)
{
  size_t i;

  (void)user;
  for (i = 0; i < batch->n; i++)
    batch->values[i] = batch->genomes[i];
  return 0;
}

static char cache[32];

static int32_t
search_with_cache(rramnas_error *err)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
  rramnas_run_options run = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_gene g = RRAMNAS_GENE_INIT;
  rramnas_search *s = NULL;
  int32_t status;

  g.name = "x";
  g.kind = RRAMNAS_GENE_INTEGER;
  g.high = 99;
  o.population = 3;
  run.generations = 2;
  run.n_threads = 1;
  if ((status = rramnas_search_create(NULL, &s, err)) >= 0 && (status = rramnas_search_add_gene(s, &g, err)) >= 0 &&
      (status = rramnas_search_add_objective(s, "f", 0, err)) >= 0 &&
      (status = rramnas_search_set_evaluate(s, evaluate, NULL, err)) >= 0 &&
      (status = rramnas_search_set_cache_file(s, cache, err)) >= 0 && (status = rramnas_search_start(s, &o, err)) >= 0)
    status = rramnas_search_run(s, &run, err);
  rramnas_search_unref(s);
  return status;
}

/* `fewest` calls at least; `may_pass`: some of them are not needed. */
static int
until_success(const char *name, int32_t (*job)(rramnas_error *err), long fewest, int may_pass)
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
      return n - 1 < fewest;
    }
    if (status != RRAMNAS_ERR_MEMORY && !(may_pass && status == RRAMNAS_OK)) {
      fprintf(stderr, "%s: call %ld failed, status %d, \"%s\"\n", name, n, (int)status, err.message);
      return 1;
    }
  }
  return 1;
}

/* The file grows a little richer with every try. */
static int
test_cache(void)
{
  int failed, fd;

  strcpy(cache, "malloc-cache-XXXXXX");
  fd = mkstemp(cache);
  if (fd < 0)
    return 1;
  close(fd);
  failed = search_with_cache(NULL) == RRAMNAS_ERR_UNSUPPORTED ? 0 : until_success("cache", search_with_cache, 100, 1);
  unlink(cache);
  return failed;
}

int
main(void)
{
  /* libyaml alone makes more than ten */
  return until_success("hardware", read_hw, 10, 0) || until_success("network", read_net, 10, 0) ||
         until_success("front", look_at_front, 3, 0) || test_cache();
}
