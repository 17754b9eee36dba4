#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""In: the preset files. Out: one C file with their texts, and for each number the range that they span.

  embed.py OUTPUT FILE...

Reads only the plain form that presets are written in (a section, then `  field: value` lines), so that a build
needs no YAML package; what it cannot read fails the build. Standard library only.
"""
import os
import re
import sys

TOP = re.compile(r'(name|source): "([^"\\]+)"$')
SECTION = re.compile(r"(\w+):$")
FIELD = re.compile(r"  (\w+): (\S+)( +# .*)?$")
PROVENANCE = re.compile(r"  [\w.]+: \{status: (stated|derived|assumed), where: \"[^\"]+\"\}$")


def fail(path, number, text):
    sys.exit(f"{path}:{number}: {text}")


def read(path):
    """(name and source, {dotted field: text})"""
    texts, values, section = {}, {}, ""
    with open(path, encoding="ascii") as file:
        lines = file.read().splitlines()
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#") or line == "schema: rramnas.preset/1":
            continue
        top, begin, field = TOP.match(line), SECTION.match(line), FIELD.match(line)
        if top:
            texts[top[1]] = top[2]
        elif begin:
            section = begin[1]
        elif section == "provenance" and PROVENANCE.match(line):
            continue
        elif section not in ("", "provenance") and field:
            values[f"{section}.{field[1]}"] = field[2]
        else:
            fail(path, number, f"not a line of a preset: {line}")
    if set(texts) != {"name", "source"}:
        fail(path, 1, "needs name and source")
    return texts, values


def ranges(presets):
    """[(field, smallest, largest)] of the numbers above 0."""
    numbers = {}
    for _, values in presets:
        for field, text in values.items():
            try:
                value = float(text)
            except ValueError:
                continue
            if value > 0:
                numbers.setdefault(field, []).append(value)
    return [(field, min(v), max(v)) for field, v in sorted(numbers.items())]


def write(output, paths):
    presets = [read(path) for path in paths]
    stems = [os.path.splitext(os.path.basename(path))[0] for path in paths]
    if len(set(stems)) != len(stems):
        sys.exit("two presets have one name")
    out = ["/* Made by embed.py from the preset files. */", '#include "hw/presets.h"', ""]
    for i, path in enumerate(paths):
        with open(path, "rb") as file:
            data = file.read()
        out.append(f"static const char text_{i}[] = {{")
        out += [",".join(str(byte) for byte in data[at:at + 32]) + "," for at in range(0, len(data), 32)]
        out.append("0};")
    out.append("const rrn_preset rrn_presets[] = {")
    for i, (path, stem, (texts, _)) in enumerate(zip(paths, stems, presets)):
        folder = os.path.basename(os.path.dirname(path))
        kind = {"chips": "RRAMNAS_PRESET_CHIP", "devices": "RRAMNAS_PRESET_DEVICE"}[folder]
        out.append(f'  {{ "{stem}", "preset:{stem}", "{texts["name"]}", "{texts["source"]}", text_{i}, '
                   f"sizeof(text_{i}) - 1, {kind} }},")
    out.append("};")
    out.append("const size_t rrn_n_presets = sizeof(rrn_presets) / sizeof(rrn_presets[0]);")
    out.append("const rrn_preset_range rrn_preset_ranges[] = {")
    out += [f'  {{ "{field}", {low!r}, {high!r} }},' for field, low, high in ranges(presets)]
    out.append("};")
    out.append("const size_t rrn_n_preset_ranges = sizeof(rrn_preset_ranges) / sizeof(rrn_preset_ranges[0]);")
    with open(output, "w", encoding="ascii") as file:
        file.write("\n".join(out) + "\n")


write(sys.argv[1], sys.argv[2:])
