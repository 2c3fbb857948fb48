"""Counts the system calls by which the threads of a TokenWire client wake each other.

Under strace, so for counts only: its times mean nothing.
"""

import json
import pathlib
import shutil
import subprocess
import tempfile

LIMIT_S = 120
# Name -> the arguments after the program, {url} the server's.
JOBS = {
    "firehose-content": ["firehose", "{url}/firehose?lines=100000", "--take", "content"],
    "pingpong": ["pingpong", "{url}/small", "--requests", "2000"],
    "streams, 50 of 100 lines/s": ["streams", "{url}/stream?lines=200&rate=100",
                                   "--streams", "50"],
}


def count_calls(table):
    """Calls by name, from the table of `strace -c`."""
    calls = {}
    for row in (line.split() for line in table.splitlines()):
        if len(row) >= 5 and row[3].isdigit() and row[-1] in ("futex", "write"):
            calls[row[-1]] = int(row[3])
    return calls


def count(client, arguments):
    """Records, futex calls and eventfd writes of one run, or why there are none."""
    with tempfile.TemporaryDirectory() as folder:
        table = pathlib.Path(folder) / "calls"
        try:
            done = subprocess.run(
                ["strace", "-f", "-c", "-e", "trace=futex,write", "-o", table, *client[0],
                 *arguments, *client[1]], capture_output=True, text=True, timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            return f"still running after {LIMIT_S} s"
        if done.returncode == 2:
            return "not yet"
        if done.returncode != 0:
            return f"failed: {(done.stderr.strip().splitlines() or ['no message'])[-1]}"
        calls = count_calls(table.read_text())
    # One write is the report; sockets are written to by send(2).
    return json.loads(done.stdout)["units"], calls.get("futex", 0), calls.get("write", 0) - 1


def lines(clients, url):
    """A table of the wake-ups of every TokenWire client."""
    if shutil.which("strace") is None:
        return ["strace is not installed."]
    rows = ["| job | client | records | futex per record | eventfd writes per record |",
            "|---|---|---|---|---|"]
    for job, arguments in JOBS.items():
        for name, client in clients.items():
            if not name.startswith("TokenWire"):
                continue
            found = count(client, [argument.format(url=url) for argument in arguments])
            if isinstance(found, str):
                rows.append(f"| {job} | {name} | {found} | | |")
                continue
            records, futexes, writes = found
            rows.append(f"| {job} | {name} | {records:,} | {futexes / records:.4f} "
                        f"| {writes / records:.4f} |")
    return rows
