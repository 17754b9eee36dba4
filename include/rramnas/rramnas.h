/* SPDX-License-Identifier: MIT */
/**
 * @file rramnas.h
 * @brief librramnas: neural networks on resistive-memory compute-in-memory chips.
 *
 * The library answers, for a network and a chip made of RRAM crossbars: does it fit, where does
 * each weight go, what does it cost, and which network or chip would be better. Four handles carry a
 * job from file to result:
 *
 *  - @ref rramnas_hw       what the chip is: crossbar size, cells, converters, number of crossbars;
 *  - @ref rramnas_net      what the network is: a graph with shapes;
 *  - @ref rramnas_mapping  where each weight of each copy sits; it can be timed, costed, drawn and reported;
 *  - @ref rramnas_search   what is free and what is wanted: networks and chips to a Pareto front.
 *
 * The whole job in one piece (each call returns a status; see "Errors"):
 *
 * @code
 *   rramnas_hw *hw = NULL;
 *   rramnas_net *net = NULL;
 *   rramnas_mapping *map = NULL;
 *   rramnas_error err = RRAMNAS_ERROR_INIT;
 *   rramnas_compile_options opt = RRAMNAS_COMPILE_OPTIONS_INIT;
 *   rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
 *   rramnas_timing t = RRAMNAS_TIMING_INIT;
 *
 *   opt.crossbars = 210;
 *   how.samples = 8;
 *   if (rramnas_hw_create_default(NULL, &hw, &err) < 0 ||
 *       rramnas_net_load_file("net.onnx", NULL, NULL, &net, &err) < 0 ||
 *       rramnas_compile(hw, net, &opt, NULL, &map, &err) < 0 ||
 *       rramnas_mapping_simulate(map, &how, &t, &err) < 0)
 *     fprintf(stderr, "%s\n", err.message);
 *   else
 *     printf("8 inferences take %.0f ns\n", t.latency_ns);
 *   rramnas_mapping_unref(map);
 *   rramnas_net_unref(net);
 *   rramnas_hw_unref(hw);
 * @endcode
 *
 * Units stand in the names: `_ns`, `_um2`, `_pj`. A crossbar has rows (wordlines, inputs) and
 * columns (bitlines, outputs).
 *
 * Ownership: a handle is born with one reference; `_ref` adds one, `_unref` takes one and accepts
 * NULL. Strings returned by a handle live as long as the handle.
 *
 * Threads: `hw`, `net` (once finished) and `mapping` never change after creation, so any number of
 * threads may use one at the same time. Reference counts are atomic. The library has no global
 * mutable state, prints nothing and never ends the process.
 *
 * Errors: functions that can fail return int32_t, RRAMNAS_OK or a negative RRAMNAS_ERR_ code; a
 * positive value is success with a remark. A failing call leaves every `ret_` argument as it was
 * and explains itself in the caller's rramnas_error (NULL allowed).
 *
 * Structs: the first field is the size of the struct as the caller knows it, also in structs that the
 * library fills (start from the `_INIT` macro). In option structs, 0 in any other field means the default
 * written beside it. Fields are only ever added at the end.
 *
 * Determinism: equal inputs, options and seed give equal results, to the byte, on any machine, at
 * any thread count and in any locale.
 */
#ifndef RRAMNAS_H
#define RRAMNAS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @defgroup version Version
 * @{ */

#define RRAMNAS_VERSION_MAJOR 0
#define RRAMNAS_VERSION_MINOR 1
#define RRAMNAS_VERSION_PATCH 0
/** Number in the soname: librramnas.so.RRAMNAS_VERSION_ABI. Changes only when the ABI breaks. */
#define RRAMNAS_VERSION_ABI 0

#ifndef RRAMNAS_EXPORT
#if defined(__GNUC__)
#define RRAMNAS_EXPORT __attribute__((visibility("default")))
#else
#define RRAMNAS_EXPORT
#endif
#endif

/** Version of the library that is running, as text ("0.1.0"). Static storage. @since 0.1 */
RRAMNAS_EXPORT const char *
rramnas_version(void);

/** ABI number of the library that is running: compare with RRAMNAS_VERSION_ABI. @since 0.1 */
RRAMNAS_EXPORT int32_t
rramnas_version_abi(void);

/** What a build can do; see rramnas_feature_supported(). */
enum rramnas_feature {
  RRAMNAS_FEATURE_ONNX = 1,       /**< reads ONNX files */
  RRAMNAS_FEATURE_MNSIM_INI = 2,  /**< reads MNSIM 2.0's SimConfig.ini */
  RRAMNAS_FEATURE_POLICY_RNC = 3, /**< policies isaac, rnc and rnc-published */
  RRAMNAS_FEATURE_COST = 4,       /**< energy, area and power of a mapping, cost model rramnas */
  RRAMNAS_FEATURE_SEARCH = 5,     /**< search sessions */
  RRAMNAS_FEATURE_CACHE = 6,      /**< figures kept in an SQLite file */
};

/** 1 when this build has the feature (enum rramnas_feature), 0 when not or unknown. @since 0.1 */
RRAMNAS_EXPORT int32_t
rramnas_feature_supported(int32_t feature);

/** @} @defgroup status Status, errors, runtime
 * @{ */

/** Status of a call. doc/errors.yaml has meaning, example and cure of each; codes never change. */
enum rramnas_status {
  RRAMNAS_OK = 0,
  RRAMNAS_STOPPED = 1,            /**< a callback asked to stop; what is done so far is valid */
  RRAMNAS_ERR_ARGUMENT = -1,      /**< an argument of the call is outside of its contract */
  RRAMNAS_ERR_MEMORY = -2,        /**< an allocation failed */
  RRAMNAS_ERR_IO = -3,            /**< a file cannot be opened, read or written */
  RRAMNAS_ERR_PARSE = -4,         /**< a file is not well-formed */
  RRAMNAS_ERR_RANGE = -5,         /**< a value is outside of its range */
  RRAMNAS_ERR_UNSUPPORTED = -6,   /**< well-formed, but not something this version handles */
  RRAMNAS_ERR_SHAPE = -7,         /**< tensor shapes or the graph do not agree */
  RRAMNAS_ERR_LIMIT = -8,         /**< input exceeds a documented limit (size, depth, count) */
  RRAMNAS_ERR_DOES_NOT_FIT = -9,  /**< the network needs more crossbars than there are */
  RRAMNAS_ERR_CALLBACK = -10,     /**< a callback of the caller reported failure */
  RRAMNAS_ERR_NOT_FOUND = -11,    /**< no field, node or built-in of that name */
};

/** Short name of a status, e.g. "RRAMNAS_ERR_PARSE"; "unknown" for others. Static. @since 0.1 */
RRAMNAS_EXPORT const char *
rramnas_status_name(int32_t status);

/** Details of a failure, owned by the caller; written only by a failing call. */
typedef struct rramnas_error {
  size_t size;          /**< sizeof(rramnas_error) as the caller knows it */
  int32_t code;         /**< the status that the call returned */
  int32_t line;         /**< line in the file, from 1; 0 when it does not apply */
  int32_t column;       /**< column, from 1; 0 when it does not apply */
  int32_t reserved;     /**< 0 */
  int64_t offset;       /**< byte offset in a binary file, from 0; -1 when it does not apply */
  char message[1024];   /**< UTF-8, zero-terminated: where, what was read, what was expected */
} rramnas_error;

#define RRAMNAS_ERROR_INIT { sizeof(rramnas_error), 0, 0, 0, 0, -1, { 0 } }

/** Levels of a log message. */
enum rramnas_log_level {
  RRAMNAS_LOG_ERROR = 1,
  RRAMNAS_LOG_WARNING = 2,
  RRAMNAS_LOG_INFO = 3,
  RRAMNAS_LOG_DEBUG = 4,
};

/**
 * What a handle asks of its host: memory, log, threads. Copied when a handle is created.
 *
 * `alloc(user, size)`, `realloc(user, pointer, size)` and `free(user, pointer)` are given together
 * or not at all (NULL = malloc, realloc, free). They may be called from any thread that uses the
 * handle. Only libyaml, while it reads a YAML text, xxHash's state and SQLite, for a cache file, take their memory from
 * malloc. `log` receives finished UTF-8 messages on the calling thread.
 */
typedef struct rramnas_runtime {
  size_t size;                                                          /**< sizeof(rramnas_runtime) */
  void *(*alloc)(void *alloc_user, size_t size);                        /**< default malloc */
  void *(*realloc)(void *alloc_user, void *pointer, size_t size);       /**< default realloc */
  void (*free)(void *alloc_user, void *pointer);                        /**< default free */
  void *alloc_user;                                                     /**< first argument of the three */
  void (*log)(void *log_user, int32_t level, const char *message);      /**< default: silence */
  void *log_user;                                                       /**< first argument of log */
  int32_t log_level;                                                    /**< most verbose level wanted; default
                                                                      RRAMNAS_LOG_WARNING */
  int32_t n_threads;                                                    /**< default 0: all cores */
} rramnas_runtime;

#define RRAMNAS_RUNTIME_INIT { sizeof(rramnas_runtime), NULL, NULL, NULL, NULL, NULL, NULL, 0, 0 }

/**
 * Receives text that the library produces, piece by piece, in order, on the calling thread.
 * `data` has `length` bytes and is not zero-terminated. Return 0 to go on, anything else to end
 * the call with RRAMNAS_ERR_CALLBACK.
 */
typedef int32_t (*rramnas_write_fn)(void *user, const char *data, size_t length);

/** @} @defgroup hw Hardware spec
 * @{ */

/** A chip: immutable, reference-counted. Fields, units and ranges: doc/hardware.md. */
typedef struct rramnas_hw rramnas_hw;

/** File formats of a hardware spec. */
enum rramnas_hw_format {
  RRAMNAS_HW_FORMAT_AUTO = 0, /**< by extension (.ini), else YAML */
  RRAMNAS_HW_FORMAT_YAML = 1,
  RRAMNAS_HW_FORMAT_MNSIM_INI = 2, /**< MNSIM 2.0 SimConfig.ini; ignored and unknown keys become warnings */
};

/** The documented default edge chip (every field at its default). @since 0.1 */
RRAMNAS_EXPORT int32_t
rramnas_hw_create_default(const rramnas_runtime *runtime, rramnas_hw **ret_hw, rramnas_error *reterr);

/**
 * Reads a hardware spec.
 * @param path    UTF-8 path of a YAML spec or a SimConfig.ini, at most 1 MiB
 * @param format  enum rramnas_hw_format
 * @return RRAMNAS_OK, ERR_ARGUMENT, ERR_IO, ERR_PARSE, ERR_RANGE, ERR_UNSUPPORTED (another schema), ERR_LIMIT,
 *         ERR_NOT_FOUND (it names no preset), ERR_MEMORY; line and column are set
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_hw_load_file(const char *path, int32_t format, const rramnas_runtime *runtime,
                     rramnas_hw **ret_hw, rramnas_error *reterr);

/**
 * Like rramnas_hw_load_file(), from memory.
 * @param data    array of length [size], the file's bytes; not kept
 * @param name    how messages call the text, e.g. its path; its extension serves FORMAT_AUTO; NULL = "hardware"
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_hw_load_buffer(const char *data, size_t size, const char *name, int32_t format,
                       const rramnas_runtime *runtime, rramnas_hw **ret_hw, rramnas_error *reterr);

/** Kinds of presets. */
enum rramnas_preset_kind {
  RRAMNAS_PRESET_CHIP = 1,   /**< a whole chip; in YAML `preset: NAME` */
  RRAMNAS_PRESET_DEVICE = 2, /**< cells only; in YAML `device: {preset: NAME}` */
};

/** A published chip or device that is built into the library. */
typedef struct rramnas_preset {
  size_t size;        /**< sizeof(rramnas_preset) */
  const char *name;   /**< "isaac_isca_2016" */
  const char *title;  /**< one line */
  const char *source; /**< the publication */
  const char *yaml;   /**< its text: values, and for each one where it comes from and whether the source states it */
  int32_t kind;       /**< enum rramnas_preset_kind */
  int32_t reserved;   /**< 0 */
} rramnas_preset;

#define RRAMNAS_PRESET_INIT { sizeof(rramnas_preset), NULL, NULL, NULL, NULL, 0, 0 }

/** Number of presets. @since 0.1 */
RRAMNAS_EXPORT size_t
rramnas_preset_count(void);

/** Describes preset `index` in [0, rramnas_preset_count()): chips, then devices, by name. ERR_ARGUMENT outside.
 * @since 0.1 */
RRAMNAS_EXPORT int32_t
rramnas_preset_info(size_t index, rramnas_preset *ret_preset);

/**
 * A chip from a preset; of a device preset, the default chip with these cells. Fields that the preset leaves
 * out have their defaults.
 * @param name  of a chip or device preset; where a spec names one, see doc/hardware.md
 * @return RRAMNAS_OK, ERR_ARGUMENT, ERR_NOT_FOUND (the message has names like it), ERR_MEMORY
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_hw_create_preset(const char *name, const rramnas_runtime *runtime, rramnas_hw **ret_hw,
                         rramnas_error *reterr);

/**
 * A copy of `hw` with one field changed, without its warnings; the result is validated like a file.
 * @param field  dotted name, e.g. "crossbar.rows"
 * @param value  as it would stand in the YAML, e.g. "256"
 * @return RRAMNAS_OK, ERR_ARGUMENT, ERR_NOT_FOUND, ERR_RANGE, ERR_MEMORY
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_hw_with_value(const rramnas_hw *hw, const char *field, const char *value, rramnas_hw **ret_hw,
                      rramnas_error *reterr);

/** Adds a reference; returns `hw`. @since 0.1 */
RRAMNAS_EXPORT rramnas_hw *
rramnas_hw_ref(rramnas_hw *hw);

/** Takes a reference; NULL is allowed. @since 0.1 */
RRAMNAS_EXPORT void
rramnas_hw_unref(rramnas_hw *hw);

/** Kinds of a hardware field. */
enum rramnas_field_type {
  RRAMNAS_FIELD_INTEGER = 1,
  RRAMNAS_FIELD_REAL = 2,
  RRAMNAS_FIELD_CHOICE = 3, /**< one word of a list */
  RRAMNAS_FIELD_TEXT = 4,
  RRAMNAS_FIELD_LIST = 5, /**< numbers in [ ], each within min and max; the canonical YAML has them */
};

/** One row of the table that drives parsing, checking, writing and documenting hardware specs. */
typedef struct rramnas_hw_field {
  size_t size;               /**< sizeof(rramnas_hw_field) */
  const char *name;          /**< dotted: "adc.bits" */
  const char *unit;          /**< "ns", "um2", "1" for counts, "" for words */
  const char *default_text;  /**< default, as it would stand in the YAML */
  const char *choices;       /**< "a|b|c" for choices, else "" */
  const char *doc;           /**< one sentence */
  const char *source;        /**< where the default comes from */
  const char *since;         /**< version that introduced it */
  double min, max;           /**< inclusive range of numbers; 0, 0 for words */
  int32_t type;              /**< enum rramnas_field_type */
  int32_t reserved;          /**< 0 */
} rramnas_hw_field;

#define RRAMNAS_HW_FIELD_INIT { sizeof(rramnas_hw_field), NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0 }

/** Number of hardware fields. @since 0.1 */
RRAMNAS_EXPORT size_t
rramnas_hw_field_count(void);

/** Describes field `index` in [0, rramnas_hw_field_count()). ERR_ARGUMENT outside. @since 0.1 */
RRAMNAS_EXPORT int32_t
rramnas_hw_field_info(size_t index, rramnas_hw_field *ret_field);

/** Value of a numeric field, in its unit. ERR_NOT_FOUND for no such number. @since 0.1 */
RRAMNAS_EXPORT int32_t
rramnas_hw_get_number(const rramnas_hw *hw, const char *field, double *ret_value);

/** Value of a choice or text field. ERR_NOT_FOUND for no such word. @since 0.1 */
RRAMNAS_EXPORT int32_t
rramnas_hw_get_text(const rramnas_hw *hw, const char *field, const char **ret_value);

/** Writes the canonical YAML: every field, fixed order, independent of how `hw` was made. @since 0.1 */
RRAMNAS_EXPORT int32_t
rramnas_hw_write_yaml(const rramnas_hw *hw, rramnas_write_fn write, void *user, rramnas_error *reterr);

/**
 * XXH3-128 of the canonical YAML without its name line, in canonical (big-endian) byte order: specs with
 * equal fields have equal fingerprints, whatever they are called and however they were made.
 * @param ret_digest  array of length [16]
 * @since 0.1
 */
RRAMNAS_EXPORT void
rramnas_hw_fingerprint(const rramnas_hw *hw, uint8_t *ret_digest);

/** Number of warnings that reading the spec gave (unknown or ignored keys). @since 0.1 */
RRAMNAS_EXPORT size_t
rramnas_hw_warning_count(const rramnas_hw *hw);

/** Warning `index` as "file:line: text", NULL outside of the range. @since 0.1 */
RRAMNAS_EXPORT const char *
rramnas_hw_warning(const rramnas_hw *hw, size_t index);

/** Where the time of one activation of a box goes. */
typedef struct rramnas_mvm_latency {
  size_t size;                /**< sizeof(rramnas_mvm_latency) */
  double total_ns;            /**< sum of the parts */
  double crossbar_ns;         /**< array reads */
  double dac_ns;
  double adc_ns;
  double input_register_ns;
  double shift_register_ns;
  double input_demux_ns;
  double adder_tree_ns;
  double output_mux_ns;
  double output_register_ns;
} rramnas_mvm_latency;

#define RRAMNAS_MVM_LATENCY_INIT { sizeof(rramnas_mvm_latency), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Latency of one matrix-vector multiplication (MVM) on a box of cells.
 * @param rows        driven wordlines, 1..2^40; more than the crossbar has are driven in further passes
 * @param cols        read bitlines, unit columns included, 1..2^40, likewise
 * @param input_bits  bits of the input vector, 1..64; 0 = the spec's
 * @return RRAMNAS_OK, ERR_ARGUMENT, ERR_RANGE
 * Source: the processing-element model of MNSIM 2.0 as RNC uses it (doc/hardware.md).
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_hw_mvm_latency(const rramnas_hw *hw, int64_t rows, int64_t cols, int32_t input_bits,
                       rramnas_mvm_latency *ret_latency, rramnas_error *reterr);

/** @} @defgroup net Network graph
 * @{ */

/** A network: a directed acyclic graph of operators on tensors. Immutable once finished. */
typedef struct rramnas_net rramnas_net;

/** Most dimensions of a tensor, most spatial dimensions of a convolution. */
#define RRAMNAS_MAX_RANK 8
#define RRAMNAS_MAX_SPATIAL 3

/** Operators of the graph. doc/networks.md says what each does and how ONNX operators map to them. */
enum rramnas_op {
  /* Mapped to crossbars when the weight is constant. */
  RRAMNAS_OP_CONV = 1,   /**< x[n][c][spatial], w[out][in/groups][kernel] */
  RRAMNAS_OP_GEMM = 2,   /**< x[n][in], w[out][in] */
  RRAMNAS_OP_MATMUL = 3, /**< x[...][k], w[k][out] */
  /* Digital. */
  RRAMNAS_OP_BATCH_NORM = 10,
  RRAMNAS_OP_LAYER_NORM = 11,
  RRAMNAS_OP_RELU = 20,
  RRAMNAS_OP_CLIP = 21, /**< ReLU6 is clip to [0, 6] */
  RRAMNAS_OP_SIGMOID = 22,
  RRAMNAS_OP_HARD_SIGMOID = 23,
  RRAMNAS_OP_HARD_SWISH = 24,
  RRAMNAS_OP_TANH = 25,
  RRAMNAS_OP_GELU = 26,
  RRAMNAS_OP_SOFTMAX = 27,
  RRAMNAS_OP_ELEMENTWISE = 28, /**< any other unary function: Erf, Sqrt, Exp, LeakyRelu, ... */
  RRAMNAS_OP_ADD = 40,
  RRAMNAS_OP_SUB = 41,
  RRAMNAS_OP_MUL = 42,
  RRAMNAS_OP_DIV = 43,
  RRAMNAS_OP_POW = 44,
  RRAMNAS_OP_COMPARE = 45, /**< Equal, Less, And, ...: elementwise with broadcast */
  RRAMNAS_OP_WHERE = 46,
  RRAMNAS_OP_MAX_POOL = 60,
  RRAMNAS_OP_AVERAGE_POOL = 61,
  RRAMNAS_OP_GLOBAL_AVERAGE_POOL = 62,
  RRAMNAS_OP_GLOBAL_MAX_POOL = 63,
  RRAMNAS_OP_REDUCE = 64, /**< mean, sum, max ... over axes */
  RRAMNAS_OP_CONCAT = 80,
  RRAMNAS_OP_FLATTEN = 81,
  RRAMNAS_OP_RESHAPE = 82,
  RRAMNAS_OP_TRANSPOSE = 83,
  RRAMNAS_OP_SLICE = 84,
  RRAMNAS_OP_GATHER = 85,
  RRAMNAS_OP_SPLIT = 86,
  RRAMNAS_OP_PAD = 87,
  RRAMNAS_OP_SQUEEZE = 88,
  RRAMNAS_OP_UNSQUEEZE = 89,
  RRAMNAS_OP_EXPAND = 90,
  RRAMNAS_OP_RESIZE = 91,
  RRAMNAS_OP_IDENTITY = 92, /**< Identity, Cast, Dropout at inference, quantise and dequantise */
  RRAMNAS_OP_DATA_MOVE = 93, /**< output has the shape of the first input: ScatterND */
};

/** Name of an operator ("Conv"), in ONNX's spelling where there is one; "unknown" otherwise. @since 0.1 */
RRAMNAS_EXPORT const char *
rramnas_op_name(int32_t op);

/** File formats of a network. */
enum rramnas_net_format {
  RRAMNAS_NET_FORMAT_AUTO = 0, /**< by extension: .onnx, else YAML */
  RRAMNAS_NET_FORMAT_YAML = 1,
  RRAMNAS_NET_FORMAT_ONNX = 2,
};

/** A value for a symbolic dimension. */
typedef struct rramnas_bind {
  const char *name; /**< e.g. "batch" */
  int64_t value;    /**< >= 1 */
} rramnas_bind;

/** How to read a network. */
typedef struct rramnas_net_options {
  size_t size;               /**< sizeof(rramnas_net_options) */
  const rramnas_bind *binds; /**< array of length [n_binds]; default: "batch", "batch_size", "N" are 1, any other symbol
                                  is an error, and so is a bind that no dimension asks for; at most 64 */
  size_t n_binds;
  int32_t format;            /**< enum rramnas_net_format; default by extension */
  int32_t reserved;          /**< 0 */
} rramnas_net_options;

#define RRAMNAS_NET_OPTIONS_INIT { sizeof(rramnas_net_options), NULL, 0, 0, 0 }

/**
 * Reads a network from an ONNX file (opset 9 to 20) or from the YAML format (doc/networks.md).
 * Weights are not copied; an ONNX file's external data is not opened. At most 16 MiB of YAML, 2^40 bytes of ONNX.
 * @param options  NULL = defaults
 * @return RRAMNAS_OK, ERR_IO, ERR_PARSE, ERR_UNSUPPORTED, ERR_SHAPE, ERR_RANGE, ERR_LIMIT, ERR_NOT_FOUND
 *         (a bind without a dimension), ERR_MEMORY;
 *         line and column (YAML) or offset (ONNX) are set
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_net_load_file(const char *path, const rramnas_net_options *options, const rramnas_runtime *runtime,
                      rramnas_net **ret_net, rramnas_error *reterr);

/**
 * Like rramnas_net_load_file(), from memory; `options->format` must not be AUTO.
 * @param data  array of length [size]; not kept after the call
 * @param name  how messages call it; NULL = "network"
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_net_load_buffer(const void *data, size_t size, const char *name, const rramnas_net_options *options,
                        const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *reterr);

/**
 * A sub-network of the OFA MobileNetV3-small space of RNC: 64 x 64 x 3 input, 10 classes, widths
 * 16, 24, 40, 48, 96, 576, 1280.
 * @param kernel_sizes  array of length [16], each 3, 5 or 7; entry 4 s + j belongs to block j of stage s
 * @param expansions    array of length [16], each 3, 4 or 6, same order
 * @param depths        array of length [4], blocks per stage, each 2, 3 or 4
 * Entries of blocks beyond the depth are not looked at.
 * @return RRAMNAS_OK, ERR_ARGUMENT (a gene outside of the space), ERR_MEMORY
 * Source: once-for-all (Cai et al., ICLR 2020) as used by RNC; doc/networks.md.
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_net_create_ofa_mobilenet_v3_small(const int32_t *kernel_sizes, const int32_t *expansions,
                                          const int32_t *depths, const rramnas_runtime *runtime,
                                          rramnas_net **ret_net, rramnas_error *reterr);

/**
 * The same from a genome file: JSON or YAML with `ks`, `e` (16 or 20 entries) and `d` (4 entries)
 * at the top level or under `genome`. With 5 entries in `d` and 20 in the others it is a network of
 * once-for-all's MobileNetV3-large for images of 224 x 224 and 1000 classes. `parameters` at the top level gives image,
 * classes and widths (doc/spaces.md), as rramnas_search_write_candidate() writes it.
 * @param data  array of length [size]
 * @param name  how messages call it; NULL = "genome"
 * @return RRAMNAS_OK, ERR_ARGUMENT, ERR_PARSE, ERR_RANGE, ERR_LIMIT, ERR_MEMORY; line and column are set
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_net_create_ofa_from_genome(const char *data, size_t size, const char *name,
                                   const rramnas_runtime *runtime, rramnas_net **ret_net,
                                   rramnas_error *reterr);

/**
 * The same as a member of a supernet: widths and classes are those of its weights, the image that of a data set. What
 * the file's `parameters` say must agree. rramnas_mapping_get_accuracy() then takes the member's weights from the
 * supernet.
 * @param data      array of length [size]
 * @param name      how messages call it; NULL = "genome"
 * @param supernet  safetensors file with the names of the once-for-all code (doc/inference.md); a file that holds one
 *                  network only changes nothing
 * @param images    YAML file of a data set; NULL: the image of `parameters`, or of the family
 * @return as rramnas_net_create_ofa_from_genome(); ERR_IO; ERR_NOT_FOUND, ERR_SHAPE name the tensor
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_net_create_ofa_from_supernet(const char *data, size_t size, const char *name, const char *supernet,
                                     const char *images, const rramnas_runtime *runtime, rramnas_net **ret_net,
                                     rramnas_error *reterr);

/**
 * An empty network to be built node by node: add inputs and nodes, then rramnas_net_finish(). Until
 * then it belongs to one thread and can only be added to or released.
 * @code
 *   int64_t shape[4] = { 1, 3, 32, 32 };
 *   rramnas_node n = RRAMNAS_NODE_INIT;
 *   int32_t x, y;
 *   rramnas_net_create("tiny", NULL, &net, &err);
 *   rramnas_net_add_input(net, "image", shape, 4, &x, &err);
 *   n.op = RRAMNAS_OP_CONV; n.inputs = &x; n.n_inputs = 1; n.out_channels = 16;
 *   n.kernel[0] = n.kernel[1] = 3;
 *   rramnas_net_add_node(net, &n, &y, &err);
 *   rramnas_net_finish(net, &err);
 * @endcode
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_net_create(const char *name, const rramnas_runtime *runtime, rramnas_net **ret_net,
                   rramnas_error *reterr);

/**
 * Adds a network input.
 * @param shape       array of length [rank], each 1..2^31-1, e.g. [n][channels][height][width]
 * @param ret_tensor  number of the tensor, to be used as input of nodes
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_net_add_input(rramnas_net *net, const char *name, const int64_t *shape, int32_t rank,
                      int32_t *ret_tensor, rramnas_error *reterr);

/** A node to be added to a network. Weights are implied by the shapes. */
typedef struct rramnas_node {
  size_t size;            /**< sizeof(rramnas_node) */
  const char *name;       /**< default: made from the operator and its number */
  const int32_t *inputs;  /**< array of length [n_inputs], tensors */
  int32_t n_inputs;
  int32_t op;             /**< enum rramnas_op */
  int64_t out_channels;   /**< CONV, GEMM, MATMUL with constant weight: outputs */
  int64_t kernel[RRAMNAS_MAX_SPATIAL];       /**< CONV, pools: default 1 (CONV), required (pools) */
  int64_t stride[RRAMNAS_MAX_SPATIAL];       /**< default 1 */
  int64_t dilation[RRAMNAS_MAX_SPATIAL];     /**< default 1 */
  int64_t pad[2 * RRAMNAS_MAX_SPATIAL];      /**< begin of each dimension, then end of each; default 0 */
  int64_t groups;         /**< CONV: default 1 */
  int64_t dims[RRAMNAS_MAX_RANK];            /**< RESHAPE, EXPAND: shape (0 copies, -1 infers); TRANSPOSE: permutation;
                                                  REDUCE, SQUEEZE, UNSQUEEZE: axes */
  int32_t n_dims;
  int32_t axis;           /**< CONCAT, SOFTMAX, FLATTEN, SPLIT, GATHER, LAYER_NORM; negative counts from the end; 0 is
                               axis 0 */
  int32_t keep_dims;      /**< REDUCE: 1 keeps reduced axes as 1; default 0 */
  int32_t no_bias;        /**< CONV, GEMM, MATMUL: 1 = without bias */
  int32_t ceil_mode;      /**< pools: 1 rounds up */
  int32_t reserved;       /**< 0 */
} rramnas_node;

#define RRAMNAS_NODE_INIT \
  { sizeof(rramnas_node), NULL, NULL, 0, 0, 0, { 0 }, { 0 }, { 0 }, { 0 }, 0, { 0 }, 0, 0, 0, 0, 0, 0 }

/**
 * Adds a node and infers the shape of its output.
 * Operators that need more than this struct (SLICE, GATHER, SPLIT, PAD, RESIZE, WHERE, DATA_MOVE) come
 * from files only: ERR_UNSUPPORTED.
 * @return RRAMNAS_OK, ERR_ARGUMENT, ERR_SHAPE, ERR_RANGE, ERR_UNSUPPORTED, ERR_LIMIT, ERR_MEMORY
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_net_add_node(rramnas_net *net, const rramnas_node *node, int32_t *ret_tensor,
                     rramnas_error *reterr);

/** Ends building: derives the layers; the network is immutable from here. ERR_SHAPE when empty. @since 0.1 */
RRAMNAS_EXPORT int32_t
rramnas_net_finish(rramnas_net *net, rramnas_error *reterr);

/** Shape of a tensor while building or after; ERR_ARGUMENT for no such tensor.
 * @param ret_shape  array of length [RRAMNAS_MAX_RANK]
 * @since 0.1 */
RRAMNAS_EXPORT int32_t
rramnas_net_tensor_shape(const rramnas_net *net, int32_t tensor, int64_t *ret_shape, int32_t *ret_rank);

/** Adds a reference; returns `net`. @since 0.1 */
RRAMNAS_EXPORT rramnas_net *
rramnas_net_ref(rramnas_net *net);

/** Takes a reference; NULL is allowed. @since 0.1 */
RRAMNAS_EXPORT void
rramnas_net_unref(rramnas_net *net);

/** Name of the network; NULL for NULL. @since 0.1 */
RRAMNAS_EXPORT const char *
rramnas_net_name(const rramnas_net *net);

/** One layer: a node with weights (Conv, Gemm, MatMul), in order of execution. */
typedef struct rramnas_layer {
  size_t size;                               /**< sizeof(rramnas_layer) */
  const char *name;                          /**< of the node, UTF-8 */
  int32_t index;                             /**< 0-based, in order of execution */
  int32_t op;                                /**< enum rramnas_op */
  int32_t mapped;                            /**< 1: weights go to crossbars; 0: both operands are activations,
                                                  digital */
  int32_t has_bias;                          /**< 1: a bias is added (digitally) */
  int32_t in_rank, out_rank;
  int64_t in_shape[RRAMNAS_MAX_RANK];        /**< length [in_rank], of the activation that meets the weight */
  int64_t out_shape[RRAMNAS_MAX_RANK];       /**< length [out_rank] */
  int32_t n_spatial;                         /**< spatial dimensions of the kernel; 0 without one */
  int32_t groups;                            /**< 1 unless a grouped convolution */
  int64_t kernel[RRAMNAS_MAX_SPATIAL];       /**< length [n_spatial] */
  int64_t stride[RRAMNAS_MAX_SPATIAL];
  int64_t dilation[RRAMNAS_MAX_SPATIAL];
  int64_t pad[2 * RRAMNAS_MAX_SPATIAL];      /**< begins, then ends */
  int64_t macs;                              /**< multiply-accumulates, without bias */
  int64_t weights;                           /**< weights, without bias; 0 when not mapped */
  int64_t matrix_rows;                       /**< im2col: inputs of one output = kernel * in / groups */
  int64_t matrix_cols;                       /**< im2col: output channels of all groups */
  int64_t positions;                         /**< output vectors per sample: batch * output pixels */
} rramnas_layer;

#define RRAMNAS_LAYER_INIT \
  { sizeof(rramnas_layer), NULL, 0, 0, 0, 0, 0, 0, { 0 }, { 0 }, 0, 0, { 0 }, { 0 }, { 0 }, { 0 }, 0, 0, 0, 0, 0 }

/** Number of layers; 0 before rramnas_net_finish() and for NULL. @since 0.1 */
RRAMNAS_EXPORT size_t
rramnas_net_layer_count(const rramnas_net *net);

/** Describes layer `index`; ERR_ARGUMENT outside. @since 0.1 */
RRAMNAS_EXPORT int32_t
rramnas_net_layer(const rramnas_net *net, size_t index, rramnas_layer *ret_layer);

/** Writes the network in the YAML format. @since 0.1 */
RRAMNAS_EXPORT int32_t
rramnas_net_write_yaml(const rramnas_net *net, rramnas_write_fn write, void *user, rramnas_error *reterr);

/** @} @defgroup compile Compilation and mapping
 * @{ */

/** A compiled network: immutable, reference-counted; holds references on its `hw` and `net`. */
typedef struct rramnas_mapping rramnas_mapping;

/** Mapping policies. doc/compile.md explains each. */
enum rramnas_policy {
  RRAMNAS_POLICY_ISAAC = 1,         /**< one tile per crossbar, no duplication: the baseline */
  RRAMNAS_POLICY_RNC = 2,           /**< RNC: duplicate, then pack layers into shared crossbars; defects mended */
  RRAMNAS_POLICY_RNC_PUBLISHED = 3, /**< RNC as published, defects included, to repeat its runs */
  RRAMNAS_POLICY_BEST = 4,          /**< copies, shapes and places chosen together, to be done soonest: doc/best.md
                                         (default) */
};

/** Name of a policy ("rnc") and back; NULL / ERR_NOT_FOUND when unknown. @since 0.1 */
RRAMNAS_EXPORT const char *
rramnas_policy_name(int32_t policy);

/** Policy of that name. @since 0.1 */
RRAMNAS_EXPORT int32_t
rramnas_policy_from_name(const char *name, int32_t *ret_policy);

#define RRAMNAS_CROSSBARS_AUTO (-1)        /**< the fewest crossbars found for one copy of each layer; `effort` decides
                                                how long to look */
#define RRAMNAS_LAYER_THRESHOLD_SAME (-1)  /**< only boxes of one layer are kept apart */
#define RRAMNAS_UNLIMITED (-2)             /**< the rule is off */

/** Where the random order of each packing try comes from (policy rnc-published). */
enum rramnas_seed_mode {
  RRAMNAS_SEED_PER_TRY = 0,  /**< every try starts again from the seed (RNC's search) */
  RRAMNAS_SEED_CONTINUE = 1, /**< one stream over all tries (RNC's command line) */
};

/** How much work policy best does, and any policy but the published one that looks for the fewest crossbars; counted in
 * steps of the search, never in seconds. */
enum rramnas_effort {
  RRAMNAS_EFFORT_FAST = 1,     /**< for the inside of a search: milliseconds */
  RRAMNAS_EFFORT_BALANCED = 2, /**< default */
  RRAMNAS_EFFORT_THOROUGH = 3, /**< seconds */
};

/** What policy best makes small, by the timing model RRAMNAS_TIMING_RNC. */
enum rramnas_objective {
  RRAMNAS_OBJECTIVE_COMPLETION = 1, /**< end of the last of `samples` inferences started together (default) */
  RRAMNAS_OBJECTIVE_LATENCY = 2,    /**< one inference alone */
  RRAMNAS_OBJECTIVE_PERIOD = 3,     /**< time between inferences of a long row: completion of 64 */
};

/** How policy best may lay out a grouped layer. */
enum rramnas_depthwise {
  RRAMNAS_DEPTHWISE_AUTO = 1,           /**< whichever is sooner done (default); with unit columns RNC's */
  RRAMNAS_DEPTHWISE_RNC = 2,            /**< groups side by side, one per activation (RNC), any split */
  RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL = 3, /**< as many groups per activation as fit on the diagonal of a crossbar, not with
                                             unit columns */
};

/** How to compile. */
typedef struct rramnas_compile_options {
  size_t size;              /**< sizeof(rramnas_compile_options) */
  int32_t policy;           /**< enum rramnas_policy; default RRAMNAS_POLICY_BEST */
  int32_t crossbars;        /**< crossbars at hand; default: the spec's chip.crossbars; RRAMNAS_CROSSBARS_AUTO */
  uint32_t seed;            /**< of the packing order (numpy's legacy generator, as RNC); default 0 */
  int32_t seed_mode;        /**< enum rramnas_seed_mode; default per try */
  int32_t depth_split;      /**< pieces into which a depthwise layer is cut by columns; default 1 */
  int32_t layer_threshold;  /**< layers closer than or at this distance share no crossbar; default 1;
                                 LAYER_THRESHOLD_SAME, UNLIMITED; not of policy best */
  int32_t max_load;         /**< most boxes in a crossbar; default 6; UNLIMITED; not of policy best */
  int32_t no_duplication;   /**< 1 = one copy of each layer */
  int32_t find_solution;    /**< 1 = `crossbars` is where to start; more are opened as needed */
  int32_t reserved;         /**< 0 */
  const double *margins;    /**< array of length [n_margins], shares of the cells that copies may fill, tried in order;
                                 default 0.95, 0.90, ... down to 0.05 (rnc), 0.60 (rnc-published) */
  size_t n_margins;
  const int32_t *copies;    /**< array of length [n_copies], copies of each mapped layer, instead of solving for them;
                                 default NULL */
  size_t n_copies;          /**< 0 or the number of mapped layers */
  int32_t effort;           /**< enum rramnas_effort, of policy best and of packing; default balanced */
  int32_t objective;        /**< policy best: enum rramnas_objective; default completion */
  int32_t samples;          /**< policy best: inferences of the objective completion, 1..65536; default 8 */
  int32_t depthwise;        /**< policy best: enum rramnas_depthwise; default auto */
  int32_t split_to_fit;     /**< 1 = boxes of layers with one copy are cut along rows or columns to fill holes, when
                                 that saves crossbars that are wanted (RRAMNAS_CROSSBARS_AUTO) or the network does not
                                 fit otherwise; parts along rows are converted and added one by one; policies rnc and
                                 best */
  int32_t reserved2;        /**< 0 */
  const int32_t *weight_bits; /**< array of length [n_bits], bits of each mapped layer's weights, 1 up to the spec's
                                   weight.bits, 0 = these; default NULL: all 0 */
  const int32_t *input_bits;  /**< array of length [n_bits], bits of each mapped layer's inputs, 1 up to input.bits, 0 =
                                   these; default NULL: all 0 */
  size_t n_bits;              /**< 0 or the number of mapped layers */
} rramnas_compile_options;

#define RRAMNAS_COMPILE_OPTIONS_INIT \
  { sizeof(rramnas_compile_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0, NULL, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 0 }

/**
 * Compiles a network onto a chip: partition, duplication, packing.
 * @param options  NULL = defaults
 * @param runtime  NULL = defaults
 * @return RRAMNAS_OK; ERR_DOES_NOT_FIT with a message of what is needed, what is there and which layers
 *         take most; ERR_UNSUPPORTED for groups on a diagonal with unit columns; ERR_ARGUMENT, ERR_RANGE, ERR_LIMIT,
 *         ERR_MEMORY
 * Source: RNC (doc/compile.md).
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_compile(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *options,
                const rramnas_runtime *runtime, rramnas_mapping **ret_mapping, rramnas_error *reterr);

/** Adds a reference; returns `mapping`. @since 0.1 */
RRAMNAS_EXPORT rramnas_mapping *
rramnas_mapping_ref(rramnas_mapping *mapping);

/** Takes a reference; NULL is allowed. @since 0.1 */
RRAMNAS_EXPORT void
rramnas_mapping_unref(rramnas_mapping *mapping);

/** Figures of a mapping. */
typedef struct rramnas_mapping_info {
  size_t size;                 /**< sizeof(rramnas_mapping_info) */
  int32_t policy;              /**< enum rramnas_policy */
  int32_t crossbars_available; /**< crossbars that the compiler was given (after find-solution: has opened) */
  int32_t crossbars_used;      /**< crossbars that hold at least one box */
  int32_t crossbars_bound;     /**< proven: these boxes need at least this many crossbars under the policy's rules;
                                    policy best, crossbars auto: one copy of each layer */
  int32_t tries;               /**< packings tried */
  int32_t duplicated;          /**< 1: some layer has more than one copy */
  int64_t n_pieces;            /**< rows of rramnas_mapping_get_pieces() */
  int64_t n_placements;        /**< rows of rramnas_mapping_get_placements() */
  double utilization;          /**< cells holding weights / cells of the used crossbars */
  double margin;               /**< margin at which the packing succeeded; 0 without duplication */
  int32_t crossbars_optimal;   /**< 1: crossbars_bound is met: by crossbars_used, or by crossbars_available when policy
                                    best found it (crossbars auto) */
  int32_t bound_area;          /**< the bounds of which crossbars_bound is the largest (doc/packing.md): cells */
  int32_t bound_dual;          /**< dual feasible functions of the sides */
  int32_t bound_strip;         /**< tall and wide boxes; not below the others */
  int32_t bound_clique;        /**< layers kept apart; 0 = no rule */
  int32_t bound_cardinality;   /**< most boxes in a crossbar; 0 = no rule */
  int32_t boxes_cut;           /**< split_to_fit: boxes that were cut */
  int32_t cut_parts;           /**< split_to_fit: the parts that these are in */
  int64_t extra_conversions;   /**< split_to_fit: sums of columns per inference that cuts between rows add; each is
                                    converted, for every input slice, and added to another */
  double occupied;             /**< cells of the boxes / cells of the used crossbars: like utilization, with the cells
                                    beside the blocks of block-diagonal boxes, which hold no weight and serve no other
                                    box */
  int32_t unit_columns;        /**< last columns of each crossbar, which hold the weight 0 of each width of weights and are
                                    read with every box; 0 unless weight.sign is unit_column */
} rramnas_mapping_info;

#define RRAMNAS_MAPPING_INFO_INIT \
  { sizeof(rramnas_mapping_info), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/** Figures of `mapping`. A lower bound on its time takes longer: rramnas_mapping_simulate() with `with_bound`.
 * @since 0.1 */
RRAMNAS_EXPORT int32_t
rramnas_mapping_get_info(const rramnas_mapping *mapping, rramnas_mapping_info *ret_info);

/**
 * The boxes into which the layers were cut.
 * @param ret_rows  array of length [capacity][6] of int64_t: layer, rows, columns (cells), activations per
 *                  sample, first matrix row, first matrix column (weights). Rows beyond those of the layer's
 *                  matrix: block-diagonal, the rows of several groups are stacked (doc/best.md)
 * @param capacity  at least n_pieces
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_mapping_get_pieces(const rramnas_mapping *mapping, int64_t *ret_rows, size_t capacity);

/**
 * Where every box of every copy sits.
 * @param ret_rows  array of length [capacity][8] of int32_t: layer, piece (its number within the layer), copy,
 *                  crossbar, row, column, rows, columns (cells); ordered by layer, copy, piece
 * @param capacity  at least n_placements
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_mapping_get_placements(const rramnas_mapping *mapping, int32_t *ret_rows, size_t capacity);

/**
 * Copies of each layer of the network.
 * @param ret_copies  array of length [capacity]; 0 for layers that are not mapped
 * @param capacity    at least rramnas_net_layer_count()
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_mapping_get_copies(const rramnas_mapping *mapping, int32_t *ret_copies, size_t capacity);

/** Checks the invariants: each weight of each copy placed exactly once, inside its crossbar, no overlap,
 * policy rules kept. RRAMNAS_OK or ERR_SHAPE with what is wrong. For tests and for the cautious. @since 0.1 */
RRAMNAS_EXPORT int32_t
rramnas_mapping_check(const rramnas_mapping *mapping, rramnas_error *reterr);

/** @} @defgroup timing Timing
 * @{ */

/** Timing models. doc/timing.md explains both. */
enum rramnas_timing_model {
  RRAMNAS_TIMING_GRAPH = 1, /**< true dependencies, branches in parallel, a crossbar is held box by box (default) */
  RRAMNAS_TIMING_RNC = 2,   /**< RNC's event model: a chain of layers, crossbars held for a whole layer */
};

/** What may be active in a crossbar at the same time. doc/physics.md has the reasons. */
enum rramnas_sharing {
  RRAMNAS_SHARING_ONE_BOX = 1,  /**< one box: the rows of the others are grounded (default) */
  RRAMNAS_SHARING_DISJOINT = 2, /**< boxes without rows, columns, ADCs or DACs in common, and no weights where the rows
                                     of one cross the columns of another; model graph */
};

/** How to simulate. */
typedef struct rramnas_timing_options {
  size_t size;        /**< sizeof(rramnas_timing_options) */
  int32_t model;      /**< enum rramnas_timing_model; default RRAMNAS_TIMING_GRAPH */
  int32_t samples;    /**< inferences started together and pipelined, 1..65536; default 1 */
  int32_t floor_remainder; /**< RNC model: 1 drops the remainder of activations / copies, as published; default rounds
                                up */
  int32_t no_baseline;     /**< 1 = skip the baseline; its fields stay 0 */
  int32_t with_bound;      /**< 1 = fill in bound_ns and gap too: milliseconds */
  int32_t reserved;        /**< 0 */
  int32_t sharing;         /**< enum rramnas_sharing; default one box */
  int32_t reserved2;       /**< 0 */
} rramnas_timing_options;

#define RRAMNAS_TIMING_OPTIONS_INIT { sizeof(rramnas_timing_options), 0, 0, 0, 0, 0, 0, 0, 0 }

/** Result of a simulation. */
typedef struct rramnas_timing {
  size_t size;                /**< sizeof(rramnas_timing) */
  double latency_ns;          /**< from start to the end of the last inference */
  double contention_free_ns;  /**< the same if every box had a crossbar of its own */
  double baseline_latency_ns; /**< policy isaac on the crossbars it needs, same model and samples */
  double speedup;             /**< baseline_latency_ns / latency_ns */
  double bound_ns;            /**< with_bound: proven, no mapping of policy best's kind is sooner; model rnc with
                                   remainders rounded up, mappings of policy best; 0 = none */
  double gap;                 /**< latency_ns / bound_ns - 1; 0 with a bound: optimal */
} rramnas_timing;

#define RRAMNAS_TIMING_INIT { sizeof(rramnas_timing), 0, 0, 0, 0, 0, 0 }

/**
 * Simulates `samples` pipelined inferences.
 * @param options  NULL = defaults
 * @return RRAMNAS_OK, ERR_ARGUMENT, ERR_RANGE, ERR_MEMORY
 * Source: RNC's evaluator for RRAMNAS_TIMING_RNC; doc/timing.md.
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_mapping_simulate(const rramnas_mapping *mapping, const rramnas_timing_options *options,
                         rramnas_timing *ret_timing, rramnas_error *reterr);

/** @} @defgroup cost Energy, area, power
 * @{ */

/** Cost models. doc/cost.md explains the first, doc/mnsim.md the second. */
enum rramnas_cost_model {
  RRAMNAS_COST_RRAMNAS = 1, /**< from device to chip, dynamic by activity and static by wall time (default) */
  RRAMNAS_COST_MNSIM = 2,   /**< MNSIM 2.0 as published: its own mapping of the network, one inference */
};

/** Name of a cost model ("rramnas"); NULL when this build has none of that number. @since 0.2 */
RRAMNAS_EXPORT const char *
rramnas_cost_model_name(int32_t model);

/** Cost model of that name; ERR_NOT_FOUND. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_cost_model_from_name(const char *name, int32_t *ret_model);

/** What costs are broken down into; the columns of rramnas_mapping_get_cost_layers(). */
enum rramnas_component {
  RRAMNAS_COMPONENT_CELL = 0,          /**< cells */
  RRAMNAS_COMPONENT_DRIVER = 1,        /**< drivers of wordlines, charge of the wires */
  RRAMNAS_COMPONENT_DAC = 2,
  RRAMNAS_COMPONENT_ADC = 3,
  RRAMNAS_COMPONENT_MUX = 4,           /**< multiplexers that share DACs and ADCs */
  RRAMNAS_COMPONENT_SHIFT_ADD = 5,     /**< sums over input slices, weight slices and passes */
  RRAMNAS_COMPONENT_REGISTER = 6,      /**< input and output registers of crossbars */
  RRAMNAS_COMPONENT_ACCUMULATION = 7,  /**< joint accumulation of crossbars that share outputs, biases */
  RRAMNAS_COMPONENT_ACTIVATION = 8,    /**< non-linear functions */
  RRAMNAS_COMPONENT_POOL = 9,
  RRAMNAS_COMPONENT_ARITHMETIC = 10,   /**< digital multiplications and additions: attention, elementwise, norms */
  RRAMNAS_COMPONENT_BUFFER = 11,       /**< SRAM at the crossbars' inputs and the tiles' outputs */
  RRAMNAS_COMPONENT_INTERCONNECT = 12, /**< routers of the tiles and wires between them */
};
#define RRAMNAS_COST_COMPONENTS 13

/** Name of a component ("shift_add"); NULL outside of [0, RRAMNAS_COST_COMPONENTS). @since 0.2 */
RRAMNAS_EXPORT const char *
rramnas_cost_component_name(int32_t component);

/* placed here by the group below */
/** What to cost, and how. */
typedef struct rramnas_cost_options {
  size_t size;             /**< sizeof(rramnas_cost_options) */
  int32_t model;           /**< enum rramnas_cost_model; default RRAMNAS_COST_RRAMNAS */
  int32_t timing_model;    /**< enum rramnas_timing_model; default RRAMNAS_TIMING_GRAPH */
  int32_t samples;         /**< inferences started together and pipelined, 1..65536; default 1 */
  int32_t floor_remainder; /**< as in rramnas_timing_options */
  const rramnas_hw *hw;    /**< another chip with the same crossbars and slicing, for sweeps: its values are used, with
                                the mapping's boxes, copies, places and number of crossbars; default the mapping's
                                chip */
  double latency_ns;       /**< > 0: the latency of this mapping with these options is known, no simulation is run;
                                default 0 */
  int32_t sharing;         /**< enum rramnas_sharing, as in rramnas_timing_options; default one box */
  int32_t reserved;        /**< 0 */
} rramnas_cost_options;

#define RRAMNAS_COST_OPTIONS_INIT { sizeof(rramnas_cost_options), 0, 0, 0, 0, NULL, 0, 0, 0 }

/**
 * What a mapping costs. Wall time, energies and powers are those of all `samples` inferences, unless the name says
 * per inference; the chip has as many crossbars as the compiler was given.
 */
typedef struct rramnas_cost {
  size_t size;                       /**< sizeof(rramnas_cost) */
  double latency_ns;                 /**< wall time: start to the end of the last inference, by the timing model */
  double energy_pj;                  /**< dynamic + static, without programming; exactly the sum of the rows */
  double energy_dynamic_pj;          /**< by activity */
  double energy_static_pj;           /**< leakage over the wall time, unused crossbars included */
  double energy_per_inference_pj;    /**< energy_pj / samples */
  double energy_per_mac_pj;          /**< energy_pj / multiply-accumulates, digital ones included */
  double area_um2;                   /**< of the whole chip; exactly the sum of the rows */
  double power_mw;                   /**< energy_pj / latency_ns */
  double leakage_mw;
  double edp_pj_ns;                  /**< energy and wall time, each per inference, multiplied */
  double edap_pj_ns_um2;             /**< edp_pj_ns * area_um2 */
  double tops;                       /**< 2 operations per multiply-accumulate */
  double tops_per_w;
  double tops_per_mm2;
  double inferences_per_s;
  double cell_utilization;           /**< cells holding weights / cells of the chip, 0..1 */
  double busy_share;                 /**< time crossbars compute / (crossbars * wall time), 0..1 */
  double write_energy_pj;            /**< to program the weights of all copies once, per deployment */
  double write_time_ns;              /**< likewise */
  double ir_drop;                    /**< worst case: share of the read voltage that a far cell of a crossbar lacks, all
                                          cells on */
  double ir_drop_typical;            /**< the same at the mean conductance and input activity */
  double wire_delay_ns;              /**< Elmore delay of wordline and bitline; in latency_ns only with
                                          crossbar.wire_delay */
  double transfer_ns;                /**< time of an inference's data on the links, were they moved one after the other;
                                          not in latency_ns */
  double macs;                       /**< multiply-accumulates of an inference */
  int64_t crossbars;                 /**< of the chip, parallel slices counted as one */
  int64_t arrays;                    /**< physical arrays: crossbars * parallel slices * signs */
  int64_t tiles;
  int32_t adc_bits_needed;           /**< to tell all sums of a column apart */
  int32_t adc_bits;                  /**< as the spec has it */
  int32_t extrapolated;              /**< bits of enum rramnas_extrapolation */
  int32_t samples;
} rramnas_cost;

#define RRAMNAS_COST_INIT \
  { sizeof(rramnas_cost), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/** Where a result leaves the range in which its sources hold; bits. */
enum rramnas_extrapolation {
  RRAMNAS_EXTRAPOLATED_BUFFER_SIZE = 1,  /**< a buffer smaller than 2 KiB or larger than 512 KiB */
  RRAMNAS_EXTRAPOLATED_BUFFER_BUS = 2,   /**< a bus narrower than 64 or wider than 512 bits */
  RRAMNAS_EXTRAPOLATED_BUFFER_NODE = 4,  /**< SRAM below 45 or above 90 nm */
  RRAMNAS_EXTRAPOLATED_LOGIC_NODE = 8,   /**< logic below 7 or above 180 nm */
  RRAMNAS_EXTRAPOLATED_ADC_RANGE = 16,   /**< parametric ADC of more than 12 bits */
};

/**
 * Costs of a mapping.
 * @param options  NULL = defaults
 * @return RRAMNAS_OK; ERR_ARGUMENT when options->hw has other crossbars, slices weights differently or has other unit
 *         columns, or for sharing disjoint with timing model rnc;
 *         ERR_UNSUPPORTED for a model that this build does not have; ERR_RANGE, ERR_MEMORY
 * Source: doc/cost.md, formula by formula.
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_mapping_get_cost(const rramnas_mapping *mapping, const rramnas_cost_options *options,
                         rramnas_cost *ret_cost, rramnas_error *reterr);

/**
 * The same by layer and component. Sums over any part of the rows are exact in double, in any order: those over all
 * rows are the totals of rramnas_cost to the bit.
 * @param ret_rows  array of length [capacity][RRAMNAS_COST_COMPONENTS][3] of double: dynamic energy (pJ), static
 *                  energy (pJ), area (um2). Row i is layer i of the network; the last row, rramnas_net_layer_count(),
 *                  is what belongs to no layer: unused cells and crossbars, operators before the first layer.
 *                  Area and leakage are shared out by cells.
 * @param capacity  at least rramnas_net_layer_count() + 1
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_mapping_get_cost_layers(const rramnas_mapping *mapping, const rramnas_cost_options *options,
                                double *ret_rows, size_t capacity, rramnas_error *reterr);

/**
 * The same by crossbar; the sums are exact likewise.
 * @param ret_rows  array of length [capacity][5] of double: dynamic energy (pJ), static energy (pJ), area (um2), busy
 *                  time, idle time (ns). Row i is crossbar i; the last row, number crossbars_available, is what
 *                  stands outside of crossbars (tiles, interconnect), with times 0.
 * @param capacity  at least crossbars_available + 1
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_mapping_get_cost_crossbars(const rramnas_mapping *mapping, const rramnas_cost_options *options,
                                   double *ret_rows, size_t capacity, rramnas_error *reterr);

/** One derived quantity with what it was derived from. Texts are valid during the callback. */
typedef struct rramnas_derived {
  size_t size;         /**< sizeof(rramnas_derived) */
  const char *name;    /**< dotted: "adc.conversion_energy_pj" */
  const char *unit;    /**< "pJ", "1" for counts and ratios */
  const char *formula; /**< in words and signs, names of fields and of quantities before */
  const char *inputs;  /**< "adc.power_uw = 2000, adc.conversion_ns = 7.8125" */
  const char *source;  /**< paper, table or "choice of this library" */
  double value;
} rramnas_derived;

/** Receives derived quantities, in order. Return 0 to go on, anything else to end with ERR_CALLBACK. */
typedef int32_t (*rramnas_derived_fn)(void *user, const rramnas_derived *quantity);

/**
 * Every quantity that cost model rramnas derives from a chip alone.
 * @return RRAMNAS_OK, ERR_ARGUMENT, ERR_CALLBACK
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_hw_explain(const rramnas_hw *hw, rramnas_derived_fn derived, void *user, rramnas_error *reterr);

/**
 * The same, and every quantity that it derives from a mapping: counts of activity, energy by component, figures.
 * @param options  NULL = defaults; model rramnas only
 * @return RRAMNAS_OK, ERR_ARGUMENT, ERR_UNSUPPORTED, ERR_RANGE, ERR_CALLBACK, ERR_MEMORY
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_mapping_explain(const rramnas_mapping *mapping, const rramnas_cost_options *options,
                        rramnas_derived_fn derived, void *user, rramnas_error *reterr);

/** @} @defgroup curve Latency over the number of crossbars
 * @{ */

/** One number of crossbars. Arrays of it: the first element's `size` is that of each. */
typedef struct rramnas_curve_point {
  size_t size;            /**< sizeof(rramnas_curve_point) */
  int32_t crossbars;      /**< crossbars at hand */
  int32_t made_for;       /**< crossbars that the mapping was made for: fewer when no faster one was found with more */
  int32_t crossbars_used; /**< crossbars that hold at least one box */
  int32_t optimal;        /**< 1: latency and bound meet */
  double latency_ns;      /**< until the last inference is done */
  double bound_ns;        /**< proven, as rramnas_timing.bound_ns; 0 = none */
  double utilization;     /**< cells holding weights / cells of the used crossbars */
  int32_t fewest;         /**< of the whole curve: fewest crossbars found (RRAMNAS_CROSSBARS_AUTO) */
  int32_t fewest_bound;   /**< of the whole curve: proven, one copy of each layer needs at least this many */
} rramnas_curve_point;

#define RRAMNAS_CURVE_POINT_INIT { sizeof(rramnas_curve_point), 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Called after each point, on the thread that computes the curve.
 * @param point    as it will be in the array
 * @param mapping  its mapping, the library's; rramnas_mapping_ref() keeps it. Its crossbars_available is the point's
 *                 `made_for`
 * @param done     points so far, this one included
 * @param total    points in all
 * @return 0 to go on; anything else ends the curve here (RRAMNAS_STOPPED)
 */
typedef int32_t (*rramnas_curve_fn)(void *user, const rramnas_curve_point *point, rramnas_mapping *mapping,
                                    int32_t done, int32_t total);

/** Which points. */
typedef struct rramnas_curve_options {
  size_t size;        /**< sizeof(rramnas_curve_options) */
  int32_t first;      /**< fewest crossbars; default, and when too few: the fewest that fit (crossbars auto) */
  int32_t last;       /**< most crossbars; default: the compile options' `crossbars`, or else four times the first */
  rramnas_curve_fn on_point; /**< NULL = none */
  void *user;         /**< of on_point */
} rramnas_curve_options;

#define RRAMNAS_CURVE_OPTIONS_INIT { sizeof(rramnas_curve_options), 0, 0, NULL, NULL }

/**
 * Compiles a network for a row of numbers of crossbars, from few to many, each about the same factor apart. A mapping
 * for fewer crossbars is one for more, so the latency never rises along the curve.
 * @code
 *   rramnas_curve_point points[24] = { RRAMNAS_CURVE_POINT_INIT };
 *   size_t n = 0, i;
 *   rramnas_compile_curve(hw, net, NULL, NULL, NULL, NULL, points, 24, &n, &err);
 *   for (i = 0; i < n; i++)
 *     printf("%d crossbars: %.0f ns\n", (int)points[i].crossbars, points[i].latency_ns);
 * @endcode
 * @param compile   how to compile each point; `crossbars` is where the curve ends by default; NULL = defaults
 * @param timing    how latency is measured; NULL = model rnc and the samples of the compile options' objective
 * @param options   NULL = defaults
 * @param runtime   NULL = defaults
 * @param ret_points array of length [capacity], by number of crossbars upwards; `size` of the first element is set by
 *                  the caller, of the others by the library
 * @param capacity  points that are wanted, 1..4096
 * @param ret_n_points points written: 1..capacity, fewer when neighbours would be the same or after a stop
 * @return RRAMNAS_OK; RRAMNAS_STOPPED, with the points so far; ERR_DOES_NOT_FIT when `last` crossbars are too few;
 *         ERR_ARGUMENT, ERR_RANGE, ERR_LIMIT, ERR_MEMORY
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_compile_curve(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *compile,
                      const rramnas_timing_options *timing, const rramnas_curve_options *options,
                      const rramnas_runtime *runtime, rramnas_curve_point *ret_points, size_t capacity,
                      size_t *ret_n_points, rramnas_error *reterr);

/** @} @defgroup report Reports
 * @{ */

/** What rramnas_mapping_write(), rramnas_mapping_write_cost() and rramnas_curve_write() can write. */
enum rramnas_report {
  RRAMNAS_REPORT_JSON = 1,  /**< "rramnas.report/1", doc/report.md */
  RRAMNAS_REPORT_SVG = 2,   /**< floor plan: crossbars with their boxes, coloured by layer; of costs and curves: a
                                 plot */
  RRAMNAS_REPORT_TRACE = 3, /**< timeline as Chrome trace events (chrome://tracing, ui.perfetto.dev) */
  RRAMNAS_REPORT_CSV = 4,   /**< of a curve: a row per point; of costs: a row per layer and component; doc/report.md */
};

/**
 * Writes a report of a mapping. Costs in JSON are those of the default cost model with the same timing.
 * @param report  RRAMNAS_REPORT_JSON, RRAMNAS_REPORT_SVG or RRAMNAS_REPORT_TRACE
 * @param timing  how to simulate for JSON and TRACE; NULL = defaults
 * @param write   receives the text
 * @return RRAMNAS_OK, ERR_ARGUMENT, ERR_CALLBACK, ERR_MEMORY
 * @since 0.1
 */
RRAMNAS_EXPORT int32_t
rramnas_mapping_write(const rramnas_mapping *mapping, int32_t report, const rramnas_timing_options *timing,
                      rramnas_write_fn write, void *user, rramnas_error *reterr);

/**
 * Writes what a mapping costs.
 * @param report   RRAMNAS_REPORT_SVG: a picture of where energy and area go; RRAMNAS_REPORT_CSV: a row per layer and
 *                 component; RRAMNAS_REPORT_JSON: the report of rramnas_mapping_write() with costs, and timing, by
 *                 these options
 * @param options  NULL = defaults
 * @param write    receives the text
 * @return RRAMNAS_OK, what rramnas_mapping_get_cost() returns, ERR_CALLBACK
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_mapping_write_cost(const rramnas_mapping *mapping, int32_t report, const rramnas_cost_options *options,
                           rramnas_write_fn write, void *user, rramnas_error *reterr);

/** What a plot of a curve says above the curve. UTF-8. */
typedef struct rramnas_curve_labels {
  size_t size;          /**< sizeof(rramnas_curve_labels) */
  const char *title;    /**< e.g. the network; NULL = none */
  const char *subtitle; /**< e.g. policy and samples; NULL = none */
} rramnas_curve_labels;

#define RRAMNAS_CURVE_LABELS_INIT { sizeof(rramnas_curve_labels), NULL, NULL }

/**
 * Writes the points of a curve.
 * @param points    array of length [n_points], by number of crossbars upwards, as rramnas_compile_curve() gives it
 * @param n_points  at least 1
 * @param labels    of the plot; NULL = none
 * @param report    RRAMNAS_REPORT_CSV, or RRAMNAS_REPORT_SVG for a plot
 * @param write     receives the text
 * @return RRAMNAS_OK, ERR_ARGUMENT, ERR_RANGE (a point that no curve has), ERR_CALLBACK, ERR_MEMORY
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_curve_write(const rramnas_curve_point *points, size_t n_points, const rramnas_curve_labels *labels,
                    int32_t report, rramnas_write_fn write, void *user, rramnas_error *reterr);

/** @} @defgroup accuracy Accuracy
 * @{ */

/** How the ranges of converters are chosen (doc/accuracy.md). */
enum rramnas_adc_range {
  RRAMNAS_ADC_RANGE_AUTO = 0,       /**< granular when the chip's bits tell all sums of a column apart and nothing is
                                         lost by it, else calibrated */
  RRAMNAS_ADC_RANGE_MAXIMUM = 1,    /**< all that a column can give */
  RRAMNAS_ADC_RANGE_GRANULAR = 2,   /**< one code per digit of a cell and unit of an input step */
  RRAMNAS_ADC_RANGE_CALIBRATED = 3, /**< what a sample needs, ratios of slices powers of two */
};

/** Part of a data set. Searches judge on what is held out of the training images; the test images are for reports. */
enum rramnas_data_part {
  RRAMNAS_DATA_TEST = 0,     /**< default */
  RRAMNAS_DATA_HELD_OUT = 1,
  RRAMNAS_DATA_TRAIN = 2,
};

/** Why no more chips were tried. */
enum rramnas_trials_stop {
  RRAMNAS_TRIALS_ALL = 0,    /**< all were */
  RRAMNAS_TRIALS_BELOW = 1,  /**< the mean of all would hardly reach stop_below, or what the front has */
  RRAMNAS_TRIALS_NARROW = 2, /**< the interval of the mean is as narrow as wanted */
};

/** What to run on the crossbars, and how. */
typedef struct rramnas_accuracy_options {
  size_t size;                  /**< sizeof(rramnas_accuracy_options) */
  const char *weights;          /**< file with the weights of the mapping's network: its ONNX file, or safetensors with
                                     a tensor for each constant, or with a once-for-all supernet of which the network is
                                     a member, made from its genome; required */
  const char *data;             /**< YAML file of a data set (doc/inference.md); required */
  int32_t part;                 /**< enum rramnas_data_part; default test */
  int32_t images;               /**< most images of the part, from the first on; default all */
  int32_t calibration_images;   /**< of the training part, for the ranges of inputs and converters; default 64 */
  int32_t trials;               /**< chips, each with errors of its own, 1..2^20; default 10 */
  uint64_t seed;                /**< of all errors; default 0 */
  double time_s;                /**< between writing and reading, for drift; default 0: none */
  int32_t adc_range;            /**< enum rramnas_adc_range */
  int32_t n_threads;            /**< default the runtime's, else all cores; results do not depend on it */
  double adc_fraction;          /**< of a sample's currents that a calibrated range holds, 0..1; default 0.9999 */
  const rramnas_hw *hw;         /**< another chip with the same slicing, for sweeps of its errors; default the
                                     mapping's */
  double stop_below;            /**< 0..1: chips are tried one after the other, and no more once it is clear that the
                                     mean over `trials` of them does not reach this; of those that would, at most 5 %
                                     are given up (doc/accuracy.md); default 0: never */
  double confidence_wanted;     /**< 0..1: no more chips once `confidence` is at most this, e.g. 0.002 for 0.2 % either
                                     way; default 0: never. Then `trials`, the most, is 1000 by default */
  int32_t trials_min;           /**< least chips before any of these; default 1 and, for confidence_wanted, 10 */
  int32_t norm_images;          /**< of the training part, the first ones as one batch, from which the batch
                                     normalisations of a supernet's member get their statistics; default 512 */
  int32_t stop_dominated;       /**< of a search, not 0: no more chips of a candidate once it is clear, as with
                                     stop_below, that the front as it was when the generation began will dominate it
                                     (doc/search.md); default 0: never */
  int32_t copies_alike;         /**< not 0: all copies that the mapping has of a layer have the errors of the first;
                                     default 0: each its own, and its share of the positions (doc/accuracy.md) */
} rramnas_accuracy_options;

#define RRAMNAS_ACCURACY_OPTIONS_INIT \
  { sizeof(rramnas_accuracy_options), NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0, 0, 0, 0, 0, 0 }

/** How often a network on imperfect crossbars is right. Shares of the images, 0..1. */
typedef struct rramnas_accuracy {
  size_t size;               /**< sizeof(rramnas_accuracy) */
  int64_t images;            /**< judged by each chip */
  int32_t trials;            /**< chips that were tried */
  int32_t layers_on_crossbars; /**< of the mapping's layers; the others stay digital */
  double digital;            /**< in floats */
  double quantized;          /**< weights and inputs as integers, error-free crossbars without converters */
  double mean;               /**< over the chips */
  double deviation;          /**< standard deviation over the chips (n - 1); 0 for one chip */
  double confidence;         /**< half of the 95 % interval of the mean, by Student's t; 0 for one chip */
  double worst;              /**< of all chips */
  double low;                /**< 5 % quantile, between the chips by linear interpolation */
  double median;
  double best;
  int64_t conversions;       /**< of all chips */
  double clipped;            /**< share of the conversions more than half a step outside of the converter's range */
  int32_t stopped;           /**< enum rramnas_trials_stop */
  int32_t layers_on_diagonal; /**< of which a crossbar reads several groups at once: errors of the cells beside their blocks
                                  are not part of it (doc/accuracy.md); RRAMNAS_DEPTHWISE_RNC has none */
} rramnas_accuracy;

#define RRAMNAS_ACCURACY_INIT { sizeof(rramnas_accuracy), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * Runs a data set through the mapping's network on crossbars whose cells, wires and converters are the chip's, and
 * counts right answers over many chips (Monte Carlo; errors as doc/accuracy.md has them). The same bytes at any number
 * of threads.
 * @param ret_trials  array of length [options.trials]: share of right answers of each chip that was tried; may be NULL
 * @return RRAMNAS_OK; ERR_IO, ERR_PARSE for files; ERR_ARGUMENT when weights are of another network, when
 *         options->hw has unit columns and the mapping's chip has none or the other way round, and for stop_dominated; ERR_SHAPE when images do not fit it; ERR_UNSUPPORTED for an operator that is not computed;
 *         ERR_MEMORY
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_mapping_get_accuracy(const rramnas_mapping *mapping, const rramnas_accuracy_options *options,
                             rramnas_accuracy *ret_accuracy, double *ret_trials, rramnas_error *reterr);

/** How a layer does on crossbars: its converters. */
typedef struct rramnas_accuracy_layer {
  size_t size;          /**< sizeof(rramnas_accuracy_layer) */
  int32_t on_crossbars; /**< 0: the layer stays digital, everything else is 0 */
  int32_t weight_bits, input_bits;
  int32_t adc_codes;    /**< levels of a converter */
  double adc_range;     /**< greatest current that is converted as it is, over that of all rows of an array that are
                             driven at once at the on conductance; of the least significant slice and the last group */
  double codes_used;    /**< share of the levels that a sample of the calibration images meets on error-free cells, all
                             slices and groups together */
  int64_t conversions;  /**< of all chips; 0 where error-free cells and a converter that loses nothing need none */
  int64_t clipped_low, clipped_high; /**< more than half a step below and above the range */
} rramnas_accuracy_layer;

#define RRAMNAS_ACCURACY_LAYER_INIT { sizeof(rramnas_accuracy_layer), 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/**
 * rramnas_mapping_get_accuracy() with what the converters of each layer do: a wide range or many unused levels
 * say that fewer bits or a closer range would do, clips the opposite.
 * @param ret_layers  array of length [n_layers]; size of the first element set
 * @param n_layers    rramnas_net_layer_count() of the mapping's network
 * @return as rramnas_mapping_get_accuracy()
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_mapping_get_accuracy_layers(const rramnas_mapping *mapping, const rramnas_accuracy_options *options,
                                    rramnas_accuracy *ret_accuracy, rramnas_accuracy_layer *ret_layers, size_t n_layers,
                                    rramnas_error *reterr);

/**
 * Writes the report of rramnas_mapping_write_cost() as JSON, with accuracy in it.
 * @param options   of the costs; NULL = defaults
 * @param accuracy  and layers, array of length [n_layers]: what rramnas_mapping_get_accuracy_layers() gave
 * @param n_layers  rramnas_net_layer_count() of the mapping's network
 * @param write     receives the text
 * @return as rramnas_mapping_write_cost()
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_mapping_write_accuracy(const rramnas_mapping *mapping, const rramnas_cost_options *options,
                               const rramnas_accuracy *accuracy, const rramnas_accuracy_layer *layers, size_t n_layers,
                               rramnas_write_fn write, void *user, rramnas_error *reterr);

/** How an axis runs. */
enum rramnas_axis_scale {
  RRAMNAS_AXIS_LINEAR = 0,
  RRAMNAS_AXIS_LOGARITHMIC = 1, /**< 0 is allowed as the first value and stands apart */
};

/** What the ticks of an axis say. */
enum rramnas_axis_unit {
  RRAMNAS_AXIS_NUMBER = 0,
  RRAMNAS_AXIS_SHARE = 1,   /**< per cent of 1 */
  RRAMNAS_AXIS_SECONDS = 2, /**< a logarithmic axis has seconds, minutes, hours, days, months and years */
};

/** Accuracy over something: errors of cells, time, a field of the chip. */
typedef struct rramnas_accuracy_curve {
  size_t size;                    /**< sizeof(rramnas_accuracy_curve) */
  const char *name;               /**< of what varies, e.g. "noise.write_sigma"; UTF-8; required */
  const double *x;                /**< array of length [n_points], rising */
  const rramnas_accuracy *points; /**< array of length [n_points]: what rramnas_mapping_get_accuracy() gave */
  size_t n_points;                /**< 1..65536 */
  int32_t scale;                  /**< enum rramnas_axis_scale */
  int32_t unit;                   /**< enum rramnas_axis_unit */
  double mark;                    /**< value of the chip at hand, shown in the plot; default 0: none */
} rramnas_accuracy_curve;

#define RRAMNAS_ACCURACY_CURVE_INIT { sizeof(rramnas_accuracy_curve), NULL, NULL, NULL, 0, 0, 0, 0 }

/**
 * Writes curves of accuracy: mean with its 95 % interval, worst chip, in floats, in integers.
 * @param curves    array of length [n_curves]
 * @param n_curves  1..8: as many panels below each other
 * @param labels    of the plot; NULL = none
 * @param report    RRAMNAS_REPORT_SVG: a plot; RRAMNAS_REPORT_CSV: a row per point; RRAMNAS_REPORT_JSON:
 *                  "rramnas.accuracy/1"
 * @param write     receives the text
 * @return RRAMNAS_OK, ERR_ARGUMENT, ERR_RANGE (a point that no curve has), ERR_CALLBACK
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_accuracy_write(const rramnas_accuracy_curve *curves, size_t n_curves, const rramnas_curve_labels *labels,
                       int32_t report, rramnas_write_fn write, void *user, rramnas_error *reterr);

/** @} @defgroup search Search
 * @{ */

/**
 * A search: what is free (genes), what is wanted (objectives, constraints), how a candidate is judged, and how far it
 * has come. Prepared by the functions from rramnas_search_create() on, fixed by rramnas_search_start() or
 * rramnas_search_resume_file(), then run or asked and told. Belongs to one thread at a time; only
 * rramnas_search_stop() may be called at any time, from any thread and from a signal handler.
 *
 * A genome is an array of doubles, one per gene: the place of the category from 0, or the number itself. The
 * canonical form has the lowest value where a gene does not count, so that equal candidates have equal genomes.
 *
 * @code
 *   rramnas_search *s = NULL;
 *   rramnas_search_options opt = RRAMNAS_SEARCH_OPTIONS_INIT;
 *   rramnas_run_options run = RRAMNAS_RUN_OPTIONS_INIT;
 *
 *   opt.seed = 1;
 *   run.generations = 100;
 *   if (rramnas_search_create_ready("ofa-mobilenet-v3-small", NULL, &s, &err) < 0 ||
 *       rramnas_search_set_hardware(s, hw, &err) < 0 ||
 *       rramnas_search_add_table_file(s, "accuracy.csv", NULL, &err) < 0 ||
 *       rramnas_search_add_objective(s, "accuracy", 0, &err) < 0 ||
 *       rramnas_search_add_objective(s, "latency_ns", 0, &err) < 0 ||
 *       rramnas_search_add_constraint(s, "energy_pj < 5e6", &err) < 0 ||
 *       rramnas_search_start(s, &opt, &err) < 0 || rramnas_search_run(s, &run, &err) < 0)
 *     fprintf(stderr, "%s\n", err.message);
 *   else
 *     rramnas_search_write(s, RRAMNAS_REPORT_CSV, NULL, to_stdout, NULL, &err);
 *   rramnas_search_unref(s);
 * @endcode
 */
typedef struct rramnas_search rramnas_search;

/** What a gene's value is. */
enum rramnas_gene_kind {
  RRAMNAS_GENE_CATEGORY = 0, /**< one of a list of words, without order */
  RRAMNAS_GENE_INTEGER = 1,
  RRAMNAS_GENE_REAL = 2,
};

/** What a gene decides. */
enum rramnas_gene_role {
  RRAMNAS_GENE_FREE = 0,     /**< something of the caller's */
  RRAMNAS_GENE_NETWORK = 1,  /**< the network: genes of the ready spaces */
  RRAMNAS_GENE_HARDWARE = 2, /**< the field of the hardware spec that has the gene's name; "device.preset", too */
};

/** One gene. low == high fixes it. */
typedef struct rramnas_gene {
  size_t size;               /**< sizeof(rramnas_gene) */
  const char *name;          /**< unique; letters, digits, '_', '.', '[', ']', '-', at most 63 bytes */
  const char *const *labels; /**< CATEGORY: array of length [n_labels], unique words; others NULL */
  size_t n_labels;
  double low, high;          /**< INTEGER, REAL: inclusive range; CATEGORY: 0, n_labels - 1 (set by the library) */
  const char *parent;        /**< the gene counts only while `parent` counts and its value (a category's place, an
                                  integer) is greater than `above`; default NULL: always */
  double above;
  int32_t kind;              /**< enum rramnas_gene_kind */
  int32_t role;              /**< enum rramnas_gene_role */
} rramnas_gene;

#define RRAMNAS_GENE_INIT { sizeof(rramnas_gene), NULL, NULL, 0, 0, 0, NULL, 0, 0, 0 }

/** A space that is built in. */
typedef struct rramnas_ready_space {
  size_t size;         /**< sizeof(rramnas_ready_space) */
  const char *name;    /**< "ofa-mobilenet-v3-small" */
  const char *title;   /**< one line */
  const char *source;  /**< the publication */
} rramnas_ready_space;

#define RRAMNAS_READY_SPACE_INIT { sizeof(rramnas_ready_space), NULL, NULL, NULL }

/** Number of ready spaces. @since 0.2 */
RRAMNAS_EXPORT size_t
rramnas_ready_space_count(void);

/** Describes ready space `index`, by name upwards. ERR_ARGUMENT outside. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_ready_space_info(size_t index, rramnas_ready_space *ret_space);

/** A session without genes. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_create(const rramnas_runtime *runtime, rramnas_search **ret_search, rramnas_error *reterr);

/** A session on a ready space; genes may be added. ERR_NOT_FOUND (the message has names like it). @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_create_ready(const char *name, const rramnas_runtime *runtime, rramnas_search **ret_search,
                            rramnas_error *reterr);

/**
 * A session on a space from a YAML file (doc/spaces.md), at most 1 MiB.
 * @return RRAMNAS_OK, ERR_IO, ERR_PARSE, ERR_RANGE, ERR_UNSUPPORTED (another schema), ERR_LIMIT, ERR_NOT_FOUND,
 *         ERR_MEMORY; line and column are set
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_load_file(const char *path, const rramnas_runtime *runtime, rramnas_search **ret_search,
                         rramnas_error *reterr);

/** The same from memory. @param data array of length [size], not kept @param name for messages, and its folder is where
 * a `supernet` lies; NULL = "space" @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_load_buffer(const char *data, size_t size, const char *name, const rramnas_runtime *runtime,
                           rramnas_search **ret_search, rramnas_error *reterr);

/** Adds a reference; returns `search`. @since 0.2 */
RRAMNAS_EXPORT rramnas_search *
rramnas_search_ref(rramnas_search *search);

/** Takes a reference; NULL is allowed. @since 0.2 */
RRAMNAS_EXPORT void
rramnas_search_unref(rramnas_search *search);

/** Adds a gene; its number is the count of genes before. ERR_ARGUMENT, ERR_LIMIT (more than 4096), ERR_MEMORY.
 * @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_add_gene(rramnas_search *search, const rramnas_gene *gene, rramnas_error *reterr);

/**
 * Demands a relation between genes of every candidate: a comparison (<, <=, ==, !=, >=, >) of sums of genes and
 * numbers with optional factors, as in "crossbar.rows == crossbar.cols" or "2 * layers + 1 <= 12". A category counts
 * as the number that its label is, or else as its place. Genes that do not count have their lowest value.
 * @return RRAMNAS_OK, ERR_PARSE (column set), ERR_NOT_FOUND (no such gene), ERR_MEMORY
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_add_rule(rramnas_search *search, const char *rule, rramnas_error *reterr);

/** Number of genes. @since 0.2 */
RRAMNAS_EXPORT size_t
rramnas_search_gene_count(const rramnas_search *search);

/** Describes gene `index`; its texts live as long as the session. ERR_ARGUMENT outside. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_gene(const rramnas_search *search, size_t index, rramnas_gene *ret_gene);

/**
 * Exact number of different candidates, rules regarded, in decimal: "2951927213752881". "infinite" with a real gene.
 * @param ret_text  array of length [capacity], zero-terminated; ERR_RANGE when it is too short
 * @return RRAMNAS_OK, ERR_RANGE, ERR_LIMIT when rules tie so many genes together that counting takes too long,
 *         ERR_MEMORY
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_count(const rramnas_search *search, char *ret_text, size_t capacity, rramnas_error *reterr);

/** Writes the space as YAML that rramnas_search_load_buffer() reads. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_write_space(const rramnas_search *search, rramnas_write_fn write, void *user, rramnas_error *reterr);

/** Brings a genome, array of length [genes], into canonical form. ERR_ARGUMENT for a value outside of a gene's range.
 * @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_canonical(const rramnas_search *search, double *genome, rramnas_error *reterr);

/** XXH3-128 of the canonical form of `genome`, array of length [genes], into ret_digest, array of length [16].
 * @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_fingerprint(const rramnas_search *search, const double *genome, uint8_t *ret_digest,
                           rramnas_error *reterr);

/** The network that a genome means; ERR_UNSUPPORTED when the space has none. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_build_net(const rramnas_search *search, const double *genome, rramnas_net **ret_net,
                         rramnas_error *reterr);

/** The chip that a genome means: that of rramnas_search_set_hardware(), or the default one, with the values of the
 * hardware genes. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_build_hw(const rramnas_search *search, const double *genome, rramnas_hw **ret_hw,
                        rramnas_error *reterr);

/**
 * Bits of each mapped layer that a genome means, as rramnas_compile_options takes them: those of the genes
 * layer_weight_bits[i] and layer_input_bits[i], no more than the chip's; 0 = the chip's.
 * @param n_layers         mapped layers of the genome's network; genes of further ones do not matter
 * @param ret_weight_bits  array of length [n_layers]
 * @param ret_input_bits   array of length [n_layers]
 * @return RRAMNAS_OK; ERR_ARGUMENT; else as rramnas_search_build_hw()
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_build_bits(const rramnas_search *search, const double *genome, size_t n_layers, int32_t *ret_weight_bits,
                          int32_t *ret_input_bits, rramnas_error *reterr);

/** Path of the supernet that the space's file names; NULL = none. Lives as long as the search. @since 0.2 */
RRAMNAS_EXPORT const char *
rramnas_search_supernet(const rramnas_search *search);

/* --- what is wanted --- */

/** A figure that the library can work out of a candidate. */
typedef struct rramnas_metric {
  size_t size;        /**< sizeof(rramnas_metric) */
  const char *name;   /**< "latency_ns" */
  const char *unit;   /**< "ns" */
  const char *doc;    /**< one sentence */
  int32_t direction;  /**< enum rramnas_direction: what is better */
  int32_t reserved;   /**< 0 */
} rramnas_metric;

#define RRAMNAS_METRIC_INIT { sizeof(rramnas_metric), NULL, NULL, NULL, 0, 0 }

/** Which way an objective goes. */
enum rramnas_direction {
  RRAMNAS_DIRECTION_NATURAL = 0, /**< the metric's own; of a figure that the library does not know: minimise, of
                                      names that begin with "accuracy": maximise */
  RRAMNAS_MINIMIZE = 1,
  RRAMNAS_MAXIMIZE = 2,
};

/** Number of built-in metrics. @since 0.2 */
RRAMNAS_EXPORT size_t
rramnas_metric_count(void);

/** Describes built-in metric `index`. ERR_ARGUMENT outside. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_metric_info(size_t index, rramnas_metric *ret_metric);

/** Adds an objective: a built-in metric, a column of a table, or any other name, which the evaluation callback or
 * rramnas_search_tell() supplies. ERR_ARGUMENT when it is given twice or is the 65th. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_add_objective(rramnas_search *search, const char *metric, int32_t direction, rramnas_error *reterr);

/** Adds a constraint "METRIC < NUMBER"; <, <=, > and >= (a bound itself is allowed in all four). ERR_PARSE with the
 * column. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_add_constraint(rramnas_search *search, const char *constraint, rramnas_error *reterr);

/** Figures of a candidate: the objectives in order, then what only constraints name, in order. @since 0.2 */
RRAMNAS_EXPORT size_t
rramnas_search_metric_count(const rramnas_search *search);

/** Name of figure `index`; NULL outside. @since 0.2 */
RRAMNAS_EXPORT const char *
rramnas_search_metric(const rramnas_search *search, size_t index);

/* --- how a candidate is judged --- */

/** The chip of the built-in figures; keeps a reference. Default: the default chip. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_set_hardware(rramnas_search *search, rramnas_hw *hw, rramnas_error *reterr);

/** A network for spaces without network genes; keeps a reference. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_set_net(rramnas_search *search, rramnas_net *net, rramnas_error *reterr);

/** How candidates are compiled and costed, NULL = defaults: policy best at effort fast for `samples` = 8 inferences,
 * timing model rnc. Arrays and handles in them are kept by copy and reference. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_set_compile(rramnas_search *search, const rramnas_compile_options *compile,
                           const rramnas_cost_options *cost, rramnas_error *reterr);

/**
 * Supplies the figures accuracy, accuracy_mean, accuracy_worst, accuracy_low, accuracy_drop, accuracy_quantized,
 * accuracy_digital, accuracy_chips: those of rramnas_mapping_get_accuracy() on each candidate's chip; accuracy_digital
 * alone needs no chip and takes its time accordingly. With stop_dominated the session gets two more figures,
 * accuracy_chips and accuracy_to_beat, which a later call without it takes away, unless an objective or a constraint
 * names them.
 *
 * For spaces whose network rramnas_search_set_net() gives, and for once-for-all's MobileNetV3 spaces with the weights
 * of a supernet: each candidate is a member of it, with its batch normalisations' statistics taken anew (norm_images).
 * The space's networks then have the widths and classes of the supernet and the image of the data set, unless the
 * space's parameters say others, which is an error.
 * @param options  weights: default the `supernet` of the space's file; part: not the test images, which are for
 *                 reports; hw: NULL. Files are read now and not looked at again
 * @return RRAMNAS_OK; ERR_ARGUMENT; ERR_UNSUPPORTED for a space with other networks of its own; ERR_IO, ERR_PARSE for
 *         files; ERR_NOT_FOUND, ERR_SHAPE with the tensor of a supernet that has not all members of the space
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_set_accuracy(rramnas_search *search, const rramnas_accuracy_options *options, rramnas_error *reterr);

/** How a table of figures is read. */
typedef struct rramnas_table_options {
  size_t size;         /**< sizeof(rramnas_table_options) */
  const char *key;     /**< column that names the candidate as a whole: the values of the network's genes in order,
                            between blanks, commas or bars; "COLUMN:a,b,c" where numbers stand for these words; default:
                            "genome" or "architecture" where the file has it, else the columns that have genes' names */
  const char *columns; /**< "figure=column,figure=column": which columns are figures, under which names; default: all
                            others under their own */
  const char *order;   /**< "gene,gene": which genes the values of the key column are of, in the file's order; default:
                            the network's in theirs */
} rramnas_table_options;

#define RRAMNAS_TABLE_OPTIONS_INIT { sizeof(rramnas_table_options), NULL, NULL, NULL }

/**
 * Figures from a CSV file: a row per candidate. A candidate without a row, or with an empty cell, has failed there. Two
 * columns of one name are ERR_PARSE.
 * @return RRAMNAS_OK, ERR_IO, ERR_PARSE, ERR_RANGE, ERR_NOT_FOUND (no such column), ERR_LIMIT (more than 64 MiB),
 *         ERR_MEMORY; line is set
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_add_table_file(rramnas_search *search, const char *path, const rramnas_table_options *options,
                              rramnas_error *reterr);

/** How well a predictor does, by 10-fold cross-validation. */
typedef struct rramnas_predictor_quality {
  size_t size;             /**< sizeof(rramnas_predictor_quality) */
  int64_t rows;            /**< rows that it learned from */
  double rank_correlation; /**< Kendall's tau-b of predicted and true, -1..1 */
  double spearman;         /**< Spearman's rho, -1..1 */
  double rmse;             /**< root of the mean square error */
} rramnas_predictor_quality;

#define RRAMNAS_PREDICTOR_QUALITY_INIT { sizeof(rramnas_predictor_quality), 0, 0, 0, 0 }

/**
 * Learns a figure from a table of the same form and predicts it for every candidate (doc/predictor.md).
 * @param figure       its name as an objective
 * @param options      as of tables; `columns` may say "figure=column"
 * @param ret_quality  NULL = not wanted
 * @return as rramnas_search_add_table_file(); ERR_RANGE with fewer than 20 usable rows, or numbers too
 *         large to learn from
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_add_predictor_file(rramnas_search *search, const char *path, const char *figure,
                                  const rramnas_table_options *options, rramnas_predictor_quality *ret_quality,
                                  rramnas_error *reterr);

/** Candidates to be judged. */
typedef struct rramnas_batch {
  size_t size;            /**< sizeof(rramnas_batch) */
  const double *genomes;  /**< array of length [n][genes] */
  double *values;         /**< array of length [n][figures], figures as rramnas_search_metric() has them: those that the
                               library supplies are filled in where they are known before; NaN = to be set; what stays
                               NaN has failed */
  size_t n;
} rramnas_batch;

/** Sets the missing figures. Return 0 to go on, anything else to end the run with ERR_CALLBACK, the batch untold. */
typedef int32_t (*rramnas_evaluate_fn)(void *user, const rramnas_batch *batch);

/** The caller's evaluation of whatever figures neither the library nor tables supply; called on the thread that runs
 * the search. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_set_evaluate(rramnas_search *search, rramnas_evaluate_fn evaluate, void *user,
                            rramnas_error *reterr);

/**
 * Keeps figures by fingerprint in an SQLite file, shared by runs and processes (doc/search.md has the tables). Figures
 * judged under other settings are kept apart.
 * @return RRAMNAS_OK, ERR_UNSUPPORTED without libsqlite3 in this build, ERR_IO (not such a file, no access), ERR_MEMORY
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_set_cache_file(rramnas_search *search, const char *path, rramnas_error *reterr);

/** A row of CSV per candidate, in order of evaluation, appended to `path`; a resumed run takes back what was written
 * after its checkpoint. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_set_history_file(rramnas_search *search, const char *path, rramnas_error *reterr);

/* --- start, ask, tell, run --- */

/** How new candidates are found. */
enum rramnas_strategy {
  RRAMNAS_STRATEGY_NSGA2 = 0,     /**< Deb et al. 2002, with NSGA-III's niches beyond three objectives (default) */
  RRAMNAS_STRATEGY_RANDOM = 1,    /**< uniform, nothing twice */
  RRAMNAS_STRATEGY_REINFORCE = 2, /**< policy gradient over the genes (NACIM's controller idea) */
  RRAMNAS_STRATEGY_ENUMERATE = 3, /**< every candidate once, in order, the last gene fastest, until there is none: the
                                       exact front; no real genes. rramnas_search_run() refuses a space of more
                                       candidates than `evaluations`, or than a million without that budget */
};

/** What decides a search's course. */
typedef struct rramnas_search_options {
  size_t size;              /**< sizeof(rramnas_search_options) */
  uint64_t seed;            /**< default 0 */
  int32_t strategy;         /**< enum rramnas_strategy; default nsga2 */
  int32_t population;       /**< default 100 */
  int32_t offspring;        /**< candidates per generation after the first; default as population */
  int32_t archive_capacity; /**< most points of the front that are kept; default unbounded */
  const double *initial;    /**< array of length [n_initial][genes]: genomes of the first generation; default none */
  size_t n_initial;         /**< at most `population` */
  const double *reference;  /**< array of length [objectives]: reference point of the hypervolume; default: the worst of
                                 the first generation that has a feasible candidate */
} rramnas_search_options;

#define RRAMNAS_SEARCH_OPTIONS_INIT { sizeof(rramnas_search_options), 0, 0, 0, 0, 0, NULL, 0, NULL }

/** Fixes the problem and begins. ERR_ARGUMENT without genes or objectives, or for figures that nobody supplies only
 * when run. @param options NULL = defaults @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_start(rramnas_search *search, const rramnas_search_options *options, rramnas_error *reterr);

/**
 * Candidates to be judged by the caller, from the generation that is out; when all of it was asked and told, the next
 * begins. None is given twice, in all the history.
 * @param ret_genomes  array of length [capacity][genes]
 * @param ret_ids      array of length [capacity]: numbers for rramnas_search_tell()
 * @param ret_n        0: all of this generation is out, or the space is exhausted (rramnas_search_progress says)
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_ask(rramnas_search *search, size_t capacity, double *ret_genomes, int64_t *ret_ids, size_t *ret_n,
                   rramnas_error *reterr);

/**
 * Figures of what was asked, in any order and portion: the course of the search does not depend on it.
 * @param ids         array of length [n]
 * @param values      array of length [n][figures] as rramnas_search_metric() has them; a NaN = failed
 * @param shortfalls  array of length [n] as rramnas_search_evaluate() gives them: above 0 = infeasible by as much;
 *                    NULL = all 0
 * @return RRAMNAS_OK; ERR_ARGUMENT for an id that is not out; ERR_RANGE for a shortfall that is negative or NaN
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_tell(rramnas_search *search, const int64_t *ids, const double *values, const double *shortfalls,
                    size_t n, rramnas_error *reterr);

/**
 * Works out all figures of any genomes, beside the course of the search: what the library supplies on threads, then the
 * evaluation callback's on the calling thread. What an engine's workers call; their session is started as the one that
 * asks. Does not look into the cache file. With stop_dominated chips end by rramnas_search_generation_front(). Several
 * threads may call it at the same time when there is no callback, or the callback allows it.
 * @param genomes         array of length [n][genes]
 * @param n_threads       0 = the runtime's, else all cores
 * @param ret_values      array of length [n][figures]; NaN = failed
 * @param ret_shortfalls  array of length [n]: 0, or above 0 when the network does not fit the chip: crossbars needed at
 *                        least / crossbars - 1
 * @return RRAMNAS_OK; ERR_ARGUMENT before rramnas_search_start(), and for a gene outside of its range; ERR_CALLBACK,
 *         ERR_MEMORY
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_evaluate(const rramnas_search *search, const double *genomes, size_t n, int32_t n_threads,
                        double *ret_values, double *ret_shortfalls, rramnas_error *reterr);

/**
 * The front as it was when the generation that is out began, by which chips end with stop_dominated. Who has candidates
 * of `search` judged by sessions of other processes hands it to these with each generation: the same candidate has the
 * same figures everywhere then.
 * @param ret_values  array of the length that is returned: objectives of point after point, in the order in which they
 *                    were added; NULL = only the length is wanted
 * @return numbers, points times objectives; 0 without stop_dominated, and while there is no front
 * @since 0.2
 */
RRAMNAS_EXPORT size_t
rramnas_search_generation_front(const rramnas_search *search, double *ret_values);

/**
 * What rramnas_search_evaluate() tests by from now on, until the next generation of this session, if any, begins. Not
 * while another thread is in rramnas_search_evaluate() of this session.
 * @param values  array of length [n], as rramnas_search_generation_front() of the session that asks gives them; copied
 * @param n       0 = there is no front; `values` may be NULL then
 * @return RRAMNAS_OK; ERR_ARGUMENT before rramnas_search_start(), without stop_dominated, for an `n` that is no
 *         multiple of the objectives; ERR_MEMORY
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_set_generation_front(rramnas_search *search, const double *values, size_t n, rramnas_error *reterr);

/**
 * 16 bytes that are equal in two sessions whose candidates, figures, chip, network, tables and options of compiling
 * are, so that processes can make sure they work at the same problem. Objectives' directions (but with stop_dominated),
 * constraints and callbacks are not in it. ERR_ARGUMENT before rramnas_search_start().
 * @param ret_digest array of length [16] @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_digest(const rramnas_search *search, uint8_t *ret_digest, rramnas_error *reterr);

/** How far a search has come. */
typedef struct rramnas_progress {
  size_t size;             /**< sizeof(rramnas_progress) */
  int64_t generation;      /**< generations told */
  int64_t evaluations;     /**< candidates told */
  int64_t failed;          /**< of these: a figure was missing */
  int64_t infeasible;      /**< of these: a constraint or rule was not kept */
  int64_t cached;          /**< of these: figures came from the cache file */
  int64_t front;           /**< points of the front */
  double hypervolume;      /**< of the front; 0 before a reference point is known */
  double seconds;          /**< in rramnas_search_run() so far, this process */
  double evaluations_per_s; /**< lately */
  double seconds_left;     /**< by the budgets of the run; -1 = unknown */
  int64_t stagnant;        /**< generations without a larger hypervolume, or new point of the front (doc/search.md) */
  int32_t exhausted;       /**< 1: the space has no further candidate */
  int32_t reserved;        /**< 0 */
} rramnas_progress;

#define RRAMNAS_PROGRESS_INIT { sizeof(rramnas_progress), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/** How far `search` has come. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_progress(const rramnas_search *search, rramnas_progress *ret_progress);

/** What became of a candidate; the words of the history's column `state`. */
enum rramnas_fate {
  RRAMNAS_FATE_FEASIBLE = 0,
  RRAMNAS_FATE_INFEASIBLE = 1, /**< it does not fit, or breaks a constraint */
  RRAMNAS_FATE_FAILED = 2,     /**< a figure is missing */
};

/**
 * The first candidate of that fate since `search` began, or was resumed: with rramnas_search_explain() an answer to why
 * all of them fail.
 * @param fate        enum rramnas_fate
 * @param ret_genome  array of length [genes]
 * @return RRAMNAS_OK; ERR_NOT_FOUND while there is none; ERR_ARGUMENT
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_first(const rramnas_search *search, int32_t fate, double *ret_genome);

/**
 * Why a candidate is infeasible, or has failed: judges it once more and says what it met first. The evaluation callback
 * is not asked: constraints on its figures count as kept. With stop_dominated chips end as in
 * rramnas_search_evaluate().
 * @param genome  array of length [genes]
 * @param reterr  the reason: what could not be built, mapped or measured, the figure that a table does not have, or the
 *                constraint that is broken
 * @return RRAMNAS_OK when nothing is wrong with it as far as the library knows; otherwise the status of what is;
 *         ERR_ARGUMENT also before rramnas_search_start() and for a gene outside of its range
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_explain(const rramnas_search *search, const double *genome, rramnas_error *reterr);

/** After each generation, on the thread that runs. Return 0 to go on, anything else to stop (RRAMNAS_STOPPED). */
typedef int32_t (*rramnas_progress_fn)(void *user, const rramnas_progress *progress);

/** Candidates to be judged somewhere else. */
typedef struct rramnas_work {
  size_t size;            /**< sizeof(rramnas_work) */
  const double *genomes;  /**< array of length [n][genes] */
  double *values;         /**< array of length [n][figures], to be set as by rramnas_search_evaluate() */
  double *shortfalls;     /**< array of length [n], likewise */
  uint8_t *done;          /**< array of length [n]: not 0 = known before, leave it alone; set it to 1 with the figures.
                               What stays 0 is asked for again when the search goes on */
  size_t n;
  /** Not 0: the run is to end, do not begin with more. On the thread that runs. */
  int32_t (*wants_end)(const struct rramnas_work *work);
} rramnas_work;

/** Has the candidates of `work` judged by others, until all are done or `wants_end`. RRAMNAS_OK, or a negative status
 * with its text in `reterr`, which ends the run. */
typedef int32_t (*rramnas_distribute_fn)(void *user, const rramnas_work *work, rramnas_error *reterr);

/** When a run ends: with the first budget that is spent. */
typedef struct rramnas_run_options {
  size_t size;              /**< sizeof(rramnas_run_options) */
  int64_t generations;      /**< in all, those before a resume included; default no limit */
  int64_t evaluations;      /**< in all, kept exactly; default no limit */
  double seconds;           /**< of this run, looked at between candidates; default no limit */
  int64_t stagnation;       /**< generations without a larger hypervolume, or where it is not worked out (doc/search.md)
                                 without a new point of the front; default no limit */
  const char *checkpoint;   /**< file that is replaced after every `checkpoint_every` generations and at the end;
                                 default none */
  int64_t checkpoint_every; /**< default 1 */
  rramnas_progress_fn progress; /**< default none */
  void *user;               /**< of `progress` */
  int32_t n_threads;        /**< for the built-in figures; default the runtime's, else all cores */
  int32_t reserved;         /**< 0 */
  rramnas_distribute_fn distribute; /**< in place of threads and evaluation callback; default none */
  void *distribute_user;    /**< of `distribute` */
} rramnas_run_options;

#define RRAMNAS_RUN_OPTIONS_INIT { sizeof(rramnas_run_options), 0, 0, 0, 0, NULL, 0, NULL, NULL, 0, 0, NULL, NULL }

/**
 * Searches until a budget is spent, the space is exhausted or somebody stops it. At least one budget is needed in an
 * infinite space.
 * @return RRAMNAS_OK; RRAMNAS_STOPPED after rramnas_search_stop() or by `progress`, the search can be run on;
 *         ERR_ARGUMENT when nobody supplies a figure; ERR_LIMIT when there is too much to enumerate; ERR_CALLBACK,
 *         ERR_IO, ERR_MEMORY
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_run(rramnas_search *search, const rramnas_run_options *options, rramnas_error *reterr);

/** Ends the run soon; what is done is kept. Async-signal-safe. @since 0.2 */
RRAMNAS_EXPORT void
rramnas_search_stop(rramnas_search *search);

/** Writes a checkpoint (doc/checkpoint.md) by replacing `path` in one step. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_save_file(const rramnas_search *search, const char *path, rramnas_error *reterr);

/**
 * Goes on from a checkpoint, in place of rramnas_search_start(), in a session prepared as the saved one was. The rest
 * of the search has the bytes that it would have had without a break.
 * @return RRAMNAS_OK, ERR_IO, ERR_PARSE (not a checkpoint, truncated, damaged), ERR_UNSUPPORTED (another version),
 *         ERR_ARGUMENT (of another problem; the message says what differs), ERR_MEMORY
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_resume_file(rramnas_search *search, const char *path, rramnas_error *reterr);

/* --- results --- */

/** Points of the front, by the first objective from the best upwards. @since 0.2 */
RRAMNAS_EXPORT size_t
rramnas_search_front_count(const rramnas_search *search);

/** Point `index` of the front. @param ret_genome array of length [genes] @param ret_values array of length [figures];
 * either may be NULL. ERR_ARGUMENT outside. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_front(const rramnas_search *search, size_t index, double *ret_genome, double *ret_values);

/** Writes a candidate as YAML: its genes by name. rramnas_search_read_candidate() reads it; where the space is a ready
 * OFA space, rramnas_net_create_ofa_from_genome() does as well. @param genome array of length [genes] @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_write_candidate(const rramnas_search *search, const double *genome, rramnas_write_fn write, void *user,
                               rramnas_error *reterr);

/** Reads a candidate from YAML; genes that are not named have their lowest value. @param data array of length [size]
 * @param ret_genome array of length [genes] @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_search_read_candidate(const rramnas_search *search, const char *data, size_t size, const char *name,
                              double *ret_genome, rramnas_error *reterr);

/** What a report of a search shows beside the front. */
typedef struct rramnas_search_report_options {
  size_t size;            /**< sizeof(rramnas_search_report_options) */
  const char *title;      /**< default: name of the space */
  const double *cloud;    /**< array of length [n_cloud][objectives]: points to show behind the front, e.g. of a random
                               search; default none */
  size_t n_cloud;
  const double *mark;     /**< array of length [objectives]: a point to show, e.g. of an ISAAC-like chip; default
                               none */
  const char *mark_label; /**< default "reference" */
} rramnas_search_report_options;

#define RRAMNAS_SEARCH_REPORT_OPTIONS_INIT { sizeof(rramnas_search_report_options), NULL, NULL, 0, NULL, NULL }

/**
 * Writes the front.
 * @param report   RRAMNAS_REPORT_CSV: a row per point, figures, then genes; RRAMNAS_REPORT_SVG: a plot, of two
 *                 objectives at a time; RRAMNAS_REPORT_JSON
 * @param options  NULL = defaults
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_search_write(const rramnas_search *search, int32_t report, const rramnas_search_report_options *options,
                     rramnas_write_fn write, void *user, rramnas_error *reterr);

/** @} @defgroup front Fronts
 * Tools for any set of points, values array of length [n][m], all minimised.
 * @{ */

/** Non-dominated sorting: ret_ranks, array of length [n], 0 = the front. @param violations array of length [n], above
 * 0 = infeasible; NULL = all feasible. Source: Deb et al. 2002. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_front_ranks(const double *values, const double *violations, size_t n, size_t m, int32_t *ret_ranks,
                    rramnas_error *reterr);

/** Crowding distance of all points as one front into ret_distances, array of length [n]; infinite at the ends. Source:
 * Deb et al. 2002. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_front_crowding(const double *values, size_t n, size_t m, double *ret_distances, rramnas_error *reterr);

/** Volume between points and `reference`, array of length [m]; exact for any m. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_front_hypervolume(const double *values, size_t n, size_t m, const double *reference, double *ret_volume,
                          rramnas_error *reterr);

/** IGD+ against a reference front, array of length [n_reference][m]. Source: Ishibuchi et al. 2015. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_front_igd_plus(const double *values, size_t n, size_t m, const double *reference, size_t n_reference,
                       double *ret_distance, rramnas_error *reterr);

/** The knee: the point farthest ahead of the plane through the worst values. @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_front_knee(const double *values, size_t n, size_t m, size_t *ret_index, rramnas_error *reterr);

/** The point nearest to the best value of each objective by weighted Chebyshev distance. @param weights array of length
 * [m], >= 0: how much an objective matters @since 0.2 */
RRAMNAS_EXPORT int32_t
rramnas_front_choose(const double *values, size_t n, size_t m, const double *weights, size_t *ret_index,
                     rramnas_error *reterr);

/** @} */

#ifdef __cplusplus
}
#endif

#endif /* RRAMNAS_H */
