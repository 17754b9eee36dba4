/* SPDX-License-Identifier: MIT */
/* Functions of one number that are the same bits on every machine; errors below one unit in the last place of a float.
 * */
#ifndef RRN_INFER_MATH_H
#define RRN_INFER_MATH_H

float rrn_infer_exp(float x);
float rrn_infer_log(float x);
float rrn_infer_sigmoid(float x);
float rrn_infer_tanh(float x);
float rrn_infer_erf(float x);
/* x to the y; NaN for a negative x with a y that is no integer. */
float rrn_infer_pow(float x, float y);
/* To the nearest integer, halves to the even one. */
float rrn_infer_round(float x);

#endif
