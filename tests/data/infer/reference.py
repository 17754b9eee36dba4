# SPDX-License-Identifier: MIT
"""ONNX operators by their definition, in double precision, one loop per output element where that is the definition.

`python3 reference.py FOLDER` compares it with ONNX's own operator tests (Debian: libonnx-testdata,
/usr/share/libonnx-testdata/data/node).
"""
import itertools
import math
import os
import sys

import numpy as np
import onnx
from onnx import helper as h, numpy_helper as nh


def window(x, a, kernel, ceil=False):
    """Pads, strides, dilations and output sizes of a window over the spatial dimensions of x."""
    n = x.ndim - 2
    stride, dilation = a.get("strides", [1] * n), a.get("dilations", [1] * n)
    reach = [d * (k - 1) + 1 for d, k in zip(dilation, kernel)]
    size = x.shape[2:]
    mode = a.get("auto_pad", b"NOTSET").decode()
    if mode.startswith("SAME"):
        out = [-(-s // t) for s, t in zip(size, stride)]
        total = [max(0, (o - 1) * t + r - s) for o, t, r, s in zip(out, stride, reach, size)]
        small = [t // 2 for t in total]
        large = [t - s for t, s in zip(total, small)]
        begin, end = (small, large) if mode == "SAME_UPPER" else (large, small)
        return begin, end, stride, dilation, out
    pads = a.get("pads", [0] * (2 * n)) if mode == "NOTSET" else [0] * (2 * n)
    begin, end = pads[:n], pads[n:]
    room = [s + p + q - r for s, p, q, r in zip(size, begin, end, reach)]
    out = [r // t + 1 for r, t in zip(room, stride)]
    if ceil:
        out = [o + (r % t != 0 and o * t < s + p) for o, r, t, s, p in zip(out, room, stride, size, begin)]
    return begin, end, stride, dilation, out


def conv(x, w, b=None, **a):
    begin, end, stride, dilation, out = window(x, a, w.shape[2:])
    groups = a.get("group", 1)
    padded = np.pad(x, [(0, 0), (0, 0), *zip(begin, end)])
    y = np.zeros((x.shape[0], w.shape[0], *out))
    per_in, per_out = w.shape[1], w.shape[0] // groups
    for at in itertools.product(*map(range, out)):
        cut = tuple(slice(p * s, p * s + (k - 1) * d + 1, d) for p, s, k, d in zip(at, stride, w.shape[2:], dilation))
        for g in range(groups):
            part = padded[(slice(None), slice(g * per_in, (g + 1) * per_in), *cut)]
            rows = slice(g * per_out, (g + 1) * per_out)
            axes = list(range(1, x.ndim))
            y[(slice(None), rows, *at)] = np.tensordot(part, w[rows], (axes, axes))
    return y if b is None else y + b.reshape(1, -1, *[1] * (x.ndim - 2))


def pool(x, a, combine):
    kernel = a["kernel_shape"]
    begin, end, stride, dilation, out = window(x, a, kernel, a.get("ceil_mode", 0))
    y = np.zeros((*x.shape[:2], *out))
    for at in itertools.product(*map(range, out)):
        values, count = [], 0
        for tap in itertools.product(*map(range, kernel)):
            place = [p * s - q + t * d for p, s, q, t, d in zip(at, stride, begin, tap, dilation)]
            count += all(i < n + e for i, n, e in zip(place, x.shape[2:], end))
            if all(0 <= i < n for i, n in zip(place, x.shape[2:])):
                values.append(x[(slice(None), slice(None), *place)])
        y[(slice(None), slice(None), *at)] = combine(values, count)
    return y


def softmax(x, axis, old):
    axes = tuple(range(axis % x.ndim, x.ndim)) if old else axis
    e = np.exp(x - x.max(axis=axes, keepdims=True))
    return e / e.sum(axis=axes, keepdims=True)


def gemm(x, w, c=None, alpha=1.0, beta=1.0, transA=0, transB=0):
    y = alpha * ((x.T if transA else x) @ (w.T if transB else w))
    return y if c is None else y + beta * c


def normalise(x, axes, epsilon):
    mean = x.mean(axis=axes, keepdims=True)
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(axis=axes, keepdims=True) + epsilon)


def batch_norm(x, g, b, m, v, epsilon=1e-5, **a):
    g, b, m, v = (p.reshape(-1, *[1] * (x.ndim - 2)) for p in (g, b, m, v))
    return (x - m) / np.sqrt(v + epsilon) * g + b


def layer_norm(x, g, b=0.0, axis=-1, epsilon=1e-5, **a):
    return normalise(x, tuple(range(axis % x.ndim, x.ndim)), epsilon) * g + b


def instance_norm(x, g, b, epsilon=1e-5):
    g, b = (p.reshape(-1, *[1] * (x.ndim - 2)) for p in (g, b))
    return normalise(x, tuple(range(2, x.ndim)), epsilon) * g + b


def axes_of(a, given):
    axes = a.get("axes") if given is None else [int(i) for i in given]
    return tuple(axes) if axes else None


def reduce(function):
    return lambda x, given=None, **a: function(x, axes_of(a, given), bool(a.get("keepdims", 1)))


def reshape(x, shape, **a):
    return x.reshape([x.shape[i] if s == 0 else int(s) for i, s in enumerate(shape)])


def cut(x, starts, ends, axes=None, steps=None):
    index = [slice(None)] * x.ndim
    for i, (s, e) in enumerate(zip(starts, ends)):
        index[int(axes[i]) if axes is not None else i] = slice(int(s), int(e), int(steps[i]) if steps is not None else 1)
    return x[tuple(index)]


def split(x, sizes=None, axis=0, split=None, n=1, num_outputs=None):
    sizes = sizes if sizes is not None else split if split is not None else [x.shape[axis] // n] * n
    return np.split(x, np.cumsum([int(s) for s in sizes])[:-1], axis)


def pad(x, pads, value=0.0, mode=b"constant"):
    pads = [int(p) for p in pads]
    return np.pad(x, list(zip(pads[:x.ndim], pads[x.ndim:])), constant_values=float(value))


def squeeze(x, given=None, **a):
    return np.squeeze(x, axes_of(a, given))


def unsqueeze(x, given=None, **a):
    return np.expand_dims(x, axes_of(a, given))


def mean(*x):
    return sum(x) / len(x)


def dequantise(x, s, z=0.0, axis=1):
    if np.size(s) > 1:
        shape = [1] * x.ndim
        shape[axis] = -1
        s, z = np.reshape(s, shape), np.reshape(z, shape)
    return (x - z) * s


def fold(f):
    def all_of(*x):
        y = x[0]
        for z in x[1:]:
            y = f(y, z)
        return y
    return all_of


def constant_of_shape(shape, value=None):
    return np.full([int(i) for i in shape], 0.0 if value is None else nh.to_array(value).ravel()[0])


each = np.vectorize
sigmoid = lambda x: 1 / (1 + np.exp(-x))
hard = lambda x, alpha=0.2, beta=0.5: np.clip(alpha * x + beta, 0, 1)
gelu_tanh = lambda x: x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3))) / 2
gelu = lambda x, approximate=b"none": gelu_tanh(x) if approximate == b"tanh" else x * (1 + each(math.erf)(x / math.sqrt(2))) / 2
mish = lambda x: x * np.tanh(np.log1p(np.exp(x)))

OPERATORS = {
    "Conv": conv, "Gemm": gemm, "MatMul": np.matmul, "BatchNormalization": batch_norm,
    "LayerNormalization": layer_norm, "InstanceNormalization": instance_norm,
    "Relu": lambda x: np.maximum(x, 0), "Clip": lambda x, l=-np.inf, u=np.inf: np.clip(x, l, u), "Sigmoid": sigmoid,
    "HardSigmoid": hard, "HardSwish": lambda x: x * hard(x, 1 / 6), "Tanh": np.tanh,
    "LeakyRelu": lambda x, alpha=0.01: np.where(x < 0, alpha * x, x),
    "PRelu": lambda x, s: np.where(x < 0, s * x, x), "Abs": np.abs, "Neg": np.negative, "Floor": np.floor,
    "Ceil": np.ceil, "Round": np.rint, "Sign": np.sign, "Erf": each(math.erf), "Exp": np.exp, "Log": np.log,
    "Sqrt": np.sqrt, "Reciprocal": lambda x: 1 / x, "Softplus": lambda x: np.log1p(np.exp(x)),
    "Softsign": lambda x: x / (1 + np.abs(x)), "Mish": mish, "Identity": lambda x: x, "Dropout": lambda x, *r, **a: x,
    "Add": np.add, "Sub": np.subtract, "Mul": np.multiply, "Div": np.divide, "Pow": np.power, "Sum": fold(np.add),
    "Mean": mean, "Max": fold(np.maximum), "Min": fold(np.minimum), "Less": np.less, "Greater": np.greater,
    "LessOrEqual": np.less_equal, "GreaterOrEqual": np.greater_equal, "Equal": np.equal, "And": np.logical_and,
    "Or": np.logical_or, "Xor": np.logical_xor, "Not": np.logical_not, "Where": np.where,
    "MaxPool": lambda x, **a: pool(x, a, lambda v, n: np.max(v, axis=0)),
    "AveragePool": lambda x, **a: pool(x, a, lambda v, n: sum(v) / (n if a.get("count_include_pad") else len(v))),
    "GlobalAveragePool": lambda x: x.mean(axis=tuple(range(2, x.ndim)), keepdims=True),
    "GlobalMaxPool": lambda x: x.max(axis=tuple(range(2, x.ndim)), keepdims=True),
    "ReduceMean": reduce(lambda x, i, k: x.mean(axis=i, keepdims=k)),
    "ReduceSum": reduce(lambda x, i, k: x.sum(axis=i, keepdims=k)),
    "ReduceMax": reduce(lambda x, i, k: x.max(axis=i, keepdims=k)),
    "ReduceMin": reduce(lambda x, i, k: x.min(axis=i, keepdims=k)),
    "ReduceProd": reduce(lambda x, i, k: x.prod(axis=i, keepdims=k)),
    "ReduceL1": reduce(lambda x, i, k: np.abs(x).sum(axis=i, keepdims=k)),
    "ReduceL2": reduce(lambda x, i, k: np.sqrt((x * x).sum(axis=i, keepdims=k))),
    "ReduceSumSquare": reduce(lambda x, i, k: (x * x).sum(axis=i, keepdims=k)),
    "Concat": lambda *x, axis: np.concatenate(x, axis),
    "Flatten": lambda x, axis=1: x.reshape(int(np.prod(x.shape[:axis])), -1), "Reshape": reshape,
    "Transpose": lambda x, perm=None: x.transpose(perm), "Slice": cut, "Split": split, "Pad": pad, "Squeeze": squeeze,
    "Unsqueeze": unsqueeze, "Expand": lambda x, s: x * np.ones([int(i) for i in s]),
    "Tile": lambda x, r: np.tile(x, [int(i) for i in r]),
    "Gather": lambda x, i, axis=0: np.take(x, i.astype(np.int64), axis), "DequantizeLinear": dequantise,
    "Cast": lambda x, **a: x, "Shape": lambda x, start=0, end=None: np.array(x.shape)[start:end],
    "ConstantOfShape": constant_of_shape, "Gelu": gelu,
}


def run(model, inputs):
    """Output tensors of a model, in double precision."""
    opset = model.opset_import[0].version
    values = {i.name: nh.to_array(i).astype(np.float64) for i in model.graph.initializer}
    values |= {name: np.asarray(x, dtype=np.float64) for name, x in inputs.items()}
    for node in model.graph.node:
        attrs = {a.name: h.get_attribute_value(a) for a in node.attribute}
        x = [values[i] if i else None for i in node.input]
        if node.op_type == "Constant":
            y = nh.to_array(attrs["value"]).astype(np.float64)
        elif node.op_type in ("Softmax", "LogSoftmax"):
            y = softmax(x[0], attrs.get("axis", 1 if opset < 13 else -1), opset < 13)
            y = np.log(y) if node.op_type == "LogSoftmax" else y
        elif node.op_type == "Clip":
            y = np.clip(x[0], *[x[i] if len(x) > i and x[i] is not None else s * np.inf for i, s in ((1, -1), (2, 1))])
        else:
            if node.op_type == "Split" and len(x) < 2:
                attrs["n"] = len(node.output)
            y = OPERATORS[node.op_type](*x, **attrs)
        for name, out in zip(node.output, y if isinstance(y, list) else [y]):
            values[name] = np.asarray(out, dtype=np.float64)
    return [values[o.name] for o in model.graph.output]


def read_tensor(path):
    t = onnx.TensorProto()
    with open(path, "rb") as file:
        t.ParseFromString(file.read())
    return nh.to_array(t)


def check_case(folder):
    model = onnx.load(os.path.join(folder, "model.onnx"))
    if any(n.op_type not in OPERATORS and n.op_type not in ("Softmax", "LogSoftmax", "Constant") for n in model.graph.node):
        return None
    data = os.path.join(folder, "test_data_set_0")
    given = [read_tensor(os.path.join(data, f"input_{i}.pb")) for i in range(len(model.graph.input))]
    expected = read_tensor(os.path.join(data, "output_0.pb"))
    got = run(model, {i.name: x for i, x in zip(model.graph.input, given)})[0]
    return got.shape == expected.shape and bool(np.allclose(got, expected, rtol=1e-4, atol=1e-5))


def main():
    results = {"agree": 0, "differ": 0, "not compared": 0}
    for name in sorted(os.listdir(sys.argv[1])):
        try:
            same = check_case(os.path.join(sys.argv[1], name))
        except Exception as error:
            same = None
            if "-v" in sys.argv:
                print(name, repr(error)[:100])
        results["not compared" if same is None else "agree" if same else "differ"] += 1
        if same is False:
            print("differs:", name)
    print(results)


if __name__ == "__main__":
    main()
