#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Turns outputs of MNSIM 2.0, kept as JSON, into the tables of this folder: convert.py JSON_FOLDER OUT_FOLDER

JSON_FOLDER holds components.json, buffers.json and network/*.json as README.md describes them.
"""
import glob
import json
import os
import sys

CALLS = {"calculate_model_latency(mode=1)": 0, "nopipe": 2}
DIGITAL = ("adder_bw4", "adder_bw8", "adder_bw16", "multiplier_bw4", "multiplier_bw8", "multiplier_bw16",
           "shiftreg_base4", "shiftreg_base16", "reg_bw4", "reg_bw8", "reg_bw16", "jointmodule_bw4",
           "jointmodule_bw8", "jointmodule_bw12", "jointmodule_bw16")
BUFFER = ("level", "size_KB", "index", "bitwidth", "area_um2", "leakage_mW", "dyn_read_mW", "dyn_write_mW", "read_mW",
          "write_mW", "cycle_ns", "read_latency_100B_ns", "write_latency_100B_ns", "read_energy_100B_nJ",
          "write_energy_100B_nJ")
PARTS = ("xbar", "ADC", "DAC", "digital", "adder", "shiftreg", "iReg", "oReg", "input_demux", "output_mux",
         "jointmodule", "pooling", "buf", "buf_r", "buf_w")
PE_TIMES = ("PE_latency", "PE_buf_wlatency", "PE_buf_rlatency", "xbar_latency", "DAC_latency", "ADC_latency",
            "computing_latency", "iReg_latency", "shiftreg_latency", "input_demux_latency", "adder_latency",
            "output_mux_latency", "oReg_latency", "PE_digital_latency", "decoderLatency", "muxLatency",
            "digital_period")
TIMES = ("buffer", "computing", "DAC", "xbar", "ADC", "digital", "intra_tile", "inter_tile", "tile_merge",
         "tile_transfer", "iReg", "oReg", "input_demux", "output_mux", "shiftreg", "adder", "jointmodule", "pooling",
         "buffer_r", "buffer_w")


def text(value):
    if value is None:
        return ""
    if isinstance(value, float) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)


class Table:
    def __init__(self, path, comment):
        self.file = open(path, "w", encoding="utf-8", newline="\n")
        self.file.write("# " + comment + "\n")
        self.known = set()

    def row(self, record, config, names, values):
        if record not in self.known:
            self.known.add(record)
            self.file.write("#" + ",".join((record, "config") + tuple(names)) + "\n")
        self.file.write(",".join([record, config] + [text(v) for v in values]) + "\n")

    def pick(self, record, config, names, source):
        self.row(record, config, names, [source.get(name) for name in names])

    def set(self, config, overrides, mode=""):
        keys = ";".join(f"{key}={value}" for key, value in overrides.items())
        self.file.write(f"set{mode},{config}|{keys}\n")

    def error(self, config, where, source):
        self.file.write(f"error,{config},{where},{source['error'].replace(',', ';')}\n")


def failed(table, config, where, source):
    if isinstance(source, dict) and "error" in source:
        table.error(config, where, source)
        return True
    return False


def device(table, name, c):
    d, x = c["device"], c["crossbar"]
    table.row("device", name, ("off_ohm", "on_ohm", "initial_read_W", "initial_write_W", "read_W", "read_off_W", "read_on_max_W"),
              (d["resistance_ohm"][0], d["resistance_ohm"][-1], d["init_read_power"], d["init_write_power"],
               d["read_power_default_W"], d["read_power_R=HRS_W"], d["read_power_R=LRS_V=max_W"]))
    failed(table, name, "device.write_power", d["write_power_default_W"])
    if failed(table, name, "crossbar", x):
        return
    table.pick("crossbar", name, ("area_um2", "read_latency_ns", "subarray_num", "load_resistance_ohm",
                                  "wire_resistance_ohm", "wire_capacity_fF"), x)
    if "write" in x:
        full, part = x["read"]
        table.row("estimate", name, ("full_W", "full_nJ", "part_W", "part_nJ", "write_ns", "write_W", "write_nJ"),
                  (full["power_W"], full["energy_nJ"], part["power_W"], part["energy_nJ"], x["write"]["latency_ns"],
                   x["write"]["power_W"], x["write"]["energy_nJ"]))
        return
    for r in x["read"]:
        table.pick("read", name, ("rows", "cols", "utilization", "power_W", "latency_ns", "energy_nJ"), r)
    table.pick("write", name, ("write_latency_full_ns", "write_energy_full_nJ"), x)


def converters(table, name, c):
    names = ("area_um2", "precision_bit", "power_W", "sample_rate_GSps", "latency_ns", "energy_nJ")
    table.pick("dac", name, names, c["dac"])
    table.pick("adc", name, names, c["adc"])
    t = c["adc"]["interval_WL256"]
    first = (t["first3"] + [None, None])[:3]
    table.row("thresholds", name, ("n", "first", "second", "third", "last", "sense_0", "sense_middle", "sense_1e9"),
              [t["n"]] + first + [t["last"], t["sense(0)"], t["sense(first+mid)"], t["sense(1e9)"]])


def digital(table, name, c):
    for block in DIGITAL:
        if block in c["digital"]:
            table.pick(block, name, ("area_um2", "power_W", "latency_asis(1/MHz)", "energy_asis"), c["digital"][block])
    pool = c["digital"]["pooling"]
    if not failed(table, name, "pooling", pool):
        table.pick("pooling", name, ("area_um2", "power_W", "latency_64ch_9_ns", "energy_nJ", "latency_130ch_10_ns"), pool)


def element(table, name, c):
    pe = c["pe"]
    if failed(table, name, "pe", pe):
        return
    table.pick("counts", name, ("PE_xbar_num", "PE_group_ADC_num", "PE_group_DAC_num", "PE_ADC_num", "PE_DAC_num",
                                "input_demux", "output_mux", "PE_adder_num", "group_num"), pe["counts"])
    a = pe["area_um2"]
    table.row("pe_area", name, ("total",) + PARTS[:10] + ("inbuf",),
              [a["PE_area"]] + [a.get(f"PE_{p}_area") for p in PARTS[:10]] + [a["PE_inbuf_area"]])
    for p in pe["read_power_fast_W"]:
        table.row("pe_power", name, ("max_row", "max_column", "max_group", "total") + PARTS[:10] + ("inbuf", "inbuf_r", "inbuf_w"),
                  [p["max_row"], p["max_column"], p["max_group"], p["PE_read_power"]] +
                  [p.get(f"PE_{q}_read_power", p.get(f"{q}_read_power")) for q in PARTS[:10]] +
                  [p["PE_inbuf_read_power"], p["PE_inbuf_read_rpower"], p["PE_inbuf_read_wpower"]])
    table.pick("efficiency", name, ("equ_power_GOPS", "equ_energy_efficiency_GOPSperW"), pe["energy_efficiency"])
    failed(table, name, "pe.read_power_detailed", pe["read_power_detailed_W"])


def latency(table, name, c):
    times = c["latency"]
    if failed(table, name, "latency", times):
        return
    inputs = ("read_row", "read_column", "indata_B", "rdata_B", "inprecision")
    for r in times["PE"]:
        table.pick("pe_latency", name, inputs + PE_TIMES, r)
    for r in times["tile"]:
        if not failed(table, name, f"tile_latency:{r.get('PE_num')}", r):
            table.pick("tile_latency", name, inputs + ("PE_num",) + PE_TIMES +
                       ("tile_latency", "jointmodule_latency", "transfer_latency", "tile_buf_wlatency"), r)
    for r in times["pooling"]:
        table.pick("pooling_latency", name, ("indata_B", "rdata_B", "inchannel", "size", "pooling_latency",
                                             "inbuf_wlatency", "inbuf_rlatency", "digital_latency", "outbuf_wlatency"), r)


def tile(table, name, c):
    t = c["tile"]
    if failed(table, name, "tile", t):
        return
    a = t["area_um2"]
    table.row("tile_area", name, ("total",) + PARTS[:12] + ("buffer", "joints"),
              [a["tile_area"]] + [a[f"tile_{p}_area"] for p in PARTS[:12]] +
              [a["tile_buffer_area"], a["tile_jointmodule_num"]])
    for p in t["read_power_fast_W"]:
        table.row("tile_power", name, ("kind", "max_row", "max_column", "max_PE", "max_group", "total") + PARTS,
                  [p["layer_type"], p["max_row"], p["max_column"], p["max_PE"], p["max_group"], p["tile_read_power"]] +
                  [p[f"tile_{q.replace('buf', 'buffer')}_read_power"] for q in PARTS])


def buffers(table, rows):
    for r in rows:
        config = f"buffer_{r['tech_nm']}"
        if "error" in r:
            table.error(config, f"buffer:{r['size_KB']}", r)
        else:
            table.row("buffer", config, BUFFER, [r[n] for n in BUFFER])


def components(folder, out):
    table = Table(os.path.join(out, "components.csv"), "Components of MNSIM 2.0 by convert.py; see README.md.")
    with open(os.path.join(folder, "components.json"), encoding="utf-8") as file:
        configs = json.load(file)["configs"]
    for c in configs:
        name = c["name"]
        table.set(name, c["overrides"])
        device(table, name, c)
        converters(table, name, c)
        digital(table, name, c)
        for b in c["buffer"]:
            table.pick("buffer", name, BUFFER, b)
        element(table, name, c)
        latency(table, name, c)
        tile(table, name, c)
    with open(os.path.join(folder, "buffers.json"), encoding="utf-8") as file:
        rows = json.load(file)["rows"]
    for tech in sorted({r["tech_nm"] for r in rows}):
        table.set(f"buffer_{tech}", {"Buffer_Technology": tech})
        buffers(table, [r for r in rows if r["tech_nm"] == tech])


# --- networks ---

def layer_row(table, run, layer):
    info = layer["tileinfo"]
    names = ("type", "mx", "my", "PEnum", "tilenum", "max_PE", "startid", "max_row", "max_column", "max_group")
    values = [info[n] for n in names]
    names += ("inLayer_distance", "transLayer_distance", "begin_ns", "finish_ns", "occupancy")
    values += [layer[n] for n in names[len(values):]]
    fields = [f"lat_{t}_latency_ns" for t in TIMES] + ["area_um2"] + [f"{p}_area_um2" for p in PARTS[:13]] + ["power_W"]
    fields += [f"{p}_power_W" for p in PARTS] + ["energy_nJ"] + [f"{p}_energy_nJ" for p in PARTS]
    table.row("layer", run, names + tuple(fields), values + [layer[f] for f in fields])


def total_rows(table, run, d):
    table.pick("total", run, ("total_latency_ns", "total_area_um2", "total_power_W", "total_energy_nJ", "used_tile_num",
                              "max_inbuf_KB", "max_outbuf_KB", "global_buf_KB", "global_adder_num"), d)
    for what, source, parts in (("area", d["area_totals_um2"], PARTS[:13]), ("power", d["power_totals_W"], PARTS),
                                ("energy", d["energy_totals_nJ"], PARTS)):
        table.row(f"{what}_parts", run, ("total",) + parts,
                  [source[f"arch_total_{what}"]] + [source.get(f"arch_total_{p}_{what}") for p in parts])
    table.row("times", run, TIMES, [d["latency_sums_ns"][f"{t}_latency"] for t in TIMES])


def write_yaml(path, name, layers):
    """The network as our format has it, with the operators that MNSIM drops put in."""
    lines = ["schema: rramnas.network/1", f"name: {name}", "inputs:"]
    first = layers[0]["structure"]
    lines += [f"  - {{name: image, shape: [1, {first['Inputchannel']}, {first['Inputsize'][0]}, {first['Inputsize'][1]}]}}", "nodes:"]
    made = {-1: "image"}
    flat = set()
    for i, layer in enumerate(layers):
        s = layer["structure"]
        before = [made[i + k] for k in s["Inputindex"]]
        if s["type"] == "conv":
            lines += [f"  - {{name: conv{i}, op: Conv, inputs: {before[0]}, out_channels: {s['Outputchannel']}, "
                      f"kernel: {s['Kernelsize']}, stride: {s['Stride']}, pad: {s['Padding']}, bias: false}}",
                      f"  - {{name: bn{i}, op: BatchNormalization}}"]
            made[i] = f"bn{i}"
        elif s["type"] == "pooling":
            lines += [f"  - {{name: pool{i}, op: MaxPool, inputs: {before[0]}, kernel: {s['Kernelsize']}, "
                      f"stride: {s['Stride']}, pad: {s['Padding']}}}"]
            made[i] = f"pool{i}"
        elif s["type"] == "element_sum":
            lines += [f"  - {{name: sum{i}, op: Add, inputs: [{', '.join(before)}]}}"]
            made[i] = f"sum{i}"
        else:
            if before[0] not in flat:
                lines += [f"  - {{name: view{i}, op: Flatten, inputs: {before[0]}}}"]
                before[0] = f"view{i}"
            lines += [f"  - {{name: fc{i}, op: Gemm, inputs: {before[0]}, out_channels: {s['Outfeature']}, bias: false}}"]
            made[i] = f"fc{i}"
            flat.add(made[i])
        readers = s["Outputindex"]
        if s["type"] in ("conv", "element_sum") and readers:
            lines += [f"  - {{name: relu{i}, op: Relu, inputs: {made[i]}}}"]
            made[i] = f"relu{i}"
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(lines) + "\n")


def networks(folder, out):
    table = Table(os.path.join(out, "networks.csv"), "Whole networks of MNSIM 2.0 by convert.py; see README.md.")
    for path in sorted(glob.glob(os.path.join(folder, "network", "*.json"))):
        with open(path, encoding="utf-8") as file:
            d = json.load(file)
        run = os.path.basename(path)[:-5]
        table.set(run, d["overrides"], f":{d['network']}:{CALLS[d['latency_method']]}")
        for layer in d["layers"]:
            layer_row(table, run, layer)
        total_rows(table, run, d)
        write_yaml(os.path.join(out, "nets", d["network"] + ".yaml"), d["network"], d["layers"])


def main():
    folder, out = sys.argv[1:]
    os.makedirs(os.path.join(out, "nets"), exist_ok=True)
    components(folder, out)
    networks(folder, out)


if __name__ == "__main__":
    main()
