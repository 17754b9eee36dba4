/* SPDX-License-Identifier: MIT */
/* Values of a network's constants from files of named tensors. */
#ifndef RRN_WEIGHTS_WEIGHTS_H
#define RRN_WEIGHTS_WEIGHTS_H

#include "net/ofa.h"
#include "net/values.h"
#include "weights/supernet.h"

/* Each constant by its name; batch normalisations without parameters among their inputs by the node's name with
 * .weight, .bias, .running_mean, .running_var, as PyTorch's state dictionaries have them. ERR_NOT_FOUND and ERR_SHAPE
 * name the tensor. */
int32_t rrn_weights_of_file(const rrn_safetensors *file, rramnas_net *net, const rramnas_runtime *runtime,
                            rrn_values **ret_values, rramnas_error *err);

/* 1 when the file holds a once-for-all supernet: modules whose width can change, under the names of its code. */
int rrn_weights_is_supernet(const rrn_safetensors *file);
/* Widths of a once-for-all supernet and its classes, from the shapes of its weights. */
int32_t rrn_weights_ofa_widths(const rrn_safetensors *file, rrn_ofa_family family, rrn_ofa_widths *ret_widths,
                               int64_t *ret_classes, rramnas_error *err);
/* Weights of a member of the supernet that the file holds: the first channels, and smaller kernels through its
 * matrices. `net` was made from `genome` by rrn_net_ofa_named(). All of the file's tensors must be a supernet's, which is
 * not looked at again where it is `known`, NULL = it is not: rrn_supernet_check(). */
int32_t rrn_weights_of_supernet(const rrn_safetensors *file, const rrn_supernet *known, const rrn_ofa_genome *genome,
                                rramnas_net *net, const rramnas_runtime *runtime, rrn_values **ret_values,
                                rramnas_error *err);

#endif
