#!/usr/bin/env python3
"""What the Ollama layer costs above the transport: the job that takes content against the one that takes
lines (events, of server-sent ones) off the same bytes.

    make -C Benchmarks/c && swift build -c release --package-path Benchmarks --product wire-client
    Benchmarks/layer.py [--lines 2000000] [--rounds 9] [--driver blocking]

Both run in turn, round by round; the difference of their least CPU times (user and system, of the whole
process) and of their instructions (by callgrind, as the difference of two lengths, so that starting up is
not in it) stand per record. Callgrind 3.19 knows no AVX-512: it counts the AVX2 kernels. `allocations` is
the difference of calls of malloc between the two lengths, per record.
"""

import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import run

LENGTHS = (20_000, 120_000)


def measure(server, dialect, take, driver, lines):
    command = [run.WIRE_CLIENT, "firehose", f"{server.url}/{dialect}?lines={lines}", "--take", take,
               "--driver", driver]
    status, out, err = run.run_from_shell([str(part) for part in command])
    if status != 0:
        sys.exit(err)
    return json.loads(out)


def counted(server, program, dialect, take, driver, lines):
    """(instructions, calls of malloc) of a whole run."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "counts"
        made = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", program, "firehose",
             f"{server.url}/{dialect}?lines={lines}", "--take", take, "--driver", driver],
            capture_output=True, text=True, timeout=600)
        if made.returncode != 0:
            sys.exit(made.stderr[-2000:])
        text = out.read_text()
    total = int(re.search(r"^(?:totals|summary): (\d+)", text, re.M)[1])
    names, calls, callee = {}, 0, None
    for line in text.splitlines():
        if found := re.match(r"cfn=\((\d+)\)(?: (.*))?", line):
            if found[2]:
                names[found[1]] = found[2]
            callee = names.get(found[1], "")
        elif found := re.match(r"fn=\((\d+)\) (.*)", line):
            names[found[1]] = found[2]
        elif line.startswith("calls=") and callee in ("malloc", "calloc", "posix_memalign",
                                                       "aligned_alloc"):
            calls += int(line[6:].split()[0])
    return total, calls


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--driver", default="blocking")
    options = parser.parse_args()
    server = run.Server(None)
    try:
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "wire-client"
            subprocess.run(["strip", "--strip-debug", "-o", program, run.WIRE_CLIENT], check=True)
            for dialect in ("firehose", "firehose-sse"):
                least = {}
                for _ in range(options.rounds):
                    for take in ("lines", "content"):
                        record = measure(server, dialect, take, options.driver, options.lines)
                        least[take] = min(least.get(take, 1e9), record["cpu_s"])
                report = {"job": dialect, "driver": options.driver}
                for take in least:
                    report[f"{take}_ns"] = round(least[take] / options.lines * 1e9, 1)
                report["layer_ns"] = round(report["content_ns"] - report["lines_ns"], 1)
                if shutil.which("valgrind"):
                    for take in least:
                        short, long = (counted(server, program, dialect, take, options.driver, lines)
                                       for lines in LENGTHS)
                        records = LENGTHS[1] - LENGTHS[0]
                        report[f"{take}_instructions"] = round((long[0] - short[0]) / records, 1)
                        report[f"{take}_allocations"] = round((long[1] - short[1]) / records, 4)
                    report["layer_instructions"] = round(
                        report["content_instructions"] - report["lines_instructions"], 1)
                print(json.dumps(report), flush=True)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
