#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of published numbers is sound. TAP on standard output.

Usage: test_published.py PUBLISHED_CSV PRESETS_FOLDER
"""
import csv
import sys
from pathlib import Path

with open(sys.argv[1], encoding="ascii", newline="") as file:
    rows = list(csv.DictReader(file, strict=True))
presets = {path.stem for path in Path(sys.argv[2]).glob("*/*.yaml")}
seen, faults = set(), []
for number, row in enumerate(rows, 2):
    key = tuple(row[k] for k in ("chip", "source", "quantity", "condition"))
    wrong = [k for k in ("chip", "source", "where", "quantity", "unit") if not row[k]]
    wrong += ["columns"] if None in row or None in row.values() else []
    wrong += ["published"] if not float(row["published"]) > 0 else []
    wrong += ["read"] if row["read"] not in ("title", "abstract", "quoted") else []
    wrong += ["kind"] if row["kind"] not in ("fitted", "predicted") else []
    wrong += ["preset"] if row["preset"] and row["preset"] not in presets else []
    wrong += ["why"] if not row["why"] else []
    wrong += ["tolerance"] if bool(row["ours"]) != bool(row["tolerance"]) else []
    wrong += ["network"] if bool(row["ours"]) != bool(row["network"]) else []
    wrong += ["ours without preset"] if row["ours"] and not row["preset"] else []
    wrong += ["twice"] if key in seen else []
    seen.add(key)
    faults += [f"row {number}: {word}" for word in wrong]
faults += ["fewer than six chips compared"] if len({row["preset"] for row in rows if row["ours"]}) < 6 else []
print("1..1")
for fault in faults:
    print("#", fault)
print("not ok 1 table" if faults else "ok 1 table")
sys.exit(bool(faults))
