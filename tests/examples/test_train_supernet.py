# SPDX-License-Identifier: MIT
"""examples/python/train_supernet.py in small: the shipped task byte by byte, a few steps of training, the shipped
supernet's answers, a checkpoint. Skipped where no Python has PyTorch. TAP on standard output.

Usage: test_train_supernet.py SOURCE_FOLDER
"""
import json
import struct
import subprocess
import sys
from array import array
from pathlib import Path

SOURCE = Path(sys.argv[1]).resolve()
sys.path.insert(0, str(SOURCE / "tests" / "support"))
import tap

SCRIPT, EXAMPLE = SOURCE / "examples" / "python" / "train_supernet.py", SOURCE / "examples" / "supernet"
DATA = SOURCE / "tests" / "data"
TINY = ["--steps", 2, "--batch", 4, "--random-members", 1, "--calibration", 16, "--final", 16, "--features", 16]
work = None

CHECKPOINT = """
import sys, torch
torch.save({"state_dict": {"module.blocks.1.mobile_inverted_conv.depth_conv.conv.7to5_matrix": torch.eye(25),
                           "blocks.1.mobile_inverted_conv.depth_conv.bn.num_batches_tracked": torch.tensor(3),
                           "classifier.linear.bias": torch.tensor([0.5, -2], dtype=torch.float64)}}, sys.argv[1])
"""


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


def test_training_changes_weights_and_repeats():
    digits = ["--digits", DATA / "digits"]
    for name, *args in (("a", *digits), ("b", *digits), ("noisy", "--noise", 0.1, *digits),
                        ("more", "--steps", 1, "--start", work / "a.safetensors")):
        done = script("train", EXAMPLE / "data.yaml", work / f"{name}.safetensors", *TINY, *args)
        assert "loss 2." in done.stderr or "loss 3." in done.stderr, done.stderr
    a, b, noisy = ((work / f"{name}.safetensors").read_bytes() for name in ("a", "b", "noisy"))
    assert a == b and a != noisy
    header, _ = read_safetensors(work / "a.safetensors")
    more, _ = read_safetensors(work / "more.safetensors")
    assert more.keys() == header.keys() and more["__metadata__"]["steps"] == "1"
    assert header["__metadata__"]["steps"] == "2"
    assert header["blocks.16.conv.depth_conv.conv.conv.weight"] | {"data_offsets": 0} == \
        {"dtype": "F16", "shape": [144, 1, 7, 7], "data_offsets": 0}
    assert header["blocks.4.conv.point_linear.bn.bn.running_var"]["shape"] == [8]


def test_the_shipped_supernet_answers_as_the_reference_says():
    ours, recorded = work / "reference", DATA / "digits_supernet"
    script("evaluate", EXAMPLE / "data.yaml", EXAMPLE / "digits.safetensors", "--members", 2, "--reference", ours)
    found, expected = ((folder / "members.txt").read_text().splitlines() for folder in (ours, recorded))
    assert found == expected[:2]
    a, b = array("f", (ours / "logits.f32").read_bytes()), array("f", (recorded / "logits.f32").read_bytes())
    assert len(a) == 480 and max(abs(x - y) for x, y in zip(a, b)) < 1e-4


def test_a_checkpoint_is_converted():
    subprocess.run([PYTHON, "-c", CHECKPOINT, work / "checkpoint.pth"], check=True)
    done = script("convert", work / "checkpoint.pth", work / "converted.safetensors")
    assert done.stdout == "2 tensors, 627 values\n"
    header, data = read_safetensors(work / "converted.safetensors")
    assert header["blocks.1.conv.depth_conv.conv.7to5_matrix"]["shape"] == [25, 25]
    begin, end = header["classifier.linear.bias"]["data_offsets"]
    assert struct.unpack("<2f", data[begin:end]) == (0.5, -2)


tap.run(globals())
