// The records that the server streams: a ring of ready-made chunks, built before any timing.
//
// Text, timestamps and lengths vary from record to record and follow only from the seed. The ring
// holds whole chunks and repeats after `count` records, so a client that memorised whole records
// could gain from it; none of the clients here does.
#pragma once

#include <stddef.h>
#include <stdint.h>

enum dialect { DIALECT_NDJSON, DIALECT_SSE };

enum { RECORD_CAPACITY = 512, OPENING_CAPACITY = 512, CLOSING_CAPACITY = 1024 };

struct ring {
    enum dialect dialect;
    size_t count;          // records in the ring
    char *wire;            // the chunks, framing included
    size_t *wire_end;      // [i]: wire bytes of the first i records
    size_t *body_end;      // [i]: body bytes (framing excluded) of the first i records
    size_t *content_end;   // [i]: text bytes (unescaped UTF-8) of the first i records
};

// Bytes of a stretch of the stream, counted three ways.
struct extent {
    size_t wire, body, content;
};

// What a client that reads a whole stream must have found.
struct facts {
    uint64_t units, wire_bytes, body_bytes, content_bytes;
};

void ring_build(struct ring *ring, enum dialect dialect, uint64_t seed, size_t wire_bytes);

// SSE starts with an event of its own that carries the role; it counts as the first record.
struct extent ring_opening(const struct ring *ring, char *out);
// Records taken from the ring for a stream of `lines` records.
uint64_t ring_records(const struct ring *ring, uint64_t lines);
// The record that says why generation stopped, what follows it, and the last chunk.
struct extent ring_closing(const struct ring *ring, uint64_t lines, char *out);
struct facts ring_facts(const struct ring *ring, uint64_t lines);

// One paced record whose content is `stamp_ns` in decimal.
struct extent stamped_record(uint64_t stamp_ns, char *out);
