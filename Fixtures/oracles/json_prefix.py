"""The offset of the first byte that cannot continue any JSON text, by a small pushdown reader."""

import re

SPACE = re.compile(rb"[ \t\r\n]*")
STRING = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*')
NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
LITERAL = re.compile(rb"true|false|null")
CLOSER = {ord("["): ord("]"), ord("{"): ord("}")}


class _At(Exception):
    pass


def _skip(raw, at):
    return SPACE.match(raw, at).end()


def _string(raw, at):
    end = STRING.match(raw, at).end()
    if raw[end:end + 1] != b'"':
        raise _At(end)
    return end + 1


def _scalar(raw, at):
    if raw[at:at + 1] == b'"':
        return _string(raw, at)
    match = NUMBER.match(raw, at) or LITERAL.match(raw, at)
    if not match:
        raise _At(at)
    return match.end()


def _key(raw, at):
    at = _skip(raw, at)
    if raw[at:at + 1] != b'"':
        raise _At(at)
    at = _skip(raw, _string(raw, at))
    if raw[at:at + 1] != b":":
        raise _At(at)
    return at + 1


def _after_value(raw, at, stack):
    """The offset of the next value, or None when the text is complete."""
    while stack:
        at = _skip(raw, at)
        byte = raw[at:at + 1]
        if byte == b",":
            return _key(raw, at + 1) if stack[-1] == ord("{") else at + 1
        if byte != bytes([CLOSER[stack[-1]]]):
            raise _At(at)
        stack.pop()
        at += 1
    at = _skip(raw, at)
    if at < len(raw):
        raise _At(at)
    return None


def error_offset(raw, max_depth):
    """None for a complete text. Ill-formed UTF-8 and surrogates are not looked at."""
    stack, at = [], 0
    try:
        while at is not None:
            at = _skip(raw, at)
            opener = raw[at] if at < len(raw) else None
            if opener not in CLOSER:
                at = _after_value(raw, _scalar(raw, at), stack)
                continue
            if len(stack) == max_depth:
                raise _At(at)
            inside = _skip(raw, at + 1)
            stack.append(opener)
            if raw[inside:inside + 1] == bytes([CLOSER[opener]]):
                at = _after_value(raw, inside, stack)
            else:
                at = _key(raw, at + 1) if opener == ord("{") else at + 1
    except _At as found:
        return found.args[0]
    return None
