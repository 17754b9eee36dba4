# SPDX-License-Identifier: MIT
"""rramnas-compile as a user meets it: exit status, messages, files. TAP on standard output.

Usage: test_compile.py PROGRAM NETWORKS_FOLDER
"""
import csv as csv_reader
import json
import os
import subprocess
import sys
import xml.etree.ElementTree as xml
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import tap

PROGRAM, NETWORKS = os.path.abspath(sys.argv[1]), Path(sys.argv[2])
BUILT_IN = "ofa_mobilenet_v3_small"
GENOME = {"ks": [3, 5, 7, 3] * 4, "e": [3, 4, 6, 3] * 4, "d": [2, 3, 2, 2]}
POLICIES = ["isaac", "rnc", "rnc-published", "best"]
work = None
# One copy of each layer, quickly: for tests of what is printed and written.
AUTO = "--crossbars", "auto", "--effort", "fast"


def run(*args, code=0, **more):
    done = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, **more)
    assert done.returncode == code, f"{args}: exit status {done.returncode}, expected {code}: {done.stderr}"
    return done


def networks():
    """Arguments that name a network: the built-in one and the small files of the examples."""
    found = [[BUILT_IN, "--genome", work / "genome.json"]]
    for path in sorted(NETWORKS.glob("*.yaml")) + sorted(NETWORKS.glob("*.onnx")):
        if not any(word in path.name for word in ("vgg", "resnet50", "vit")):
            found.append([path])
    return found


def report(*args):
    path = work / "report.json"
    run("--quiet", "--json", path, *args)
    return json.loads(path.read_text(), parse_constant=lambda name: 1 / 0)


def check_network(r):
    layers = r["network"]["layers"]
    assert [layer["index"] for layer in layers] == list(range(len(layers)))
    for key in ("macs", "weights"):
        assert r["network"][key] == sum(layer[key] for layer in layers), key
    for layer in layers:
        for key in ("name", "op", "in_shape", "out_shape", "kernel", "stride", "groups", "macs", "weights", "mapped"):
            assert key in layer, key
        assert len(layer["padding"]) == 2 * len(layer["kernel"])


def check_weights(r):
    """The pieces of a layer hold each of its weights once."""
    cells = r["hardware"]["columns_per_weight"]
    held = {}
    for piece in r["partition"]:
        held[piece["layer"]] = held.get(piece["layer"], 0) + piece["rows"] // piece["groups_at_once"] * piece["cols"] // cells
        assert piece["activations"] > 0 and piece["latency_ns"] > 0
    for layer in r["network"]["layers"]:
        assert held.get(layer["index"], 0) == layer["weights"], layer["name"]


def check_placements(r):
    """Every piece of every copy is placed once, inside its crossbar, and no two boxes overlap."""
    cols = r["hardware"]["crossbar_cols"] - r["hardware"]["unit_columns"]
    pieces = {(p["layer"], p["piece"]): p for p in r["partition"]}
    copies = {d["layer"]: d["copies"] for d in r["duplication"]}
    assert sorted(copies) == [layer["index"] for layer in r["network"]["layers"] if layer["mapped"]]
    seen, bars, area = set(), {}, 0
    for box in r["packing"]["placements"]:
        key = box["layer"], box["piece"], box["copy"]
        piece = pieces[key[:2]]
        assert key not in seen and 0 <= box["copy"] < copies[box["layer"]]
        assert (box["rows"], box["cols"]) == (piece["rows"], piece["cols"])
        assert 0 <= box["row"] <= r["hardware"]["crossbar_rows"] - box["rows"]
        assert 0 <= box["col"] <= cols - box["cols"]
        for other in bars.setdefault(box["crossbar"], []):
            assert (box["row"] >= other["row"] + other["rows"] or other["row"] >= box["row"] + box["rows"]
                    or box["col"] >= other["col"] + other["cols"] or other["col"] >= box["col"] + box["cols"])
        bars[box["crossbar"]].append(box)
        seen.add(key)
        # A block-diagonal box holds weights on its diagonal only.
        area += box["rows"] // piece["groups_at_once"] * box["cols"]
    assert len(seen) == sum(copies[layer] for layer, _ in pieces)
    packing = r["packing"]
    assert packing["crossbars"] == len(bars) >= packing["lower_bound"] >= 1
    assert packing["lower_bound"] == max(bound or 0 for bound in packing["bounds"].values())
    assert set(packing["bounds"]) == {"area", "dual", "strip", "clique", "cardinality"}
    assert packing["optimal"] == (packing["crossbars"] == packing["lower_bound"])
    whole = r["hardware"]["crossbar_rows"] * r["hardware"]["crossbar_cols"] * len(bars)
    assert abs(packing["utilization"] - area / whole) < 1e-12


def check_timing(r, model, samples):
    t = r["timing"]
    assert (t["model"], t["samples"]) == (model, samples)
    assert t["latency_ns"] > 0 and t["contention_free_ns"] > 0
    assert t["speedup"] == t["baseline_latency_ns"] / t["latency_ns"]
    bound = t["lower_bound_ns"]
    assert bound is None or model == "rnc" and r["options"]["policy"] == "best"
    if bound is None:
        assert t["gap"] is None and not t["optimal"]
    else:
        assert t["gap"] == max(0, t["latency_ns"] / bound - 1) or t["optimal"]
        assert t["optimal"] == (t["latency_ns"] <= bound * (1 + 1e-9))


ENERGY_AND_AREA = ["energy_dynamic_pj", "energy_static_pj", "area_um2"]


def exact_sums(rows):
    """Columns added up without rounding."""
    return [sum((Fraction(value) for value in column), Fraction(0)) for column in zip(*rows)]


def check_cost(r):
    """Every breakdown adds up to the totals to the bit, in rational numbers."""
    cost = r["cost"]
    totals = [Fraction(cost[key]) for key in ENERGY_AND_AREA]
    assert totals[0] + totals[1] == Fraction(cost["energy_pj"])
    components = {row["component"]: [row[key] for key in ENERGY_AND_AREA] for row in cost["by_component"]}
    layers = cost["by_layer"]
    assert exact_sums(components.values()) == totals
    assert exact_sums([row[key] for key in ENERGY_AND_AREA] for row in layers) == totals
    assert exact_sums(row[:3] for row in cost["by_crossbar"]) == totals
    for row in layers:
        parts = exact_sums(row["by_component"].values()) or [0, 0, 0]
        assert parts == [Fraction(row[key]) for key in ENERGY_AND_AREA], row["layer"]
    for name, of_component in components.items():
        parts = exact_sums(row["by_component"][name] for row in layers if name in row["by_component"]) or [0, 0, 0]
        assert parts == [Fraction(value) for value in of_component], name
    assert [row["layer"] for row in layers] == [*range(len(r["network"]["layers"])), None]
    assert len(cost["by_crossbar"]) == r["packing"]["available"] + 1 == cost["crossbars"] + 1
    check_cost_figures(r)


def check_cost_figures(r):
    cost = r["cost"]
    near = [
        (cost["latency_ns"], r["timing"]["latency_ns"]),
        (cost["power_mw"], cost["energy_pj"] / cost["latency_ns"]),
        (cost["energy_per_inference_pj"], cost["energy_pj"] / cost["samples"]),
        (cost["edp_pj_ns"], cost["energy_pj"] * cost["latency_ns"] / cost["samples"] ** 2),
        (cost["tops_per_w"] * cost["energy_per_mac_pj"], 2),
        (cost["tops"], 2 * cost["macs"] * cost["samples"] / cost["latency_ns"] / 1000),
        (cost["tops_per_mm2"] * cost["area_um2"], cost["tops"] * 1e6),
    ]
    for a, b in near:
        assert abs(a - b) <= 1e-9 * abs(b), (a, b)
    assert cost["macs"] >= r["network"]["macs"] and 0 < cost["cell_utilization"] <= 1
    assert (cost["samples"], cost["timing_model"]) == (r["timing"]["samples"], r["timing"]["model"])
    assert cost["model"] == "rramnas" and cost["fingerprint"] == r["hardware"]["fingerprint"]


def test_every_network_policy_and_model():
    for network in networks():
        for policy in POLICIES:
            for model in ("graph", "rnc"):
                try:
                    r = report(*network, "--policy", policy, "--timing", model, "--samples", 2, *AUTO,
                               "--effort", "fast")
                    assert r["schema"] == "rramnas.report/1" and r["options"]["policy"] == policy
                    check_network(r)
                    check_placements(r)
                    if policy != "rnc-published":
                        check_weights(r)
                    check_timing(r, model, 2)
                    check_cost(r)
                except Exception as fault:
                    raise AssertionError(f"{network} {policy} {model}") from fault


def test_fewest_crossbars():
    """What the packing search finds; the bounds of the last two are met. Policy rnc has rules that cost crossbars."""
    for name, most in [("mobilenet_v3_small_rnc", 104), ("squeezenet1_1", 45), ("resnet18_cifar", 682)]:
        network = NETWORKS / (name + ".yaml")
        packing = report(network, "--crossbars", "auto", "--effort", "fast", "--check")["packing"]
        assert packing["crossbars"] == most and packing["optimal"] == (most != 104), packing["crossbars"]
        assert report(network, "--crossbars", most, "--effort", "fast")["packing"]["available"] == most
        kept = report(network, "--crossbars", "auto", "--effort", "fast", "--policy", "rnc", "--check")
        assert kept["options"]["layer_threshold"] == 1 and kept["options"]["max_load"] == 6
        assert most <= kept["packing"]["crossbars"] <= most + 2


def test_split_to_fit():
    """Cut boxes take fewer crossbars, and all weights are there."""
    chip = work / "small.yaml"
    chip.write_text("crossbar: {rows: 64, cols: 64}")
    network = [*networks()[0], "--hardware", chip, "--crossbars", "auto", "--effort", "fast"]
    whole = report(*network)["packing"]
    r = report(*network, "--split-to-fit", "--check", "--sharing", "disjoint")
    check_weights(r)
    check_placements(r)
    packing = r["packing"]
    assert packing["crossbars"] == packing["bounds"]["area"] < whole["crossbars"]
    assert packing["boxes_cut"] > 0 and packing["cut_parts"] >= 2 * packing["boxes_cut"]
    assert whole["boxes_cut"] == whole["extra_conversions"] == 0
    assert r["timing"]["sharing"] == "disjoint"
    out = run(*network, "--split-to-fit").stdout
    assert f"{packing['boxes_cut']} boxes cut into {packing['cut_parts']} parts to fit" in out
    refused = run(*network, "--split-to-fit", "--policy", "isaac", code=2)
    assert "split_to_fit is for policies rnc and best" in refused.stderr
    refused = run(*network, "--sharing", "disjoint", "--timing", "rnc", code=2)
    assert "one box at a time" in refused.stderr


def rows_of(path):
    header, *rows = [line.split(",") for line in path.read_text().splitlines()]
    return [dict(zip(header, row)) for row in rows]


def test_curve():
    csv, svg = work / "curve.csv", work / "curve.svg"
    network = NETWORKS / "squeezenet1_1.yaml"
    done = run(network, "--crossbars", 90, "--samples", 4, "--effort", "fast", "--curve", csv, "--curve", svg, "--curve-points", 5)
    assert str(csv) in done.stdout and str(svg) in done.stdout
    rows = rows_of(csv)
    assert len(rows) == 5 and (rows[0]["crossbars"], rows[-1]["crossbars"]) == ("45", "90")
    for row in rows:
        assert float(row["lower_bound_ns"]) <= float(row["latency_ns"])
        assert int(row["crossbars_used"]) <= int(row["made_for"]) <= int(row["crossbars"])
        assert 0 < float(row["utilization"]) <= 1
    for a, b in zip(rows, rows[1:]):
        assert int(a["crossbars"]) < int(b["crossbars"]) and float(a["latency_ns"]) >= float(b["latency_ns"])
    root = xml.parse(svg).getroot()
    assert len(root.findall(".//{*}circle")) == 5
    words = "".join(root.itertext())
    for word in ("latency", "lower bound", "utilisation", "crossbars", "optimal", "4 samples"):
        assert word in words, word
    run(network, "--quiet", "--effort", "fast", "--curve", csv, "--curve-first", 60, "--curve-last", 80, "--curve-points", 3,
        "--timing", "graph", "--policy", "rnc")
    assert [row["crossbars"] for row in rows_of(csv)] == ["60", "69", "80"]
    assert all(row["lower_bound_ns"] == "" for row in rows_of(csv))
    assert "curve ends" in run(network, "--quiet", "--effort", "fast", "--curve", csv, "--curve-last", 44, code=1).stderr


SMALL = ["squeezenet1_1.yaml", "--effort", "fast", "--crossbars", 90]


def small(*args, **more):
    return run(NETWORKS / SMALL[0], *SMALL[1:], *args, **more)


def table_rows(text):
    """Component, dynamic and static energy, area as they are printed, by name; percentages likewise."""
    lines = text[text.index("component "):].splitlines()[1:]
    rows = {}
    for line in lines:
        words = line.replace("%", "").split()
        if len(words) != 7:
            break
        rows[words[0]] = [Fraction(word) for word in words[1:]]
    return rows


def test_cost_table():
    for network in networks():
        for samples in (1, 3):
            out = run(*network, "--effort", "fast", "--crossbars", "auto", "--samples", samples).stdout
            rows = table_rows(out)
            total = rows.pop("sum")
            assert exact_sums(rows.values()) == total, (network, total)
            assert total[1] + total[3] == total[5] == 100
            assert {"cell", "adc", "interconnect"} <= rows.keys()
            for word in ("cost      model rramnas", "TOPS/W", "EDP", "programming, once", "leakage"):
                assert word in out, word
    assert "cost " not in small("--no-cost").stdout
    assert "expected rramnas" in small("--cost-model", "guess", code=2).stderr
    small("--cost-model", "rramnas")


def test_cost_reports():
    svg, csv = work / "cost.svg", work / "cost.csv"
    done = small("--samples", 2, "--cost-svg", svg, "--cost-csv", csv, "--json", work / "report.json")
    assert str(svg) in done.stdout and str(csv) in done.stdout
    r = json.loads((work / "report.json").read_text())
    check_cost(r)
    rows = sweep_rows(csv.read_text())
    assert exact_sums([float(row[key]) for key in ENERGY_AND_AREA] for row in rows) == \
        [Fraction(r["cost"][key]) for key in ENERGY_AND_AREA]
    assert {row["name"] for row in rows} == {layer["name"] for layer in r["network"]["layers"]} | {""}
    words = "".join(xml.parse(svg).getroot().itertext())
    for word in ("squeezenet1_1", "energy", "area", "ADCs", "features.12.expand3x3", "of no layer", "TOPS/W",
                 "2 samples"):
        assert word in words, word


def test_cost_model_of_mnsim():
    """Its rows add up exactly too; what it cannot do is said."""
    network = [NETWORKS / "resnet18_cifar.yaml", "--effort", "fast", "--cost-model", "mnsim"]
    cost = report(*network)["cost"]
    assert cost["model"] == "mnsim"
    for rows in (cost["by_component"], cost["by_layer"]):
        totals = [Fraction(cost[key]) for key in ENERGY_AND_AREA]
        assert exact_sums([row[key] for key in ENERGY_AND_AREA] for row in rows) == totals
    rows = table_rows(run(*network).stdout)
    assert exact_sums(rows[name] for name in rows if name != "sum") == rows["sum"]
    assert "one inference" in run(*network, "--samples", 2, code=2).stderr
    assert "only model rramnas" in run(*network, "--explain", "--quiet", code=2).stderr
    assert "Concat" in small("--cost-model", "mnsim", code=2).stderr


def test_explanation():
    out = small("--quiet", "--explain").stdout
    assert "layout.slices = 4\n    = ceil((weight.bits - 1) / device.bits_per_cell)\n    with weight.bits = 8" in out
    assert small("--explain").stdout.endswith(out)
    assert "both go to standard output" in small("--explain", "--json", "-", code=2).stderr


def sweep_rows(text):
    return list(csv_reader.DictReader(text.splitlines()))


def check_front(rows):
    """By definition: no other point is as good in both and better in one."""
    points = [(float(row["energy_pj"]), float(row["latency_ns"])) for row in rows]
    for row, point in zip(rows, points):
        beaten = any(other != point and other[0] <= point[0] and other[1] <= point[1] for other in points)
        assert (row["front"] == "0") == beaten, row


def test_front():
    """More crossbars are sooner and leak more; points that are alike are on it together or not at all."""
    out = run(NETWORKS / SMALL[0], "--effort", "fast", "--sweep", "chip.crossbars=50,100,200,400,800", "--sweep",
              "noise.write_sigma=0.01,0.02", "--sweep-csv", "-").stdout
    rows = sweep_rows(out)
    check_front(rows)
    assert 1 < sum(row["front"] == "1" for row in rows) < len(rows)


def test_mappings_of_a_sweep_do_not_depend_on_its_order():
    rows = []
    for values in ("8,128", "128,8"):
        out = small("--quiet", "--sweep", "crossbar.rows=256", "--sweep", "dac.per_subarray=" + values,
                    "--sweep-csv", "-")
        rows.append(sorted(sweep_rows(out.stdout), key=lambda row: row["dac.per_subarray"]))
    assert rows[0] == rows[1]


def test_sweep():
    csv, svg = work / "sweep.csv", work / "sweep.svg"
    done = small("--sweep", "adc.bits=4..6", "--sweep", "digital.node_nm=45,22", "--sweep-csv", csv, "--sweep-svg", svg)
    assert str(csv) in done.stdout and str(svg) in done.stdout
    rows = sweep_rows(csv.read_text())
    assert [(row["adc.bits"], row["digital.node_nm"]) for row in rows] == [(b, n) for b in "456" for n in ("45", "22")]
    assert all(row["error"] == "" for row in rows)
    check_front(rows)
    assert len(xml.parse(svg).getroot().findall(".//{*}circle/{*}title")) == 6
    # A point of the sweep is what the chip itself costs with this mapping; adc.bits 8 is the default.
    small("--quiet", "--sweep", "adc.bits=8", "--sweep-csv", csv, "--json", work / "report.json")
    cost = json.loads((work / "report.json").read_text())["cost"]
    row = sweep_rows(csv.read_text())[0]
    assert all(float(row[key]) == cost[key] for key in row if key in cost)
    assert sum(key in cost for key in row) > 20


def test_sweep_of_shapes():
    csv, svg = work / "sweep.csv", work / "sweep.svg"
    small("--quiet", "--sweep", "crossbar.rows=64..256*2", "--sweep", "crossbar.subarray_rows=128,64", "--sweep-csv", csv)
    rows = sweep_rows(csv.read_text())
    assert [row["crossbar.rows"] for row in rows] == ["64", "64", "128", "128", "256", "256"]
    assert "whole subarrays" in rows[0]["error"] and rows[0]["energy_pj"] == rows[0]["front"] == ""
    fits = [row for row in rows if not row["error"]]
    assert len(fits) >= 4 and len({row["area_um2"] for row in fits}) == len(fits)
    # The same as compiling for that chip.
    (work / "hw.yaml").write_text("crossbar: {rows: 256, subarray_rows: 64}\n")
    small("--quiet", "--hardware", work / "hw.yaml", "--json", work / "report.json")
    assert float(rows[5]["energy_pj"]) == json.loads((work / "report.json").read_text())["cost"]["energy_pj"]
    # Too few rows: the network does not fit, which is a row of its own.
    out = small("--sweep", "crossbar.rows=16,128", "--sweep-svg", svg).stdout
    assert "does not fit" in out and len(xml.parse(svg).getroot().findall(".//{*}circle")) == 3
    small("--quiet", "--sweep", "crossbar.cell=1T1R,0T1R", "--sweep-svg", svg)
    assert "0T1R" in "".join(xml.parse(svg).getroot().itertext())


def test_sweep_table():
    out = small("--sweep", "adc.bits=4..8:2", "--sweep", "input.activity=0.25").stdout
    rows = sweep_rows(small("--quiet", "--sweep", "input.activity=0..0.3:0.1", "--sweep-csv", "-").stdout)
    assert [row["input.activity"] for row in rows] == ["0", "0.1", "0.2", "0.3"]
    lines = out[out.index("sweep     3 points"):].splitlines()
    assert [line.split()[:2] for line in lines[2:]] == [["4", "0.25"], ["6", "0.25"], ["8", "0.25"]]
    alone = small("--sweep", "adc.bits=4,foo", "--sweep-csv", "-").stdout.splitlines()
    assert len(alone) == 3 and alone[0].startswith("adc.bits,latency_ns,") and 'adc.bits is ""foo""' in alone[2]


def test_sweep_refused():
    for args, message in [
        (["--sweep", "adc.bit=4"], "adc.bits"),
        (["--sweep", "nothing.there=4"], "nothing.there"),
        (["--sweep", "adc.bits"], "expected FIELD="),
        (["--sweep", "=4"], "expected FIELD="),
        (["--sweep", "adc.bits="], "expected FIELD="),
        (["--sweep", "adc.bits=4,,5"], "expected FIELD="),
        (["--sweep", "adc.bits=8..4"], "expected FIELD="),
        (["--sweep", "adc.bits=4..8:0"], "expected FIELD="),
        (["--sweep", "adc.bits=4..8:-1"], "expected FIELD="),
        (["--sweep", "adc.bits=0..8*2"], "expected FIELD="),
        (["--sweep", "adc.bits=4..8*1"], "expected FIELD="),
        (["--sweep", "adc.bits=4..x"], "expected FIELD="),
        (["--sweep", "adc.bits=4..8:1x"], "expected FIELD="),
        (["--sweep", "adc.bits=1..1e999"], "expected FIELD="),
        (["--sweep", "adc.bits=nan..nan"], "expected FIELD="),
        (["--sweep", "adc.power_uw=1..1e9"], "1000000 points"),
        (["--sweep", "adc.bits=" + "9" * 70], "expected FIELD="),
        (["--sweep", "adc.bits=1..1000", "--sweep", "dac.bits=1..1001"], "1000000 points"),
        ([word for i in range(9) for word in ("--sweep", f"adc.bits={i + 1}")], "at most 8 fields"),
        (["--sweep", "adc.bits=4", "--sweep", "adc.bits=5"], "given twice"),
        (["--sweep", "chip.crossbars=90,95"], "--crossbars already"),
        (["--sweep", "adc.bits=99,x"], "no point could be costed"),
        (["--sweep-csv", "x.csv"], "needs --sweep"),
        (["--sweep-svg", "x.svg"], "needs --sweep"),
        (["--sweep", "adc.bits=4", "--sweep-svg", "x", "--sweep-csv", "x"], "two outputs"),
        (["--sweep", "adc.bits=4", "--sweep-csv", "/none/x.csv"], "cannot write"),
        (["--cost-svg", "/none/x.svg"], "cannot write"),
    ]:
        done = small("--quiet", *args, code=2)
        assert done.stderr.startswith("rramnas-compile: ") and message in done.stderr, (args, done.stderr)
    if os.path.exists("/dev/full"):
        for kind in ("--cost-svg", "--cost-csv", "--sweep-csv", "--sweep-svg"):
            assert "cannot write" in small("--quiet", "--sweep", "adc.bits=4", kind, "/dev/full", code=2).stderr


def test_names_of_a_hostile_file():
    """Names reach CSV and pictures as text, never as rows or markup."""
    file, svg, csv = work / "hostile.yaml", work / "hostile.svg", work / "hostile.csv"
    file.write_text('schema: rramnas.network/1\nname: "</title><b>&\\\"\\n"\ninputs: [{name: x, shape: [1, 3, 4, 4]}]\n'
                    'nodes: [{name: "a\\",\\n<i>", op: Conv, out_channels: 2}]\n')
    run(file, "--quiet", "--cost-svg", svg, "--cost-csv", csv, "--sweep", "adc.bits=4,5", "--sweep-svg", work / "s.svg")
    assert xml.parse(svg).getroot().findall(".//{*}b") == xml.parse(work / "s.svg").getroot().findall(".//{*}b") == []
    rows = sweep_rows(csv.read_text())
    assert {row["name"] for row in rows} == {'a", <i>', ""}


def test_copies_are_solved_for():
    network = networks()[0]
    needed = report(*network, *AUTO)["packing"]["crossbars"]
    for policy in ("best", "rnc"):
        r = report(*network, "--crossbars", 3 * needed, "--policy", policy, "--check")
        check_placements(r)
        check_weights(r)
        assert any(d["copies"] > 1 for d in r["duplication"])
    assert 0 < r["packing"]["margin"] <= 0.95
    r = report(*network, "--crossbars", 3 * needed, "--no-duplication")
    assert all(d["copies"] == 1 for d in r["duplication"])


def test_copies_from_a_file():
    network = networks()[0]
    n = len(report(*network, *AUTO)["duplication"])
    wanted = [1 + i % 2 for i in range(n)]
    (work / "copies.txt").write_text(", ".join(map(str, wanted)) + "\n")
    r = report(*network, *AUTO, "--copies", work / "copies.txt")
    assert [d["copies"] for d in r["duplication"]] == wanted
    (work / "copies.txt").write_text("\ufeff" + "\r\n".join(map(str, wanted)))
    assert report(*network, *AUTO, "--copies", work / "copies.txt") == r
    (work / "copies.txt").write_text("1 2\0 3")
    assert "bytes of 0" in run(*network, "--copies", work / "copies.txt", code=2).stderr
    (work / "copies.txt").write_text("1 2 three")
    assert 'entry 3 is "three"' in run(*network, "--copies", work / "copies.txt", code=2).stderr
    (work / "copies.txt").write_text("1 2 3")
    assert "mapped layers" in run(*network, "--copies", work / "copies.txt", code=2).stderr


def test_bits_of_layers():
    network, bits = networks()[0], work / "bits.txt"
    whole = report(*network, *AUTO)
    n = len(whole["duplication"])
    bits.write_text("0 0\n" * n)
    same = report(*network, *AUTO, "--layer-bits", bits)
    assert same["cost"] == whole["cost"] and same["packing"] == whole["packing"]
    assert all(d["weight_bits"] == d["input_bits"] == 8 for d in same["duplication"])
    bits.write_text("4, 2\n" * n)
    few = report(*network, *AUTO, "--layer-bits", bits)
    assert few["cost"]["latency_ns"] < whole["cost"]["latency_ns"] / 2
    assert few["cost"]["energy_pj"] < whole["cost"]["energy_pj"] / 2
    for text, message in [("8", "two for each mapped layer"), ("9 8 " * n, "weight_bits of mapped layer 0 is 9"),
                          ("8 8", "the network has"), ("8 x", 'entry 2 is "x"'), ("", "holds no numbers")]:
        bits.write_text(text)
        assert message in run(*network, *AUTO, "--layer-bits", bits, code=2).stderr, text


def test_same_bytes_twice():
    for network in networks()[:2]:
        seen = set()
        for i, language in enumerate(("C", "de_DE.UTF-8")):
            kinds = "json", "svg", "trace", "csv", "curve.svg", "cost.svg", "cost.csv", "sweep.csv", "sweep.svg"
            files = [work / f"same.{i}.{kind}" for kind in kinds]
            done = run(*network, "--crossbars", "auto", "--samples", 3, "--effort", "fast", "--json", files[0], "--svg", files[1],
                       "--trace", files[2], "--curve", files[3], "--curve", files[4], "--curve-points", 3,
                       "--cost-svg", files[5], "--cost-csv", files[6], "--sweep-csv", files[7], "--sweep-svg", files[8],
                       "--sweep", "adc.bits=4..8", "--sweep", "input.activity=0.25,0.5", env={**os.environ, "LC_ALL": language})
            seen.add((done.stdout.replace(f"same.{i}", ""), *(path.read_bytes() for path in files)))
        assert len(seen) == 1, network


def test_floor_plan_is_xml():
    for network in networks():
        run("--quiet", "--svg", work / "plan.svg", "--crossbars", "auto", "--effort", "fast", *network)
        root = xml.parse(work / "plan.svg").getroot()
        r = report(*network, "--crossbars", "auto", "--effort", "fast")
        boxes = root.findall(".//{*}rect/{*}title")
        if r["packing"]["crossbars"] <= 2000:
            assert len(boxes) == len(r["packing"]["placements"])


def test_timeline():
    network = networks()[0]
    for model in ("graph", "rnc"):
        path = work / "t.json"
        run("--quiet", "--trace", path, "--samples", 3, "--timing", model, *AUTO, *network)
        trace = json.loads(path.read_text())
        r = report(*network, "--samples", 3, "--timing", model, *AUTO)
        spans = [e for e in trace["traceEvents"] if e["ph"] == "X"]
        last = max(e["ts"] + e["dur"] for e in spans)
        assert abs(last * 1000 - r["timing"]["latency_ns"]) < 1e-6 * last * 1000
        busy = sorted((e["tid"], e["ts"], e["dur"]) for e in spans if e["pid"] == 0)
        for a, b in zip(busy, busy[1:]):
            assert a[0] != b[0] or a[1] + a[2] <= b[1] * (1 + 1e-9), "a crossbar does two things at once"
        layers = {(e["tid"], e["args"]["layer"]) for e in spans if e["pid"] == 1}
        assert len(layers) == 3 * len(r["duplication"])


def test_json_alone_on_standard_output():
    done = run(*networks()[0], *AUTO, "--json", "-")
    assert json.loads(done.stdout)["schema"] == "rramnas.report/1"
    assert done.stderr == ""


def test_table():
    out = run(*networks()[0], "--crossbars", "auto").stdout
    for word in ("network", "hardware", "layer", "packing", "timing", "speed-up", "fingerprint", "policy best", "need at least", "area",
                 "cost"):
        assert word in out, word
    assert "any mapping takes" not in out
    assert "any mapping takes at least" in run(*networks()[0], *AUTO, "--timing", "rnc").stdout
    rnc = run(*networks()[0], *AUTO, "--timing", "rnc", "--policy", "rnc").stdout
    assert "cardinality" in rnc and "any mapping takes" not in rnc
    assert run(*networks()[0], *AUTO, "--quiet").stdout == ""


def test_does_not_fit():
    for policy in POLICIES:
        done = run(*networks()[0], "--crossbars", 3, "--policy", policy, code=1)
        assert "does not fit" in done.stderr and "--crossbars auto" in done.stderr
    run(*networks()[0], "--crossbars", 3, "--find-solution")


def test_usage():
    network = networks()[0]
    for args, message in [
        ([], "no network is given"),
        (["--polcy=rnc", *network], "did you mean --policy?"),
        (["--zzzzzzzzzzzzzzz", *network], "--help lists all"),
        (["-x", *network], "unknown option -x"),
        (["--policy", "best-of-all", *network], "expected isaac, rnc"),
        (["--samples", "0", *network], "expected 1 to 65536"),
        (["--samples", "2x", *network], "expected 1 to 65536"),
        (["--seed=-1", *network], "expected 0 to 4294967295"),
        (["--seed", "4294967296", *network], "expected 0 to 4294967295"),
        (["--margins", "0.9,1.5", *network], "expected numbers above 0"),
        (["--margins", "0,9;1", *network], "expected numbers above 0"),
        (["--bind", "batch", *network], "expected NAME=N"),
        (["--check=yes", *network], "takes no value"),
        ([*network, "--json"], "needs a value"),
        ([*network, "--json", "x", "--svg", "x"], "two outputs"),
        ([*network, "--svg", "x.svg", "--curve", "x.svg"], "two outputs"),
        ([*network, "--curve", "x.png"], ".csv or .svg"),
        ([*network, "--curve", "a.csv", "--curve", "b.csv", "--curve", "c.csv"], "one or two names"),
        ([*network, "--curve-points", "0"], "expected 1 to 4096"),
        ([*network, "--max-load", "4"], "--max-load is for --policy rnc"),
        ([*network, "--depth-split", "2", "--policy", "best"], "--depth-split is for --policy rnc"),
        ([*network, "other.onnx"], "two networks"),
        ([BUILT_IN], "needs --genome"),
        ([BUILT_IN, "--genome", "/none"], "/none"),
        (["--", "--none.yaml"], "--none.yaml"),
        (["/none.onnx"], "/none.onnx"),
        (["--hardware", "/none.yaml", *network], "/none.yaml"),
    ]:
        done = run(*args, code=2)
        assert done.stderr.startswith("rramnas-compile: ") and message in done.stderr, (args, done.stderr)
        assert done.stdout == ""


def test_powers_of_ten():
    network = [networks()[0][0], *networks()[0][1:], "--policy", "rnc", "--crossbars", 300]
    plain = report(*network, "--margins", "0.9,0.05")
    assert report(*network, "--margins", "9e-1,0.5e-1") == plain
    assert report(*network, "--margins", "0.09e+1,0.0005e2") == plain
    for text in ("1e", "e1", "1e-", "1e+-1", "1e1e1", "1e-999999999", "1e23"):
        assert "expected numbers above 0" in run(*network, "--margins", text, code=2).stderr, text


def test_bad_hardware_has_a_place():
    (work / "hw.yaml").write_text("crossbar:\n  rows: many\n")
    done = run("--hardware", work / "hw.yaml", *networks()[0], code=2)
    assert "hw.yaml:2:" in done.stderr, done.stderr


def test_presets():
    listed = run("--list-presets").stdout
    assert "isaac_isca_2016" in listed and "Shafiee" in listed and "device  wan_nature_2022" in listed
    network = networks()[0]
    prefixed = report("--hardware", "preset:isaac_isca_2016", *AUTO, *network)
    assert prefixed == report("--hardware", "isaac_isca_2016", *AUTO, *network)
    assert "no preset" in run("--hardware", "isac_isca_2016", *network, code=2).stderr
    assert "like it: isaac_isca_2016" in run("--hardware", "preset:isaac", *network, code=2).stderr
    file = work / "isaac_isca_2016"
    file.write_text("crossbar: {rows: -1}\n")
    assert "crossbar.rows" in run("--hardware", "isaac_isca_2016", *network, code=2, cwd=work).stderr


def test_help_and_version():
    assert run("--help").stdout.startswith("Usage: rramnas-compile")
    assert run("--version").stdout.startswith("rramnas-compile ")


def test_unwritable_output():
    network = [*networks()[0], *AUTO, "--quiet"]
    assert "/none/x.json" in run(*network, "--json", "/none/x.json", code=2).stderr
    if os.path.exists("/dev/full"):
        for kind in ("--json", "--svg", "--trace"):
            assert "cannot write" in run(*network, kind, "/dev/full", code=2).stderr
    folder = work / "kept"
    folder.mkdir()
    (folder / "a.json").write_text("old")
    run(*network, "--json", folder / "a.json")
    assert os.listdir(folder) == ["a.json"] and (folder / "a.json").read_text().startswith("{")


def test_standard_output_that_is_closed_is_told_once():
    network = [*networks()[0], *AUTO]
    for options, place in [(["--json", "-"], ">&-"), (["--json", "-"], ">/dev/full"), ([], ">&-"), (["--version"], ">/dev/full")]:
        if ">/dev/full" != place or os.path.exists("/dev/full"):
            done = subprocess.run(["sh", "-c", f'"$0" "$@" {place}', PROGRAM, *map(str, [*network, *options])],
                                  stderr=subprocess.PIPE, text=True)
            assert done.returncode == 2, (options, place, done)
            assert done.stderr.count("\n") == 1 and "standard output: cannot write" in done.stderr, (options, place, done)


def test_inputs_are_not_overwritten():
    copy = work / "kept.yaml"
    copy.write_text("schema: rramnas.network/1\ninputs: [{name: x, shape: [1, 3, 4, 4]}]\n"
                    "nodes: [{name: c, op: Conv, out_channels: 2}]\n")
    before = copy.read_text()
    assert "overwritten" in run(copy, "--json", copy, code=2).stderr and copy.read_text() == before
    assert "two outputs" in run(copy, "--json", work / "same", "--svg", work / "same", code=2).stderr


def test_a_mistyped_bind_is_refused():
    copy = work / "symbol.yaml"
    copy.write_text("schema: rramnas.network/1\ninputs: [{name: x, shape: [batch, 3, 4, 4]}]\n"
                    "nodes: [{name: c, op: Conv, out_channels: 2}]\n")
    assert "Batch" in run(copy, "--bind", "Batch=8", code=2).stderr
    run(copy, "--bind", "batch=8", "--quiet")


DATA = Path(__file__).resolve().parent.parent / "data"
DIGITS = [DATA / "onnx" / "digits_cnn.onnx", "--crossbars", 80, "--effort", "fast", "--no-cost"]
IMAGES = ["--data", DATA / "digits" / "digits_8x8.yaml", "--images", 48]


def test_accuracy():
    out = run(*DIGITS, *IMAGES, "--trials", 2).stdout
    assert "48 images, 12 layers on crossbars, 0 digital, 2 chips" in out and "all chips are alike" in out
    converters = out[out.index("layer  converters"):].splitlines()[1:13]
    assert all(line.split()[2:5] == ["8w", "8i", "255"] and line.endswith("%") for line in converters), converters
    assert "--trials 2 and more" in run(*DIGITS, *IMAGES, "--trials", 1).stdout
    table = work / "accuracy.csv"
    run(*DIGITS, *IMAGES, "--trials", 3, "--quiet", "--sweep", "noise.write_model=relative", "--sweep",
        "noise.write_sigma=0,0.05,0.5", "--sweep-csv", table)
    with open(table, newline="") as file:
        rows = list(csv_reader.DictReader(file))
    means = [float(row["accuracy_mean"]) for row in rows]
    assert means[0] > 0.9 and means[2] < 0.6 and means[0] >= means[1] >= means[2], means
    assert all(float(row["accuracy_worst"]) <= float(row["accuracy_mean"]) for row in rows)
    assert rows[0]["accuracy_digital"] == rows[2]["accuracy_digital"]


def test_accuracy_in_the_report():
    path = work / "accuracy.json"
    run(*DIGITS, *IMAGES, "--trials", 2, "--quiet", "--json", path)
    accuracy = json.loads(path.read_text())["accuracy"]
    assert accuracy["images"] == 48 and accuracy["trials"] == 2 and len(accuracy["layers"]) == 12
    assert sum(layer["conversions"] for layer in accuracy["layers"]) == accuracy["conversions"] > 0
    clipped = sum(layer["clipped_low"] + layer["clipped_high"] for layer in accuracy["layers"])
    assert abs(clipped / accuracy["conversions"] - accuracy["clipped"]) < 1e-12
    assert all(0 < layer["codes_used"] <= 1 and layer["adc_range"] > 0 for layer in accuracy["layers"])


def layers_with(*options):
    path = work / "ranges.json"
    run(*DIGITS, *IMAGES, "--trials", 1, "--quiet", "--json", path, *options)
    return json.loads(path.read_text())["accuracy"]["layers"]


def test_ranges_of_converters():
    auto, maximum = layers_with(), layers_with("--adc-range", "maximum")
    assert all(layer["adc_range"] == 1 for layer in maximum)
    assert layers_with("--adc-range", "auto") == auto != maximum
    assert layers_with("--adc-range", "granular") not in (auto, maximum)
    all_of_them, most = (layers_with("--adc-range", "calibrated", "--adc-fraction", share) for share in (1, 0.9))
    assert all(a["adc_range"] >= b["adc_range"] for a, b in zip(all_of_them, most)), (all_of_them, most)
    assert sum(layer["adc_range"] for layer in all_of_them) > sum(layer["adc_range"] for layer in most)


def test_accuracy_curves():
    few = *DIGITS, "--data", DATA / "digits" / "digits_8x8.yaml", "--images", 4, "--trials", 1
    svg, csv, report_ = work / "a.svg", work / "a.csv", work / "a.json"
    out = run(*few, "--accuracy-svg", svg, "--accuracy-csv", csv, "--accuracy-json", report_).stdout
    assert all(f"accuracy  over {what}" in out for what in ("write error, relative sigma", "time since writing", "stuck cells"))
    with open(csv, newline="") as file:
        rows = list(csv_reader.DictReader(file))
    curves = json.loads(report_.read_text())["curves"]
    assert [curve["unit"] for curve in curves] == ["share", "seconds", "share"]
    assert [float(row["mean"]) for row in rows] == [point["mean"] for curve in curves for point in curve["points"]]
    assert len(xml.parse(svg).getroot().findall(".//{*}circle/{*}title")) == len(rows) == 11 + 2 + 11
    assert float(rows[0]["mean"]) > float(rows[-1]["mean"])
    drifting = work / "drift.yaml"
    drifting.write_text("schema: rramnas.hardware/1\nnoise: {drift_exponent: 0.2}\n")
    run(*few, "--quiet", "--hardware", drifting, "--sweep", "time=1,100,100000", "--accuracy-svg", svg, "--accuracy-csv", csv)
    with open(csv, newline="") as file:
        rows = list(csv_reader.DictReader(file))
    assert [row["curve"] for row in rows] == ["time"] * 3 and float(rows[0]["mean"]) > float(rows[2]["mean"])
    assert "logarithmic" in svg.read_text() and ">1 h<" in svg.read_text()


def test_chips_end_early():
    chip = work / "noisy.yaml"
    chip.write_text("schema: rramnas.hardware/1\nnoise: {write_model: relative, write_sigma: 0.5}\n")
    hopeless = run(*DIGITS, *IMAGES, "--hardware", chip, "--trials", 20, "--stop-below", 0.9).stdout
    assert "--stop-below is out of reach" in hopeless and " 20 chips" not in hopeless
    assert "as exact as --confidence asks" in run(*DIGITS, *IMAGES, "--confidence", 0.1).stdout


def test_accuracy_of_a_member():
    supernet = DATA / "supernet" / "digits.safetensors"
    member = ["ofa_mobilenet_v3_small", "--crossbars", "auto", "--effort", "fast", "--no-cost", "--data", DATA / "supernet" / "data.yaml",
              "--images", 10, "--trials", 1]
    small = work / "member.json"
    small.write_text(json.dumps({"ks": [3] * 16, "e": [3] * 16, "d": [2] * 4}))
    out = run(*member, "--genome", small, "--weights", supernet).stdout
    assert "10 images" in out and "1 chip" in out, out
    small.write_text(json.dumps({"genome": {"ks": [3] * 16, "e": [3] * 16, "d": [2] * 4}, "parameters": {"classes": 7}}))
    assert "widths or classes are not those" in run(*member, "--genome", small, "--weights", supernet, code=2).stderr


def test_accuracy_is_refused():
    broken = work / "broken.yaml"
    broken.write_text("schema: rramnas.data/1\nformat: idx\ntest: {images: none, labels: none}\n")
    wide = work / "wide.yaml"
    images = f"{{images: {DATA}/digits/train-images.idx3-ubyte, labels: {DATA}/digits/train-labels.idx1-ubyte}}"
    wide.write_text(f"schema: rramnas.data/1\nformat: idx\ntrain: {images}\ntest: {images}\nresize: [16, 16]\n")
    for args, message in [
        ([*DIGITS, "--data", broken], "none"),
        ([*DIGITS, "--data", work / "missing.yaml"], "missing.yaml"),
        ([*DIGITS, *IMAGES, "--weights", NETWORKS / "squeezenet1_1.onnx"], "squeezenet1_1.onnx"),
        ([*DIGITS, *IMAGES, "--weights", broken], "broken.yaml"),
        ([*DIGITS, *IMAGES, "--trials", 0], "1 to 1048576"),
        ([*DIGITS, *IMAGES, "--stop-below", 90], "0 to 1"),
        ([*DIGITS, "--trials", 3], "needs --data"),
        ([*DIGITS, "--part", "test"], "needs --data"),
        ([*DIGITS, "--adc-range", "auto"], "needs --data"),
        ([*DIGITS, "--adc-fraction", 0.9], "needs --data"),
        ([*DIGITS, *IMAGES, "--adc-range", "narrow"], "auto, maximum, granular or calibrated"),
        ([*DIGITS, *IMAGES, "--adc-fraction", 0], "above 0, up to 1"),
        ([*DIGITS, "--accuracy-svg", "x.svg"], "needs --data"),
        ([*DIGITS, "--sweep", "time=1,10"], "needs --data"),
        ([*DIGITS, *IMAGES, "--trials", 1, "--sweep", "time=x"], "expected seconds"),
        ([*DIGITS, *IMAGES, "--sweep", "adc.bits=4,5", "--sweep", "dac.bits=1", "--accuracy-svg", "x.svg"], "over one field"),
        ([*DIGITS, *IMAGES, "--trials", 1, "--sweep", "adc.bits=9,8", "--accuracy-svg", "x.svg"], "numbers that rise"),
        ([NETWORKS / "mobilenet_v3_small_rnc.yaml", *IMAGES], "has no weights"),
        ([*DIGITS, "--data", wide], "the network takes 64"),
        ([*DIGITS, *IMAGES, "--json", DATA / "digits" / "digits_8x8.yaml"], "would be overwritten"),
    ]:
        assert message in run(*args, code=2).stderr, (args, message)


tap.run(globals(), lambda: (work / "genome.json").write_text(json.dumps(GENOME)))
