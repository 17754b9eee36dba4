/* SPDX-License-Identifier: MIT */
/* Where every field of every public struct sits on 64-bit machines. A line that fails to compile is an ABI
 * break: put the field back, or add the new one at the end. Refresh: RRAMNAS_UPDATE_GOLDEN=1 meson test layouts */
#include <stddef.h>
#include <stdint.h>

#include "rramnas/rramnas.h"

#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field " has moved")
#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " has another size")

int
main(void)
{
  return 0;
}

#if UINTPTR_MAX == UINT64_MAX

/* --- written by abi.py --- */

SIZE(rramnas_error, 1056);
AT(rramnas_error, size, 0);
AT(rramnas_error, code, 8);
AT(rramnas_error, line, 12);
AT(rramnas_error, column, 16);
AT(rramnas_error, reserved, 20);
AT(rramnas_error, offset, 24);
AT(rramnas_error, message, 32);

SIZE(rramnas_runtime, 64);
AT(rramnas_runtime, size, 0);
AT(rramnas_runtime, alloc, 8);
AT(rramnas_runtime, realloc, 16);
AT(rramnas_runtime, free, 24);
AT(rramnas_runtime, alloc_user, 32);
AT(rramnas_runtime, log, 40);
AT(rramnas_runtime, log_user, 48);
AT(rramnas_runtime, log_level, 56);
AT(rramnas_runtime, n_threads, 60);

SIZE(rramnas_preset, 48);
AT(rramnas_preset, size, 0);
AT(rramnas_preset, name, 8);
AT(rramnas_preset, title, 16);
AT(rramnas_preset, source, 24);
AT(rramnas_preset, yaml, 32);
AT(rramnas_preset, kind, 40);
AT(rramnas_preset, reserved, 44);

SIZE(rramnas_hw_field, 88);
AT(rramnas_hw_field, size, 0);
AT(rramnas_hw_field, name, 8);
AT(rramnas_hw_field, unit, 16);
AT(rramnas_hw_field, default_text, 24);
AT(rramnas_hw_field, choices, 32);
AT(rramnas_hw_field, doc, 40);
AT(rramnas_hw_field, source, 48);
AT(rramnas_hw_field, since, 56);
AT(rramnas_hw_field, min, 64);
AT(rramnas_hw_field, max, 72);
AT(rramnas_hw_field, type, 80);
AT(rramnas_hw_field, reserved, 84);

SIZE(rramnas_mvm_latency, 88);
AT(rramnas_mvm_latency, size, 0);
AT(rramnas_mvm_latency, total_ns, 8);
AT(rramnas_mvm_latency, crossbar_ns, 16);
AT(rramnas_mvm_latency, dac_ns, 24);
AT(rramnas_mvm_latency, adc_ns, 32);
AT(rramnas_mvm_latency, input_register_ns, 40);
AT(rramnas_mvm_latency, shift_register_ns, 48);
AT(rramnas_mvm_latency, input_demux_ns, 56);
AT(rramnas_mvm_latency, adder_tree_ns, 64);
AT(rramnas_mvm_latency, output_mux_ns, 72);
AT(rramnas_mvm_latency, output_register_ns, 80);

SIZE(rramnas_bind, 16);
AT(rramnas_bind, name, 0);
AT(rramnas_bind, value, 8);

SIZE(rramnas_net_options, 32);
AT(rramnas_net_options, size, 0);
AT(rramnas_net_options, binds, 8);
AT(rramnas_net_options, n_binds, 16);
AT(rramnas_net_options, format, 24);
AT(rramnas_net_options, reserved, 28);

SIZE(rramnas_node, 256);
AT(rramnas_node, size, 0);
AT(rramnas_node, name, 8);
AT(rramnas_node, inputs, 16);
AT(rramnas_node, n_inputs, 24);
AT(rramnas_node, op, 28);
AT(rramnas_node, out_channels, 32);
AT(rramnas_node, kernel, 40);
AT(rramnas_node, stride, 64);
AT(rramnas_node, dilation, 88);
AT(rramnas_node, pad, 112);
AT(rramnas_node, groups, 160);
AT(rramnas_node, dims, 168);
AT(rramnas_node, n_dims, 232);
AT(rramnas_node, axis, 236);
AT(rramnas_node, keep_dims, 240);
AT(rramnas_node, no_bias, 244);
AT(rramnas_node, ceil_mode, 248);
AT(rramnas_node, reserved, 252);

SIZE(rramnas_layer, 336);
AT(rramnas_layer, size, 0);
AT(rramnas_layer, name, 8);
AT(rramnas_layer, index, 16);
AT(rramnas_layer, op, 20);
AT(rramnas_layer, mapped, 24);
AT(rramnas_layer, has_bias, 28);
AT(rramnas_layer, in_rank, 32);
AT(rramnas_layer, out_rank, 36);
AT(rramnas_layer, in_shape, 40);
AT(rramnas_layer, out_shape, 104);
AT(rramnas_layer, n_spatial, 168);
AT(rramnas_layer, groups, 172);
AT(rramnas_layer, kernel, 176);
AT(rramnas_layer, stride, 200);
AT(rramnas_layer, dilation, 224);
AT(rramnas_layer, pad, 248);
AT(rramnas_layer, macs, 296);
AT(rramnas_layer, weights, 304);
AT(rramnas_layer, matrix_rows, 312);
AT(rramnas_layer, matrix_cols, 320);
AT(rramnas_layer, positions, 328);

SIZE(rramnas_compile_options, 128);
AT(rramnas_compile_options, size, 0);
AT(rramnas_compile_options, policy, 8);
AT(rramnas_compile_options, crossbars, 12);
AT(rramnas_compile_options, seed, 16);
AT(rramnas_compile_options, seed_mode, 20);
AT(rramnas_compile_options, depth_split, 24);
AT(rramnas_compile_options, layer_threshold, 28);
AT(rramnas_compile_options, max_load, 32);
AT(rramnas_compile_options, no_duplication, 36);
AT(rramnas_compile_options, find_solution, 40);
AT(rramnas_compile_options, reserved, 44);
AT(rramnas_compile_options, margins, 48);
AT(rramnas_compile_options, n_margins, 56);
AT(rramnas_compile_options, copies, 64);
AT(rramnas_compile_options, n_copies, 72);
AT(rramnas_compile_options, effort, 80);
AT(rramnas_compile_options, objective, 84);
AT(rramnas_compile_options, samples, 88);
AT(rramnas_compile_options, depthwise, 92);
AT(rramnas_compile_options, split_to_fit, 96);
AT(rramnas_compile_options, reserved2, 100);
AT(rramnas_compile_options, weight_bits, 104);
AT(rramnas_compile_options, input_bits, 112);
AT(rramnas_compile_options, n_bits, 120);

SIZE(rramnas_mapping_info, 120);
AT(rramnas_mapping_info, size, 0);
AT(rramnas_mapping_info, policy, 8);
AT(rramnas_mapping_info, crossbars_available, 12);
AT(rramnas_mapping_info, crossbars_used, 16);
AT(rramnas_mapping_info, crossbars_bound, 20);
AT(rramnas_mapping_info, tries, 24);
AT(rramnas_mapping_info, duplicated, 28);
AT(rramnas_mapping_info, n_pieces, 32);
AT(rramnas_mapping_info, n_placements, 40);
AT(rramnas_mapping_info, utilization, 48);
AT(rramnas_mapping_info, margin, 56);
AT(rramnas_mapping_info, crossbars_optimal, 64);
AT(rramnas_mapping_info, bound_area, 68);
AT(rramnas_mapping_info, bound_dual, 72);
AT(rramnas_mapping_info, bound_strip, 76);
AT(rramnas_mapping_info, bound_clique, 80);
AT(rramnas_mapping_info, bound_cardinality, 84);
AT(rramnas_mapping_info, boxes_cut, 88);
AT(rramnas_mapping_info, cut_parts, 92);
AT(rramnas_mapping_info, extra_conversions, 96);
AT(rramnas_mapping_info, occupied, 104);
AT(rramnas_mapping_info, unit_columns, 112);

SIZE(rramnas_timing_options, 40);
AT(rramnas_timing_options, size, 0);
AT(rramnas_timing_options, model, 8);
AT(rramnas_timing_options, samples, 12);
AT(rramnas_timing_options, floor_remainder, 16);
AT(rramnas_timing_options, no_baseline, 20);
AT(rramnas_timing_options, with_bound, 24);
AT(rramnas_timing_options, reserved, 28);
AT(rramnas_timing_options, sharing, 32);
AT(rramnas_timing_options, reserved2, 36);

SIZE(rramnas_timing, 56);
AT(rramnas_timing, size, 0);
AT(rramnas_timing, latency_ns, 8);
AT(rramnas_timing, contention_free_ns, 16);
AT(rramnas_timing, baseline_latency_ns, 24);
AT(rramnas_timing, speedup, 32);
AT(rramnas_timing, bound_ns, 40);
AT(rramnas_timing, gap, 48);

SIZE(rramnas_cost_options, 48);
AT(rramnas_cost_options, size, 0);
AT(rramnas_cost_options, model, 8);
AT(rramnas_cost_options, timing_model, 12);
AT(rramnas_cost_options, samples, 16);
AT(rramnas_cost_options, floor_remainder, 20);
AT(rramnas_cost_options, hw, 24);
AT(rramnas_cost_options, latency_ns, 32);
AT(rramnas_cost_options, sharing, 40);
AT(rramnas_cost_options, reserved, 44);

SIZE(rramnas_cost, 240);
AT(rramnas_cost, size, 0);
AT(rramnas_cost, latency_ns, 8);
AT(rramnas_cost, energy_pj, 16);
AT(rramnas_cost, energy_dynamic_pj, 24);
AT(rramnas_cost, energy_static_pj, 32);
AT(rramnas_cost, energy_per_inference_pj, 40);
AT(rramnas_cost, energy_per_mac_pj, 48);
AT(rramnas_cost, area_um2, 56);
AT(rramnas_cost, power_mw, 64);
AT(rramnas_cost, leakage_mw, 72);
AT(rramnas_cost, edp_pj_ns, 80);
AT(rramnas_cost, edap_pj_ns_um2, 88);
AT(rramnas_cost, tops, 96);
AT(rramnas_cost, tops_per_w, 104);
AT(rramnas_cost, tops_per_mm2, 112);
AT(rramnas_cost, inferences_per_s, 120);
AT(rramnas_cost, cell_utilization, 128);
AT(rramnas_cost, busy_share, 136);
AT(rramnas_cost, write_energy_pj, 144);
AT(rramnas_cost, write_time_ns, 152);
AT(rramnas_cost, ir_drop, 160);
AT(rramnas_cost, ir_drop_typical, 168);
AT(rramnas_cost, wire_delay_ns, 176);
AT(rramnas_cost, transfer_ns, 184);
AT(rramnas_cost, macs, 192);
AT(rramnas_cost, crossbars, 200);
AT(rramnas_cost, arrays, 208);
AT(rramnas_cost, tiles, 216);
AT(rramnas_cost, adc_bits_needed, 224);
AT(rramnas_cost, adc_bits, 228);
AT(rramnas_cost, extrapolated, 232);
AT(rramnas_cost, samples, 236);

SIZE(rramnas_derived, 56);
AT(rramnas_derived, size, 0);
AT(rramnas_derived, name, 8);
AT(rramnas_derived, unit, 16);
AT(rramnas_derived, formula, 24);
AT(rramnas_derived, inputs, 32);
AT(rramnas_derived, source, 40);
AT(rramnas_derived, value, 48);

SIZE(rramnas_curve_point, 56);
AT(rramnas_curve_point, size, 0);
AT(rramnas_curve_point, crossbars, 8);
AT(rramnas_curve_point, made_for, 12);
AT(rramnas_curve_point, crossbars_used, 16);
AT(rramnas_curve_point, optimal, 20);
AT(rramnas_curve_point, latency_ns, 24);
AT(rramnas_curve_point, bound_ns, 32);
AT(rramnas_curve_point, utilization, 40);
AT(rramnas_curve_point, fewest, 48);
AT(rramnas_curve_point, fewest_bound, 52);

SIZE(rramnas_curve_options, 32);
AT(rramnas_curve_options, size, 0);
AT(rramnas_curve_options, first, 8);
AT(rramnas_curve_options, last, 12);
AT(rramnas_curve_options, on_point, 16);
AT(rramnas_curve_options, user, 24);

SIZE(rramnas_curve_labels, 24);
AT(rramnas_curve_labels, size, 0);
AT(rramnas_curve_labels, title, 8);
AT(rramnas_curve_labels, subtitle, 16);

SIZE(rramnas_accuracy_options, 112);
AT(rramnas_accuracy_options, size, 0);
AT(rramnas_accuracy_options, weights, 8);
AT(rramnas_accuracy_options, data, 16);
AT(rramnas_accuracy_options, part, 24);
AT(rramnas_accuracy_options, images, 28);
AT(rramnas_accuracy_options, calibration_images, 32);
AT(rramnas_accuracy_options, trials, 36);
AT(rramnas_accuracy_options, seed, 40);
AT(rramnas_accuracy_options, time_s, 48);
AT(rramnas_accuracy_options, adc_range, 56);
AT(rramnas_accuracy_options, n_threads, 60);
AT(rramnas_accuracy_options, adc_fraction, 64);
AT(rramnas_accuracy_options, hw, 72);
AT(rramnas_accuracy_options, stop_below, 80);
AT(rramnas_accuracy_options, confidence_wanted, 88);
AT(rramnas_accuracy_options, trials_min, 96);
AT(rramnas_accuracy_options, norm_images, 100);
AT(rramnas_accuracy_options, stop_dominated, 104);
AT(rramnas_accuracy_options, copies_alike, 108);

SIZE(rramnas_accuracy, 120);
AT(rramnas_accuracy, size, 0);
AT(rramnas_accuracy, images, 8);
AT(rramnas_accuracy, trials, 16);
AT(rramnas_accuracy, layers_on_crossbars, 20);
AT(rramnas_accuracy, digital, 24);
AT(rramnas_accuracy, quantized, 32);
AT(rramnas_accuracy, mean, 40);
AT(rramnas_accuracy, deviation, 48);
AT(rramnas_accuracy, confidence, 56);
AT(rramnas_accuracy, worst, 64);
AT(rramnas_accuracy, low, 72);
AT(rramnas_accuracy, median, 80);
AT(rramnas_accuracy, best, 88);
AT(rramnas_accuracy, conversions, 96);
AT(rramnas_accuracy, clipped, 104);
AT(rramnas_accuracy, stopped, 112);
AT(rramnas_accuracy, layers_on_diagonal, 116);

SIZE(rramnas_accuracy_layer, 64);
AT(rramnas_accuracy_layer, size, 0);
AT(rramnas_accuracy_layer, on_crossbars, 8);
AT(rramnas_accuracy_layer, weight_bits, 12);
AT(rramnas_accuracy_layer, input_bits, 16);
AT(rramnas_accuracy_layer, adc_codes, 20);
AT(rramnas_accuracy_layer, adc_range, 24);
AT(rramnas_accuracy_layer, codes_used, 32);
AT(rramnas_accuracy_layer, conversions, 40);
AT(rramnas_accuracy_layer, clipped_low, 48);
AT(rramnas_accuracy_layer, clipped_high, 56);

SIZE(rramnas_accuracy_curve, 56);
AT(rramnas_accuracy_curve, size, 0);
AT(rramnas_accuracy_curve, name, 8);
AT(rramnas_accuracy_curve, x, 16);
AT(rramnas_accuracy_curve, points, 24);
AT(rramnas_accuracy_curve, n_points, 32);
AT(rramnas_accuracy_curve, scale, 40);
AT(rramnas_accuracy_curve, unit, 44);
AT(rramnas_accuracy_curve, mark, 48);

SIZE(rramnas_gene, 72);
AT(rramnas_gene, size, 0);
AT(rramnas_gene, name, 8);
AT(rramnas_gene, labels, 16);
AT(rramnas_gene, n_labels, 24);
AT(rramnas_gene, low, 32);
AT(rramnas_gene, high, 40);
AT(rramnas_gene, parent, 48);
AT(rramnas_gene, above, 56);
AT(rramnas_gene, kind, 64);
AT(rramnas_gene, role, 68);

SIZE(rramnas_ready_space, 32);
AT(rramnas_ready_space, size, 0);
AT(rramnas_ready_space, name, 8);
AT(rramnas_ready_space, title, 16);
AT(rramnas_ready_space, source, 24);

SIZE(rramnas_metric, 40);
AT(rramnas_metric, size, 0);
AT(rramnas_metric, name, 8);
AT(rramnas_metric, unit, 16);
AT(rramnas_metric, doc, 24);
AT(rramnas_metric, direction, 32);
AT(rramnas_metric, reserved, 36);

SIZE(rramnas_table_options, 32);
AT(rramnas_table_options, size, 0);
AT(rramnas_table_options, key, 8);
AT(rramnas_table_options, columns, 16);
AT(rramnas_table_options, order, 24);

SIZE(rramnas_predictor_quality, 40);
AT(rramnas_predictor_quality, size, 0);
AT(rramnas_predictor_quality, rows, 8);
AT(rramnas_predictor_quality, rank_correlation, 16);
AT(rramnas_predictor_quality, spearman, 24);
AT(rramnas_predictor_quality, rmse, 32);

SIZE(rramnas_batch, 32);
AT(rramnas_batch, size, 0);
AT(rramnas_batch, genomes, 8);
AT(rramnas_batch, values, 16);
AT(rramnas_batch, n, 24);

SIZE(rramnas_search_options, 56);
AT(rramnas_search_options, size, 0);
AT(rramnas_search_options, seed, 8);
AT(rramnas_search_options, strategy, 16);
AT(rramnas_search_options, population, 20);
AT(rramnas_search_options, offspring, 24);
AT(rramnas_search_options, archive_capacity, 28);
AT(rramnas_search_options, initial, 32);
AT(rramnas_search_options, n_initial, 40);
AT(rramnas_search_options, reference, 48);

SIZE(rramnas_progress, 104);
AT(rramnas_progress, size, 0);
AT(rramnas_progress, generation, 8);
AT(rramnas_progress, evaluations, 16);
AT(rramnas_progress, failed, 24);
AT(rramnas_progress, infeasible, 32);
AT(rramnas_progress, cached, 40);
AT(rramnas_progress, front, 48);
AT(rramnas_progress, hypervolume, 56);
AT(rramnas_progress, seconds, 64);
AT(rramnas_progress, evaluations_per_s, 72);
AT(rramnas_progress, seconds_left, 80);
AT(rramnas_progress, stagnant, 88);
AT(rramnas_progress, exhausted, 96);
AT(rramnas_progress, reserved, 100);

SIZE(rramnas_work, 56);
AT(rramnas_work, size, 0);
AT(rramnas_work, genomes, 8);
AT(rramnas_work, values, 16);
AT(rramnas_work, shortfalls, 24);
AT(rramnas_work, done, 32);
AT(rramnas_work, n, 40);
AT(rramnas_work, wants_end, 48);

SIZE(rramnas_run_options, 96);
AT(rramnas_run_options, size, 0);
AT(rramnas_run_options, generations, 8);
AT(rramnas_run_options, evaluations, 16);
AT(rramnas_run_options, seconds, 24);
AT(rramnas_run_options, stagnation, 32);
AT(rramnas_run_options, checkpoint, 40);
AT(rramnas_run_options, checkpoint_every, 48);
AT(rramnas_run_options, progress, 56);
AT(rramnas_run_options, user, 64);
AT(rramnas_run_options, n_threads, 72);
AT(rramnas_run_options, reserved, 76);
AT(rramnas_run_options, distribute, 80);
AT(rramnas_run_options, distribute_user, 88);

SIZE(rramnas_search_report_options, 48);
AT(rramnas_search_report_options, size, 0);
AT(rramnas_search_report_options, title, 8);
AT(rramnas_search_report_options, cloud, 16);
AT(rramnas_search_report_options, n_cloud, 24);
AT(rramnas_search_report_options, mark, 32);
AT(rramnas_search_report_options, mark_label, 40);

#endif
