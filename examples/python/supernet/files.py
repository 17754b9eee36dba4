# SPDX-License-Identifier: MIT
"""Files that the library reads: images and labels as IDX, named tensors as safetensors.

IDX (of MNIST): two zero bytes, 8 for unsigned bytes, the number of dimensions, each dimension as 32 bits big-endian,
data. safetensors: length of the header as 64 bits little-endian, header in JSON, data; tensors lie one behind the
other.
"""
import json
import struct

import numpy as np

DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}


def read_idx(path):
    with open(path, "rb") as file:
        data = file.read()
    rank = data[3]
    if data[:3] != b"\0\0\x08" or rank == 0:
        raise ValueError(f"{path}: not an IDX file of unsigned bytes")
    shape = struct.unpack_from(f">{rank}I", data, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def write_idx(path, values):
    with open(path, "wb") as file:
        file.write(bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape))
        file.write(values.astype(np.uint8).tobytes())


def read_safetensors(path):
    """Name -> array in single precision."""
    with open(path, "rb") as file:
        header = json.loads(file.read(*struct.unpack("<Q", file.read(8))))
        data = file.read()
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = np.frombuffer(data[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
        tensors[name] = values.astype(np.float32)
    return tensors


def write_safetensors(path, tensors, dtype="F32", metadata=None):
    """`tensors`: name -> array of floats; `metadata`: texts by name."""
    header, blocks, at = {"__metadata__": metadata or {}}, [], 0
    for name in sorted(tensors):
        block = np.asarray(tensors[name]).astype(DTYPES[dtype]).tobytes()
        header[name] = {"dtype": dtype, "shape": list(np.shape(tensors[name])), "data_offsets": [at, at + len(block)]}
        blocks.append(block)
        at += len(block)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(blocks))
