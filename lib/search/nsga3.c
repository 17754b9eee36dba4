/* SPDX-License-Identifier: MIT */
/* Selection by reference directions, for more than three objectives.
 *
 * In:  the selected fronts and the front that does not fit as a whole.
 * Out: which of its points stay.
 *
 * Idea: directions spread evenly over the positive octant stand for the trade-offs one may want. Each point belongs
 * to the direction whose ray from the ideal point it lies closest to, objectives being shares of the range of the
 * points at hand. Again and again the direction with the fewest selected points gets one more: its closest point
 * while it has none, later its first. Ties by index.
 *
 * There are as many divisions as give no more directions than points wanted, at least one. Points whose objectives
 * are not finite belong to the first direction at an infinite distance.
 *
 * Complexity: O(n d m) for d directions, plus O(wanted (d + n)). Papers: Deb, Jain, IEEE Trans. Evol. Comput. 18(4),
 * 2014; Das, Dennis, SIAM J. Optim. 8(3), 1998. Deviations: ranges of the selected points and the last front instead of
 * intercepts of a hyperplane; ties by index instead of at random. */
#include "search/select.h"

#include <math.h>
#include <string.h>

enum { MOST_DIVISIONS = 200 };

typedef struct niches {
  const double *f;
  size_t m, n_directions;
  double *directions, *low, *scale;
  uint32_t *niche;  /* [n]: direction of a point */
  double *distance; /* [n]: from its ray, squared */
  uint32_t *count;  /* [n_directions]: selected points */
} niches;

size_t
rrn_directions_count(size_t m, size_t divisions)
{
  double count = 1;
  size_t i;

  for (i = 1; i < m; i++)
    count = count * (double)(divisions + i) / (double)i;
  return count < 1e9 ? (size_t)(count + 0.5) : (size_t)1000000000;
}

void
rrn_directions(size_t m, size_t divisions, double *ret_directions)
{
  size_t n = rrn_directions_count(m, divisions), parts[64] = { 0 }, i, j, left;

  parts[m - 1] = divisions;
  for (i = 0; i < n; i++) {
    for (j = 0; j < m; j++)
      ret_directions[i * m + j] = (double)parts[j] / (double)divisions;
    /* The next composition of `divisions`: one from the last that is not zero goes left, the rest to the end. */
    for (j = m - 1; j > 0 && parts[j] == 0; j--)
      ;
    if (j == 0)
      return;
    left = parts[j] - 1;
    parts[j] = 0;
    parts[j - 1]++;
    parts[m - 1] = left;
  }
}

static int32_t
prepare(rrn_arena *arena, niches *s, size_t n, size_t wanted, rramnas_error *err)
{
  size_t divisions = 1;

  while (divisions < MOST_DIVISIONS && rrn_directions_count(s->m, divisions + 1) <= wanted)
    divisions++;
  s->n_directions = rrn_directions_count(s->m, divisions);
  s->directions = rrn_arena_alloc_raw(arena, s->n_directions, s->m * sizeof(*s->directions));
  s->low = rrn_arena_alloc_raw(arena, s->m, sizeof(*s->low));
  s->scale = rrn_arena_alloc_raw(arena, s->m, sizeof(*s->scale));
  s->niche = rrn_arena_alloc(arena, n, sizeof(*s->niche));
  s->distance = rrn_arena_alloc(arena, n, sizeof(*s->distance));
  s->count = rrn_arena_alloc(arena, s->n_directions, sizeof(*s->count));
  if (!s->directions || !s->low || !s->scale || !s->niche || !s->distance || !s->count)
    return rrn_fail_memory(err);
  rrn_directions(s->m, divisions, s->directions);
  return RRAMNAS_OK;
}

static void
set_scale(niches *s, size_t n, const uint8_t *selected)
{
  size_t i, j;

  for (j = 0; j < s->m; j++) {
    double low = INFINITY, high = -INFINITY;

    for (i = 0; i < n; i++)
      if (selected[i] && isfinite(s->f[i * s->m + j])) {
        low = s->f[i * s->m + j] < low ? s->f[i * s->m + j] : low;
        high = s->f[i * s->m + j] > high ? s->f[i * s->m + j] : high;
      }
    s->low[j] = low;
    s->scale[j] = high > low ? 1 / (high - low) : 0;
  }
}

/* Squared distance of p from the ray along d. */
static double
from_ray(const niches *s, const double *p, const double *d)
{
  double along = 0, length = 0, square = 0;
  size_t j;

  for (j = 0; j < s->m; j++) {
    const double x = s->scale[j] > 0 ? (p[j] - s->low[j]) * s->scale[j] : 0;

    along += x * d[j];
    length += d[j] * d[j];
    square += x * x;
  }
  return square - along * along / length;
}

static void
associate(niches *s, size_t i)
{
  double best = INFINITY;
  size_t k;

  for (k = 0; k < s->n_directions; k++) {
    const double d = from_ray(s, s->f + i * s->m, s->directions + k * s->m);

    if (d < best) {
      best = d;
      s->niche[i] = (uint32_t)k;
    }
  }
  s->distance[i] = best;
}

/* Position in left[] of the point that direction k gets next; `n` when it has none. */
static size_t
next_of(const niches *s, const uint32_t *left, size_t n, uint32_t k)
{
  size_t i, best = n;

  for (i = 0; i < n; i++)
    if (s->niche[left[i]] == k && (best == n || s->distance[left[i]] < s->distance[left[best]])) {
      best = i;
      if (s->count[k] > 0)
        break;
    }
  return best;
}

static uint32_t
emptiest(const niches *s)
{
  uint32_t k, best = 0;

  for (k = 1; k < s->n_directions; k++)
    if (s->count[k] < s->count[best])
      best = k;
  return best;
}

/* Directions that have no candidate left are out: their count is raised to the top. */
static void
fill(niches *s, uint32_t *left, size_t n, size_t wanted, uint8_t *selected)
{
  while (wanted > 0) {
    const uint32_t k = emptiest(s);
    const size_t at = next_of(s, left, n, k);

    if (at == n) {
      s->count[k] = UINT32_MAX;
      continue;
    }
    selected[left[at]] = 1;
    memmove(left + at, left + at + 1, (--n - at) * sizeof(*left));
    s->count[k]++;
    wanted--;
  }
}

int32_t
rrn_thin_niches(rrn_arena *arena, const double *f, size_t n, size_t m, const uint32_t *last, size_t n_last,
                size_t wanted, uint8_t *selected, rramnas_error *err)
{
  niches s = { .f = f, .m = m };
  uint32_t *left = rrn_arena_alloc_raw(arena, n_last, sizeof(*left));
  size_t i, total = wanted;

  if (!left)
    return rrn_fail_memory(err);
  for (i = 0; i < n; i++)
    total += selected[i];
  RRN_TRY(prepare(arena, &s, n, total - n_last, err));
  set_scale(&s, n, selected);
  for (i = 0; i < n; i++)
    if (selected[i])
      associate(&s, i);
  for (i = 0; i < n_last; i++) {
    left[i] = last[i];
    selected[last[i]] = 0;
  }
  for (i = 0; i < n; i++)
    s.count[s.niche[i]] += selected[i];
  fill(&s, left, n_last, wanted, selected);
  return RRAMNAS_OK;
}
