/* SPDX-License-Identifier: MIT */
/* Networks on crossbars: error-free arrays give the integer product bit for bit; errors are the same at any number of
 * threads; the digits keep their accuracy on eight bits. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "accuracy/accuracy.h"
#include "data/data.h"
#include "infer.h"
#include "util/runtime.h"

enum { N_TEST = 360, N_SAMPLE = 32, MOST_LAYERS = 64 };

typedef struct digits {
  planned p;
  rrn_rt rt;
  float *images, *sample; /* as the network takes them */
  int32_t labels[N_TEST];
  rrn_quantised q;
  rramnas_hw *hw;
} digits;
