/* SPDX-License-Identifier: MIT */
/* The two halves of rrn_net_finish(). */
#ifndef RRN_NET_DERIVE_H
#define RRN_NET_DERIVE_H

#include "net/graph.h"

/* Fills layers, n_layers, n_mapped and the `layer` of each node. */
int32_t rrn_net_derive_layers(rramnas_net *net, rramnas_error *err);

/* Fills deps; needs the layers. */
int32_t rrn_net_derive_deps(rramnas_net *net, rramnas_error *err);

#endif
