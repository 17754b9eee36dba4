/* SPDX-License-Identifier: MIT */
/* The public functions of networks: arguments are checked here, the work is done in lib/net. */
#include <stdio.h>
#include <string.h>

#include "net/build.h"
#include "net/import.h"
#include "util/file.h"
#include "util/options.h"
#include "util/text.h"
#include "util/yaml.h"

#define MAX_ONNX_BYTES (UINT64_C(1) << 40)

static int32_t
read_options(rramnas_net_options *ret_options, const rramnas_net_options *options, rramnas_error *reterr)
{
  size_t i;

  RRN_TRY(rrn_options_read(ret_options, sizeof(*ret_options), options, "rramnas_net_options", reterr));
  RRN_FAIL_IF(ret_options->n_binds && !ret_options->binds, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_net_options: n_binds is %zu, binds is NULL", ret_options->n_binds);
  RRN_FAIL_IF(ret_options->n_binds > RRN_MOST_BINDS, reterr, RRAMNAS_ERR_LIMIT,
              "rramnas_net_options: %zu binds, at most %d are taken", ret_options->n_binds, RRN_MOST_BINDS);
  for (i = 0; i < ret_options->n_binds; i++) {
    const rramnas_bind *bind = &ret_options->binds[i];

    RRN_FAIL_IF(!bind->name, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_net_options: bind %zu has no name", i);
    RRN_FAIL_IF(bind->value < 1 || bind->value > INT32_MAX, reterr, RRAMNAS_ERR_RANGE,
                "bind \"%.100s\" is %lld, expected 1..2147483647", bind->name, (long long)bind->value);
  }
  RRN_FAIL_IF(ret_options->format < RRAMNAS_NET_FORMAT_AUTO || ret_options->format > RRAMNAS_NET_FORMAT_ONNX, reterr,
              RRAMNAS_ERR_ARGUMENT, "rramnas_net_options: format is %d, expected enum rramnas_net_format",
              (int)ret_options->format);
  return RRAMNAS_OK;
}

static int32_t
import(const void *data, size_t size, const char *name, const rramnas_net_options *options,
       const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *reterr)
{
  rrn_binds binds = { options->binds, options->n_binds, 0 };
  rramnas_net *net = NULL;
  size_t i;

  if (options->format == RRAMNAS_NET_FORMAT_ONNX)
    RRN_TRY(rrn_net_import_onnx(data, size, name, &binds, runtime, &net, reterr));
  else
    RRN_TRY(rrn_net_import_yaml(data, size, name, &binds, runtime, &net, reterr));
  /* A mistyped name must not end in the default value of another. */
  for (i = 0; i < binds.n; i++)
    if (!(binds.used >> i & 1)) {
      rramnas_net_unref(net);
      return rrn_fail(reterr, RRAMNAS_ERR_NOT_FOUND, "%s: no dimension is called \"%.100s\", which was bound to %lld",
                      name, binds.binds[i].name, (long long)binds.binds[i].value);
    }
  *ret_net = net;
  return RRAMNAS_OK;
}

int32_t
rramnas_net_load_file(const char *path, const rramnas_net_options *options, const rramnas_runtime *runtime,
                      rramnas_net **ret_net, rramnas_error *reterr)
{
  rramnas_net_options o;
  rrn_file file;
  int32_t status;

  RRN_FAIL_IF(!path || !ret_net, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_net_load_file: path or ret_net is NULL");
  RRN_TRY(read_options(&o, options, reterr));
  if (o.format == RRAMNAS_NET_FORMAT_AUTO)
    o.format = rrn_equal_nocase(rrn_path_extension(path), ".onnx") ? RRAMNAS_NET_FORMAT_ONNX : RRAMNAS_NET_FORMAT_YAML;
  RRN_TRY(rrn_file_open(&file, path, o.format == RRAMNAS_NET_FORMAT_ONNX ? MAX_ONNX_BYTES : RRN_YAML_MAX_BYTES, reterr));
  status = import(file.data, file.size, path, &o, runtime, ret_net, reterr);
  rrn_file_close(&file);
  return status;
}

int32_t
rramnas_net_load_buffer(const void *data, size_t size, const char *name, const rramnas_net_options *options,
                        const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *reterr)
{
  rramnas_net_options o;

  RRN_FAIL_IF((!data && size) || !ret_net, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_net_load_buffer: data or ret_net is NULL");
  RRN_TRY(read_options(&o, options, reterr));
  RRN_FAIL_IF(o.format == RRAMNAS_NET_FORMAT_AUTO, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_net_load_buffer: options.format is AUTO; a buffer has no extension to go by");
  return import(data ? data : "", size, name ? name : "network", &o, runtime, ret_net, reterr);
}

int32_t
rramnas_net_create_ofa_mobilenet_v3_small(const int32_t *kernel_sizes, const int32_t *expansions,
                                          const int32_t *depths, const rramnas_runtime *runtime,
                                          rramnas_net **ret_net, rramnas_error *reterr)
{
  RRN_FAIL_IF(!kernel_sizes || !expansions || !depths || !ret_net, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_net_create_ofa_mobilenet_v3_small: an array or ret_net is NULL");
  return rrn_net_ofa(kernel_sizes, expansions, depths, runtime, ret_net, reterr);
}

int32_t
rramnas_net_create_ofa_from_genome(const char *data, size_t size, const char *name, const rramnas_runtime *runtime,
                                   rramnas_net **ret_net, rramnas_error *reterr)
{
  RRN_FAIL_IF((!data && size) || !ret_net, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_net_create_ofa_from_genome: data or ret_net is NULL");
  return rrn_net_ofa_genome(data ? data : "", size, name ? name : "genome", runtime, ret_net, reterr);
}

static int32_t
check_name(const char *what, const char *name, rramnas_error *reterr)
{
  RRN_FAIL_IF(!*name || !rrn_utf8_valid(name, strlen(name)), reterr, RRAMNAS_ERR_ARGUMENT,
              "the name of the %s is empty or not UTF-8", what);
  return RRAMNAS_OK;
}

int32_t
rramnas_net_create(const char *name, const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *reterr)
{
  RRN_FAIL_IF(!ret_net, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_net_create: ret_net is NULL");
  if (!name)
    name = "network";
  RRN_TRY(check_name("network", name, reterr));
  return rrn_net_new(name, runtime, ret_net, reterr);
}

int32_t
rramnas_net_add_input(rramnas_net *net, const char *name, const int64_t *shape, int32_t rank, int32_t *ret_tensor,
                      rramnas_error *reterr)
{
  RRN_FAIL_IF(!net || !name || !ret_tensor || (rank > 0 && !shape), reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_net_add_input: net, name, shape or ret_tensor is NULL");
  RRN_TRY(check_name("input", name, reterr));
  return rrn_net_add_tensor(net, RRN_TENSOR_ACTIVATION, name, shape, rank, ret_tensor, reterr);
}

/* Operators whose shape needs more than rramnas_node says. */
static int32_t
check_buildable(int32_t op, rramnas_error *reterr)
{
  switch (op) {
  case RRAMNAS_OP_SLICE:
  case RRAMNAS_OP_GATHER:
  case RRAMNAS_OP_SPLIT:
  case RRAMNAS_OP_PAD:
  case RRAMNAS_OP_RESIZE:
  case RRAMNAS_OP_WHERE:
  case RRAMNAS_OP_DATA_MOVE:
    return rrn_fail(reterr, RRAMNAS_ERR_UNSUPPORTED, "%s cannot be built node by node, only read from a file",
                    rramnas_op_name(op));
  default:
    break;
  }
  RRN_FAIL_IF(strcmp(rramnas_op_name(op), "unknown") == 0, reterr, RRAMNAS_ERR_ARGUMENT,
              "op is %d, expected enum rramnas_op", (int)op);
  return RRAMNAS_OK;
}

static int32_t
check_node(const rramnas_net *net, const rramnas_node *node, rramnas_error *reterr)
{
  int32_t i;

  RRN_TRY(check_buildable(node->op, reterr));
  RRN_FAIL_IF(node->n_inputs < 0 || (node->n_inputs && !node->inputs), reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_node: n_inputs is %d, inputs is %s", (int)node->n_inputs, node->inputs ? "given" : "NULL");
  for (i = 0; i < node->n_inputs; i++)
    RRN_FAIL_IF(node->inputs[i] < 0 || (size_t)node->inputs[i] >= net->n_tensors, reterr, RRAMNAS_ERR_ARGUMENT,
                "rramnas_node: input %d is tensor %d, the network has %zu", (int)i, (int)node->inputs[i],
                net->n_tensors);
  RRN_FAIL_IF(node->n_dims < 0 || node->n_dims > RRAMNAS_MAX_RANK, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_node: n_dims is %d, expected 0..%d", (int)node->n_dims, RRAMNAS_MAX_RANK);
  return node->name ? check_name("node", node->name, reterr) : RRAMNAS_OK;
}

static void
copy_attributes(const rramnas_node *node, rrn_build *b)
{
  rrn_attrs *a = &b->attrs;
  int i;

  for (i = 0; i < RRAMNAS_MAX_SPATIAL; i++) {
    a->kernel[i] = node->kernel[i] ? node->kernel[i] : a->kernel[i];
    a->stride[i] = node->stride[i] ? node->stride[i] : a->stride[i];
    a->dilation[i] = node->dilation[i] ? node->dilation[i] : a->dilation[i];
  }
  memcpy(a->pad, node->pad, sizeof(a->pad));
  a->groups = node->groups ? node->groups : a->groups;
  memcpy(a->dims, node->dims, sizeof(a->dims));
  a->n_dims = node->n_dims;
  a->axis = node->axis;
  a->keep_dims = node->keep_dims != 0;
  a->ceil_mode = node->ceil_mode != 0;
  b->out_channels = node->out_channels;
  b->no_bias = node->no_bias;
}

int32_t
rramnas_net_add_node(rramnas_net *net, const rramnas_node *node, int32_t *ret_tensor, rramnas_error *reterr)
{
  rramnas_node n;
  rrn_build b;
  char name[64];

  RRN_FAIL_IF(!net || !node || !ret_tensor, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_net_add_node: net, node or ret_tensor is NULL");
  RRN_TRY(rrn_options_read(&n, sizeof(n), node, "rramnas_node", reterr));
  RRN_TRY(check_node(net, &n, reterr));
  rrn_build_init(&b, n.op);
  copy_attributes(&n, &b);
  snprintf(name, sizeof(name), "%s_%zu", rramnas_op_name(n.op), net->n_nodes);
  b.name = n.name ? n.name : name;
  b.inputs = n.inputs;
  b.n_inputs = n.n_inputs;
  return rrn_net_build(net, &b, ret_tensor, reterr);
}

int32_t
rramnas_net_finish(rramnas_net *net, rramnas_error *reterr)
{
  RRN_FAIL_IF(!net, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_net_finish: net is NULL");
  return rrn_net_finish(net, reterr);
}

int32_t
rramnas_net_tensor_shape(const rramnas_net *net, int32_t tensor, int64_t *ret_shape, int32_t *ret_rank)
{
  const rrn_tensor *t;

  if (!net || !ret_shape || !ret_rank || tensor < 0 || (size_t)tensor >= net->n_tensors)
    return RRAMNAS_ERR_ARGUMENT;
  t = &net->tensors[tensor];
  memcpy(ret_shape, t->dims, sizeof(t->dims));
  *ret_rank = t->rank;
  return RRAMNAS_OK;
}

const char *
rramnas_net_name(const rramnas_net *net)
{
  return net ? net->name : NULL;
}

size_t
rramnas_net_layer_count(const rramnas_net *net)
{
  return net && net->finished ? net->n_layers : 0;
}

int32_t
rramnas_net_layer(const rramnas_net *net, size_t index, rramnas_layer *ret_layer)
{
  if (index >= rramnas_net_layer_count(net))
    return RRAMNAS_ERR_ARGUMENT;
  return rrn_result_write(ret_layer, &net->layers[index], sizeof(*net->layers), "rramnas_layer", NULL);
}

int32_t
rramnas_net_write_yaml(const rramnas_net *net, rramnas_write_fn write, void *user, rramnas_error *reterr)
{
  rrn_writer w;

  RRN_FAIL_IF(!net || !write, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_net_write_yaml: net or write is NULL");
  RRN_FAIL_IF(!net->finished, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_net_write_yaml: the network is not finished");
  rrn_writer_init(&w, write, user);
  RRN_TRY(rrn_net_export_yaml(net, &w, reterr));
  return rrn_writer_finish(&w, reterr);
}
