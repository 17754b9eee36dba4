/* SPDX-License-Identifier: MIT */
/* Any bytes as a YAML network: an error that explains itself, or a network that survives writing and reading. */
#include <stdint.h>
#include <stdlib.h>

#include "capture.h"
#include "net/import.h"
#include "net_equal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static rramnas_net *
read_network(const char *data, size_t size, rramnas_error *err)
{
  const rramnas_bind height = { "height", 16 };
  rrn_binds binds = { &height, 1, 0 };
  rramnas_net *net = NULL;
  int32_t status;

  status = rrn_net_import_yaml(data, size, "fuzz.yaml", &binds, NULL, &net, err);
  if ((status < 0) != (net == NULL) || (status < 0 && (err->code != status || err->message[0] == '\0')))
    abort();
  return net;
}

/* The same bytes as a genome. */
static void
read_genome(const char *data, size_t size)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;

  if (rramnas_net_create_ofa_from_genome(data, size, "fuzz.json", NULL, &net, &err) < 0 && !err.message[0])
    abort();
  rramnas_net_unref(net);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = read_network((const char *)data, size, &err), *back;
  capture text = { 0 };

  read_genome((const char *)data, size);
  if (!net)
    return 0;
  if (rramnas_net_write_yaml(net, capture_write, &text, NULL) < 0)
    abort();
  back = read_network(text.text, text.length, &err);
  /* The long form may exceed a limit that the short one kept. */
  if (!back && err.code != RRAMNAS_ERR_LIMIT) {
    fprintf(stderr, "%s\n%s\n", err.message, text.text);
    abort();
  }
  if (back && !net_equal(net, back)) {
    fprintf(stderr, "%s\n", text.text);
    abort();
  }
  rramnas_net_unref(back);
  rramnas_net_unref(net);
  capture_free(&text);
  return 0;
}
