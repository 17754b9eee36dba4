/* SPDX-License-Identifier: MIT */
/* Any bytes as a safetensors file: an error, or tensors that can be read and found by name. */
#include <stdint.h>
#include <stdlib.h>

#include "weights/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
elements(const rrn_safetensor *t)
{
  size_t n = 1;
  int32_t d;

  for (d = 0; d < t->shape.rank; d++)
    n *= (size_t)t->shape.dims[d];
  return n;
}

static void
read_all(const rrn_safetensors *f)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  size_t i;

  for (i = 0; i < f->n; i++) {
    const size_t n = elements(&f->tensors[i]);
    float *values = n < 1 << 24 ? malloc((n + 1) * sizeof(*values)) : NULL;

    if (rrn_safetensors_find(f, f->tensors[i].name) != &f->tensors[i])
      abort();
    if (values && rrn_safetensors_read(f, &f->tensors[i], 0, n, values, &err) < 0 && err.message[0] == '\0')
      abort();
    free(values);
  }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_safetensors *f = NULL;
  const int32_t status = rrn_safetensors_parse(data, size, "fuzz.safetensors", NULL, &f, &err);

  if ((status < 0) != (f == NULL) || (status < 0 && (err.code != status || err.message[0] == '\0')))
    abort();
  if (f)
    read_all(f);
  rrn_safetensors_free(f);
  return 0;
}
