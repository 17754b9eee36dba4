#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The library from Python with ctypes alone, as a binding's author would begin: load by soname, declare the
functions, mirror the structs, compile a network, check the mapping, see an error, get the same bytes twice.

RRAMNAS_LIBRARY_PATH names the library (default: the soname, found by the loader). RRAMNAS_NETWORKS names the
folder with example networks. Prints TAP.
"""
import ctypes
import os
import sys
from ctypes import POINTER, byref, c_char, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint32, c_void_p

ERR_DOES_NOT_FIT, ERR_RANGE, ERR_ARGUMENT = -9, -5, -1
REPORT_JSON = 1
FORMAT_YAML = 1
MAX_RANK, MAX_SPATIAL = 8, 3
OP_CONV, OP_GEMM, OP_FLATTEN = 1, 2, 81


class SizeFirst(ctypes.Structure):
    """A struct of the library: the first field is its size, everything else 0 = default."""

    def __init__(self, **values):
        super().__init__(size=ctypes.sizeof(self), **values)


class Error(SizeFirst):
    _fields_ = [("size", c_size_t), ("code", c_int32), ("line", c_int32), ("column", c_int32),
                ("reserved", c_int32), ("offset", c_int64), ("message", c_char * 1024)]


class Node(SizeFirst):
    _fields_ = [("size", c_size_t), ("name", c_char_p), ("inputs", POINTER(c_int32)), ("n_inputs", c_int32),
                ("op", c_int32), ("out_channels", c_int64), ("kernel", c_int64 * MAX_SPATIAL),
                ("stride", c_int64 * MAX_SPATIAL), ("dilation", c_int64 * MAX_SPATIAL),
                ("pad", c_int64 * (2 * MAX_SPATIAL)), ("groups", c_int64), ("dims", c_int64 * MAX_RANK),
                ("n_dims", c_int32), ("axis", c_int32), ("keep_dims", c_int32), ("no_bias", c_int32),
                ("ceil_mode", c_int32), ("reserved", c_int32)]


class CompileOptions(SizeFirst):
    _fields_ = [("size", c_size_t), ("policy", c_int32), ("crossbars", c_int32), ("seed", c_uint32),
                ("seed_mode", c_int32), ("depth_split", c_int32), ("layer_threshold", c_int32),
                ("max_load", c_int32), ("no_duplication", c_int32), ("find_solution", c_int32),
                ("reserved", c_int32), ("margins", POINTER(c_double)), ("n_margins", c_size_t),
                ("copies", POINTER(c_int32)), ("n_copies", c_size_t)]


class MappingInfo(SizeFirst):
    _fields_ = [("size", c_size_t), ("policy", c_int32), ("crossbars_available", c_int32),
                ("crossbars_used", c_int32), ("crossbars_bound", c_int32), ("tries", c_int32),
                ("duplicated", c_int32), ("n_pieces", c_int64), ("n_placements", c_int64),
                ("utilization", c_double), ("margin", c_double)]


class Timing(SizeFirst):
    _fields_ = [("size", c_size_t), ("latency_ns", c_double), ("contention_free_ns", c_double),
                ("baseline_latency_ns", c_double), ("speedup", c_double)]


WriteFn = ctypes.CFUNCTYPE(c_int32, c_void_p, POINTER(c_char), c_size_t)
Handle = c_void_p

lib = ctypes.CDLL(os.environ.get("RRAMNAS_LIBRARY_PATH", "librramnas.so.0"))
for name, result, arguments in [
    ("rramnas_version", c_char_p, []),
    ("rramnas_version_abi", c_int32, []),
    ("rramnas_status_name", c_char_p, [c_int32]),
    ("rramnas_hw_create_default", c_int32, [c_void_p, POINTER(Handle), POINTER(Error)]),
    ("rramnas_hw_load_buffer", c_int32,
     [c_char_p, c_size_t, c_char_p, c_int32, c_void_p, POINTER(Handle), POINTER(Error)]),
    ("rramnas_hw_with_value", c_int32, [Handle, c_char_p, c_char_p, POINTER(Handle), POINTER(Error)]),
    ("rramnas_hw_get_number", c_int32, [Handle, c_char_p, POINTER(c_double)]),
    ("rramnas_hw_unref", None, [Handle]),
    ("rramnas_net_create", c_int32, [c_char_p, c_void_p, POINTER(Handle), POINTER(Error)]),
    ("rramnas_net_add_input", c_int32,
     [Handle, c_char_p, POINTER(c_int64), c_int32, POINTER(c_int32), POINTER(Error)]),
    ("rramnas_net_add_node", c_int32, [Handle, POINTER(Node), POINTER(c_int32), POINTER(Error)]),
    ("rramnas_net_finish", c_int32, [Handle, POINTER(Error)]),
    ("rramnas_net_load_file", c_int32, [c_char_p, c_void_p, c_void_p, POINTER(Handle), POINTER(Error)]),
    ("rramnas_net_layer_count", c_size_t, [Handle]),
    ("rramnas_net_unref", None, [Handle]),
    ("rramnas_compile", c_int32,
     [Handle, Handle, POINTER(CompileOptions), c_void_p, POINTER(Handle), POINTER(Error)]),
    ("rramnas_mapping_get_info", c_int32, [Handle, POINTER(MappingInfo)]),
    ("rramnas_mapping_get_placements", c_int32, [Handle, POINTER(c_int32), c_size_t]),
    ("rramnas_mapping_get_copies", c_int32, [Handle, POINTER(c_int32), c_size_t]),
    ("rramnas_mapping_simulate", c_int32, [Handle, c_void_p, POINTER(Timing), POINTER(Error)]),
    ("rramnas_mapping_write", c_int32, [Handle, c_int32, c_void_p, WriteFn, c_void_p, POINTER(Error)]),
    ("rramnas_mapping_unref", None, [Handle]),
]:
    function = getattr(lib, name)
    function.restype, function.argtypes = result, arguments


class Failure(Exception):
    def __init__(self, status, error):
        super().__init__(error.message.decode())
        self.status, self.error = status, error


def call(function, *arguments):
    """Calls with an Error as the last argument; a negative status becomes an exception."""
    error = Error()
    status = function(*arguments, byref(error))
    if status < 0:
        raise Failure(status, error)
    return status


def hardware(changes=()):
    hw = Handle()
    call(lib.rramnas_hw_create_default, None, byref(hw))
    for field, value in changes:
        changed = Handle()
        call(lib.rramnas_hw_with_value, hw, field, value, byref(changed))
        lib.rramnas_hw_unref(hw)
        hw = changed
    return hw


def number(hw, field):
    value = c_double()
    assert lib.rramnas_hw_get_number(hw, field, byref(value)) == 0, field
    return value.value


def add(net, op, tensor, **values):
    node, output = Node(op=op, n_inputs=1, **values), c_int32()
    node.inputs = ctypes.pointer(c_int32(tensor))
    call(lib.rramnas_net_add_node, net, byref(node), byref(output))
    return output.value


def built_network():
    net, tensor = Handle(), c_int32()
    kernel, pad = (c_int64 * 3)(3, 3), (c_int64 * 6)(1, 1, 1, 1)
    call(lib.rramnas_net_create, b"tiny", None, byref(net))
    call(lib.rramnas_net_add_input, net, b"image", (c_int64 * 4)(1, 3, 16, 16), 4, byref(tensor))
    x = add(net, OP_CONV, tensor.value, out_channels=16, kernel=kernel, pad=pad)
    x = add(net, OP_CONV, x, out_channels=16, kernel=kernel, pad=pad, groups=16)
    x = add(net, OP_FLATTEN, x, axis=1)
    add(net, OP_GEMM, x, out_channels=10)
    call(lib.rramnas_net_finish, net)
    return net


def loaded_network():
    """An example of the tree, when it is there."""
    path = os.path.join(os.environ.get("RRAMNAS_NETWORKS", ""), "squeezenet1_1.yaml")
    if not os.path.exists(path):
        return built_network()
    net = Handle()
    call(lib.rramnas_net_load_file, os.fsencode(path), None, None, byref(net))
    return net


class Compiled:
    """Everything that a run gives, as Python values."""

    def __init__(self, hw, net, crossbars, seed=0):
        mapping, info, timing, options = Handle(), MappingInfo(), Timing(), CompileOptions()
        options.crossbars, options.seed = crossbars, seed
        call(lib.rramnas_compile, hw, net, byref(options), None, byref(mapping))
        try:
            assert lib.rramnas_mapping_get_info(mapping, byref(info)) == 0
            flat = (c_int32 * (8 * info.n_placements))()
            assert lib.rramnas_mapping_get_placements(mapping, flat, info.n_placements) == 0
            self.placements = [tuple(flat[8 * i:8 * i + 8]) for i in range(info.n_placements)]
            copies = (c_int32 * lib.rramnas_net_layer_count(net))()
            assert lib.rramnas_mapping_get_copies(mapping, copies, len(copies)) == 0
            self.copies = list(copies)
            call(lib.rramnas_mapping_simulate, mapping, None, byref(timing))
            self.latency_ns = timing.latency_ns
            self.speedup = timing.speedup
            self.used = info.crossbars_used
            pieces = []
            write = WriteFn(lambda _, data, length: pieces.append(ctypes.string_at(data, length)) or 0)
            call(lib.rramnas_mapping_write, mapping, REPORT_JSON, None, write, None)
            self.report = b"".join(pieces)
        finally:
            lib.rramnas_mapping_unref(mapping)


def version_is_the_headers():
    assert lib.rramnas_version_abi() == 0
    assert lib.rramnas_version().count(b".") == 2


def mapping_is_sound():
    hw, net = hardware(), loaded_network()
    rows, columns = number(hw, b"crossbar.rows"), number(hw, b"crossbar.cols")
    minimum = Compiled(hw, net, -1)  # RRAMNAS_CROSSBARS_AUTO
    result = Compiled(hw, net, 2 * minimum.used)
    boxes = {}
    for layer, piece, copy, crossbar, row, column, height, width in result.placements:
        assert 0 <= copy < result.copies[layer] and piece >= 0
        assert 0 <= crossbar < 2 * minimum.used
        assert row >= 0 and column >= 0 and height > 0 and width > 0
        assert row + height <= rows and column + width <= columns, "outside of the crossbar"
        for other_row, other_column, other_height, other_width in boxes.setdefault(crossbar, []):
            assert (row + height <= other_row or other_row + other_height <= row or column + width <= other_column
                    or other_column + other_width <= column), f"overlap in crossbar {crossbar}"
        boxes[crossbar].append((row, column, height, width))
    assert len(boxes) == result.used
    assert result.latency_ns > 0 and result.latency_ns <= minimum.latency_ns
    lib.rramnas_net_unref(net)
    lib.rramnas_hw_unref(hw)


def same_bytes_twice():
    results = []
    for _ in range(2):
        hw, net = hardware([(b"crossbar.rows", b"128")]), built_network()
        results.append(Compiled(hw, net, 40, seed=7))
        lib.rramnas_net_unref(net)
        lib.rramnas_hw_unref(hw)
    first, second = results
    assert first.placements == second.placements
    assert first.latency_ns == second.latency_ns
    assert first.report == second.report and len(first.report) > 100


def failures_explain_themselves():
    hw, net = hardware(), loaded_network()
    try:
        Compiled(hw, net, 1)
        raise AssertionError("compiled onto one crossbar")
    except Failure as failure:
        assert failure.status == failure.error.code == ERR_DOES_NOT_FIT
        assert lib.rramnas_status_name(failure.status) == b"RRAMNAS_ERR_DOES_NOT_FIT"
        assert "crossbar" in str(failure)
    try:
        hardware([(b"adc.bits", b"400")])
        raise AssertionError("400-bit converter accepted")
    except Failure as failure:
        assert failure.status == ERR_RANGE and "adc.bits" in str(failure)
    text, kept = b"crossbar:\n  rows: nonsense\n", Handle(42)
    try:
        call(lib.rramnas_hw_load_buffer, text, len(text), b"my.yaml", FORMAT_YAML, None, byref(kept))
        raise AssertionError("nonsense accepted")
    except Failure as failure:
        assert failure.error.line == 2 and str(failure).startswith("my.yaml:2:"), str(failure)
        assert kept.value == 42, "a failing call wrote its result"
    options, mapping = CompileOptions(), Handle()
    options.size = 3
    assert lib.rramnas_compile(hw, net, byref(options), None, byref(mapping), None) == ERR_ARGUMENT
    lib.rramnas_net_unref(net)
    lib.rramnas_hw_unref(hw)


def main():
    tests = [version_is_the_headers, mapping_is_sound, same_bytes_twice, failures_explain_themselves]
    failed = 0
    print(f"1..{len(tests)}")
    for i, test in enumerate(tests, 1):
        try:
            test()
            print(f"ok {i} {test.__name__}")
        except (AssertionError, Failure) as problem:
            failed += 1
            line = problem.__traceback__.tb_next.tb_lineno
            print(f"not ok {i} {test.__name__}\n# line {line}: {type(problem).__name__} {problem}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
