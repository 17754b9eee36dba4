# SPDX-License-Identifier: MIT
"""Checkpoints of the once-for-all code -> names that the library reads.

The code gives a module whose width or kernel can change its parameters one level deeper: `conv.conv.weight`,
`bn.bn.weight`. Checkpoints differ in which modules these are, in the name of the module in a block, and by what wraps
them. The library reads deeper names in the blocks 1 and later of a supernet, plain ones elsewhere.
"""
import inspect
import re

import torch

DEEPER = re.compile(r"\.(conv|bn|linear)\.\1\.")
ELASTIC = re.compile(r"^(blocks\.[1-9]\d*\.conv\.(?:inverted_bottleneck|depth_conv|point_linear)\.(conv|bn)\.)"
                     r"(?=weight|bias|running)")
FILTER = re.compile(r"^blocks\.[1-9]\d*\.conv\.depth_conv\.conv\.weight$")


def plain_name(name):
    return DEEPER.sub(r".\1.", name.removeprefix("module.").replace(".mobile_inverted_conv.", ".conv."))


def is_supernet(state):
    """Deeper names in its blocks, or all that the largest member has: four blocks in each stage, filters of 7 x 7."""
    if any(DEEPER.search(name) for name in state if ".depth_conv." in name):
        return True
    filters = [value for name, value in state.items() if FILTER.match(plain_name(name))]
    return len(filters) in (16, 20) and all(value.shape[-1] == 7 for value in filters)


def library_tensors(state):
    """Name -> array in single precision: all tensors of floats."""
    deeper = r"\1\2." if is_supernet(state) else r"\1"
    return {ELASTIC.sub(deeper, plain_name(name)): value.detach().float().numpy()
            for name, value in state.items() if torch.is_tensor(value) and value.is_floating_point()}


def load(path):
    """The state dictionary of a checkpoint; code inside of it is not run where PyTorch can tell (1.13 and later)."""
    safely = {"weights_only": True} if "weights_only" in inspect.signature(torch.load).parameters else {}
    state = torch.load(path, map_location="cpu", **safely)
    return state.get("state_dict", state)
