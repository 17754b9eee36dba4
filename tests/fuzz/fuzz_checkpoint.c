/* SPDX-License-Identifier: MIT */
/* Any bytes as a checkpoint, once as they are and once with length and checksum put right, so that what lies behind
 * them is reached: an error that explains itself, or a session that runs on. */
#include <stdint.h>
#include <stdlib.h>

#include <xxhash.h>

#include "search_case.h"
#include "session/session.h"

enum { HEAD = 16, TAIL = 8 };

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  uint8_t *copy;

  try_bytes(data, size);
  if (size < HEAD + TAIL || !(copy = malloc(size)))
    return 0;
  memcpy(copy, data, size);
  memcpy(copy, "RRNCKPT1", 8);
  put(copy + 8, size - HEAD - TAIL);
  put(copy + size - TAIL, XXH3_64bits(copy, size - TAIL));
  try_bytes(copy, size);
  free(copy);
  return 0;
}
