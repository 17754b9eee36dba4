# SPDX-License-Identifier: MIT
"""The commands of doc/supernet.md that take the shipped supernet, as they stand there but with fewer chips and
candidates. TAP on standard output.

Usage: test_supernet.py SEARCH_PROGRAM COMPILE_PROGRAM SOURCE_FOLDER POPULATION
"""
import csv
import re
import shlex
import subprocess
import sys
from pathlib import Path

PROGRAMS = {"rramnas-search": Path(sys.argv[1]).resolve(), "rramnas-compile": Path(sys.argv[2]).resolve()}
SOURCE = Path(sys.argv[3]).resolve()
POPULATION = int(sys.argv[4])
sys.path.insert(0, str(SOURCE / "tests" / "support"))
import tap

work = None


def commands(program):
    lines = re.findall(r"^```sh\n(.*?)^```$", (SOURCE / "doc" / "supernet.md").read_text(encoding="utf-8"), re.M | re.S)
    return [line for block in lines for line in block.splitlines() if line.startswith(program)]


def run(command, *more):
    """The later of two equal options counts."""
    name, *args = shlex.split(command)
    args += map(str, more)
    done = subprocess.run([PROGRAMS[name], *args], cwd=SOURCE, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: exit status {done.returncode}: {done.stderr}"
    return done.stdout


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_members_on_crossbars():
    shares = []
    for command in commands("rramnas-compile"):
        out = run(command, "--trials", 1, "--images", 20, "--sweep-csv", work / "sweep.csv")
        shares.append(float(re.search(r"floats +([\d.]+) %", out)[1]))
        assert len(rows_of(work / "sweep.csv")) > 3
    assert shares and min(shares) > 60


def test_searches():
    assert len(commands("rramnas-search")) == 2
    for i, command in enumerate(commands("rramnas-search")):
        out = work / str(i)
        run(command, "--population", POPULATION, "--generations", 2, "--images", 6 * POPULATION, "--trials", 1,
            "--norm-images", 32 * POPULATION, "--quiet", "--out", out)
        rows = rows_of(out / "history.csv")
        figure = next(name for name in rows[0] if name.startswith("accuracy"))
        shares = [float(row[figure]) for row in rows if row["state"] == "feasible"]
        assert len(rows) == 2 * POPULATION and len(shares) > POPULATION and max(shares) > 0.2 and len(set(shares)) > 1


tap.run(globals())
