/* SPDX-License-Identifier: MIT */
/* Readers of image files.
 *
 * In: paths. Out: maps of the files and where image i and its label lie.
 * IDX (Y. LeCun, C. Cortes, C. Burges, "The MNIST database"): two zero bytes, the element type (8 = unsigned byte), the
 * number of dimensions, the dimensions as big-endian 32-bit numbers, the elements. CIFAR (A. Krizhevsky, 2009), binary
 * version: records without a header.
 * A file must have exactly the bytes that it promises. Nothing is copied; time does not depend on the size. */
#include "data/files.h"

#include "util/ckd.h"

enum { IDX_BYTES = 8, CIFAR_PIXELS = 3 * 32 * 32 };

static rrn_place
at_byte(const char *path, size_t offset)
{
  return (rrn_place){ path, 0, 0, (int64_t)offset };
}

static size_t
big_endian(const uint8_t *at)
{
  return (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
}

/* Header of an IDX file of bytes with so many dimensions; checks the size. */
static int32_t
read_idx(const rrn_file *file, const char *path, size_t n_dims, size_t *ret_dims, rramnas_error *err)
{
  const uint8_t *bytes = file->data;
  const size_t head = 4 + 4 * n_dims;
  size_t total = 1, i;

  if (file->size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b)
    return rrn_fail_at(err, RRAMNAS_ERR_UNSUPPORTED, at_byte(path, 0), "the file is compressed, unpack it with gunzip");
  if (file->size < head)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, at_byte(path, file->size),
                       "the file ends inside of its header, expected %zu bytes", head);
  if (bytes[0] || bytes[1] || bytes[2] != IDX_BYTES || bytes[3] != n_dims)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, at_byte(path, 0),
                       "the file begins with %02x %02x %02x %02x, expected 00 00 08 %02zx: IDX of unsigned bytes in "
                       "%zu dimension%s", bytes[0], bytes[1], bytes[2], bytes[3], n_dims, n_dims,
                       n_dims == 1 ? "" : "s");
  for (i = 0; i < n_dims; i++) {
    ret_dims[i] = big_endian(bytes + 4 + 4 * i);
    if (ckd_mul(&total, total, ret_dims[i]))
      total = SIZE_MAX;
  }
  if (total != file->size - head)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, at_byte(path, 4),
                       "the header promises %zu bytes of data, the file has %zu", total, file->size - head);
  return RRAMNAS_OK;
}

static int32_t
check_images(const char *path, size_t n, size_t height, size_t width, rramnas_error *err)
{
  if (n < 1 || n > RRN_DATA_MAX_IMAGES || height < 1 || height > RRN_DATA_MAX_SIDE || width < 1 ||
      width > RRN_DATA_MAX_SIDE)
    return rrn_fail_at(err, RRAMNAS_ERR_RANGE, at_byte(path, 4),
                       "%zu images of %zu x %zu pixels, expected 1 to %d images and sides of 1 to %d", n, height, width,
                       RRN_DATA_MAX_IMAGES, RRN_DATA_MAX_SIDE);
  return RRAMNAS_OK;
}

int32_t
rrn_data_scan_idx(rrn_data_file *f, rramnas_error *err)
{
  size_t dims[3] = { 0 }, n_labels = 0;

  RRN_TRY(read_idx(&f->maps[0], f->path, 3, dims, err));
  RRN_TRY(check_images(f->path, dims[0], dims[1], dims[2], err));
  RRN_TRY(read_idx(&f->maps[1], f->label_path, 1, &n_labels, err));
  if (n_labels != dims[0])
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, at_byte(f->label_path, 4),
                       "%zu labels, expected one for each of the %zu images", n_labels, dims[0]);
  f->n = dims[0];
  f->channels = 1;
  f->height = (int64_t)dims[1];
  f->width = (int64_t)dims[2];
  f->pixels = (const uint8_t *)f->maps[0].data + 16;
  f->pixel_step = dims[1] * dims[2];
  f->labels = (const uint8_t *)f->maps[1].data + 8;
  f->label_step = 1;
  return RRAMNAS_OK;
}

int32_t
rrn_data_open_idx(const char *images, const char *labels, rrn_data_file *f, rramnas_error *err)
{
  f->path = images;
  f->label_path = labels;
  RRN_TRY(rrn_file_open(&f->maps[0], images, UINT64_MAX, err));
  RRN_TRY(rrn_file_open(&f->maps[1], labels, UINT64_MAX, err));
  return rrn_data_scan_idx(f, err);
}

int32_t
rrn_data_scan_cifar(rrn_data_file *f, int hundred, int coarse, rramnas_error *err)
{
  const size_t labels = hundred ? 2 : 1, record = labels + CIFAR_PIXELS;

  if (f->maps[0].size == 0 || f->maps[0].size % record || f->maps[0].size / record > RRN_DATA_MAX_IMAGES)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, at_byte(f->path, f->maps[0].size),
                       "the file has %zu bytes, expected records of %zu bytes (CIFAR-%d, binary version)",
                       f->maps[0].size, record, hundred ? 100 : 10);
  f->n = f->maps[0].size / record;
  f->channels = 3;
  f->height = f->width = 32;
  f->pixels = (const uint8_t *)f->maps[0].data + labels;
  f->labels = (const uint8_t *)f->maps[0].data + (hundred && !coarse);
  f->pixel_step = f->label_step = record;
  return RRAMNAS_OK;
}

int32_t
rrn_data_open_cifar(const char *path, int hundred, int coarse, rrn_data_file *f, rramnas_error *err)
{
  f->path = f->label_path = path;
  RRN_TRY(rrn_file_open(&f->maps[0], path, UINT64_MAX, err));
  return rrn_data_scan_cifar(f, hundred, coarse, err);
}

void
rrn_data_close(rrn_data_file *f)
{
  rrn_file_close(&f->maps[0]);
  rrn_file_close(&f->maps[1]);
}
