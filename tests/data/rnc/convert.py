#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the text files of this folder from RNC's golden JSON: convert.py FOLDER-WITH-JSON"""
import glob
import json
import os
import sys

source = sys.argv[1]


def load(pattern):
    for path in sorted(glob.glob(os.path.join(source, pattern))):
        with open(path) as f:
            yield json.load(f)


def join(values):
    return ' '.join(repr(v) if isinstance(v, float) else str(int(v)) for v in values)


def runs(rows):
    """Equal neighbouring rows with their number in front."""
    out = []
    for row in rows:
        if out and out[-1][1] == row:
            out[-1][0] += 1
        else:
            out.append([1, row])
    return out


def random_order(seed, n):
    import numpy
    numpy.random.seed(seed)
    return [int(i) for i in numpy.argsort(numpy.random.uniform(0, 1, n))]


with open('genomes.txt', 'w') as out:
    for d in load('layers_ofa*.json'):
        g = d['genome']
        out.write(f"{d['net']} {join(g['ks'])} {join(g['e'])} {join(g['d'])}\n")

with open('split.txt', 'w') as out:
    for d in load('split_*.json'):
        for c in d['cases']:
            rows = runs(c['boxes'])
            out.write(f"case {d['net']} {c['xbar']} {c['subarray']} {c['dsf']} {c['n']} {len(rows)}\n")
            for n, b in rows:
                out.write(f"{n} {join(b)}\n")

with open('dup.txt', 'w') as out:
    for d in load('dup_*.json'):
        with open(os.path.join(source, f"layers_{d['net']}.json")) as f:
            order = json.load(f)['rate_order']
        tries = [(c['num_crossbars'], t) for c in d['cases'] for t in c['tries']]
        out.write(f"net {d['net']} {d['bottleneck']} {len(d['rates'])} {len(tries)}\n")
        out.write(join(d['rates']) + '\n' + join(order) + '\n')
        for n, t in tries:
            out.write(f"{n} {t['margin']!r} {int(t['feasible'])} {int(t.get('xb') or 0)}\n")

with open('pack.txt', 'w') as out:
    for d in list(load('pack_*.json')) + list(load('duppack_*.json')):
        for c in d['cases']:
            if not c.get('packed', True):
                continue
            rules = c.get('heuristic', True)
            given = c['order'] != random_order(c['seed'], len(c['order']))
            out.write(f"case {d['net']} {d['xbar']} {c.get('dsf', d.get('dsf', 1))} {c['seed']} "
                      f"{c.get('layer_threshold', 1) if rules else -1} {c.get('max_load', 6) if rules else 0} "
                      f"{c['num_crossbars']} {int(c.get('find_solution', False))} {c['opened']} "
                      f"{len(c['boxes'])} {len(c['sim'])} {int('x' in c)} {int(given)}\n")
            if 'x' in c:
                out.write(join(c['x']) + '\n')
            if given:
                out.write(join(c['order']) + '\n')
            for b in c['boxes']:
                out.write(join(b[5:8]) + '\n')
            for s in c['sim']:
                out.write(join(s) + '\n')

with open('baseline.txt', 'w') as out:
    for d in load('baseline_*.json'):
        for net, cases in d['nets'].items():
            for c in cases:
                for s in c['sim']:
                    out.write(f"{net} {d['xbar']} {c['dsf']} {c['crossbars']} {join(s)}\n")
