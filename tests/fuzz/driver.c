/* SPDX-License-Identifier: MIT */
/* Stands in for libFuzzer with any compiler: runs LLVMFuzzerTestOneInput on the files and folders given as
 * arguments. --mutations=N also tries N random changes of each file; the same N tries the same changes. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_SIZE = 1 << 20, SKIP = 77 };

static unsigned long n_inputs, n_mutations;
static uint64_t state;

static uint64_t
draw(uint64_t below)
{
  /* xorshift64* */
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return (state * UINT64_C(2685821657736338717) >> 16) % below;
}

static void
die(const char *what, const char *path)
{
  fprintf(stderr, "%s: %s\n", what, path);
  exit(1);
}

/* A copy of its own size, so that a sanitizer sees the first byte read beyond it. */
static void
run(const uint8_t *data, size_t size)
{
  uint8_t *copy = malloc(size ? size : 1);

  if (!copy)
    die("out of memory", "input");
  if (size > 0)
    memcpy(copy, data, size);
  if (LLVMFuzzerTestOneInput(copy, size) != 0)
    die("the target refuses its input", "LLVMFuzzerTestOneInput");
  free(copy);
}

/* One to four changes: a bit, a byte of special value, a cut, a piece removed, a piece repeated. */
static size_t
mutate(uint8_t *data, size_t size)
{
  static const uint8_t special[] = { 0, 1, 0x7f, 0x80, 0xff, '0', '9', '-', '.', ':', '[', '{', '\n', ' ', '"', '&' };
  uint64_t changes = 1 + draw(4);

  while (changes-- > 0 && size > 0) {
    size_t at = (size_t)draw(size), length = 1 + (size_t)draw(size - at < 64 ? size - at : 64);

    switch (draw(5)) {
    case 0:
      data[at] ^= (uint8_t)(1u << draw(8));
      break;
    case 1:
      data[at] = special[draw(sizeof(special))];
      break;
    case 2:
      size = at;
      break;
    case 3:
      memmove(data + at, data + at + length, size - at - length);
      size -= length;
      break;
    default:
      if (size + length <= MAX_SIZE) {
        memmove(data + at + length, data + at, size - at);
        size += length;
      }
      break;
    }
  }
  return size;
}

static void
run_file(const char *path)
{
  static uint8_t data[MAX_SIZE + 1], changed[MAX_SIZE + 1];
  FILE *file = fopen(path, "rb");
  unsigned long i;
  size_t size;

  if (!file)
    die("cannot open", path);
  size = fread(data, 1, sizeof(data), file);
  if (ferror(file) || size > MAX_SIZE)
    die("cannot read, or larger than 1 MiB", path);
  fclose(file);
  fprintf(stderr, "%s\n", path);
  n_inputs++;
  run(data, size);
  state = UINT64_C(0x9e3779b97f4a7c15);
  for (i = 0; i < n_mutations; i++) {
    memcpy(changed, data, size);
    run(changed, mutate(changed, size));
  }
}

static void
run_path(const char *path)
{
  struct stat info;
  struct dirent **entries;
  int i, n;

  if (stat(path, &info) != 0)
    die("no such file or folder", path);
  if (!S_ISDIR(info.st_mode)) {
    run_file(path);
    return;
  }
  n = scandir(path, &entries, NULL, alphasort);
  if (n < 0)
    die("cannot list", path);
  for (i = 0; i < n; i++) {
    if (entries[i]->d_name[0] != '.') {
      size_t length = strlen(path) + strlen(entries[i]->d_name) + 2;
      char *inner = malloc(length);

      if (!inner)
        die("out of memory", path);
      snprintf(inner, length, "%s/%s", path, entries[i]->d_name);
      run_path(inner);
      free(inner);
    }
    free(entries[i]);
  }
  free(entries);
}

int
main(int argc, char **argv)
{
  int i;

  for (i = 1; i < argc; i++) {
    if (strncmp(argv[i], "--mutations=", 12) == 0)
      n_mutations = strtoul(argv[i] + 12, NULL, 10);
    else
      run_path(argv[i]);
  }
  printf("%lu inputs, %lu changes of each\n", n_inputs, n_mutations);
  return n_inputs > 0 ? 0 : SKIP;
}
