#!/usr/bin/env python3
"""What `tokenwire record` adds to each record of a stream, beside haproxy.

    swift build -c release --product tokenwire && Benchmarks/proxy.py

The C server sends each record at its time, with that time in it; the C client takes the delivery's delay.
All ways run in turns, round after round, and the medians of the rounds are compared. The decision: a
recorder may stand before a server whose latency is being measured.
"""

import argparse
import json
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
BUILT = HERE / ".build" / "c"
TOKENWIRE = HERE.parent / ".build" / "release" / "tokenwire"

HAPROXY = """
global
    nbthread 1
defaults
    mode http
    timeout connect 10s
    timeout client 60s
    timeout server 60s
    option http-no-delay
frontend plain
    bind 127.0.0.1:{port}
    default_backend server
backend server
    server one {upstream}
"""


def start(command, pattern):
    """A process, and the address that its first line says."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    found = re.search(pattern, line)
    if not found:
        process.kill()
        raise SystemExit(f"{command[0]} said {line!r}")
    return process, found[1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start_haproxy(upstream, folder):
    port = free_port()
    path = folder / "haproxy.cfg"
    path.write_text(HAPROXY.format(port=port, upstream=upstream))
    process = subprocess.Popen(["haproxy", "-db", "-q", "-f", path])
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process, f"127.0.0.1:{port}"
        time.sleep(0.02)
    process.kill()
    raise SystemExit("haproxy did not start")


def measure(address, options):
    path = f"/stream?lines={options.lines}&rate={options.rate}"
    done = subprocess.run(
        [BUILT / "client", "streams", f"http://{address}{path}", "--streams", str(options.streams)],
        capture_output=True, text=True, timeout=120, check=True)
    result = json.loads(done.stdout)
    if result["units"] < options.streams * options.lines:
        raise SystemExit(f"{address} lost records: {result['units']}")
    return result["p50_us"], result["p99_us"]


def cpu_s(process):
    """CPU time so far, of all threads."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--streams", type=int, default=20)
    parser.add_argument("--lines", type=int, default=100)
    parser.add_argument("--rate", type=int, default=50, help="records per second and stream")
    parser.add_argument("--tokenwire", default=TOKENWIRE, type=pathlib.Path)
    options = parser.parse_args()
    subprocess.run(["make", "-s", "-C", HERE / "c", "server", "client"], check=True)

    processes = []
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        try:
            server, upstream = start([BUILT / "server"], r"listening (127\.0\.0\.1:\d+)")
            processes.append(server)
            ways = {"direct": (server, upstream)}
            record = [options.tokenwire, "record", "--upstream", upstream, "--quiet"]
            for way, more in {"tokenwire record": [],
                              "tokenwire record -o": ["-o", folder / "out"]}.items():
                ways[way] = start([*record, *more], r"http://(127\.0\.0\.1:\d+)")
                processes.append(ways[way][0])
            if shutil.which("haproxy"):
                ways["haproxy"] = start_haproxy(upstream, folder)
                processes.append(ways["haproxy"][0])
            else:
                print("haproxy is not installed", file=sys.stderr)
            results = {way: [] for way in ways}
            used = dict.fromkeys(ways, 0.0)
            for _ in range(options.rounds):
                for way, (process, address) in ways.items():
                    before = cpu_s(process)
                    results[way].append(measure(address, options))
                    used[way] += cpu_s(process) - before
        finally:
            for process in processes:
                process.terminate()
                process.wait()

    records = options.rounds * options.streams * options.lines
    print(f"{options.streams} streams of {options.lines} records at {options.rate}/s, "
          f"medians of {options.rounds} rounds in turns")
    print("| way | p50 delay, us | p99 delay, us | added p50 | added p99 | CPU per record, us |")
    print("|---|---|---|---|---|---|")
    direct = [statistics.median(column) for column in zip(*results["direct"])]
    for way, rounds in results.items():
        p50, p99 = (statistics.median(column) for column in zip(*rounds))
        # The server's own is that of all of them.
        cpu = f"{used[way] / records * 1e6:.1f}" if way != "direct" else "-"
        print(f"| {way} | {p50:.0f} | {p99:.0f} | {p50 - direct[0]:.0f} | {p99 - direct[1]:.0f} "
              f"| {cpu} |")


if __name__ == "__main__":
    main()
