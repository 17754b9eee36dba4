/* SPDX-License-Identifier: MIT */
/* Standard normal numbers by name, many at a time.
 *
 * In:  the name of random numbers, numbers of cells.
 * Out: their deviates.
 *
 * Idea: a keyed bijection of a counter gives four words of 32 bits. A block of 32 cells has eight counters: cell c has word
 * c / 8 of counter c mod 8, so that registers of counters leave registers of neighbouring cells. The highest bit of a word is the
 * sign, the others m are the probability (m + 1/2) / 2^32 of a greater magnitude; in each of its 32 octaves a polynomial of
 * degree six gives the inverse of the normal distribution within 7e-7. Only + - * in single precision, each rounded, so every
 * machine has the same bits. Deviates end at 6.3.
 *
 * With AVX-512 one register has the polynomials of 16 octaves; words of the others, one of 2^16, are looked for.
 *
 * Complexity: some 12 operations per number, by registers of 16 less than 2. Papers: Salmon et al., SC 2011 (Philox); Wichura,
 * Algorithm AS 241, Applied Statistics 37, 1988, is what tests compare with. Deviation: 32 bits instead of 52. */
#include "xbar/noise.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "util/random.h"

enum { BLOCK = RRN_XBAR_NORMALS, COUNTERS = 8, DEGREE = 6, OCTAVES = 32, MOST_BLOCKS = 4, REGISTERS = 2 * MOST_BLOCKS };

void
rrn_xbar_random(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t counter, uint32_t vector, int32_t step,
                uint32_t ret_block[4])
{
  const uint32_t key[2] = { (uint32_t)id->seed, (uint32_t)(id->seed >> 32) };
  const uint32_t name[4] = { counter, vector, id->layer, (uint32_t)slot << 30 | (uint32_t)step << 22 | id->copy };

  rrn_philox(key, name, ret_block);
}

uint32_t
rrn_xbar_word(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, uint32_t vector, int32_t step)
{
  uint32_t words[4];

  rrn_xbar_random(id, slot, cell / BLOCK * COUNTERS + cell % COUNTERS, vector, step, words);
  return words[cell / COUNTERS % 4];
}

/* --- inverse of the normal distribution --- */

/* Polynomials in the distance from the octave's middle, by degree and by the lowest bits of the octave's exponent. */
static const float octaves[DEGREE + 1][OCTAVES] = {
  { 6.05582666f, 5.94326687f, 5.82864475f, 5.71184349f, 5.5927372f, 5.47118568f, 5.34703445f, 5.2201128f,
    5.09023094f, 4.95717478f, 4.82070589f, 4.68055296f, 4.53640795f, 4.387918f, 4.23467541f, 4.07620668f,
    3.91195297f, 3.74125242f, 3.56330776f, 3.37714577f, 3.18155956f, 2.97502065f, 2.75554872f, 2.52050209f,
    2.26622677f, 1.98742783f, 1.67593968f, 1.31801081f, 0.887146473f, 0.318639278f, 6.27517271f, 6.16642952f },
  { -0.107304804f, -0.10923633f, -0.111274332f, -0.113428861f, -0.115711346f, -0.118134849f, -0.120714352f,
    -0.123467162f, -0.12641336f, -0.12957643f, -0.132983997f, -0.136668876f, -0.1406703f, -0.145035654f,
    -0.149822816f, -0.155103296f, -0.16096656f, -0.167526335f, -0.174929574f, -0.183370113f, -0.193109423f,
    -0.204510078f, -0.218091473f, -0.234628201f, -0.255334616f, -0.282241791f, -0.319054633f, -0.373417616f,
    -0.464415938f, -0.659298122f, -0.103726581f, -0.105470844f },
  { 0.0348661877f, 0.035461098f, 0.0360869579f, 0.0367465131f, 0.0374428593f, 0.0381794944f, 0.0389604084f,
    0.0397901423f, 0.0406739227f, 0.0416177735f, 0.0426286943f, 0.0437148474f, 0.0448858477f, 0.0461530685f,
    0.0475300886f, 0.0490332544f, 0.0506824292f, 0.052501969f, 0.0545220561f, 0.0567805134f, 0.0593252219f,
    0.0622173809f, 0.0655356795f, 0.0693808869f, 0.0738780051f, 0.0791637823f, 0.0853063613f, 0.0918972492f,
    0.0956768095f, 0.0692598075f, 0.033759702f, 0.0342997834f },
  { -0.0152276345f, -0.015481214f, -0.0157476552f, -0.0160280708f, -0.0163237099f, -0.0166359786f, -0.0169664752f,
    -0.0173170157f, -0.0176896732f, -0.0180868357f, -0.0185112581f, -0.0189661421f, -0.0194552299f, -0.0199829303f,
    -0.0205544662f, -0.021176083f, -0.021855304f, -0.0226012841f, -0.0234252661f, -0.0243412033f, -0.0253666062f,
    -0.0265237f, -0.0278409962f, -0.0293554291f, -0.0311151743f, -0.0331833512f, -0.0356447026f, -0.038640447f,
    -0.0427689627f, -0.0572352521f, -0.0147551997f, -0.0149859264f },
  { 0.00752593903f, 0.00764930574f, 0.00777882989f, 0.00791503396f, 0.00805850513f, 0.00820990279f, 0.00836997479f,
    0.00853956863f, 0.00871965103f, 0.00891132839f, 0.00911587849f, 0.00933477841f, 0.00956975017f, 0.00982281379f,
    0.0100963544f, 0.0103932125f, 0.0107167922f, 0.0110712163f, 0.0114615187f, 0.0118939141f, 0.0123761538f,
    0.012918015f, 0.0135319717f, 0.0142341079f, 0.015045342f, 0.0159929879f, 0.017112432f, 0.0184463635f,
    0.0199871901f, 0.0189069863f, 0.00729585346f, 0.00740826176f },
  { -0.00464997906f, -0.00472511305f, -0.00480394205f, -0.00488677574f, -0.00497396011f, -0.00506588444f,
    -0.00516298739f, -0.00526576722f, -0.00537478924f, -0.00549070118f, -0.00561424671f, -0.0057462845f,
    -0.00588781293f, -0.00603999943f, -0.00620421767f, -0.00638209656f, -0.00657558255f, -0.00678702164f,
    -0.00701926649f, -0.00727582024f, -0.00756102987f, -0.00788035057f, -0.00824070349f, -0.00865097065f,
    -0.00912266318f, -0.00967080519f, -0.0103150206f, -0.0110807801f, -0.012007609f, -0.0141076231f,
    -0.00450971723f, -0.0045782635f },
  { 0.00264721294f, 0.00268959417f, 0.00273404061f, 0.00278072292f, 0.00282983272f, 0.00288158492f, 0.00293622166f,
    0.00299401698f, 0.0030552824f, 0.00312037347f, 0.00318969786f, 0.00326372613f, 0.00334300357f, 0.00342816697f,
    0.0035199644f, 0.00361927995f, 0.00372716854f, 0.00384489703f, 0.00397400232f, 0.00411636615f, 0.00427431427f,
    0.00445075659f, 0.00464937231f, 0.00487486506f, 0.00513331546f, 0.00543264858f, 0.00578322727f, 0.0061985082f,
    0.00669452827f, 0.00696759718f, 0.00256804633f, 0.00260674302f },
};

/* The greatest number below 2^31. */
#define MOST 2147483520.0f

float
rrn_xbar_deviate_of(uint32_t word)
{
  const float m = (float)(int32_t)(word & INT32_MAX) + 0.5f, x = m < MOST ? m : MOST;
  uint32_t bits, octave, sign = word & ~(uint32_t)INT32_MAX;
  float middle, sum;
  int degree;

  memcpy(&bits, &x, sizeof(bits));
  octave = bits >> 23 & (OCTAVES - 1);
  bits = (bits & 0x7fffff) | 0x3f800000;
  memcpy(&middle, &bits, sizeof(middle));
  middle -= 1.5f;
  sum = octaves[DEGREE][octave];
  for (degree = DEGREE - 1; degree >= 0; degree--)
    sum = sum * middle + octaves[degree][octave];
  memcpy(&bits, &sum, sizeof(bits));
  bits ^= sign;
  memcpy(&sum, &bits, sizeof(sum));
  return sum;
}

double
rrn_xbar_normal(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, uint32_t vector, int32_t step)
{
  return (double)rrn_xbar_deviate_of(rrn_xbar_word(id, slot, cell, vector, step));
}

/* --- blocks of 32 --- */

static void
blocks_plain(const rrn_xbar_id *id, enum rrn_xbar_slot slot, int32_t step, uint32_t first, size_t n, float *ret_xi)
{
  uint32_t words[4], counter, k;
  size_t i;

  for (i = 0; i < n; i++, ret_xi += BLOCK)
    for (counter = 0; counter < COUNTERS; counter++) {
      rrn_xbar_random(id, slot, (first + (uint32_t)i) * COUNTERS + counter, 0, step, words);
      for (k = 0; k < 4; k++)
        ret_xi[k * COUNTERS + counter] = rrn_xbar_deviate_of(words[k]);
    }
}

#if defined(__x86_64__)
#define EXOR_256(a, b, c) _mm256_xor_si256(_mm256_xor_si256(a, b), c)
#define EXOR_512(a, b, c) _mm512_ternarylogic_epi64(a, b, c, 0x96)
#define UPPER_512(a, n) _mm512_shuffle_epi32(a, 0xf5) /* more of them at a time than shifts */

/* Philox side by side, two registers of 64-bit lanes or one: a product takes the lower half of each, so what is above counts for
 * nothing. c0 .. c3 hold the words. */
#define ROUNDS(type, n, set1, product, right, exor) \
  do { \
    const type by0 = set1((int64_t)0xd2511f53), by2 = set1((int64_t)0xcd9e8d57); \
    uint32_t k0 = (uint32_t)id->seed, k1 = (uint32_t)(id->seed >> 32); \
    int round, v; \
 \
    for (round = 0; round < 10; round++, k0 += 0x9e3779b9u, k1 += 0xbb67ae85u) \
      for (v = 0; v < n; v++) { \
        const type p0 = product(c0[v], by0), p1 = product(c2[v], by2); \
 \
        c0[v] = exor(right(p1, 32), c1[v], set1((int64_t)k0)); \
        c1[v] = p1; \
        c2[v] = exor(right(p0, 32), c3[v], set1((int64_t)k1)); \
        c3[v] = p0; \
      } \
  } while (0)

static inline int64_t
fourth_of(const rrn_xbar_id *id, enum rrn_xbar_slot slot, int32_t step)
{
  return (int64_t)((uint32_t)slot << 30 | (uint32_t)step << 22 | id->copy);
}

/* Deviates of eight words. */
__attribute__((target("avx2"))) static inline void
deviates_avx2(__m256i words, float *ret_xi)
{
  const __m256 most = _mm256_set1_ps(MOST);
  const __m256i magnitude = _mm256_and_si256(words, _mm256_set1_epi32(INT32_MAX));
  const __m256i x = _mm256_castps_si256(_mm256_min_ps(_mm256_add_ps(_mm256_cvtepi32_ps(magnitude), _mm256_set1_ps(0.5f)), most));
  const __m256i octave = _mm256_and_si256(_mm256_srli_epi32(x, 23), _mm256_set1_epi32(OCTAVES - 1));
  const __m256i mantissa = _mm256_and_si256(x, _mm256_set1_epi32(0x7fffff));
  const __m256 middle = _mm256_sub_ps(_mm256_castsi256_ps(_mm256_or_si256(mantissa, _mm256_set1_epi32(0x3f800000))),
                                      _mm256_set1_ps(1.5f));
  __m256 sum = _mm256_i32gather_ps(octaves[DEGREE], octave, 4);
  int degree;

  for (degree = DEGREE - 1; degree >= 0; degree--)
    sum = _mm256_add_ps(_mm256_mul_ps(sum, middle), _mm256_i32gather_ps(octaves[degree], octave, 4));
  sum = _mm256_xor_ps(sum, _mm256_castsi256_ps(_mm256_andnot_si256(_mm256_set1_epi32(INT32_MAX), words)));
  _mm256_storeu_ps(ret_xi, sum);
}

/* The lower halves of two registers. */
__attribute__((target("avx2"))) static inline __m256i
halves_avx2(const __m256i *c)
{
  const __m256 mixed = _mm256_shuffle_ps(_mm256_castsi256_ps(c[0]), _mm256_castsi256_ps(c[1]), 0x88);

  return _mm256_permute4x64_epi64(_mm256_castps_si256(mixed), 0xd8);
}

__attribute__((target("avx2"))) static inline void
block_avx2(const rrn_xbar_id *id, enum rrn_xbar_slot slot, int32_t step, uint32_t block, float *ret_xi)
{
  const int64_t first = (int64_t)block * COUNTERS;
  __m256i c0[2] = { _mm256_set_epi64x(first + 3, first + 2, first + 1, first), _mm256_set_epi64x(first + 7, first + 6, first + 5, first + 4) };
  __m256i c1[2] = { _mm256_setzero_si256(), _mm256_setzero_si256() };
  __m256i c2[2] = { _mm256_set1_epi64x(id->layer), _mm256_set1_epi64x(id->layer) };
  __m256i c3[2] = { _mm256_set1_epi64x(fourth_of(id, slot, step)), _mm256_set1_epi64x(fourth_of(id, slot, step)) };

  ROUNDS(__m256i, 2, _mm256_set1_epi64x, _mm256_mul_epu32, _mm256_srli_epi64, EXOR_256);
  deviates_avx2(halves_avx2(c0), ret_xi);
  deviates_avx2(halves_avx2(c1), ret_xi + 8);
  deviates_avx2(halves_avx2(c2), ret_xi + 16);
  deviates_avx2(halves_avx2(c3), ret_xi + 24);
}

__attribute__((target("avx2"))) static void
blocks_avx2(const rrn_xbar_id *id, enum rrn_xbar_slot slot, int32_t step, uint32_t first, size_t n, float *ret_xi)
{
  size_t i;

  for (i = 0; i < n; i++)
    block_avx2(id, slot, step, first + (uint32_t)i, ret_xi + i * BLOCK);
}

#define TARGET_512 __attribute__((target("avx512f,avx512dq,avx512vl")))

/* The octaves from 14 on, by their lowest four bits, are one register per degree. Of 2^16 words one is below them. */
typedef struct near_octaves {
  __m512 of[DEGREE + 1];
} near_octaves;

enum { LEAST_NEAR = 1 << 15 };

TARGET_512 static inline near_octaves
load_octaves(void)
{
  near_octaves t;
  int degree;

#pragma GCC unroll 7
  for (degree = 0; degree <= DEGREE; degree++)
    t.of[degree] = _mm512_mask_loadu_ps(_mm512_loadu_ps(octaves[degree] + 16), 0xc000, octaves[degree]);
  return t;
}

/* Of sixteen words: half a step added to their magnitude. */
TARGET_512 static inline __m512i
greater_avx512(__m512i magnitude)
{
  return _mm512_castps_si512(
    _mm512_min_ps(_mm512_add_ps(_mm512_cvtepi32_ps(magnitude), _mm512_set1_ps(0.5f)), _mm512_set1_ps(MOST)));
}

/* Distance from the octave's middle. */
TARGET_512 static inline __m512
middle_avx512(__m512i x)
{
  const __m512i mantissa = _mm512_set1_epi32(0x7fffff), one = _mm512_set1_epi32(0x3f800000);

  return _mm512_sub_ps(_mm512_castsi512_ps(_mm512_ternarylogic_epi32(x, mantissa, one, 0xea)), _mm512_set1_ps(1.5f));
}

/* With the sign of its word. */
TARGET_512 static inline __m512
signed_avx512(__m512 x, __m512i words)
{
  return _mm512_castsi512_ps(
    _mm512_ternarylogic_epi32(_mm512_castps_si512(x), words, _mm512_set1_epi32(INT32_MIN), 0x78));
}

/* Any sixteen words: tables of 32 numbers are two registers. */
TARGET_512 static __attribute__((noinline)) __m512
deviates_avx512(__m512i words)
{
  const __m512i x = greater_avx512(_mm512_and_si512(words, _mm512_set1_epi32(INT32_MAX)));
  const __m512i octave = _mm512_srli_epi32(x, 23);
  const __m512 middle = middle_avx512(x);
  __m512 sum = _mm512_permutex2var_ps(_mm512_loadu_ps(octaves[DEGREE]), octave, _mm512_loadu_ps(octaves[DEGREE] + 16));
  int degree;

  for (degree = DEGREE - 1; degree >= 0; degree--)
    sum = _mm512_add_ps(_mm512_mul_ps(sum, middle), _mm512_permutex2var_ps(_mm512_loadu_ps(octaves[degree]), octave,
                                                                           _mm512_loadu_ps(octaves[degree] + 16)));
  return signed_avx512(sum, words);
}

/* `n` registers of words, step by step side by side: what a polynomial's steps wait for is time for the others'. */
TARGET_512 static inline __attribute__((always_inline)) void
near_avx512(const near_octaves *t, int n, const __m512i *words, float *ret_xi)
{
  __m512i octave[REGISTERS], least = _mm512_set1_epi32(-1);
  __m512 middle[REGISTERS], sum[REGISTERS];
  int degree, i;

  for (i = 0; i < n; i++) {
    const __m512i magnitude = _mm512_and_si512(words[i], _mm512_set1_epi32(INT32_MAX)), x = greater_avx512(magnitude);

    least = _mm512_min_epu32(least, magnitude);
    octave[i] = _mm512_srli_epi32(x, 23);
    middle[i] = middle_avx512(x);
    sum[i] = _mm512_permutexvar_ps(octave[i], t->of[DEGREE]);
  }
#pragma GCC unroll 6
  for (degree = DEGREE - 1; degree >= 0; degree--)
    for (i = 0; i < n; i++) {
      sum[i] = _mm512_add_ps(_mm512_mul_ps(sum[i], middle[i]), _mm512_permutexvar_ps(octave[i], t->of[degree]));
      __asm__("" : "+v"(sum[i])); /* in this order, or gcc has one register's polynomial after the other's */
    }
  for (i = 0; i < n; i++)
    _mm512_storeu_ps(ret_xi + 16 * i, signed_avx512(sum[i], words[i]));
  if (__builtin_expect(_mm512_testn_epi32_mask(least, _mm512_set1_epi32(-LEAST_NEAR)) != 0, 0))
    for (i = 0; i < n; i++)
      _mm512_storeu_ps(ret_xi + 16 * i, deviates_avx512(words[i]));
}

/* `n` neighbouring blocks, whose products wait for each other less. */
TARGET_512 static inline __attribute__((always_inline)) void
some_avx512(const rrn_xbar_id *id, enum rrn_xbar_slot slot, int32_t step, uint32_t first, int n, const near_octaves *t,
            float *ret_xi)
{
  const __m512i eight = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
  const __m512i halves = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  __m512i c0[MOST_BLOCKS], c1[MOST_BLOCKS], c2[MOST_BLOCKS], c3[MOST_BLOCKS], words[REGISTERS];
  int i;

  for (i = 0; i < n; i++) {
    c0[i] = _mm512_add_epi64(_mm512_set1_epi64((int64_t)(first + (uint32_t)i) * COUNTERS), eight);
    c1[i] = _mm512_setzero_si512();
    c2[i] = _mm512_set1_epi64(id->layer);
    c3[i] = _mm512_set1_epi64(fourth_of(id, slot, step));
  }
  ROUNDS(__m512i, n, _mm512_set1_epi64, _mm512_mul_epu32, UPPER_512, EXOR_512);
  for (i = 0; i < n; i++) {
    words[2 * i] = _mm512_permutex2var_epi32(c0[i], halves, c1[i]);
    words[2 * i + 1] = _mm512_permutex2var_epi32(c2[i], halves, c3[i]);
  }
  near_avx512(t, 2 * n, words, ret_xi);
}

TARGET_512 static void
blocks_avx512(const rrn_xbar_id *id, enum rrn_xbar_slot slot, int32_t step, uint32_t first, size_t n, float *ret_xi)
{
  const near_octaves t = load_octaves();

  for (; n >= MOST_BLOCKS; n -= MOST_BLOCKS, first += MOST_BLOCKS, ret_xi += MOST_BLOCKS * BLOCK)
    some_avx512(id, slot, step, first, MOST_BLOCKS, &t, ret_xi);
  if (n == 3)
    some_avx512(id, slot, step, first, 3, &t, ret_xi);
  else if (n == 2)
    some_avx512(id, slot, step, first, 2, &t, ret_xi);
  else if (n == 1)
    some_avx512(id, slot, step, first, 1, &t, ret_xi);
}
#endif

rrn_xbar_normals_of *
rrn_xbar_normals_kernel(int level)
{
#if defined(__x86_64__)
  if (level == 2)
    return __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") ? blocks_avx512 : NULL;
  if (level == 1)
    return __builtin_cpu_supports("avx2") ? blocks_avx2 : NULL;
#endif
  return level == 0 ? blocks_plain : NULL;
}

static rrn_xbar_normals_of *
best(void)
{
  int level = RRN_XBAR_NORMALS_LEVELS - 1;

  while (!rrn_xbar_normals_kernel(level))
    level--;
  return rrn_xbar_normals_kernel(level);
}

const float *
rrn_xbar_normals_in(const rrn_xbar_id *id, enum rrn_xbar_slot slot, int32_t step, uint32_t first, size_t n, float *room)
{
  const size_t skip = first % BLOCK;

  best()(id, slot, step, first / BLOCK, (skip + n + BLOCK - 1) / BLOCK, room);
  return room + skip;
}

void
rrn_xbar_normals(const rrn_xbar_id *id, enum rrn_xbar_slot slot, int32_t step, uint32_t first, size_t n, double *ret_xi)
{
  enum { SOME = 8 * BLOCK };
  float room[SOME + 2 * BLOCK];
  size_t k, i, some;

  for (k = 0; k < n; k += some) {
    /* Up to the end of a block. */
    const size_t most = SOME - (first + k) % BLOCK;
    const float *xi;

    some = n - k < most ? n - k : most;
    xi = rrn_xbar_normals_in(id, slot, step, first + (uint32_t)k, some, room);
    for (i = 0; i < some; i++)
      ret_xi[k + i] = (double)xi[i];
  }
}

void
rrn_xbar_normals_at(const rrn_xbar_id *id, enum rrn_xbar_slot slot, int32_t step, const uint32_t *cells, size_t n,
                    double *ret_xi)
{
  rrn_xbar_normals_of *make = best();
  float room[BLOCK];
  size_t k;

  for (k = 0; k < n; k++) {
    if (k == 0 || cells[k] / BLOCK != cells[k - 1] / BLOCK)
      make(id, slot, step, cells[k] / BLOCK, 1, room);
    ret_xi[k] = (double)room[cells[k] % BLOCK];
  }
}
