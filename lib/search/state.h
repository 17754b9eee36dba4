/* SPDX-License-Identifier: MIT */
/* A strategy as bytes and back. */
#ifndef RRN_SEARCH_STATE_H
#define RRN_SEARCH_STATE_H

#include "search/strategy.h"
#include "util/bytes.h"

/* Saves or loads, as `b` says. Loading: the strategy was made with the same genes and options, and nothing since; bytes
 * that cannot be set b->failed, and the strategy can then only be released. ERR_MEMORY. */
int32_t rrn_state_strategy(rrn_bytes *b, rrn_strategy *s, rramnas_error *err);
/* An archive: loading, an empty one of the same width. */
int32_t rrn_state_archive(rrn_bytes *b, rrn_archive *a, rramnas_error *err);

#endif
