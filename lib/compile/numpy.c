/* SPDX-License-Identifier: MIT */
/* In:  a seed, or keys.
 * Out: the numbers and orders that numpy (legacy generator, 1.24) gives for them.
 *
 * RNC packs boxes in the order that sorts uniform random numbers, and picks a bottleneck by an argsort with ties,
 * so repeating its runs takes both to the bit. MT19937: Matsumoto and Nishimura, ACM TOMACS 8 (1998). The argsort
 * is introsort as numpy has it: median of three, the larger part deferred, insertion sort for 16 elements or
 * fewer, heap sort below a depth of 2 log2 n. */
#include "compile/numpy.h"

enum { N = 624, M = 397, SMALL = 15 };

void
rrn_mt19937_seed(rrn_mt19937 *rng, uint32_t seed)
{
  int32_t i;

  for (i = 0; i < N; i++) {
    rng->state[i] = seed;
    seed = UINT32_C(1812433253) * (seed ^ (seed >> 30)) + (uint32_t)i + 1;
  }
  rng->next = N;
}

static uint32_t
twist(uint32_t high, uint32_t low)
{
  uint32_t y = (high & UINT32_C(0x80000000)) | (low & UINT32_C(0x7fffffff));

  return (y >> 1) ^ ((y & 1) ? UINT32_C(0x9908b0df) : 0);
}

static void
refill(rrn_mt19937 *rng)
{
  uint32_t *s = rng->state;
  int32_t i;

  for (i = 0; i < N - M; i++)
    s[i] = s[i + M] ^ twist(s[i], s[i + 1]);
  for (; i < N - 1; i++)
    s[i] = s[i + M - N] ^ twist(s[i], s[i + 1]);
  s[N - 1] = s[M - 1] ^ twist(s[N - 1], s[0]);
  rng->next = 0;
}

static uint32_t
next_word(rrn_mt19937 *rng)
{
  uint32_t y;

  if (rng->next == N)
    refill(rng);
  y = rng->state[rng->next++];
  y ^= y >> 11;
  y ^= (y << 7) & UINT32_C(0x9d2c5680);
  y ^= (y << 15) & UINT32_C(0xefc60000);
  return y ^ (y >> 18);
}

double
rrn_mt19937_double(rrn_mt19937 *rng)
{
  uint32_t high = next_word(rng) >> 5, low = next_word(rng) >> 6;

  return (high * 67108864.0 + low) / 9007199254740992.0;
}

/* Keys are uniform, so n buckets hold one each on average: counting sort by bucket, then insertion sort over the
 * nearly sorted whole. Linear expected time. */
void
rrn_uniform_order(const double *keys, double most, size_t n, int32_t *order, int32_t *heads)
{
  const double scale = (double)n / most;
  size_t i;

  for (i = 0; i < n + 2; i++) /* the last for a key that is rounded up */
    heads[i] = 0;
  for (i = 0; i < n; i++)
    heads[(size_t)(keys[i] * scale) + 1]++;
  for (i = 0; i < n; i++)
    heads[i + 1] += heads[i];
  for (i = 0; i < n; i++)
    order[heads[(size_t)(keys[i] * scale)]++] = (int32_t)i;
  for (i = 1; i < n; i++) {
    int32_t item = order[i];
    size_t k = i;

    for (; k > 0 && keys[item] < keys[order[k - 1]]; k--)
      order[k] = order[k - 1];
    order[k] = item;
  }
}

void
rrn_random_order(rrn_mt19937 *rng, size_t n, int32_t *order, double *keys, int32_t *heads)
{
  size_t i;

  for (i = 0; i < n; i++)
    keys[i] = rrn_mt19937_double(rng);
  rrn_uniform_order(keys, 1, n, order, heads);
}

static void
swap(int32_t *a, int32_t *b)
{
  int32_t t = *a;

  *a = *b;
  *b = t;
}

static void
insertion_sort(const double *key, int32_t *low, int32_t *high)
{
  int32_t *i, *k;

  for (i = low + 1; i <= high; i++) {
    int32_t item = *i;

    for (k = i; k > low && key[item] < key[k[-1]]; k--)
      *k = k[-1];
    *k = item;
  }
}

static void
heap_sort(const double *key, int32_t *order, size_t n)
{
  size_t left = n / 2 + 1, right = n, parent, child;
  int32_t *heap = order - 1; /* numbered from 1 */
  int32_t item;

  for (;;) {
    if (left > 1) {
      item = heap[--left];
    } else {
      if (right <= 1)
        return;
      item = heap[right];
      heap[right--] = heap[1];
    }
    for (parent = left; (child = 2 * parent) <= right; parent = child) {
      if (child < right && key[heap[child]] < key[heap[child + 1]])
        child++;
      if (!(key[item] < key[heap[child]]))
        break;
      heap[parent] = heap[child];
    }
    heap[parent] = item;
  }
}

/* Hoare partition around the median of three; returns where the pivot ends. */
static int32_t *
partition(const double *key, int32_t *low, int32_t *high)
{
  int32_t *middle = low + ((high - low) >> 1), *i = low, *k = high - 1;
  double pivot;

  if (key[*middle] < key[*low])
    swap(middle, low);
  if (key[*high] < key[*middle])
    swap(high, middle);
  if (key[*middle] < key[*low])
    swap(middle, low);
  pivot = key[*middle];
  swap(middle, k);
  for (;;) {
    do
      i++;
    while (key[*i] < pivot);
    do
      k--;
    while (pivot < key[*k]);
    if (i >= k)
      break;
    swap(i, k);
  }
  swap(i, high - 1);
  return i;
}

void
rrn_numpy_argsort(const double *key, int32_t *order, size_t n)
{
  struct { int32_t *low, *high; int depth; } stack[128];
  int32_t *low = order, *high, *pivot;
  size_t i, n_stack = 0;
  int depth = 0;

  for (i = 0; i < n; i++)
    order[i] = (int32_t)i;
  if (n < 2)
    return;
  high = order + n - 1;
  for (i = n; i > 1; i >>= 1)
    depth += 2;
  for (;;) {
    while (depth >= 0 && high - low > SMALL) {
      pivot = partition(key, low, high);
      depth--;
      stack[n_stack].depth = depth;
      if (pivot - low < high - pivot) {
        stack[n_stack].low = pivot + 1;
        stack[n_stack].high = high;
        high = pivot - 1;
      } else {
        stack[n_stack].low = low;
        stack[n_stack].high = pivot - 1;
        low = pivot + 1;
      }
      n_stack++;
    }
    if (depth < 0)
      heap_sort(key, low, (size_t)(high - low + 1));
    else
      insertion_sort(key, low, high);
    if (n_stack == 0)
      return;
    n_stack--;
    low = stack[n_stack].low;
    high = stack[n_stack].high;
    depth = stack[n_stack].depth;
  }
}
