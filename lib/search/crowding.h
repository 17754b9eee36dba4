/* SPDX-License-Identifier: MIT */
/* Crowding distance. */
#ifndef RRN_SEARCH_CROWDING_H
#define RRN_SEARCH_CROWDING_H

#include "search/order.h"

/* Distances of the points ids[n] of f[][m], written to ret_distance[ids[i]]; `keys` holds 2 n entries. */
void rrn_crowding(const double *f, size_t m, const uint32_t *ids, size_t n, rrn_key *keys, double *ret_distance);

#endif
