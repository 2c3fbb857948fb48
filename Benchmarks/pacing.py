#!/usr/bin/env python3
"""How evenly `tokenwire simulate` paces its records, by the kernel's stamps in another program.

    make -C Benchmarks/c pace_receiver server && swift build -c release --product tokenwire
    Benchmarks/pacing.py [--streams 1000] [--rate 50] [--seconds 10] [--rounds 3] [--beside-c]

The server runs on one CPU, the receiver on another. The receiver (c/pace_receiver.c) knows nothing of
the server's plans: it says how late each record was against the earliest of its stream. Then the
server's own ground truth is held against the receiver's stamps:

    late      from when a record was due to its stamp: what the wire saw
    p99_of_tenths  the same, for each tenth of a second by itself
    truth     from the instant that the server wrote down to the stamp: how true the truth is

With --beside-c each round is followed by one of the C server (c/server.c), which sends the same number of
prepared lines and does nothing else: what the machine itself allows. `cpu_us` is the server's user and
system time per record, by getrusage(2).
"""

import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile

import truth

HERE = pathlib.Path(__file__).resolve().parent


def percentiles(values):
    values = sorted(values)
    if not values:
        return {"count": 0}
    at = lambda part: round(values[min(len(values) - 1, int(len(values) * part))] / 1000, 1)
    return {"count": len(values), "p50": at(0.5), "p99": at(0.99), "p99.9": at(0.999),
            "max": round(values[-1] / 1000, 1)}


def by_tenths(late):
    """The 99th percentile of each tenth of a second, of those with their full share of records: what a
    machine that is taken away for a while leaves alone shows by how they spread."""
    tenths = {}
    for due, value in late:
        tenths.setdefault(due // 100_000_000, []).append(value)
    full = max(len(values) for values in tenths.values())
    each = sorted(sorted(values)[int(len(values) * 0.99)] / 1000 for values in tenths.values()
                  if len(values) > 0.9 * full)
    at = lambda part: round(each[min(len(each) - 1, int(len(each) * part))], 1)
    return {"tenths": len(each), "best": at(0), "quarter": at(0.25), "median": at(0.5),
            "worst": at(1)}


def pinned(cpu, urgent):
    """Own CPU; and with --urgent ahead of whatever else runs on it (needs the right to)."""
    def prepare():
        os.sched_setaffinity(0, {cpu})
        if urgent:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
    return prepare


def start_server(options, path, cpu):
    server = subprocess.Popen(
        [options.tokenwire, "simulate", "--listen", ":0", "--truth", path, *options.server, "--model",
         f"pace,rate={options.rate},output=1000000,slots={options.streams},context=100000"],
        stdout=subprocess.PIPE, text=True, preexec_fn=pinned(cpu, options.urgent))
    line = server.stdout.readline().split()
    if len(line) != 2:
        raise SystemExit("the server did not start")
    return server, line[1].rsplit(":", 1)[1]


def compare(path, stamps_path):
    stamps = {}
    with open(stamps_path) as file:
        for line in file:
            port, index, stamp = map(int, line.split())
            stamps[port, index] = stamp
    ports, late, exact = {}, [], []
    for entry in truth.read(path):
        if entry.kind == "accepted":
            ports[entry.connection] = entry.value
        if entry.kind != "record" or not entry.detail:
            continue
        stamp = stamps.get((ports[entry.connection], entry.index))
        if stamp is None:
            continue
        due_wall = entry.value + entry.wall_ns - entry.monotonic_ns
        late.append((due_wall, stamp - due_wall))
        exact.append(stamp - entry.wall_ns)
    return late, exact


def receive(options, cpu, port, stamps, *target):
    """The receiver's report; with the server's CPU time when `stop` has ended that."""
    receiver = subprocess.run(
        [HERE / ".build/c/pace_receiver", port, str(options.streams),
         str(int(options.rate * options.seconds)), str(options.rate), stamps, *target],
        stdout=subprocess.PIPE, text=True, preexec_fn=pinned(cpu, options.urgent))
    if receiver.returncode != 0:
        raise SystemExit(f"the receiver failed: {receiver.stdout}")
    return json.loads(receiver.stdout)


def measured(server, records, body):
    """What `body` returns, and the CPU time that the server has used when it is stopped."""
    try:
        before = os.times()
        report = body()
        between = os.times()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    # Of children: the receiver's until `between`, the server's from there on.
    after = os.times()
    cpu = {"user": after.children_user - between.children_user,
           "system": after.children_system - between.children_system}
    receiver_s = (between.children_user + between.children_system
                  - before.children_user - before.children_system)
    return report, {
        "cpu_us": {name: round(value / records * 1e6, 2) for name, value in cpu.items()},
        "cpu_s": {"server": round(sum(cpu.values()), 2), "receiver": round(receiver_s, 2)}}


def run_round(options, cpus):
    records = options.streams * int(options.rate * options.seconds)
    with tempfile.TemporaryDirectory() as directory:
        path, stamps = f"{directory}/truth", f"{directory}/stamps"
        server, port = start_server(options, path, cpus[0])
        report, cpu = measured(
            server, records, lambda: receive(options, cpus[-1], port, stamps))
        late, exact = compare(path, stamps)
        return {"server": "simulate", "receiver": report,
                "late_us": percentiles([value for _, value in late]),
                "p99_of_tenths_us": by_tenths(late), "truth_us": percentiles(exact), **cpu}


def run_c_round(options, cpus):
    count = int(options.rate * options.seconds)
    server = subprocess.Popen(
        [HERE / ".build/c/server"], stdout=subprocess.PIPE, text=True,
        preexec_fn=pinned(cpus[0], options.urgent))
    port = server.stdout.readline().rsplit(":", 1)[1].strip()
    # One line is its last record.
    target = f"/stream?lines={count + 1}&rate={options.rate:g}"
    report, cpu = measured(
        server, options.streams * count,
        lambda: receive(options, cpus[-1], port, "/dev/null", target))
    return {"server": "c", "receiver": report, **cpu}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--streams", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=50)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokenwire", default=str(HERE.parent / ".build/release/tokenwire"))
    parser.add_argument("--urgent", action="store_true",
                        help="run both by SCHED_FIFO, on a machine that others work on, too")
    parser.add_argument("--server", action="append", default=[], metavar="OPTION",
                        help="an option for the server, such as --server=--spin=50us")
    parser.add_argument("--beside-c", action="store_true",
                        help="a round of the C server after each")
    options = parser.parse_args()
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        print("one CPU: server and receiver are in each other's way", file=sys.stderr)
    for _ in range(options.rounds):
        print(json.dumps(run_round(options, cpus)), flush=True)
        if options.beside_c:
            print(json.dumps(run_c_round(options, cpus)), flush=True)


if __name__ == "__main__":
    main()
