"""A small server-sent events reader, written from the WHATWG text (HTML 9.2.5 and 9.2.6).

It reads a whole byte string at once, so it shares no shape with an incremental reader.
"""

import re

LINE_END = re.compile("\r\n|\n|\r")


def complete_lines(text):
    """The lines that have an end; what follows the last line end cannot dispatch anything."""
    pieces = LINE_END.split(text)
    return pieces[:-1]


def read_events(raw):
    """The dispatched events and accepted retry values of `raw`, in order, as dictionaries."""
    # bytes.decode replaces one maximal subpart of an ill-formed sequence by one U+FFFD, as the
    # WHATWG UTF-8 decoder does; the decoder there also takes one leading byte order mark away.
    text = raw.decode("utf-8", errors="replace")
    if text.startswith("\ufeff"):
        text = text[1:]
    found = []
    event_type, data, last_id = "", [], ""
    for line in complete_lines(text):
        if line == "":
            if data:
                found.append({
                    "event": event_type or "message", "data": "\n".join(data), "id": last_id,
                })
            event_type, data = "", []
            continue
        if line.startswith(":"):
            continue
        name, _, value = line.partition(":")
        if value.startswith(" "):
            value = value[1:]
        if name == "event":
            event_type = value
        elif name == "data":
            data.append(value)
        elif name == "id" and "\0" not in value:
            last_id = value
        elif name == "retry" and re.fullmatch("[0-9]+", value):
            found.append({"retry": int(value)})
    return found
