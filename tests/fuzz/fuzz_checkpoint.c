/* SPDX-License-Identifier: MIT */
/* Any bytes as a checkpoint, once as they are and once with length, problem and checksum put right, so that what lies
 * behind them is reached: an error that explains itself, or a session that runs on. The problem names the library's
 * version and settings, so that of a corpus is soon another's. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <xxhash.h>

#include "search_case.h"
#include "session/session.h"

enum { HEAD = 16, TAIL = 8, PROBLEM = HEAD + 70 * 8 /* behind the options: its length, then its text */ };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
put(uint8_t *at, uint64_t value)
{
  int i;

  for (i = 0; i < 8; i++)
    at[i] = (uint8_t)(value >> (8 * i));
}

static void
run_on(rramnas_search *s)
{
  rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_progress p = RRAMNAS_PROGRESS_INIT;

  if (rramnas_search_progress(s, &p) < 0)
    abort();
  o.generations = p.generation < INT64_MAX ? p.generation + 1 : 0;
  o.seconds = 1;
  o.n_threads = 1;
  if (rramnas_search_run(s, &o, NULL) < 0)
    abort();
}

static void
try_bytes(const uint8_t *data, size_t size)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;
  int32_t status;

  if (case_create(NULL, NULL, NULL, &s, NULL) < 0)
    abort();
  status = rrn_checkpoint_read(s, data, size, "fuzz", &err);
  if (status < 0 && (err.code != status || err.message[0] == '\0'))
    abort();
  if (status >= 0) {
    s->started = 1;
    run_on(s);
  }
  rramnas_search_unref(s);
}

static uint64_t
get(const uint8_t *at)
{
  uint64_t value = 0;
  int i;

  for (i = 7; i >= 0; i--)
    value = value << 8 | at[i];
  return value;
}

/* The first bytes of a checkpoint that the library writes now; how many. */
static size_t
read_own(uint8_t *bytes, size_t most)
{
  char path[] = "checkpoint-XXXXXX";
  const int fd = mkstemp(path);
  rramnas_search *s = NULL;
  FILE *file;
  size_t n;

  if (fd < 0 || close(fd) < 0 || case_create(NULL, NULL, NULL, &s, NULL) < 0 ||
      rramnas_search_start(s, NULL, NULL) < 0 || rrn_checkpoint_save(s, path, NULL) < 0 || !(file = fopen(path, "rb")))
    abort();
  n = fread(bytes, 1, most, file);
  fclose(file);
  unlink(path);
  rramnas_search_unref(s);
  return n;
}

/* Length and text of the problem, as the library writes them now; read once. */
static const uint8_t *
own_problem(size_t *ret_size)
{
  static uint8_t bytes[1 << 16];
  static size_t size;

  if (size == 0) {
    const size_t n = read_own(bytes, sizeof(bytes));

    if (n < PROBLEM + 8 || get(bytes + PROBLEM) > n - PROBLEM - 8 ||
        memcmp(bytes + PROBLEM + 8, "objective: ", 11) != 0)
      abort(); /* PROBLEM is not where the problem is */
    size = 8 + (size_t)get(bytes + PROBLEM);
  }
  *ret_size = size;
  return bytes + PROBLEM;
}

/* NULL when there is no place for it. */
static uint8_t *
put_right(const uint8_t *data, size_t size, size_t *ret_size)
{
  size_t n_ours, n_theirs;
  const uint8_t *ours = own_problem(&n_ours);
  uint8_t *copy;

  if (size < PROBLEM + 8 + TAIL || get(data + PROBLEM) > size - PROBLEM - 8 - TAIL)
    return NULL;
  n_theirs = 8 + (size_t)get(data + PROBLEM);
  *ret_size = size - n_theirs + n_ours;
  if (!(copy = malloc(*ret_size)))
    return NULL;
  memcpy(copy, data, PROBLEM);
  memcpy(copy, "RRNCKPT1", 8);
  memcpy(copy + PROBLEM, ours, n_ours);
  memcpy(copy + PROBLEM + n_ours, data + PROBLEM + n_theirs, size - PROBLEM - n_theirs);
  put(copy + 8, *ret_size - HEAD - TAIL);
  put(copy + *ret_size - TAIL, XXH3_64bits(copy, *ret_size - TAIL));
  return copy;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  uint8_t *copy;
  size_t n;

  try_bytes(data, size);
  if (!(copy = put_right(data, size, &n)))
    return 0;
  try_bytes(copy, n);
  free(copy);
  return 0;
}
