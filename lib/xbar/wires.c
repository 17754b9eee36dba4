/* SPDX-License-Identifier: MIT */
/* Wire resistance in products: conductances as the columns' currents show them.
 *
 * In:  a programmed layer, the resistance of a wire segment, where the columns lie.
 * Out: effective conductances in place of its own, so that every product is as before the sum of g v.
 *
 * Idea: rows are held at their voltages, also at none, and cells are linear; so the currents are linear in the
 * voltages, and the current of a column is the sum of e v with e the current for one unit of voltage on one row.
 * `exact` takes this matrix (irdrop.c), which holds for any inputs: effective conductances lose nothing. `attenuated`
 * takes g times the share of the voltage that its cell has when all rows are driven (irdrop_lines.c): the same mean
 * over random inputs, since the share of the rows' losses in other cells is the same, but not the same cell by cell.
 *
 * An array is the part of a crossbar that holds the layer: its rows from the top of the tile down to ground, its
 * columns from the drivers on, alone on its wires. Columns lie as layout.h says: where a weight is sliced into
 * columns, the positive cell of a pair is left of its negative one; both rows of cells see the same wordline, and
 * currents are subtracted behind their column wires.
 *
 * Complexity: exact, per array of n x n cells n^4 multiplications; attenuated, n^2 per round. Not handled: cells that
 * are cut off where the input is none, drivers and converters with resistance, other layers in the same crossbar. */
#include "xbar/wires.h"

#include "util/ckd.h"
#include "xbar/irdrop.h"
#include "xbar/noise.h"

/* A segment of no resistance is one of so little. */
#define LEAST_OHM 1e-7

/* An array at hand: outputs from `first` on, then their unit column, and the parts of each. */
typedef struct array {
  size_t tile_first, rows;
  size_t first, n_outputs, n_units;
  size_t part, parts; /* the first part and how many of a column lie here */
  double *g, *effective; /* [rows][columns] */
  double *layer_g;       /* of the whole layer */
} array;

static size_t
columns_of(const array *a)
{
  return (a->n_outputs + a->n_units) * a->parts;
}

/* Cell (or its place in the array) of a part: slices, and in them sides. */
static size_t
cell_of(const rrn_xbar_layer *l, const array *a, size_t row, size_t column)
{
  const size_t part = a->part + column % a->parts, sides = (size_t)l->n_sides, k = column / a->parts;
  const size_t col = k < a->n_outputs ? a->first + k : rrn_xbar_unit_column(l, a->first);

  return rrn_xbar_cell(l, (int32_t)(part / sides), (int32_t)(part % sides), col, a->tile_first + row);
}

static int32_t
solve(const rrn_rt *rt, const rrn_xbar_wiring *w, array *a, rramnas_error *err)
{
  const rrn_xbar_wires wires = { a->rows, columns_of(a), w->row_ohm > LEAST_OHM ? w->row_ohm : LEAST_OHM,
                                 w->col_ohm > LEAST_OHM ? w->col_ohm : LEAST_OHM };
  size_t k;

  if (w->ir_drop == RRN_IR_DROP_EXACT)
    return rrn_xbar_irdrop_transfer(rt, &wires, a->g, a->effective, err);
  RRN_TRY(rrn_xbar_irdrop_shares(rt, &wires, a->g, a->effective, err));
  for (k = 0; k < wires.rows * wires.cols; k++)
    a->effective[k] *= a->g[k];
  return RRAMNAS_OK;
}

static int32_t
apply_to_array(const rrn_rt *rt, const rrn_xbar_layer *l, const rrn_xbar_wiring *w, array *a, rramnas_error *err)
{
  const size_t columns = columns_of(a);
  size_t row, column;

  for (row = 0; row < a->rows; row++)
    for (column = 0; column < columns; column++)
      a->g[row * columns + column] = a->layer_g[cell_of(l, a, row, column)];
  RRN_TRY(solve(rt, w, a, err));
  for (row = 0; row < a->rows; row++)
    for (column = 0; column < columns; column++)
      a->layer_g[cell_of(l, a, row, column)] = a->effective[row * columns + column];
  return RRAMNAS_OK;
}

/* All arrays that share their wordlines' inputs: crossbars side by side, and one for each part where these lie apart.
 * */
static int32_t
apply_to_tile(const rrn_rt *rt, const rrn_xbar_layer *l, const rrn_xbar_wiring *w, array *a, rramnas_error *err)
{
  const size_t parts = (size_t)(l->n_slices * l->n_sides), width = rrn_xbar_outputs_of_crossbar(&w->layout, l);

  a->parts = w->layout.side_by_side ? parts : 1;
  a->n_units = l->spec.sign == RRN_XBAR_UNIT_COLUMN;
  for (a->first = 0; a->first < l->n_out; a->first += width) {
    a->n_outputs = l->n_out - a->first < width ? l->n_out - a->first : width;
    for (a->part = 0; a->part < parts; a->part += a->parts)
      RRN_TRY(apply_to_array(rt, l, w, a, err));
  }
  return RRAMNAS_OK;
}

static int32_t
apply_to_all(const rrn_rt *rt, const rrn_xbar_layer *l, const rrn_xbar_wiring *w, double *layer_g, rramnas_error *err)
{
  const size_t parts = (size_t)(l->n_slices * l->n_sides), width = rrn_xbar_outputs_of_crossbar(&w->layout, l);
  const size_t rows = (size_t)l->spec.rows < l->n_in ? (size_t)l->spec.rows : l->n_in;
  const size_t most = ((l->n_out < width ? l->n_out : width) + 1) * (w->layout.side_by_side ? parts : 1);
  array a = { .layer_g = layer_g };
  int32_t status = RRAMNAS_OK;
  size_t cells;

  if (ckd_mul(&cells, rows, most) || !(a.g = rrn_alloc(rt, cells, 2 * sizeof(*a.g))))
    return rrn_fail_memory(err);
  a.effective = a.g + cells;
  for (a.tile_first = 0; a.tile_first < l->n_in && status >= 0; a.tile_first += rows) {
    a.rows = l->n_in - a.tile_first < rows ? l->n_in - a.tile_first : rows;
    status = apply_to_tile(rt, l, w, &a, err);
  }
  rrn_free(rt, a.g);
  return status;
}

int32_t
rrn_xbar_wires_apply(rrn_arena *arena, rrn_xbar_layer *l, const rrn_xbar_wiring *w, rramnas_error *err)
{
  double *g;

  if (w->ir_drop == RRN_IR_DROP_IGNORED || (w->row_ohm == 0 && w->col_ohm == 0))
    return RRAMNAS_OK;
  g = rrn_xbar_all_conductances(arena, l);
  if (!g)
    return rrn_fail_memory(err);
  RRN_TRY(apply_to_all(arena->rt, l, w, g, err));
  l->g = g;
  l->ideal = 0;
  return RRAMNAS_OK;
}

static double
segment_of(const rramnas_hw *hw, double ohm)
{
  return (ohm > 0 ? ohm : hw->v.crossbar.wire_resistance_ohm) / hw->v.device.on_resistance_ohm;
}

rrn_xbar_wiring
rrn_xbar_wiring_of(const rramnas_hw *hw)
{
  return (rrn_xbar_wiring){ hw->v.crossbar.ir_drop, segment_of(hw, hw->v.crossbar.row_wire_ohm),
                            segment_of(hw, hw->v.crossbar.col_wire_ohm), rrn_xbar_layout_of(hw) };
}
