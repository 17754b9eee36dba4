/* SPDX-License-Identifier: MIT */
/* Checkpoints: a session's course as a file; doc/checkpoint.md has the format.
 *
 *   "RRNCKPT1"  length of the rest but for the last 8 bytes  options  problem (text)  course  XXH3 of all before
 *
 * In:  a session that has begun; or a file and a session prepared like the saved one.
 * Out: the file, replaced in one step; or the session as it was.
 *
 * Options (seed, strategy, sizes, reference point) are the saved ones. The problem stands in the file as text, line by
 * line what else decides a search's course: on a difference the message shows the first line that differs. What was
 * given out and not told is to be asked again. A file is written beside its place, brought to the disk and renamed, so a
 * broken run leaves the old one or the new one. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <xxhash.h>

#include "search/state.h"
#include "session/session.h"
#include "util/file.h"
#include "util/options.h"
#include "util/writer.h"

#define MAGIC "RRNCKPT1"
#define MOST_BYTES (UINT64_C(1) << 36)

/* A file holds its population, eight bytes a gene; only in a space that is soon exhausted can it be a smaller one. What a
 * few bytes claim must not cost gigabytes. */
enum { HEAD = 16, TAIL = 8, MOST_PATH = 4096, SMALL_POPULATION = 65536 };

/* --- the problem as text --- */

static int32_t
to_bytes(void *user, const char *data, size_t length)
{
  rrn_bytes *b = user;

  rrn_bytes_u8s(b, (uint8_t *)(uintptr_t)data, length);
  return b->failed;
}

static void
write_figures(const rramnas_search *s, rrn_writer *w)
{
  size_t i;

  for (i = 0; i < s->n_figures; i++)
    if (i < s->n_objectives)
      rrn_write_format(w, "objective: %s %s\n", s->maximize[i] ? "maximize" : "minimize", s->figures[i]);
    else
      rrn_write_format(w, "figure: %s\n", s->figures[i]);
  for (i = 0; i < s->n_constraints; i++) {
    rrn_write_format(w, "constraint: %s %s ", s->figures[s->constraints[i].figure],
                     s->constraints[i].at_least ? ">=" : "<=");
    rrn_write_double(w, s->constraints[i].bound);
    rrn_write_text(w, "\n");
  }
}

static int32_t
write_problem(const rramnas_search *s, rrn_bytes *b, rramnas_error *err)
{
  rrn_writer w;

  rrn_writer_init(&w, to_bytes, b);
  write_figures(s, &w);
  rrn_write_format(&w, "history: %s\n", s->history_path ? "yes" : "no");
  rrn_write_format(&w, "figures: of version %s, revision %d\n", rramnas_version(), (int)RRN_FIGURES_REVISION);
  rrn_write_format(&w, "settings: %016" PRIx64 "%016" PRIx64 " (chip, network, how to compile and to cost, tables)\n",
                   s->settings.high, s->settings.low);
  if (rrn_writer_finish(&w, NULL) < 0 || rrn_space_write_yaml(&s->space, to_bytes, b, NULL) < 0)
    return rrn_fail_memory(err);
  return RRAMNAS_OK;
}

/* --- options and course --- */

typedef struct saved_options {
  uint64_t seed;
  size_t strategy, population, offspring, archive_capacity;
  int32_t has_reference;
  double reference[RRN_MOST_OBJECTIVES]; /* as the caller gave it */
} saved_options;

static void
walk_options(rrn_bytes *b, saved_options *o)
{
  rrn_bytes_u64s(b, &o->seed, 1);
  rrn_bytes_count(b, &o->strategy, RRAMNAS_STRATEGY_ENUMERATE);
  rrn_bytes_count(b, &o->population, 1 << 24);
  rrn_bytes_count(b, &o->offspring, 1 << 24);
  rrn_bytes_count(b, &o->archive_capacity, INT32_MAX);
  rrn_bytes_flag(b, &o->has_reference);
  rrn_bytes_doubles(b, o->reference, RRN_MOST_OBJECTIVES);
}

static saved_options
options_of(const rramnas_search *s)
{
  saved_options o = { .seed = s->options.seed, .strategy = (size_t)s->options.kind, .population = s->options.population,
                      .offspring = s->options.offspring, .archive_capacity = s->options.archive_capacity,
                      .has_reference = s->reference_given };
  size_t i;

  for (i = 0; s->reference_given && i < s->n_objectives; i++)
    o.reference[i] = s->maximize[i] ? -s->reference[i] : s->reference[i];
  return o;
}

static int32_t
apply_options(rramnas_search *s, const saved_options *saved, rramnas_error *err)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;

  o.seed = saved->seed;
  o.strategy = (int32_t)saved->strategy;
  o.population = (int32_t)saved->population;
  o.offspring = (int32_t)saved->offspring;
  o.archive_capacity = (int32_t)saved->archive_capacity;
  o.reference = saved->has_reference ? saved->reference : NULL;
  return rrn_session_prepare(s, &o, err);
}

static void
walk_generation(rrn_bytes *b, rramnas_search *s)
{
  size_t i;

  rrn_bytes_u8s(b, s->state, s->n_out);
  rrn_bytes_u8s(b, s->broke, s->n_out);
  rrn_bytes_doubles(b, s->values, s->n_out * s->n_figures);
  rrn_bytes_doubles(b, s->shortfall, s->n_out);
  rrn_bytes_doubles(b, s->f, s->n_settled * s->n_objectives);
  rrn_bytes_doubles(b, s->cv, s->n_settled);
  for (i = 0; !b->saving && i < s->n_out; i++) {
    b->failed |= s->state[i] > RRN_CANDIDATE_TOLD || s->broke[i] > 1 ||
                 (i < s->n_settled && s->state[i] != RRN_CANDIDATE_TOLD);
    if (s->state[i] == RRN_CANDIDATE_OUT)
      s->state[i] = RRN_CANDIDATE_WAITS;
  }
}

static int32_t
walk_course(rrn_bytes *b, rramnas_search *s, uint64_t *history, rramnas_error *err)
{
  RRN_TRY(rrn_state_strategy(b, &s->strategy, err));
  RRN_TRY(rrn_state_archive(b, &s->front, err));
  rrn_bytes_i64(b, &s->first_id);
  rrn_bytes_i64(b, &s->evaluations);
  rrn_bytes_i64(b, &s->failed);
  rrn_bytes_i64(b, &s->infeasible);
  rrn_bytes_i64(b, &s->cached);
  rrn_bytes_i64(b, &s->stagnant);
  rrn_bytes_doubles(b, &s->hypervolume, 1);
  rrn_bytes_doubles(b, s->reference, s->n_objectives);
  rrn_bytes_flag(b, &s->exhausted);
  rrn_bytes_u64s(b, history, 1);
  rrn_bytes_count(b, &s->n_out, s->strategy.cap);
  rrn_bytes_count(b, &s->n_settled, s->n_out);
  if (!b->saving) {
    b->failed |= s->n_settled < s->n_out && (s->n_out != s->strategy.n_asked || !s->strategy.asked);
    s->genomes = s->strategy.genomes + s->strategy.n * s->genes.n;
    RRN_TRY(rrn_session_reserve(s, err));
  }
  walk_generation(b, s);
  return rrn_session_walk_front(b, s, err);
}

/* --- the file --- */

static int32_t
fail_path(const char *path, const char *what, rramnas_error *err)
{
  return rrn_fail(err, RRAMNAS_ERR_IO, "%.300s: cannot %s: %s", path, what, strerror(errno));
}

static int
write_all(int fd, const uint8_t *data, size_t n)
{
  while (n > 0) {
    const ssize_t done = write(fd, data, n);

    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0)
      return 0;
    data += done;
    n -= (size_t)done;
  }
  return 1;
}

/* The rename itself is on the disk when the folder is. */
static void
sync_folder(const char *path)
{
  char folder[MOST_PATH];
  const char *slash = strrchr(path, '/');
  int fd;

  snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
  fd = open(folder, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    fsync(fd);
    close(fd);
  }
}

static int32_t
replace(const char *path, const rrn_bytes *b, rramnas_error *err)
{
  char beside[MOST_PATH];
  int fd, done;

  RRN_FAIL_IF(strlen(path) > MOST_PATH - 32, err, RRAMNAS_ERR_IO, "%.300s...: the path is too long", path);
  snprintf(beside, sizeof(beside), "%s.new", path);
  fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0)
    return fail_path(beside, "write", err);
  done = write_all(fd, b->data, b->n) && fsync(fd) == 0;
  done = close(fd) == 0 && done;
  if (!done || rename(beside, path) != 0) {
    fail_path(path, "write", err);
    unlink(beside);
    return RRAMNAS_ERR_IO;
  }
  sync_folder(path);
  return RRAMNAS_OK;
}

/* Numbers that are known only later are put in their place at the end. */
static void
patch(rrn_bytes *b, size_t at, uint64_t value)
{
  rrn_bytes there = *b;

  there.n = at;
  rrn_bytes_u64s(&there, &value, 1);
}

static int32_t
fill(rramnas_search *s, rrn_bytes *b, rramnas_error *err)
{
  uint64_t nothing[2] = { 0, 0 }, history = 0, hash;
  saved_options options = options_of(s);
  size_t text;

  if (s->history)
    RRN_TRY(rrn_history_flush(s->history, &history, err));
  rrn_bytes_u64s(b, nothing, 2);
  walk_options(b, &options);
  text = b->n;
  rrn_bytes_u64s(b, nothing, 1);
  RRN_TRY(write_problem(s, b, err));
  if (!b->failed)
    patch(b, text, b->n - text - 8);
  RRN_TRY(walk_course(b, s, &history, err));
  if (b->failed)
    return rrn_fail_memory(err);
  memcpy(b->data, MAGIC, 8);
  patch(b, 8, b->n - HEAD);
  hash = XXH3_64bits(b->data, b->n);
  rrn_bytes_u64s(b, &hash, 1);
  return b->failed ? rrn_fail_memory(err) : RRAMNAS_OK;
}

int32_t
rrn_checkpoint_save(rramnas_search *s, const char *path, rramnas_error *err)
{
  rrn_bytes b;
  int32_t status;

  rrn_bytes_save(&b, &s->rt);
  status = fill(s, &b, err);
  if (status >= 0)
    status = replace(path, &b, err);
  rrn_bytes_release(&b);
  return status;
}

/* --- loading --- */

static int32_t
check_frame(const uint8_t *data, size_t size, const char *path, rramnas_error *err)
{
  uint64_t length, hash;
  rrn_bytes b;

  RRN_FAIL_IF(size < HEAD + TAIL || memcmp(data, MAGIC, 7) != 0, err, RRAMNAS_ERR_PARSE,
              "%.300s: is no checkpoint", path);
  RRN_FAIL_IF(data[7] != MAGIC[7], err, RRAMNAS_ERR_UNSUPPORTED, "%.300s: is a checkpoint of another version (%c, not %c)",
              path, data[7], MAGIC[7]);
  rrn_bytes_load(&b, data + 8, size - 8);
  rrn_bytes_u64s(&b, &length, 1);
  RRN_FAIL_IF(length != size - HEAD - TAIL, err, RRAMNAS_ERR_PARSE,
              "%.300s: has %zu bytes, expected %" PRIu64 ": truncated or damaged", path, size, length + HEAD + TAIL);
  rrn_bytes_load(&b, data + size - TAIL, TAIL);
  rrn_bytes_u64s(&b, &hash, 1);
  RRN_FAIL_IF(hash != XXH3_64bits(data, size - TAIL), err, RRAMNAS_ERR_PARSE, "%.300s: is damaged: the checksum "
              "differs", path);
  return RRAMNAS_OK;
}

static size_t
line_length(const char *text, size_t n)
{
  const char *end = memchr(text, '\n', n);

  return end ? (size_t)(end - text) : n;
}

/* As much of a line as a message has room for. */
static int
shown(const char *text, size_t n)
{
  const size_t length = line_length(text, n);

  return length < 120 ? (int)length : 120;
}

/* The first lines that differ. */
static int32_t
fail_problem(const char *path, const char *saved, size_t n_saved, const char *ours, size_t n_ours, rramnas_error *err)
{
  size_t i = 0, k = 0;

  while (i < n_saved && k < n_ours) {
    const size_t a = line_length(saved + i, n_saved - i), b = line_length(ours + k, n_ours - k);

    if (a != b || memcmp(saved + i, ours + k, a) != 0)
      break;
    i += a + 1;
    k += b + 1;
  }
  i = i < n_saved ? i : n_saved;
  k = k < n_ours ? k : n_ours;
  return rrn_fail(err, RRAMNAS_ERR_ARGUMENT, "%.200s: is of another problem: there \"%.*s\", here \"%.*s\"", path,
                  shown(saved + i, n_saved - i), saved + i,
                  shown(ours + k, n_ours - k), ours + k);
}

static int32_t
check_problem(const rramnas_search *s, rrn_bytes *b, const char *path, rramnas_error *err)
{
  rrn_bytes ours;
  size_t n = 0;
  int32_t status;

  rrn_bytes_count(b, &n, b->n);
  if (b->failed || n > rrn_bytes_room(b, 1))
    return rrn_fail(err, RRAMNAS_ERR_PARSE, "%.300s: is damaged: the problem is too long", path);
  rrn_bytes_save(&ours, &s->rt);
  status = write_problem(s, &ours, err);
  if (status >= 0 && (ours.n != n || memcmp(ours.data, b->data + b->at, n) != 0))
    status = fail_problem(path, (const char *)b->data + b->at, n, (const char *)ours.data, ours.n, err);
  rrn_bytes_release(&ours);
  b->at += n;
  return status;
}

static int32_t
load(rramnas_search *s, rrn_bytes *b, const char *path, rramnas_error *err)
{
  uint64_t history = 0;
  saved_options options;

  walk_options(b, &options);
  b->failed |= options.population > SMALL_POPULATION + b->n / 8 || options.offspring > SMALL_POPULATION + b->n / 8;
  RRN_FAIL_IF(b->failed, err, RRAMNAS_ERR_PARSE, "%.300s: is damaged: its options cannot be", path);
  RRN_TRY(apply_options(s, &options, err));
  RRN_TRY(check_problem(s, b, path, err));
  RRN_TRY(walk_course(b, s, &history, err));
  RRN_FAIL_IF(b->failed || b->at != b->n, err, RRAMNAS_ERR_PARSE, "%.300s: is damaged: its parts do not agree", path);
  return s->history_path ? rrn_history_open(&s->history, s, history, err) : RRAMNAS_OK;
}

int32_t
rrn_checkpoint_read(rramnas_search *s, const uint8_t *data, size_t size, const char *name, rramnas_error *err)
{
  rrn_bytes b;

  RRN_TRY(check_frame(data, size, name, err));
  rrn_bytes_load(&b, data + HEAD, size - HEAD - TAIL);
  return load(s, &b, name, err);
}

int32_t
rrn_checkpoint_load(rramnas_search *s, const char *path, rramnas_error *err)
{
  rrn_file file;
  int32_t status;

  RRN_TRY(rrn_file_open(&file, path, MOST_BYTES, err));
  status = rrn_checkpoint_read(s, (const uint8_t *)file.data, file.size, path, err);
  rrn_file_close(&file);
  return status;
}

int32_t
rramnas_search_save_file(const rramnas_search *s, const char *path, rramnas_error *reterr)
{
  RRN_FAIL_IF(!s || !path, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_save_file: search or path is NULL");
  RRN_TRY(rrn_session_check(s, "rramnas_search_save_file", reterr));
  /* The walk that saves is the one that loads; saving changes nothing but what the history's buffer holds. */
  return rrn_checkpoint_save((rramnas_search *)(uintptr_t)s, path, reterr);
}
