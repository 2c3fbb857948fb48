#!/usr/bin/env python3
"""Writes manifest.json: what a correct client must make of every recording in this directory.

Independent on purpose: Python's http.client and json and the readers in ../oracles, never the
parsers under test. `--check` compares instead of writing. The output is deterministic.
"""

import hashlib
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "oracles"))

import http_messages  # noqa: E402
import http_requests  # noqa: E402
import json_text  # noqa: E402
import lines  # noqa: E402
import ollama_outcome  # noqa: E402
import sse  # noqa: E402

MAX_LISTED_LINES = 64
TINY_DIGEST = "8903ad45744556fd8e454b45e791ddc3d747b53b9fd01595ce1be0a2e9fce3b0"

# Requests whose bytes were not kept, from what is known of how the recording was made. What is not
# known is null. Each has the reason why this much may be said.
INFERRED_REQUESTS = {
    "blob-post-tiny": (
        {"method": "POST", "target": f"/api/blobs/sha256:{TINY_DIGEST}",
         "body_sha256": TINY_DIGEST},
        "request not kept (the model file); 201 means that the server verified this digest"),
    "huge-header": (
        {"method": "GET", "target": None},
        "request not kept (header section above 1 MiB); well formed, but larger than the server "
        "accepts"),
    "large-body-64M": (
        {"method": "POST", "target": "/api/chat", "body_bytes": None},
        "request not kept (64 MiB body, read and parsed by the server)"),
    "large-body-cors-refused": (
        {"method": "POST", "target": None},
        "request not kept (large body, refused unread because of its Origin)"),
    "large-body-unknown-path": (
        {"method": "POST", "target": None},
        "request not kept (large body to an unknown path, refused unread)"),
}

# Where the end of the connection does not follow from the response, with the reason.
HAND_CONNECTION_END = {
    "half-close-immediate-nonstream": (
        "open", "client half-closed at once; the server neither answered nor closed for 8 s"),
    "half-close-immediate-stream": (
        "open", "client half-closed at once; the server neither answered nor closed for 8 s"),
    "half-close-immediate-get": (
        "fin", "client half-closed after the request; answered, then closed"),
    "half-close-immediate-tags": (
        "fin", "client half-closed after the request; answered, then closed"),
    "half-close-midstream": (
        "fin", "client half-closed during the stream; the server took it as a cancellation, sent "
        "an error line and closed"),
    "large-body-cors-refused": (
        "unknown", "closed while the client was still sending: a FIN, or a reset for unread bytes"),
    "large-body-unknown-path": (
        "unknown", "closed while the client was still sending: a FIN, or a reset for unread bytes"),
}

NOTES = {
    "absolute-uri": "absolute-form target",
    "expect-100-404-path": "final status instead of 100: the body was withheld",
    "expect-100-refused-cors": "final status instead of 100: the body was withheld",
    "expect-100-body-sent-at-once": "body sent without waiting; 100 came all the same",
    "expect-other": "an Expect that the server does not know",
    "generate-debug-render": "whole answer without done:true, so incomplete as a generation",
    "generate-trailing-garbage": "request body has bytes after its JSON, which the server ignores",
    "midstream-error-v1-chat": "failed in mid-stream: ends without an error and without [DONE]",
    "midstream-error-v1-completions":
        "failed in mid-stream: ends without an error and without [DONE]",
    "midstream-error-v1-messages":
        "failed in mid-stream: ends without an error and without message_stop",
    "midstream-error-v1-responses":
        "failed in mid-stream: ends without an error and without response.completed",
}


def sha256(raw):
    return hashlib.sha256(raw).hexdigest()


def request_entry(request):
    body = request["body"]
    return {
        "method": request["method"], "target": request["target"], "version": request["version"],
        "body_sha256": None if body is None else sha256(body),
        "body_bytes": None if body is None else len(body),
        "expect_continue": request["expect_continue"], "valid": not request["faults"],
    }


def inferred_entry(known):
    entry = {
        "method": None, "target": None, "version": "1.1", "body_sha256": None, "body_bytes": None,
        "expect_continue": False, "valid": True, "inferred": True,
    }
    entry.update(known)
    return entry


def read_requests(name, notes):
    path = HERE / f"{name}.request"
    if not path.exists():
        known, reason = INFERRED_REQUESTS[name]
        notes.append(reason)
        return [inferred_entry(known)]
    requests = http_requests.read_requests(path.read_bytes())
    for index, request in enumerate(requests):
        place = f"request {index}: " if len(requests) > 1 else "request: "
        if request["faults"]:
            notes.append(place + ", ".join(request["faults"]))
        if request["withheld_bytes"] > 0:
            notes.append(place + f"{request['withheld_bytes']} announced body bytes not sent")
    if len(requests) > 1:
        notes.append(f"{len(requests)} requests pipelined on one connection")
    return [request_entry(request) for request in requests]


def ndjson_entry(body):
    ranges = lines.record_ranges(body)
    for at, size in ranges:
        json_text.read(body[at:at + size])
    listed = "".join(f"{at}:{size}\n" for at, size in ranges)
    return {
        "records": len(ranges), "lines": ranges if len(ranges) <= MAX_LISTED_LINES else None,
        "lines_sha256": sha256(listed.encode()),
    }


def sse_entry(body):
    events = [event for event in sse.read_events(body) if "data" in event]
    joined = "".join(f"{e['event']}\0{e['data']}\0{e['id']}\1" for e in events)
    return {"events": len(events), "sha256": sha256(joined.encode())}


def content_entries(response, request):
    body, kind = response["body"], response["content_type"]
    media_type = (kind or "").split(";")[0].strip().lower()
    readable = response["framing"] != "none"
    native = request["method"] == "POST" and request["target"] in ("/api/chat", "/api/generate")
    return {
        "ndjson": ndjson_entry(body) if media_type == "application/x-ndjson" else None,
        "sse": sse_entry(body) if media_type == "text/event-stream" else None,
        "json": json_text.is_valid(body)
        if readable and media_type == "application/json" else None,
        "outcome": ollama_outcome.outcome(response["status"], body) if native else None,
    }


def response_entry(raw, start, index, requests):
    request = requests[index]
    response = http_messages.read_response(raw, start, request["method"] or "GET")
    content_types = http_messages.field_values(response["headers"], "content-type")
    response["content_type"] = content_types[0] if content_types else None
    body = response["body"]
    return {
        "request": index,
        **{key: response[key] for key in (
            "informational", "version", "status", "reason", "headers", "framing", "trailers")},
        "body_bytes": len(body), "body_sha256": sha256(body),
        "start": response["start"], "end": response["end"],
        # Every recorded response is complete, or reading it would have raised.
        "verdict": "ok", "error_kind": None, "reusable": response["reusable"],
        "surplus_bytes": len(raw) - response["end"], "content_type": response["content_type"],
        **content_entries(response, request),
    }


def read_responses(name, requests):
    """Responses in order; they cover the file byte for byte."""
    raw = (HERE / f"{name}.response").read_bytes()
    responses, at = [], 0
    while at < len(raw):
        entry = response_entry(raw, at, len(responses), requests)
        responses.append(entry)
        at = entry["end"]
    return responses


def connection_end(name, responses, notes):
    if name in HAND_CONNECTION_END:
        end, reason = HAND_CONNECTION_END[name]
        notes.append(reason)
        return end
    return "open" if all(response["reusable"] for response in responses) else "fin"


def check_timing(name):
    path = HERE / f"{name}.timing"
    if not path.exists():
        return
    reads = json.loads(path.read_text())
    size = (HERE / f"{name}.response").stat().st_size
    offsets = [offset for _, offset in reads]
    seconds = [at for at, _ in reads]
    starts_right = offsets[:1] == ([0] if size else [])
    if not (starts_right and offsets == sorted(set(offsets)) and seconds == sorted(seconds)
            and all(offset < size for offset in offsets)):
        raise http_messages.Disagreement(f"{name}.timing")


def recording_entry(name):
    notes = [NOTES[name]] if name in NOTES else []
    requests = read_requests(name, notes)
    responses = read_responses(name, requests)
    check_timing(name)
    end = connection_end(name, responses, notes)
    return {
        "name": name, "note": "; ".join(notes) or None, "requests": requests,
        "responses": responses, "connection_end": end,
    }


def is_row(value):
    """Arrays of scalars or of number pairs stay on one line."""
    return isinstance(value, list) and not any(
        isinstance(item, dict) or (isinstance(item, list) and any(
            not isinstance(part, int) for part in item)) for item in value)


def pretty(value, indent=""):
    inner = indent + "  "
    if isinstance(value, dict) and value:
        rows = [f"{inner}{json.dumps(k)}: {pretty(v, inner)}" for k, v in value.items()]
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    if isinstance(value, list) and value and not is_row(value):
        rows = [inner + pretty(item, inner) for item in value]
        return "[\n" + ",\n".join(rows) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False)


def main():
    names = sorted(path.stem for path in HERE.glob("*.response"))
    manifest = {"format": 1, "recordings": [recording_entry(name) for name in names]}
    text = pretty(manifest) + "\n"
    path = HERE / "manifest.json"
    if sys.argv[1:] == ["--check"]:
        if path.read_text() != text:
            sys.exit("manifest.json does not match the recordings")
        return
    path.write_text(text)
    print(f"{len(names)} recordings, {sum(len(r['responses']) for r in manifest['recordings'])} "
          "responses")


if __name__ == "__main__":
    main()
