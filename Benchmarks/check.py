#!/usr/bin/env python3
"""Checks the C server and the C clients against a reading of the same bytes by Python's json.

Not a benchmark: run it after a change under c/. Needs `make -C c` to have been run.
"""

import http.client
import json
import os
import pathlib
import random
import select
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest

BUILT = pathlib.Path(__file__).resolve().parent / ".build" / "c"
CLIENTS = [BUILT / name for name in ("client", "curl_client") if (BUILT / name).exists()]
LIMIT_S = 20


class Log:
    """The server's connection log, through a pipe so that a reader can wait for a line."""

    def __init__(self, folder):
        self.path = os.path.join(folder, "log")
        os.mkfifo(self.path)
        self.fd = os.open(self.path, os.O_RDWR)  # not O_RDONLY: opening must not wait
        self.rest = b""

    def next(self):
        while b"\n" not in self.rest:
            if not select.select([self.fd], [], [], LIMIT_S)[0]:
                raise AssertionError("the server logged nothing")
            self.rest += os.read(self.fd, 65536)
        line, self.rest = self.rest.split(b"\n", 1)
        return json.loads(line)


def read_as_user(body, dialect):
    """Units and text bytes of a whole body, by Python's own decoders."""
    records = body.decode("utf-8").split("\n\n" if dialect == "firehose-sse" else "\n")
    if records.pop() != "":
        raise AssertionError("the body does not end with a whole record")
    text, finished = "", False
    for record in records:
        record = record.removeprefix("data: ")
        if record == "[DONE]":
            continue
        value = json.loads(record)
        if dialect == "firehose-sse":
            text += value["choices"][0]["delta"].get("content", "")
            finished = finished or value["choices"][0]["finish_reason"] == "stop"
        else:
            text += value["message"]["content"]
            finished = finished or value["done"]
    if not finished:
        raise AssertionError("no finish mark")
    return len(records), len(text.encode("utf-8"))


def run(client, url, take):
    return run_job(client, "firehose", url, "--take", take)


def run_job(client, *arguments):
    return subprocess.run([client, *map(str, arguments)], capture_output=True, text=True,
                          timeout=LIMIT_S)


def with_few_descriptors(client, *arguments):
    """The same from a soft limit that does not suffice."""
    return run_job("/bin/sh", "-c", 'ulimit -Sn 32 && exec "$@"', "sh", client, *arguments)


def rechunk(body, generator):
    """`body` in chunks of random sizes, with an extension here and there, and a trailer field."""
    out, at = b"", 0
    while at < len(body):
        size = min(generator.choice([1, 2, 3, 17, 130, 131, 4000]), len(body) - at)
        extension = generator.choice([b"", b"", b";a=b"])
        out += b"%x%s\r\n%s\r\n" % (size, extension, body[at:at + size])
        at += size
    return out + b"0\r\nChecked: yes\r\n\r\n"


def serve_once(pieces):
    """A server for one connection that sends `pieces` and closes. Returns its URL and thread."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(LIMIT_S)

    def serve():
        with listener, listener.accept()[0] as peer:
            peer.settimeout(LIMIT_S)
            peer.recv(65536)
            try:
                for piece in pieces:
                    peer.sendall(piece)
            except OSError:
                pass  # the client had seen enough

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}/", thread


class Check(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.log = Log(cls.folder.name)
        cls.server = subprocess.Popen([BUILT / "server", "--log", cls.log.path],
                                      stdout=subprocess.PIPE, text=True)
        cls.host = cls.server.stdout.readline().split()[1]

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        cls.server.wait(LIMIT_S)
        cls.server.stdout.close()
        os.close(cls.log.fd)
        cls.folder.cleanup()

    def get(self, target):
        connection = http.client.HTTPConnection(self.host, timeout=LIMIT_S)
        connection.request("POST", target, body=b"x" * 20_000)
        response = connection.getresponse()
        self.assertEqual(response.status, 200)
        body = response.read()
        connection.close()
        self.log.next()
        return body

    def test_streams_are_what_the_facts_say(self):
        for lines in (1, 2, 3, 1000, 45_000, 70_000):  # the ring holds some 20,000 to 32,000
            facts = json.loads(self.get(f"/facts?lines={lines}"))
            for dialect in ("firehose", "firehose-sse"):
                body, want = self.get(f"/{dialect}?lines={lines}"), facts[dialect]
                self.assertEqual(len(body), want["body_bytes"])
                self.assertEqual(read_as_user(body, dialect),
                                 (want["units"], want["content_bytes"]))

    def test_clients_read_any_chunking(self):
        generator = random.Random(1)
        for dialect, kind in (("firehose", b"application/x-ndjson"),
                              ("firehose-sse", b"text/event-stream")):
            body = self.get(f"/{dialect}?lines=600")
            units, text_bytes = read_as_user(body, dialect)
            head = (b"HTTP/1.1 200 OK\r\ncontent-type: " + kind
                    + b"\r\nTransfer-Encoding: chunked\r\n\r\n")
            for client in CLIENTS * 5:
                for take, size in (("content", text_bytes), ("lines", len(body))):
                    url, thread = serve_once([head, rechunk(body, generator)])
                    done = run(client, url, take)
                    thread.join(LIMIT_S)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    report = json.loads(done.stdout)
                    self.assertEqual((report["units"], report["bytes"]), (units, size))

    def test_clients_refuse_what_is_not_whole(self):
        head = (b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
                b"Transfer-Encoding: chunked\r\n\r\n")
        line = b'{"message":{"content":"a"},"done":false}\n'
        chunk = b"%x\r\n%s\r\n" % (len(line), line)
        for rest in (b"", chunk, chunk[:-9], chunk + b"0\r\n", chunk + b"0\r\n\r\n",
                     b"xyz\r\n" + chunk, chunk[:-2] + b"zz" + b"0\r\n\r\n"):
            for client in CLIENTS:
                url, thread = serve_once([head + rest])
                done = run(client, url, "content")
                thread.join(LIMIT_S)
                # libcurl 7.88 takes an end inside the last chunk's empty line for a whole body;
                # here the missing finish mark gives it away.
                self.assertNotEqual(done.returncode, 0, (client, rest))
                self.assertEqual(done.stdout, "")

    def test_closes_are_logged(self):
        for linger_s, how in ((None, "FIN"), (0, "RST")):
            host, port = self.host.split(":")
            peer = socket.create_connection((host, int(port)), LIMIT_S)
            peer.sendall(b"GET /stream?lines=100000&rate=200 HTTP/1.1\r\nHost: x\r\n\r\n")
            received = b""
            while received.count(b'"done":false') < 3:
                received += peer.recv(65536)
            if linger_s is not None:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, linger_s))
            left_ns = time.monotonic_ns()
            peer.close()
            entry = self.log.next()
            self.assertEqual(entry["how"], how)
            self.assertGreaterEqual(entry["closed_ns"], left_ns)
            self.assertGreaterEqual(entry["bytes_sent"], len(received))
            self.assertGreaterEqual(entry["paced_lines_sent"], 3)

    def test_paced_stream(self):
        started = time.monotonic()
        body = self.get("/stream?lines=50&rate=500")
        self.assertGreater(time.monotonic() - started, 0.095)
        stamps = [int(json.loads(line)["message"]["content"] or 0)
                  for line in body.decode().splitlines()]
        self.assertEqual(len(stamps), 51)
        self.assertEqual(stamps[:50], sorted(stamps[:50]))

    def entries(self, count):
        """The next `count` entries of the log, in the order of their connections."""
        return sorted((self.log.next() for _ in range(count)), key=lambda e: e["connection"])

    def test_fanout(self):
        size = json.loads(self.get("/facts?lines=1"))["small"]["body_bytes"]
        for client in CLIENTS:
            for connections, requests in ((1, 1), (7, 1000), (50, 20)):
                done = with_few_descriptors(client, "fanout", f"http://{self.host}/small",
                                            "--connections", connections, "--requests", requests)
                self.assertEqual(done.returncode, 0, done.stderr)
                report = json.loads(done.stdout)
                self.assertEqual((report["units"], report["bytes"]), (requests, requests * size))
                served = self.entries(min(connections, requests))
                self.assertEqual(sum(entry["requests"] for entry in served), requests)

    def test_fanout_takes_only_whole_responses(self):
        whole = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
        # libcurl 7.88 takes an end inside the head for an empty body: not asked of it.
        for response, good in ((whole, True), (whole[:-1], False), (b"", False),
                               (whole.replace(b"200 OK", b"503 No"), False)):
            for client in CLIENTS:
                url, thread = serve_once([response[i:i + 1] for i in range(len(response))])
                done = run_job(client, "fanout", url, "--connections", 1, "--requests", 1)
                thread.join(LIMIT_S)
                self.assertEqual(done.returncode == 0, good, (client, response, done.stderr))
                self.assertEqual(done.stdout != "", good)

    def test_streams(self):
        for client in CLIENTS:
            done = with_few_descriptors(client, "streams",
                                        f"http://{self.host}/stream?lines=20&rate=100",
                                        "--streams", 60)
            self.assertEqual(done.returncode, 0, done.stderr)
            report, served = json.loads(done.stdout), self.entries(60)
            self.assertEqual({entry["paced_lines_sent"] for entry in served}, {20})
            self.assertEqual((report["units"], report["bytes"]),
                             (60 * 21, sum(entry["paced_text_bytes"] for entry in served)))
            self.assertGreater(report["wall_s"], 19 / 100)
            self.assertLess(0, report["p50_us"])
            self.assertLessEqual(report["p50_us"], report["p99_us"])

    def test_streams_in_any_chunking(self):
        generator = random.Random(2)
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        line = b'{"message":{"role":"assistant","content":"%d"},"done":false}\n'
        end = b'{"message":{"role":"assistant","content":""},"done":true}\n'
        for client in CLIENTS * 5:
            sent_ns = time.monotonic_ns() - 1_000_000_000
            url, thread = serve_once([head, rechunk(line % sent_ns * 30 + end, generator)])
            done = run_job(client, "streams", url, "--streams", 1)
            thread.join(LIMIT_S)
            self.assertEqual(done.returncode, 0, done.stderr)
            report = json.loads(done.stdout)
            self.assertEqual((report["units"], report["bytes"]), (31, 30 * len(str(sent_ns))))
            self.assertGreater(report["p50_us"], 980_000)  # classes are 1/64 wide
            self.assertLess(report["p99_us"], LIMIT_S * 1e6)
        for body in (line % 1, end[:-1], line % 1 + end + line % 1, line % (1 << 62) + end,
                     end.replace(b"true", b"null")):
            for client in CLIENTS:
                url, thread = serve_once([head, rechunk(body, generator)])
                done = run_job(client, "streams", url, "--streams", 1)
                thread.join(LIMIT_S)
                self.assertNotEqual(done.returncode, 0, (client, body))
                self.assertEqual(done.stdout, "")

    def test_leave(self):
        for client in CLIENTS:
            done = run_job(client, "leave", f"http://{self.host}/stream?lines=100000&rate=1000",
                           "--after", 3, "--times", 5)
            self.assertEqual(done.returncode, 0, done.stderr)
            report = json.loads(done.stdout)
            self.assertEqual((report["units"], len(report["left_us"])), (15, 5))
            for left_us, entry in zip(report["left_us"], self.entries(5)):
                self.assertGreaterEqual(entry["closed_ns"], left_us * 1e3 - 1000)
                self.assertLess(entry["closed_ns"], left_us * 1e3 + LIMIT_S * 1e9)
                self.assertGreaterEqual(entry["paced_lines_sent"], 3)


if __name__ == "__main__":
    unittest.main()
