/* SPDX-License-Identifier: MIT */
/* Exact hypervolume of five and more objectives.
 *
 * In:  points inside the reference box.
 * Out: the volume they dominate.
 *
 * Idea: in the order of the last objective a point adds its distance to the reference point there, times the volume
 * that it alone dominates in the other objectives among the points before. That is the volume of its own box less the
 * hypervolume of the points before it, each moved behind it in every objective: a problem with one objective less, in
 * which most points now dominate each other and go. Four objectives are left to the sweep of hypervolume.c.
 *
 * Complexity: exponential in m at worst, O(n^(m - 2)); memory O(n m^2). Paper: While, Bradstreet, Barone, IEEE
 * Trans. Evol. Comput. 16(1), 2012 (WFG with slicing); deviation: the sweep in four objectives instead of two at the
 * bottom. */
#include "search/hypervolume.h"

typedef struct wfg {
  const double *reference;
  rrn_key *keys; /* [2 n] */
  double *room;  /* for rrn_hv_4d */
  double *bounds; /* [m] */
  double **level; /* [m + 1]: points of so many objectives, room for n; 0: for copies, 3: see volume_5d */
} wfg;

static double
box(const double *p, size_t m, const double *reference)
{
  double volume = 1;
  size_t j;

  for (j = 0; j < m; j++)
    volume *= reference[j] - p[j];
  return volume;
}

static int
covers(const double *a, const double *b, size_t m)
{
  size_t j;

  for (j = 0; j < m; j++)
    if (a[j] > b[j])
      return 0;
  return 1;
}

static void
swap_points(double *a, double *b, size_t m)
{
  size_t j;

  for (j = 0; j < m; j++) {
    const double t = a[j];

    a[j] = b[j];
    b[j] = t;
  }
}

/* Adds point kept[n] to those before it unless one covers it (that one moves ahead: it will cover more); drops those
 * that it covers. */
static size_t
keep(double *kept, size_t n, size_t m)
{
  double *p = kept + n * m;
  size_t i;

  for (i = 0; i < n; i++)
    if (covers(kept + i * m, p, m)) {
      if (i > 0)
        swap_points(kept + i * m, kept + i / 2 * m, m);
      return n;
    }
  for (i = 0; i < n;)
    if (covers(p, kept + i * m, m)) {
      n--;
      memcpy(kept + i * m, kept + n * m, m * sizeof(*p));
      if (n > i)
        memmove(kept + n * m, p, m * sizeof(*p));
      else
        memmove(kept + i * m, p, m * sizeof(*p));
      p = kept + n * m;
    } else {
      i++;
    }
  return n + 1;
}

/* Where the points before number i cover it in all of the m objectives but one: a box that holds whatever matters. */
static void
bound(const double *p, size_t i, size_t m, size_t stride, const double *reference, double *ret_bound)
{
  const double *own = p + i * stride;
  size_t k, j;

  memcpy(ret_bound, reference, m * sizeof(*ret_bound));
  for (k = 0; k < i; k++) {
    const double *q = p + k * stride;
    size_t n_above = 0, above = 0;

    for (j = 0; j < m; j++) {
      const size_t is = q[j] > own[j];

      n_above += is;
      above += is * j;
    }
    if (n_above == 1 && q[above] < ret_bound[above])
      ret_bound[above] = q[above];
  }
}

/* Points before number i, moved behind it, in m - 1 objectives. */
static size_t
limit(wfg *s, const double *p, size_t i, size_t m, double *ret_kept)
{
  const double *own = p + i * m;
  double *limits = s->bounds;
  size_t k, j, n = 0;

  bound(p, i, m - 1, m, s->reference, limits);
  for (k = i; k-- > 0;) {
    for (j = 0; j + 1 < m; j++) {
      ret_kept[n * (m - 1) + j] = p[k * m + j] > own[j] ? p[k * m + j] : own[j];
      if (ret_kept[n * (m - 1) + j] > limits[j])
        break;
    }
    if (j + 1 == m)
      n = keep(ret_kept, n, m - 1);
  }
  return n;
}

static void
sort_by_last(wfg *s, double *p, size_t n, size_t m)
{
  double *copy = s->level[0];
  size_t i;

  for (i = 0; i < n; i++)
    s->keys[i] = (rrn_key){ rrn_key_of(p[i * m + m - 1]), i };
  rrn_order(s->keys, s->keys + n, n);
  memcpy(copy, p, n * m * sizeof(*p));
  for (i = 0; i < n; i++)
    memcpy(p + i * m, copy + s->keys[i].index * m, m * sizeof(*p));
}

/* Among points of four objectives: where they cover p in all objectives but one. 0 when one covers p. */
static int
bound_4d(const double *q, size_t n, const double *p, double *ret_bound)
{
  size_t i;

  for (i = 0; i < n; i++) {
    const double *a = q + 4 * i;
    const int above = (a[0] > p[0]) | (a[1] > p[1]) << 1 | (a[2] > p[2]) << 2 | (a[3] > p[3]) << 3;

    if (above == 0)
      return 0;
    if ((above & (above - 1)) == 0) {
      const int j = __builtin_ctz((unsigned)above);

      ret_bound[j] = a[j] < ret_bound[j] ? a[j] : ret_bound[j];
    }
  }
  return 1;
}

/* Points q moved behind p, without those beyond a bound. */
static size_t
limit_4d(const double *q, size_t n, const double *p, const double *bounds, double *ret_kept)
{
  size_t i, k = 0;

  for (i = 0; i < n; i++) {
    const double *a = q + 4 * i;
    double *to = ret_kept + 4 * k;

    to[0] = a[0] > p[0] ? a[0] : p[0];
    to[1] = a[1] > p[1] ? a[1] : p[1];
    to[2] = a[2] > p[2] ? a[2] : p[2];
    to[3] = a[3] > p[3] ? a[3] : p[3];
    k += (to[0] <= bounds[0]) & (to[1] <= bounds[1]) & (to[2] <= bounds[2]) & (to[3] <= bounds[3]);
  }
  return k;
}

/* Takes p in, in the order of the fourth objective; drops what it covers. */
static void
insert_4d(double *q, size_t *n, const double *p)
{
  size_t i, at, to = 0;

  for (i = 0; i < *n; i++) {
    const double *a = q + 4 * i;

    if (a[0] < p[0] || a[1] < p[1] || a[2] < p[2] || a[3] < p[3]) {
      if (to != i)
        memcpy(q + 4 * to, a, 4 * sizeof(*q));
      to++;
    }
  }
  *n = at = to;
  while (at > 0 && q[4 * at - 1] > p[3])
    at--;
  memmove(q + 4 * at + 4, q + 4 * at, (*n - at) * 4 * sizeof(*q));
  memcpy(q + 4 * at, p, 4 * sizeof(*q));
  ++*n;
}

/* Five objectives, the last ascending. The points before stay in the order of the fourth, so nothing is sorted, and the
 * sweep itself leaves out what is dominated. */
static double
volume_5d(wfg *s, const double *p, size_t n)
{
  double *before = s->level[3], *moved = s->level[4], sum = 0;
  size_t i, n_before = 0, k;

  for (i = 0; i < n; i++) {
    const double *own = p + 5 * i;
    double bounds[4];

    memcpy(bounds, s->reference, sizeof(bounds));
    if (!bound_4d(before, n_before, own, bounds))
      continue;
    k = limit_4d(before, n_before, own, bounds, moved);
    sum += (s->reference[4] - own[4]) * (box(own, 4, s->reference) - rrn_hv_4d(moved, k, s->reference, s->room));
    insert_4d(before, &n_before, own);
  }
  return sum;
}

static double
volume_of(wfg *s, double *p, size_t n, size_t m)
{
  double sum = 0;
  size_t i;

  if (n < 2)
    return n ? box(p, m, s->reference) : 0;
  sort_by_last(s, p, n, m);
  if (m == 5)
    return volume_5d(s, p, n);
  for (i = 0; i < n; i++) {
    const size_t n_limit = limit(s, p, i, m, s->level[m - 1]);
    const double rest = volume_of(s, s->level[m - 1], n_limit, m - 1);

    sum += (s->reference[m - 1] - p[i * m + m - 1]) * (box(p + i * m, m - 1, s->reference) - rest);
  }
  return sum;
}

int32_t
rrn_hv_wfg(rrn_arena *arena, double *p, size_t n, size_t m, const double *reference, double *ret_volume,
           rramnas_error *err)
{
  wfg s = { reference, rrn_arena_alloc_raw(arena, n + 1, 2 * sizeof(rrn_key)),
            rrn_arena_alloc_raw(arena, n + 1, RRN_HV4_ROOM * sizeof(double)),
            rrn_arena_alloc_raw(arena, m, sizeof(double)),
            rrn_arena_alloc(arena, m + 1, sizeof(double *)) };
  size_t k;

  if (!s.keys || !s.room || !s.bounds || !s.level)
    return rrn_fail_memory(err);
  for (k = 0; k <= m; k++)
    if (k != 1 && k != 2) {
      s.level[k] = rrn_arena_alloc_raw(arena, n + 1, (k == 0 ? m : k == 3 ? 4 : k) * sizeof(double));
      if (!s.level[k])
        return rrn_fail_memory(err);
    }
  *ret_volume = volume_of(&s, p, n, m);
  return RRAMNAS_OK;
}
