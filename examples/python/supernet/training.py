# SPDX-License-Identifier: MIT
"""Training of all members at once: the sandwich rule with in-place distillation (Yu and Huang, ICCV 2019).

Each step: the largest member learns the labels; the smallest and some random ones learn the mean of the labels and of
what the largest says of the same images (its answers alone are worth nothing in the first hundreds of steps). With
weight noise every member sees its weights with errors, new ones each time, which is what makes networks bear the errors
of crossbars.
"""
import math
import random
import sys
import time
from collections import namedtuple

import numpy as np
import torch
import torch.nn.functional as F

from .model import LARGEST, SMALLEST, Member, WeightNoise, norm_by_batch, random_genome

Plan = namedtuple("Plan", "steps batch rate noise random_members seed")


def batches(source, labels, plan):
    """Endless (images, labels): `source(which, version)` gives images; every round through all draws a new version."""
    draw = np.random.default_rng(plan.seed)
    version = 0
    while True:
        version += 1
        order = draw.permutation(len(labels))
        for at in range(0, len(order) - plan.batch + 1, plan.batch):
            which = order[at:at + plan.batch]
            yield torch.from_numpy(source(which, version)), torch.from_numpy(labels[which].astype(np.int64))


def rate_at(plan, step):
    """Up within the first twentieth, then down as a cosine."""
    rise = max(1, plan.steps // 20)
    if step < rise:
        return plan.rate * (step + 1) / rise
    return plan.rate * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, plan.steps - rise)))


def step_all(tensors, images, labels, change, genomes):
    """Adds the gradients of the largest member and of `genomes`; returns the largest's loss."""
    logits = Member(tensors, LARGEST, norm_by_batch, change).logits(images)
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    soft = (F.softmax(logits.detach(), dim=1) + F.one_hot(labels, logits.shape[1])) / 2
    for genome in genomes:
        F.cross_entropy(Member(tensors, genome, norm_by_batch, change).logits(images), soft).backward()
    return loss.item()


def train(tensors, source, labels, plan, report=sys.stderr):
    """Changes `tensors`. The same plan on the same machine with one thread gives the same numbers."""
    draw, generator = random.Random(plan.seed), torch.Generator().manual_seed(plan.seed)
    change = WeightNoise(plan.noise, generator)
    for tensor in tensors.values():
        tensor.requires_grad_()
    optimizer = torch.optim.AdamW(tensors.values(), lr=plan.rate, weight_decay=0.01)
    start, mean = time.monotonic(), None
    for step, (images, answers) in zip(range(plan.steps), batches(source, labels, plan)):
        optimizer.param_groups[0]["lr"] = rate_at(plan, step)
        optimizer.zero_grad()
        genomes = [SMALLEST] + [random_genome(draw) for _ in range(plan.random_members)]
        loss = step_all(tensors, images, answers, change, genomes)
        optimizer.step()
        mean = loss if mean is None else 0.98 * mean + 0.02 * loss
        if step % 100 == 99 or step == plan.steps - 1:
            seconds = time.monotonic() - start
            print(f"step {step + 1} of {plan.steps}: loss {mean:.4f}, {seconds:.0f} s", file=report, flush=True)
    for tensor in tensors.values():
        tensor.requires_grad_(False)
