// Reading records out of a response body: shared by the C clients, so that only their transport
// differs. A plain scan for what is wanted, not a JSON parser: nothing else is validated.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum take { TAKE_LINES, TAKE_CONTENT };
enum body_format { FORMAT_NDJSON, FORMAT_SSE };

enum { LINE_CAPACITY = 64 * 1024 };

struct scanner {
    enum take take;
    enum body_format format;
    int64_t line_ends;         // TAKE_LINES
    uint64_t units;            // TAKE_CONTENT
    uint64_t bytes;            // lines: bytes fed; content: bytes of unescaped text
    bool finished;             // a finish mark was seen
    bool event_has_data;
    const char *error;
    size_t carry_length;       // an unfinished line, at most LINE_CAPACITY bytes
    char carry[LINE_CAPACITY];
};

// LF minus CR. JSON text holds neither raw, and chunk framing and heads hold them only in pairs, so
// on the bytes of a chunked response this is the number of LF-terminated payload lines, without
// de-chunking.
int64_t count_bare_line_ends(const char *bytes, size_t length);

// False when the body cannot be read on; `error` then says why.
bool scanner_feed(struct scanner *scanner, const char *bytes, size_t length);
// Call at the clean end of the body.
bool scanner_end(struct scanner *scanner);
uint64_t scanner_units(const struct scanner *scanner);
