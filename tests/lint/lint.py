#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks of the tree that no compiler does. Standard library only.

  lint.py source ROOT     text form, licence lines, what library code must not call, direction of includes
  lint.py errors ROOT     doc/errors.yaml == enum rramnas_status
  lint.py spelling ROOT   codespell, when installed (else status 77)
"""
import os
import re
import shutil
import subprocess
import sys

# A folder of lib/ may include itself and what stands before it: lib/README.md.
ORDER = ["util", "hw", "net", "weights", "data", "infer", "mnsim", "compile", "timing", "best", "cost", "xbar", "accuracy", "search", "space",
         "evaluate", "session", "report", "api", "mpi"]
TOP = {
    "meson.build", "meson_options.txt", "include", "lib", "examples", "tests", "subprojects", "doc", ".ci",
    "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", ".gitignore",
}
TEXT = (".c", ".h", ".cpp", ".py", ".sh", ".md", ".build", ".txt", ".map", ".wrap", ".in")
CODE = (".c", ".h", ".cpp")
FORBIDDEN = {
    r"\b(?:printf|fprintf|puts|putchar|perror|vprintf)\s*\(": "the library prints nothing",
    r"\b(?:exit|_exit|abort|quick_exit)\s*\(": "the library never ends the process",
    r"\b(?:setlocale|uselocale|newlocale)\s*\(": "the library leaves the locale alone",
    r"\b(?:rand|srand|random|srandom|drand48)\s*\(": "random numbers come from a seeded generator",
    r"\b(?:strtod|strtof|atof|atoi|atol|sscanf)\s*\(": "numbers are read independent of locale: util/text.h",
    r"\b(?:strcat|sprintf|vsprintf|gets|strtok)\s*\(": "unbounded or with hidden state",
    r"\bassert\s*\(\s*!\s*\"": "reachable faults are statuses",
}
ALLOCATOR = r"\b(?:malloc|calloc|realloc|free)\s*\("

faults = []


def fault(path, line, text):
    faults.append(f"{path}:{line}: {text}" if line else f"{path}: {text}")


def tracked(root):
    """The files of the product: what git knows, or everything outside of build folders without git."""
    try:
        output = subprocess.run(["git", "-C", root, "ls-files", "-co", "--exclude-standard"], check=True,
                                capture_output=True, text=True).stdout
        names = output.splitlines()
    except (OSError, subprocess.CalledProcessError):
        names = []
        for folder, folders, files in os.walk(root):
            folders[:] = [f for f in folders if f != ".git" and not f.startswith("build")]
            names += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    return sorted(name for name in names if os.path.isfile(os.path.join(root, name)))


def read(root, name):
    with open(os.path.join(root, name), encoding="utf-8", newline="") as file:
        return file.read()


def code_only(text):
    """Comments and strings blanked out, lines kept."""
    def blank(match):
        return re.sub(r"[^\n]", " ", match[0])
    return re.sub(r"/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])'", blank, text, flags=re.S)


def each_match(pattern, text):
    for match in re.finditer(pattern, text):
        yield text.count("\n", 0, match.start()) + 1, match


def check_text(name, text):
    if text and not text.endswith("\n"):
        fault(name, 0, "does not end with a newline")
    if "\r" in text:
        fault(name, 0, "has carriage returns")
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip() and not name.endswith(".md"):
            fault(name, number, "blanks at the end of the line")
        if "\t" in line and name.endswith(CODE):
            fault(name, number, "tab")
    for number, match in each_match(r"(?<![\w.@}$)/])/(?:home|root|work|tmp|Users|mnt)/[\w./-]+", text):
        fault(name, number, f"path of a machine: {match[0]}")


def check_library(name, text):
    code = code_only(text)
    if not text.startswith("/* SPDX-License-Identifier: MIT */\n"):
        fault(name, 1, "first line is not the licence line")
    for pattern, reason in FORBIDDEN.items():
        if name == "lib/util/text.c" and "strtod" in pattern:
            continue
        for number, match in each_match(pattern, code):
            fault(name, number, f"{match[0].rstrip('( ')}: {reason}")
    if not name.startswith("lib/util/"):
        for number, match in each_match(r"(?<![.>\w])" + ALLOCATOR[2:], code):
            fault(name, number, f"{match[0].rstrip('( ')}: memory comes from the handle's allocator, util/runtime.h")
    folder = name.split("/")[1]
    if folder not in ORDER:
        fault(name, 0, f"{folder} is not in the map of lib/README.md")
        return
    for number, match in each_match(r'#include "([^"]+)"', text):
        target = match[1].split("/")[0]
        if target == "rramnas" or (folder == target and "/" in match[1]):
            continue
        if target not in ORDER:
            fault(name, number, f'"{match[1]}": write the folder, "{folder}/{match[1]}"')
        elif ORDER.index(target) > ORDER.index(folder):
            fault(name, number, f"{folder} must not include {target}: see lib/README.md")


def check_source(root):
    names = tracked(root)
    for name in names:
        if name.split("/")[0] not in TOP:
            fault(name, 0, "does not belong at the top level")
        if not name.endswith(TEXT) or name.startswith(("tests/data/", "tests/golden/", "tests/fuzz/corpus/")):
            continue
        text = read(root, name)
        check_text(name, text)
        if name.endswith(CODE) and "SPDX-License-Identifier: MIT" not in text[:200]:
            fault(name, 1, "no licence line")
        if name.startswith("lib/") and name.endswith((".c", ".h")):
            check_library(name, text)
    print(f"{len(names)} files")


def check_errors(root):
    header = read(root, "include/rramnas/rramnas.h")
    body = re.search(r"^enum rramnas_status \{(.*?)^\};", header, re.M | re.S)[1]
    codes = {name: int(code) for name, code in re.findall(r"^\s*(RRAMNAS_\w+) = (-?\d+)", body, re.M)}
    text = read(root, "doc/errors.yaml")
    listed = {}
    for entry in re.split(r"^- ", text, flags=re.M)[1:]:
        values = dict(re.findall(r"^(?:  )?(\w+): *(.*(?:\n    .*)*)", entry, re.M))
        name = values.get("name", "?")
        listed[name] = int(values.get("code", "0"))
        for key in ("code", "name", "meaning", "example", "cure"):
            if not values.get(key, "").strip(" >|\n"):
                fault("doc/errors.yaml", 0, f"{name} has no {key}")
    for name in codes.keys() | listed.keys():
        if codes.get(name) != listed.get(name):
            fault("doc/errors.yaml", 0, f"{name} is {listed.get(name)}, the header says {codes.get(name)}")
    print(f"{len(codes)} statuses")


def check_spelling(root):
    if not shutil.which("codespell"):
        print("codespell is not installed")
        sys.exit(77)
    names = [n for n in tracked(root) if n.endswith((".c", ".h", ".cpp", ".py", ".md", ".yaml", ".build", ".sh"))
             and not n.startswith(("tests/fuzz/corpus/", "tests/data/", "tests/golden/"))]
    ignored = os.path.join(root, "tests/lint/words.txt")
    result = subprocess.run(["codespell", "--ignore-words", ignored, *names], cwd=root)
    if result.returncode != 0:
        fault("codespell", 0, "misspelt words (real words go to tests/lint/words.txt)")


def main():
    command, root = sys.argv[1:]
    {"source": check_source, "errors": check_errors, "spelling": check_spelling}[command](root)
    for text in faults:
        print(text)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
