# SPDX-License-Identifier: MIT
"""A search that is killed at random moments and started again ends with the bytes of one that was left alone."""
import pathlib
import random
import subprocess
import sys
import tempfile
import time

PROGRAM, KILLS, GENERATIONS = sys.argv[1], 50, 400


def command(folder):
    folder.mkdir(exist_ok=True)
    return [PROGRAM, *(str(folder / name) for name in ("checkpoint", "history.csv", "front")), str(GENERATIONS)]


def result(folder):
    return (folder / "front").read_bytes(), (folder / "history.csv").read_bytes()


def run_killed(folder, seconds, draw):
    """Number of kills that met a living search; the last start runs to the end."""
    kills = 0
    for _ in range(KILLS):
        process = subprocess.Popen(command(folder))
        try:
            process.wait(draw.uniform(0, seconds / 8))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            kills += 1
            continue
        if process.returncode:
            sys.exit("a resumed search failed")
        break
    subprocess.run(command(folder), check=True)
    return kills


with tempfile.TemporaryDirectory() as top:
    top = pathlib.Path(top)
    began = time.monotonic()
    subprocess.run(command(top / "alone"), check=True)
    seconds = time.monotonic() - began
    expected, kills, seed = result(top / "alone"), 0, 0
    while kills < KILLS and seed < KILLS:
        folder = top / f"killed{seed}"
        kills += run_killed(folder, seconds, random.Random(seed))
        if result(folder) != expected:
            sys.exit(f"seed {seed}: other bytes after kills")
        seed += 1
    if kills < KILLS // 2:
        sys.exit(f"only {kills} kills met a living search")
    print(f"{kills} kills in {seed} searches, {seconds:.2f} s each")
