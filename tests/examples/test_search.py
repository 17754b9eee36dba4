# SPDX-License-Identifier: MIT
"""rramnas-search as a user meets it: exit status, messages, files. TAP on standard output.

Usage: test_search.py SEARCH_PROGRAM COMPILE_PROGRAM SPACES_FOLDER NETWORKS_FOLDER
"""
import csv
import json
import os
import shlex
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import tap

SEARCH, COMPILE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
SPACES, NETWORKS = Path(sys.argv[3]).resolve(), Path(sys.argv[4]).resolve()
SMALL = ["ofa-mobilenet-v3-small", "--crossbars", "210", "--policy", "rnc", "--objectives", "macs,latency_ns"]
DATA = Path(__file__).resolve().parent.parent / "data"
work = None


def run(*args, code=0, program=SEARCH, cwd=None):
    done = subprocess.run([program, *map(str, args)], capture_output=True, text=True, cwd=cwd)
    assert done.returncode == code, f"{args}: exit status {done.returncode}, expected {code}: {done.stderr}"
    return done


def rows_of(path):
    with open(path, newline="") as f:
        return list(csv.DictReader(f))


def search(folder, *args, **more):
    run(*SMALL, "--population", 10, "--quiet", "--out", work / folder, *args, **more)
    return work / folder


def dominates(a, b):
    return a != b and all(float(a[k]) <= float(b[k]) for k in ("macs", "latency_ns"))


def test_everything_in_the_folder():
    folder = search("all", "--generations", 4, "--seed", 7)
    front, history = rows_of(folder / "front.csv"), rows_of(folder / "history.csv")
    assert len(history) == 40 and [row["id"] for row in history] == [str(i) for i in range(40)]
    genes = [name for name in history[0] if name[:2] in ("d[", "ks", "e[")]
    assert len(genes) == 36
    assert len({tuple(row[g] for g in genes) for row in history}) == 40
    expected = [h for h in history if h["state"] == "feasible" and not any(dominates(o, h) for o in history)]
    assert sorted((r["macs"], r["latency_ns"]) for r in front) == sorted((r["macs"], r["latency_ns"]) for r in expected)
    data = json.loads((folder / "front.json").read_text())
    assert data["schema"] == "rramnas.front/1" and len(data["front"]) == len(front)
    root = xml.parse(folder / "front.svg").getroot()
    assert len([c for c in root.iter() if c.tag.endswith("circle") and len(c)]) == len(front)
    page = (folder / "report.html").read_text()
    assert "knee" in page and page.count("<svg") >= 3 and "http" not in page.replace("http://www.w3.org", "")


def test_the_chosen_network_is_what_it_says():
    folder = search("chosen", "--generations", 2)
    best = min(rows_of(folder / "front.csv"), key=lambda row: float(row["latency_ns"]))
    run(folder / "best" / "best-latency_ns.yaml", "--hardware", folder / "best" / "best-latency_ns.hardware.yaml",
        "--crossbars", 210, "--policy", "rnc", "--effort", "fast", "--timing", "rnc", "--samples", 8, "--quiet", "--json",
        work / "chosen.json", program=COMPILE)
    report = json.loads((work / "chosen.json").read_text())
    assert report["timing"]["latency_ns"] == float(best["latency_ns"])


def again(shown, folder, name, figures, cwd=None):
    """The command that was printed gives the figures of the front's knee."""
    command = next(shlex.split(line)[1:] for line in shown.splitlines() if line.startswith("again "))
    assert command[0] == "rramnas-compile"
    run(*command[1:], "--quiet", "--json", work / name, program=COMPILE, cwd=cwd)
    report = json.loads((work / name).read_text())
    found = {"latency_ns": report["timing"]["latency_ns"], "accuracy": report.get("accuracy", {}).get("mean"),
             "accuracy_digital": report.get("accuracy", {}).get("digital"),
             "energy_pj": report.get("cost", {}).get("energy_per_inference_pj")}
    found = {figure: found[figure] for figure in figures}
    rows = [{figure: float(row[figure]) for figure in figures} for row in rows_of(folder / "front.csv")]
    assert found in rows, (found, rows)


def test_the_printed_command_gives_the_figures_again():
    rest = ["--policy", "rnc", "--population", 6, "--generations", 2]
    out = work / "it's a folder"
    shown = run("ofa-mobilenet-v3-small", "--crossbars", 210, *rest, "--seed", 3, "--out", out).stdout
    again(shown, out, "again-net.json", ["latency_ns", "energy_pj"])
    shown = run("ofa-mobilenet-v3-small", "--crossbars", 210, *rest, "--out=-a folder", cwd=work).stdout
    again(shown, work / "-a folder", "again-dash.json", ["latency_ns", "energy_pj"], cwd=work)
    assert "'./-a folder/best/knee.yaml'" in shown, shown
    mixed = work / "again-mixed"
    shown = run(SPACES / "nacim_mixed_precision.yaml", "--crossbars", "auto", *rest, "--out", mixed).stdout
    again(shown, mixed, "again-mixed.json", ["latency_ns", "energy_pj"])
    assert "--layer-bits" in shown
    rows = rows_of(mixed / "history.csv")
    assert len({row["layer_weight_bits[0]"] for row in rows}) > 1


def test_the_printed_command_gives_the_accuracy_again():
    space = work / "again_chip.yaml"
    space.write_text("schema: rramnas.space/1\ngenes: [{name: noise.write_sigma, values: [0.1, 0.2]}]\n")
    chip = work / "again_noise.yaml"
    chip.write_text("schema: rramnas.hardware/1\nnoise: {write_model: relative}\n")
    rest = ["--policy", "rnc", "--crossbars", "auto", "--images", 24, "--trials", 2, "--seed", 5]
    shown = run(space, "--network", DATA / "onnx" / "digits_cnn.onnx", "--hardware", chip,
                "--data", DATA / "digits" / "digits_8x8.yaml", *rest, "--strategy", "enumerate", "--stop-below", 0.1,
                "--confidence", ".123456789012345", "--objectives", "accuracy,latency_ns", "--out", work / "again-chips").stdout
    again(shown, work / "again-chips", "again-chips.json", ["accuracy", "latency_ns"])
    shown = run(DATA / "supernet" / "space.yaml", "--data", DATA / "supernet" / "data.yaml", *rest,
                "--norm-images", 32, "--population", 4, "--generations", 1,
                "--objectives", "accuracy_digital,latency_ns", "--out", work / "again-member").stdout
    again(shown, work / "again-member", "again-member.json", ["accuracy_digital", "latency_ns"])


def judged_with(folder, *options, **more):
    """A search whose candidates' accuracy hangs on the range of their converters."""
    space = work / "ranges.yaml"
    space.write_text("schema: rramnas.space/1\ngenes: [{name: adc.bits, values: [4, 5]}]\n")
    return run(space, "--network", DATA / "onnx" / "digits_cnn.onnx", "--data", DATA / "digits" / "digits_8x8.yaml", "--images", 100,
               "--trials", 1, "--policy", "rnc", "--crossbars", "auto", "--strategy", "enumerate", "--objectives",
               "accuracy,energy_pj", "--out", work / folder, *options, **more)


def test_ranges_of_converters():
    for folder, options in [
        ("auto", []), ("said-auto", ["--adc-range", "auto"]), ("maximum", ["--adc-range", "maximum"]),
        ("fraction", ["--adc-range", "calibrated", "--adc-fraction", 0.9]),
    ]:
        shown = judged_with(folder, *options).stdout
        again(shown, work / folder, folder + ".json", ["accuracy", "energy_pj"])
        command = next(line for line in shown.splitlines() if line.startswith("again "))
        assert ("--adc-range" in command) == (folder in ("maximum", "fraction")), command
        assert ("--adc-fraction 0.9" in command) == (folder == "fraction"), command
    auto, said, maximum, fraction = ((work / name / "history.csv").read_text() for name in
                                     ("auto", "said-auto", "maximum", "fraction"))
    assert auto == said and len({auto, maximum, fraction}) == 3, (auto, maximum, fraction)


def test_a_resumed_search_has_the_same_range_of_converters():
    checkpoint = work / "ranged" / "checkpoint"
    judged_with("ranged", "--adc-fraction", 0.9)
    judged_with("ranged", "--adc-fraction", 0.9, "--resume", checkpoint)
    for other in (["--adc-fraction", 0.8], [], ["--adc-fraction", 0.9, "--adc-range", "maximum"]):
        message = judged_with("ranged", *other, "--resume", checkpoint, code=2).stderr
        assert "another problem" in message, message


def test_same_bytes_at_any_number_of_threads_and_after_a_break():
    whole = search("one", "--generations", 5, "--threads", 1)
    threads = search("three", "--generations", 5, "--threads", 3)
    broken = search("broken", "--evaluations", 23)
    run(*SMALL, "--quiet", "--out", broken, "--resume", broken / "checkpoint", "--generations", 5)
    for name in ("front.csv", "front.json", "history.csv", "checkpoint"):
        assert (whole / name).read_bytes() == (threads / name).read_bytes() == (broken / name).read_bytes(), name


def test_an_interrupt_keeps_the_front():
    folder = work / "interrupted"
    process = subprocess.Popen([SEARCH, *SMALL, "--population", "10", "--generations", "1000000", "--quiet", "--out", folder],
                               stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if (folder / "checkpoint").exists():
            break
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=600) == 0, process.stderr.read()
    assert "stopped" in process.stderr.read() and rows_of(folder / "front.csv")


def test_what_is_read_is_not_written_over():
    folder = work / "same"
    best = folder / "best"
    best.mkdir(parents=True)
    space = folder / "report.html"
    space.write_text("schema: rramnas.space/1\ngenes: [{name: adc.bits, integer: [4, 8]}]\n")
    chip = best / "knee.hardware.yaml"
    chip.write_text("schema: rramnas.hardware/1\n")
    table = folder / "front.csv"
    table.write_text("d[0],accuracy\n2,50\n")
    os.link(table, folder / "history.csv")
    outside = [*SMALL, "--out", work / "other", "--generations", 1]
    for args in [
        [space, "--network", NETWORKS / "squeezenet1_1.yaml", "--out", folder],
        [*SMALL, "--hardware", chip, "--out", folder],
        [*SMALL, "--table", table, "--out", folder],
        [*SMALL, "--predictor", f"accuracy={table}", "--out", folder],
        [*outside, "--table", table, "--checkpoint", table],
        [*outside, "--table", table, "--cache", table],
        [*outside, "--cache", work / "other" / "history.csv"],
        [*outside, "--checkpoint", work / "other" / "front.csv"],
    ]:
        before = {path: path.read_bytes() for path in (space, chip, table)}
        assert "written over" in run(*args, code=2).stderr, args
        assert before == {path: path.read_bytes() for path in before}


def test_an_earlier_search_is_kept():
    folder = search("kept", "--generations", 1)
    before = {name: (folder / name).read_bytes() for name in ("checkpoint", "history.csv", "front.csv")}
    again = [*SMALL, "--population", 10, "--generations", 1, "--seed", 9, "--quiet", "--out", folder]
    message = run(*again, code=2).stderr
    assert "--resume" in message and "--overwrite" in message
    assert before == {name: (folder / name).read_bytes() for name in before}
    run(*again, "--overwrite")
    assert before["checkpoint"] != (folder / "checkpoint").read_bytes()
    text = work / "notes.txt"
    text.write_text("not a checkpoint")
    assert "--overwrite" in run(*SMALL, "--generations", 1, "--checkpoint", text, code=2).stderr
    assert text.read_text() == "not a checkpoint"


def test_tables():
    table = work / "accuracy.csv"
    names = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]
    cells = [[(i // 5 ** k) % 5 for k in range(6)] for i in range(0, 15625, 31)]
    with open(table, "w") as f:
        f.write("architecture,right,noisy\n")
        for i, cell in enumerate(cells):
            f.write(f'"({", ".join(map(str, cell))})",{50 + i % 40},{i % 7} \u00b1 0.5\n')
    found = run("nas-bench-201", "--table", table, "--table-key", "architecture:" + ",".join(names), "--table-columns",
                "accuracy=right", "--objectives", "accuracy,macs", "--evaluations", 15625, "--population", 500, "--quiet",
                "--out", work / "table")
    rows = rows_of(work / "table" / "front.csv")
    assert found.stderr == "" and rows and max(float(row["accuracy"]) for row in rows) == 89
    history = rows_of(work / "table" / "history.csv")
    assert len(history) == 15625 and sum(row["state"] == "feasible" for row in history) == len(cells)


def test_a_space_of_anything():
    space, table = work / "any.yaml", work / "any.csv"
    space.write_text("schema: rramnas.space/1\ngenes: [{name: a, integer: [1, 3]}]\n")
    table.write_text("a,loss,price\n1,3,1\n2,1,2\n3,2,3\n")
    shown = run(space, "--table", table, "--objectives", "loss,price", "--strategy", "enumerate",
                "--out", work / "any").stdout
    assert "again" not in shown and len(rows_of(work / "any" / "front.csv")) == 2
    assert (work / "any" / "report.html").exists() and not (work / "any" / "best" / "knee.yaml").exists()


def test_spaces_of_the_examples():
    for path in sorted(SPACES.glob("*.yaml")):
        assert int(run(path, "--count").stdout) > 1000
        run(path, "--quiet", "--policy", "rnc", "--population", 6, "--generations", 1)


def test_a_chip_for_a_network():
    space = work / "chip.yaml"
    space.write_text("schema: rramnas.space/1\ngenes: [{name: adc.bits, integer: [4, 8]}, {name: dac.bits, values: [1, 2]}]\n")
    out = run(space, "--network", NETWORKS / "squeezenet1_1.yaml", "--crossbars", 90, "--policy", "rnc", "--objectives",
              "latency_ns,energy_pj,area_um2").stdout
    assert "10 candidates" in out


def test_accuracy_on_each_chip():
    digits = DATA / "digits" / "digits_8x8.yaml"
    space = work / "digits_chip.yaml"
    space.write_text("schema: rramnas.space/1\ngenes: [{name: adc.bits, integer: [3, 8]}, {name: weight.bits, values: [2, 8]}]\n")
    args = [space, "--network", DATA / "onnx" / "digits_cnn.onnx", "--crossbars", "auto", "--policy", "rnc", "--objectives",
            "accuracy,energy_pj", "--data", digits, "--images", 24, "--trials", 1, "--strategy", "enumerate", "--quiet"]
    run(*args, "--out", work / "digits")
    rows = rows_of(work / "digits" / "history.csv")
    assert len(rows) == 12
    found = {(row["adc.bits"], row["weight.bits"]): float(row["accuracy"]) for row in rows}
    assert found["8", "8"] > 0.9 and found["3", "2"] < found["8", "8"], found
    threads = work / "digits-threads"
    run(*args, "--threads", 3, "--out", threads)
    assert (threads / "history.csv").read_bytes() == (work / "digits" / "history.csv").read_bytes()
    assert "nobody supplies" in run(space, "--network", DATA / "onnx" / "digits_cnn.onnx", "--objectives", "accuracy,macs",
                                    code=2).stderr
    assert "holds no supernet" in run(*SMALL, "--data", digits, "--weights", DATA / "onnx" / "digits_cnn.onnx", code=2).stderr


def test_members_of_a_supernet():
    supernet = DATA / "supernet" / "digits.safetensors"
    judged = ["--data", DATA / "supernet" / "data.yaml", "--images", 40, "--norm-images", 64, "--policy", "rnc", "--crossbars", "auto",
              "--objectives", "accuracy_digital,latency_ns,energy_pj", "--population", 6, "--generations", 2, "--seed", 2, "--quiet"]
    named = ["ofa-mobilenet-v3-small", "--weights", supernet]
    run(*named, *judged, "--threads", 1, "--out", work / "member")
    run(*named, *judged, "--threads", 2, "--out", work / "member-threads")
    for name in ("front.csv", "history.csv"):
        assert (work / "member" / name).read_bytes() == (work / "member-threads" / name).read_bytes(), name
    rows = rows_of(work / "member" / "history.csv")
    assert len(rows) == 12 and all(float(row["accuracy_digital"]) > 0.8 for row in rows), rows
    run(*named, *judged, "--generations", 3, "--resume", work / "member" / "checkpoint", "--out", work / "member")
    run(*named, *judged, "--generations", 3, "--out", work / "member-unbroken")
    for name in ("front.csv", "history.csv"):
        assert (work / "member" / name).read_bytes() == (work / "member-unbroken" / name).read_bytes(), name
    # Another supernet is another problem.
    spoiled = work / "other.safetensors"
    spoiled.write_bytes(supernet.read_bytes()[:-1] + b"?")
    other = ["ofa-mobilenet-v3-small", "--weights", spoiled]
    assert "another problem" in run(*other, *judged, "--resume", work / "member" / "checkpoint", code=2).stderr


def test_a_space_with_its_supernet():
    space = DATA / "supernet" / "space.yaml"
    judged = ["--data", DATA / "supernet" / "data.yaml", "--images", 20, "--norm-images", 32, "--population", 4, "--generations", 1,
              "--quiet"]
    run(space, *judged, "--objectives", "accuracy_digital,macs", "--out", work / "owned")
    rows = rows_of(work / "owned" / "history.csv")
    assert len(rows) == 4 and max(float(row["macs"]) for row in rows) < 1e7
    candidate = (work / "owned" / "best" / "knee.candidate.yaml").read_text()
    assert "widths: [8, 8, 16, 16, 24, 32, 96, 160]" in candidate
    assert "--data needs --weights FILE" in run("ofa-mobilenet-v3-small", *judged, "--objectives", "accuracy_digital,macs", code=2).stderr


def test_nothing_feasible():
    done = run(*SMALL, "--population", 6, "--generations", 1, "--quiet", "--constraint", "macs<1", code=1)
    assert "0 failed, 6 do not fit or break a constraint, the first that does: macs is " in done.stderr
    assert ", and has to be <= 1" in done.stderr


def test_why_candidates_failed():
    space, table = work / "two.yaml", work / "two.csv"
    space.write_text("schema: rramnas.space/1\ngenes: [{name: adc.bits, integer: [4, 7]}]\n")
    table.write_text("adc.bits,loss\n4,1\n")
    args = [space, "--network", NETWORKS / "squeezenet1_1.yaml", "--policy", "rnc", "--crossbars", "auto", "--strategy",
            "enumerate", "--table", table, "--objectives", "loss,crossbars"]
    shown = run(*args, "--out", work / "two").stdout
    assert "failed    3 candidates; the first: the table has no \"loss\" of this candidate" in shown, shown
    assert "The first that failed: the table has no" in (work / "two" / "report.html").read_text()
    table.write_text("adc.bits,loss\n4,\n")
    message = run(*args, code=1).stderr
    assert "4 failed, 0 do not fit or break a constraint, the first that failed: the table has" in message


def test_refused():
    foreign = work / "foreign"
    foreign.write_text("this is no checkpoint, but it is long enough to be looked at")
    slip, lonely = work / "slip.yaml", work / "lonely.yaml"
    slip.write_text("schema: rramnas.space/1\ngenes: [{name: adc.bit, integer: [4, 8]}]\n")
    lonely.write_text("schema: rramnas.space/1\ngenes: [{name: adc.bits, integer: [4, 8]}]\n")
    for args, message in [
        ([], "no space is given"),
        (["a-space-that-is-not"], "no space"),
        (["none.yaml"], "none.yaml"),
        ([slip], "did you mean"),
        ([lonely], "a network is missing"),
        ([*SMALL, "--objectives", "macs"], "given twice"),
        ([*SMALL, "--population", "0"], "expected 1 to 16777216"),
        ([*SMALL, "--population", "2147483647"], "expected 1 to 16777216"),
        ([*SMALL, "--crossbars", "0"], "expected 1 to 2147483647, or auto"),
        ([*SMALL, "--crossbars", "5000000"], "expected 1..4194304 or auto"),
        ([*SMALL, "--strategy", "best"], "nsga2, random, reinforce or enumerate"),
        ([*SMALL, "--constraint", "macs=5"], "expected <"),
        ([*SMALL, "--constraint", "accuracy>5"], "nobody supplies"),
        ([*SMALL, "--resume", foreign], "is no checkpoint"),
        ([*SMALL, "--table", foreign], "foreign"),
        ([*SMALL, "--hardware", "isac"], "no preset"),
        ([*SMALL, "--out", "/dev/null/x"], "cannot make"),
        ([*SMALL, "--adc-range", "auto"], "needs --data"), ([*SMALL, "--adc-fraction", 0.9], "needs --data"),
        ([*SMALL, "--images", 5], "needs --data"), ([*SMALL, "--weights", foreign], "needs --data"),
        ([*SMALL, "--adc-range", "narrow"], "auto, maximum, granular or calibrated"),
        ([*SMALL, "--adc-fraction", 0], "above 0, up to 1"),
        (["--count", "--", "--count"], "no space"), ([*SMALL, "--crossbrs", "5"], "did you mean --crossbars?"),
    ]:
        assert message in run(*args, code=2).stderr, (args, message)


def test_standard_output_that_is_full_is_told_once():
    if os.path.exists("/dev/full"):
        for options in ([*SMALL, "--population", 4, "--generations", 1], ["--help"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([SEARCH, *map(str, options)], stdout=full, stderr=subprocess.PIPE, text=True)
            assert done.returncode == 2 and done.stderr.count("cannot write") == 1, done


def test_help():
    assert run("--help").stdout.startswith("Usage: rramnas-search")
    assert "nas-bench-201" in run("--list-spaces").stdout
    assert "latency_ns" in run("--list-figures").stdout
    assert run("--version").stdout.startswith("rramnas-search ")


tap.run(globals())
