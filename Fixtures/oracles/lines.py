"""Line ranges of a byte string: LF or CRLF ends a line, a last line without an end counts."""


def line_ranges(raw):
    """[offset, bytes] of each line, its end excluded."""
    ranges = []
    start = 0
    while start < len(raw):
        end = raw.find(b"\n", start)
        if end < 0:
            ranges.append([start, len(raw) - start])
            break
        stop = end - 1 if end > start and raw[end - 1] == 0x0D else end
        ranges.append([start, stop - start])
        start = end + 1
    return ranges


def record_ranges(raw):
    """The line ranges that hold something other than JSON whitespace: the records of NDJSON."""
    return [[at, size] for at, size in line_ranges(raw) if raw[at:at + size].strip(b" \t\r")]
