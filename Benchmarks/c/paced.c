#define _GNU_SOURCE
#include "paced.h"

#include <stdlib.h>
#include <string.h>

#include "job.h"

enum { LONGEST_LINE = 64 * 1024 };

void histogram_add(struct histogram *histogram, uint64_t value_ns)
{
    int shift = value_ns < 128 ? 0 : 57 - __builtin_clzll(value_ns);
    histogram->classes[(uint64_t)shift * 64 + (value_ns >> shift)]++;
    histogram->count++;
}

double histogram_us(const struct histogram *histogram, double share)
{
    uint64_t below = (uint64_t)((double)histogram->count * share), seen = 0;
    for (size_t i = 0; i < HISTOGRAM_CLASSES; i++) {
        seen += histogram->classes[i];
        if (seen > below && i < 128)
            return (double)i / 1e3;
        if (seen > below)
            return ((double)(i % 64 + 64) + 0.5) * (double)(1ull << (i / 64 - 1)) / 1e3;
    }
    return 0;
}

static void take_line(struct paced_reader *reader, const char *line, size_t length,
                      struct histogram *delivery)
{
    static const char KEY[] = "\"content\":\"", DONE[] = "\"done\":true";
    const char *at = memmem(line, length, KEY, sizeof KEY - 1), *end = line + length;
    uint64_t sent_ns = 0, taken_ns = now_ns();
    reader->units++;
    if (at == NULL || reader->finished)
        die("a line that is not of a paced stream");
    const char *text = at += sizeof KEY - 1;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        sent_ns = sent_ns * 10 + (uint64_t)(*at - '0');
    if (at == end || *at != '"' || at - text > 19 || sent_ns > taken_ns)
        die("a content that is not a send time");
    reader->bytes += (uint64_t)(at - text);
    if (at > text)
        histogram_add(delivery, taken_ns - sent_ns);
    else
        reader->finished = memmem(at, (size_t)(end - at), DONE, sizeof DONE - 1) != NULL;
}

static void keep(struct paced_reader *reader, const char *bytes, size_t length)
{
    if (length == 0)
        return;
    if (reader->carry_length + length > LONGEST_LINE)
        die("a line is too long");
    reader->carry = realloc(reader->carry, reader->carry_length + length);
    if (reader->carry == NULL)
        die("out of memory");
    memcpy(reader->carry + reader->carry_length, bytes, length);
    reader->carry_length += length;
}

void paced_feed(struct paced_reader *reader, const char *bytes, size_t length, uint64_t limit,
                struct histogram *delivery)
{
    const char *end = bytes + length, *line_end;
    while (limit == 0 || reader->units < limit) {
        line_end = memchr(bytes, '\n', (size_t)(end - bytes));
        if (line_end == NULL) {
            keep(reader, bytes, (size_t)(end - bytes));
            return;
        }
        if (reader->carry != NULL) {
            keep(reader, bytes, (size_t)(line_end - bytes));
            take_line(reader, reader->carry, reader->carry_length, delivery);
            free(reader->carry);
            reader->carry = NULL;
            reader->carry_length = 0;
        } else {
            take_line(reader, bytes, (size_t)(line_end - bytes), delivery);
        }
        bytes = line_end + 1;
    }
}

void paced_end(struct paced_reader *reader)
{
    if (reader->carry != NULL)
        die("an unfinished line at the end");
    if (!reader->finished)
        die("no finish mark");
}
