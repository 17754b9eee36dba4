# SPDX-License-Identifier: MIT
"""rramnas-compile as a user meets it: exit status, messages, files. TAP on standard output.

Usage: test_compile.py PROGRAM NETWORKS_FOLDER
"""
import json
import os
import subprocess
import sys
import tempfile
import traceback
import xml.etree.ElementTree as xml
from pathlib import Path

PROGRAM, NETWORKS = os.path.abspath(sys.argv[1]), Path(sys.argv[2])
BUILT_IN = "ofa_mobilenet_v3_small"
GENOME = {"ks": [3, 5, 7, 3] * 4, "e": [3, 4, 6, 3] * 4, "d": [2, 3, 2, 2]}
POLICIES = ["isaac", "rnc", "rnc-published", "best"]
work = None


def run(*args, code=0, **more):
    done = subprocess.run([PROGRAM, *map(str, args)], capture_output=True, text=True, timeout=300, **more)
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
        assert 0 <= box["col"] <= r["hardware"]["crossbar_cols"] - box["cols"]
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


def test_every_network_policy_and_model():
    for network in networks():
        for policy in POLICIES:
            for model in ("graph", "rnc"):
                try:
                    r = report(*network, "--policy", policy, "--timing", model, "--samples", 2, "--crossbars", "auto",
                               "--effort", "fast")
                    assert r["schema"] == "rramnas.report/1" and r["options"]["policy"] == policy
                    check_network(r)
                    check_placements(r)
                    if policy != "rnc-published":
                        check_weights(r)
                    check_timing(r, model, 2)
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


def test_copies_are_solved_for():
    network = networks()[0]
    needed = report(*network, "--crossbars", "auto")["packing"]["crossbars"]
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
    n = len(report(*network, "--crossbars", "auto")["duplication"])
    wanted = [1 + i % 2 for i in range(n)]
    (work / "copies.txt").write_text(", ".join(map(str, wanted)) + "\n")
    r = report(*network, "--crossbars", "auto", "--copies", work / "copies.txt")
    assert [d["copies"] for d in r["duplication"]] == wanted
    (work / "copies.txt").write_text("1 2 three")
    assert 'entry 3 is "three"' in run(*network, "--copies", work / "copies.txt", code=2).stderr
    (work / "copies.txt").write_text("1 2 3")
    assert "mapped layers" in run(*network, "--copies", work / "copies.txt", code=2).stderr


def test_same_bytes_twice():
    for network in networks()[:2]:
        seen = set()
        for i, language in enumerate(("C", "de_DE.UTF-8")):
            files = [work / f"same.{i}.{kind}" for kind in ("json", "svg", "trace", "csv", "curve.svg")]
            done = run(*network, "--crossbars", "auto", "--samples", 3, "--effort", "fast", "--json", files[0], "--svg", files[1],
                       "--trace", files[2], "--curve", files[3], "--curve", files[4], "--curve-points", 3, env={**os.environ, "LC_ALL": language})
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
        run("--quiet", "--trace", path, "--samples", 3, "--timing", model, "--crossbars", "auto", *network)
        trace = json.loads(path.read_text())
        r = report(*network, "--samples", 3, "--timing", model, "--crossbars", "auto")
        spans = [e for e in trace["traceEvents"] if e["ph"] == "X"]
        last = max(e["ts"] + e["dur"] for e in spans)
        assert abs(last * 1000 - r["timing"]["latency_ns"]) < 1e-6 * last * 1000
        busy = sorted((e["tid"], e["ts"], e["dur"]) for e in spans if e["pid"] == 0)
        for a, b in zip(busy, busy[1:]):
            assert a[0] != b[0] or a[1] + a[2] <= b[1] * (1 + 1e-9), "a crossbar does two things at once"
        layers = {(e["tid"], e["args"]["layer"]) for e in spans if e["pid"] == 1}
        assert len(layers) == 3 * len(r["duplication"])


def test_json_alone_on_standard_output():
    done = run(*networks()[0], "--crossbars", "auto", "--json", "-")
    assert json.loads(done.stdout)["schema"] == "rramnas.report/1"
    assert done.stderr == ""


def test_table():
    out = run(*networks()[0], "--crossbars", "auto").stdout
    for word in ("network", "hardware", "layer", "packing", "timing", "speed-up", "fingerprint", "policy best", "need at least", "area"):
        assert word in out, word
    assert "any mapping takes" not in out
    assert "any mapping takes at least" in run(*networks()[0], "--crossbars", "auto", "--timing", "rnc").stdout
    rnc = run(*networks()[0], "--crossbars", "auto", "--timing", "rnc", "--policy", "rnc").stdout
    assert "cardinality" in rnc and "any mapping takes" not in rnc
    assert run(*networks()[0], "--crossbars", "auto", "--quiet").stdout == ""


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


def test_bad_hardware_has_a_place():
    (work / "hw.yaml").write_text("crossbar:\n  rows: many\n")
    done = run("--hardware", work / "hw.yaml", *networks()[0], code=2)
    assert "hw.yaml:2:" in done.stderr, done.stderr


def test_presets():
    listed = run("--list-presets").stdout
    assert "isaac_isca_2016" in listed and "Shafiee" in listed and "device  wan_nature_2022" in listed
    network = networks()[0]
    prefixed = report("--hardware", "preset:isaac_isca_2016", "--crossbars", "auto", *network)
    assert prefixed == report("--hardware", "isaac_isca_2016", "--crossbars", "auto", *network)
    assert "no preset" in run("--hardware", "isac_isca_2016", *network, code=2).stderr
    assert "like it: isaac_isca_2016" in run("--hardware", "preset:isaac", *network, code=2).stderr
    file = work / "isaac_isca_2016"
    file.write_text("crossbar: {rows: -1}\n")
    assert "crossbar.rows" in run("--hardware", "isaac_isca_2016", *network, code=2, cwd=work).stderr


def test_help_and_version():
    assert run("--help").stdout.startswith("Usage: rramnas-compile")
    assert run("--version").stdout.startswith("rramnas-compile ")


def test_unwritable_output():
    network = [*networks()[0], "--crossbars", "auto", "--quiet"]
    assert "/none/x.json" in run(*network, "--json", "/none/x.json", code=2).stderr
    if os.path.exists("/dev/full"):
        for kind in ("--json", "--svg", "--trace"):
            assert "cannot write" in run(*network, kind, "/dev/full", code=2).stderr
    folder = work / "kept"
    folder.mkdir()
    (folder / "a.json").write_text("old")
    run(*network, "--json", folder / "a.json")
    assert os.listdir(folder) == ["a.json"] and (folder / "a.json").read_text().startswith("{")


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


def main():
    global work
    tests = [(name, test) for name, test in sorted(globals().items()) if name.startswith("test_")]
    failed = 0
    print(f"1..{len(tests)}")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "genome.json").write_text(json.dumps(GENOME))
        for i, (name, test) in enumerate(tests, 1):
            try:
                test()
                print(f"ok {i} {name}", flush=True)
            except Exception:
                failed += 1
                print(f"not ok {i} {name}", flush=True)
                traceback.print_exc()
    return 1 if failed else 0


sys.exit(main())
