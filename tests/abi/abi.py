#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks the public header against what was promised before. Standard library only.

  abi.py symbols HEADER MAP LIBRARY NM      header == version script == exported symbols
  abi.py enums HEADER FROZEN                every constant has its frozen value and none is gone
  abi.py layouts HEADER FILE                FILE pins every field of every public struct
  abi.py links HEADER                       prints a C program that takes the address of every function

RRAMNAS_UPDATE_GOLDEN=1 appends new constants to FROZEN and writes FILE afresh: review the diff.
"""
import os
import re
import subprocess
import sys
import tempfile

update = os.environ.get("RRAMNAS_UPDATE_GOLDEN") == "1"


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def functions(header):
    """Names after the export macro; each declaration is 'RRAMNAS_EXPORT type', newline, name at column 0."""
    names = re.findall(r"^RRAMNAS_EXPORT [^\n]+\n(\w+)\(", header, re.M)
    exports = len(re.findall(r"^RRAMNAS_EXPORT ", header, re.M))
    if len(names) != exports:
        sys.exit(f"{exports} export macros but {len(names)} declarations in the agreed form")
    return names


def constants(header):
    """Enumerators and integer macros, by name. The version is meant to change and is left out."""
    found = dict()
    for body in re.findall(r"^enum \w+ \{(.*?)^\};", header, re.M | re.S):
        for item in filter(None, (part.strip() for part in body.split(","))):
            match = re.fullmatch(r"(RRAMNAS_\w+) = (-?\d+)", item)
            if not match:
                sys.exit(f"enumerator without an explicit value: {item}")
            found[match[1]] = int(match[2])
    for name, value in re.findall(r"^#define (RRAMNAS_\w+) \(?(-?\d+)\)?[ \t]*$", header, re.M):
        if not name.startswith("RRAMNAS_VERSION_"):
            found[name] = int(value)
    return found


def structs(header):
    """(type, [fields]) of every struct whose members the caller sees."""
    found = []
    for name, body in re.findall(r"^typedef struct (\w+) \{(.*?)^\} \1;", header, re.M | re.S):
        fields = []
        for member in filter(None, (part.strip() for part in body.split(";"))):
            pointer = re.search(r"\(\*(\w+)\)", member)
            if pointer:
                fields.append(pointer[1])
            else:
                for word in re.sub(r"\[[^]]*\]", "", member).split(","):
                    fields.append(re.search(r"(\w+)$", word.strip())[1])
        found.append((name, fields))
    return found


def report(title, names):
    for name in sorted(names):
        print(f"{title}: {name}")
    return bool(names)


def check_symbols(header, map_path, library, nm):
    declared = set(functions(header))
    listed = set(re.findall(r"^\s*(\w+);", re.sub(r"local:.*?\}", "", read(map_path), flags=re.S), re.M))
    output = subprocess.run([nm, "-D", "--defined-only", library], check=True, capture_output=True, text=True).stdout
    exported = {line.split()[-1].split("@")[0] for line in output.splitlines() if line.split()[-2] in "TDBRVW"}
    bad = report("in the header but not in the version script", declared - listed)
    bad |= report("in the version script but not in the header", listed - declared)
    bad |= report("in the header but not exported by the library", declared - exported)
    bad |= report("exported by the library but not in the header", exported - declared)
    print(f"{len(declared)} functions")
    return bad


def check_enums(header, path):
    now = constants(header)
    frozen = {name: int(value) for name, value in re.findall(r"^(RRAMNAS_\w+) (-?\d+)$", read(path), re.M)}
    bad = report("value changed", {n for n in now.keys() & frozen.keys() if now[n] != frozen[n]})
    bad |= report("gone (a retired constant stays, marked as deprecated)", frozen.keys() - now.keys())
    new = [name for name in now if name not in frozen]
    if update:
        with open(path, "a", encoding="utf-8") as file:
            file.writelines(f"{name} {now[name]}\n" for name in new)
    else:
        bad |= report("new: run again with RRAMNAS_UPDATE_GOLDEN=1 to freeze its value", new)
    print(f"{len(now)} constants")
    return bad


def layouts_source(found):
    """A program that prints the layouts file for the compiler at hand."""
    lines = ['#include <stdio.h>', '#include "rramnas/rramnas.h"', "int main(void) {"]
    for name, fields in found:
        lines.append(f'printf("\\nSIZE({name}, %zu);\\n", sizeof({name}));')
        lines += [f'printf("AT({name}, {field}, %zu);\\n", offsetof({name}, {field}));' for field in fields]
    return "\n".join(lines + ["return 0; }"])


def check_layouts(header, header_path, path):
    found = structs(header)
    if update:
        include = os.path.dirname(os.path.dirname(os.path.abspath(header_path)))
        with tempfile.TemporaryDirectory() as folder:
            source = os.path.join(folder, "layouts.c")
            with open(source, "w", encoding="utf-8") as file:
                file.write(layouts_source(found))
            program = os.path.join(folder, "layouts")
            subprocess.run([os.environ.get("CC", "cc"), "-I", include, source, "-o", program], check=True)
            rows = subprocess.run([program], check=True, capture_output=True, text=True).stdout
        marker = "/* --- written by abi.py --- */\n"
        head = read(path).split(marker)[0]
        with open(path, "w", encoding="utf-8") as file:
            file.write(head + marker + rows + "\n#endif\n")
    text = read(path)
    pinned = set(re.findall(r"^AT\((\w+), (\w+), \d+\);", text, re.M)) | {
        (name, "") for name in re.findall(r"^SIZE\((\w+), \d+\);", text, re.M)
    }
    public = {(name, field) for name, fields in found for field in [*fields, ""]}
    bad = report("not pinned", {".".join(item) for item in public - pinned})
    bad |= report("pinned but not in the header", {".".join(item) for item in pinned - public})
    print(f"{len(found)} structs")
    return bad


def print_links(header):
    names = functions(header)
    print('#include <stddef.h>\n#include <stdio.h>\n\n#include "rramnas/rramnas.h"\n')
    print("typedef void (*any)(void);\n\nstatic const any functions[] = {")
    for name in names:
        print(f"  (any)&{name},")
    print("};\n\nint\nmain(void)\n{\n  size_t i, n = sizeof(functions) / sizeof(functions[0]);\n")
    print("  for (i = 0; i < n; i++)\n    if (!functions[i])\n      return 1;")
    print('  printf("%d functions\\n", (int)n);\n  return 0;\n}')


def main():
    command, header_path, *rest = sys.argv[1:]
    header = without_comments(read(header_path))
    if command == "symbols":
        return check_symbols(header, *rest)
    if command == "enums":
        return check_enums(header, *rest)
    if command == "layouts":
        return check_layouts(header, header_path, *rest)
    if command == "links":
        return print_links(header)
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
