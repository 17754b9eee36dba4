/* SPDX-License-Identifier: MIT */
#include "util/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/text.h"

/* Length of the longest prefix of `text` that is whole UTF-8 sequences: a message cut at the end of its
 * buffer must not end in half a character. */
static size_t
utf8_whole(const char *text, size_t length)
{
  size_t start = length, need;

  while (start > 0 && length - start < 4 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
    start--;
  if (start == 0)
    return length;
  need = (unsigned char)text[start - 1] >= 0xf0 ? 4
       : (unsigned char)text[start - 1] >= 0xe0 ? 3
       : (unsigned char)text[start - 1] >= 0xc0 ? 2
                                                : 1;
  return length - (start - 1) >= need ? length : start - 1;
}

/* C0 and C1 controls and DEL: on a terminal they could do anything. */
static int
is_control(const char *text, size_t length)
{
  const unsigned char c = (unsigned char)text[0];

  return length == 1 ? c < 0x20 || c == 0x7f : length == 2 && c == 0xc2 && (unsigned char)text[1] < 0xa0;
}

/* Names and values in messages come from files and are cut to a length: what is no UTF-8, or no text, becomes '?'. */
static void
replace_invalid(char *text)
{
  while (*text) {
    const unsigned char c = (unsigned char)*text;
    const size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

    if (strnlen(text, n) == n && rrn_utf8_valid(text, n) && !is_control(text, n)) {
      text += n;
    } else {
      *text++ = '?';
    }
  }
}

/* The caller may have been built with a shorter or longer rramnas_error: the message fills what it has. */
static size_t
message_capacity(const rramnas_error *err)
{
  const size_t head = offsetof(rramnas_error, message);

  return err->size <= head ? 0 : err->size - head;
}

static void
set(rramnas_error *err, int32_t code, const rrn_place *where, const char *format, va_list args)
{
  size_t capacity;
  int used = 0;

  if (!err || (capacity = message_capacity(err)) == 0)
    return;
  err->code = code;
  err->line = where ? where->line : 0;
  err->column = where ? where->column : 0;
  err->offset = where ? where->offset : -1;
  if (where && where->line > 0)
    used = snprintf(err->message, capacity, "%s:%d:%d: ", where->file, where->line, where->column);
  else if (where && where->offset >= 0)
    used = snprintf(err->message, capacity, "%s: byte %lld: ", where->file, (long long)where->offset);
  else if (where)
    used = snprintf(err->message, capacity, "%s: ", where->file);
  if (used < 0)
    used = 0;
  if ((size_t)used < capacity)
    vsnprintf(err->message + used, capacity - (size_t)used, format, args);
  err->message[utf8_whole(err->message, strlen(err->message))] = '\0';
  replace_invalid(err->message);
}

int32_t
rrn_fail(rramnas_error *err, int32_t code, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  set(err, code, NULL, format, args);
  va_end(args);
  return code;
}

int32_t
rrn_fail_at(rramnas_error *err, int32_t code, rrn_place where, const char *format, ...)
{
  va_list args;

  va_start(args, format);
  set(err, code, &where, format, args);
  va_end(args);
  return code;
}

int32_t
rrn_fail_memory(rramnas_error *err)
{
  return rrn_fail(err, RRAMNAS_ERR_MEMORY, "out of memory");
}
