"""Faults that a test has to find. Each is one edit; its old text must be in the file exactly once,
so that a fault whose place has moved is noticed instead of tested in vain."""

from typing import NamedTuple


class Fault(NamedTuple):
    name: str
    file: str
    old: str
    new: str
    # A regular expression over test names, as `swift test --filter` takes it.
    test: str


FAULTS = [
    Fault(
        "content-idle-never-armed",
        "Sources/WireExchange/ExchangeMachine.swift",
        "        table.arm(.contentIdle, at: now, for: deadlines.contentIdle)\n",
        "",
        "ExchangeTimeTests/contentIdleRunsFromTheLastContent"),
    Fault(
        "surplus-bytes-kept",
        "Sources/WireHTTP1/ResponseDecoder.swift",
        "guard isComplete, buffer.rawCount == 0, let head",
        "guard isComplete, let head",
        "MessageReaderTests"),
    Fault(
        "post-repeated-after-writing",
        "Sources/WireExchange/ExchangeActions.swift",
        "(mayRepeat || bytesWritten == 0)",
        "(mayRepeat || bytesWritten >= 0)",
        "RetryTests"),
    Fault(
        "lone-surrogate-accepted",
        "Sources/WireJSON/JSONScanner+Strings.swift",
        "if !UTF16.isSurrogate(unit) { return backslash + 6 }",
        "if !UTF16.isLeadSurrogate(unit) { return backslash + 6 }",
        "WireJSONTests"),
]
