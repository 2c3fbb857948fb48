"""A second opinion on ../vectors/http-responses.json: the whole policy, over a whole byte string.

Written from RFC 9110, RFC 9112 and the policy in ../vectors/README.md for clarity alone: it works
by regular expressions on complete input, so it shares no mechanism with an incremental parser.
"""

import re

MAX_STATUS_LINE_BYTES = 16 << 10
MAX_LINE_BYTES = 64 << 10
MAX_HEAD_BYTES = 256 << 10
MAX_FIELDS = 512
MAX_INTERIM_RESPONSES = 32
MAX_INTERIM_BYTES = 64 << 10
MAX_EXTENSION_OVERHEAD_BYTES = 16 << 10
MAX_TRAILER_BYTES = 16 << 10
MAX_LENGTH = (1 << 63) - 1

STATUS_LINE = re.compile(rb"HTTP/(1\.\d) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?")
FIELD_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
FIELD_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*")
CODING = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,16})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?")
FRAMING_FIELDS = (b"content-length", b"transfer-encoding")


class Refused(Exception):
    """The message is not acceptable; the text is the error kind."""


def _take_line(raw, at, limit, kind):
    """(line without CRLF, offset after it). A lone CR or LF is an error of `kind`."""
    end = re.compile(rb"[\r\n]").search(raw, at)
    stop = end.start() if end else len(raw)
    if stop - at > limit:
        raise Refused("too-large")
    if end is None or raw[stop:] == b"\r":
        raise Refused("closed-early")
    if raw[stop:stop + 2] != b"\r\n":
        raise Refused(kind)
    return raw[at:stop], stop + 2


def _status_line(raw, at):
    start = raw[at:at + 7]
    if not b"HTTP/1.".startswith(start):
        raise Refused("bad-status-line")
    line, after = _take_line(raw, at, MAX_STATUS_LINE_BYTES, "bad-status-line")
    match = STATUS_LINE.fullmatch(line)
    if not match:
        raise Refused("bad-status-line")
    version, status, reason = match.groups()
    return version.decode(), int(status), (reason or b"").decode("latin-1"), after


def _add_fold(fields, line):
    if not fields:
        raise Refused("bad-header")
    name, value = fields[-1]
    if name.lower() in FRAMING_FIELDS:
        raise Refused("bad-framing")
    if name.lower() == b"connection" or not FIELD_VALUE.fullmatch(line):
        raise Refused("bad-header")
    fields[-1][1] = value.rstrip(b" \t") + b" " + line.strip(b" \t")


def _fields(raw, at, max_bytes, max_line=MAX_LINE_BYTES):
    """(fields, offset after the empty line) of a header or trailer section."""
    start, fields = at, []
    while True:
        line, at = _take_line(raw, at, max_line, "bad-header")
        if at - start > max_bytes:
            raise Refused("too-large")
        if not line:
            break
        if line[:1] in (b" ", b"\t"):
            _add_fold(fields, line)
            continue
        name, colon, value = line.partition(b":")
        if not colon or not FIELD_NAME.fullmatch(name) or not FIELD_VALUE.fullmatch(value):
            raise Refused("bad-header")
        fields.append([name, value])
        if len(fields) > MAX_FIELDS:
            raise Refused("too-large")
    return [[name, value.strip(b" \t")] for name, value in fields], at


def _list_of(fields, name):
    values = [value for key, value in fields if key.lower() == name]
    return [item.strip(b" \t") for item in b",".join(values).split(b",")] if values else None


def _content_length(fields):
    items = _list_of(fields, b"content-length")
    if items is None:
        return None
    if not all(re.fullmatch(rb"[0-9]+", item) for item in items):
        raise Refused("bad-framing")
    if len(set(items)) > 1 or int(items[0]) > MAX_LENGTH:
        raise Refused("bad-framing")
    return int(items[0])


def _is_chunked(fields):
    codings = _list_of(fields, b"transfer-encoding")
    if codings is None:
        return False
    codings = [coding.lower() for coding in codings]
    if codings == [b"chunked"]:
        return True
    plain = all(CODING.fullmatch(coding) for coding in codings)
    if not plain or b"chunked" in codings[:-1]:
        raise Refused("bad-framing")
    raise Refused("unsupported")


def _head(raw, at):
    version, status, reason, after = _status_line(raw, at)
    fields, after = _fields(raw, after, MAX_HEAD_BYTES)
    length, chunked = _content_length(fields), _is_chunked(fields)
    if length is not None and chunked:
        raise Refused("bad-framing")
    return version, status, reason, fields, length, chunked, after


def _chunked(raw, at):
    body, overhead = bytearray(), 0
    while True:
        start = at
        # Size and extension are judged as far as they came, so that endless ones end.
        digits = re.compile(rb"[0-9A-Fa-f]*").match(raw, at).group()
        if len(digits) > 16 or (not digits and at < len(raw)):
            raise Refused("bad-chunk")
        size = int(digits or b"0", 16)
        line, at = _take_line(
            raw, at, 18 + 2 * size + MAX_EXTENSION_OVERHEAD_BYTES - overhead, "bad-chunk")
        if size > MAX_LENGTH or not CHUNK_LINE.fullmatch(line):
            raise Refused("bad-chunk")
        overhead += max(0, at - start - 16 - 2 * size)
        if overhead > MAX_EXTENSION_OVERHEAD_BYTES:
            raise Refused("too-large")
        if size == 0:
            trailers, at = _fields(raw, at, MAX_TRAILER_BYTES, MAX_TRAILER_BYTES)
            return bytes(body), trailers, at
        body += raw[at:at + size]
        ending = raw[at + size:at + size + 2]
        if not b"\r\n".startswith(ending):
            raise Refused("bad-chunk")
        if len(ending) < 2:
            raise Refused("closed-early")
        at += size + 2


def _reusable(version, framing, fields, chunked):
    options = [option.lower() for option in _list_of(fields, b"connection") or []]
    if framing == "until-close" or b"close" in options:
        return False
    return version != "1.0" or (b"keep-alive" in options and not chunked)


def _text(pairs):
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in pairs]


def _interim(raw):
    """(1xx statuses, the final head)."""
    at, statuses = 0, []
    while True:
        head = _head(raw, at)
        status, after = head[1], head[-1]
        if status == 101:
            raise Refused("unsupported")
        if status >= 200:
            return statuses, head
        statuses.append(status)
        at = after
        if len(statuses) > MAX_INTERIM_RESPONSES or at > MAX_INTERIM_BYTES:
            raise Refused("too-large")


def read_response(raw, method):
    """The expectation that a vector would state for `raw` followed by the end of the stream."""
    statuses, head = _interim(raw)
    version, status, reason, fields, length, chunked, at = head
    trailers = []
    if method == "HEAD" or status in (204, 304):
        framing, body = "none", b""
    elif chunked:
        framing = "chunked"
        body, trailers, at = _chunked(raw, at)
    elif length is not None:
        framing, body = "content-length", raw[at:at + length]
        if len(body) < length:
            raise Refused("closed-early")
        at += length
    else:
        framing, body, at = "until-close", raw[at:], len(raw)
    reusable = _reusable(version, framing, fields, chunked) and at == len(raw)
    return {
        "ok": True, "status": status, "reason": reason, "version": version,
        "headers": _text(fields), "trailers": _text(trailers), "body": body,
        "informational": statuses, "framing": framing, "reusable": reusable, "consumed": at,
    }


def judge(raw, method):
    try:
        return read_response(raw, method)
    except Refused as refusal:
        return {"ok": False, "error_kind": str(refusal)}
