"""HTTP/1.1 responses and requests read from recorded bytes.

Responses go through Python's http.client; a second, tiny reader of heads and chunks checks it
byte for byte. Made for recordings of a well-behaved server: anything odd raises.
"""

import http.client
import io
import re

HEAD_END = b"\r\n\r\n"
TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


class Disagreement(Exception):
    """The two readers do not tell the same story, or the bytes are not covered."""


class _CountingReader(io.BufferedReader):
    """Remembers where reading stood when http.client closed it, which it does at the end."""

    stopped_at = None

    def close(self):
        if not self.closed and self.stopped_at is None:
            self.stopped_at = self.tell()
        super().close()


class _RecordedSocket:
    def __init__(self, raw, offset):
        source = io.BytesIO(raw)
        source.seek(offset)
        self.reader = _CountingReader(source)

    def makefile(self, mode, *_):
        return self.reader


def split_head(raw, start):
    """(start line, fields, offset after the head) of the message that starts at `start`."""
    end = raw.index(HEAD_END, start)
    first, *lines = raw[start:end].split(b"\r\n")
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not TOKEN.fullmatch(name):
            raise Disagreement(f"field line {line!r}")
        fields.append([name.decode("latin-1"), value.strip(b" \t").decode("latin-1")])
    return first, fields, end + len(HEAD_END)


def field_values(fields, name):
    return [value for key, value in fields if key.lower() == name]


def field_tokens(fields, name):
    return [
        token.strip().lower() for value in field_values(fields, name) for token in value.split(",")
    ]


def dechunk(raw, start):
    """(body, trailer fields, offset after it) of a chunked body; chunk extensions are skipped."""
    body, at = bytearray(), start
    while True:
        end = raw.index(b"\r\n", at)
        digits = raw[at:end].partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9A-Fa-f]+", digits):
            raise ValueError(f"chunk size {digits!r}")
        size, at = int(digits, 16), end + 2
        if size == 0:
            break
        if len(raw) < at + size + 2 or raw[at + size:at + size + 2] != b"\r\n":
            raise ValueError(f"chunk at {at} is cut or not closed by CRLF")
        body += raw[at:at + size]
        at += size + 2
    # A trailer section has the shape of a header section, so its empty line ends it as well.
    _, trailers, after = split_head(raw, at - 2)
    return bytes(body), trailers, after


def _interim_heads(raw, start):
    """(1xx statuses, offset of the final head)."""
    statuses = []
    while True:
        first, _, after = split_head(raw, start)
        status = int(first.split(b" ")[1])
        if not 100 <= status <= 199:
            return statuses, start
        statuses.append(status)
        start = after


def _framing(method, status, fields):
    if method == "HEAD" or status in (204, 304):
        return "none"
    if "chunked" in field_tokens(fields, "transfer-encoding"):
        return "chunked"
    return "content-length" if field_values(fields, "content-length") else "until-close"


def _reusable(version, framing, fields):
    options = field_tokens(fields, "connection")
    if framing == "until-close" or "close" in options:
        return False
    return version != "1.0" or "keep-alive" in options


def read_response(raw, start, method):
    """One final response with its 1xx heads, as a dictionary; `body` holds the decoded bytes."""
    informational, head_start = _interim_heads(raw, start)
    first, fields, body_start = split_head(raw, head_start)

    # http.client skips 100 itself, but no other 1xx: the final head is where it starts here.
    source = _RecordedSocket(raw, head_start)
    response = http.client.HTTPResponse(source, method=method)
    response.begin()
    body = response.read()
    stopped_at = source.reader.stopped_at
    version = {10: "1.0", 11: "1.1"}[response.version]

    line = f"HTTP/{version} {response.status} {response.reason}".encode("latin-1")
    if line.rstrip() != first.rstrip():
        raise Disagreement(f"status line {first!r}")
    if [[name, value] for name, value in response.msg.items()] != fields:
        raise Disagreement("fields")
    framing = _framing(method, response.status, fields)
    expected_body, trailers, end = _body_again(raw, body_start, framing, fields)
    if body != expected_body or stopped_at != end:
        raise Disagreement(f"body: http.client stopped at {stopped_at}, the second reader at {end}")
    return {
        "informational": informational, "version": version, "status": response.status,
        "reason": response.reason, "headers": fields, "framing": framing, "trailers": trailers,
        "body": body, "start": start, "end": end,
        "reusable": _reusable(version, framing, fields),
    }


def _body_again(raw, start, framing, fields):
    if framing == "chunked":
        return dechunk(raw, start)
    if framing == "none":
        return b"", [], start
    if framing == "until-close":
        return raw[start:], [], len(raw)
    size = int(field_values(fields, "content-length")[0])
    if len(raw) < start + size:
        raise Disagreement("body shorter than Content-Length")
    return raw[start:start + size], [], start + size
