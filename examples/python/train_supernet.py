#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Trains a small once-for-all supernet whose members librramnas can judge without training. doc/supernet.md says how.

  train_supernet.py task DIGITS FOLDER          a task from handwritten digits: IDX files and data.yaml
  train_supernet.py train DATA OUT              a supernet, trained on it: safetensors
  train_supernet.py evaluate DATA SUPERNET      accuracy of members; with --reference logits to compare with
  train_supernet.py convert CHECKPOINT OUT      a public once-for-all checkpoint (.pth) as safetensors

Needs PyTorch (Debian's python3-torch will do), numpy and yaml. The same seed on the same machine gives the same bytes.
"""
import argparse
import os
import random
import sys

import numpy as np
import torch

from supernet import checkpoint, model, task, training
from supernet.files import write_safetensors

DTYPES = {"float16": "F16", "float32": "F32"}
REFERENCE_IMAGES = 24


# --- task, train ---

def make_task(args):
    task.write_task(args.digits, args.folder, args.seed, args.held_out)


def image_source(data, digits_folder, level):
    """Images to train with by (which of those not held out, version), and their labels."""
    kept = np.flatnonzero(~data.held_out)
    labels = data.train_labels[kept]
    if digits_folder is None:
        prepared = data.prepare(data.train[kept])
        return lambda which, version: prepared[which], labels
    digits, own_labels = task.load_digits(digits_folder, "train")
    if len(digits) != len(data.train) or np.any(own_labels != data.train_labels):
        raise ValueError(f"{digits_folder} has not the digits that the task was made from")
    digits, ranges = digits[kept], task.LEVELS[level]

    def draw(which, version):
        return data.prepare(task.render(digits, which, kept[which], version, data.seed, ranges))

    return draw, labels


def calibration_images(data, count):
    return torch.from_numpy(data.prepare(data.train[~data.held_out][:count]))


def first_tensors(args, data):
    if args.start:
        return {name: t for name, t in model.load(args.start).items() if ".running_" not in name}
    classes = data.about.get("classes", 10)
    widths = model.Widths(args.stem, args.first, tuple(args.stages), args.final, args.features, classes)
    return model.new_tensors(widths)


def train(args):
    torch.manual_seed(args.seed)
    data = task.Data(args.data)
    tensors = first_tensors(args, data)
    source, labels = image_source(data, args.digits, args.level)
    plan = training.Plan(args.steps, args.fall, args.batch, args.rate, args.noise, args.members, args.random_members,
                         args.seed)
    training.train(tensors, source, labels, plan, args.snapshot)
    about = {"made by": "train_supernet.py", "seed": str(args.seed), "steps": str(args.steps), "noise": str(args.noise)}
    model.save(args.out, tensors, calibration_images(data, args.calibration), DTYPES[args.dtype], about)


# --- evaluate ---

def write_reference(folder, rows, logits):
    """members.txt: per member 16 kernel sizes, 16 expansions, 4 depths, multiply-accumulates, right answers of the test
    images and of those held out; logits.f32."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "members.txt"), "w", encoding="utf-8") as file:
        for genome, counts in rows:
            file.write(" ".join(map(str, genome.ks + genome.e + genome.d + counts)) + "\n")
    np.stack(logits).astype("<f4").tofile(os.path.join(folder, "logits.f32"))


def members(count, seed):
    draw = random.Random(seed)
    return ([model.LARGEST, model.SMALLEST] + [model.random_genome(draw) for _ in range(count)])[:count]


def rank_correlation(x, y):
    """Spearman's, of values that may be equal."""
    ranks = [np.unique(v, return_inverse=True, return_counts=True)[1:] for v in (x, y)]
    return np.corrcoef([(np.cumsum(counts) - (counts - 1) / 2)[place] for place, counts in ranks])[0, 1]


def print_range(rows, n):
    macs, right, _ = np.array([counts for _, counts in rows]).T
    shares = 100 * right / n
    print(f"{len(macs)} members: test {shares.min():.2f} to {shares.max():.2f} %, {np.ptp(shares):.2f} points, "
          f"rank correlation with multiply-accumulates {rank_correlation(macs, shares):.2f}")


def evaluate(args):
    data, tensors = task.Data(args.data), model.load(args.supernet)
    calibration = calibration_images(data, args.calibration)
    parts = [(torch.from_numpy(data.prepare(pixels)), labels) for pixels, labels in
             ((data.test, data.test_labels), (data.train[data.held_out], data.train_labels[data.held_out]))]
    rows, logits = [], []
    for genome in members(args.members, args.seed):
        answers = [model.judge(tensors, genome, calibration, images).numpy() for images, _ in parts]
        right = tuple(int(np.sum(a.argmax(axis=1) == labels)) for a, (_, labels) in zip(answers, parts))
        shares = [f"{100 * r / max(1, len(labels)):.2f} %" for r, (_, labels) in zip(right, parts)]
        macs = model.count_macs(tensors, genome, calibration[:1])
        print(f"d {genome.d} ks {genome.ks} e {genome.e}: {macs} MACs, test {shares[0]}, held out {shares[1]}")
        rows.append((genome, (macs,) + right))
        logits.append(answers[0][:REFERENCE_IMAGES])
    if len(rows) > 1:
        print_range(rows, len(data.test_labels))
    if args.reference:
        write_reference(args.reference, rows, logits)


# --- convert ---

def convert(args):
    tensors = checkpoint.library_tensors(checkpoint.load(args.checkpoint))
    write_safetensors(args.out, tensors, DTYPES[args.dtype], {"made by": "train_supernet.py convert"})
    print(f"{len(tensors)} tensors, {sum(t.size for t in tensors.values())} values")


# --- command line ---

def add_task(commands):
    p = commands.add_parser("task", help="a task from handwritten digits")
    p.add_argument("digits", help="folder with IDX files of digits of 8 x 8 pixels, values 0 to 16")
    p.add_argument("folder", help="where IDX files and data.yaml go")
    p.add_argument("--held-out", type=int, default=437, help="training images to judge on (default: 437)")
    p.add_argument("--seed", type=int, default=1)
    p.set_defaults(run=make_task)


def add_train(commands):
    p = commands.add_parser("train", help="a supernet, trained on a data set")
    p.add_argument("data", help="data set of format idx: a YAML file")
    p.add_argument("out", help="supernet to write, safetensors")
    p.add_argument("--digits", help="the digits that `task` took: draws new distortions of them in every round")
    p.add_argument("--level", choices=task.LEVELS, default="task",
                   help="with --digits: how far digits are distorted (default: task)")
    p.add_argument("--start", help="supernet to go on from, instead of a new one of the widths below")
    p.add_argument("--steps", type=int, default=4000)
    p.add_argument("--fall", type=int, help="the learning rate stays at its highest until these last steps, instead of falling "
                   "from the first twentieth on")
    p.add_argument("--snapshot", help="file written every 100 steps and at the end, and gone on from where it exists; with "
                   "other --steps too, as long as the learning rate does not fall yet")
    p.add_argument("--batch", type=int, default=64, help="images in a step (default: 64)")
    p.add_argument("--rate", type=float, default=3e-3, help="highest learning rate (default: 0.003)")
    p.add_argument("--noise", type=float, default=0.0,
                   help="standard deviation of errors on weights, relative to the greatest of the channel (default: 0)")
    p.add_argument("--members", choices=training.BESIDE, default="sandwich",
                   help="in a step: the largest alone, with random ones, or with the smallest and random ones "
                   "(default: sandwich)")
    p.add_argument("--random-members", type=int, default=2, help="random ones in a step (default: 2)")
    p.add_argument("--calibration", type=int, default=512, help="images for the statistics in the file (default: 512)")
    p.add_argument("--stages", type=int, nargs=4, default=[8, 16, 16, 24],
                   help="widths of the stages, multiples of 8 (default: 8 16 16 24)")
    for part, width in (("stem", 8), ("first", 8), ("final", 64), ("features", 64)):
        p.add_argument("--" + part, type=int, default=width, help=f"its width (default: {width})")
    p.add_argument("--dtype", choices=DTYPES, default="float16")
    p.add_argument("--seed", type=int, default=1)
    p.set_defaults(run=train)


def add_evaluate(commands):
    p = commands.add_parser("evaluate", help="accuracy of members")
    p.add_argument("data")
    p.add_argument("supernet")
    p.add_argument("--members", type=int, default=12, help="the largest, the smallest, random ones (default: 12)")
    p.add_argument("--calibration", type=int, default=512, help="images for batch normalisation anew (default: 512)")
    p.add_argument("--reference", help="folder for members.txt and logits.f32")
    p.add_argument("--seed", type=int, default=1)
    p.set_defaults(run=evaluate)


def add_convert(commands):
    p = commands.add_parser("convert", help="a once-for-all checkpoint as safetensors")
    p.add_argument("checkpoint", help=".pth: a state dictionary, or one under state_dict")
    p.add_argument("out")
    p.add_argument("--dtype", choices=DTYPES, default="float32")
    p.set_defaults(run=convert)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1, help="of PyTorch (default: 1)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (add_task, add_train, add_evaluate, add_convert):
        add(commands)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.use_deterministic_algorithms(True)
    args.run(args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
