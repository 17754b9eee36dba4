# SPDX-License-Identifier: MIT
"""A once-for-all MobileNetV3 supernet with random weights whose modules have the names and shapes of the public code
(github.com/mit-han-lab/once-for-all, OFAMobileNetV3), to convert it and to compare a member's answers.

Usage: public_supernet.py FOLDER: writes there narrow checkpoints in the forms that the public code has had (*.pth, see
FORMS), one of width 1.0 (whole.pth), and of that a member: genome.yaml, images.f32, logits.f32
"""
import json
import random
import sys
from collections import OrderedDict
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

WIDTHS = (16, 16, 24, 40, 80, 112, 160, 960, 1280)  # width 1.0: stem, first, stages, final, features
NARROW = (8, 8, 8, 8, 8, 8, 8, 16, 16)
STRIDES, SWISH, EXCITES = (2, 2, 2, 1, 2), (0, 0, 1, 1, 1), (0, 1, 0, 1, 1)
IMAGE, IMAGES = 64, 8

# Name of the module in a block; where parameters lie one level deeper.
FORMS = {"new": ("conv", "blocks"), "old": ("mobile_inverted_conv", "blocks"), "deep": ("mobile_inverted_conv", "all"),
         "flat": ("mobile_inverted_conv", "none")}


def rounded(value):
    low = max(8, int(value + 4) // 8 * 8)
    return low + 8 if low < 0.9 * value else low


# --- modules: they hold parameters under the public names ---

class Deeper(nn.Module):
    def __init__(self, name, module, matrices=()):
        super().__init__()
        self.add_module(name, module)
        for size in matrices:
            noise = 0.2 * torch.randn(size ** 2, size ** 2)
            self.register_parameter(f"{size + 2}to{size}_matrix", nn.Parameter(torch.eye(size ** 2) + noise))


class Tree:
    """Makes modules in one form."""

    def __init__(self, form, widths, classes):
        self.inner, self.depth = FORMS[form]
        self.widths, self.classes = widths, classes

    def wrap(self, name, module, is_block, matrices=()):
        if self.depth == "all" or (is_block and self.depth == "blocks"):
            return Deeper(name, module, matrices)
        return module

    def conv_and_norm(self, ins, out, kernel, is_block, groups=1):
        norm = nn.BatchNorm2d(out)
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, 0, 0.3)
        conv = nn.Conv2d(ins, out, kernel, bias=False, groups=groups)
        matrices = (5, 3) if kernel == 7 else ()
        return [("conv", self.wrap("conv", conv, is_block, matrices)), ("bn", self.wrap("bn", norm, is_block))]

    def block(self, ins, out, expansion, kernel, excite):
        inner, mid, is_block = nn.Module(), rounded(ins * expansion), expansion > 1
        if is_block:
            inner.inverted_bottleneck = nn.Sequential(OrderedDict(self.conv_and_norm(ins, mid, 1, is_block)))
        depth = self.conv_and_norm(mid, mid, kernel, is_block, mid)
        if excite:
            squeezed = rounded(mid // 4)
            fc = OrderedDict(reduce=nn.Conv2d(mid, squeezed, 1), expand=nn.Conv2d(squeezed, mid, 1))
            depth.append(("se", nn.Sequential(OrderedDict(fc=nn.Sequential(fc)))))
        inner.depth_conv = nn.Sequential(OrderedDict(depth))
        inner.point_linear = nn.Sequential(OrderedDict(self.conv_and_norm(mid, out, 1, is_block)))
        return nn.ModuleDict({self.inner: inner})

    def net(self):
        net, (stem, first, *stages, final, features) = nn.Module(), self.widths
        net.first_conv = nn.Sequential(OrderedDict(self.conv_and_norm(3, stem, 3, False)))
        blocks, ins = [self.block(stem, first, 1, 3, False)], first
        for out, excite in zip(stages, EXCITES):
            for _ in range(4):
                blocks.append(self.block(ins, out, 6, 7, excite))
                ins = out
        net.blocks = nn.ModuleList(blocks)
        net.final_expand_layer = nn.Sequential(OrderedDict(self.conv_and_norm(ins, final, 1, False)))
        mix, classify = nn.Conv2d(final, features, 1, bias=False), nn.Linear(features, self.classes)
        net.feature_mix_layer = nn.Sequential(OrderedDict(conv=self.wrap("conv", mix, False)))
        net.classifier = nn.Sequential(OrderedDict(linear=self.wrap("linear", classify, False)))
        return net


# --- a member's answers, batch normalisation by the batch itself ---

class Member:
    """Runs one genome by the tensors of a tree of the form "new"."""

    def __init__(self, state, ks, e, d):
        self.state, self.ks, self.e, self.d = state, ks, e, d

    def conv(self, name, x, out=None, stride=1):
        weight = self.state[name + ".weight"][:out, :x.shape[1]]
        bias = self.state.get(name + ".bias")
        return F.conv2d(x, weight, None if bias is None else bias[:out], stride, weight.shape[-1] // 2)

    def norm(self, name, x):
        weight, bias = (self.state[f"{name}.{part}"][:x.shape[1]] for part in ("weight", "bias"))
        return F.batch_norm(x, None, None, weight, bias, training=True)

    def filter(self, name, x, kernel, stride):
        n = x.shape[1]
        weight = self.state.get(name + ".conv.weight", self.state.get(name + ".weight"))[:n]
        for size in (5, 3):
            if kernel <= size < weight.shape[-1]:
                cut = weight[:, :, 1:-1, 1:-1].reshape(n, -1)
                weight = F.linear(cut, self.state[f"{name}.{size + 2}to{size}_matrix"]).view(n, 1, size, size)
        return F.conv2d(x, weight, None, stride, kernel // 2, groups=n)

    def excite(self, name, x):
        y = F.relu(self.conv(name + ".reduce", x.mean((2, 3), keepdim=True), rounded(x.shape[1] // 4)))
        return x * F.relu6(self.conv(name + ".expand", y, x.shape[1]) + 3) / 6

    def block(self, number, x, kernel, expansion, stride, act, excite):
        name, y = f"blocks.{number}.conv.", x
        conv, norm = ("conv.conv", "bn.bn") if number else ("conv", "bn")
        if number:
            y = self.conv(name + "inverted_bottleneck." + conv, x, rounded(x.shape[1] * expansion))
            y = act(self.norm(name + "inverted_bottleneck." + norm, y))
        y = self.filter(name + "depth_conv.conv", y, kernel, stride)
        y = act(self.norm(name + "depth_conv." + norm, y))
        if excite:
            y = self.excite(name + "depth_conv.se.fc", y)
        y = self.norm(name + "point_linear." + norm, self.conv(name + "point_linear." + conv, y))
        return x + y if x.shape == y.shape else y

    def logits(self, x):
        x = F.hardswish(self.norm("first_conv.bn", self.conv("first_conv.conv", x, stride=2)))
        x = self.block(0, x, 3, 1, 1, F.relu, False)
        for s in range(5):
            for i in range(4 * s, 4 * s + self.d[s]):
                x = self.block(i + 1, x, self.ks[i], self.e[i], STRIDES[s] if i == 4 * s else 1,
                               F.hardswish if SWISH[s] else F.relu, EXCITES[s])
        x = F.hardswish(self.norm("final_expand_layer.bn", self.conv("final_expand_layer.conv", x)))
        x = F.hardswish(self.conv("feature_mix_layer.conv", x.mean((2, 3), keepdim=True))).flatten(1)
        return F.linear(x, self.state["classifier.linear.weight"], self.state["classifier.linear.bias"])


# --- files ---

def write_member(folder, state):
    draw, images = random.Random(5), torch.rand(IMAGES, 3, IMAGE, IMAGE)
    genome = {name: draw.choices(values, k=n) for name, values, n in
              (("ks", (3, 5, 7), 20), ("e", (3, 4, 6), 20), ("d", (2, 3, 4), 5))}
    text = json.dumps({"genome": genome, "parameters": {"image": IMAGE}})
    (folder / "genome.yaml").write_text(text, encoding="utf-8")
    images.numpy().astype("<f4").tofile(folder / "images.f32")
    Member(state, **genome).logits(images).numpy().astype("<f4").tofile(folder / "logits.f32")


def checkpoint(form, widths, classes):
    torch.manual_seed(1)
    state = Tree(form, widths, classes).net().state_dict()
    if form == "new":
        return state
    if form == "deep":
        state = {"module." + name: value for name, value in state.items()}
    return {"state_dict": state, "epoch": 3}


def main():
    folder = Path(sys.argv[1])
    torch.set_num_threads(1)
    for form in ("new", "deep", "flat"):
        torch.save(checkpoint(form, NARROW, 4), folder / f"{form}.pth")
    whole = checkpoint("old", WIDTHS, 1000)
    torch.save(whole, folder / "whole.pth")
    write_member(folder, {name.replace("mobile_inverted_conv", "conv"): t for name, t in whole["state_dict"].items()})


main()
