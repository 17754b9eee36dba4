# SPDX-License-Identifier: MIT
"""examples/python/search_on_engine.py: its front is that of rramnas-search.

Usage: test_engine.py SCRIPT SEARCH_PROGRAM
"""
import csv
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT, SEARCH = sys.argv[1:3]
done = subprocess.run([sys.executable, SCRIPT, "--workers", "3", "--generations", "6"], capture_output=True, text=True,
                      timeout=100)
assert done.returncode == 0, done.stderr
rows = list(csv.reader(done.stdout.splitlines()[1:]))
with tempfile.TemporaryDirectory() as folder:
    subprocess.run([SEARCH, "ofa-mobilenet-v3-small", "--crossbars", "210", "--policy", "rnc", "--objectives",
                    ",".join(rows[0]), "--population", "40", "--generations", "6", "--seed", "1", "--quiet", "--out",
                    folder], check=True, timeout=100)
    with open(Path(folder) / "front.csv", newline="") as file:
        expected = list(csv.DictReader(file))
assert done.stdout.startswith("240 candidates\n"), done.stdout
assert len(expected) > 1
assert [[float(value) for value in row] for row in rows[1:]] == [[float(row[name]) for name in rows[0]] for row in expected]
