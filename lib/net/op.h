/* SPDX-License-Identifier: MIT */
/* Names of operators. */
#ifndef RRN_NET_OP_H
#define RRN_NET_OP_H

#include "rramnas/rramnas.h"

/* enum rramnas_op of that name as rramnas_op_name() spells it, 0 when there is none. */
int32_t rrn_op_from_name(const char *name);

#endif
