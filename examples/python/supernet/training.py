# SPDX-License-Identifier: MIT
"""Training of all members at once: the sandwich rule with in-place distillation (Yu and Huang, ICCV 2019).

Each step: the largest member learns the labels; the smallest and some random ones learn the mean of the labels and of
what the largest says of the same images (its answers alone are worth nothing in the first hundreds of steps). A plan
may leave the smallest to the random ones, or have the largest alone, as progressive shrinking begins (Cai et al., ICLR
2020). With weight noise every member sees its weights with errors, new ones each time, which is what makes networks
bear the errors of crossbars.
"""
import math
import os
import random
import sys
import time
from collections import namedtuple

import numpy as np
import torch
import torch.nn.functional as F

from .model import LARGEST, SMALLEST, Member, WeightNoise, norm_by_batch, random_genome

Plan = namedtuple("Plan", "steps fall batch rate noise members random_members seed")
# Members of a step beside the largest: those that are always there, and whether random ones are.
BESIDE = {"largest": ([], False), "random": ([], True), "sandwich": ([SMALLEST], True)}
RISE_STEPS = 100
SNAPSHOT_STEPS = 100


# --- what a step sees: a function of the plan and the step, so a run that goes on sees what an unbroken one does ---

def batches(n, plan):
    """Endless (which images, version): every round through all `n` draws a new version."""
    draw = np.random.default_rng(plan.seed)
    version = 0
    while True:
        version += 1
        order = draw.permutation(n)
        for at in range(0, n - plan.batch + 1, plan.batch):
            yield order[at:at + plan.batch], version


def genomes(plan):
    """Endless lists of the members beside the largest."""
    draw, (always, with_random) = random.Random(plan.seed), BESIDE[plan.members]
    while True:
        yield always + [random_genome(draw) for _ in range(plan.random_members * with_random)]


def rate_at(plan, step):
    """Up, then down as a cosine: within the first twentieth and all the rest; or, with `fall`, within the first
    RISE_STEPS and the last `fall` steps, level between, so that a run can become longer while it is there."""
    rise = max(1, plan.steps // 20) if plan.fall is None else RISE_STEPS
    fall = plan.steps - rise if plan.fall is None else plan.fall
    if step < rise:
        return plan.rate * (step + 1) / rise
    return plan.rate * 0.5 * (1 + math.cos(math.pi * max(0, step - plan.steps + fall) / max(1, fall)))


# --- snapshots ---

def write_snapshot(path, plan, state):
    """Never half a file: a run may end at any time."""
    torch.save({"plan": dict(plan._asdict()), **state}, path + ".new")
    os.replace(path + ".new", path)


def read_snapshot(path, plan):
    """None where there is none yet. `steps` and `fall` may differ from the snapshot's, nothing else."""
    if path is None or not os.path.exists(path):
        return None
    state = torch.load(path)
    then, now = ({k: v for k, v in about.items() if k not in ("steps", "fall")} for about in
                 (state["plan"], plan._asdict()))
    if then != now:
        raise ValueError(f"{path} was written with {then}, not with {now}")
    return state


# --- training ---


def step_all(tensors, images, labels, change, others):
    """Adds the gradients of the largest member and of `others`; returns the largest's loss."""
    logits = Member(tensors, LARGEST, norm_by_batch, change).logits(images)
    loss = F.cross_entropy(logits, labels)
    loss.backward()
    soft = (F.softmax(logits.detach(), dim=1) + F.one_hot(labels, logits.shape[1])) / 2
    for genome in others:
        F.cross_entropy(Member(tensors, genome, norm_by_batch, change).logits(images), soft).backward()
    return loss.item()


class Run:
    """Tensors, optimizer and random errors, as they change from step to step."""

    def __init__(self, tensors, plan):
        self.tensors, self.plan = tensors, plan
        self.step, self.mean = 0, None
        self.generator = torch.Generator().manual_seed(plan.seed)
        self.change = WeightNoise(plan.noise, self.generator)
        for tensor in tensors.values():
            tensor.requires_grad_()
        self.optimizer = torch.optim.AdamW(tensors.values(), lr=plan.rate, weight_decay=0.01)

    def state(self):
        return {"step": self.step, "mean": self.mean, "generator": self.generator.get_state(),
                "tensors": {name: t.detach() for name, t in self.tensors.items()},
                "optimizer": self.optimizer.state_dict()}

    def go_on_from(self, state):
        self.step, self.mean = state["step"], state["mean"]
        self.generator.set_state(state["generator"])
        self.optimizer.load_state_dict(state["optimizer"])
        with torch.no_grad():
            for name, tensor in self.tensors.items():
                tensor.copy_(state["tensors"][name])
        for tensor in self.optimizer.state:  # those that had a gradient: none in the next step counts as zero
            tensor.grad = torch.zeros_like(tensor)

    def learn(self, images, labels, members):
        self.optimizer.param_groups[0]["lr"] = rate_at(self.plan, self.step)
        self.optimizer.zero_grad()
        loss = step_all(self.tensors, images, labels, self.change, members)
        self.optimizer.step()
        self.mean = loss if self.mean is None else 0.98 * self.mean + 0.02 * loss
        self.step += 1


def train(tensors, source, labels, plan, snapshot=None, report=sys.stderr):
    """Changes `tensors`; `source(which, version)` gives images. The same plan on the same machine with one thread gives
    the same numbers, also when it goes on from the file `snapshot`, which is written as it runs."""
    run, start = Run(tensors, plan), time.monotonic()
    state = read_snapshot(snapshot, plan)
    if state:
        run.go_on_from(state)
    first = run.step
    for step, (which, version), members in zip(range(plan.steps), batches(len(labels), plan), genomes(plan)):
        if step < first:
            continue
        run.learn(torch.from_numpy(source(which, version)), torch.from_numpy(labels[which].astype(np.int64)), members)
        if run.step % SNAPSHOT_STEPS == 0 or run.step == plan.steps:
            seconds = time.monotonic() - start
            print(f"step {run.step} of {plan.steps}: loss {run.mean:.4f}, {seconds:.0f} s", file=report, flush=True)
            if snapshot:
                write_snapshot(snapshot, plan, run.state())
    for tensor in tensors.values():
        tensor.requires_grad_(False)
