#!/usr/bin/env python3
"""Checks that memory stays flat: bodies of 10 GB each way, a reader that sleeps, a gzip bomb.

    swift build -c release --package-path Benchmarks --product wire-client
    swift build -c release --product tokenwire
    python3 Benchmarks/memory.py

Each job is run small and then whole; the peak resident memory of the client may differ by no more
than --allowance. Everything goes over loopback. Prints a table; exits with 1 when memory grew, or a
client failed.
"""

import argparse
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zlib

HERE = pathlib.Path(__file__).resolve().parent
WIRE_CLIENT = HERE / ".build" / "release" / "wire-client"
LINE_BYTES = 128  # of a firehose, about
LIMIT_S = 900
BROKEN = 6  # exit status of tokenwire: the peer broke the protocol


def run(command, sleep_s=0.0):
    """Runs a client; its exit status and its peak resident memory in KiB.

    With `sleep_s`, its output is a pipe that nobody reads for so long.
    """
    child = subprocess.Popen([str(part) for part in command], stderr=subprocess.DEVNULL,
                             stdout=subprocess.PIPE if sleep_s else subprocess.DEVNULL)
    if sleep_s:
        time.sleep(sleep_s)
        while child.stdout.read1(1 << 20):
            pass
    watchdog = threading.Timer(LIMIT_S, child.kill)
    watchdog.start()
    _, status, usage = os.wait4(child.pid, 0)
    watchdog.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, usage.ru_maxrss


class Firehose:
    """The C server, with as many lines as are asked for."""

    def __enter__(self):
        subprocess.run(["make", "-s", "-C", HERE / "c", "server"], check=True)
        self.process = subprocess.Popen(
            [HERE / ".build" / "c" / "server", "--idle-limit-s", str(LIMIT_S)],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.url = "http://" + re.fullmatch(r"listening (\S+)\n", line)[1]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def path(self, size):
        return f"{self.url}/firehose?lines={size // LINE_BYTES}"


class Server:
    """A server on loopback: `answer` gets one connection after another."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d/" % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                self.answer(connection)


class Sink(Server):
    """Takes a body of any length and counts it."""

    def answer(self, connection):
        received = b""
        while b"\r\n\r\n" not in received:
            received += connection.recv(65536)
        head, rest = received.split(b"\r\n\r\n", 1)
        left = int(re.search(rb"(?i)content-length: *(\d+)", head)[1]) - len(rest)
        memory = bytearray(1 << 20)
        while left > 0 and (count := connection.recv_into(memory)):
            left -= count
        status = b"200 OK" if left == 0 else b"400 Bad Request"
        connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n")


class Bomb(Server):
    """Answers with zeros in the gzip coding."""

    def __init__(self, size):
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        piece = bytes(1 << 20)
        self.body = b"".join([*(packer.compress(piece) for _ in range(size >> 20)),
                              packer.flush()])

    def answer(self, connection):
        connection.recv(65536)
        try:
            connection.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: "
                + str(len(self.body)).encode() + b"\r\n\r\n" + self.body)
        except OSError:
            pass  # refused, as it has to be


def jobs(options):
    """(name, command for a size, seconds of sleep, exit status wanted of the whole run)."""
    for driver in ("blocking", "reactor", "task"):
        yield (f"response streamed, {driver}",
               lambda size, driver=driver: [WIRE_CLIENT, "firehose", firehose.path(size), "--take",
                                            "content", "--driver", driver], 0, 0)
    for driver in ("blocking", "reactor"):
        http = [options.tokenwire, "http", "--driver", driver]
        yield (f"upload of a file, {driver}",
               lambda size, http=http: [*http, sink.url, "--data-file", sparse(size)], 0, 0)
        yield (f"reader sleeps {options.sleep:g} s, {driver}",
               lambda size, http=http: [*http, firehose.path(size // 10)], options.sleep, 0)


def sparse(size):
    path = pathlib.Path(folder) / "body"
    with open(path, "wb") as file:
        file.truncate(size)
    return path


def report(name, small, whole, status, wanted, allowance):
    grew = whole - small
    good = status == wanted and grew <= allowance
    print(f"{name:34} {small:9,} KiB {whole:9,} KiB {grew:+8,} KiB"
          f"  exit {status}{'' if good else '  FAILED'}", flush=True)
    return good


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=10_000_000_000, help="bytes of a body")
    parser.add_argument("--only", default="", help="the jobs with this in their names")
    parser.add_argument("--sleep", type=float, default=10, help="seconds that a reader sleeps")
    parser.add_argument("--allowance", type=int, default=4096, help="KiB that may be added")
    parser.add_argument("--tokenwire", default=HERE.parent / ".build" / "release" / "tokenwire")
    options = parser.parse_args()
    print(f"{'peak resident memory':34} {'of 10 MB':>13} {'of all':>13}")
    good = True
    with tempfile.TemporaryDirectory() as folder, Firehose() as firehose, Sink() as sink:
        for name, command, sleep_s, wanted in jobs(options):
            if options.only not in name:
                continue
            _, small = run(command(10_000_000), min(sleep_s, 0.5))
            status, whole = run(command(options.size), sleep_s)
            good &= report(name, small, whole, status, wanted, options.allowance)
    if options.only not in "gzip bomb refused":
        sys.exit(0 if good else 1)
    with Bomb(1 << 20) as small_bomb, Bomb(min(options.size, 10 << 30)) as bomb:
        for driver in ("blocking", "reactor"):
            http = [options.tokenwire, "http", "--driver", driver]
            _, small = run([*http, small_bomb.url])
            status, whole = run([*http, bomb.url])
            good &= report(f"gzip bomb refused, {driver}", small, whole, status, BROKEN,
                           options.allowance)
    sys.exit(0 if good else 1)
