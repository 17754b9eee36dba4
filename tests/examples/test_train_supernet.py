# SPDX-License-Identifier: MIT
"""examples/python/train_supernet.py in small: the shipped task byte by byte, a few steps of training, the shipped
supernet's answers, checkpoints of the public code. Skipped where no Python has PyTorch. TAP on standard output.

Usage: test_train_supernet.py SOURCE_FOLDER MEMBER_LOGITS
"""
import json
import re
import struct
import subprocess
import sys
from array import array
from pathlib import Path

SOURCE = Path(sys.argv[1]).resolve()
sys.path.insert(0, str(SOURCE / "tests" / "support"))
import tap

SCRIPT, EXAMPLE = SOURCE / "examples" / "python" / "train_supernet.py", SOURCE / "examples" / "supernet"
DATA, MEMBER_LOGITS = SOURCE / "tests" / "data", sys.argv[2]
TINY = ["--steps", 2, "--batch", 4, "--random-members", 1, "--calibration", 16, "--final", 16, "--features", 16]
work = None


def python_with_torch():
    """Debian's PyTorch is in the system's Python, which need not be the first one."""
    for python in (sys.executable, "python3", "/usr/bin/python3"):
        try:
            if subprocess.run([python, "-c", "import torch, numpy, yaml"], capture_output=True).returncode == 0:
                return python
        except OSError:
            pass
    print("1..0 # SKIP no PyTorch")
    sys.exit(0)


PYTHON = python_with_torch()


def script(*args, code=0):
    done = subprocess.run([PYTHON, "-B", SCRIPT, *map(str, args)], capture_output=True, text=True)
    assert done.returncode == code, f"{args}: exit status {done.returncode}, expected {code}: {done.stderr}"
    return done


def read_safetensors(path):
    data = path.read_bytes()
    n = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:8 + n]), data[8 + n:]


def test_the_shipped_task_is_what_the_script_makes():
    script("task", DATA / "digits", work / "task")
    names = sorted(path.name for path in (work / "task").iterdir())
    assert len(names) == 5
    for name in names:
        assert (work / "task" / name).read_bytes() == (EXAMPLE / name).read_bytes(), name


def train(name, *args):
    out = work / f"{name}.safetensors"
    done = script("train", EXAMPLE / "data.yaml", out, *TINY, *args)
    assert "loss 2." in done.stderr or "loss 3." in done.stderr, done.stderr
    return out


def tensor(safetensors, name):
    header, data = safetensors
    begin, end = header[name]["data_offsets"]
    return data[begin:end]


def test_training_changes_weights():
    first = read_safetensors(train("a", "--digits", DATA / "digits", "--level", "mild"))
    more = read_safetensors(train("more", "--steps", 1, "--members", "largest", "--start", work / "a.safetensors"))
    header = first[0]
    assert more[0].keys() == header.keys() and more[0]["__metadata__"]["steps"] == "1"
    assert header["__metadata__"]["steps"] == "2"
    assert header["blocks.16.conv.depth_conv.conv.conv.weight"] | {"data_offsets": 0} == \
        {"dtype": "F16", "shape": [144, 1, 7, 7], "data_offsets": 0}
    assert header["blocks.4.conv.point_linear.bn.bn.running_var"]["shape"] == [8]
    # The largest member has kernels of 7 x 7 alone, so its steps leave the way to smaller ones as it is.
    matrix, weight = (f"blocks.1.conv.depth_conv.conv.{name}" for name in ("5to3_matrix", "conv.weight"))
    assert tensor(first, weight) != tensor(more, weight)
    new = struct.pack("<81e", *(float(i % 10 == 0) for i in range(81)))
    assert tensor(first, matrix) == tensor(more, matrix) != new


def test_levels_of_distortion():
    """Where training begins, digits stand alone; those images too are the same bytes anywhere."""
    code = ("import hashlib, sys; sys.path.insert(0, sys.argv[1]); from supernet import task\n"
            "digits, _ = task.load_digits(sys.argv[2], 'train')\n"
            "for level in ('mild', 'single', 'task'):\n"
            "    images = task.render(digits, range(40), range(40), 1, 1, task.LEVELS[level])\n"
            "    print(level, hashlib.sha256(images.tobytes()).hexdigest()[:16])")
    done = subprocess.run([PYTHON, "-B", "-c", code, SCRIPT.parent, DATA / "digits"], capture_output=True, text=True)
    expected = ["mild cb77bbaaf85a2a4d", "single a119197b0bd88672", "task 692c67894ff13075"]
    assert done.stdout.splitlines() == expected, done


def test_a_run_that_goes_on_ends_as_an_unbroken_one():
    options = ["--steps", 3, "--fall", 1, "--noise", 0.1, "--members", "random", "--digits", DATA / "digits"]
    snapshot = ["--snapshot", work / "snapshot"]
    unbroken = train("unbroken", *options).read_bytes()
    half = train("half", *options, *snapshot, "--steps", 2).read_bytes()
    assert train("whole", *options, *snapshot).read_bytes() == unbroken != half
    other = ["train", EXAMPLE / "data.yaml", work / "other.safetensors", *TINY, *options, *snapshot, "--seed", 2]
    done = script(*other, code=1)
    assert "was written with" in done.stderr


def test_the_shipped_supernet_answers_as_the_reference_says():
    ours, recorded = work / "reference", DATA / "digits_supernet"
    done = script("evaluate", EXAMPLE / "data.yaml", EXAMPLE / "digits.safetensors", "--members", 2,
                  "--reference", ours)
    assert "2212032 MACs" in done.stdout and "376032 MACs" in done.stdout  # as the library counts them
    assert re.search("2 members: test .* points, rank correlation with multiply-accumulates 1.00", done.stdout)
    found, expected = ((folder / "members.txt").read_text().splitlines() for folder in (ours, recorded))
    assert found == expected[:2]
    a, b = array("f", (ours / "logits.f32").read_bytes()), array("f", (recorded / "logits.f32").read_bytes())
    assert len(a) == 480 and max(abs(x - y) for x, y in zip(a, b)) < 1e-4


def convert(name):
    out = work / f"{name}.safetensors"
    script("convert", work / "public" / f"{name}.pth", out)
    return out


def test_checkpoints_of_the_public_code():
    """Names and shapes of the public code, random weights: all forms give one file, a member answers as in PyTorch."""
    public = work / "public"
    public.mkdir()
    subprocess.run([PYTHON, "-B", SOURCE / "tests" / "examples" / "public_supernet.py", public], check=True)
    new, deep, flat = (convert(name) for name in ("new", "deep", "flat"))
    assert new.read_bytes() == deep.read_bytes()
    names = [{n: t["shape"] for n, t in read_safetensors(path)[0].items() if not n.endswith(("matrix", "data__"))}
             for path in (new, flat)]
    assert names[0] == names[1] and len(names[0]) == 371
    done = subprocess.run([MEMBER_LOGITS, convert("whole"), public / "genome.yaml", public / "images.f32"], check=True,
                          capture_output=True)
    ours, theirs = array("f", done.stdout), array("f", (public / "logits.f32").read_bytes())
    assert len(ours) == len(theirs) == 8000 and max(theirs) > 0.1
    assert max(abs(x - y) for x, y in zip(ours, theirs)) < 1e-5


tap.run(globals())
