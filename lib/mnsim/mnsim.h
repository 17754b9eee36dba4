/* SPDX-License-Identifier: MIT */
/*
 * The cost model of MNSIM 2.0 (commit ca39ccb), with its faults: from a component to a whole network. Everything
 * is a pure function of a config; arrays live in the caller's arena. Numbers agree with what MNSIM prints to 1e-9
 * relative. Where MNSIM ends with an exception the calls fail with a status. doc/mnsim.md lists the faults by
 * name; comments here give their numbers (B12).
 */
#ifndef RRN_MNSIM_MNSIM_H
#define RRN_MNSIM_MNSIM_H

#include "hw/spec.h"
#include "net/graph.h"

/* --- config (config.c) --- */

/* A block as MNSIM's config file has it; area and power 0 = from its table. */
typedef struct rrn_mnsim_block {
  double node_nm, area_um2, power_w;
} rrn_mnsim_block;

typedef struct rrn_mnsim_config {
  const rramnas_hw *hw; /* its converters and clock give the time of one activation */
  /* device */
  int sram, cell_0t1r;
  double node_nm, cell_area_um2;
  double read_v[2], write_v[2]; /* low, high */
  double off_ohm, on_ohm;       /* of an SRAM cell both 1.6e6, whatever the spec says */
  double read_ns, write_ns, read_energy_j, write_energy_j;
  /* crossbar */
  int32_t rows, cols, subarray_rows, subarrays;
  int area_by_feature, digital_pim, estimation;
  double transistor_nm, driver_area_um2, load_ohm;
  double threshold_off_ohm, threshold_on_ohm; /* thresholds see the spec's resistances even for SRAM */
  /* converters */
  int32_t dac_bits, adc_bits;
  double dac_area_um2, dac_power_w, dac_ns;
  double adc_area_um2, adc_power_w, adc_ns; /* area with the logic gate */
  /* processing element */
  int32_t polarity, digital_subtraction, groups, dacs_per_subarray, adcs_per_subarray;
  /* digital blocks */
  double clock_mhz;
  rrn_mnsim_block adder, multiplier, shift_register, reg, joint;
  /* tile and chip */
  int32_t pe_per_tile, pool_units, pool_window, tile_rows, tile_cols, tile_order;
  double pool_nm, intra_gbps, inter_gbps;
  double buffer_nm, input_kb, output_kb; /* sizes 0 = what the network needs */
  int32_t bus_bits;
  int32_t weight_bits, activation_bits;
} rrn_mnsim_config;

/* Never fails: hw has been checked. */
rrn_mnsim_config rrn_mnsim_config_from_hw(const rramnas_hw *hw);

/* --- digital blocks (digital.c) --- */

typedef struct rrn_mnsim_cost {
  double area_um2, power_w;
  double latency_us; /* one clock; MNSIM prints it as ns (B5) */
  double energy_nj;  /* power * latency_us, a thousandth of the energy (B5) */
} rrn_mnsim_cost;

enum { RRN_MNSIM_WIDTH = 8 }; /* MNSIM's default for adders, multipliers and joint modules */

rrn_mnsim_cost rrn_mnsim_adder(const rrn_mnsim_config *c, int32_t bits);
rrn_mnsim_cost rrn_mnsim_multiplier(const rrn_mnsim_config *c, int32_t bits);
rrn_mnsim_cost rrn_mnsim_shift_register(const rrn_mnsim_config *c);
rrn_mnsim_cost rrn_mnsim_register(const rrn_mnsim_config *c);
rrn_mnsim_cost rrn_mnsim_joint(const rrn_mnsim_config *c, int32_t bits);

/* A multiplexer or demultiplexer of that many ways. */
double rrn_mnsim_mux_area_um2(const rrn_mnsim_config *c, double ways);
double rrn_mnsim_mux_power_w(double ways);

/* ERR_UNSUPPORTED: at 65 nm MNSIM knows only 64 units of 3 x 3 (B9). */
int32_t rrn_mnsim_pool(const rrn_mnsim_config *c, double *ret_area_um2, double *ret_power_w, rramnas_error *err);
double rrn_mnsim_pool_ns(const rrn_mnsim_config *c, double channels, double window);

/* --- buffers (buffer.c) --- */

enum { RRN_MNSIM_BUFFER_CYCLE_NS = 20 }; /* of every size and node (B12) */

typedef struct rrn_mnsim_buffer {
  int32_t index; /* in MNSIM's table */
  int32_t bus_bits;
  double area_um2, leakage_mw, read_dynamic_mw, write_dynamic_mw;
  double read_mw, write_mw; /* dynamic + leakage, in both (B12) */
  double read_access_nj, write_access_nj;
} rrn_mnsim_buffer;

/* Which buffer: a size in the config goes before the one that the network needs. */
enum rrn_mnsim_buffer_level { RRN_MNSIM_INPUT_BUFFER = 1, RRN_MNSIM_OUTPUT_BUFFER = 2 };

/* ERR_UNSUPPORTED: none of up to 2 KiB with more than 256 bits (B12). */
int32_t rrn_mnsim_buffer_of(const rrn_mnsim_config *c, enum rrn_mnsim_buffer_level level, double needed_kb,
                            rrn_mnsim_buffer *ret_buffer, rramnas_error *err);
double rrn_mnsim_buffer_ns(const rrn_mnsim_buffer *b, double bytes);
double rrn_mnsim_buffer_read_nj(const rrn_mnsim_buffer *b, double bytes);
double rrn_mnsim_buffer_write_nj(const rrn_mnsim_buffer *b, double bytes);

/* --- device and crossbar (crossbar.c) --- */

/* Resistance and voltage 0 = MNSIM's mean cell and mean input. */
double rrn_mnsim_device_read_w(const rrn_mnsim_config *c, double ohm, double volt);
/* What MNSIM starts with: SRAM energy per access time, 0 for others (B6). */
double rrn_mnsim_device_initial_read_w(const rrn_mnsim_config *c);
double rrn_mnsim_device_initial_write_w(const rrn_mnsim_config *c);

double rrn_mnsim_crossbar_area_um2(const rrn_mnsim_config *c);
double rrn_mnsim_crossbar_read_ns(const rrn_mnsim_config *c);
/* Behaviour level: mean cells. */
double rrn_mnsim_crossbar_read_w(const rrn_mnsim_config *c, double rows, double cols);
double rrn_mnsim_crossbar_read_nj(const rrn_mnsim_config *c, double rows, double cols);
double rrn_mnsim_crossbar_write_ns(const rrn_mnsim_config *c, double rows);
/* 0 unless SRAM: MNSIM cannot compute the power of a write (B1). */
double rrn_mnsim_crossbar_write_nj(const rrn_mnsim_config *c, double rows, double cols);

/*
 * Estimation level: conductance[rows][cols] of cells, volt[rows]; NULL for MNSIM's own, a whole crossbar of mean
 * cells and the mean of the voltages. ERR_UNSUPPORTED: 0T1R with conductances (B19).
 */
int32_t rrn_mnsim_estimate_read_w(const rrn_mnsim_config *c, const double *conductance_s, const double *volt,
                                  int32_t rows, int32_t cols, double *ret_power_w, rramnas_error *err);
double rrn_mnsim_estimate_write_w(const rrn_mnsim_config *c, const double *conductance_s, const double *volt,
                                  int32_t rows, int32_t cols);

/* --- converters (convert.c) --- */

/* The 2^adc_bits - 1 thresholds for that many wordlines. */
void rrn_mnsim_thresholds(const rrn_mnsim_config *c, int64_t wordlines, double *ret_volt);
/* The code that MNSIM's search finds for a voltage. */
int32_t rrn_mnsim_sense(const double *threshold_volt, int32_t bits, double volt);

/* --- parts, as a processing element, a tile, a layer and a network have them --- */

/* Of areas, powers or energies. `digital` is the sum of adder to joint, with MNSIM's omissions. */
typedef struct rrn_mnsim_parts {
  double total, crossbar, adc, dac, digital;
  double adder, shift_register, input_register, output_register, input_demux, output_mux, joint;
  double pooling, buffer, buffer_read, buffer_write; /* areas: read and write 0 */
} rrn_mnsim_parts;

/* Part by part: *sum += scale * *parts. */
void rrn_mnsim_parts_add(rrn_mnsim_parts *sum, const rrn_mnsim_parts *parts, double scale);

/* --- processing element (pe.c) --- */

typedef struct rrn_mnsim_pe {
  int32_t crossbars;            /* groups * polarity */
  double group_adcs, group_dacs; /* of a group: all subarrays */
  double adcs, dacs;             /* of all groups */
  double input_demux, output_mux; /* ways */
  double adders;
} rrn_mnsim_pe;

rrn_mnsim_pe rrn_mnsim_pe_counts(const rrn_mnsim_config *c);
rrn_mnsim_parts rrn_mnsim_pe_area(const rrn_mnsim_config *c, const rrn_mnsim_buffer *input);

/* What a layer uses of the crossbars. */
typedef struct rrn_mnsim_use {
  double rows, cols;
  double groups, pes;
} rrn_mnsim_use;

rrn_mnsim_parts rrn_mnsim_pe_power(const rrn_mnsim_config *c, const rrn_mnsim_use *use, const rrn_mnsim_buffer *input);

/* Peak performance at 8-bit inputs. */
void rrn_mnsim_pe_efficiency(const rrn_mnsim_config *c, const rrn_mnsim_buffer *input, double *ret_gops,
                             double *ret_gops_per_w);

/* Times of one activation; tile fields 0 for a processing element alone. */
typedef struct rrn_mnsim_latency {
  double total_ns;
  double buffer_write_ns, buffer_read_ns; /* input buffer */
  double crossbar_ns, dac_ns, adc_ns, computing_ns;
  double input_register_ns, shift_register_ns, input_demux_ns, adder_ns, output_mux_ns, output_register_ns;
  double digital_ns;
  double demux_step_ns, mux_step_ns, clock_ns;
  double joint_ns, transfer_ns, output_write_ns;
} rrn_mnsim_latency;

/* `in_bytes` are written to the input buffer, `read_bytes` read from it. */
rrn_mnsim_latency rrn_mnsim_pe_latency(const rrn_mnsim_config *c, const rrn_mnsim_use *use, int32_t input_bits,
                                       const rrn_mnsim_buffer *input, double in_bytes, double read_bytes);

/* --- tile (tile.c) --- */

double rrn_mnsim_tile_joints(const rrn_mnsim_config *c);
int32_t rrn_mnsim_tile_area(const rrn_mnsim_config *c, const rrn_mnsim_buffer *input, const rrn_mnsim_buffer *output,
                            rrn_mnsim_parts *ret_area_um2, rramnas_error *err);

enum rrn_mnsim_kind {
  RRN_MNSIM_CONV,
  RRN_MNSIM_FC,
  RRN_MNSIM_POOLING,
  RRN_MNSIM_ELEMENT_SUM,
  RRN_MNSIM_ELEMENT_MULTIPLY,
};
const char *rrn_mnsim_kind_name(int32_t kind);

int32_t rrn_mnsim_tile_power(const rrn_mnsim_config *c, enum rrn_mnsim_kind kind, const rrn_mnsim_use *use,
                             const rrn_mnsim_buffer *input, const rrn_mnsim_buffer *output,
                             rrn_mnsim_parts *ret_power_w, rramnas_error *err);

/* ERR_UNSUPPORTED for more processing elements than a tile has. */
int32_t rrn_mnsim_tile_latency(const rrn_mnsim_config *c, const rrn_mnsim_use *use, int32_t input_bits,
                               const rrn_mnsim_buffer *input, const rrn_mnsim_buffer *output, double in_bytes,
                               double read_bytes, rrn_mnsim_latency *ret_latency, rramnas_error *err);

typedef struct rrn_mnsim_pooling_latency {
  double total_ns, input_write_ns, input_read_ns, pooling_ns, output_write_ns;
} rrn_mnsim_pooling_latency;

rrn_mnsim_pooling_latency rrn_mnsim_tile_pooling(const rrn_mnsim_config *c, double channels, double window,
                                                 int32_t output_bits, const rrn_mnsim_buffer *input,
                                                 const rrn_mnsim_buffer *output, double in_bytes, double read_bytes);

/* --- network (graph.c, mapping.c, place.c, latency.c, network.c) --- */

/* A layer as MNSIM sees it: what has a tile of its own, or an accumulator. */
typedef struct rrn_mnsim_node {
  const char *name; /* of the node of the network */
  int32_t kind;     /* enum rrn_mnsim_kind */
  int32_t layer;    /* of the network; pooling, sums and products: of the layer before */
  int32_t in_bits, out_bits, weight_bits;
  int32_t kernel, stride, pad;        /* square; conv and pooling */
  int64_t in_channels, in_rows, in_cols; /* fc: features, 1, 1 */
  int64_t channels, rows, cols;          /* output; fc: features, 1, 1 */
  int32_t n_inputs, n_outputs;
  const int32_t *inputs;  /* layers before; none = the network's input */
  const int32_t *outputs; /* layers after */
} rrn_mnsim_node;

/*
 * The layers of a network, in its order; operators that MNSIM drops are looked through. ERR_UNSUPPORTED with the name
 * of the node for what it has no case for.
 */
int32_t rrn_mnsim_nodes(const rramnas_net *net, const rrn_mnsim_config *c, rrn_arena *arena,
                        const rrn_mnsim_node **ret_nodes, size_t *ret_n, rramnas_error *err);

typedef struct rrn_mnsim_layer_map {
  int64_t mx, my, pes, tiles, first_tile;
  rrn_mnsim_use use;                   /* pes: of its fullest tile */
  double in_layer_hops, to_next_hops;  /* distances of merging and of handing on */
} rrn_mnsim_layer_map;

typedef struct rrn_mnsim_map {
  rrn_mnsim_layer_map *layers; /* [n] */
  int64_t tiles;
  double input_kb, output_kb;  /* largest need of any layer */
  double global_kb;            /* of the accumulator */
  int64_t global_adders, global_multipliers;
  int32_t global_bits;
} rrn_mnsim_map;

int32_t rrn_mnsim_map_layers(const rrn_mnsim_config *c, const rrn_mnsim_node *nodes, size_t n, rrn_arena *arena,
                             rrn_mnsim_map *ret_map, rramnas_error *err);
/* Fills the distances. */
int32_t rrn_mnsim_place(const rrn_mnsim_config *c, const rrn_mnsim_node *nodes, size_t n, rrn_arena *arena,
                        rrn_mnsim_map *map, rramnas_error *err);

enum rrn_mnsim_mode {
  RRN_MNSIM_MODE_WINDOW = 0, /* what MNSIM's program calls: mode = 1, the first window is fetched */
  RRN_MNSIM_MODE_ROWS = 1,   /* mode = 0: whole rows are fetched */
  RRN_MNSIM_MODE_SERIAL = 2, /* without pipelining: a layer begins when the one before is done */
};

/* Times of a layer, summed over its pixels. */
typedef struct rrn_mnsim_times {
  double buffer_ns, computing_ns, dac_ns, crossbar_ns, adc_ns, digital_ns;
  double intra_tile_ns, inter_tile_ns, merge_ns, transfer_ns;
  double input_register_ns, output_register_ns, input_demux_ns, output_mux_ns, shift_register_ns, adder_ns, joint_ns;
  double pooling_ns, buffer_read_ns, buffer_write_ns;
} rrn_mnsim_times;

void rrn_mnsim_times_add(rrn_mnsim_times *sum, const rrn_mnsim_times *times);

typedef struct rrn_mnsim_layer {
  double begin_ns, finish_ns;
  double occupancy; /* share of that time in which it works */
  rrn_mnsim_times times;
  rrn_mnsim_parts area_um2, power_w, energy_nj;
} rrn_mnsim_layer;

typedef struct rrn_mnsim_result {
  size_t n;
  const rrn_mnsim_node *nodes;
  rrn_mnsim_map map;
  rrn_mnsim_layer *layers;
  double latency_ns;
  rrn_mnsim_times times;
  rrn_mnsim_parts area_um2, power_w, energy_nj; /* totals; parts with the accumulator do not sum to them (B10) */
} rrn_mnsim_result;

/* Fills begin, finish, occupancy and times. Scratch and result in the arena. */
int32_t rrn_mnsim_network_latency(const rrn_mnsim_config *c, const rrn_mnsim_node *nodes, size_t n,
                                  const rrn_mnsim_map *map, enum rrn_mnsim_mode mode, rrn_arena *arena,
                                  rrn_mnsim_layer *layers, rramnas_error *err);

/* The whole model. */
int32_t rrn_mnsim_network(const rrn_mnsim_config *c, const rramnas_net *net, enum rrn_mnsim_mode mode,
                          rrn_arena *arena, rrn_mnsim_result *ret_result, rramnas_error *err);

/* --- faults by name (quirks.c) --- */

typedef struct rrn_mnsim_quirk {
  const char *id;    /* "B12" */
  const char *name;  /* "leakage-twice" */
  const char *what;  /* what MNSIM does */
  const char *here;  /* what this model does with it */
} rrn_mnsim_quirk;

extern const rrn_mnsim_quirk rrn_mnsim_quirks[];
extern const size_t rrn_mnsim_n_quirks;

#endif
