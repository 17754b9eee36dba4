/* SPDX-License-Identifier: MIT */
#include "mnsim/mnsim.h"

const rrn_mnsim_quirk rrn_mnsim_quirks[] = { { "B1", "", "", "" } };
const size_t rrn_mnsim_n_quirks = 1;
