# SPDX-License-Identifier: MIT
"""Searches over the ranks of an MPI job on this machine. TAP on standard output.

Usage: test_mpi.py MPIEXEC SEARCH_PROGRAM MPI_SEARCH_PROGRAM CALLBACK_PROGRAM AGAIN_PROGRAM
"""
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import tap

MPIEXEC, SEARCH, MPI_SEARCH, CALLBACK, AGAIN = (os.path.abspath(name) for name in sys.argv[1:6])
SMALL = ["ofa-mobilenet-v3-small", "--crossbars", "100", "--policy", "rnc", "--objectives", "macs,latency_ns",
         "--population", "20", "--seed", "5", "--quiet"]
DATA = Path(__file__).resolve().parent.parent / "data"
FILES = ["front.csv", "front.json", "history.csv", "checkpoint"]
# Leaks of MPI's own are none of ours; root in a container is what CI has.
ENVIRONMENT = os.environ | {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0",
                            "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
version = subprocess.run([MPIEXEC, "--version"], capture_output=True).stdout
is_open_mpi = b"OpenRTE" in version or b"Open MPI" in version
work = None


def command(ranks, *args):
    return [MPIEXEC, *(["--oversubscribe"] if is_open_mpi else []), "-n", str(ranks), *map(str, args)]


def mpi(ranks, *args, code=0):
    done = subprocess.run(command(ranks, *args), capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == code, f"{args}: exit status {done.returncode}, expected {code}: {done.stderr}"
    # MPI's own messages about the machine's network, which some write to standard output.
    done.stdout = "".join(line for line in done.stdout.splitlines(True) if not line.startswith("["))
    return done


def local(folder, *args):
    subprocess.run([SEARCH, *SMALL, "--out", str(work / folder), *map(str, args)], check=True)
    return work / folder


def assert_same(a, b):
    for name in FILES:
        assert (a / name).read_bytes() == (b / name).read_bytes(), f"{a / name} and {b / name} differ"


def test_any_number_of_ranks():
    expected = local("local", "--generations", 6)
    for ranks in (1, 2, 4):
        folder = work / f"ranks-{ranks}"
        mpi(ranks, MPI_SEARCH, *SMALL, "--generations", 6, "--out", folder)
        assert_same(expected, folder)


def test_threads_of_ranks_and_a_cache():
    expected = local("plain", "--generations", 4)
    for run in ("first", "second"):
        folder = work / f"threads-{run}"
        mpi(2, MPI_SEARCH, *SMALL, "--generations", 4, "--threads", 3, "--cache", work / "figures.db", "--out", folder)
        for name in ("front.csv", "history.csv"):
            assert (expected / name).read_bytes() == (folder / name).read_bytes(), (run, name)


def write_noisy_chips():
    chips = ["genes:", "- {name: noise.write_sigma, values: [0.05, 0.3, 1]}", "- {name: crossbar.cols, values: [32, 64, 128]}"]
    (work / "space.yaml").write_text("schema: rramnas.space/1\n" + "\n".join(chips))
    (work / "chip.yaml").write_text("schema: rramnas.hardware/1\nnoise: {write_model: relative}\n")


def test_ranks_forget_the_front_of_an_earlier_run():
    write_noisy_chips()
    problem = [work / "space.yaml", work / "chip.yaml", DATA / "onnx" / "digits_cnn.onnx",
               DATA / "digits" / "digits_8x8.yaml"]
    for ranks in (1, 3):
        mpi(ranks, AGAIN, *problem, work / f"again-{ranks}.csv")
    assert len((work / "again-1.csv").read_text().splitlines()) == 10
    assert (work / "again-1.csv").read_bytes() == (work / "again-3.csv").read_bytes()


def test_chips_end_by_the_same_front():
    write_noisy_chips()
    args = [work / "space.yaml", "--hardware", work / "chip.yaml", "--crossbars", "auto", "--policy", "rnc", "--objectives",
            "accuracy,area_um2", "--network", DATA / "onnx" / "digits_cnn.onnx", "--data", DATA / "digits" / "digits_8x8.yaml",
            "--images", 8, "--trials", 4, "--stop-dominated", "--population", 3, "--generations", 3, "--seed", 3, "--quiet"]
    subprocess.run([SEARCH, *map(str, args), "--out", str(work / "alone")], check=True, timeout=200)
    mpi(3, MPI_SEARCH, *args, "--out", work / "together")
    assert_same(work / "alone", work / "together")
    rows = (work / "alone" / "history.csv").read_text().splitlines()
    chips = [float(row.split(",")[rows[0].split(",").index("accuracy_chips")]) for row in rows[1:]]
    assert min(chips) < 4 and max(chips) == 4, chips


def parent_of(pid):
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def workers_of(job):
    """Processes of the search below mpiexec, however many steps below."""
    parents = {int(name): parent_of(name) for name in os.listdir("/proc") if name.isdigit()}
    below = {job.pid}
    while more := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= more
    return sorted(pid for pid in below if name_of(pid) == MPI_SEARCH)


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
    except OSError:
        return ""


def begin_job(folder, ranks):
    job = subprocess.Popen(command(ranks, MPI_SEARCH, *SMALL, "--generations", 1000000, "--out", folder), env=ENVIRONMENT,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(1200):
        if (folder / "checkpoint").exists():
            return job
        time.sleep(0.05)
    raise AssertionError(f"no checkpoint: {job.communicate(timeout=10)}")


def test_a_lost_rank():
    folder = work / "lost"
    job = begin_job(folder, 3)
    victims = workers_of(job)
    assert len(victims) == 3, victims
    os.kill(max(victims), signal.SIGKILL)
    assert job.wait(timeout=600) != 0
    job.communicate()
    done = len((folder / "history.csv").read_text().splitlines()) // 20 + 5
    mpi(2, MPI_SEARCH, *SMALL, "--generations", done, "--out", folder, "--resume", folder / "checkpoint")
    assert_same(local("unbroken", "--generations", done), folder)


def test_ends_on_a_signal():
    folder = work / "ended"
    job = begin_job(folder, 2)
    for pid in workers_of(job):
        os.kill(pid, signal.SIGTERM)
    out, err = job.communicate(timeout=600)
    assert job.returncode == 0 and "stopped" in err, (job.returncode, err)
    assert (folder / "front.csv").read_text().count("\n") > 1 and (folder / "report.html").exists()


def test_slips_are_shown_once():
    err = mpi(3, MPI_SEARCH, "no-such-space", code=2).stderr
    assert err.count("no-such-space") == 1, err
    err = mpi(3, MPI_SEARCH, *SMALL, "--population", 0, code=2).stderr
    assert err.count("expected 1 to 16777216") == 1, err
    assert mpi(3, MPI_SEARCH, "--version").stdout.count("rramnas-search") == 1
    assert mpi(2, MPI_SEARCH, "nas-bench-201", "--count").stdout.split() == ["15625"]


def test_another_problem_on_a_rank():
    other = ["250" if word == "100" else word for word in SMALL]
    done = mpi(1, MPI_SEARCH, *SMALL, ":", "-n", 1, MPI_SEARCH, *other, code=2)
    assert "rank 1: its problem is not the leader's" in done.stderr, done.stderr
    supernet, spoiled = DATA / "supernet" / "digits.safetensors", work / "other.safetensors"
    spoiled.write_bytes(supernet.read_bytes()[:-1] + b"?")
    judged = ["ofa-mobilenet-v3-small", "--objectives", "accuracy_digital,macs", "--data", DATA / "supernet" / "data.yaml", "--images", 8,
              "--norm-images", 16, "--population", 4, "--generations", 1, "--quiet"]
    done = mpi(1, MPI_SEARCH, *judged, "--weights", supernet, ":", "-n", 1, MPI_SEARCH, *judged, "--weights", spoiled, code=2)
    assert "rank 1: its problem is not the leader's" in done.stderr, done.stderr
    done = mpi(1, MPI_SEARCH, *SMALL, ":", "-n", 1, MPI_SEARCH, *SMALL, "--hardware", "missing.yaml", code=2)
    assert "missing.yaml" in done.stderr, done.stderr


def test_callbacks_are_called_where_candidates_are():
    mpi(1, CALLBACK, work / "one", 6)
    counts = [int(word) for word in mpi(4, CALLBACK, work / "four", 6).stdout.split()]
    assert len(counts) == 4 and all(counts), counts
    assert (work / "one").read_bytes() == (work / "four").read_bytes()


def test_a_callback_that_gives_up():
    for ranks in (1, 3):
        err = mpi(ranks, CALLBACK, work / "fails", 6, "fails", code=1).stderr
        assert err.count(f"rank {ranks - 1}: the evaluation callback ended the run") == ranks, err


def starts():
    """Whether MPI itself gets as far as two processes here: some containers do not let it."""
    try:
        return subprocess.run(command(2, MPI_SEARCH, "--version"), capture_output=True, timeout=60, env=ENVIRONMENT).returncode == 0
    except subprocess.TimeoutExpired:
        return False


if not starts():
    print("1..0 # SKIP mpiexec cannot start two processes on this machine")
    sys.exit(0)
tap.run(globals())
