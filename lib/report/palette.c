/* SPDX-License-Identifier: MIT */
/* Colours of layers.
 *
 * In:  a layer's position, the number of layers.
 * Out: a colour.
 *
 * The hue runs with the order of execution through a muted spectrum, blue to purple, so that a reader sees depth
 * in the network as colour; three lightnesses alternate, so that neighbours differ for readers who cannot tell
 * the hues apart and in greyscale print. Integers only: the same bytes on every machine. */
#include "report/report.h"

static const uint32_t stops[] = {
  0x3b5ba5, 0x3a86c8, 0x2fa3b5, 0x2f9e7e, 0x6aa84f, 0xb5b13c, 0xe0a83a, 0xe07f3a, 0xcf5246, 0xb84a7c, 0x8459a8,
};
enum { LAST_STOP = sizeof(stops) / sizeof(stops[0]) - 1, ONE = 1024 };

/* share / ONE of the way from colour a to b. */
static uint32_t
mix(uint32_t a, uint32_t b, int64_t share)
{
  uint32_t colour = 0;
  int shift;

  for (shift = 0; shift <= 16; shift += 8) {
    const int64_t x = (a >> shift) & 0xff, y = (b >> shift) & 0xff;

    colour |= (uint32_t)(x + (y - x) * share / ONE) << shift;
  }
  return colour;
}

uint32_t
rrn_report_colour(int32_t index, int32_t n)
{
  const int64_t place = n > 1 ? (int64_t)index * LAST_STOP * ONE / (n - 1) : 0;
  const int64_t stop = place / ONE < LAST_STOP ? place / ONE : LAST_STOP - 1;
  const uint32_t hue = mix(stops[stop], stops[stop + 1], place - stop * ONE);

  switch (index % 3) {
  case 0:
    return hue;
  case 1:
    return mix(hue, 0xffffff, 440);
  default:
    return mix(hue, 0x14182e, 300);
  }
}
