#!/usr/bin/env python3
"""Checks the vectors beside this script against implementations that know nothing of the project.

Every expectation must be confirmed by a reader in ../oracles. Python's http.client, and h11 where
it is installed, are asked as well; where they differ by policy, POLICY names the reason, and a
difference without a reason (or a reason without a difference) fails.
"""

import hashlib
import json
import math
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "oracles"))

import http_peers  # noqa: E402
import json_prefix  # noqa: E402
import json_text  # noqa: E402
import lines  # noqa: E402
import sse  # noqa: E402
import strict_http  # noqa: E402

MAX_DEPTH = 512
TYPES = {dict: "object", list: "array", str: "string", int: "number", float: "number",
         bool: "boolean", type(None): "null"}

problems = []


def problem(case, text):
    problems.append(f"{case['name']}: {text}")


def piece_bytes(piece):
    if isinstance(piece, str):
        return piece.encode("latin-1")
    return piece["repeat"].encode("latin-1") * piece["count"]


def input_bytes(case):
    pieces = case["input_parts"] if "input_parts" in case else [case["input"]]
    return b"".join(piece_bytes(piece) for piece in pieces)


def load(name, keys):
    document = json.loads((HERE / name).read_text())
    names = set()
    for case in document["cases"]:
        if not {"name", "why"} <= set(case) <= keys | {"name", "why", "input", "input_parts"}:
            problem(case, f"keys {sorted(case)}")
        if ("input" in case) == ("input_parts" in case):
            problem(case, "exactly one of input and input_parts")
        if case["name"] in names:
            problem(case, "name used twice")
        names.add(case["name"])
    print(f"{name}: {len(names)} cases")
    return document["cases"]


def same(expected, found):
    """Whether a stated value, possibly a digest, is what was found (bytes, or latin-1 text)."""
    raw = found if isinstance(found, bytes) else None
    if isinstance(expected, dict):
        raw = found.encode("latin-1") if raw is None else raw
        return expected == {"sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)}
    return expected == (found if raw is None else raw.decode("latin-1"))


def check_http_case(case):
    raw, method, expected = input_bytes(case), case.get("method", "GET"), case["expected"]
    found = strict_http.judge(raw, method)
    if not expected["ok"] or not found["ok"]:
        kinds = [expected.get("error_kind"), *expected.get("also_accepted", [])]
        if expected["ok"] != found["ok"] or found["error_kind"] not in kinds:
            problem(case, f"strict reader: {found}")
    else:
        found["header_count"] = len(found["headers"])
        for key, value in expected.items():
            if not same(value, found[key]):
                problem(case, f"strict reader: {key} is {found[key]!r:.200}")
    for peer, answer in http_peers.answers(raw, method, expected["ok"]):
        check_peer(case, peer, answer)


def check_peer(case, peer, answer):
    """`answer` is None for an error, otherwise (status, body)."""
    expected = case["expected"]
    if expected["ok"]:
        agrees = answer is not None and expected["status"] == answer[0] and \
            same(expected["body"], answer[1])
    else:
        agrees = answer is None
    reason = http_peers.POLICY[peer].get(case["name"])
    if agrees and reason:
        problem(case, f"{peer} agrees, though a reason for differing is listed")
    if not agrees and not reason:
        shown = None if answer is None else (answer[0], answer[1][:40])
        problem(case, f"{peer} differs: {shown}")


def check_lines_case(case):
    expected, limit = case["expected"], case.get("max_line", math.inf)
    found, fits = [], True
    for at, size in lines.line_ranges(input_bytes(case)):
        if size > limit:
            fits = False
            break
        found.append([at, size])
    if found != expected["lines"] or fits != expected["ok"]:
        problem(case, f"line reader: {found}")
    if not expected["ok"] and expected["error_kind"] != "too-large":
        problem(case, "the only error of lines is too-large")


def check_sse_case(case):
    found = sse.read_events(input_bytes(case))
    if found != case["expected"]:
        problem(case, f"event reader: {found}")


def check_json_case(case):
    raw = input_bytes(case)
    offset = json_prefix.error_offset(raw, MAX_DEPTH)
    if case["at"] is not None and offset != case["at"]:
        problem(case, f"offset {offset}")
    try:
        valid, value = True, json_text.read(raw)
    except ValueError:
        valid, value = False, None
    except RecursionError:
        valid, value = offset is None, None
    # Python has no depth limit of its own that matters here, so the offset reader decides.
    if valid and offset is not None and not case["name"].startswith("reject-depth"):
        problem(case, f"json accepts, but a byte at {offset} cannot stand")
    valid = valid and offset is None
    if valid != case["valid"]:
        problem(case, f"json says {valid}")
    if valid and case["type"] != TYPES[type(value)]:
        problem(case, f"type {type(value)}")


def same_double(text, value):
    return float(text) == value and math.copysign(1, float(text)) == math.copysign(1, value)


def check_value_case(case):
    text, expected = input_bytes(case).decode(), case["expected"]
    if set(expected) == {"string"}:
        if json.loads(text, strict=False) != expected["string"] or not \
                json_text.is_valid(input_bytes(case)):
            problem(case, f"json reads {json.loads(text)!r}")
        return
    value = json.loads(text, parse_int=lambda digits: digits)
    integer = int(value) if isinstance(value, str) else None
    kinds = {
        "int64": integer is not None and -2**63 <= integer < 2**63,
        "uint64": integer is not None and 2**63 <= integer < 2**64,
        "double": integer is None or not -2**63 <= integer < 2**64 or text == "-0",
    }
    if set(expected) != {kind for kind, holds in kinds.items() if holds}:
        problem(case, f"kinds {kinds}")
    for kind, stated in expected.items():
        if not (same_double(stated, float(text)) if kind == "double" else int(stated) == integer):
            problem(case, f"{kind} is {float(text)!r} or {integer}")


FILES = {
    "http-responses.json": (check_http_case, {"method", "expected"}),
    "lines.json": (check_lines_case, {"max_line", "expected"}),
    "sse.json": (check_sse_case, {"expected"}),
    "json.json": (check_json_case, {"valid", "type", "at"}),
    "json-values.json": (check_value_case, {"expected"}),
}


def main():
    for name, (check, keys) in FILES.items():
        for case in load(name, keys):
            check(case)
    for peer, reasons in http_peers.POLICY.items():
        state = "asked" if peer in http_peers.PEERS else "not installed"
        print(f"{peer}: {state}, {len(reasons)} differences by policy")
    if problems:
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
