#!/usr/bin/env python3
"""Runs the timed jobs: every client of a job in turn, for some rounds, against one C server.

Prints medians and ratios to the raw C client of the same run. Exits with 1 when a client fails or
finds other units or bytes than the server sent.
"""

import argparse
import csv
import datetime
import json
import os
import pathlib
import platform
import re
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import urllib.request

import concurrency
import tls
import wakeups

HERE = pathlib.Path(__file__).resolve().parent
BUILT = HERE / ".build" / "c"
WIRE_CLIENT = HERE / ".build" / "release" / "wire-client"
CLIENT_LIMIT_S = 330
LIMIT = "raw C"  # the client that the others are compared with

# Job: the path and query, the arguments, and which count of the server's facts `bytes` has to be.
JOBS = {
    "firehose-lines": ("firehose", ["--take", "lines"], "body_bytes"),
    "firehose-content": ("firehose", ["--take", "content"], "content_bytes"),
    "firehose-sse-lines": ("firehose-sse", ["--take", "lines"], "body_bytes"),
    "firehose-sse-content": ("firehose-sse", ["--take", "content"], "content_bytes"),
    "pingpong": ("small", [], "body_bytes"),
}
# Jobs that say themselves how they are done.
OWN = {**concurrency.JOBS, **tls.JOBS}
OWN_FIELDS = [*concurrency.FIELDS, *tls.FIELDS]
# Client name -> jobs that it cannot do yet.
NOT_YET = {}
FIELDS = ["wall_s", "cpu_s", "user_s", "rss_kib", "units", "bytes", "p50_us", "p99_us",
          "allocations"]


class NotYet(RuntimeError):
    """The client does not know the job."""


class Server:
    """The C server as a child process; it also stops by itself when nobody uses it."""

    def __init__(self, cpus):
        """Starts on `cpus`; None leaves the choice to the kernel."""
        ours = os.sched_getaffinity(0)
        os.sched_setaffinity(0, cpus or ours)  # a child starts with its parent's
        self.folder = tempfile.TemporaryDirectory()
        log = pathlib.Path(self.folder.name) / "log"
        log.touch()
        self.log = concurrency.ServerLog(log, json.loads)
        made = tls.make_certificate(self.folder.name)
        self.certificate, pem = made or (None, None)
        self.process = subprocess.Popen(
            [BUILT / "server", "--log", log, *(["--tls", pem] if made else [])],
            stdout=subprocess.PIPE, text=True)
        os.sched_setaffinity(0, ours)
        # It says both at once, or nothing.
        ready, _, _ = select.select([self.process.stdout], [], [], 10)
        self.tls_url = f"https://{self.read_address('tls', ready)}" if made else None
        self.url = f"http://{self.read_address('listening', ready)}"

    def read_address(self, name, ready):
        line = self.process.stdout.readline() if ready else ""
        found = re.fullmatch(rf"{name} (127\.0\.0\.1:\d+)\n", line)
        if not found:
            self.stop()
            raise SystemExit(f"the server did not start: {line!r}")
        return found[1]

    def facts(self, lines):
        # Straight to loopback, whatever proxy the environment names.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.url}/facts?lines={lines}", timeout=10) as response:
            return json.load(response)

    def cpu_s(self):
        """CPU time so far, or None where the kernel does not tell."""
        try:
            schedstat = pathlib.Path(f"/proc/{self.process.pid}/schedstat").read_text()
            return int(schedstat.split()[0]) / 1e9
        except (OSError, ValueError, IndexError):
            return None

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.file.close()
        self.folder.cleanup()


def note(text):
    print(text, file=sys.stderr)


def build():
    """Builds the C programs and returns the clients: name -> command and extra arguments."""
    subprocess.run(["make", "-s", "-C", HERE / "c", "server", "client", "tls_client"], check=True)
    clients = {LIMIT: ([BUILT / "client"], [])}
    made = subprocess.run(["make", "-s", "-C", HERE / "c", "curl_client"],
                          capture_output=True, text=True)
    if made.returncode == 0:
        clients["libcurl"] = ([BUILT / "curl_client"], [])
    else:
        note("note: no libcurl client (its headers, or curl_client.c, do not build here):")
        note("  " + (made.stderr.strip().splitlines() or ["no message"])[0])
    if WIRE_CLIENT.exists():
        for driver in ("blocking", "reactor", "task", "async"):
            clients[f"TokenWire {driver}"] = ([WIRE_CLIENT], ["--driver", driver])
    else:
        note("note: no TokenWire client; build it with")
        note("  swift build -c release --package-path Benchmarks --product wire-client")
    return clients


def expected(job, client, facts, options):
    """The units and bytes that `client` has to report."""
    source, _, count = JOBS[job]
    if job == "pingpong":
        return options.requests, options.requests * facts["small"]["body_bytes"]
    units, size = facts[source]["units"], facts[source][count]
    if client.startswith("TokenWire") and job == "firehose-sse-lines":
        size -= units * len("data: \n\n")  # it counts the data of events, not their framing
    if client == "TokenWire async" and job == "firehose-sse-content":
        units -= 1  # it counts parts: the finish chunk and [DONE] are one
    return units, size


def run_from_shell(command):
    """Runs `command` as the child of a small shell; returns its status, stdout and stderr.

    A process starts with the peak RSS of the one that executed it: as Python's own child a client
    of 2 MB would report Python's 20 MB.
    """
    shell = subprocess.Popen(["/bin/sh", "-c", '"$@"; exit $?', "sh", *command], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             start_new_session=True)
    try:
        out, err = shell.communicate(timeout=CLIENT_LIMIT_S)
    except BaseException as error:
        os.killpg(shell.pid, signal.SIGKILL)
        shell.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            raise RuntimeError(f"still running after {CLIENT_LIMIT_S} s") from error
        raise
    return shell.returncode, out, err


def run_client(job, client, command, server, options, facts):
    """One run; returns its record. Raises RuntimeError when the client fails or miscounts."""
    program, driver = command
    if job in OWN:
        secure = getattr(OWN[job], "is_secure", False)
        line = OWN[job].arguments(server.tls_url if secure else server.url, options)
    elif job == "pingpong":
        line = ["pingpong", f"{server.url}/small", "--requests", str(options.requests)]
    else:
        source, arguments, _ = JOBS[job]
        line = ["firehose", f"{server.url}/{source}?lines={options.lines}", *arguments]
    server.log.skip()
    before = server.cpu_s()
    status, out, err = run_from_shell([*program, *line, *driver])
    after = server.cpu_s()
    if status == 2 and client.startswith(concurrency.WIRE):
        raise NotYet
    if status != 0:
        raise RuntimeError(f"exit {status}: {(err.strip().splitlines() or ['no message'])[-1]}")
    try:
        record = json.loads(out)
        found = record["units"], record["bytes"]
    except (ValueError, KeyError, TypeError) as error:
        raise RuntimeError(f"not a report: {out[:200]!r}") from error
    if job in OWN:
        OWN[job].check(record, options, facts, server.log)
    elif found != expected(job, client, facts, options):
        raise RuntimeError(f"units, bytes {found}, but the server sent "
                           f"{expected(job, client, facts, options)}")
    unknown = before is None or after is None
    record["server_cpu_s"] = None if unknown else round(after - before, 6)
    return record


def run_job(job, clients, server, options):
    """All rounds of a job. Returns client -> records, and client -> why it was given up."""
    facts = server.facts(options.lines)
    clients = {name: c for name, c in clients.items() if job not in NOT_YET.get(name, ())}
    rounds, first = options.rounds, 0
    if job in OWN:
        clients = OWN[job].clients(clients)
        rounds = min(rounds, OWN[job].rounds_at_most)
        first = 0 if OWN[job].warms_up else 1
    records, failures = {name: [] for name in clients}, {}
    names = list(clients)
    for turn in range(first, rounds + 1):
        # Each round starts with another client, so that none always runs after the same one.
        for name in names[turn % len(names):] + names[:turn % len(names)]:
            if name in failures or name not in records:
                continue
            try:
                record = run_client(job, name, clients[name], server, options, facts)
            except NotYet:
                del records[name]
                continue
            except RuntimeError as error:
                failures[name] = str(error)
                continue
            if turn > 0:  # the first round only warms up
                records[name].append(record)
    missing = [name for name in names if name not in records]
    if missing:
        note(f"note: {job}: not yet: {'; '.join(missing)}")
    return {name: list_ for name, list_ in records.items() if name not in failures}, failures


def median(records, field):
    values = [record[field] for record in records if record.get(field) is not None]
    return statistics.median(values) if values else None


def scaled(seconds):
    """A time per unit, in a unit that suits it."""
    return f"{seconds * 1e9:.1f} ns" if seconds < 1e-6 else f"{seconds * 1e6:.2f} us"


def table(job, records):
    """The lines of a job's table."""
    own = OWN[job].columns if job in OWN else lambda _: {}
    if not records:
        return []
    rows = [("client", "wall s", "CPU per unit", "(min .. max)", "x raw C", "RSS MB",
             "p50 / p99 us", "server busy", *own(next(iter(records.values()))))]
    costs = {name: [r["cpu_s"] / r["units"] for r in list_] for name, list_ in records.items()}
    limit = statistics.median(costs[LIMIT]) if costs.get(LIMIT) else None
    for name, list_ in sorted(records.items(), key=lambda item: statistics.median(costs[item[0]])):
        cost, wall = statistics.median(costs[name]), median(list_, "wall_s")
        p50, busy = median(list_, "p50_us"), median(list_, "server_cpu_s")
        rows.append((
            name, f"{wall:.3f}", scaled(cost),
            f"{scaled(min(costs[name]))} .. {scaled(max(costs[name]))}",
            f"{cost / limit:.2f}" if limit else "-", f"{median(list_, 'rss_kib') / 1024:.1f}",
            f"{p50:.1f} / {median(list_, 'p99_us'):.1f}" if p50 is not None else "",
            f"{100 * busy / wall:.0f} %" if busy is not None else "", *own(list_).values()))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
             for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return lines


def first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, cwd=HERE)
        return (done.stdout.strip().splitlines() or [""])[0]
    except (OSError, subprocess.TimeoutExpired):
        return ""


def host_facts():
    model = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "cpu": model[1] if model else platform.machine(),
        "cpus": os.cpu_count(),
        "kernel": platform.release(),
        "load": " ".join(f"{value:.2f}" for value in os.getloadavg()),
        "cc": first_line("cc", "--version"),
        "libcurl": first_line("curl-config", "--version"),
        "swift": first_line("swift", "--version"),
        "commit": first_line("git", "describe", "--always", "--dirty"),
    }


def write_csv(results, host, options):
    """Every run on a row of its own, under comment lines with the host's facts."""
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    path = folder / (re.sub(r"[^0-9T]", "", host["date"].split("+")[0]) + ".csv")
    with path.open("w", newline="") as file:
        for key, value in {**host, "rounds": options.rounds, "lines": options.lines,
                           "requests": options.requests,
                           "fanout_requests": options.fanout_requests}.items():
            file.write(f"# {key}: {value}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["job", "client", "round", *FIELDS, "server_cpu_s",
                         *OWN_FIELDS])
        for job, records in results.items():
            for name, list_ in records.items():
                for turn, record in enumerate(list_, 1):
                    writer.writerow([job, name, turn,
                                     *(record.get(field) for field in FIELDS),
                                     record["server_cpu_s"],
                                     *(record.get(field) for field in OWN_FIELDS)])
    return path


def split_cpus(options):
    """The server's CPUs and the clients', or None, None.

    Left to itself the kernel puts both on one CPU or on two, for minutes at a time, and small
    exchanges cost half as much on one.
    """
    cpus = sorted(os.sched_getaffinity(0))
    if options.no_pin or len(cpus) < 2:
        return None, None
    return {cpus[-1]}, set(cpus[:-1])


def size_of(job, options):
    if job in OWN:
        return OWN[job].title(options)
    return (f"{options.requests:,} requests" if job == "pingpong"
            else f"{options.lines:,} records")


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("has to be at least 1")
    return value


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive, default=5)
    parser.add_argument("--lines", type=positive, default=4_000_000, help="records per firehose")
    parser.add_argument("--requests", type=positive, default=50_000, help="requests per pingpong")
    parser.add_argument("--fanout-requests", type=positive, default=200_000,
                        help="requests per fanout")
    parser.add_argument("--only", action="append", choices=[*JOBS, *OWN],
                        metavar="JOB", help="this job only (repeatable): "
                        + ", ".join([*JOBS, *OWN]))
    parser.add_argument("--wakeups", action="store_true",
                        help="instead, count the wake-ups of the TokenWire clients by strace")
    parser.add_argument("--no-pin", action="store_true",
                        help="do not keep server and clients on CPUs of their own")
    parser.add_argument("--csv", action="store_true", help="write all runs to results/DATE.csv")
    return parser.parse_args()


def main():
    options = read_options()
    clients, host, results, failed = build(), host_facts(), {}, False
    server_cpus, client_cpus = split_cpus(options)
    host["pinned"] = server_cpus is not None
    print(f"{host['date']}, {host['cpus']} x {host['cpu']}, Linux {host['kernel']}, "
          f"load {host['load']}; {options.rounds} rounds, medians; "
          f"{'server on a CPU of its own' if server_cpus else 'not pinned'}", flush=True)
    server = Server(server_cpus)
    options.certificate = server.certificate
    jobs = [name for name in options.only or [*JOBS, *OWN]
            if server.certificate or name not in tls.JOBS]
    try:
        if client_cpus:
            os.sched_setaffinity(0, client_cpus)
        if options.wakeups:
            print("\n".join(["", *wakeups.lines(clients, server.url)]))
            return 0
        for job in jobs:
            results[job], failures = run_job(job, clients, server, options)
            print(f"\n{job}: {size_of(job, options)}\n")
            print("\n".join(table(job, results[job])), flush=True)
            if job in OWN:
                last_word = OWN[job].afterword(server.url, options.rounds)
                if last_word:
                    print(f"\n{last_word}", flush=True)
            for name, reason in failures.items():
                failed = True
                print(f"\nFAILED {name}: {reason}", flush=True)
    finally:
        server.stop()
    if options.csv:
        note(f"wrote {write_csv(results, host, options)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
