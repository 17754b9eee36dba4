# SPDX-License-Identifier: MIT
"""Figures on disk: several searches at once, killed ones, files that are something else."""
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

try:
    import sqlite3
except ImportError:
    sys.exit(77)

PROGRAM, GENERATIONS, KILLS, SKIP, NOBODY = sys.argv[1], 150, 40, 77, 65534


def command(cache, seed, front):
    return [PROGRAM, str(cache), str(seed), str(GENERATIONS), str(front)]


def run(cache, seed, front):
    """Evaluations, those from the file, those asked of the callback; the front."""
    done = subprocess.run(command(cache, seed, front), capture_output=True, text=True)
    if done.returncode == SKIP:
        sys.exit(SKIP)
    assert done.returncode == 0, done.stderr
    return [int(n) for n in done.stdout.split()], front.read_bytes()


def refused(cache, what, **how):
    """The message of a file that is no cache; the file is as it was."""
    before = cache.read_bytes() if cache.is_file() else None
    done = subprocess.run(command(cache, 1, os.devnull), capture_output=True, text=True, **how)
    assert done.returncode == 1, f"{what}: not refused"
    assert str(cache) in done.stderr, f"{what}: the message has no path: {done.stderr}"
    assert before is None or cache.read_bytes() == before, f"{what}: the file was changed"
    assert not list(cache.parent.glob(cache.name + "-*")), f"{what}: something is left beside the file"
    return done.stderr


def assert_sound(cache):
    with sqlite3.connect(cache) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        # A candidate has all of its figures or none.
        assert db.execute("SELECT count(*) FROM candidate").fetchone()[0] * 3 == \
            db.execute("SELECT count(*) FROM figure").fetchone()[0]


def together(top):
    """Four searches at once on one file: each as if alone, and all that they worked out is there."""
    cache, seeds = top / "together", (1, 2, 1, 2)
    alone = {seed: run("", seed, top / "alone")[1] for seed in seeds}
    fronts = [top / f"front{i}" for i in range(len(seeds))]
    running = [subprocess.Popen(command(cache, *pair), stdout=subprocess.DEVNULL) for pair in zip(seeds, fronts)]
    assert [p.wait() for p in running] == [0] * len(seeds)
    for seed, front in zip(seeds, fronts):
        assert front.read_bytes() == alone[seed], "another course beside other searches"
        (evaluations, cached, asked), bytes_of_front = run(cache, seed, top / "again")
        assert (cached, asked) == (evaluations, 0), "figures are missing"
        assert bytes_of_front == alone[seed], "another course with figures from the file"
    assert_sound(cache)


def killed(top):
    """Killed at random moments: the file is sound each time, and what it has is right."""
    cache, front, draw, kills, known = top / "killed", top / "front", random.Random(1), 0, 0
    began = time.monotonic()
    expected = run("", 3, front)[1]
    run(top / "warm", 3, front)
    seconds = (time.monotonic() - began) / 2
    for _ in range(KILLS):
        pair = [subprocess.Popen(command(cache, seed, top / f"dead{seed}"), stdout=subprocess.DEVNULL) for seed in (3, 4)]
        time.sleep(draw.uniform(0, seconds))
        for process in pair:
            kills += process.poll() is None
            process.kill()
            process.wait()
        if draw.random() < 0.5 and cache.exists() and cache.stat().st_size:
            assert_sound(cache)
    (evaluations, cached, asked), result = run(cache, 3, front)
    known = cached
    assert result == expected, "another course after kills"
    assert cached + asked == evaluations
    assert_sound(cache)
    assert kills >= KILLS // 4 and known > 0, f"{kills} kills met a living search, {known} figures were kept"
    return kills


def strangers(top):
    """A text, long and short; another program's database, with and without tables; a folder; other formats."""
    text = top / "text"
    for size in (1, 15, 16, 99, 512, 5000):
        text.write_bytes((b"gene,score\n" * 500)[:size])
        refused(text, f"a text of {size} bytes")
    for script, mode in (("CREATE TABLE t (a)", "DELETE"), ("CREATE TABLE t (a)", "WAL"),
                         ("PRAGMA application_id = 7", "DELETE"), ("PRAGMA user_version = 3", "DELETE"),
                         ("CREATE TABLE candidate (a); INSERT INTO candidate VALUES (1)", "DELETE")):
        other = top / "other.db"
        other.unlink(missing_ok=True)
        db = sqlite3.connect(other)
        db.execute(f"PRAGMA journal_mode = {mode}")
        db.executescript(script)
        db.close()
        refused(other, f"a database of another program ({script})")
    refused(top / "none" / "cache", "a folder that is not there")
    (top / "folder").mkdir()
    refused(top / "folder", "a folder")
    mine = top / "mine"
    run(mine, 1, top / "front")
    db = sqlite3.connect(mine)
    db.execute("PRAGMA journal_mode = DELETE")
    db.execute("PRAGMA user_version = 2")
    db.close()
    assert "format 2" in refused(mine, "another format")
    db = sqlite3.connect(mine)
    db.executescript("PRAGMA user_version = 1; DROP TABLE figure")
    db.close()
    run(mine, 1, top / "front")  # what is missing is made again
    assert_in_pieces(mine, top)


def assert_in_pieces(mine, top):
    """A file that was cut or overwritten in the middle is refused, or gives figures that are right."""
    expected = run("", 1, top / "front")[1]
    db = sqlite3.connect(mine)
    db.execute("PRAGMA journal_mode = DELETE")
    db.close()
    whole = mine.read_bytes()
    for name, data in (("cut", whole[:len(whole) // 2]), ("zeroes", whole[:4096] + bytes(len(whole) - 4096))):
        broken = top / name
        broken.write_bytes(data)
        done = subprocess.run(command(broken, 1, top / "front"), capture_output=True, text=True)
        assert done.returncode in (0, 1), f"{name}: ended by {done.returncode}"
        assert (top / "front").read_bytes() == expected if done.returncode == 0 else str(broken) in done.stderr, name


def as_nobody():
    os.setgid(NOBODY)
    os.setuid(NOBODY)


def locked_up(top):
    """A file, and a folder, that may only be read."""
    cache = top / "read_only"
    run(cache, 1, top / "front")
    how = {"preexec_fn": as_nobody} if os.getuid() == 0 else {}
    folder = top / "closed"
    folder.mkdir()
    shutil.copy(cache, folder / "cache")
    for path in (cache, folder / "cache"):
        path.chmod(0o444)
    folder.chmod(0o555)
    refused(folder / "cache", "a file that may only be read", **how)
    refused(folder / "new", "a folder that may only be read", **how)
    folder.chmod(0o755)


with tempfile.TemporaryDirectory() as name:
    folder = pathlib.Path(name)
    folder.chmod(0o755)
    strangers(folder)
    locked_up(folder)
    together(folder)
    print(killed(folder), "kills")
