/* SPDX-License-Identifier: MIT */
/* The graph of a 46.7 MB ONNX file with its weights inside (the size of ResNet-18), against reading the file's bytes
 * once from memory: a reader that copied or checked the weights could not be faster than that. */
#include "bench.h"
#include "onnx_write.h"
#include "rramnas/rramnas.h"

enum { LAYERS = 20, CHANNELS = 255 };

static volatile uint64_t sink;

static void
read_once(void *user)
{
  const onnx_bytes *b = user;
  uint64_t sum = 0, word;
  size_t i;

  for (i = 0; i + sizeof(word) <= b->n; i += sizeof(word)) {
    memcpy(&word, b->data + i, sizeof(word));
    sum += word;
  }
  sink = sum;
}

static void
import(void *user)
{
  const onnx_bytes *b = user;
  rramnas_net_options o = RRAMNAS_NET_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;

  o.format = RRAMNAS_NET_FORMAT_ONNX;
  if (rramnas_net_load_buffer(b->data, b->n, "chain.onnx", &o, NULL, &net, &err) < 0 ||
      rramnas_net_layer_count(net) != LAYERS) {
    fprintf(stderr, "%s\n", err.message);
    exit(1);
  }
  rramnas_net_unref(net);
}

int
main(void)
{
  onnx_bytes b = onnx_chain(LAYERS, CHANNELS);
  bench_row bound, ours;

  printf("file of %.1f MB\n", (double)b.n / 1e6);
  bound = bench_run("read every byte once", read_once, &b, 1);
  ours = bench_run("import the graph", import, &b, 1);
  printf("memory bandwidth %.1f GB/s\n", (double)b.n / bound.min_s / 1e9);
  bench_ratio("import", &bound, &ours);
  free(b.data);
  return 0;
}
