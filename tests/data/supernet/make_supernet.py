# SPDX-License-Identifier: MIT
"""Writes a small once-for-all supernet with random weights, and logits of three members computed with numpy.

Run by hand: python3 make_supernet.py (needs numpy; reference.py of ../infer for the convolutions). Deterministic.
mini.safetensors: state-dict names of the once-for-all code, half precision. cases.txt: for each member its 16 kernel
sizes, 16 expansions, 4 depths. logits.f32: for each member [24][10] of the first test images of ../digits, after batch
normalisation over the first 40 training images as one batch.
"""
import json
import os
import struct
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "infer"))
import reference  # noqa: E402

STEM, FIRST, STAGES, FINAL, FEATURES, CLASSES = 8, 8, (8, 16, 8, 16), 24, 16, 10
STRIDES, EXCITE = (2, 2, 1, 2), (0, 1, 1, 1)
CALIBRATION, TEST = 40, 24
random = np.random.default_rng(6)
state = {}


def width(value):
    value = max(8, int(value + 4) // 8 * 8)
    return value


def add(name, *shape, low=-1.0, high=1.0):
    state[name] = random.uniform(low, high, shape).astype(np.float16)


def add_norm(name, channels):
    add(name + ".weight", channels, low=0.5, high=1.5)
    add(name + ".bias", channels, low=-0.3, high=0.3)
    add(name + ".running_mean", channels)
    add(name + ".running_var", channels, low=0.5)


def make():
    add("first_conv.conv.weight", STEM, 3, 3, 3)
    add_norm("first_conv.bn", STEM)
    add("blocks.0.conv.depth_conv.conv.weight", STEM, 1, 3, 3)
    add_norm("blocks.0.conv.depth_conv.bn", STEM)
    add("blocks.0.conv.point_linear.conv.weight", FIRST, STEM, 1, 1)
    add_norm("blocks.0.conv.point_linear.bn", FIRST)
    before = FIRST
    for s, out in enumerate(STAGES):
        for j in range(4):
            b, mid = f"blocks.{4 * s + j + 1}.conv.", width(6 * before)
            add(b + "inverted_bottleneck.conv.conv.weight", mid, before, 1, 1)
            add_norm(b + "inverted_bottleneck.bn.bn", mid)
            add(b + "depth_conv.conv.conv.weight", mid, 1, 7, 7)
            add(b + "depth_conv.conv.7to5_matrix", 25, 25)
            add(b + "depth_conv.conv.5to3_matrix", 9, 9)
            add_norm(b + "depth_conv.bn.bn", mid)
            if EXCITE[s]:
                less = width(mid // 4)
                add(b + "depth_conv.se.fc.reduce.weight", less, mid, 1, 1)
                add(b + "depth_conv.se.fc.reduce.bias", less)
                add(b + "depth_conv.se.fc.expand.weight", mid, less, 1, 1)
                add(b + "depth_conv.se.fc.expand.bias", mid)
            add(b + "point_linear.conv.conv.weight", out, mid, 1, 1)
            add_norm(b + "point_linear.bn.bn", out)
            before = out
    add("final_expand_layer.conv.weight", FINAL, before, 1, 1)
    add_norm("final_expand_layer.bn", FINAL)
    add("feature_mix_layer.conv.weight", FEATURES, FINAL, 1, 1)
    add("classifier.linear.weight", CLASSES, FEATURES)
    add("classifier.linear.bias", CLASSES)


def get(name):
    return state[name].astype(np.float64)


def hswish(x):
    return x * np.clip(x + 3, 0, 6) / 6


def relu(x):
    return np.maximum(x, 0)


def conv(x, w, stride=1, groups=1):
    k = w.shape[2] // 2
    return reference.conv(x, w, strides=[stride] * 2, pads=[k] * 4, group=groups)


def norm(x, name):
    """Statistics of the calibration images, which come first."""
    c, part = x.shape[1], x[:CALIBRATION]
    mean, var = part.mean(axis=(0, 2, 3)), part.var(axis=(0, 2, 3))
    g, b = get(name + ".weight")[:c], get(name + ".bias")[:c]
    return (x - mean.reshape(-1, 1, 1)) / np.sqrt(var + 1e-5).reshape(-1, 1, 1) * g.reshape(-1, 1, 1) + b.reshape(-1, 1, 1)


def kernel(name, mid, k):
    w = get(name + ".conv.weight")[:mid]
    for size in (5, 3):
        if k <= size:
            w = w[:, :, 1:-1, 1:-1].reshape(mid, size * size) @ get(f"{name}.{size + 2}to{size}_matrix").T
            w = w.astype(np.float32).astype(np.float64).reshape(mid, 1, size, size)
    return w


def block(x, b, mid, k, stride, act, excite, out):
    y = act(norm(conv(x, get(b + "inverted_bottleneck.conv.conv.weight")[:mid]), b + "inverted_bottleneck.bn.bn"))
    y = act(norm(conv(y, kernel(b + "depth_conv.conv", mid, k), stride, mid), b + "depth_conv.bn.bn"))
    if excite:
        less, f = width(mid // 4), b + "depth_conv.se.fc."
        z = y.mean(axis=(2, 3), keepdims=True)
        z = relu(conv(z, get(f + "reduce.weight")[:less, :mid]) + get(f + "reduce.bias")[:less].reshape(1, -1, 1, 1))
        z = conv(z, get(f + "expand.weight")[:mid, :less]) + get(f + "expand.bias")[:mid].reshape(1, -1, 1, 1)
        y = y * np.clip(z + 3, 0, 6) / 6
    y = norm(conv(y, get(b + "point_linear.conv.conv.weight")[:, :mid]), b + "point_linear.bn.bn")
    return y + x if stride == 1 and x.shape[1] == out else y


def member(x, ks, e, d):
    x = hswish(norm(conv(x, get("first_conv.conv.weight"), 2), "first_conv.bn"))
    y = relu(norm(conv(x, get("blocks.0.conv.depth_conv.conv.weight"), 1, STEM), "blocks.0.conv.depth_conv.bn"))
    x = x + norm(conv(y, get("blocks.0.conv.point_linear.conv.weight")), "blocks.0.conv.point_linear.bn")
    for s, out in enumerate(STAGES):
        for j in range(d[s]):
            i = 4 * s + j
            x = block(x, f"blocks.{i + 1}.conv.", width(x.shape[1] * e[i]), ks[i], STRIDES[s] if j == 0 else 1,
                      hswish if s else relu, EXCITE[s], out)
    x = hswish(norm(conv(x, get("final_expand_layer.conv.weight")), "final_expand_layer.bn"))
    x = hswish(conv(x.mean(axis=(2, 3), keepdims=True), get("feature_mix_layer.conv.weight")))[:, :, 0, 0]
    return x @ get("classifier.linear.weight").T + get("classifier.linear.bias")


def images(name, n):
    with open(os.path.join(HERE, "..", "digits", name), "rb") as file:
        pixels = np.frombuffer(file.read()[16:], dtype=np.uint8)[:n * 64].reshape(n, 8, 8) / 16.0
    at = np.clip((np.arange(32) + 0.5) / 4 - 0.5, 0, 7)
    low = np.minimum(at.astype(int), 6)
    part = at - low
    pixels = pixels[:, low] * (1 - part)[None, :, None] + pixels[:, low + 1] * part[None, :, None]
    pixels = pixels[:, :, low] * (1 - part) + pixels[:, :, low + 1] * part
    return np.repeat(pixels[:, None], 3, axis=1)


def write_state(path):
    header, data = {"__metadata__": {"made by": "make_supernet.py"}}, b""
    for name in sorted(state):
        raw = state[name].astype("<f2").tobytes()
        header[name] = {"dtype": "F16", "shape": list(state[name].shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main():
    make()
    write_state(os.path.join(HERE, "mini.safetensors"))
    x = np.concatenate([images("train-images.idx3-ubyte", CALIBRATION), images("test-images.idx3-ubyte", TEST)])
    cases = [([7] * 16, [6] * 16, [4] * 4), ([3] * 16, [3] * 16, [2] * 4),
             ([int(k) for k in random.choice([3, 5, 7], 16)], [int(k) for k in random.choice([3, 4, 6], 16)], [3, 4, 2, 3])]
    with open(os.path.join(HERE, "cases.txt"), "w") as file:
        for ks, e, d in cases:
            file.write(" ".join(map(str, ks + e + d)) + "\n")
    logits = np.stack([member(x, *case)[CALIBRATION:] for case in cases])
    logits.astype("<f4").tofile(os.path.join(HERE, "logits.f32"))
    print(logits.std(), logits.shape)


main()
