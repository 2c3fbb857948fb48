#!/usr/bin/env python3
"""Drives clients through the failures of `tokenwire simulate`: how each ends, when, and the close.

    make failures        (installs the clients, builds the command, writes Docs/failures.md)

A client is an adaptor of a few lines: a command here, a generator in `adaptors.py`. It is told to give
up after --patience seconds without progress by the options that it has; what runs for --limit seconds
is killed and counts as hung.
"""

import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import truth

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = HERE.parent / ".build" / "real-clients" / "bin" / "python"
LEFT_AFTER = 5  # records
LOADING_S = 200  # that an interpreter may take to load a client, on a busy machine

# name, fault, whether a client may come to the end without an error
Case = collections.namedtuple("Case", "name fault may_be_whole")
CASES = [
    Case("nothing fails", "", True),
    Case("503", "status:503", False),
    Case("silence before the head", "silent", False),
    Case("silence behind the head", "stall:after=head", False),
    Case("silence behind 3 records", "stall:after=3records", False),
    Case("silence in the midst of a record", "stall:after=700bytes", False),
    Case("silence before the last record", "stall:after=last", False),
    Case("silence behind the last record", "stall:after=end", True),
    Case("FIN before the head", "fin:after=start", False),
    Case("FIN behind the head", "fin:after=head", False),
    Case("FIN behind 3 records", "fin:after=3records", False),
    Case("RST before the head", "reset:after=start", False),
    Case("RST behind 3 records", "reset:after=3records", False),
    Case("a clean end without the last record", "truncate:after=3records", False),
    Case("an error inside the stream", "error:after=3records", False),
    Case("a record that is no JSON", "bad-record:after=3records", False),
    Case("bytes that are no HTTP", "garbage:after=3records", False),
    Case("an answer that is no HTTP", "garbage:after=start", False),
    Case("pings for ever", "pings:after=3records,every=200ms", False),
    Case("a byte every 300 ms", "drip:after=3records,every=300ms", False),
    Case("a head without an end", "endless-head:every=1ms", False),
    Case("left by its user", None, False),
]

# What a run came to.
Result = collections.namedtuple("Result", "outcome seconds hung closed_s")


def tokenwire(driver):
    def command(options, url, model, leaves):
        wait = f"{options.patience:g}s"
        return [options.tokenwire, "chat", model, "hello", "--raw", "--host", url, "--driver", driver,
                "--head-timeout", wait, "--first-content-timeout", wait, "--idle-timeout", wait,
                "--content-idle-timeout", wait, *(["--max-chars", "8"] if leaves else [])]
    return command


def curl(options, url, model, leaves):
    body = '{"model":"%s","messages":[{"role":"user","content":"hello"}]}' % model
    wait = f"{options.patience:g}"
    line = ["curl", "-sSN", "--fail", "--connect-timeout", wait, "--speed-time", wait,
            "--speed-limit", "1", url + "/api/chat", "-d", body]
    if not leaves:
        return line
    return ["sh", "-c", 'head=$1; shift; "$@" | head -n "$head"', "sh", str(LEFT_AFTER), *line]


def python(client):
    def command(options, url, model, leaves):
        return [PYTHON, HERE / "adaptors.py", client, url, model, options.patience,
                LEFT_AFTER if leaves else 0, options.linger, options.limit]
    return command


CLIENTS = {
    "tokenwire": tokenwire("blocking"),
    "tokenwire, reactor": tokenwire("reactor"),
    "httpx": python("httpx"),
    "openai-python": python("openai"),
    "ollama-python": python("ollama"),
    "curl": curl,
}


class Server:
    def __init__(self, options, folder):
        self.truth = folder / "truth"
        self.process = subprocess.Popen(
            [options.tokenwire, "simulate", "--listen", "127.0.0.1:0", "--rate", "50", "--output",
             "20", "--truth", self.truth], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]

    def stop(self):
        """What it has written down."""
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        return list(truth.read(self.truth))


def outcome(client, status, output, complaint):
    """A client's own words for how it ended: (is whole, text)."""
    first = (complaint.strip().splitlines() or [""])[-1]
    if client.startswith("tokenwire"):
        first = first.removeprefix("tokenwire: ")
        return (status == 0, "whole" if status == 0 else f"exit {status}: {first}")
    if client == "curl":
        return (status == 0, "whole" if status == 0 else f"exit {status}: {first}")
    line = (output.strip().splitlines() or [f"died: {first}"])[-1]
    return (line.startswith("whole"), line.removeprefix("error "))


def run(options, client, case):
    leaves = case.fault is None
    model = f"sim+{case.fault}" if case.fault else "sim"
    with tempfile.TemporaryDirectory() as folder:
        server = Server(options, pathlib.Path(folder))
        command = [str(word) for word in CLIENTS[client](options, server.url, model, leaves)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   stdin=subprocess.DEVNULL, text=True, errors="replace")
        try:
            # A Python program keeps the limit itself, from when its client is loaded.
            loading = LOADING_S if command[0] == str(PYTHON) else 0
            output, complaint = process.communicate(timeout=options.limit + loading)
            hung = False
        except subprocess.TimeoutExpired:
            process.kill()
            output, complaint = process.communicate()
            hung = True
        ended = time.time_ns()
        entries = server.stop()
    if found := re.match(r"(\d+) (.*)", output):
        # A Python program: its outcome, behind which it goes on for a while.
        ended, output = int(found[1]), found[2]
        hung = output == "hangs"
    asked = next((entry.wall_ns for entry in entries if entry.kind == "received"), ended)
    seconds = (ended - asked) / 1e9
    latest = ended + (options.linger - 0.2 if found else 0) * 1e9
    closes = [entry for entry in entries if entry.kind == "left" and entry.wall_ns < latest]
    closed = (closes[0].wall_ns - asked) / 1e9 if closes else None
    whole, text = outcome(client, process.returncode, output, complaint)
    if leaves and found and output.startswith("left"):
        # From the moment at which its user left.
        text = "left"
        closed = (closes[0].wall_ns - ended) / 1e9 if closes else None
    elif leaves:
        if status_of_leaving(client, process.returncode):
            whole, text = False, "left"
        sent = [entry for entry in entries if entry.kind == "record"]
        closed = (closes[0].monotonic_ns - sent[-1].monotonic_ns) / 1e9 if closes and sent else None
    return Result(text if not hung else "hangs", seconds, hung, closed), whole


def status_of_leaving(client, status):
    return status == (7 if client.startswith("tokenwire") else 0)


def judged(case, result, whole):
    """The cell of a table: bold where a user is misled or held."""
    if result.hung:
        return "**hangs**"
    text = result.outcome
    if whole and not case.may_be_whole:
        return "**takes it for whole**"
    return re.sub(r"http://\S+|sim\S*", "…", text)[:100].replace("|", "\\|")


def page(options, table, versions):
    lines = [
        "# The same failures, other clients", "",
        "Made by `make failures`; do not edit.", "",
        "Each client asks `tokenwire simulate` for a stream that fails in one way, and is told by the",
        f"options that it has to give up after {options.patience:g} s without progress: tokenwire by its",
        "deadlines, the Python clients by `timeout=`, without retries, curl by `--speed-time` with",
        "`--speed-limit 1`. Their users write what `Benchmarks/adaptors.py` has, a loop over what comes.",
        f"Whoever has not ended after {options.limit:g} s by itself **hangs** and is killed.",
        "*s* is from the arrival of its request to its outcome; *close* when the server saw the connection",
        "closed, from the same moment; `-`: the server closed itself, or the process had to end for it.",
        "The Python programs run on for",
        f"{options.linger:g} s behind their outcome, so that a close is their client's; tokenwire and curl",
        "are commands, whose exit closes what is left.", "",
        "For *left by its user* the close is from the moment of leaving: for the commands, whose moment",
        "nobody can see (`--max-chars`; `curl | head`), from the last record that the server sent.", "",
        "Versions: " + ", ".join(versions) + "."]
    for case in CASES:
        lines += ["", f"## {case.name[0].upper()}{case.name[1:]}", "",
                  f"`{case.fault}`" if case.fault else "", "",
                  "| client | outcome | s | close, s |", "|---|---|---:|---:|"]
        for client in CLIENTS:
            if (case.name, client) not in table:
                continue
            result, whole = table[case.name, client]
            closed = "-" if result.closed_s is None else f"{result.closed_s:.2f}"
            lines.append(f"| {client} | {judged(case, result, whole)} | {result.seconds:.1f} "
                         f"| {closed} |")
    text = "\n".join(lines) + "\n"
    return re.sub(r"\n\n\n+", "\n\n", text) + totals(table)


def totals(table):
    lines = ["", "## In all", "", "| client | hangs | takes a broken answer for whole |",
             "|---|---:|---:|"]
    for client in CLIENTS:
        mine = [(case, *table[case.name, client]) for case in CASES if (case.name, client) in table]
        hangs = sum(result.hung for _, result, _ in mine)
        misled = sum(whole and not case.may_be_whole and not result.hung
                     and case.fault is not None for case, result, whole in mine)
        lines.append(f"| {client} | {hangs} | {misled} |")
    return "\n".join(lines) + "\n"


def versions():
    yield "curl " + subprocess.run(["curl", "-V"], capture_output=True, text=True).stdout.split()[1]
    for package in ("httpx", "openai", "ollama"):
        code = f"import importlib.metadata as m; print(m.version('{package}'))"
        found = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True)
        yield f"{package} {found.stdout.strip()}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokenwire", default=str(HERE.parent / ".build" / "release" / "tokenwire"))
    parser.add_argument("--patience", type=float, default=3)
    parser.add_argument("--limit", type=float, default=20)
    parser.add_argument("--linger", type=float, default=3)
    parser.add_argument("--jobs", type=int, default=2 * (os.cpu_count() or 1))
    parser.add_argument("--only", default="", help="the cases with this in their names")
    parser.add_argument("--write", type=pathlib.Path, help="the page to write")
    options = parser.parse_args()
    cases = [case for case in CASES if options.only in case.name]
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        runs = {(case.name, client): pool.submit(run, options, client, case)
                for case in cases for client in CLIENTS}
        table = {}
        for (name, client), future in runs.items():
            table[name, client] = future.result()
            result, whole = table[name, client]
            print(f"{name:38} {client:20} {result.seconds:5.1f} s  "
                  f"{'whole' if whole else result.outcome}", flush=True)
    if options.write:
        options.write.write_text(page(options, table, versions()))
    # Of our own client nothing may hang, and nothing broken may pass.
    bad = [(case.name, client) for case in cases for client in CLIENTS
           if client.startswith("tokenwire")
           and (table[case.name, client][0].hung
                or table[case.name, client][1] and not case.may_be_whole
                or not table[case.name, client][1] and case.fault == "")]
    for name, client in bad:
        print(f"FAILED: {client}: {name}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
