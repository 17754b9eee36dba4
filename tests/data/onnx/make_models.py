# SPDX-License-Identifier: MIT
"""Writes the small models of this folder and layers.csv beside the network exports.

Run by hand when a model changes: python3 make_models.py (needs python3-onnx). Output is deterministic.
layers.csv is made from the exports' own shape inference, independent of the library.
"""
import csv
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto as T, helper as h, numpy_helper as nh

HERE = os.path.dirname(os.path.abspath(__file__))
NETWORKS = ["mobilenet_v2", "mobilenet_v3_large", "mobilenet_v3_small", "resnet18", "resnet50_dynbatch",
            "squeezenet1_1", "vgg11", "digits_cnn"]


def weight(name, *shape, dtype=np.float32):
    n = int(np.prod(shape)) if shape else 1
    return nh.from_array((np.arange(n) % 7 - 3).astype(dtype).reshape(shape), name)


def ints(name, *values):
    return nh.from_array(np.array(values, dtype=np.int64), name)


def floats(name, *values):
    return nh.from_array(np.array(values, dtype=np.float32), name)


def scalar(name, value, dtype=np.int64):
    return nh.from_array(np.array(value, dtype=dtype), name)


def node(op, inputs, outputs, **attrs):
    inputs = inputs.split(",") if inputs else []
    return h.make_node(op, ["" if i == "-" else i for i in inputs], outputs.split(","),
                       name=attrs.pop("node_name", outputs.split(",")[0]), **attrs)


def model(nodes, initialisers=(), x=(1, 3, 16, 16), opset=13, ir=8, out="y", more_inputs=(), domains=()):
    graph = h.make_graph(nodes, "g", [h.make_tensor_value_info("x", T.FLOAT, x), *more_inputs],
                         [h.make_tensor_value_info(out, T.FLOAT, None)], list(initialisers))
    m = h.make_model(graph, opset_imports=[h.make_opsetid("", opset), *domains])
    m.ir_version = ir
    m.producer_name = "make_models"
    return m


def conv(x, y, w, **attrs):
    return node("Conv", f"{x},{w}", y, **attrs)


MODELS = {}


def case(f):
    MODELS[f.__name__] = f()
    return f


@case
def tiny():
    return model([conv("x", "y", "w")], [weight("w", 2, 3, 3, 3)])


@case
def weight_chains():
    """Weights behind Identity, Cast, Transpose, Reshape, Constant and DequantizeLinear."""
    return model([
        node("Identity", "w1", "w1i"), conv("x", "a", "w1i", pads=[1] * 4),
        node("Cast", "w2", "w2c", to=T.FLOAT), conv("a", "b", "w2c"),
        node("Reshape", "w3,s3", "w3r"), conv("b", "c", "w3r"),
        node("DequantizeLinear", "w4,scale,zero", "w4d"), conv("c", "d", "w4d"),
        node("Constant", "", "w5", value=weight("w5v", 4, 4, 1, 1)), conv("d", "e", "w5"),
        node("GlobalAveragePool", "e", "p"), node("Flatten", "p", "f"),
        node("Transpose", "w6", "w6t", perm=[1, 0]), node("Gemm", "f,w6t,b6", "y"),
    ], [weight("w1", 4, 3, 3, 3), weight("w2", 4, 4, 1, 1, dtype=np.float16), weight("w3", 16, 1), ints("s3", 4, 4, 1, 1),
        weight("w4", 4, 4, 3, 3, dtype=np.int8), scalar("scale", 0.5, np.float32), scalar("zero", 0, np.int8),
        weight("w6", 10, 4), weight("b6", 10)])


@case
def ir3_initialisers_as_inputs():
    return model([conv("x", "a", "w"), node("Relu", "a", "y")], [weight("w", 2, 3, 3, 3)], opset=9, ir=3,
                 more_inputs=[h.make_tensor_value_info("w", T.FLOAT, (2, 3, 3, 3))])


@case
def unsorted_nodes():
    return model([node("Relu", "c", "y"), conv("b", "c", "w2"), conv("x", "a", "w1"), node("Relu", "a", "b")],
                 [weight("w1", 4, 3, 3, 3), weight("w2", 5, 4, 3, 3)])


@case
def unnamed_nodes():
    nodes = [conv("x", "a", "w1"), conv("a", "b", "w2"), conv("b", "y", "w2")]
    nodes[0].name = ""
    nodes[1].name = nodes[2].name = "same"
    return model(nodes, [weight("w1", 4, 3, 3, 3), weight("w2", 4, 4, 3, 3)])


@case
def convolutions():
    """Groups, dilation, strides, every auto_pad, 1-D and 3-D."""
    return model([
        conv("x", "a", "w1", group=3, pads=[1] * 4, strides=[2, 1]), conv("a", "b", "w2", dilations=[2, 2]),
        conv("b", "c", "w2", auto_pad="SAME_UPPER", strides=[2, 2]), conv("c", "d", "w2", auto_pad="SAME_LOWER"),
        conv("d", "e", "w2", auto_pad="VALID"), node("Reshape", "e,s1", "f"), conv("f", "g", "w4", pads=[1, 0]),
        node("Reshape", "g,s2", "h"), conv("h", "y", "w3", pads=[1, 1, 1, 1, 1, 1]),
    ], [weight("w1", 6, 1, 3, 3), weight("w2", 6, 6, 2, 2), ints("s1", 1, 6, -1), weight("w4", 8, 6, 2),
        ints("s2", 1, 1, 2, 4, -1), weight("w3", 2, 1, 3, 3, 3)], x=(1, 3, 16, 16))


@case
def dynamic_symbol():
    return model([conv("x", "y", "w")], [weight("w", 2, 3, 3, 3)], x=("batch", 3, "height", "width"))


@case
def qdq():
    q = [scalar("s", 0.25, np.float32), scalar("z", 0, np.int8)]
    return model([
        node("QuantizeLinear", "x,s,z", "xq"), node("DequantizeLinear", "xq,s,z", "xd"),
        node("DequantizeLinear", "w,s,z", "wd"), node("DequantizeLinear", "b,s", "bd"),
        node("Conv", "xd,wd,bd", "a"), node("QuantizeLinear", "a,s,z", "aq"),
        node("QLinearConv", "aq,s,z,w2,s,z,s,z,b2", "bq"), node("DequantizeLinear", "bq,s,z", "y"),
    ], q + [weight("w", 4, 3, 3, 3, dtype=np.int8), weight("b", 4, dtype=np.int32), weight("w2", 5, 4, 1, 1, dtype=np.int8),
            weight("b2", 5, dtype=np.int32)])


@case
def vgg_bn():
    def bn(x, y):
        return node("BatchNormalization", f"{x},g,g,g,g", y)
    return model([conv("x", "a", "w1", pads=[1] * 4), bn("a", "b"), node("Relu", "b", "c"),
                  node("MaxPool", "c", "d", kernel_shape=[2, 2], strides=[2, 2]), conv("d", "e", "w2", pads=[1] * 4),
                  bn("e", "f"), node("Relu", "f", "g1"), node("Flatten", "g1", "h"), node("Gemm", "h,w3,b3", "i", transB=1),
                  node("Dropout", "i", "y")],
                 [weight("w1", 8, 3, 3, 3), weight("w2", 8, 8, 3, 3), weight("g", 8), weight("w3", 10, 512), weight("b3", 10)],
                 opset=9)


@case
def densenet():
    """Batch normalisation before the convolution; growing concatenations."""
    nodes, init, names, width = [conv("x", "f0", "w0", pads=[1] * 4)], [weight("w0", 8, 3, 3, 3)], ["f0"], 8
    for k in range(1, 4):
        nodes += [node("Concat", ",".join(names), f"c{k}", axis=1),
                  node("BatchNormalization", f"c{k},g{k},g{k},g{k},g{k}", f"b{k}"), node("Relu", f"b{k}", f"r{k}"),
                  conv(f"r{k}", f"f{k}", f"w{k}", pads=[1] * 4)]
        init += [weight(f"g{k}", width), weight(f"w{k}", 4, width, 3, 3)]
        names.append(f"f{k}")
        width += 4
    nodes += [node("Concat", ",".join(names), "cc", axis=1),
              node("AveragePool", "cc", "y", kernel_shape=[2, 2], strides=[2, 2])]
    return model(nodes, init, opset=11)


@case
def shufflenet():
    """Channel shuffle with the shape arithmetic of exporters, and a split by Slice."""
    return model([
        conv("x", "a", "w1", pads=[1] * 4),
        node("Shape", "a", "s"), node("Gather", "s,i0", "n", axis=0), node("Gather", "s,i1", "c", axis=0),
        node("Gather", "s,i2", "hh", axis=0), node("Gather", "s,i3", "ww", axis=0), node("Div", "c,two", "half"),
        node("Unsqueeze", "n,ax0", "n1"), node("Unsqueeze", "half,ax0", "h1"), node("Unsqueeze", "hh,ax0", "hh1"),
        node("Unsqueeze", "ww,ax0", "ww1"), node("Concat", "n1,g,h1,hh1,ww1", "t1", axis=0),
        node("Reshape", "a,t1", "r1"), node("Transpose", "r1", "r2", perm=[0, 2, 1, 3, 4]),
        node("Unsqueeze", "c,ax0", "c1"), node("Concat", "n1,c1,hh1,ww1", "t2", axis=0), node("Reshape", "r2,t2", "r3"),
        node("Slice", "r3,z,half1,one", "left"), node("Slice", "r3,half1,big,one", "right"),
        conv("right", "q", "w2"), node("Concat", "left,q", "y", axis=1),
    ], [weight("w1", 8, 3, 3, 3), weight("w2", 4, 4, 1, 1), scalar("i0", 0), scalar("i1", 1), scalar("i2", 2),
        scalar("i3", 3), scalar("two", 2), ints("ax0", 0), ints("g", 2), ints("z", 0), ints("half1", 4),
        ints("big", 2 ** 63 - 1), ints("one", 1)], x=("batch", 3, 16, 16))


@case
def efficientnet():
    """SiLU as Sigmoid and Mul; squeeze-and-excitation by ReduceMean."""
    return model([
        conv("x", "a", "w1", pads=[1] * 4, strides=[2, 2]), node("Sigmoid", "a", "as"), node("Mul", "a,as", "b"),
        conv("b", "c", "w2", pads=[1] * 4, group=8), node("ReduceMean", "c,hw", "p", keepdims=1),
        conv("p", "q", "w3"), node("Sigmoid", "q", "qs"), node("Mul", "q,qs", "r"), conv("r", "t", "w4"),
        node("Sigmoid", "t", "u"), node("Mul", "c,u", "v"), conv("v", "w", "w5"), node("Add", "w,b", "y"),
    ], [weight("w1", 8, 3, 3, 3), weight("w2", 8, 1, 3, 3), weight("w3", 2, 8, 1, 1), weight("w4", 8, 2, 1, 1),
        weight("w5", 8, 8, 1, 1), ints("hw", 2, 3)], opset=18)


@case
def vit():
    """Patches, class token, one attention block whose products of activations are digital."""
    heads, width, tokens = 2, 8, 17
    nodes = [
        conv("x", "p", "wp", strides=[4, 4]), node("Shape", "p", "ps", end=1), node("Concat", "ps,tail", "pt", axis=0),
        node("Reshape", "p,pt", "f"), node("Transpose", "f", "tk", perm=[0, 2, 1]),
        node("Concat", "ps,cls_tail", "ct", axis=0),
        node("ConstantOfShape", "n3", "ones", value=ints("one", 1)), node("Mul", "ones,minus1", "neg"),
        node("Equal", "ct,neg", "eq"), node("Where", "eq,ones,ct", "et"), node("Expand", "cls,et", "ce"),
        node("Concat", "ce,tk", "cat", axis=1), node("Add", "cat,pos", "t0"),
        node("LayerNormalization", "t0,ln,ln", "n0"), node("MatMul", "n0,wqkv", "qkv0"), node("Add", "bqkv,qkv0", "qkv"),
        node("Split", "qkv", "q,k,v", axis=-1, num_outputs=3)]
    for name in "qkv":
        nodes += [node("Reshape", f"{name},hs", f"{name}r"), node("Transpose", f"{name}r", f"{name}t", perm=[0, 2, 1, 3])]
    nodes += [
        node("Transpose", "kt", "ktt", perm=[0, 1, 3, 2]), node("MatMul", "qt,ktt", "qk"), node("Div", "qk,sc", "qs"),
        node("Softmax", "qs", "at", axis=-1), node("MatMul", "at,vt", "av"),
        node("Transpose", "av", "avt", perm=[0, 2, 1, 3]), node("Reshape", "avt,ms", "m"), node("MatMul", "m,wo", "o"),
        node("Add", "o,t0", "t1"), node("Div", "t1,sc", "e0"), node("Erf", "e0", "e1"), node("Mul", "t1,e1", "e2"),
        node("Gather", "e2,zero", "c0", axis=1), node("Gemm", "c0,wh,bh", "y", transB=1)]
    return model(nodes, [
        weight("wp", width, 3, 4, 4), ints("tail", width, -1), ints("cls_tail", 1, -1), ints("n3", 3), ints("minus1", -1),
        weight("cls", 1, 1, width), weight("pos", 1, tokens, width), weight("ln", width), weight("wqkv", width, 3 * width),
        weight("bqkv", 3 * width), ints("hs", 1, tokens, heads, width // heads), scalar("sc", 2, np.float32),
        ints("ms", 0, 0, -1), weight("wo", width, width), scalar("zero", 0), weight("wh", 10, width), weight("bh", 10)],
        x=("batch", 3, 16, 16), opset=18)


@case
def convnext():
    return model([
        conv("x", "a", "w1", strides=[4, 4]), conv("a", "b", "w2", group=8, pads=[3] * 4),
        node("Transpose", "b", "c", perm=[0, 2, 3, 1]), node("LayerNormalization", "c,ln,ln", "d"),
        node("MatMul", "d,w3", "e"), node("Add", "e,b3", "f"), node("Gelu", "f", "g"), node("MatMul", "g,w4", "h"),
        node("Mul", "h,ln", "i"), node("Transpose", "i", "j", perm=[0, 3, 1, 2]), node("Add", "a,j", "y"),
    ], [weight("w1", 8, 3, 4, 4), weight("w2", 8, 1, 7, 7), weight("ln", 8), weight("w3", 8, 32), weight("b3", 32),
        weight("w4", 32, 8)], x=(1, 3, 32, 32), opset=20)


@case
def deeplab():
    """Resize to the size of another tensor: Shape, Slice, Concat, Cast."""
    return model([
        conv("x", "a", "w1", strides=[2, 2], pads=[1] * 4), conv("a", "b", "w2", dilations=[2, 2], pads=[2] * 4),
        node("Shape", "x", "s"), node("Slice", "s,two,four,zero", "hw"), node("Shape", "b", "bs"),
        node("Slice", "bs,zero,two,zero", "nc"), node("Concat", "nc,hw", "sizes", axis=0),
        node("Resize", "b,-,-,sizes", "up", mode="linear"),
        node("Cast", "hw", "hwf", to=T.FLOAT), node("Mul", "hwf,half", "hh"), node("Floor", "hh", "hf"),
        node("Cast", "hf", "hi", to=T.INT64), node("Concat", "nc,hi", "small", axis=0),
        node("Resize", "up,-,-,small", "y", mode="nearest"),
    ], [weight("w1", 8, 3, 3, 3), weight("w2", 5, 8, 3, 3), ints("two", 2), ints("four", 4), ints("zero", 0),
        floats("half", 0.5)], x=(1, 3, 33, 33))


def moved(opset):
    """Every operator whose attributes became inputs, in the form of the opset."""
    n, init = [conv("x", "a", "w", pads=[1] * 4)], [weight("w", 8, 3, 3, 3), weight("g", 8)]

    def put(op, x, y, attrs, inputs, since, order, extra_since=None):
        if opset < since:
            n.append(node(op, x, y, **attrs))
            return
        names = []
        for key in order:
            if key not in inputs:
                names.append("-")
                continue
            name = f"{y.replace(',', '_')}_{key}"
            init.append(nh.from_array(inputs[key], name))
            names.append(name)
        n.append(node(op, ",".join([x, *names]), y, **{k: v for k, v in attrs.items() if k not in order}))

    i64 = lambda *v: np.array(v, dtype=np.int64)
    put("Slice", "a", "b", dict(starts=[1], ends=[-1], axes=[2]), dict(starts=i64(1), ends=i64(-1), axes=i64(2)), 10,
        ["starts", "ends", "axes"])
    put("Clip", "b", "c", dict(min=0.0, max=6.0), dict(min=np.float32(0), max=np.float32(6)), 11, ["min", "max"])
    put("Pad", "c", "d", dict(pads=[0, 0, 1, 2, 0, 0, 3, 4]), dict(pads=i64(0, 0, 1, 2, 0, 0, 3, 4)), 11, ["pads"])
    put("Unsqueeze", "d", "e", dict(axes=[0]), dict(axes=i64(0)), 13, ["axes"])
    put("Squeeze", "e", "f", dict(axes=[0]), dict(axes=i64(0)), 13, ["axes"])
    n.append(node("BatchNormalization", "f,g,g,g,g", "h"))
    n.append(node("Dropout", "h", "i,mask"))
    put("Split", "i", "s1,s2", dict(axis=1, split=[3, 5]), dict(split=i64(3, 5)), 13, ["split"])
    if opset < 10:
        put("Upsample", "s2", "u", {}, dict(scales=np.array([1, 1, 2, 1.5], np.float32)), 9, ["scales"])
    else:
        put("Resize", "s2", "u", {}, dict(roi=np.zeros(0, np.float32), scales=np.array([1, 1, 2, 1.5], np.float32)), 10,
            ["scales"] if opset < 11 else ["roi", "scales"])
    put("ReduceMean", "u", "m", dict(axes=[2, 3], keepdims=0), dict(axes=i64(2, 3)), 18, ["axes"])
    put("ReduceSum", "s1", "rs", dict(axes=[2, 3], keepdims=0), dict(axes=i64(2, 3)), 13, ["axes"])
    n.append(node("Concat", "m,rs", "cat", axis=1))
    n.append(node("Softmax", "cat", "sm"))
    n.append(node("Gemm", "sm,wg", "y"))
    init.append(weight("wg", 8, 4))
    return model(n, init, opset=opset)


for opset in range(9, 21):
    MODELS[f"moved_opset{opset}"] = moved(opset)


# --- models that must be refused; the exact messages are in tests/unit/test_onnx.c ---

def refuse(name, m):
    MODELS["bad_" + name] = m


W = weight("w", 2, 3, 3, 3)
refuse("operator", model([conv("x", "a", "w"), node("ConvTranspose", "a,v", "y", node_name="up")], [W, weight("v", 2, 4, 2, 2)]))
refuse("domain", model([conv("x", "a", "w"), h.make_node("FusedConv", ["a"], ["y"], name="f", domain="com.acme")], [W],
                       domains=[h.make_opsetid("com.acme", 1)]))
refuse("opset", model([conv("x", "y", "w")], [W], opset=8))
refuse("cycle", model([node("Add", "x,b", "a"), node("Relu", "a", "b"), node("Relu", "b", "y")]))
refuse("missing_tensor", model([node("Add", "x,nowhere", "y")]))
refuse("twice", model([node("Relu", "x", "a"), node("Relu", "x", "a"), node("Relu", "a", "y")]))
refuse("shape", model([conv("x", "y", "w", node_name="c")], [weight("w", 2, 4, 3, 3)]))
refuse("symbol", model([conv("x", "y", "w")], [W], x=("batch", 3, "height", 16)))
refuse("zero_dim", model([conv("x", "y", "w")], [W], x=(1, 3, 0, 16)))
refuse("dynamic_reshape", model([node("Reshape", "x,s", "y", node_name="r")],
                                more_inputs=[h.make_tensor_value_info("s", T.INT64, (2,))]))
branch = h.make_graph([h.make_node("Relu", ["x"], ["z"])], "b", [], [h.make_tensor_value_info("z", T.FLOAT, None)])
refuse("subgraph", model([node("If", "c", "y", node_name="choose", then_branch=branch, else_branch=branch)],
                         [nh.from_array(np.array(True), "c")]))
utf8 = model([conv("x", "qq", "w")], [W], out="qq")
for where, path in (("outside", "../secret.bin"), ("absolute", "/etc/passwd"), ("inside", "weights/w.bin")):
    t = T(name="w", data_type=T.FLOAT, dims=[2, 3, 3, 3], data_location=T.EXTERNAL)
    t.external_data.add(key="location", value=path)
    MODELS[("bad_external_" if where != "inside" else "external_") + where] = model([conv("x", "y", "w")], [t])


def layer_rows(name):
    m = onnx.load(os.path.join(HERE, name + ".onnx"), load_external_data=False)
    for i in m.graph.input:
        for d in i.type.tensor_type.shape.dim:
            if d.dim_param:
                d.dim_value = 1
    dims = {t.name: list(t.dims) for t in m.graph.initializer}
    m = onnx.shape_inference.infer_shapes(m)
    for v in [*m.graph.input, *m.graph.value_info, *m.graph.output]:
        dims.setdefault(v.name, [d.dim_value for d in v.type.tensor_type.shape.dim])
    for k, n in enumerate(m.graph.node):
        if n.op_type == "Identity" and n.input[0] in dims:
            dims[n.output[0]] = dims[n.input[0]]
        if n.op_type not in ("Conv", "Gemm"):
            continue
        a = {x.name: h.get_attribute_value(x) for x in n.attribute}
        x, w, y = dims[n.input[0]], dims[n.input[1]], dims[n.output[0]]
        spatial = w[2:]
        groups = a.get("group", 1)
        yield dict(net=name, node=n.name, op=n.op_type, in_shape=x, out_shape=y, kernel=spatial,
                   stride=a.get("strides", [1] * len(spatial)), pad=a.get("pads", [0] * 2 * len(spatial)),
                   dilation=a.get("dilations", [1] * len(spatial)), groups=groups, weights=int(np.prod(w)),
                   macs=int(np.prod(y)) * (int(np.prod(w[1:])) if n.op_type == "Conv" else x[1]),
                   bias=int(len(n.input) > 2))


def main():
    for name, m in MODELS.items():
        data = m.SerializeToString()
        with open(os.path.join(HERE, name + ".onnx"), "wb") as f:
            f.write(data)
    data = utf8.SerializeToString().replace(b"qq", b"\xff\xfe")
    with open(os.path.join(HERE, "bad_utf8.onnx"), "wb") as f:
        f.write(data)
    rows = [r for name in NETWORKS for r in layer_rows(name)]
    with open(os.path.join(HERE, "layers.csv"), "w", newline="") as f:
        out = csv.writer(f, lineterminator="\n")
        out.writerow(rows[0])
        for r in rows:
            out.writerow([" ".join(map(str, v)) if isinstance(v, list) else v for v in r.values()])


if __name__ == "__main__":
    sys.exit(main())
