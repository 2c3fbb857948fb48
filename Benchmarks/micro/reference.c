// What one would write in C without a library: the limits that ratios are taken to.
#define _GNU_SOURCE
#include "rival.h"

#include <stdlib.h>
#include <string.h>

#include "head.h"

struct input {
    const uint8_t *bytes;
    size_t count;
};

static void *prepare(const uint8_t *bytes, size_t count) {
    struct input *input = malloc(sizeof *input);
    *input = (struct input){bytes, count};
    return input;
}

// Lines: one memchr each.
static uint64_t lines(void *prepared) {
    const struct input *input = prepared;
    const uint8_t *at = input->bytes, *end = at + input->count, *hit;
    uint64_t units = 0, bytes = 0;
    while ((hit = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        size_t length = (size_t)(hit - at);
        bytes += length - (length > 0 && hit[-1] == '\r');
        units++;
        at = hit + 1;
    }
    return rival_sum(units, bytes, 0);
}

// Events of one data line each, by memchr per line; nothing else is understood.
static uint64_t events(void *prepared) {
    const struct input *input = prepared;
    const uint8_t *at = input->bytes, *end = at + input->count, *hit;
    uint64_t units = 0, bytes = 0;
    size_t data = 0;
    while ((hit = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        size_t length = (size_t)(hit - at);
        if (length == 0) {
            units++;
            bytes += data;
        } else if (length >= 6 && memcmp(at, "data: ", 6) == 0) {
            data = length - 6;
        }
        at = hit + 1;
    }
    return rival_sum(units, bytes, 0);
}

static int hex_value(uint8_t byte) {
    if (byte >= '0' && byte <= '9') return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

// Chunked lines, each chunk whole lines: the framing is checked and left where it is.
static uint64_t chunked_lines(void *prepared) {
    const struct input *input = prepared;
    const uint8_t *at = input->bytes, *end = at + input->count;
    uint64_t units = 0, bytes = 0;
    while (at < end) {
        size_t size = 0;
        int digit;
        while (at < end && (digit = hex_value(*at)) >= 0) {
            size = size << 4 | (size_t)digit;
            at++;
        }
        if (end - at < 2 || at[0] != '\r' || at[1] != '\n') return 0;
        at += 2;
        if (size == 0) break;
        if ((size_t)(end - at) < size + 2) return 0;
        const uint8_t *stop = at + size, *hit;
        while ((hit = memchr(at, '\n', (size_t)(stop - at))) != NULL) {
            bytes += (size_t)(hit - at);
            units++;
            at = hit + 1;
        }
        if (at != stop || stop[0] != '\r' || stop[1] != '\n') return 0;
        at = stop + 2;
    }
    return rival_sum(units, bytes, 0);
}

static uint64_t head(void *prepared) {
    const struct input *input = prepared;
    struct head head;
    struct head_field fields[64];
    head.fields = fields;
    head.field_limit = 64;
    uint64_t bytes = 0;
    for (int repeat = 0; repeat < RIVAL_REPEATS; repeat++) {
        ssize_t taken = head_parse(&head, (const char *)input->bytes, input->count);
        if (taken < 0) return 0;
        bytes = 0;
        for (size_t i = 0; i < head.field_count; i++)
            bytes += fields[i].name_length + fields[i].value_length;
    }
    return rival_sum(head.field_count, bytes, (uint64_t)(head.status == 200));
}

// Plain scans for the wanted keys, nothing else validated.
static uint64_t chat(void *prepared) {
    const struct input *input = prepared;
    const char *at = (const char *)input->bytes, *end = at + input->count, *hit;
    uint64_t units = 0, bytes = 0, marks = 0;
    while ((hit = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        const char *key = memmem(at, (size_t)(hit - at), "\"content\":\"", 11);
        if (key == NULL) return 0;
        const char *from = key + 11, *to = from;
        while (to < hit && *to != '"') to += *to == '\\' ? 2 : 1;
        bytes += (size_t)(to - from);
        marks += memmem(to, (size_t)(hit - to), "\"done\":true", 11) != NULL;
        units++;
        at = hit + 1;
    }
    return rival_sum(units, bytes, marks);
}

const struct rival_entry *rival_entries(void) {
    static const struct rival_entry entries[] = {
        {"lines-120", "C memchr per line", prepare, lines},
        {"lines-300", "C memchr per line", prepare, lines},
        {"lines-4k", "C memchr per line", prepare, lines},
        {"lines-64k", "C memchr per line", prepare, lines},
        {"sse-250", "C memchr per line", prepare, events},
        {"chunked-120", "C memchr, chunks in place", prepare, chunked_lines},
        {"head-ollama", "C head parser", prepare, head},
        {"head-proxy", "C head parser", prepare, head},
        {"chat", "C memmem, unchecked", prepare, chat},
        {"chat-escapes", "C memmem, unchecked", prepare, chat},
        {NULL, NULL, NULL, NULL},
    };
    return entries;
}
