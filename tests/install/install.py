#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""install.py BUILD_DIR WORK_DIR PREFIX C_CONSUMER CPP_CONSUMER

Installs into an empty folder and builds and runs consumers as users do: through pkg-config alone, linked
to the shared and to the static library, in C and (when there is a compiler) in C++. All must print the same.
"""
import os
import shlex
import shutil
import subprocess
import sys

build, work, prefix, c_consumer, cpp_consumer = sys.argv[1:]


def run(command, **more):
    print("+", shlex.join(command), flush=True)
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **more).stdout


def flags(*options):
    """pkg-config for a package that moved: the prefix it was built for lies inside the work folder now."""
    return shlex.split(run(["pkg-config", f"--define-variable=prefix={root}", *options, "rramnas"]))


shutil.rmtree(work, ignore_errors=True)
run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", work])
root = os.path.join(work, prefix.lstrip("/"))
pc = [folder for folder, _, files in os.walk(root) if "rramnas.pc" in files]
if len(pc) != 1:
    sys.exit(f"expected one rramnas.pc under {root}, found {pc}")
os.environ["PKG_CONFIG_PATH"] = os.pathsep.join([pc[0], os.environ.get("PKG_CONFIG_PATH", "")])
libdir = os.path.dirname(pc[0])

shared = flags("--cflags", "--libs")
# -l:name.a picks the archive although the shared library lies beside it; the rest is as pkg-config says.
static = ["-l:librramnas.a" if flag == "-lrramnas" else flag for flag in flags("--cflags", "--libs", "--static")]
compilers = [("c", os.environ.get("CC", "cc"), c_consumer, ["-std=c11"])]
if shutil.which(os.environ.get("CXX", "c++")):
    compilers.append(("cpp", os.environ.get("CXX", "c++"), cpp_consumer, ["-std=c++17"]))

outputs = {}
for language, compiler, source, standard in compilers:
    for linkage, options in (("shared", shared), ("static", static)):
        program = os.path.join(work, f"consumer-{language}-{linkage}")
        run([*shlex.split(compiler), *standard, "-Wall", "-Wextra", "-Werror", source, "-o", program, *options])
        needed = run(["readelf", "-d", program])
        if ("librramnas.so.0]" in needed) != (linkage == "shared"):
            sys.exit(f"{program} is not linked to the {linkage} library")
        env = dict(os.environ, LD_LIBRARY_PATH=libdir) if linkage == "shared" else None
        outputs[f"{language}-{linkage}"] = run([program], env=env)
for name, text in outputs.items():
    print(f"{name}: {text}", end="")
if len(set(outputs.values())) != 1:
    sys.exit("the consumers disagree")
