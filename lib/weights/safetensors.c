/* SPDX-License-Identifier: MIT */
/* safetensors, bounded.
 *
 * In: bytes of a file: the header's length (8 bytes, little-endian), the header, the tensors' data. The header is a
 * JSON object of {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...} and an optional
 * "__metadata__" of texts, which is skipped. Out: tensors by name.
 * The header's grammar is fixed, so the reader is a descent without recursion over exactly that; YAML's reader would
 * compare every name with every other. Checked: each tensor has the bytes that shape and type need, tensors lie one
 * behind the other without gap or overlap up to the end of the file, no name comes twice, names are UTF-8.
 * Time: linear in the header, n log n in the tensors. Data is not looked at before it is read.
 *
 * Source: huggingface/safetensors, "Format" in its README. */
#include "weights/safetensors.h"

#include <stdlib.h>
#include <string.h>

#include "net/values.h"
#include "util/ckd.h"
#include "util/text.h"

enum { F64, F32, F16, BF16 };
enum { MAX_NAME = 4096 };

static const struct { const char *name; uint8_t bytes; } types[] = {
  [F64] = { "F64", 8 }, [F32] = { "F32", 4 }, [F16] = { "F16", 2 }, [BF16] = { "BF16", 2 },
  { "I64", 8 }, { "I32", 4 }, { "I16", 2 }, { "I8", 1 }, { "U64", 8 }, { "U32", 4 }, { "U16", 2 }, { "U8", 1 },
  { "BOOL", 1 }, { "F8_E4M3", 1 }, { "F8_E5M2", 1 },
};

/* --- JSON, as far as the header has it --- */

typedef struct reader {
  rrn_safetensors *f;
  const char *start, *at, *end; /* start: of the file */
  size_t cap;
  rramnas_error *err;
} reader;

static int32_t
fail(const reader *r, int32_t code, const char *what)
{
  return rrn_fail_at(r->err, code, (rrn_place){ r->f->path, 0, 0, r->at - r->start }, "%s", what);
}

static void
skip_blanks(reader *r)
{
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
    r->at++;
}

/* 1 and steps over the character when it comes next. */
static int
take(reader *r, char c)
{
  skip_blanks(r);
  if (r->at == r->end || *r->at != c)
    return 0;
  r->at++;
  return 1;
}

static int32_t
expect(reader *r, char c)
{
  const char what[] = { 'e', 'x', 'p', 'e', 'c', 't', 'e', 'd', ' ', c, '\0' };

  return take(r, c) ? RRAMNAS_OK : fail(r, RRAMNAS_ERR_PARSE, what);
}

static int32_t
hex_digits(reader *r, uint32_t *ret_code)
{
  int i;

  *ret_code = 0;
  for (i = 0; i < 4; i++) {
    const char c = r->at < r->end ? *r->at : 0;
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;

    if (digit < 0)
      return fail(r, RRAMNAS_ERR_PARSE, "expected four hexadecimal digits");
    *ret_code = *ret_code << 4 | (uint32_t)digit;
    r->at++;
  }
  return RRAMNAS_OK;
}

static size_t
put_utf8(uint32_t code, char *to)
{
  if (code < 0x80) {
    to[0] = (char)code;
    return 1;
  }
  if (code < 0x800) {
    to[0] = (char)(0xc0 | code >> 6);
    to[1] = (char)(0x80 | (code & 0x3f));
    return 2;
  }
  to[0] = (char)(0xe0 | code >> 12);
  to[1] = (char)(0x80 | (code >> 6 & 0x3f));
  to[2] = (char)(0x80 | (code & 0x3f));
  return 3;
}

/* The character behind a backslash, at most 3 bytes. Pairs of surrogates stay what they are: no valid UTF-8. */
static int32_t
read_escape(reader *r, char *to, size_t *n)
{
  static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
  const char c = r->at < r->end ? *r->at : 0;
  const char *known = c ? strchr(from, c) : NULL;
  uint32_t code;

  if (known) {
    to[(*n)++] = into[known - from];
    r->at++;
    return RRAMNAS_OK;
  }
  if (c != 'u')
    return fail(r, RRAMNAS_ERR_PARSE, "unknown character behind a backslash");
  r->at++;
  RRN_TRY(hex_digits(r, &code));
  *n += put_utf8(code, to + *n);
  return RRAMNAS_OK;
}

static int32_t
read_text(reader *r, char text[MAX_NAME])
{
  size_t n = 0;

  RRN_TRY(expect(r, '"'));
  while (r->at < r->end && *r->at != '"') {
    if (n > MAX_NAME - 8)
      return fail(r, RRAMNAS_ERR_LIMIT, "text of more than 4088 bytes");
    if ((unsigned char)*r->at < 0x20)
      return fail(r, RRAMNAS_ERR_PARSE, "control character in a text");
    if (*r->at == '\\') {
      r->at++;
      RRN_TRY(read_escape(r, text, &n));
    } else {
      text[n++] = *r->at++;
    }
  }
  RRN_TRY(expect(r, '"'));
  if (!rrn_utf8_valid(text, n))
    return fail(r, RRAMNAS_ERR_PARSE, "text that is not valid UTF-8");
  text[n] = '\0';
  return RRAMNAS_OK;
}

/* Texts of the metadata may be long: they are stepped over. */
static int32_t
skip_text(reader *r)
{
  RRN_TRY(expect(r, '"'));
  while (r->at < r->end && *r->at != '"')
    r->at += *r->at == '\\' && r->end - r->at > 1 ? 2 : 1;
  return expect(r, '"');
}

static int32_t
read_number(reader *r, uint64_t *ret_number)
{
  uint64_t number = 0;
  const char *first;

  skip_blanks(r);
  for (first = r->at; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
    if (ckd_mul(&number, number, 10) || ckd_add(&number, number, (uint64_t)(*r->at - '0')))
      return fail(r, RRAMNAS_ERR_RANGE, "number of more than 64 bits");
  if (r->at == first)
    return fail(r, RRAMNAS_ERR_PARSE, "expected a number without sign");
  *ret_number = number;
  return RRAMNAS_OK;
}

/* [a, b, ...]; at most `most`. */
static int32_t
read_numbers(reader *r, uint64_t *numbers, size_t most, size_t *ret_n)
{
  size_t n = 0;

  RRN_TRY(expect(r, '['));
  if (!take(r, ']')) {
    do {
      if (n == most)
        return fail(r, RRAMNAS_ERR_LIMIT, "list of too many numbers");
      RRN_TRY(read_number(r, &numbers[n++]));
    } while (take(r, ','));
    RRN_TRY(expect(r, ']'));
  }
  *ret_n = n;
  return RRAMNAS_OK;
}

/* --- tensors --- */

static int32_t
read_type(reader *r, rrn_safetensor *t)
{
  char text[MAX_NAME];
  size_t i;

  RRN_TRY(read_text(r, text));
  for (i = 0; i < sizeof(types) / sizeof(types[0]); i++)
    if (strcmp(types[i].name, text) == 0) {
      t->type = (int32_t)i;
      return RRAMNAS_OK;
    }
  return fail(r, RRAMNAS_ERR_UNSUPPORTED, "unknown dtype");
}

static int32_t
read_shape(reader *r, rrn_safetensor *t)
{
  uint64_t dims[RRAMNAS_MAX_RANK];
  size_t n, i;

  RRN_TRY(read_numbers(r, dims, RRAMNAS_MAX_RANK, &n));
  t->shape.rank = (int32_t)n;
  for (i = 0; i < n; i++) {
    if (dims[i] > INT32_MAX)
      return fail(r, RRAMNAS_ERR_RANGE, "dimension of more than 2147483647");
    t->shape.dims[i] = (int64_t)dims[i];
  }
  return RRAMNAS_OK;
}

static int32_t
read_offsets(reader *r, rrn_safetensor *t)
{
  uint64_t offsets[2];
  size_t n;

  RRN_TRY(read_numbers(r, offsets, 2, &n));
  if (n != 2 || offsets[1] < offsets[0])
    return fail(r, RRAMNAS_ERR_PARSE, "data_offsets are not [begin, end]");
  t->begin = offsets[0];
  t->end = offsets[1];
  return RRAMNAS_OK;
}

/* Bytes that shape and type need. */
static int
bytes_of(const rrn_safetensor *t, uint64_t *ret_bytes)
{
  uint64_t bytes = types[t->type].bytes;
  int32_t d;

  for (d = 0; d < t->shape.rank; d++)
    if (ckd_mul(&bytes, bytes, (uint64_t)t->shape.dims[d]))
      return 0;
  *ret_bytes = bytes;
  return 1;
}

static int32_t
read_tensor(reader *r, rrn_safetensor *t)
{
  static const struct { const char *key; int32_t (*read)(reader *, rrn_safetensor *); } keys[] = {
    { "dtype", read_type }, { "shape", read_shape }, { "data_offsets", read_offsets },
  };
  char key[MAX_NAME];
  unsigned seen = 0;
  uint64_t bytes;
  size_t i;

  RRN_TRY(expect(r, '{'));
  do {
    RRN_TRY(read_text(r, key));
    RRN_TRY(expect(r, ':'));
    for (i = 0; i < 3 && strcmp(keys[i].key, key) != 0; i++)
      ;
    if (i == 3 || seen >> i & 1)
      return fail(r, RRAMNAS_ERR_PARSE, "expected dtype, shape and data_offsets, each once");
    RRN_TRY(keys[i].read(r, t));
    seen |= 1u << i;
  } while (take(r, ','));
  RRN_TRY(expect(r, '}'));
  if (seen != 7)
    return fail(r, RRAMNAS_ERR_PARSE, "expected dtype, shape and data_offsets, each once");
  if (!bytes_of(t, &bytes) || bytes != t->end - t->begin)
    return fail(r, RRAMNAS_ERR_PARSE, "the tensor's data_offsets do not hold what its shape needs");
  return RRAMNAS_OK;
}

static int32_t
skip_metadata(reader *r)
{
  RRN_TRY(expect(r, '{'));
  if (take(r, '}'))
    return RRAMNAS_OK;
  do {
    RRN_TRY(skip_text(r));
    RRN_TRY(expect(r, ':'));
    RRN_TRY(skip_text(r));
  } while (take(r, ','));
  return expect(r, '}');
}

static int32_t
read_entry(reader *r)
{
  rrn_safetensors *f = r->f;
  char name[MAX_NAME];
  rrn_safetensor *t;

  RRN_TRY(read_text(r, name));
  RRN_TRY(expect(r, ':'));
  if (strcmp(name, "__metadata__") == 0)
    return skip_metadata(r);
  if (f->n == RRN_SAFETENSORS_MAX_TENSORS)
    return fail(r, RRAMNAS_ERR_LIMIT, "more than 131072 tensors");
  t = rrn_arena_grow(&f->arena, f->tensors, f->n, &r->cap, sizeof(*t));
  if (!t)
    return rrn_fail_memory(r->err);
  f->tensors = t;
  t += f->n;
  memset(t, 0, sizeof(*t));
  t->name = rrn_arena_strndup(&f->arena, name, strlen(name));
  if (!t->name)
    return rrn_fail_memory(r->err);
  RRN_TRY(read_tensor(r, t));
  f->n++;
  return RRAMNAS_OK;
}

static int32_t
read_header(reader *r)
{
  RRN_TRY(expect(r, '{'));
  if (!take(r, '}')) {
    do
      RRN_TRY(read_entry(r));
    while (take(r, ','));
    RRN_TRY(expect(r, '}'));
  }
  skip_blanks(r);
  return r->at == r->end ? RRAMNAS_OK : fail(r, RRAMNAS_ERR_PARSE, "expected nothing behind the header's last brace");
}

/* --- the whole --- */

static int
by_place(const void *a, const void *b)
{
  const rrn_safetensor *x = a, *y = b;

  if (x->begin != y->begin)
    return (x->begin > y->begin) - (x->begin < y->begin);
  return (x->end > y->end) - (x->end < y->end);
}

static int
by_name(const void *a, const void *b)
{
  return strcmp(((const rrn_safetensor *)a)->name, ((const rrn_safetensor *)b)->name);
}

static int32_t
check_tensors(const rrn_safetensors *f, uint64_t bytes, rramnas_error *err)
{
  uint64_t at = 0;
  size_t i;

  if (f->n)
    qsort(f->tensors, f->n, sizeof(*f->tensors), by_place);
  for (i = 0; i < f->n; i++) {
    RRN_FAIL_IF(f->tensors[i].begin != at, err, RRAMNAS_ERR_PARSE,
                "%s: tensor \"%.200s\" begins at byte %llu of the data, expected %llu, where the one before ends",
                f->path, f->tensors[i].name, (unsigned long long)f->tensors[i].begin, (unsigned long long)at);
    at = f->tensors[i].end;
  }
  RRN_FAIL_IF(at != bytes, err, RRAMNAS_ERR_PARSE,
              "%s: the tensors take %llu bytes, the file has %llu behind its header", f->path,
              (unsigned long long)at, (unsigned long long)bytes);
  if (f->n)
    qsort(f->tensors, f->n, sizeof(*f->tensors), by_name);
  for (i = 1; i < f->n; i++)
    RRN_FAIL_IF(strcmp(f->tensors[i - 1].name, f->tensors[i].name) == 0, err, RRAMNAS_ERR_PARSE,
                "%s: there are two tensors \"%.200s\"", f->path, f->tensors[i].name);
  return RRAMNAS_OK;
}

static int32_t
parse(rrn_safetensors *f, const char *data, size_t size, rramnas_error *err)
{
  reader r = { .f = f, .start = data, .at = data, .end = data + size, .err = err };
  uint64_t length = 0;
  size_t i;

  if (size < 8)
    return fail(&r, RRAMNAS_ERR_PARSE, "the file ends before the length of its header, expected 8 bytes");
  for (i = 0; i < 8; i++)
    length |= (uint64_t)(unsigned char)data[i] << (8 * i);
  if (length > RRN_SAFETENSORS_MAX_HEADER)
    return fail(&r, RRAMNAS_ERR_LIMIT, "the header has more than 16 MiB: not a safetensors file?");
  if (length > size - 8)
    return fail(&r, RRAMNAS_ERR_PARSE, "the file ends inside of its header");
  r.at = data + 8;
  r.end = r.at + length;
  RRN_TRY(read_header(&r));
  f->data = (const uint8_t *)r.end;
  return check_tensors(f, size - 8 - length, err);
}

static int32_t
new_file(const char *path, const rramnas_runtime *runtime, rrn_safetensors **ret_file, rramnas_error *err)
{
  rrn_safetensors *f;
  rrn_rt rt;

  RRN_TRY(rrn_rt_init(&rt, runtime, err));
  f = rrn_calloc(&rt, 1, sizeof(*f));
  if (!f)
    return rrn_fail_memory(err);
  f->rt = rt;
  rrn_arena_init(&f->arena, &f->rt);
  f->path = rrn_arena_strndup(&f->arena, path, strlen(path));
  if (!f->path) {
    rrn_safetensors_free(f);
    return rrn_fail_memory(err);
  }
  *ret_file = f;
  return RRAMNAS_OK;
}

int32_t
rrn_safetensors_parse(const void *data, size_t size, const char *name, const rramnas_runtime *runtime,
                      rrn_safetensors **ret_file, rramnas_error *err)
{
  rrn_safetensors *f = NULL;
  int32_t status;

  RRN_TRY(new_file(name, runtime, &f, err));
  status = parse(f, data, size, err);
  if (status < 0)
    rrn_safetensors_free(f);
  else
    *ret_file = f;
  return status;
}

int32_t
rrn_safetensors_open(const char *path, const rramnas_runtime *runtime, rrn_safetensors **ret_file, rramnas_error *err)
{
  rrn_safetensors *f = NULL;
  int32_t status;

  RRN_TRY(new_file(path, runtime, &f, err));
  status = rrn_file_open(&f->file, path, UINT64_MAX, err);
  if (status >= 0)
    status = parse(f, f->file.data, f->file.size, err);
  if (status < 0)
    rrn_safetensors_free(f);
  else
    *ret_file = f;
  return status;
}

void
rrn_safetensors_free(rrn_safetensors *f)
{
  rrn_rt rt;

  if (!f)
    return;
  rt = f->rt;
  rrn_file_close(&f->file);
  rrn_arena_release(&f->arena);
  rrn_free(&rt, f);
}

const rrn_safetensor *
rrn_safetensors_find(const rrn_safetensors *f, const char *name)
{
  size_t low = 0, high = f->n;

  while (low < high) {
    const size_t middle = (low + high) / 2;
    const int order = strcmp(name, f->tensors[middle].name);

    if (order == 0)
      return &f->tensors[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

int32_t
rrn_safetensors_need(const rrn_safetensors *f, const char *name, const rrn_safetensor **ret_tensor, rramnas_error *err)
{
  const rrn_safetensor *t = rrn_safetensors_find(f, name);

  RRN_FAIL_IF(!t, err, RRAMNAS_ERR_NOT_FOUND, "%s: there is no tensor \"%.200s\"", f->path, name);
  *ret_tensor = t;
  return RRAMNAS_OK;
}

int32_t
rrn_safetensors_read(const rrn_safetensors *f, const rrn_safetensor *t, size_t first, size_t n, float *ret_values,
                     rramnas_error *err)
{
  const size_t width = types[t->type].bytes;
  const uint8_t *at = f->data + t->begin + first * width;
  size_t k, i;

  RRN_FAIL_IF(t->type > BF16, err, RRAMNAS_ERR_UNSUPPORTED,
              "%s: tensor \"%.200s\" has dtype %s, expected F64, F32, F16 or BF16", f->path, t->name,
              types[t->type].name);
  for (k = 0; k < n; k++, at += width) {
    uint64_t bits = 0;
    uint32_t low;
    double wide;

    for (i = 0; i < width; i++)
      bits |= (uint64_t)at[i] << (8 * i);
    low = (uint32_t)bits;
    if (t->type == F32)
      memcpy(&ret_values[k], &low, sizeof(low));
    else if (t->type == F16)
      ret_values[k] = rrn_float_of_half((uint16_t)bits);
    else if (t->type == BF16)
      ret_values[k] = rrn_float_of_bfloat16((uint16_t)bits);
    else {
      memcpy(&wide, &bits, sizeof(wide));
      ret_values[k] = (float)wide;
    }
  }
  return RRAMNAS_OK;
}
