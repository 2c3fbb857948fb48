"""Reads what `tokenwire simulate --truth FILE` writes. The format: Docs/simulate.md."""

import collections
import struct

MAGIC = b"TWTRUTH1"
ENTRY = struct.Struct("<BBHIIIqqq")
KINDS = {1: "accepted", 2: "received", 3: "record", 4: "answered", 5: "fault", 6: "left", 7: "ended"}

Entry = collections.namedtuple(
    "Entry", "kind detail connection request index monotonic_ns wall_ns value")


def read(path):
    """The entries in order; one that was cut short is left out."""
    with open(path, "rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise ValueError(f"{path} is no ground truth of tokenwire simulate")
        data = file.read()
    whole = len(data) // ENTRY.size * ENTRY.size
    for kind, detail, _, *rest in ENTRY.iter_unpack(data[:whole]):
        yield Entry(KINDS[kind], detail, *rest)
