# SPDX-License-Identifier: MIT
"""The commands of doc/analognas.md as they stand there, with a table that is made up here: same columns, a few dozen rows,
one of them twice, cells that are empty. TAP on standard output.

Usage: test_analognas.py SEARCH_PROGRAM SOURCE_FOLDER LIBRARY_FOLDER
LIBRARY_FOLDER: of a library that Python can load, or "none".
"""
import csv
import os
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import tap


SEARCH, SOURCE, LIBRARY = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), sys.argv[3]
COLUMNS = ["baseline_accuracy", "ptq_accuracy", "qat_accuracy", "analog_accuracy", "finetuned_accuracy"]
DRIFTS = [f"{kind}_drift_{seconds}" for kind in ("baseline", "finetuned") for seconds in (60, 3600, 86400, 2592000)]
USED = ["baseline_accuracy", "analog_accuracy", "baseline_drift_2592000", "finetuned_drift_2592000"]
WORDS = ["skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3"]
BEST = (0, 1, 0, 2, 2, 2)
# Where the table's values stand among the genes: edges by their source there, by their target here.
GENE_OF_VALUE = [0, 1, 3, 2, 4, 5]
work = None


def made_up_rows():
    """Genome -> cells of its row, in the order of the file; text as the real one has it."""
    rows, state = [], 1
    for i in range(60):
        state = (state * 1103515245 + 12345) % 2 ** 31
        genome = tuple((state >> 8) // 5 ** k % 5 for k in range(6))
        rows.append((genome, {column: f"{40 + (i * 7 + k) % 50}.{i % 10}{k % 10}" for k, column in enumerate(COLUMNS + DRIFTS)}))
    rows.append((BEST, {column: f"{95 - k}.5" for k, column in enumerate(COLUMNS + DRIFTS)}))
    rows.append((rows[3][0], {column: "33.25" for column in COLUMNS + DRIFTS}))
    rows[5][1]["finetuned_drift_2592000"] = ""
    rows[6][1]["baseline_accuracy"] = ""
    return rows


def write_table(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["architecture", *COLUMNS, *DRIFTS])
        for genome, cells in rows:
            drifts = [f"{cells[column]} \u00b1 0.25" if cells[column] else "" for column in DRIFTS]
            writer.writerow([str(genome), *(cells[column] for column in COLUMNS), *drifts])


def complete(rows):
    """The last row of each genome, when it has all figures of the page."""
    return {genome: cells for genome, cells in dict(rows).items() if all(cells[column] for column in USED)}


def genes_of(genome):
    genes = [""] * 6
    for value, gene in zip(genome, GENE_OF_VALUE):
        genes[gene] = WORDS[value]
    return tuple(genes)


def commands():
    """Blocks of shell on the page."""
    return re.findall(r"^```sh\n(.*?)^```$", (SOURCE / "doc" / "analognas.md").read_text(encoding="utf-8"), re.M | re.S)


def shell(command):
    paths = {"PATH": f"{SEARCH.parent}{os.pathsep}{os.environ['PATH']}", "LD_LIBRARY_PATH": LIBRARY}
    done = subprocess.run(["sh", "-e", "-c", command], cwd=work, env={**os.environ, **paths}, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: exit status {done.returncode}: {done.stderr}"
    return done.stdout


def rows_of(*path):
    with open(work.joinpath(*path), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def dominates(a, b, accuracy, cost):
    a, b = [(-float(row[accuracy]), float(row[cost])) for row in (a, b)]
    return a != b and a[0] <= b[0] and a[1] <= b[1]


def check_front(folder, accuracy, cost):
    """The front is that of all rows of the history, by definition."""
    judged = [row for row in rows_of(folder, "history.csv") if row["state"] == "feasible"]
    expected = {(row[accuracy], row[cost]) for row in judged if not any(dominates(other, row, accuracy, cost) for other in judged)}
    assert {(row[accuracy], row[cost]) for row in rows_of(folder, "front.csv")} == expected and expected
    return judged


def test_1_searches():
    rows = made_up_rows()
    write_table(work / "benchmark_data.csv", rows)
    for command in commands():
        if "rramnas-search" in command:
            shell(command)
    known = complete(rows)
    assert len(known) == len(dict(rows)) - 2
    judged = check_front("latency", "accuracy", "latency_ns")
    assert {tuple(row[f"cell[{i}]"] for i in range(6)) for row in judged} == {genes_of(genome) for genome in known}
    best = next(row for row in judged if tuple(row[f"cell[{i}]"] for i in range(6)) == genes_of(BEST))
    assert [best[f"cell[{i}]"] for i in (2, 3)] == ["nor_conv_3x3", "skip_connect"]
    assert float(best["accuracy"]) == float(dict(rows)[BEST]["finetuned_drift_2592000"])
    assert len(rows_of("latency", "history.csv")) == 15625
    check_front("energy", "accuracy", "energy_pj")
    check_front("blind", "accuracy_digital", "latency_ns")
    assert len(rows_of("nsga2", "history.csv")) == 2000


def test_2_tables():
    if LIBRARY == "none":
        return
    command = next(command for command in commands() if "analognas.py" in command)
    (work / "examples").symlink_to(SOURCE / "examples")
    write_table(work / "benchmark_data.csv", made_up_rows())
    text = shell(command.rstrip() + " --seeds 2")
    assert text.startswith(f"{len(complete(made_up_rows()))} cells with all figures")
    tables = [re.findall(r"^\| (?!---)(.*) \|$", part, re.M)[1:] for part in re.split(r"\n\n(?=[A-Z])", text)[1:]]
    accuracies = [float(row.split(" | ")[1]) for row in tables[0]]
    front = sorted((float(row["accuracy"]) for row in rows_of("latency", "front.csv")), reverse=True)
    assert accuracies == [round(value, 2) for value in front], (accuracies, front)
    assert [row.split(" | ")[0] for row in tables[3]] == ["`nsga2`", "`reinforce`", "`random`"]
    assert all(float(row.split(" | ")[-1]) >= 0 for table in tables[4:] for row in table)


tap.run(globals())
