# SPDX-License-Identifier: MIT
"""Random numbers by name: Philox 4x32-10 (Salmon et al., SC 2011) of a seed and a counter, in whole numbers alone.

A number depends on its name only, so images come out in the same bytes on any machine and in any order. The library
draws in the same way; `held_out_images` repeats its choice.
"""
import numpy as np

LOW = np.uint64(0xffffffff)
SHIFT = np.uint64(32)
HELD_OUT_PURPOSE = 0x44415441


def philox(seed, counter):
    """`counter`: four whole numbers or arrays of 32 bits. Returns uint64 [..., 4], 32 bits in each."""
    c0, c1, c2, c3 = np.broadcast_arrays(*(np.asarray(c, np.uint64) for c in counter))
    keys = [seed & 0xffffffff, seed >> 32 & 0xffffffff]
    for _ in range(10):
        a, b = c0 * np.uint64(0xd2511f53), c2 * np.uint64(0xcd9e8d57)
        c0, c1, c2, c3 = b >> SHIFT ^ c1 ^ np.uint64(keys[0]), b & LOW, a >> SHIFT ^ c3 ^ np.uint64(keys[1]), a & LOW
        keys = [(keys[0] + 0x9e3779b9) & 0xffffffff, (keys[1] + 0xbb67ae85) & 0xffffffff]
    return np.stack([c0, c1, c2, c3], axis=-1)


def words(seed, index, version, purpose, count):
    """`count` words of 32 bits for each entry of `index`: uint64 [len(index), count]."""
    blocks = np.arange((count + 3) // 4)
    numbers = philox(seed, (blocks[None, :], np.asarray(index)[:, None], version, purpose))
    return numbers.reshape(len(index), -1)[:, :count]


def held_out_images(n, count, seed):
    """Which of `n` training images the library keeps apart: a mask [n]."""
    b = philox(seed, (0, np.arange(n), 0, HELD_OUT_PURPOSE))
    s0, s1 = b[:, 1] << SHIFT | b[:, 0], b[:, 3] << SHIFT | b[:, 2]
    total = s0 + s1
    numbers = (total << np.uint64(17) | total >> np.uint64(47)) + s0
    mask = np.zeros(n, bool)
    mask[np.argsort(numbers, kind="stable")[:count]] = True
    return mask
