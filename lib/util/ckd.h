/* SPDX-License-Identifier: MIT */
/* Checked integer arithmetic under its C23 names: true = overflow, *r is then not to be used. Sizes and
 * dimensions that come from files go through these. */
#ifndef RRN_UTIL_CKD_H
#define RRN_UTIL_CKD_H

#define ckd_add(r, a, b) __builtin_add_overflow((a), (b), (r))
#define ckd_sub(r, a, b) __builtin_sub_overflow((a), (b), (r))
#define ckd_mul(r, a, b) __builtin_mul_overflow((a), (b), (r))

#endif
