/* SPDX-License-Identifier: MIT */
/* Kernels for several instruction sets, from one text (kernels.inc), and the choice among them.
 *
 * Registers hold lanes, so an instruction set decides how many images an instruction works on and nothing else: every
 * number is made by the same operations in the same order (product.c says which), each rounded by itself. Fused
 * multiply-adds are not used, since they round once less than what a machine without them does. */
#include "infer/kernels.h"

#include <string.h>

#define RRN_LANES RRN_INFER_LANES

#define WIDTH 4
#define NAME(x) x##_plain
#define TARGET
#include "infer/kernels.inc"
#undef WIDTH
#undef NAME
#undef TARGET

#if defined(__x86_64__)
#define WIDTH 8
#define NAME(x) x##_avx
#define TARGET __attribute__((target("avx")))
#include "infer/kernels.inc"
#undef WIDTH
#undef NAME
#undef TARGET

#define WIDTH 16
#define NAME(x) x##_avx512
#define TARGET __attribute__((target("avx512f")))
#include "infer/kernels.inc"
#undef WIDTH
#undef NAME
#undef TARGET
#endif

const rrn_infer_kernels *
rrn_infer_kernels_of(enum rrn_infer_cpu cpu)
{
#if defined(__x86_64__)
  if (cpu == RRN_INFER_CPU_AVX512)
    return __builtin_cpu_supports("avx512f") ? &kernels_avx512 : NULL;
  if (cpu == RRN_INFER_CPU_AVX)
    return __builtin_cpu_supports("avx") ? &kernels_avx : NULL;
#endif
  return cpu == RRN_INFER_CPU_PLAIN ? &kernels_plain : NULL;
}

const rrn_infer_kernels *
rrn_infer_kernels_best(void)
{
  int cpu = RRN_INFER_CPU_AVX512;

  while (!rrn_infer_kernels_of((enum rrn_infer_cpu)cpu))
    cpu--;
  return rrn_infer_kernels_of((enum rrn_infer_cpu)cpu);
}
