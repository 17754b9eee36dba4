#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tables of doc/analognas.md, from AnalogNAS-Bench's benchmark_data.csv: which cells of NAS-Bench-201 are the best
compromises between accuracy on noisy arrays and what they cost on a chip, how soon searches find them, and what a choice
by digital accuracy loses.

Usage: analognas.py TABLE [--seeds N] [--preset NAME] [--crossbars N]

Python's standard library and librramnas by ctypes; RRAMNAS_LIBRARY_PATH names the library (default: the soname, found by
the loader). Also an example of the two ways to search: rramnas_search_run(), and ask and tell with figures of one's own.
"""
import argparse
import csv
import ctypes
import math
import os
import statistics
import sys
import tempfile
from collections import namedtuple
from ctypes import POINTER, byref, c_char, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint64, c_void_p

OPERATIONS = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]
SHORT = {"none": "-", "skip_connect": "skip", "nor_conv_1x1": "1x1", "nor_conv_3x3": "3x3", "avg_pool_3x3": "pool"}
GENES = [f"cell[{i}]" for i in range(6)]
KEY = "architecture:skip_connect,none,nor_conv_3x3,nor_conv_1x1,avg_pool_3x3"
ORDER = "cell[0],cell[1],cell[3],cell[2],cell[4],cell[5]"
COLUMNS = {"accuracy": "finetuned_drift_2592000", "accuracy_untuned": "baseline_drift_2592000",
           "accuracy_noisy": "analog_accuracy", "accuracy_digital": "baseline_accuracy"}
MAXIMIZED = set(COLUMNS)
COSTS = ["latency_ns", "energy_pj"]
POLICY_RNC = 2
NSGA2, RANDOM, REINFORCE, ENUMERATE = range(4)
ROUNDING = 1e-9  # costs that differ by less are equal: a sum in another order


# --- the library ---

class SizeFirst(ctypes.Structure):
    """A struct of the library: the first field is its size, everything else 0 = default. A shorter one will do."""

    def __init__(self, **values):
        super().__init__(size=ctypes.sizeof(self), **values)


class Error(SizeFirst):
    _fields_ = [("size", c_size_t), ("code", c_int32), ("line", c_int32), ("column", c_int32), ("reserved", c_int32),
                ("offset", c_int64), ("message", c_char * 1024)]


class CompileOptions(SizeFirst):
    _fields_ = [("size", c_size_t), ("policy", c_int32), ("crossbars", c_int32)]


class TableOptions(SizeFirst):
    _fields_ = [("size", c_size_t), ("key", c_char_p), ("columns", c_char_p), ("order", c_char_p)]


class SearchOptions(SizeFirst):
    _fields_ = [("size", c_size_t), ("seed", c_uint64), ("strategy", c_int32), ("population", c_int32)]


# Arguments before the Error that each of them ends with.
FUNCTIONS = {
    "hw_create_preset": [c_char_p, c_void_p, POINTER(c_void_p)],
    "search_create_ready": [c_char_p, c_void_p, POINTER(c_void_p)],
    "search_set_hardware": [c_void_p, c_void_p],
    "search_set_compile": [c_void_p, POINTER(CompileOptions), c_void_p],
    "search_add_table_file": [c_void_p, c_char_p, POINTER(TableOptions)],
    "search_add_objective": [c_void_p, c_char_p, c_int32],
    "search_add_constraint": [c_void_p, c_char_p],
    "search_set_history_file": [c_void_p, c_char_p],
    "search_start": [c_void_p, POINTER(SearchOptions)],
    "search_run": [c_void_p, c_void_p],
    "search_ask": [c_void_p, c_size_t, POINTER(c_double), POINTER(c_int64), POINTER(c_size_t)],
    "search_tell": [c_void_p, POINTER(c_int64), POINTER(c_double), POINTER(c_double), c_size_t],
}


class Library:
    """Calls functions by name; a negative status ends the program with the library's message."""

    def __init__(self, path):
        self.so = ctypes.CDLL(path)
        for name, arguments in FUNCTIONS.items():
            function = getattr(self.so, "rramnas_" + name)
            function.restype, function.argtypes = c_int32, [*arguments, POINTER(Error)]
        self.so.rramnas_hw_unref.argtypes = self.so.rramnas_search_unref.argtypes = [c_void_p]
        self.so.rramnas_hw_unref.restype = self.so.rramnas_search_unref.restype = None

    def __getattr__(self, name):
        def call(*arguments):
            error = Error()
            if getattr(self.so, "rramnas_" + name)(*arguments, byref(error)) < 0:
                raise SystemExit("analognas.py: " + error.message.decode())
        return call


def new_search(library, objectives):
    search = c_void_p()
    library.search_create_ready(b"nas-bench-201", None, byref(search))
    for name in objectives:
        library.search_add_objective(search, name.encode(), 0)
    return search


# --- every cell ---

def set_problem(library, search, arguments):
    hw = c_void_p()
    library.hw_create_preset(arguments.preset.encode(), None, byref(hw))
    library.search_set_hardware(search, hw)
    library.so.rramnas_hw_unref(hw)
    how = CompileOptions(policy=POLICY_RNC, crossbars=arguments.crossbars)
    library.search_set_compile(search, byref(how), None)
    columns = ",".join(f"{figure}={column}" for figure, column in COLUMNS.items())
    table = TableOptions(key=KEY.encode(), columns=columns.encode(), order=ORDER.encode())
    library.search_add_table_file(search, os.fsencode(arguments.table), byref(table))
    for figure in COLUMNS:
        if figure != "accuracy":
            library.search_add_constraint(search, f"{figure}>0".encode())


def read_history(path):
    """Genome, as numbers -> figures, of the cells that have them all."""
    cells = {}
    with open(path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["state"] == "feasible":
                genome = tuple(OPERATIONS.index(row[gene]) for gene in GENES)
                cells[genome] = {figure: float(row[figure]) for figure in [*COLUMNS, *COSTS]}
    return cells


def enumerate_cells(library, arguments):
    search = new_search(library, ["accuracy", *COSTS])
    set_problem(library, search, arguments)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "history.csv")
        library.search_set_history_file(search, path.encode())
        library.search_start(search, byref(SearchOptions(strategy=ENUMERATE)))
        library.search_run(search, None)
        library.so.rramnas_search_unref(search)
        return read_history(path)


# --- fronts of two figures: (minus accuracy, cost), both minimised ---

Front = namedtuple("Front", "points cells")


def point_of(cell, accuracy, cost):
    return -cell[accuracy], cell[cost]


def front_of(cells, accuracy, cost):
    """By falling accuracy; costs within rounding are equal."""
    front = Front([], [])
    for genome, cell in sorted(cells.items(), key=lambda item: (point_of(item[1], accuracy, cost), item[0])):
        point = point_of(cell, accuracy, cost)
        if not front.points or point[1] < front.points[-1][1] * (1 - ROUNDING):
            front.points.append(point)
            front.cells.append(genome)
    return front


def volume(points, reference):
    """Of points by falling accuracy and cost."""
    sides = [reference[0]] + [point[0] for point in reversed(points)]
    return sum((sides[i] - point[0]) * (reference[1] - point[1]) for i, point in enumerate(reversed(points)))


def covers(point, other):
    return point[0] <= other[0] and point[1] <= other[1] * (1 + ROUNDING)


# --- searches ---

Course = namedtuple("Course", "all_found volume_99 known")


def follow(library, figures, front, strategy, seed):
    """Asks and tells until the whole front is found: candidates until then, until 99 % of the volume, and how many of the
    first have a row in the table."""
    search = new_search(library, ["accuracy", "latency_ns"])
    library.search_start(search, byref(SearchOptions(seed=seed, strategy=strategy)))
    genomes, ids, n = (c_double * 600)(), (c_int64 * 100)(), c_size_t()
    reference = (-10, 1.1 * front.points[0][1])
    wanted = 0.99 * volume(front.points, reference)
    missing, found, asked, known, at_99 = list(front.points), [], 0, 0, None
    while missing:
        library.search_ask(search, 100, genomes, ids, byref(n))
        values = (c_double * (2 * n.value))()
        for i in range(n.value):
            cell = figures.get(tuple(map(int, genomes[6 * i:6 * i + 6])))
            values[2 * i:2 * i + 2] = (cell["accuracy"], cell["latency_ns"]) if cell else (math.nan, math.nan)
            if not missing:
                continue
            asked, known = asked + 1, known + bool(cell)
            point = cell and point_of(cell, "accuracy", "latency_ns")
            if not cell or point[1] >= reference[1] or any(covers(other, point) for other in found):
                continue
            found = sorted([other for other in found if not covers(point, other)] + [point])
            missing = [other for other in missing if not covers(point, other)]
            if at_99 is None and volume(found, reference) >= wanted:
                at_99 = asked
        library.search_tell(search, ids, values, None, n.value)
    library.so.rramnas_search_unref(search)
    return Course(asked, at_99, known)


# --- printing ---

def name_of(genome):
    """Nodes between bars, edges from lower nodes in order."""
    words = [SHORT[OPERATIONS[operation]] for operation in genome]
    return f"{words[0]} / {words[1]} {words[2]} / {words[3]} {words[4]} {words[5]}"


def print_table(title, head, rows):
    print(f"\n{title}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + " --- |" * len(head))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")


def print_front(cells, accuracy, cost):
    front = front_of(cells, accuracy, cost)
    rows = []
    for genome in front.cells:
        cell = cells[genome]
        rows.append([f"`{name_of(genome)}`", *(f"{cell[figure]:.2f}" for figure in COLUMNS),
                     f"{cell['latency_ns'] / 1e6:.3f}", f"{cell['energy_pj'] / 1e6:.1f}"])
    head = ["cell", "a month, tuned, %", "a month, %", "noisy, %", "digital, %", "latency, ms", "energy, uJ"]
    print_table(f"Front of `{accuracy}` and `{cost}`", head, rows)


def spread(numbers):
    return f"{statistics.median(numbers):,.0f} ({min(numbers):,}-{max(numbers):,})"


def print_searches(library, cells, seeds):
    front = front_of(cells, "accuracy", "latency_ns")
    rows = []
    for name, strategy in ("nsga2", NSGA2), ("reinforce", REINFORCE), ("random", RANDOM):
        courses = [follow(library, cells, front, strategy, seed) for seed in range(1, seeds + 1)]
        rows.append([f"`{name}`", spread([course.volume_99 for course in courses]),
                     spread([course.all_found for course in courses]), spread([course.known for course in courses])])
    head = ["strategy", "99 % of the volume", "the whole front", "of these in the table"]
    print_table(f"Candidates until found, median (range) of {seeds} seeds", head, rows)


def best(cells, accuracy, cost, most):
    return max((cell for cell in cells.values() if cell[cost] <= most), key=lambda cell: (cell[accuracy], -cell[cost]))


def print_blind(cells, accuracy, cost, unit, scale):
    """What the best cell by digital accuracy has, beside the best there is, at no more than each compromise costs."""
    rows = []
    for _, budget in front_of(cells, accuracy, cost).points:
        most = budget * (1 + ROUNDING)
        blind, aware = best(cells, "accuracy_digital", cost, most), best(cells, accuracy, cost, most)
        rows.append([f"{budget * scale:.3f}", f"{blind['accuracy_digital']:.2f}", f"{blind[accuracy]:.2f}",
                     f"{aware[accuracy]:.2f}", f"{aware[accuracy] - blind[accuracy]:.2f}"])
    head = [f"at most, {unit}", "blind choice: digital, %", f"its `{accuracy}`, %", f"best `{accuracy}`, %", "lost, points"]
    print_table(f"Chosen by digital accuracy and by `{accuracy}`", head, rows)
    blind, aware = front_of(cells, "accuracy_digital", cost).cells, front_of(cells, accuracy, cost).cells
    print(f"\nOf {len(blind)} cells on the front of digital accuracy {len(set(blind) & set(aware))} are on this one.")


def main():
    parser = argparse.ArgumentParser(description="The tables of doc/analognas.md.")
    parser.add_argument("table", help="benchmark_data.csv of AnalogNAS-Bench")
    parser.add_argument("--seeds", type=int, default=31, help="searches per strategy; default 31")
    parser.add_argument("--preset", default="hermes_jssc_2022", help="chip; default hermes_jssc_2022")
    parser.add_argument("--crossbars", type=int, default=64, help="crossbars of the chip; default 64")
    arguments = parser.parse_args()
    library = Library(os.environ.get("RRAMNAS_LIBRARY_PATH", "librramnas.so.0"))
    cells = enumerate_cells(library, arguments)
    print(f"{len(cells)} cells with all figures, on {arguments.crossbars} crossbars of {arguments.preset}")
    for cost in COSTS:
        print_front(cells, "accuracy", cost)
    print_front(cells, "accuracy_untuned", "latency_ns")
    print_searches(library, cells, arguments.seeds)
    for accuracy in "accuracy", "accuracy_untuned":
        print_blind(cells, accuracy, "latency_ns", "ms", 1e-6)
    print_blind(cells, "accuracy", "energy_pj", "uJ", 1e-6)
    return 0


if __name__ == "__main__":
    sys.exit(main())
