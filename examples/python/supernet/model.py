# SPDX-License-Identifier: MIT
"""A once-for-all supernet like MobileNetV3-small: all members share the tensors of the largest.

A member is a genome: `d` blocks in each of four stages, kernel size `ks` and expansion `e` of each block. Its tensors
are the first channels of the supernet's; a kernel of 5 x 5 is the middle of the one of 7 x 7 times a matrix, one of
3 x 3 the middle of that times another. Tensors have the names of the once-for-all code (Cai et al., ICLR 2020), which
the library reads. A supernet is a dictionary of tensors and functions on it, so a file holds all there is.
"""
import random
from collections import namedtuple

import torch
import torch.nn.functional as F

from .files import DTYPES, read_safetensors, write_safetensors

KERNELS, EXPANSIONS, DEPTHS = (3, 5, 7), (3, 4, 6), (2, 3, 4)
STAGES, BLOCKS = 4, 16
STRIDES = (2, 2, 1, 2)
EPSILON = 1e-5

Genome = namedtuple("Genome", "ks e d")
Widths = namedtuple("Widths", "stem first stages final features classes")
LARGEST = Genome((7,) * BLOCKS, (6,) * BLOCKS, (4,) * STAGES)
SMALLEST = Genome((3,) * BLOCKS, (3,) * BLOCKS, (2,) * STAGES)


def random_genome(draw: random.Random):
    return Genome(tuple(draw.choices(KERNELS, k=BLOCKS)), tuple(draw.choices(EXPANSIONS, k=BLOCKS)),
                  tuple(draw.choices(DEPTHS, k=STAGES)))


def round_to_8(value):
    rounded = max(8, int(value + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * value else rounded


# --- tensors ---

def new_conv(tensors, name, out, ins, kernel, bias=False):
    tensors[name + ".weight"] = torch.randn(out, ins, kernel, kernel) * (2 / (ins * kernel * kernel)) ** 0.5
    if bias:
        tensors[name + ".bias"] = torch.zeros(out)


def new_norm(tensors, name, channels):
    tensors[name + ".weight"] = torch.ones(channels)
    tensors[name + ".bias"] = torch.zeros(channels)


def new_block(tensors, block, ins, out, excite):
    mid = round_to_8(ins * max(EXPANSIONS))
    new_conv(tensors, block + "inverted_bottleneck.conv.conv", mid, ins, 1)
    new_norm(tensors, block + "inverted_bottleneck.bn.bn", mid)
    new_conv(tensors, block + "depth_conv.conv.conv", mid, 1, 7)
    tensors[block + "depth_conv.conv.7to5_matrix"] = torch.eye(25)
    tensors[block + "depth_conv.conv.5to3_matrix"] = torch.eye(9)
    new_norm(tensors, block + "depth_conv.bn.bn", mid)
    if excite:
        new_conv(tensors, block + "depth_conv.se.fc.reduce", round_to_8(mid // 4), mid, 1, bias=True)
        new_conv(tensors, block + "depth_conv.se.fc.expand", mid, round_to_8(mid // 4), 1, bias=True)
    new_conv(tensors, block + "point_linear.conv.conv", out, mid, 1)
    new_norm(tensors, block + "point_linear.bn.bn", out)


def new_tensors(widths):
    """Tensors of a supernet that has learned nothing, by PyTorch's generator."""
    tensors = {}
    new_conv(tensors, "first_conv.conv", widths.stem, 3, 3)
    new_norm(tensors, "first_conv.bn", widths.stem)
    new_conv(tensors, "blocks.0.conv.depth_conv.conv", widths.stem, 1, 3)
    new_norm(tensors, "blocks.0.conv.depth_conv.bn", widths.stem)
    new_conv(tensors, "blocks.0.conv.point_linear.conv", widths.first, widths.stem, 1)
    new_norm(tensors, "blocks.0.conv.point_linear.bn", widths.first)
    ins = widths.first
    for stage, out in enumerate(widths.stages):
        for j in range(max(DEPTHS)):
            new_block(tensors, f"blocks.{4 * stage + j + 1}.conv.", ins, out, stage > 0)
            ins = out
    new_conv(tensors, "final_expand_layer.conv", widths.final, ins, 1)
    new_norm(tensors, "final_expand_layer.bn", widths.final)
    new_conv(tensors, "feature_mix_layer.conv", widths.features, widths.final, 1)
    tensors["classifier.linear.weight"] = torch.randn(widths.classes, widths.features) * widths.features ** -0.5
    tensors["classifier.linear.bias"] = torch.zeros(widths.classes)
    return tensors


# --- batch normalisation ---

def norm_by_batch(name, x, gamma, beta):
    """In training: the statistics of the batch itself."""
    return F.batch_norm(x, None, None, gamma, beta, training=True, eps=EPSILON)


class Statistics:
    """Mean and biased variance of each normalisation: taken from one batch, then used for others."""

    def __init__(self):
        self.by_name = {}

    def record(self, name, x, gamma, beta):
        wide = x.double()
        mean = wide.mean(dim=(0, 2, 3))
        variance = (wide - mean[:, None, None]).square().mean(dim=(0, 2, 3))
        self.by_name[name] = (mean.float(), variance.float())
        return self.apply(name, x, gamma, beta)

    def apply(self, name, x, gamma, beta):
        mean, variance = self.by_name[name]
        return F.batch_norm(x, mean, variance, gamma, beta, training=False, eps=EPSILON)


# --- members ---

class WeightNoise:
    """Normal errors on each weight, relative to the greatest magnitude of its output channel, as a crossbar's cells
    have them relative to their largest conductance. Gradients are those of the weights without errors."""

    def __init__(self, sigma, generator):
        self.sigma, self.generator = sigma, generator

    def __call__(self, weight):
        if self.sigma == 0:
            return weight
        unit = weight.detach().abs().amax(dim=tuple(range(1, weight.dim())), keepdim=True)
        return weight + self.sigma * unit * torch.randn(weight.shape, generator=self.generator)


class Member:
    """Runs one genome of a supernet's tensors; `macs` counts its multiply-accumulates as they are done."""

    def __init__(self, tensors, genome, norm=norm_by_batch, change=lambda weight: weight):
        self.tensors, self.genome, self.normalise, self.change, self.macs = tensors, genome, norm, change, 0

    def convolve(self, x, weight, bias, stride, groups):
        y = F.conv2d(x, self.change(weight), bias, stride, weight.shape[-1] // 2, groups=groups)
        self.macs += y.numel() * weight[0].numel()
        return y

    def conv(self, name, x, out=None, stride=1):
        bias = self.tensors.get(name + ".bias")
        bias = bias if bias is None else bias[:out]
        return self.convolve(x, self.tensors[name + ".weight"][:out, :x.shape[1]], bias, stride, 1)

    def depthwise(self, x, weight, stride):
        return self.convolve(x, weight, None, stride, x.shape[1])

    def norm(self, name, x):
        gamma, beta = self.tensors[name + ".weight"][:x.shape[1]], self.tensors[name + ".bias"][:x.shape[1]]
        return self.normalise(name, x, gamma, beta)

    def kernel(self, name, channels, size):
        weight = self.tensors[name + ".conv.weight"][:channels]
        for smaller in range(weight.shape[-1] - 2, size - 1, -2):
            middle = weight[:, :, 1:-1, 1:-1].reshape(channels, -1)
            weight = F.linear(middle, self.tensors[f"{name}.{smaller + 2}to{smaller}_matrix"])
            weight = weight.reshape(channels, 1, smaller, smaller)
        return weight

    def excite(self, name, x):
        y = x.mean(dim=(2, 3), keepdim=True)
        y = F.relu(self.conv(name + "reduce", y, round_to_8(x.shape[1] // 4)))
        return x * F.hardsigmoid(self.conv(name + "expand", y, x.shape[1]))

    def block(self, x, number, stage, stride):
        ks, e = self.genome.ks[number], self.genome.e[number]
        name, act = f"blocks.{number + 1}.conv.", F.hardswish if stage else F.relu
        mid = round_to_8(x.shape[1] * e)
        y = self.conv(name + "inverted_bottleneck.conv.conv", x, mid)
        y = act(self.norm(name + "inverted_bottleneck.bn.bn", y))
        y = self.depthwise(y, self.kernel(name + "depth_conv.conv", mid, ks), stride)
        y = act(self.norm(name + "depth_conv.bn.bn", y))
        if stage:
            y = self.excite(name + "depth_conv.se.fc.", y)
        y = self.norm(name + "point_linear.bn.bn", self.conv(name + "point_linear.conv.conv", y))
        return x + y if y.shape == x.shape else y

    def stem(self, x):
        x = F.hardswish(self.norm("first_conv.bn", self.conv("first_conv.conv", x, stride=2)))
        y = self.depthwise(x, self.tensors["blocks.0.conv.depth_conv.conv.weight"], 1)
        y = F.relu(self.norm("blocks.0.conv.depth_conv.bn", y))
        y = self.norm("blocks.0.conv.point_linear.bn", self.conv("blocks.0.conv.point_linear.conv", y))
        return x + y if y.shape == x.shape else y

    def head(self, x):
        x = F.hardswish(self.norm("final_expand_layer.bn", self.conv("final_expand_layer.conv", x)))
        x = F.hardswish(self.conv("feature_mix_layer.conv", x.mean(dim=(2, 3), keepdim=True))).flatten(1)
        weight, bias = (self.tensors["classifier.linear" + part] for part in (".weight", ".bias"))
        self.macs += len(x) * weight.numel()
        return F.linear(x, self.change(weight), bias)

    def logits(self, images):
        x = self.stem(images.contiguous(memory_format=torch.channels_last))  # depthwise layers are faster so
        for stage, depth in enumerate(self.genome.d):
            for j in range(depth):
                x = self.block(x, 4 * stage + j, stage, STRIDES[stage] if j == 0 else 1)
        return self.head(x)


def judge(tensors, genome, calibration, images):
    """Logits [n, classes] after batch normalisation anew over the images `calibration`, as the library does it."""
    statistics = Statistics()
    with torch.no_grad():
        Member(tensors, genome, statistics.record).logits(calibration)
        return torch.cat([Member(tensors, genome, statistics.apply).logits(part) for part in images.split(512)])


def count_macs(tensors, genome, image):
    """Multiply-accumulates of the member on one `image` [1, channels, height, width]."""
    member = Member(tensors, genome, lambda name, x, gamma, beta: x)
    with torch.no_grad():
        member.logits(image)
    return member.macs


# --- files ---

def save(path, tensors, calibration, dtype, metadata):
    """The tensors, rounded to `dtype`, with the statistics of batch normalisation that the largest member then has."""
    statistics, values = Statistics(), {name: t.detach().numpy().astype(DTYPES[dtype]) for name, t in tensors.items()}
    rounded = {name: torch.from_numpy(v.astype("<f4")) for name, v in values.items()}
    with torch.no_grad():
        Member(rounded, LARGEST, statistics.record).logits(calibration)
    for name, (mean, variance) in statistics.by_name.items():
        values[name + ".running_mean"], values[name + ".running_var"] = mean.numpy(), variance.numpy()
    write_safetensors(path, values, dtype, metadata)


def load(path):
    return {name: torch.from_numpy(values) for name, values in read_safetensors(path).items()}
