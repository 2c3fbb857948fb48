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
    uint64_t units;            // lines of NDJSON; events with data
    uint64_t bytes;            // lines: with their ends; content: of unescaped text
    bool finished;             // a finish mark was seen
    bool event_has_data;
    const char *error;
    size_t carry_length;       // an unfinished line, at most LINE_CAPACITY bytes
    char carry[LINE_CAPACITY];
};

// False when the body cannot be read on; `error` then says why.
bool scanner_feed(struct scanner *scanner, const char *bytes, size_t length);
// Call at the clean end of the body.
bool scanner_end(struct scanner *scanner);
