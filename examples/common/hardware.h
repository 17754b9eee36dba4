/* SPDX-License-Identifier: MIT */
/* Chips as a user names them. */
#ifndef HARDWARE_H
#define HARDWARE_H

#include "rramnas/rramnas.h"

/* A word that is no file: neither a path nor the name of one that is there. */
int is_word(const char *text);
/* A file, NAME or preset:NAME of a published chip; NULL = the built-in one. */
int32_t read_hardware(const char *text, rramnas_hw **ret_hw, rramnas_error *err);

#endif
