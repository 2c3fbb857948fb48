#!/usr/bin/env python3
"""Counts the instructions of each codec per byte by callgrind, and compares them with counts.json.

Counts do not depend on what else the machine does; times do. Fails when a count is more than 5 % above
its threshold, or an input twice as long (`X-double`) costs more per byte. `--write` makes the counts found the new thresholds: look at the difference before you
commit it.

Of heads, the C reference is counted too (where a C compiler is), and the ratio to it printed: that has no
threshold, because its count is the compiler's.

Callgrind 3.19 knows no AVX-512, so what is counted are the AVX2 kernels.
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = HERE / ".build" / "release" / "wire-micro"
THRESHOLDS = HERE / "counts.json"
MEASURED = "wire_micro_measured"
TOLERANCE = 1.05
RIVALS = HERE / ".build" / "rivals"
REFERENCE = "C head parser"


def counted():
    """(task, contender, instructions, bytes, units) of each run that the program makes."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "counts"
        # Without the debugging information, which valgrind 3.19 cannot read.
        program = pathlib.Path(folder) / "wire-micro"
        subprocess.run(["strip", "--strip-debug", "-o", program, PROGRAM], check=True)
        run = subprocess.run(
            ["valgrind", "--tool=callgrind", "--collect-atstart=no",
             f"--toggle-collect={MEASURED}", f"--dump-after={MEASURED}",
             f"--callgrind-out-file={out}", program, "--count", "--rivals", RIVALS],
            capture_output=True, text=True, timeout=600)
        if run.returncode != 0:
            sys.exit(run.stderr[-2000:])
        runs = [line.split("\t") for line in run.stdout.splitlines()]
        for number, (task, size, units, name) in enumerate(runs, 1):
            text = pathlib.Path(f"{out}.{number}").read_text()
            total = int(re.search(r"^(?:totals|summary): (\d+)", text, re.M)[1])
            yield task, name, total, int(size), int(units)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--write", action="store_true", help="make these the thresholds")
    options = options.parse_args()
    if shutil.which("valgrind") is None:
        print("valgrind is not installed: nothing is counted", file=sys.stderr)
        return 0
    subprocess.run(["make", "-s", "-C", HERE / "micro", "../.build/rivals/reference.so"], check=False)
    thresholds = json.loads(THRESHOLDS.read_text()) if THRESHOLDS.exists() else {}
    found, references, failures = {}, {}, 0
    for task, name, total, size, units in counted():
        if name == REFERENCE:
            references[task] = total
            continue
        key = f"{task}: {name}"
        found[key] = round(total / size, 3)
        limit = thresholds.get(key)
        verdict = ""
        if limit is None:
            verdict = "  no threshold"
        elif found[key] > limit * TOLERANCE:
            verdict = f"  ABOVE {limit}"
            failures += 1
        if task in references:
            verdict += f"  {total / references[task]:.2f} times the {REFERENCE}"
        print(f"{key:60} {found[key]:8.3f} per byte {total / units:10.1f} per unit{verdict}")
    for key in found:
        task, _, name = key.partition(": ")
        double = found.get(f"{task}-double: {name}")
        if double is not None and double > found[key] * TOLERANCE:
            print(f"{key}: {double / found[key]:.2f} times as much per byte when twice as long")
            failures += 1
    if options.write:
        THRESHOLDS.write_text(json.dumps(found, indent=2) + "\n")
        return 0
    missing = thresholds.keys() - found.keys()
    for key in sorted(missing):
        print(f"{key}: was not counted")
    return 1 if failures or missing else 0


if __name__ == "__main__":
    sys.exit(main())
