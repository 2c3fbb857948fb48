"""The timed jobs with many connections, and leaving: how run.py starts, checks and shows them.

A job has the attributes and methods of `Fanout`; `rounds_at_most` bounds what paced jobs take.
"""

import re
import shutil
import statistics
import subprocess
import time

WIRE = "TokenWire"
WRK_S = 3
LOG_LIMIT_S = 10


class ServerLog:
    """What the server writes about connections that have ended."""

    def __init__(self, path, read_line):
        self.file, self.read_line = path.open(), read_line

    def skip(self):
        self.file.seek(0, 2)

    def streams(self, count):
        """`count` entries of paced streams from here on, in the order of their connections."""
        entries, rest, until = [], "", time.monotonic() + LOG_LIMIT_S
        while len(entries) < count and time.monotonic() < until:
            rest += self.file.read()
            *lines, rest = rest.split("\n")
            entries += [entry for entry in map(self.read_line, lines)
                        if entry["paced_lines_sent"] > 0]
            if len(entries) < count:
                time.sleep(0.01)
        if len(entries) != count:
            raise RuntimeError(f"the server saw {len(entries)} streams end, not {count}")
        return sorted(entries, key=lambda entry: entry["connection"])


def require(what, found, sent):
    if found != sent:
        raise RuntimeError(f"{what} {found}, but the server sent {sent}")


def middle(records, field, form="{:.1f}"):
    values = [record[field] for record in records if record.get(field) is not None]
    return form.format(statistics.median(values)) if values else ""


class Fanout:
    rounds_at_most, warms_up = 1000, True

    def __init__(self, connections):
        self.connections = connections

    def title(self, options):
        return f"{options.fanout_requests:,} requests on {self.connections} connections"

    def clients(self, clients):
        return clients

    def arguments(self, url, options):
        return ["fanout", f"{url}/small", "--connections", str(self.connections),
                "--requests", str(options.fanout_requests)]

    def check(self, record, options, facts, _):
        """Raises RuntimeError unless the record is what the server sent; may add to it."""
        count = options.fanout_requests
        require("units, bytes", (record["units"], record["bytes"]),
                (count, count * facts["small"]["body_bytes"]))
        record["per_s"] = round(count / record["wall_s"], 1)

    def columns(self, records):
        return {"requests/s": middle(records, "per_s", "{:,.0f}")}

    def afterword(self, url, rounds):
        """What wrk makes of the same work, or None where there is none."""
        if shutil.which("wrk") is None:
            return "wrk is not installed: left out."
        rates = []
        for _ in range(rounds):
            done = subprocess.run(["wrk", "-t1", f"-c{self.connections}", f"-d{WRK_S}s",
                                   f"{url}/small"], capture_output=True, text=True, timeout=60)
            found = re.search(r"Requests/sec:\s*([0-9.]+)", done.stdout)
            if done.returncode != 0 or found is None or "Non-2xx" in done.stdout:
                return "wrk failed: left out."
            rates.append(float(found[1]))
        return (f"wrk, one thread, {WRK_S} s: {statistics.median(rates):,.0f} requests/s "
                f"({min(rates):,.0f} .. {max(rates):,.0f})")


class Streams:
    rounds_at_most, warms_up = 3, False

    def __init__(self, streams, per_second, seconds):
        self.streams, self.per_second, self.lines = streams, per_second, per_second * seconds

    def title(self, _):
        return (f"{self.streams:,} streams of {self.per_second} lines/s, "
                f"{self.lines} lines each")

    def clients(self, clients):
        return clients

    def arguments(self, url, _):
        return ["streams", f"{url}/stream?lines={self.lines}&rate={self.per_second}",
                "--streams", str(self.streams)]

    def check(self, record, _, __, log):
        entries = log.streams(self.streams)
        require("units, bytes", (record["units"], record["bytes"]),
                (self.streams * (self.lines + 1), sum(e["paced_text_bytes"] for e in entries)))
        record["server_late_ms"] = max(entry["worst_late_ns"] for entry in entries) / 1e6
        record["rss_kib_per_stream"] = round(record["rss_kib"] / self.streams, 2)

    def columns(self, records):
        return {"RSS KiB/stream": middle(records, "rss_kib_per_stream"),
                "server late ms": middle(records, "server_late_ms")}

    def afterword(self, _, __):
        return None


class Leave:
    rounds_at_most, warms_up = 3, False
    HOW = ("break", "cancel", "drop", "throw")

    def __init__(self, after, times, per_second):
        self.after, self.times, self.per_second = after, times, per_second

    def title(self, _):
        return (f"{self.times} streams of {self.per_second} lines/s, each left after "
                f"{self.after} lines; when the server saw the close")

    def clients(self, clients):
        """A language has several ways of leaving; C has one."""
        ways = {}
        for name, (program, arguments) in clients.items():
            if name.startswith(WIRE):
                ways |= {f"{name}, {how}": (program, [*arguments, "--how", how])
                         for how in self.HOW}
            else:
                ways[name] = (program, arguments)
        return ways

    def arguments(self, url, _):
        return ["leave", f"{url}/stream?lines=100000&rate={self.per_second}",
                "--after", str(self.after), "--times", str(self.times)]

    def check(self, record, _, __, log):
        """Each leaving is matched with a close by the order of the connections."""
        entries, left_us = log.streams(self.times), record.pop("left_us", [])
        require("leavings", len(left_us), self.times)
        require("units", record["units"], self.times * self.after)
        waits_ms = [entry["closed_ns"] / 1e6 - left / 1e3
                    for entry, left in zip(entries, left_us)]
        # Times are rounded to a nanosecond on the way here.
        if min(waits_ms) < -0.001:
            raise RuntimeError(f"a close {-min(waits_ms):.3f} ms before its leaving")
        record["closed_ms"] = round(statistics.median(waits_ms), 4)
        record["closed_worst_ms"] = round(max(waits_ms), 4)
        # Those under way when the last one was taken are among them: an upper bound.
        record["lines_after"] = statistics.mean(
            entry["paced_lines_sent"] - self.after for entry in entries)
        record["closed_by"] = "+".join(sorted({entry["how"] for entry in entries}))

    def columns(self, records):
        return {"median ms": middle(records, "closed_ms", "{:.2f}"),
                "worst ms": f"{max(r['closed_worst_ms'] for r in records):.2f}",
                "lines after": f"{statistics.mean(r['lines_after'] for r in records):.2f}",
                "closed by": "+".join(sorted({r["closed_by"] for r in records}))}

    def afterword(self, _, __):
        return None


JOBS = {
    "fanout": Fanout(connections=64),
    "streams-1000": Streams(1000, per_second=50, seconds=10),
    "streams-10000": Streams(10000, per_second=5, seconds=10),
    "leave": Leave(after=10, times=50, per_second=200),
}
FIELDS = ["per_s", "server_late_ms", "rss_kib_per_stream", "closed_ms", "closed_worst_ms",
          "lines_after", "closed_by"]
