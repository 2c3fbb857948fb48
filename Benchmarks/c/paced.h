// Reading a paced stream: NDJSON lines whose content is the server's send time in ns of
// CLOCK_MONOTONIC, the last one without. Shared by the C clients, so that only their transport
// differs; a plain scan that validates nothing else.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Times in classes of at most 1/64 of their size: of one size however many lines a run has, so
// that peak RSS stays that of the streams.
enum { HISTOGRAM_CLASSES = 59 * 64 };

struct histogram {
    uint64_t count;
    uint32_t classes[HISTOGRAM_CLASSES];
};

void histogram_add(struct histogram *histogram, uint64_t value_ns);
// The middle of the class that holds the value with `share` of all below it; 0 when empty.
double histogram_us(const struct histogram *histogram, double share);

struct paced_reader {
    uint64_t units, bytes;         // lines; bytes of their content
    bool finished;                 // the line that says so was seen
    char *carry;                   // an unfinished line, or NULL
    size_t carry_length;
};

// Takes lines until `bytes` is used up, or `limit` lines were taken (0: no limit); adds how long
// after its send time each was taken. Exits on what is not such a stream.
void paced_feed(struct paced_reader *reader, const char *bytes, size_t length, uint64_t limit,
                struct histogram *delivery);
// Call at the clean end of the body: exits unless the stream was finished and whole.
void paced_end(struct paced_reader *reader);
