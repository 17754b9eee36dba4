# SPDX-License-Identifier: MIT
"""The tests of a script: its functions test_*, in the order of their names, as TAP on standard output."""
import sys
import tempfile
import traceback
from pathlib import Path


def run(script, prepare=lambda: None):
    """`script`: globals() of the caller; its `work` becomes a folder that is gone afterwards. Ends the process."""
    tests = [(name, test) for name, test in sorted(script.items()) if name.startswith("test_")]
    failed = 0
    print(f"1..{len(tests)}")
    with tempfile.TemporaryDirectory() as folder:
        script["work"] = Path(folder)
        prepare()
        for i, (name, test) in enumerate(tests, 1):
            try:
                test()
                print(f"ok {i} {name}", flush=True)
            except Exception:
                failed += 1
                print(f"not ok {i} {name}", flush=True)
                traceback.print_exc()
    sys.exit(1 if failed else 0)
