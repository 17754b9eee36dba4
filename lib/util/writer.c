/* SPDX-License-Identifier: MIT */
#include "util/writer.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/text.h"

void
rrn_writer_init(rrn_writer *w, rramnas_write_fn write, void *user)
{
  w->write = write;
  w->user = user;
  w->failed = 0;
  w->used = 0;
}

static void
flush(rrn_writer *w)
{
  if (w->used && !w->failed)
    w->failed = w->write(w->user, w->buffer, w->used) != 0;
  w->used = 0;
}

void
rrn_write(rrn_writer *w, const char *data, size_t length)
{
  while (length) {
    size_t room = sizeof(w->buffer) - w->used, n = length < room ? length : room;

    memcpy(w->buffer + w->used, data, n);
    w->used += n;
    data += n;
    length -= n;
    if (w->used == sizeof(w->buffer))
      flush(w);
  }
}

void
rrn_write_text(rrn_writer *w, const char *text)
{
  rrn_write(w, text, strlen(text));
}

void
rrn_write_format(rrn_writer *w, const char *format, ...)
{
  char text[513];
  va_list args;

  va_start(args, format);
  vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  rrn_write_text(w, text);
}

void
rrn_write_double(rrn_writer *w, double value)
{
  char text[RRN_DOUBLE_TEXT];

  rrn_write_text(w, rrn_double_text(value, text));
}

void
rrn_write_json_number(rrn_writer *w, double value)
{
  if (isfinite(value))
    rrn_write_double(w, value);
  else
    rrn_write_text(w, "null");
}

/* Bytes of the valid UTF-8 sequence at `text`, 0 when there is none. */
static size_t
sequence_length(const char *text)
{
  size_t n = (unsigned char)*text < 0x80 ? 1 : (unsigned char)*text < 0xe0 ? 2 : (unsigned char)*text < 0xf0 ? 3 : 4;

  return strnlen(text, n) == n && rrn_utf8_valid(text, n) ? n : 0;
}

#define REPLACEMENT "\xef\xbf\xbd"

void
rrn_write_json_string(rrn_writer *w, const char *text)
{
  rrn_write(w, "\"", 1);
  while (*text) {
    size_t n = sequence_length(text);

    if (n == 0)
      rrn_write_text(w, REPLACEMENT);
    else if (*text == '"' || *text == '\\')
      rrn_write_format(w, "\\%c", *text);
    else if ((unsigned char)*text < 0x20 || *text == 0x7f)
      rrn_write_format(w, "\\u%04x", (unsigned)*text);
    else
      rrn_write(w, text, n);
    text += n ? n : 1;
  }
  rrn_write(w, "\"", 1);
}

void
rrn_write_xml(rrn_writer *w, const char *text)
{
  while (*text) {
    size_t n = sequence_length(text);

    if (n == 0 || ((unsigned char)*text < 0x20 && *text != '\t' && *text != '\n'))
      rrn_write_text(w, REPLACEMENT);
    else if (*text == '&')
      rrn_write_text(w, "&amp;");
    else if (*text == '<')
      rrn_write_text(w, "&lt;");
    else if (*text == '>')
      rrn_write_text(w, "&gt;");
    else if (*text == '"')
      rrn_write_text(w, "&quot;");
    else
      rrn_write(w, text, n);
    text += n ? n : 1;
  }
}

int32_t
rrn_writer_finish(rrn_writer *w, rramnas_error *err)
{
  flush(w);
  if (w->failed)
    return rrn_fail(err, RRAMNAS_ERR_CALLBACK, "the write callback reported failure");
  return RRAMNAS_OK;
}
