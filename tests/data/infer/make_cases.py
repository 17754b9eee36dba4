# SPDX-License-Identifier: MIT
"""Writes one small ONNX model per operator and what reference.py computes with it.

Run by hand when a case changes: python3 make_cases.py (needs python3-onnx). Output is deterministic.
"""
import os

import numpy as np
import onnx
from onnx import TensorProto as T, helper as h, numpy_helper as nh

import reference

HERE = os.path.dirname(os.path.abspath(__file__))
IMAGES = 2
random = np.random.default_rng(20)
cases = {}


def w(name, *shape, low=-1.0, high=1.0, dtype=np.float32):
    return nh.from_array(random.uniform(low, high, shape).astype(dtype), name)


def ints(name, *values):
    return nh.from_array(np.array(values, dtype=np.int64), name)


def scalar(name, value, dtype=np.float32):
    return nh.from_array(np.array(value, dtype=dtype), name)


def node(op, inputs, output="y", **attrs):
    return h.make_node(op, ["" if i == "-" else i for i in inputs.split(",")], output.split(","), name=output, **attrs)


def case(name, nodes, initialisers=(), x=(1, 5, 6, 7), opset=17, scale=2.0, tolerance=2e-6):
    nodes = nodes if isinstance(nodes, list) else [nodes]
    graph = h.make_graph(nodes, "g", [h.make_tensor_value_info("x", T.FLOAT, x)],
                         [h.make_tensor_value_info("y", T.FLOAT, None)], list(initialisers))
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", opset)])
    model.ir_version = 8
    cases[name] = (model, x, scale, tolerance)


def one(name, op=None, scale=2.0, opset=17, x=(1, 5, 6, 7), tolerance=2e-6, **attrs):
    case(name, node(op or name, "x", **attrs), scale=scale, opset=opset, x=x, tolerance=tolerance)


# Layers
case("conv", node("Conv", "x,w,b", pads=[1, 1, 1, 1]), [w("w", 9, 5, 3, 3), w("b", 9)], tolerance=5e-6)
case("conv_uneven", node("Conv", "x,w", pads=[0, 2, 1, 0], strides=[2, 3], dilations=[2, 1]), [w("w", 4, 5, 3, 2)],
     x=(1, 5, 11, 12), tolerance=5e-6)
case("conv_same", node("Conv", "x,w", auto_pad="SAME_UPPER", strides=[2, 2]), [w("w", 4, 5, 4, 4)], tolerance=5e-6)
case("conv_groups", node("Conv", "x,w,b", group=3, pads=[1, 1, 1, 1]), [w("w", 6, 4, 3, 3), w("b", 6)], x=(1, 12, 5, 5),
     tolerance=5e-6)
case("conv_depthwise", node("Conv", "x,w,b", group=7, pads=[2, 2, 2, 2], strides=[2, 2]), [w("w", 7, 1, 5, 5), w("b", 7)],
     x=(1, 7, 9, 8), tolerance=5e-6)
case("conv_multiplier", node("Conv", "x,w", group=6, pads=[1, 1, 1, 1]), [w("w", 18, 1, 3, 3)], x=(1, 6, 5, 4))
case("conv_pointwise", node("Conv", "x,w,b"), [w("w", 20, 33, 1, 1), w("b", 20)], x=(1, 33, 4, 4), tolerance=5e-6)
case("conv_pointwise_stride", node("Conv", "x,w", strides=[2, 2]), [w("w", 3, 5, 1, 1)])
case("conv_deep", node("Conv", "x,w", pads=[1, 1, 1, 1]), [w("w", 10, 70, 3, 3)], x=(1, 70, 3, 3), tolerance=2e-5)
case("conv_1d", node("Conv", "x,w", pads=[1, 0], dilations=[2]), [w("w", 4, 3, 3)], x=(1, 3, 12))
case("conv_3d", node("Conv", "x,w,b", pads=[1, 0, 1, 0, 1, 1], strides=[1, 2, 1]), [w("w", 4, 2, 2, 3, 2), w("b", 4)],
     x=(1, 2, 4, 5, 4), tolerance=5e-6)
case("gemm", node("Gemm", "x,w,b", transB=1), [w("w", 11, 37), w("b", 11)], x=(1, 37), tolerance=5e-6)
case("gemm_scaled", node("Gemm", "x,w,b", alpha=0.5, beta=2.0), [w("w", 37, 5), w("b", 1)], x=(1, 37), tolerance=5e-6)
case("gemm_activations", [node("Transpose", "x", "t", perm=[1, 0]), node("Gemm", "x,t", transA=1, transB=1)], x=(1, 6),
     tolerance=5e-6)
case("matmul", node("MatMul", "x,w"), [w("w", 7, 9)], tolerance=5e-6)
case("matmul_left", node("MatMul", "w,x"), [w("w", 4, 6)], tolerance=5e-6)
case("matmul_batches", node("MatMul", "x,w"), [w("w", 5, 7, 3)], tolerance=5e-6)
case("matmul_vector", node("MatMul", "x,w"), [w("w", 7)], tolerance=5e-6)
case("attention", [node("Transpose", "x", "t", perm=[0, 1, 3, 2]), node("MatMul", "x,t", "s"),
                   node("Softmax", "s", "p", axis=-1), node("MatMul", "p,x")], tolerance=1e-5)
# Normalisations
case("batch_norm", node("BatchNormalization", "x,g,b,m,v", epsilon=1e-3),
     [w("g", 5), w("b", 5), w("m", 5), w("v", 5, low=0.1, high=3)], tolerance=5e-6)
case("layer_norm", node("LayerNormalization", "x,g,b", axis=-1), [w("g", 7), w("b", 7)], tolerance=1e-5)
case("layer_norm_axes", node("LayerNormalization", "x,g", axis=2), [w("g", 6, 7)], tolerance=1e-5)
case("instance_norm", node("InstanceNormalization", "x,g,b"), [w("g", 5), w("b", 5)], tolerance=1e-5)
# Functions of one element
one("relu", "Relu")
case("relu6", node("Clip", "x,l,u"), [scalar("l", 0), scalar("u", 6)], scale=9)
case("clip_low", node("Clip", "x,l"), [scalar("l", -0.5)])
one("sigmoid", "Sigmoid", scale=8)
one("hard_sigmoid", "HardSigmoid", scale=8, alpha=1 / 6, beta=0.5)
one("hard_swish", "HardSwish", scale=8)
one("tanh", "Tanh", scale=4)
one("leaky_relu", "LeakyRelu", alpha=0.3)
one("softmax", "Softmax", axis=1)
one("softmax_old", "Softmax", axis=2, opset=11)
one("log_softmax", "LogSoftmax", axis=-1, tolerance=5e-6)
case("gelu", [node("Div", "x,c", "d"), node("Erf", "d", "e"), node("Add", "e,o", "a"), node("Mul", "x,a", "m"),
              node("Mul", "m,f")], [scalar("c", 1.4142135), scalar("o", 1), scalar("f", 0.5)])
case("prelu", node("PRelu", "x,s"), [w("s", 5, 1, 1)])
for op in "Abs", "Neg", "Floor", "Ceil", "Round", "Sign", "Erf", "Exp", "Softplus", "Softsign":
    one(op.lower(), op, scale=3, tolerance=5e-6)
case("sqrt_log", [node("Abs", "x", "a"), node("Add", "a,o", "p"), node("Log", "p", "l"), node("Sqrt", "p", "s"),
                  node("Reciprocal", "s", "r"), node("Sub", "l,r")], [scalar("o", 0.5)], tolerance=5e-6)
case("mish", node("Mish", "x"), opset=18, scale=5, tolerance=5e-6)
# Two operands and more
case("add", node("Add", "x,w"), [w("w", 5, 1, 7)])
case("sub", node("Sub", "w,x"), [w("w", 6, 1)])
case("mul_self", node("Mul", "x,x"))
case("div", node("Div", "x,w"), [w("w", 5, 6, 7, low=0.5, high=2)])
case("pow", node("Pow", "x,w"), [scalar("w", 3)], tolerance=1e-5)
case("sum_mean", [node("Sum", "x,w,v", "s"), node("Mean", "s,x,x", "m"), node("Max", "m,w", "n"), node("Min", "n,v")],
     [w("w", 5, 1, 1), w("v", 1)])
case("where", [node("Greater", "x,z", "c"), node("Where", "c,x,w")], [scalar("z", 0.1), w("w", 6, 7)])
case("logic", [node("Less", "x,z", "l"), node("GreaterOrEqual", "x,w", "g"), node("And", "l,g", "a"), node("Xor", "a,g", "o"),
               node("Where", "o,x,z")], [scalar("z", 0.3), w("w", 7)])
# Pools
one("max_pool", "MaxPool", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 1])
one("max_pool_dilated", "MaxPool", kernel_shape=[2, 2], dilations=[2, 3])
one("max_pool_ceil", "MaxPool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)
one("average_pool", "AveragePool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
one("average_pool_padded", "AveragePool", kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)
one("global_average_pool", "GlobalAveragePool")
one("global_max_pool", "GlobalMaxPool")
one("reduce_mean", "ReduceMean", axes=[2, 3], keepdims=0)
one("reduce_max", "ReduceMax", axes=[-1], keepdims=1)
one("reduce_l2", "ReduceL2", axes=[1])
one("reduce_prod", "ReduceProd", axes=[3], tolerance=5e-6)
case("reduce_sum", node("ReduceSum", "x,a", keepdims=0), [ints("a", 1, 3)])
# Squeeze and excitation
case("squeeze_excite", [node("GlobalAveragePool", "x", "p"), node("Conv", "p,r,a", "c"), node("Relu", "c", "d"),
                        node("Conv", "d,e,b", "f"), node("HardSigmoid", "f", "h", alpha=1 / 6), node("Mul", "x,h")],
     [w("r", 8, 24, 1, 1), w("a", 8), w("e", 24, 8, 1, 1), w("b", 24)], x=(1, 24, 3, 3), tolerance=5e-6)
# Moves
case("concat", [node("Relu", "x", "a"), node("Concat", "a,x,w", axis=1)], [w("w", 1, 2, 6, 7)])
case("concat_last", [node("Relu", "x", "a"), node("Concat", "a,x", axis=-1)])
one("flatten", "Flatten", axis=1)
case("reshape", node("Reshape", "x,s"), [ints("s", 0, -1, 14)])
one("transpose", "Transpose", perm=[0, 3, 1, 2])
case("shuffle", [node("Reshape", "x,s", "a"), node("Transpose", "a", "b", perm=[0, 2, 1, 3, 4]), node("Reshape", "b,t")],
     [ints("s", 1, 2, 3, 4, 4), ints("t", 1, 6, 4, 4)], x=(1, 6, 4, 4))
case("slice", node("Slice", "x,s,e,a"), [ints("s", 1, -3), ints("e", 4, 100), ints("a", 1, 3)])
case("split", [node("Split", "x,s", "a,b", axis=1), node("Mul", "a,b")], [ints("s", 3, 3)], x=(1, 6, 4, 4))
case("pad", node("Pad", "x,p,v"), [ints("p", 0, 0, 1, 2, 0, 0, 3, 0), scalar("v", 0.25)])
case("squeeze", [node("GlobalMaxPool", "x", "g"), node("Squeeze", "g,a", "s"), node("Unsqueeze", "s,b")],
     [ints("a", 2, 3), ints("b", 1)])
case("expand", node("Expand", "x,s"), [ints("s", 2, 5, 6, 7)], x=(1, 5, 1, 7))
case("tile", node("Tile", "x,r"), [ints("r", 1, 2, 1, 3)])
case("gather", node("Gather", "x,i", axis=2), [ints("i", 4, -1, 0)])
case("identity", [node("Identity", "x", "a"), node("Dropout", "a", "b"), node("Relu", "b")])
# Where values come from
half = node("Conv", "x,w", pads=[1, 1, 1, 1])
case("weight_half", [node("Cast", "h", "w", to=T.FLOAT), half], [w("h", 4, 5, 3, 3, dtype=np.float16)], tolerance=5e-6)
case("weight_transposed", [node("Transpose", "v", "w", perm=[1, 0]), node("Gemm", "x,w,b", transB=1)],
     [w("v", 20, 6), w("b", 6)], x=(1, 20), tolerance=5e-6)
case("weight_dequantised", [node("DequantizeLinear", "q,s,z", "w", axis=0), half],
     [nh.from_array(random.integers(-128, 128, (4, 5, 3, 3)).astype(np.int8), "q"), w("s", 4, low=0.005, high=0.02),
      nh.from_array(np.array([0, 3, -5, 9], dtype=np.int8), "z")], tolerance=5e-6)
typed = h.make_tensor("w", T.FLOAT, (4, 5, 3, 3), random.uniform(-1, 1, 180).astype(np.float32).tolist())
case("weight_typed", half, [typed])
case("weight_double", node("Add", "x,d"), [w("d", 7, dtype=np.float64)])
case("weight_constant", [h.make_node("Constant", [], ["c"], value=w("c", 5, 1, 1)), node("Mul", "x,c")])


def network(name):
    """A small network of ../onnx with random weights."""
    model = onnx.load(os.path.join(HERE, "..", "onnx", name + ".onnx"))
    variances = {n.input[4] for n in model.graph.node if n.op_type == "BatchNormalization"}
    for i in model.graph.initializer:
        if i.name in variances or (i.data_type == T.FLOAT and np.prod(i.dims) > 8):
            bound = 1.7 / np.sqrt(np.prod(i.dims[1:])) if len(i.dims) > 1 else 0.5
            values = random.uniform(0.5, 1.5, i.dims) if i.name in variances else random.uniform(-bound, bound, i.dims)
            i.CopyFrom(nh.from_array(values.astype(np.float32), i.name))
    cases["net_" + name] = (model, (1, *(d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim[1:])), 1.0,
                            1e-5)


for name in "convnext", "densenet", "efficientnet", "shufflenet", "vgg_bn", "vit", "weight_chains":
    network(name)

def mobile():
    """Between products: batch normalisation, ReLU, ReLU6, h-swish, squeeze and excitation, pooling, add, concat, sigmoid."""
    global random
    random = np.random.default_rng(21)  # of its own: inputs of the cases above stay as they are
    nodes, weights = [], []

    def conv(x, y, n_out, n_in, kernel, **attrs):
        weights.extend([w("w" + y, n_out, n_in, kernel, kernel, low=-0.6, high=0.6), w("b" + y, n_out)])
        nodes.append(node("Conv", f"{x},w{y},b{y}", y, **attrs))

    def norm(x, y, n):
        weights.extend([w("s" + y, n, low=0.5, high=1.5), w("o" + y, n), w("m" + y, n), w("v" + y, n, low=0.5, high=1.5)])
        nodes.append(node("BatchNormalization", f"{x},s{y},o{y},m{y},v{y}", y))

    conv("x", "c1", 8, 3, 3, pads=[1, 1, 1, 1])
    norm("c1", "n1", 8)
    nodes.append(node("HardSwish", "n1", "a1"))
    conv("a1", "c2", 24, 8, 1)
    norm("c2", "n2", 24)
    weights.extend([scalar("zero", 0.0), scalar("six", 6.0)])
    nodes.append(node("Clip", "n2,zero,six", "a2"))
    conv("a2", "c3", 24, 1, 5, pads=[2, 2, 2, 2], strides=[2, 2], group=24)
    norm("c3", "n3", 24)
    nodes.append(node("Relu", "n3", "a3"))
    nodes.append(node("GlobalAveragePool", "a3", "p3"))
    conv("p3", "e1", 6, 24, 1)
    nodes.append(node("Relu", "e1", "e2"))
    conv("e2", "e3", 24, 6, 1)
    nodes.append(node("HardSigmoid", "e3", "e4", alpha=1 / 6))
    nodes.append(node("Mul", "a3,e4", "se"))
    conv("se", "c4", 8, 24, 1)
    nodes.append(node("MaxPool", "a1", "q1", kernel_shape=[2, 2], strides=[2, 2]))
    nodes.append(node("Add", "c4,q1", "r"))
    nodes.append(node("AveragePool", "q1", "q2", kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
    nodes.append(node("Concat", "r,q2", "cat", axis=1))
    conv("cat", "c5", 20, 4, 3, dilations=[2, 2], pads=[2, 2, 2, 2], group=4)
    nodes.append(node("GlobalAveragePool", "c5", "g"))
    nodes.append(node("Flatten", "g", "f"))
    weights.extend([w("wg", 10, 20), w("bg", 10)])
    nodes.append(node("Gemm", "f,wg,bg", "h", transB=1))
    nodes.append(node("Sigmoid", "h"))
    case("net_mobile", nodes, weights, x=(1, 3, 8, 8), tolerance=1e-5)


random_of_inputs = random
mobile()
# Behind the others, which keep their numbers
one("gelu_erf", "Gelu", opset=20, tolerance=5e-6)
one("gelu_tanh", "Gelu", opset=20, approximate="tanh", tolerance=5e-6)
case("output_is_read", [node("Relu", "x"), node("Neg", "y", "z"), node("Abs", "x", "a")])
case("output_is_second_part", [node("Split", "x", "a,y", axis=1), node("Neg", "a", "b")], x=(1, 6, 4, 4), opset=12)
case("sum_of_one", [node("Sum", "x", "s"), node("Mean", "s", "m"), node("Max", "m", "n"), node("Min", "n")])


def main():
    random = random_of_inputs
    data = []
    with open(os.path.join(HERE, "cases.txt"), "w") as listed:
        for name, (model, x, scale, tolerance) in cases.items():
            inputs = random.uniform(-scale, scale, (IMAGES, *x[1:])).astype(np.float32)
            outputs = [reference.run(model, {model.graph.input[0].name: image[None]})[0] for image in inputs]
            data += [inputs, np.stack(outputs).astype(np.float32)]
            onnx.save(model, os.path.join(HERE, name + ".onnx"))
            listed.write(f"{name} {IMAGES} {tolerance:g}\n")
    np.concatenate([d.ravel() for d in data]).astype("<f4").tofile(os.path.join(HERE, "cases.f32"))


def external():
    """One convolution with its weights inside of the file, in another file, beyond its end, and in none."""
    weights = np.random.default_rng(3).uniform(-1, 1, (3, 3, 3, 3)).astype("<f4")
    folder = os.path.join(HERE, "external")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "weights.bin"), "wb") as file:
        file.write(bytes(12) + weights.tobytes())
    for name, location, offset in (("inside", None, 0), ("outside", "weights.bin", 12), ("beyond", "weights.bin", 64),
                                   ("missing", "none.bin", 0)):
        w = nh.from_array(weights, "w")
        if location:
            w.ClearField("raw_data")
            w.data_location = T.EXTERNAL
            for key, value in (("location", location), ("offset", str(offset)), ("length", str(weights.nbytes))):
                w.external_data.add(key=key, value=value)
        graph = h.make_graph([node("Conv", "x,w")], "g", [h.make_tensor_value_info("x", T.FLOAT, (1, 3, 5, 5))],
                             [h.make_tensor_value_info("y", T.FLOAT, None)], [w])
        model = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)])
        with open(os.path.join(folder, name + ".onnx"), "wb") as file:
            file.write(model.SerializeToString())


def refused():
    """What inference does not compute: statistics of the batch, results behind the first, norms of whole images."""
    folder = os.path.join(HERE, "refused")
    os.makedirs(folder, exist_ok=True)
    ones = nh.from_array(np.ones(3, dtype=np.float32), "o")
    for name, of in (("batch_statistics", node("BatchNormalization", "x,o,o,o,o", training_mode=1)),
                     ("pool_indices", node("MaxPool", "x", "z,y", kernel_shape=[2, 2])),
                     ("global_lp_pool", node("GlobalLpPool", "x"))):
        graph = h.make_graph([of], "g", [h.make_tensor_value_info("x", T.FLOAT, (1, 3, 4, 4))],
                             [h.make_tensor_value_info("y", T.FLOAT, None)], [ones])
        model = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)])
        with open(os.path.join(folder, name + ".onnx"), "wb") as file:
            file.write(model.SerializeToString())


main()
external()
refused()
