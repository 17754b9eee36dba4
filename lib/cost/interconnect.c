/* SPDX-License-Identifier: MIT */
/*
 * In: tile, chip. Out: the grid of tiles, which crossbar stands in which, a tile's router.
 *
 * Process elements fill tiles in the order of the crossbars' numbers, tiles fill a grid, as square as it goes within
 * chip.tile_cols columns, row by row and every other row backwards, so that neighbours in number are neighbours in
 * place. Only as many tiles are there as the crossbars need. Hops are Manhattan distances (mesh, dimension order). A
 * crossbar of several process elements is where its first one is. Source: choice of this library; router figures
 * ISAAC (ISCA 2016). O(crossbars).
 */
#include "cost/parts.h"
#include "cost/scale.h"

rrn_mesh
rrn_mesh_of(const rramnas_hw *hw, double crossbars)
{
  const rrn_hw_values *v = &hw->v;
  const int64_t elements = (int64_t)rrn_layout_of(hw).process_elements;
  const int64_t per_tile = (int64_t)v->tile.pe_rows * v->tile.pe_cols;
  const int64_t tiles = ((int64_t)crossbars * elements + per_tile - 1) / per_tile;
  int64_t columns = 1;

  while (columns * columns < tiles)
    columns++;
  if (columns * v->chip.tile_rows < tiles)
    columns = (tiles + v->chip.tile_rows - 1) / v->chip.tile_rows;
  columns = columns < v->chip.tile_cols ? columns : v->chip.tile_cols;
  return (rrn_mesh){ (double)tiles, (double)columns, (double)per_tile / (double)elements };
}

void
rrn_mesh_places(const rramnas_hw *hw, const rrn_mesh *mesh, int32_t n, int32_t (*ret_xy)[2])
{
  const int64_t elements = (int64_t)rrn_layout_of(hw).process_elements;
  const int64_t per_tile = (int64_t)hw->v.tile.pe_rows * hw->v.tile.pe_cols;
  const int64_t columns = (int64_t)mesh->columns;
  int64_t x = 0, y = 0, filled = 0;
  int32_t i;

  for (i = 0; i < n; i++) {
    ret_xy[i][0] = (int32_t)(y % 2 ? columns - 1 - x : x);
    ret_xy[i][1] = (int32_t)y;
    for (filled += elements; filled >= per_tile; filled -= per_tile)
      if (++x == columns) {
        x = 0;
        y++;
      }
  }
}

rrn_part
rrn_router_of(const rramnas_hw *hw)
{
  const rrn_hw_values *v = &hw->v;
  const double from = v->chip.router_node_nm, to = v->digital.node_nm;
  const double area_um2 = v->chip.router_area_um2 * rrn_scale_area(from, to);

  return (rrn_part){ v->chip.router_energy_fj / 1000 * rrn_scale_energy(from, to), area_um2,
                     area_um2 / rrn_scale_area(45, to) * rrn_scale_leakage(45, to) *
                       hw->v.digital.leakage_nw_per_um2 / 1000 * rrn_scale_temperature(v->chip.temperature_c) };
}
