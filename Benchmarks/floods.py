#!/usr/bin/env python3
"""Measures what a peer can make the command use: floods against `tokenwire`, its peak memory, the end.

    swift build -c release --product tokenwire
    python3 Benchmarks/floods.py [--write Docs/limits.md]

A server of this program sends each flood without an end (up to --size bytes) to both drivers. The
client has to end by itself, with the exit status that its kind of failure has, and its peak resident
memory may exceed that of the same command on a plain answer by no more than twice the limit that is
named, and 4 MiB. The defaults of the limits are read from the sources. Exits with 1 if a flood did
not end so.
"""

import argparse
import collections
import itertools
import os
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time
import zlib

ROOT = pathlib.Path(__file__).resolve().parent.parent
KIB, MIB = 1 << 10, 1 << 20
ALLOWANCE = 4 * MIB  # of what code and the allocator touch on the way
PEER, DEADLINE, SUCCESS, REFUSED = 6, 5, 0, 1  # exit statuses of tokenwire
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
NDJSON = CHUNKED + b"Content-Type: application/x-ndjson\r\n\r\n"
SSE = CHUNKED + b"Content-Type: text/event-stream\r\n\r\n"


def default(file, name):
    """What the sources have for a limit, as Swift has it."""
    text = (ROOT / "Sources" / file).read_text()
    found = re.search(rf"\b(?:let|var) {name}\b(?:: \w+)? = ([\w.<() _:]+)", text)
    found = found or re.search(rf"\b{name}: \w+ = (\.?\w+(?:\([^)]*\))?)", text)
    if not found:
        raise SystemExit(f"{file} has no {name}")
    return found[1].strip()


def measure(text):
    """Bytes, or the number, of `ByteLimit.kibibytes(16)` and the like."""
    found = re.search(r"(kibi|mebi)bytes\((\d+)(?: << (\d+))?\)", text)
    if not found:
        return int(text.replace("_", ""))
    return (int(found[2]) << int(found[3] or 0)) * (KIB if found[1] == "kibi" else MIB)


def said(value):
    for unit, name in ((MIB << 10, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if value >= unit and value % unit == 0:
            return f"{value // unit} {name}"
    return f"{value:,}"


HTTP1 = "WireHTTP1/HTTP1Error.swift"
CODINGS = "WireGzip/ContentCoding.swift"
CLIENT = "WireExchange/ClientOptions.swift"
OLLAMA = "OllamaProtocol/OllamaServer.swift"

# (what it is of, the option or "fixed", file, name in it)
LIMITS = {
    "status line": ("`http.limits.startLine`; --max-line", HTTP1, "startLine"),
    "a field line": ("`http.limits.fieldLine`; --max-line", HTTP1, "fieldLine"),
    "a response's head": ("`http.limits.head`; --max-head", HTTP1, "head"),
    "its fields": ("`http.limits.fieldCount`", HTTP1, "fieldCount"),
    "trailers": ("`http.limits.trailers`", HTTP1, "trailers"),
    "framing of chunks that carries nothing": (
        "`http.limits.chunkOverhead`", HTTP1, "chunkOverhead"),
    "1xx responses": ("`http.limits.informationalCount`", HTTP1, "informationalCount"),
    "1xx responses, bytes": ("`http.limits.informational`", HTTP1, "informational"),
    "a line, an event, a whole answer's body": ("`http.recordLimit`", CLIENT, "recordLimit"),
    "what content codings decode to": ("`http.content.output`", CODINGS, "standard"),
    "bytes out for each byte in": ("`http.content.ratio`", CODINGS, "ratio"),
    "bytes out before that counts": ("`http.content.ratioGrace`", CODINGS, "ratioGrace"),
    "redirects followed": ("`http.redirects.limit`; --follow", "WireExchange/Redirect.swift",
                           "limit"),
    "attempts of a request": ("`http.retries.limit`", "WireExchange/RetryPolicy.swift", "limit"),
    "connections to one origin": ("`http.pool.perOrigin`", "WireExchange/PoolMachine.swift",
                                  "perOrigin"),
    "connections": ("`http.pool.total`", "WireExchange/PoolMachine.swift", "total"),
    "connections kept for later": ("`http.pool.idle`", "WireExchange/PoolMachine.swift", "idle"),
    "a collected answer": ("`replyLimit`", OLLAMA, "replyLimit"),
    "text that an error keeps": ("`partialTextLimit`", OLLAMA, "partialTextLimit"),
    "a refusal's body that is read": ("fixed", OLLAMA, "refusalLimit"),
    "arguments of tool calls that come in pieces": (
        "fixed", "OllamaProtocol/ToolCallAssembler.swift", "byteLimit"),
    "layers of a transfer": ("fixed", "OllamaProtocol/TransferMeter.swift", "layerLimit"),
    "TLS: received and not yet decoded": ("fixed", "WireTLS/ByteBIO.swift", "inboundLimit"),
    "TLS: answers that wait to be sent": ("fixed", "WireTLS/ByteBIO.swift", "outboundLimit"),
    "TLS: origins whose sessions are kept": ("fixed", "WireTLS/SessionCache.swift", "mostKeys"),
    "TLS: sessions kept of each": ("fixed", "WireTLS/SessionCache.swift", "sessionsPerKey"),
}


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def repeated(head, piece, size=64 * KIB):
    """A head, and then a piece without an end, many at once."""
    yield head
    many = piece * max(1, size // len(piece))
    while True:
        yield many


def zeros_in_gzip():
    yield CHUNKED + b"Content-Encoding: gzip\r\n\r\n"
    packer, zeros = zlib.compressobj(9, zlib.DEFLATED, 31), bytes(4 * MIB)
    while True:
        if packed := packer.compress(zeros):
            yield chunk(packed)


def text_in_gzip():
    """Within the ratio, and without an end."""
    yield CHUNKED + b"Content-Encoding: gzip\r\n\r\n"
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    line = os.urandom(40).hex().encode() * 4
    while True:
        if packed := packer.compress(line * 1000):
            yield chunk(packed)


def layers():
    yield NDJSON
    for number in itertools.count():
        line = b'{"status":"pulling","digest":"sha256:%064x","total":10,"completed":1}\n' % number
        yield chunk(line)


def record(text):
    return b'{"model":"m","message":{"role":"assistant","content":"%s"},"done":false}\n' % text


def calls():
    """Calls of `/v1` that come in pieces without an end."""
    piece = b"x" * 4096
    line = (b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":'
            b'{"name":"f","arguments":"%s"}}]}}]}\n\n' % piece)
    return repeated(SSE, chunk(line))


Flood = collections.namedtuple("Flood", "name client make limit status")
HTTP = ("http", "URL/", "--report", "json", "--timeout", "120s")
CHAT = ("chat", "m", "hi", "--host", "URL", "--timeout", "120s")
PULL = ("pull", "m", "--host", "URL", "--timeout", "120s")
OK = b"HTTP/1.1 200 OK\r\n"

FLOODS = [
    Flood("a status line without an end", HTTP,
          lambda: repeated(b"HTTP/1.1 200 ", b"x"), "status line", PEER),
    Flood("a field line without an end", HTTP,
          lambda: repeated(OK + b"X: ", b"x"), "a field line", PEER),
    Flood("a field folded without an end", HTTP,
          lambda: repeated(OK + b"X: a\r\n", b" b\r\n"), "a response's head", PEER),
    Flood("long fields without an end", HTTP,
          lambda: repeated(OK, b"X: " + b"x" * 60_000 + b"\r\n"), "a response's head", PEER),
    Flood("short fields without an end", HTTP,
          lambda: repeated(OK, b"X: y\r\n"), "a response's head", PEER),
    Flood("1xx responses without an end", HTTP,
          lambda: repeated(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"), "1xx responses, bytes", PEER),
    Flood("large 1xx responses without an end", HTTP,
          lambda: repeated(b"", b"HTTP/1.1 103 E\r\nX: " + b"x" * 8_000 + b"\r\n\r\n"),
          "1xx responses, bytes", PEER),
    Flood("a chunk's extension without an end", HTTP,
          lambda: repeated(CHUNKED + b"\r\n5;x=", b"x"),
          "framing of chunks that carries nothing", PEER),
    Flood("extensions of many chunks", HTTP,
          lambda: repeated(CHUNKED + b"\r\n", b"1;x=" + b"x" * 99 + b"\r\na\r\n"),
          "framing of chunks that carries nothing", PEER),
    Flood("a chunk's size of zeros without an end", HTTP,
          lambda: repeated(CHUNKED + b"\r\n", b"0"),
          "framing of chunks that carries nothing", PEER),
    Flood("trailers without an end", HTTP,
          lambda: repeated(CHUNKED + b"\r\n0\r\n", b"X: y\r\n"), "trailers", PEER),
    Flood("a gzip bomb", HTTP, zeros_in_gzip, "bytes out before that counts", PEER),
    Flood("gzip within the ratio, without an end", (*HTTP, "--max-body", "64MiB"), text_in_gzip,
          None, PEER),
    Flood("a body without an end", (*HTTP, "--max-body", "64MiB"),
          lambda: repeated(CHUNKED + b"\r\n", chunk(b"x" * 4096)), None, PEER),
    Flood("a line without an end", CHAT,
          lambda: repeated(NDJSON, chunk(b"x" * 4096)),
          "a line, an event, a whole answer's body", PEER),
    Flood("a record of brackets without an end", CHAT,
          lambda: repeated(NDJSON, chunk(b'[{"a":' * 512)),
          "a line, an event, a whole answer's body", PEER),
    Flood("an event without an end", (*CHAT, "--api", "openai"),
          lambda: repeated(SSE, chunk(b"data: " + b"x" * 4096 + b"\n")),
          "a line, an event, a whole answer's body", PEER),
    Flood("blank lines without an end", (*CHAT, "--first-content-timeout", "1s"),
          lambda: repeated(NDJSON, chunk(b"\n" * 512)), None, DEADLINE),
    Flood("comments without an end", (*CHAT, "--api", "openai", "--first-content-timeout", "1s"),
          lambda: repeated(SSE, chunk(b": ping\n\n" * 99)), None, DEADLINE),
    Flood("text without an end", CHAT,
          lambda: repeated(NDJSON, chunk(record(b"x" * 4096))), "a collected answer", PEER),
    Flood("text without an end, as JSON", (*CHAT, "--json"),
          lambda: repeated(NDJSON, chunk(record(b"x" * 4096))), "a collected answer", PEER),
    Flood("a tool call's arguments without an end", (*CHAT, "--api", "openai"), calls,
          "arguments of tool calls that come in pieces", PEER),
    Flood("a refusal's body without an end", CHAT,
          lambda: repeated(b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n",
                           chunk(b"x" * 4096)), "a refusal's body that is read", REFUSED),
    Flood("a list of models without an end", ("list", "--host", "URL", "--timeout", "120s"),
          lambda: repeated(CHUNKED + b'\r\n', chunk(b'{"models":[' * 99)),
          "a line, an event, a whole answer's body", PEER),
    Flood("layers of a pull without an end", PULL, layers, "layers of a transfer", None),
]


class Server:
    """Sends a flood to whoever comes, and notes how much went out."""

    def __init__(self, flood, size):
        self.flood, self.size, self.sent = flood, size, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        with connection:
            connection.settimeout(130)
            try:
                received = b""
                while b"\r\n\r\n" not in received:
                    if not (piece := connection.recv(65536)):
                        return
                    received += piece
                for piece in self.flood():
                    connection.sendall(piece)
                    self.sent += len(piece)
                    if self.sent > self.size:
                        break
            except OSError:
                pass  # the client has left, as it has to

    def close(self):
        self.listener.close()


def peak_kib(pid):
    """The most that the process had resident, so far; None when it has ended."""
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = re.search(r"VmHWM:\s+(\d+)", text)
    return int(found[1]) if found else None




def run(command, limit_s=180):
    """(exit status, peak KiB, seconds) of a client; its output is thrown away."""
    began = time.monotonic()
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    peak = 0
    watchdog = threading.Timer(limit_s, child.kill)
    watchdog.start()
    while True:
        peak = max(peak, peak_kib(child.pid) or 0)
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            break
        time.sleep(0.001)
    watchdog.cancel()
    child.returncode = os.waitstatus_to_exitcode(status)
    if usage.ru_maxrss > peak_kib(os.getpid()):
        peak = max(peak, usage.ru_maxrss)
    return child.returncode, peak, time.monotonic() - began


def plain(client):
    """The flood's counterpart: an answer as it should be."""
    if client[0] == "http":
        return lambda: iter([OK + b"Content-Length: 2\r\n\r\nok"])
    if client[0] == "list":
        body = b'{"models":[]}'
        return lambda: iter([OK + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)])
    if client[0] == "pull":
        return lambda: iter([NDJSON + chunk(b'{"status":"success"}\n') + b"0\r\n\r\n"])
    if "openai" in client:
        event = (b'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}'
                 b'\n\ndata: [DONE]\n\n')
        return lambda: iter([SSE + chunk(event) + b"0\r\n\r\n"])
    line = b'{"model":"m","message":{"role":"assistant","content":"x"},"done":true}\n'
    return lambda: iter([NDJSON + chunk(line) + b"0\r\n\r\n"])


def ask(options, client, driver, flood):
    server = Server(flood, options.size)
    words = [word.replace("URL", server.url) for word in client]
    status, peak, seconds = run([options.tokenwire, *words, "--driver", driver])
    server.close()
    return status, peak, seconds, server.sent


def rows(options):
    baselines = {}
    for flood in FLOODS:
        if options.only not in flood.name:
            continue
        for driver in ("blocking", "reactor"):
            key = (flood.client, driver)
            if key not in baselines:
                status, peak, _, _ = ask(options, flood.client, driver, plain(flood.client))
                if status != SUCCESS:
                    raise SystemExit(f"{flood.client}: a plain answer ended with {status}")
                baselines[key] = peak
            status, peak, seconds, sent = ask(options, flood.client, driver, flood.make)
            grew = max(0, peak - baselines[key])
            allowed = ALLOWANCE
            if flood.limit:
                # Where a limit counts things, each is below a KiB.
                value = measure(default(*LIMITS[flood.limit][1:]))
                # The command's JSON is written from the text: it is there three times then.
                copies = 4 if "--json" in flood.client else 2
                allowed += copies * value if flood.limit != "layers of a transfer" else value * KIB
            good = grew * KIB <= allowed and (flood.status is None or status == flood.status)
            yield flood, driver, status, grew, allowed, seconds, sent, good
            print(f"{flood.name:42} {driver:9} exit {status}  {grew:+8,} KiB of "
                  f"{allowed // KIB:,}  {seconds:6.2f} s  {said(sent)}{'' if good else '  FAILED'}",
                  flush=True)


def page(results):
    lines = [
        "# Limits", "",
        "Made by `make limits`; do not edit.", "",
        "What a peer can make a client keep has a limit, each with a default and all but the fixed",
        "ones with an option (`http` is `ClientOptions`, the options of `HTTPClient` themselves).",
        "What is read as it comes, a body by pieces, records one by one, has none: it is not kept.",
        "", "| of | default | option |", "|---|---:|---|"]
    for name, (option, file, symbol) in LIMITS.items():
        text = default(file, symbol)
        lines.append(f"| {name} | {said(measure(text))} | {option} |")
    lines += [
        "", "## Floods", "",
        "Each was sent to `tokenwire` without an end. The growth is that of the client's peak resident",
        "memory over that of the same command on a plain answer (two runs, so a few hundred KiB are",
        "noise); allowed are twice the limit that holds (four times with --json), and 4 MiB. `sent` is what the server could",
        "hand to its kernel before the client had left: what lay in buffers is in it.", "",
        "| flood | driver | exit | growth | allowed | s | sent |", "|---|---|---:|---:|---:|---:|---:|"]
    for flood, driver, status, grew, allowed, seconds, sent, _ in results:
        lines.append(f"| {flood.name} | {driver} | {status} | {grew:,} KiB | {allowed // KIB:,} KiB |"
                     f" {seconds:.1f} | {sent / MIB:,.1f} MiB |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokenwire", default=str(ROOT / ".build" / "release" / "tokenwire"))
    parser.add_argument("--size", type=int, default=256 * MIB, help="bytes of a flood at most")
    parser.add_argument("--only", default="", help="the floods with this in their names")
    parser.add_argument("--write", type=pathlib.Path, help="the page to write")
    options = parser.parse_args()
    results = list(rows(options))
    if options.write:
        options.write.write_text(page(results))
    failed = [result for result in results if not result[-1]]
    print(f"{len(results)} floods, {len(failed)} failed")
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
