#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A search whose candidates are judged by an engine of Python's: processes of this machine, or a Dask cluster.

  search_on_engine.py [--dask ADDRESS] [--workers N] [--generations N] [--seed N] [SPACE]

The loop is the whole idea: ask for candidates, submit them, tell what comes back, in any order. The course of the search
does not depend on who was faster, so the front is that of rramnas_search_run(), byte for byte. An engine needs no more
than submit(function, argument) and futures that can be waited for; Ray's are wrapped in the same way.

RRAMNAS_LIBRARY_PATH names the library; by default the loader finds it by its soname.
"""
import argparse
import concurrent.futures
import ctypes
import importlib
import os
from ctypes import POINTER, byref, c_char, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint64, c_void_p

OBJECTIVES = ["speedup_vs_isaac", "energy_pj"]
PIECE = 4  # candidates that a worker takes at a time


class SizeFirst(ctypes.Structure):
    """A struct of the library: the first field is its size, everything else 0 = default."""

    def __init__(self, **values):
        super().__init__(size=ctypes.sizeof(self), **values)


class Error(SizeFirst):
    _fields_ = [("size", c_size_t), ("code", c_int32), ("line", c_int32), ("column", c_int32), ("reserved", c_int32),
                ("offset", c_int64), ("message", c_char * 1024)]


class CompileOptions(SizeFirst):
    _fields_ = [("size", c_size_t), ("policy", c_int32), ("crossbars", c_int32)]


class SearchOptions(SizeFirst):
    _fields_ = [("size", c_size_t), ("seed", c_uint64), ("strategy", c_int32), ("population", c_int32)]


class Progress(SizeFirst):
    _fields_ = [("size", c_size_t), ("generation", c_int64), ("evaluations", c_int64)]


def load_library():
    lib = ctypes.CDLL(os.environ.get("RRAMNAS_LIBRARY_PATH", "librramnas.so.0"))
    doubles, ids = POINTER(c_double), POINTER(c_int64)
    for name, result, *arguments in [
        ("search_create_ready", c_int32, c_char_p, c_void_p, POINTER(c_void_p), POINTER(Error)),
        ("search_unref", None, c_void_p),
        ("search_set_compile", c_int32, c_void_p, POINTER(CompileOptions), c_void_p, POINTER(Error)),
        ("search_add_objective", c_int32, c_void_p, c_char_p, c_int32, POINTER(Error)),
        ("search_start", c_int32, c_void_p, POINTER(SearchOptions), POINTER(Error)),
        ("search_gene_count", c_size_t, c_void_p),
        ("search_ask", c_int32, c_void_p, c_size_t, doubles, ids, POINTER(c_size_t), POINTER(Error)),
        ("search_evaluate", c_int32, c_void_p, doubles, c_size_t, c_int32, doubles, doubles, POINTER(Error)),
        ("search_tell", c_int32, c_void_p, ids, doubles, doubles, c_size_t, POINTER(Error)),
        ("search_progress", c_int32, c_void_p, POINTER(Progress)),
        ("search_front_count", c_size_t, c_void_p),
        ("search_front", c_int32, c_void_p, c_size_t, doubles, doubles),
        ("policy_from_name", c_int32, c_char_p, POINTER(c_int32)),
    ]:
        function = getattr(lib, "rramnas_" + name)
        function.restype, function.argtypes = result, arguments
    return lib


class Search:
    """A session: the same on the side that asks and on the side that judges."""

    def __init__(self, space, seed):
        self.lib, self.handle, self.error = load_library(), c_void_p(), Error()
        self._call("search_create_ready", space.encode(), None, byref(self.handle), handle=False)
        policy = c_int32()
        self.lib.rramnas_policy_from_name(b"rnc", byref(policy))
        self._call("search_set_compile", byref(CompileOptions(policy=policy, crossbars=210)), None)
        for name in OBJECTIVES:
            self._call("search_add_objective", name.encode(), 0)
        self._call("search_start", byref(SearchOptions(seed=seed, population=40)))
        self.genes = self.lib.rramnas_search_gene_count(self.handle)

    def __del__(self):
        self.lib.rramnas_search_unref(self.handle)

    def _call(self, name, *arguments, handle=True):
        first = [self.handle] if handle else []
        if getattr(self.lib, "rramnas_" + name)(*first, *arguments, byref(self.error)) < 0:
            raise RuntimeError(self.error.message.decode())

    def ask(self, most):
        """Up to so many candidates: pairs of number and genome."""
        genomes, ids, n = (c_double * (most * self.genes))(), (c_int64 * most)(), c_size_t()
        self._call("search_ask", most, genomes, ids, byref(n))
        return [(ids[i], list(genomes[i * self.genes:(i + 1) * self.genes])) for i in range(n.value)]

    def evaluate(self, genomes):
        n, m = len(genomes), len(OBJECTIVES)
        flat = (c_double * (n * self.genes))(*[value for genome in genomes for value in genome])
        values, shortfalls = (c_double * (n * m))(), (c_double * n)()
        self._call("search_evaluate", flat, n, 1, values, shortfalls)
        return [(list(values[i * m:(i + 1) * m]), shortfalls[i]) for i in range(n)]

    def tell(self, numbers, figures):
        n, m = len(numbers), len(OBJECTIVES)
        values = (c_double * (n * m))(*[value for row, _ in figures for value in row])
        shortfalls = (c_double * n)(*[shortfall for _, shortfall in figures])
        self._call("search_tell", (c_int64 * n)(*numbers), values, shortfalls, n)

    def progress(self):
        p = Progress()
        self.lib.rramnas_search_progress(self.handle, byref(p))
        return p

    def front(self):
        values = (c_double * len(OBJECTIVES))()
        for i in range(self.lib.rramnas_search_front_count(self.handle)):
            self.lib.rramnas_search_front(self.handle, i, None, values)
            yield list(values)


worker = None


def judge(task):
    """What runs on a worker: figures of some genomes. The session is made once per process."""
    global worker
    space, genomes = task
    if worker is None or worker[0] != space:
        worker = space, Search(space, 0)
    return worker[1].evaluate(genomes)


def search(engine, as_completed, judge, space, seed, generations, ahead):
    session, out = Search(space, seed), {}
    while session.progress().generation < generations:
        while len(out) < ahead and (asked := session.ask(PIECE)):
            numbers, genomes = zip(*asked)
            out[engine.submit(judge, (space, genomes))] = numbers
        done = next(iter(as_completed(list(out))))
        session.tell(out.pop(done), done.result())
    return session


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("space", nargs="?", default="ofa-mobilenet-v3-small")
    parser.add_argument("--dask", metavar="ADDRESS", help="scheduler of a Dask cluster; default: processes of this machine")
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    parser.add_argument("--generations", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    if args.dask:
        import distributed
        engine, as_completed = distributed.Client(args.dask), distributed.as_completed
        engine.upload_file(__file__)
    else:
        engine, as_completed = concurrent.futures.ProcessPoolExecutor(args.workers), concurrent.futures.as_completed
    # By its name, so that workers find it in the file that was uploaded.
    by_name = importlib.import_module(os.path.basename(__file__)[:-3]).judge
    session = search(engine, as_completed, by_name, args.space, args.seed, args.generations, 2 * args.workers)
    print(f"{session.progress().evaluations} candidates")
    print(",".join(OBJECTIVES))
    for values in session.front():
        print(",".join(repr(value) for value in values))
    engine.close() if args.dask else engine.shutdown()


if __name__ == "__main__":
    main()
