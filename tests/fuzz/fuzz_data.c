/* SPDX-License-Identifier: MIT */
/* Any bytes as a data set: the first byte says as what. An error, or images and labels that lie inside of the bytes. */
#include <stdint.h>
#include <stdlib.h>

#include "data/files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile unsigned keep; /* what is read must not be left out */

static unsigned
touch(const rrn_data_file *f)
{
  const size_t bytes = (size_t)(f->channels * f->height * f->width);
  unsigned sum = 0;
  size_t i, k;

  for (i = 0; i < f->n; i++) {
    sum += f->labels[i * f->label_step];
    for (k = 0; k < bytes; k++)
      sum += f->pixels[i * f->pixel_step + k];
  }
  return sum;
}

static void
check(int32_t status, const rramnas_error *err)
{
  if (status < 0 && (err->code != status || err->message[0] == '\0'))
    abort();
}

/* Images, then a file of one label; or the two halves. */
static void
as_idx(const uint8_t *data, size_t size, int halves)
{
  const size_t head = halves ? size / 2 : size >= 9 ? size - 9 : 0;
  rrn_data_file f = { .path = "images", .label_path = "labels" };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  int32_t status;

  f.maps[0].data = data;
  f.maps[0].size = head;
  f.maps[1].data = data + head;
  f.maps[1].size = size - head;
  status = rrn_data_scan_idx(&f, &err);
  check(status, &err);
  if (status >= 0)
    keep += touch(&f);
}

static void
as_cifar(const uint8_t *data, size_t size, int hundred, int coarse)
{
  rrn_data_file f = { .path = "batch", .label_path = "batch" };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  int32_t status;

  f.maps[0].data = data;
  f.maps[0].size = size;
  status = rrn_data_scan_cifar(&f, hundred, coarse, &err);
  check(status, &err);
  if (status >= 0)
    keep += touch(&f);
}

static void
as_yaml(const uint8_t *data, size_t size)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_data *set = NULL;

  check(rrn_data_parse((const char *)data, size, "data.yaml", "there-is-no-such-folder", NULL, &set, &err), &err);
  rrn_data_free(set);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  if (size == 0)
    return 0;
  if (data[0] == 'y')
    as_yaml(data + 1, size - 1);
  else if (data[0] == 'i' || data[0] == 'I')
    as_idx(data + 1, size - 1, data[0] == 'I');
  else
    as_cifar(data + 1, size - 1, data[0] & 1, data[0] >> 1 & 1);
  return 0;
}
