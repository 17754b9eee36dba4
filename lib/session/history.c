/* SPDX-License-Identifier: MIT */
/* Everything that was evaluated, as CSV.
 *
 * In:  candidates as they are settled.
 * Out: a file: a line of names, then id, generation, state, violation, figures and genes of each. A gene that does not
 *      count has an empty cell, a figure that is not known too.
 *
 * Rows go through a buffer to the file, so memory does not grow with the history. A checkpoint holds the file's length:
 * a resumed run cuts the file to it and writes the same bytes again. */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include <errno.h>

#include "session/session.h"
#include "util/writer.h"

struct rrn_history {
  const rrn_rt *rt;
  int fd;
  uint64_t length; /* bytes handed to the file */
  int failed;      /* errno of the first failure */
  rrn_writer w;
};

static int32_t
to_file(void *user, const char *data, size_t length)
{
  rrn_history *h = user;

  while (length > 0) {
    const ssize_t n = write(h->fd, data, length);

    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0) {
      h->failed = errno;
      return 1;
    }
    data += n;
    length -= (size_t)n;
    h->length += (uint64_t)n;
  }
  return 0;
}

/* Quotes only where CSV needs them. */
static void
write_cell(rrn_writer *w, const char *text)
{
  const char *at;

  rrn_write_text(w, ",");
  if (!strpbrk(text, ",\"\r\n")) {
    rrn_write_text(w, text);
    return;
  }
  rrn_write_text(w, "\"");
  for (at = text; *at; at++) {
    if (*at == '"')
      rrn_write_text(w, "\"");
    rrn_write(w, at, 1);
  }
  rrn_write_text(w, "\"");
}

static void
write_names(rrn_history *h, const rramnas_search *s)
{
  size_t i;

  rrn_write_text(&h->w, "id,generation,state,violation");
  for (i = 0; i < s->n_figures; i++)
    write_cell(&h->w, s->figures[i]);
  for (i = 0; i < s->space.n; i++)
    write_cell(&h->w, s->space.genes[i].name);
  rrn_write_text(&h->w, "\n");
}

static int32_t
fail_file(const rramnas_search *s, const char *what, int error, rramnas_error *err)
{
  return rrn_fail(err, RRAMNAS_ERR_IO, "%.300s: cannot %s: %s", s->history_path, what, strerror(error));
}

static int32_t
cut(rrn_history *h, const rramnas_search *s, uint64_t offset, rramnas_error *err)
{
  const off_t end = lseek(h->fd, 0, SEEK_END);

  RRN_FAIL_IF(end < 0 || (uint64_t)end < offset, err, RRAMNAS_ERR_IO,
              "%.300s: has %lld bytes, the checkpoint was written with %llu: not its history", s->history_path,
              (long long)end, (unsigned long long)offset);
  if (ftruncate(h->fd, (off_t)offset) != 0 || lseek(h->fd, 0, SEEK_END) < 0)
    return fail_file(s, "cut", errno, err);
  h->length = offset;
  return RRAMNAS_OK;
}

int32_t
rrn_history_open(rrn_history **ret_history, const rramnas_search *s, uint64_t offset, rramnas_error *err)
{
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (offset ? 0 : O_TRUNC);
  rrn_history *h = rrn_calloc(&s->rt, 1, sizeof(*h));
  int32_t status = RRAMNAS_OK;

  if (!h)
    return rrn_fail_memory(err);
  h->rt = &s->rt;
  rrn_writer_init(&h->w, to_file, h);
  h->fd = open(s->history_path, flags, 0666);
  if (h->fd < 0)
    status = fail_file(s, "write", errno, err);
  else if (offset)
    status = cut(h, s, offset, err);
  else
    write_names(h, s);
  if (status < 0)
    rrn_history_close(h);
  else
    *ret_history = h;
  return status;
}

void
rrn_history_close(rrn_history *h)
{
  if (!h)
    return;
  if (h->fd >= 0) {
    rrn_writer_finish(&h->w, NULL);
    close(h->fd);
  }
  rrn_free(h->rt, h);
}

int32_t
rrn_history_add(rrn_history *h, const rramnas_search *s, size_t place, int32_t fate, double violation,
                rramnas_error *err)
{
  static const char *const fates[] = { "feasible", "infeasible", "failed" };
  const double *values = s->values + place * s->n_figures, *x = s->genomes + place * s->space.n;
  char text[RRN_SPACE_TEXT];
  size_t i;

  rrn_write_format(&h->w, "%" PRId64 ",%u,%s,", s->first_id + (int64_t)place, (unsigned)s->strategy.generation,
                   fates[fate]);
  rrn_write_double(&h->w, violation);
  for (i = 0; i < s->n_figures; i++) {
    rrn_write_text(&h->w, ",");
    if (values[i] == values[i])
      rrn_write_double(&h->w, values[i]);
  }
  for (i = 0; i < s->space.n; i++)
    write_cell(&h->w, rrn_space_value_text(&s->space, x, i, text));
  rrn_write_text(&h->w, "\n");
  return h->failed ? fail_file(s, "write", h->failed, err) : RRAMNAS_OK;
}

int32_t
rrn_history_flush(rrn_history *h, uint64_t *ret_offset, rramnas_error *err)
{
  RRN_FAIL_IF(rrn_writer_finish(&h->w, NULL) < 0, err, RRAMNAS_ERR_IO, "the history cannot be written: %s",
              strerror(h->failed));
  fsync(h->fd); /* a checkpoint must not outlive its rows; a pipe cannot and need not */
  *ret_offset = h->length;
  return RRAMNAS_OK;
}
