"""What a client must understand of one answer to a native /api/chat or /api/generate request."""

import hashlib
import json

# Longer texts stand in the manifest as a digest.
MAX_INLINE_CHARACTERS = 4096


def _text_keys(name, text):
    if len(text) <= MAX_INLINE_CHARACTERS:
        return {name: text}
    raw = text.encode()
    prefix = name.removesuffix("_text")
    return {
        name: None, f"{prefix}_sha256": hashlib.sha256(raw).hexdigest(),
        f"{prefix}_bytes": len(raw),
    }


def _records(body):
    # Both shapes, NDJSON and one whole object, hold one JSON text per line as Ollama writes them.
    return [json.loads(line) for line in body.decode().split("\n") if line.strip()]


def _sent_error(body):
    try:
        return json.loads(body).get("error")
    except (ValueError, AttributeError):
        return body.decode() or None


def outcome(status, body):
    if status >= 400:
        return _result("server-error-before", {}, error=_sent_error(body))
    texts, thoughts, tool_calls, last = [], [], 0, {}
    for record in _records(body):
        if "error" in record:
            return _result(
                "server-error-in-stream", {}, texts, thoughts, tool_calls, record["error"])
        message = record.get("message", {})
        texts.append(message.get("content", "") + record.get("response", ""))
        thoughts.append(message.get("thinking", "") + record.get("thinking", ""))
        tool_calls += len(message.get("tool_calls", []))
        if record.get("done") is True:
            last = record
    kind = "complete" if last else "incomplete"
    return _result(kind, last, texts, thoughts, tool_calls)


def _result(kind, last, texts=(), thoughts=(), tool_calls=0, error=None):
    return {
        "kind": kind, **_text_keys("text", "".join(texts)),
        **_text_keys("thinking_text", "".join(thoughts)),
        "done_reason": last.get("done_reason"), "error": error,
        "eval_count": last.get("eval_count"), "tool_calls": tool_calls,
    }
