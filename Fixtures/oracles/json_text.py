"""Strict RFC 8259 verdicts from Python's json module, with its leniencies closed."""

import json
import re

ESCAPED_SURROGATE = re.compile(r"[\ud800-\udfff]")


def _refuse_constant(name):
    raise ValueError(f"{name} is not JSON")


def _has_surrogate(value):
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, str) and ESCAPED_SURROGATE.search(item):
            return True
        if isinstance(item, dict):
            stack.extend(item.keys())
            stack.extend(item.values())
        if isinstance(item, list):
            stack.extend(item)
    return False


def read(raw):
    """The value of one JSON text; ValueError when it is not one (bad UTF-8 and BOM included)."""
    text = raw.decode("utf-8")
    if text.startswith("\ufeff"):
        raise ValueError("byte order mark")
    value = json.loads(text, parse_constant=_refuse_constant)
    if _has_surrogate(value):
        raise ValueError("lone surrogate")
    return value


def is_valid(raw):
    """Whether `raw` is one JSON text. RecursionError stays the caller's to judge."""
    try:
        read(raw)
    except ValueError:
        return False
    return True
