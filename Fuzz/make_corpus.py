#!/usr/bin/env python3
"""Makes the seed corpora beside this script from the golden vectors and the recorded exchanges.

Only short inputs: the fuzzer does the rest. Files are named after their cases, so that a change of a
vector is a change of one seed. Run it again after the vectors changed.
"""

import json
import pathlib
import shutil
import zlib

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent / "Fixtures"
MAX_SEED_BYTES = 400
MAX_RECORDING_BYTES = 2000

URLS = [
    "http://localhost:11434/api/chat", "https://example.org", "http://[::1]:80/a?b#c",
    "http://[fe80::1%25eth0]/", "http://user:p%40ss@h/", "HTTP://H:65535/%2f?x=\u00e9",
    "http://h#\u0301", "http://h/?#", "http://127.0.0.1:/", "http://a-b_c.d.:8//x/../y",
]


def vectors(name):
    for case in json.loads((FIXTURES / "vectors" / name).read_text())["cases"]:
        if len(case.get("input", " " * 1000)) <= MAX_SEED_BYTES:
            yield case["name"], case["input"].encode("latin-1"), case


def chunked_bodies():
    for name, raw, case in vectors("http-responses.json"):
        head, end, body = raw.partition(b"\r\n\r\n")
        if end and body and b"chunked" in head.lower() and not name.startswith("framing"):
            yield name, body, case


def accepted(cases):
    for name, raw, case in cases:
        ok = case["expected"]["ok"] if "expected" in case else case["valid"]
        if ok:
            yield name, raw, case


def recordings(suffix):
    for path in sorted((FIXTURES / "recordings").glob("*" + suffix)):
        raw = path.read_bytes()
        if len(raw) <= MAX_RECORDING_BYTES and path.stem in RECORDED:
            yield path.stem, raw, None


def content():
    """The fuzzer's first byte says whether the rest is gzip (0) or deflate (1)."""
    text = b"hello, hello, hello; " * 3 + bytes(range(64))
    for level in 0, 6:
        for name, window in ("gzip", 31), ("zlib", 15), ("bare", -15):
            encoder = zlib.compressobj(level, wbits=window)
            raw = encoder.compress(text) + encoder.flush()
            yield f"{name}-{level}", bytes([window != 31]) + raw, None
            if window == 31:
                yield f"{name}-{level}-twice", b"\0" + raw * 2 + b"\0\0", None


RECORDS = {
    "chat": """{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":" a"},"done":false}
{"model":"m","created_at":"2026-01-01T00:00:01.5Z","message":{"role":"assistant","content":" b\\n\\u00e9"},"done":false}
{"model":"m","created_at":"2026-01-01T00:00:02Z","message":{"role":"assistant","content":"日本"},"done":true,"count":7}""",
    "chunks": """{"id":"c","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}
{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}
{"id":"c","choices":[],"count":-1.5e3}""",
    "forms": """{"message":null,"count":1}
{"message":{"content":"a","content":"b"},"message":{}}
{"message":{"tool_calls":[{"f":{"n":1}}]},"done":true}
{"message":{"tool_calls":[{"f":{"n":23}}]},"done":true}
{"done":1}
{}""",
}


def records():
    for name, text in RECORDS.items():
        yield name, text.encode(), None


RECORDED = {
    "version", "chat-nonstream", "http10", "expect-100", "chunked-request", "pipelined-3",
    "chat-jinja-nonstream", "obs-fold-header", "absolute-uri", "embed-empty", "tags-head", "lf-only",
}

CORPORA = {
    "Response": [*accepted(vectors("http-responses.json")), *recordings(".response")],
    "Request": [*recordings(".request")],
    "Chunked": [*chunked_bodies()],
    "Lines": [*vectors("lines.json")],
    "Events": [*vectors("sse.json")],
    "JSON": [*accepted(vectors("json.json"))],
    "Content": [*content()],
    "Values": [*accepted(vectors("json.json")), *vectors("json-values.json")],
    "Records": [*records(), *accepted(vectors("json.json"))],
    "Kernels": [*vectors("json-values.json"), *vectors("lines.json")],
    "URL": [(f"url-{index}", text.encode(), None) for index, text in enumerate(URLS)],
}


def main():
    for target, cases in CORPORA.items():
        directory = HERE / "corpus" / target
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        seen = set()
        for name, raw, _ in cases:
            if raw not in seen:
                (directory / name).write_bytes(raw)
            seen.add(raw)
        print(f"{target}: {len(seen)} seeds")


if __name__ == "__main__":
    main()
