"""Recorded requests: split one connection's bytes into requests and judge each.

Lenient where the recording is deliberately wrong (LF line ends, folds, bad names): the bytes are
still described as far as they can be, with the reasons why a strict client would not send them.
"""

import re

from http_messages import TOKEN, dechunk

REQUEST_LINE = re.compile(rb"(\S+) (\S+) HTTP/(\d\.\d)")


def _head(raw, start):
    """(lines, offset after the head, whether every line ended in CRLF)."""
    found = re.compile(rb"\r?\n\r?\n").search(raw, start)
    block = raw[start:found.end()]
    crlf = block.count(b"\n") == block.count(b"\r\n")
    lines = raw[start:found.start()].replace(b"\r\n", b"\n").split(b"\n")
    return lines, found.end(), crlf


def _fields(lines, faults):
    fields = {}
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            faults.append("folded field line")
            continue
        name, _, value = line.partition(b":")
        if not TOKEN.fullmatch(name):
            faults.append("field name is not a token")
        fields.setdefault(name.strip().lower(), []).append(value.strip())
    return fields


def _body(raw, start, fields, faults):
    """(body or None when it cannot be read, offset after it)."""
    if fields.get(b"transfer-encoding") == [b"chunked"]:
        if b"content-length" in fields:
            faults.append("Transfer-Encoding with Content-Length")
        try:
            body, _, after = dechunk(raw, start)
            return body, after
        except ValueError:
            faults.append("bad chunk size")
            return None, len(raw)
    length = int(fields.get(b"content-length", [b"0"])[0])
    return raw[start:start + length], min(start + length, len(raw))


def _read_one(raw, start):
    faults = []
    lines, after, crlf = _head(raw, start)
    if not crlf:
        faults.append("lines end in a bare LF")
    match = REQUEST_LINE.fullmatch(lines[0])
    method, target, version = (part.decode() for part in match.groups()) if match else (None,) * 3
    if not match:
        faults.append("not a request line")
    elif version != "1.1":
        faults.append(f"HTTP/{version}, not HTTP/1.1")
    fields = _fields(lines[1:], faults)
    if version == "1.1" and b"host" not in fields:
        faults.append("no Host field")
    body, after = _body(raw, after, fields, faults)
    declared = int(fields.get(b"content-length", [b"0"])[0])
    return {
        "method": method, "target": target, "version": version, "body": body,
        "expect_continue": fields.get(b"expect") == [b"100-continue"],
        "faults": faults, "withheld_bytes": declared - len(body) if body is not None else 0,
    }, after


def read_requests(raw):
    """Every request in `raw`, in order."""
    requests, at = [], 0
    while at < len(raw):
        request, at = _read_one(raw, at)
        requests.append(request)
    return requests
