#!/usr/bin/env python3
"""Runs chat and api_check against a server that answers with recorded bytes.

    check_streams.py OUT        OUT: where chat and api_check are

The model's name in a request selects the answer. Nothing here knows HTTP beyond the length of a
request; what an answer's text is comes from the recordings' manifest.
"""

import json
import pathlib
import socket
import subprocess
import sys
import threading

RECORDINGS = pathlib.Path(__file__).resolve().parents[2] / "Fixtures" / "recordings"
MANIFEST = {each["name"]: each for each in
            json.loads((RECORDINGS / "manifest.json").read_text())["recordings"]}
PROMPT = "hello there"
# Nothing here takes as long as a second.
PATIENCE_S = 30


def recorded(name):
    return (RECORDINGS / f"{name}.response").read_bytes()


def outcome(name):
    return MANIFEST[name]["responses"][0]["outcome"]


def failure(status, message):
    body = json.dumps({"error": message}).encode()
    return b"HTTP/1.1 %d Failed\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


COMPLETE = recorded("chat-stream")
ANSWERS = {
    "complete": COMPLETE,
    "thinking": recorded("chat-think-stream"),
    "tools": recorded("chat-tools-stream"),
    "failing": recorded("midstream-error-chat"),
    "missing": failure(404, "model 'missing' not found"),
    "verbose": failure(500, "a\n\x1b[2J" + "\u00fc" * 1000),
    "half": COMPLETE[:len(COMPLETE) // 2],
    "stall": COMPLETE[:len(COMPLETE) // 2],
    "silent": b"",
    "kept": COMPLETE,
}


class Server:
    """Answers until it is closed. `closes` counts the clients that left while an answer stalled."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.host = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.problems = []
        self.closes = threading.Semaphore(0)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        connection.settimeout(PATIENCE_S)
        with connection:
            try:
                served = 0
                while (request := self.request(connection)) is not None:
                    model = self.model(request)
                    if model == "kept" and served == 0:
                        self.problems.append("a connection was not kept")
                    served += 1
                    connection.sendall(ANSWERS[model])
                    if model == "half":
                        return
                    if model in ("stall", "silent"):
                        try:
                            connection.recv(1)
                        except ConnectionResetError:
                            pass
                        self.closes.release()
                        return
            except Exception as problem:
                self.problems.append(f"the server: {problem!r}")

    def request(self, connection):
        """Head and body of the next request; None when the client closes instead."""
        data = b""
        while b"\r\n\r\n" not in data:
            try:
                received = connection.recv(65536)
            except ConnectionResetError:
                received = b""
            if not received:
                return None
            data += received
        head, body = data.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        length = next(int(line.split(":")[1]) for line in lines
                      if line.lower().startswith("content-length:"))
        while len(body) < length:
            body += connection.recv(65536)
        return lines, body

    def model(self, request):
        lines, body = request
        if lines[0] != "POST /api/chat HTTP/1.1":
            self.problems.append(f"a request for {lines[0]}")
        value = json.loads(body)
        model = value.pop("model")
        if value["messages"][0]["role"] != "user":
            self.problems.append(f"a request that says {body}")
        return model


def refusing_host():
    """An address where nobody listens: bound, so that nobody else gets it."""
    holder = socket.socket()
    holder.bind(("127.0.0.1", 0))
    return holder, "127.0.0.1:%d" % holder.getsockname()[1]


def run(*arguments):
    try:
        return subprocess.run(
            arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=PATIENCE_S, env={})
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(arguments, None, b"", b"it hung")


def main():
    out = pathlib.Path(sys.argv[1]).resolve()
    server = Server()
    holder, refusing = refusing_host()
    problems = server.problems

    def chat(what, arguments, status, text="", complaint=""):
        result = run(out / "chat", *arguments)
        stdout, stderr = result.stdout.decode(), result.stderr.decode()
        if (result.returncode, stdout) != (status, text) or complaint not in stderr:
            problems.append(
                f"chat, {what}: status {result.returncode}, text {stdout!r}, stderr {stderr!r}; "
                f"expected {status}, {text!r}, {complaint!r}")
        if (stderr == "") != (status == 0):
            problems.append(f"chat, {what}: status {status} with stderr {stderr!r}")

    text = outcome("chat-stream")["text"]
    chat("the recorded chat", (server.host, "complete", PROMPT), 0, text)
    chat("cut in the middle", (server.host, "half", PROMPT), 1,
         text[:len(". <b>&amp;</b> get form do \u00fcber")], "without its terminal record")
    chat("no such model", (server.host, "missing", PROMPT), 1, "", "'missing' not found")
    chat("nobody listens", (refusing, "complete", PROMPT), 1, "", "refused")
    chat("no host", ("not a host", "complete", PROMPT), 1, "", "invalid URL")
    chat("no arguments", (), 2, "", "usage: ")

    thinking = outcome("chat-think-stream")["thinking_text"]
    result = run(out / "api_check", server.host, refusing, thinking)
    if result.returncode != 0:
        problems.append(f"api_check: status {result.returncode}: {result.stderr.decode()}")
    else:
        # Timed out (twice), cancelled, closed: each time the server has to see it.
        for closed in range(4):
            if not server.closes.acquire(timeout=PATIENCE_S):
                problems.append(f"the server saw {closed} of 4 connections close")
                break
    holder.close()
    print(*problems, sep="\n", end="\n" if problems else "", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
