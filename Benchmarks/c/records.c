#include "records.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODEL "qwen3"
#define NDJSON_HEAD "{\"model\":\"" MODEL "\",\"created_at\":\""
#define NDJSON_MESSAGE "\",\"message\":{\"role\":\"assistant\",\"content\":\""
#define SSE_HEAD                                                                                   \
    "data: {\"id\":\"chatcmpl-417\",\"object\":\"chat.completion.chunk\",\"created\":1795192207,"  \
    "\"model\":\"" MODEL "\",\"system_fingerprint\":\"fp_ollama\",\"choices\":[{\"index\":0,"

// Tokens that need care, as Go's and Python's JSON encoders write them, and their decoded lengths.
static const struct {
    const char *json;
    size_t text_bytes;
} SPECIAL_TOKENS[] = {
    {"\\n", 1},          {" \\u003cb\\u003e", 4}, {"\\u0026amp;", 5}, {"\\u003c/p\\u003e\\n", 5},
    {"😀", 4},           {" über", 6},            {"日本語", 9},      {" café", 6},
    {" back\\\\slash", 11}, {"\\\"", 1},          {"\\t", 1},         {"\\u2028", 3},
    {" —", 4},           {"\\ud83d\\ude80", 4},
};
enum { SPECIAL_COUNT = sizeof SPECIAL_TOKENS / sizeof SPECIAL_TOKENS[0] };

struct token {
    char json[64];
    size_t text_bytes;
};

// SplitMix64.
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

static struct token next_token(uint64_t *random)
{
    struct token token = {.text_bytes = 0};
    uint64_t bits = next_random(random);
    if (bits % 12 == 0) {
        size_t which = (bits >> 8) % SPECIAL_COUNT;
        strcpy(token.json, SPECIAL_TOKENS[which].json);
        token.text_bytes = SPECIAL_TOKENS[which].text_bytes;
        return token;
    }
    size_t letters = 2 + (bits >> 8) % 9;
    token.json[token.text_bytes++] = ' ';
    for (size_t i = 0; i < letters; i++)
        token.json[token.text_bytes++] = (char)('a' + (bits >> (12 + 5 * i)) % 26);
    return token;
}

// RFC 3339 with the trailing zeros of the fraction dropped, as Go writes it.
static void write_timestamp(uint64_t elapsed_ns, char out[40])
{
    uint64_t seconds = 16 * 3600 + 30 * 60 + elapsed_ns / 1000000000;
    int length = snprintf(out, 40, "2026-11-20T%02u:%02u:%02u.%09u",
                          (unsigned)(seconds / 3600 % 24), (unsigned)(seconds / 60 % 60),
                          (unsigned)(seconds % 60), (unsigned)(elapsed_ns % 1000000000));
    while (out[length - 1] == '0')
        length--;
    if (out[length - 1] == '.')
        length--;
    strcpy(out + length, "Z");
}

static size_t append_chunk(char *out, const char *payload, size_t length)
{
    size_t head = (size_t)sprintf(out, "%zx\r\n", length);
    memcpy(out + head, payload, length);
    memcpy(out + head + length, "\r\n", 2);
    return head + length + 2;
}

// Appends `payload` as one chunk and accounts for it.
static void append(struct extent *extent, char *out, const char *payload, size_t content_bytes)
{
    size_t length = strlen(payload);
    extent->wire += append_chunk(out + extent->wire, payload, length);
    extent->body += length;
    extent->content += content_bytes;
}

static void write_record(enum dialect dialect, const char *json, uint64_t elapsed_ns, char *out)
{
    if (dialect == DIALECT_NDJSON) {
        char timestamp[40];
        write_timestamp(elapsed_ns, timestamp);
        snprintf(out, RECORD_CAPACITY, NDJSON_HEAD "%s" NDJSON_MESSAGE "%s\"},\"done\":false}\n",
                 timestamp, json);
    } else {
        snprintf(out, RECORD_CAPACITY,
                 SSE_HEAD "\"delta\":{\"content\":\"%s\"},\"finish_reason\":null}]}\n\n", json);
    }
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL) {
        perror("calloc");
        exit(1);
    }
    return memory;
}

void ring_build(struct ring *ring, enum dialect dialect, uint64_t seed, size_t wire_bytes)
{
    size_t most_records = wire_bytes / 100;
    *ring = (struct ring){
        .dialect = dialect,
        .wire = allocate(wire_bytes + RECORD_CAPACITY, 1),
        .wire_end = allocate(most_records + 1, sizeof(size_t)),
        .body_end = allocate(most_records + 1, sizeof(size_t)),
        .content_end = allocate(most_records + 1, sizeof(size_t)),
    };
    uint64_t random = seed, elapsed_ns = 0;
    struct extent total = {0};
    while (total.wire < wire_bytes && ring->count < most_records) {
        char record[RECORD_CAPACITY];
        struct token token = next_token(&random);
        elapsed_ns += 1000000 + next_random(&random) % 16000000;
        write_record(dialect, token.json, elapsed_ns, record);
        append(&total, ring->wire, record, token.text_bytes);
        ring->count++;
        ring->wire_end[ring->count] = total.wire;
        ring->body_end[ring->count] = total.body;
        ring->content_end[ring->count] = total.content;
    }
}

struct extent ring_opening(const struct ring *ring, char *out)
{
    struct extent extent = {0};
    if (ring->dialect == DIALECT_SSE)
        append(&extent, out,
               SSE_HEAD "\"delta\":{\"role\":\"assistant\",\"content\":\"Once\"},"
                        "\"finish_reason\":null}]}\n\n", 4);
    return extent;
}

uint64_t ring_records(const struct ring *ring, uint64_t lines)
{
    return ring->dialect == DIALECT_SSE ? lines - 1 : lines;
}

struct extent ring_closing(const struct ring *ring, uint64_t lines, char *out)
{
    struct extent extent = {0};
    if (ring->dialect == DIALECT_SSE) {
        append(&extent, out, SSE_HEAD "\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n", 0);
        append(&extent, out, "data: [DONE]\n\n", 0);
    } else {
        char record[RECORD_CAPACITY], timestamp[40];
        write_timestamp(600000000001, timestamp);
        snprintf(record, sizeof record,
                 NDJSON_HEAD "%s" NDJSON_MESSAGE "\"},\"done\":true,\"done_reason\":\"stop\","
                 "\"total_duration\":92328524,\"load_duration\":1094376,\"prompt_eval_count\":42,"
                 "\"prompt_eval_duration\":1773000,\"eval_count\":%llu,"
                 "\"eval_duration\":85359000}\n",
                 timestamp, (unsigned long long)lines);
        append(&extent, out, record, 0);
    }
    memcpy(out + extent.wire, "0\r\n\r\n", 5);
    extent.wire += 5;
    return extent;
}

struct facts ring_facts(const struct ring *ring, uint64_t lines)
{
    char scratch[CLOSING_CAPACITY];
    struct extent opening = ring_opening(ring, scratch);
    struct extent closing = ring_closing(ring, lines, scratch);
    uint64_t records = ring_records(ring, lines);
    uint64_t turns = records / ring->count, rest = records % ring->count, all = ring->count;
    return (struct facts){
        .units = lines + (ring->dialect == DIALECT_SSE ? 2 : 1),
        .wire_bytes = opening.wire + turns * ring->wire_end[all] + ring->wire_end[rest]
                      + closing.wire,
        .body_bytes = opening.body + turns * ring->body_end[all] + ring->body_end[rest]
                      + closing.body,
        .content_bytes = opening.content + turns * ring->content_end[all]
                         + ring->content_end[rest] + closing.content,
    };
}

struct extent stamped_record(uint64_t stamp_ns, char *out)
{
    char record[RECORD_CAPACITY], json[24];
    struct extent extent = {0};
    int digits = snprintf(json, sizeof json, "%llu", (unsigned long long)stamp_ns);
    write_record(DIALECT_NDJSON, json, stamp_ns % 600000000000, record);
    append(&extent, out, record, (size_t)digits);
    return extent;
}
