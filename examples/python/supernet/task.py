# SPDX-License-Identifier: MIT
"""A task from handwritten digits that tells networks apart: the digit in the middle, though turned, scaled, shifted,
faded, in dark on light or light on dark, beside another digit, partly covered, noisy.

In: digits of 8 x 8 pixels of 0 to 16 as IDX files. Out: images of 16 x 16 bytes, IDX files, a data set for the library.
Every distortion is a function of (seed, image, version) in + - * / alone (a turn by its half angle's tangent), so
the bytes are the same on any machine. Version 0 of the training digits is in the file; training draws others.
"""
import os

import numpy as np
import yaml

from .files import read_idx, write_idx
from .random_numbers import held_out_images, words

SIDE = 16
TEST_VERSIONS = 3
FORM, NOISE, NEIGHBOUR, NEIGHBOUR_FORM = 1, 2, 3, 4  # purposes of random numbers
FILES = {"train": ("train-images.idx3-ubyte", "train-labels.idx1-ubyte"),
         "test": ("test-images.idx3-ubyte", "test-labels.idx1-ubyte")}
NOWHERE = (99, 99)

# Lowest and highest value of each distortion, for a digit that stands alone.
SINGLE = {
    "turn": (-0.4, 0.4),         # tangent of half the angle: 44 degrees
    "height": (0.9, 1.8),        # pixels of the image per pixel of the digit
    "width": (0.8, 1.7),
    "slant": (-0.45, 0.45),
    "down": (-3, 3),             # pixels
    "right": (-3, 3),
    "ink": (0.55, 1.0),
    "paper": (0.0, 0.25),
    "noise": (0.02, 0.14),       # standard deviation
    "cover_row": (0, 13),        # a covered rectangle
    "cover_column": (0, 13),
    "cover_height": (2, 6),
    "cover_width": (2, 6),
    "cover_grey": (0.0, 1.0),
    "negative": (0, 0),          # from 0.5 on: dark on light
    "apart": NOWHERE,            # pixels from the digit to its neighbour, either down or to the right
}
# Where training begins: with wider ranges nothing is learned for a long time.
MILD = {**SINGLE, "turn": (-0.27, 0.27), "height": (1.1, 1.8), "width": (1.0, 1.7), "slant": (-0.3, 0.3),
        "down": (-2, 2), "right": (-2, 2), "noise": (0.02, 0.1)}
# The task's own: less that hides the digit from any network, more that a network can learn if it has the room.
TASK = {**SINGLE, "turn": (-0.45, 0.45), "height": (0.9, 1.6), "width": (0.8, 1.5), "noise": (0.01, 0.05),
        "cover_height": (2, 4), "cover_width": (2, 4), "negative": (0, 1), "apart": (7.5, 10)}
LEVELS = {"mild": MILD, "single": SINGLE, "task": TASK}


def draw_form(seed, index, version, purpose, ranges):
    """One number in its range for each distortion and image: name -> [n, 1]."""
    numbers = words(seed, index, version, purpose, len(ranges)) * 2.0 ** -32
    return {name: (low + (high - low) * numbers[:, i])[:, None] for i, (name, (low, high)) in enumerate(ranges.items())}


def source_points(form):
    """Where in the digit each pixel of the image lies: rows and columns [n, SIDE * SIDE]."""
    row, col = (g.reshape(1, -1) - (SIDE - 1) / 2 for g in np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij"))
    row, col = row - form["down"], col - form["right"]
    t = form["turn"]
    cosine, sine = (1 - t * t) / (1 + t * t), 2 * t / (1 + t * t)
    row, col = cosine * row - sine * col, sine * row + cosine * col
    col = col - form["slant"] * row
    return row / form["height"] + 3.5, col / form["width"] + 3.5


def sample(digits, row, col):
    """Values of the digits between pixels, 0 outside."""
    padded = np.pad(digits / 16.0, ((0, 0), (2, 2), (2, 2)))
    row, col = np.clip(row + 2, 0, 10.999), np.clip(col + 2, 0, 10.999)
    r, c = row.astype(int), col.astype(int)
    fr, fc = row - r, col - c
    n = np.arange(len(digits))[:, None]
    upper = padded[n, r, c] * (1 - fc) + padded[n, r, c + 1] * fc
    lower = padded[n, r + 1, c] * (1 - fc) + padded[n, r + 1, c + 1] * fc
    return upper * (1 - fr) + lower * fr


def draw_neighbours(digits, form, seed, index, version, ranges):
    """Strokes [n, SIDE * SIDE] of another digit of `digits` each, above, below, left or right of the image's own."""
    word = words(seed, index, version, NEIGHBOUR, 2)
    side = (word[:, 1] >> np.uint64(30)).astype(int)[:, None]
    own = draw_form(seed, index, version, NEIGHBOUR_FORM, ranges)
    away = np.where(side % 2, own["apart"], -own["apart"])
    own["down"], own["right"] = (form[way] + np.where(side // 2 == i, away, own[way])
                                 for i, way in enumerate(("down", "right")))
    return sample(digits[(word[:, 0] % np.uint64(len(digits))).astype(int)], *source_points(own))


def cover(values, form):
    row, col = (g.reshape(1, -1) for g in np.meshgrid(np.arange(SIDE), np.arange(SIDE), indexing="ij"))
    down, right = row - form["cover_row"], col - form["cover_column"]
    inside = (down >= 0) & (down < form["cover_height"]) & (right >= 0) & (right < form["cover_width"])
    return np.where(inside, form["cover_grey"], values)


def add_noise(values, form, seed, index, version):
    """Nearly normal: the sum of the four bytes of a random word."""
    word = words(seed, index, version, NOISE, SIDE * SIDE)
    total = sum((word >> np.uint64(8 * i) & np.uint64(255)).astype(np.float64) for i in range(4))
    return values + form["noise"] * (total - 510) / 147.8


def render(digits, which, index, version, seed, ranges=TASK):
    """Images [n, SIDE, SIDE] of `digits[which]` beside others of `digits` [any, 8, 8]; their numbers are `index`."""
    form = draw_form(seed, index, version, FORM, ranges)
    strokes = np.maximum(sample(digits[which], *source_points(form)),
                         draw_neighbours(digits, form, seed, index, version, ranges))
    values = form["paper"] + (form["ink"] - form["paper"]) * strokes
    values = np.where(form["negative"] < 0.5, values, 1 - values)
    values = add_noise(cover(values, form), form, seed, index, version)
    pixels = np.floor(np.clip(values, 0, 1) * 255 + 0.5)
    return pixels.astype(np.uint8).reshape(-1, SIDE, SIDE)


def load_digits(folder, part):
    return tuple(read_idx(os.path.join(folder, name)) for name in FILES[part])


DESCRIPTION = """\
# Digits, turned, scaled, faded, light or dark, beside others, covered, noisy: 16 x 16 pixels, as 32 x 32 in 3 channels.
schema: rramnas.data/1
name: distorted digits
format: idx
train: {{images: {train[0]}, labels: {train[1]}}}
test: {{images: {test[0]}, labels: {test[1]}}}
classes: 10
resize: [32, 32]
channels: 3
held_out: {{images: {held_out}, seed: {seed}}}
"""


def write_task(digits_folder, folder, seed, held_out):
    """Both parts as IDX files and data.yaml."""
    os.makedirs(folder, exist_ok=True)
    n_train = 0
    for part, versions in (("train", 1), ("test", TEST_VERSIONS)):
        digits, labels = load_digits(digits_folder, part)
        index = n_train + np.arange(len(digits))
        images = [render(digits, slice(None), index, version, seed) for version in range(versions)]
        write_idx(os.path.join(folder, FILES[part][0]), np.concatenate(images))
        write_idx(os.path.join(folder, FILES[part][1]), np.tile(labels, versions))
        n_train = len(digits)
    with open(os.path.join(folder, "data.yaml"), "w", encoding="utf-8") as file:
        file.write(DESCRIPTION.format(**FILES, held_out=held_out, seed=seed))


class Data:
    """A data set of format idx as the library gives it to a network: arrays float32 [n, channels, height, width]."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.about = yaml.safe_load(file)
        if self.about.get("format") != "idx":
            raise ValueError(f"{path}: expected format idx")
        self.train, self.train_labels = self.read(os.path.dirname(path), "train")
        self.test, self.test_labels = self.read(os.path.dirname(path), "test")
        apart = self.about.get("held_out", {"images": 0, "seed": 0})
        self.seed = apart["seed"]
        self.held_out = held_out_images(len(self.train), apart["images"], apart["seed"])

    def read(self, folder, part):
        return (read_idx(os.path.join(folder, self.about[part][key])) for key in ("images", "labels"))

    def prepare(self, pixels):
        """Scaled, resized and repeated, each step in single precision in the library's order."""
        values = pixels.astype(np.float32) * np.float32(self.about.get("scale", 1 / 255))
        height, width = self.about.get("resize", pixels.shape[1:])
        values = resize(resize(values, 2, width), 1, height)
        return np.repeat(values[:, None], self.about.get("channels", 1), axis=1)


def resize(values, axis, size):
    """Linear between pixels along one axis."""
    old = values.shape[axis]
    at = np.clip((np.arange(size) + 0.5) * old / size - 0.5, 0, old - 1)
    before = np.minimum(at.astype(int), max(old - 2, 0))
    shape = [1] * values.ndim
    shape[axis] = size
    part = (at - before).astype(np.float32).reshape(shape)
    return (1 - part) * values.take(before, axis) + part * values.take(np.minimum(before + 1, old - 1), axis)
