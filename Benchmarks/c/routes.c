#define _GNU_SOURCE
#include "server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATE "Date: Fri, 20 Nov 2026 16:30:07 GMT\r\n"

// An answer of about 200 B, as `/api/show` and the like give.
static const char SMALL_BODY[] =
    "{\"model\":\"qwen3\",\"created_at\":\"2026-11-20T16:30:07.644741119Z\",\"response\":\"Yes.\","
    "\"done\":true,\"done_reason\":\"stop\",\"total_duration\":8025945,\"eval_count\":12,"
    "\"eval_duration\":3813000,\"load_duration\":1061864}";

// The number after `name=` in the query, or `otherwise`.
static uint64_t query_number(const char *target, const char *name, uint64_t otherwise)
{
    size_t length = strlen(name);
    for (const char *at = strpbrk(target, "?&"); at != NULL; at = strpbrk(at + 1, "?&"))
        if (strncmp(at + 1, name, length) == 0 && at[1 + length] == '=')
            return strtoull(at + 2 + length, NULL, 10);
    return otherwise;
}

static bool is_path(const char *target, const char *path)
{
    size_t length = strlen(path);
    return strncmp(target, path, length) == 0 && (target[length] == '\0' || target[length] == '?');
}

static void reply_fixed(struct connection *connection, const char *status, const char *body)
{
    connection->reply = (struct reply){
        .out_length = (size_t)snprintf(connection->out, OUT_CAPACITY,
                                       "HTTP/1.1 %s\r\nContent-Type: application/json; "
                                       "charset=utf-8\r\n" DATE "Content-Length: %zu\r\n\r\n%s",
                                       status, strlen(body), body)};
}

static void reply_facts(struct server *server, struct connection *connection, uint64_t lines)
{
    const struct ring *rings[] = {&server->ndjson, &server->sse};
    char body[1024];
    size_t length = 0;
    for (int i = 0; i < 2; i++) {
        struct facts facts = ring_facts(rings[i], lines);
        length += (size_t)snprintf(
            body + length, sizeof body - length,
            "%s\"%s\":{\"units\":%llu,\"wire_bytes\":%llu,\"body_bytes\":%llu,"
            "\"content_bytes\":%llu}",
            i == 0 ? "{" : ",", i == 0 ? "firehose" : "firehose-sse",
            (unsigned long long)facts.units, (unsigned long long)facts.wire_bytes,
            (unsigned long long)facts.body_bytes, (unsigned long long)facts.content_bytes);
    }
    snprintf(body + length, sizeof body - length, ",\"small\":{\"body_bytes\":%zu}}",
             sizeof SMALL_BODY - 1);
    reply_fixed(connection, "200 OK", body);
}

static void start_stream(struct connection *connection, const struct ring *ring, uint64_t lines)
{
    char opening[OPENING_CAPACITY];
    struct extent extent = ring_opening(ring, opening);
    struct reply *reply = &connection->reply;
    *reply = (struct reply){.ring = ring, .lines = lines};
    reply->out_length = (size_t)snprintf(
        connection->out, OUT_CAPACITY,
        "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n" DATE "Transfer-Encoding: chunked\r\n\r\n",
        ring->dialect == DIALECT_SSE ? "text/event-stream" : "application/x-ndjson");
    memcpy(connection->out + reply->out_length, opening, extent.wire);
    reply->out_length += extent.wire;
}

static void reply_firehose(struct connection *connection, const struct ring *ring, uint64_t lines)
{
    start_stream(connection, ring, lines);
    uint64_t records = ring_records(ring, lines);
    connection->reply.ring_left = records / ring->count * ring->wire_end[ring->count]
                                  + ring->wire_end[records % ring->count];
}

static void reply_paced(struct server *server, struct connection *connection, uint64_t lines,
                        uint64_t per_second)
{
    // Multiples of the golden ratio spread the phases of any number of streams evenly, however
    // close together their requests come.
    uint64_t interval_ns = 1000000000 / per_second;
    uint64_t phase = connection->number * 0x9e3779b97f4a7c15ull >> 32;
    connection->pace.interval_ns = interval_ns;
    connection->pace.due_ns = clock_ns() + (interval_ns * (phase >> 2) >> 30);
    if (!pacer_add(&server->pacer, &connection->pace)) {
        reply_fixed(connection, "503 Service Unavailable", "{\"error\":\"out of memory\"}");
        return;
    }
    start_stream(connection, &server->ndjson, lines);
    connection->reply.paced = true;
    connection->reply.paced_left = lines;
}

void route(struct server *server, struct connection *connection, const char *head)
{
    char method[16] = "", target[1024] = "";
    if (sscanf(head, "%15[A-Z] %1023[^ \r\n] HTTP/1.1", method, target) != 2) {
        connection->close_after = true;
        reply_fixed(connection, "400 Bad Request", "{\"error\":\"not an HTTP/1.1 request\"}");
        return;
    }
    bool get = strcmp(method, "GET") == 0, post = strcmp(method, "POST") == 0;
    uint64_t lines = query_number(target, "lines", 1000);
    uint64_t per_second = query_number(target, "rate", 50);
    if (!get && !post)
        reply_fixed(connection, "405 Method Not Allowed", "{\"error\":\"GET or POST\"}");
    else if (lines < 1 || lines > 10000000000 || per_second < 1 || per_second > 100000)
        reply_fixed(connection, "400 Bad Request", "{\"error\":\"lines or rate out of range\"}");
    else if (is_path(target, "/small"))
        reply_fixed(connection, "200 OK", SMALL_BODY);
    else if (is_path(target, "/firehose"))
        reply_firehose(connection, &server->ndjson, lines);
    else if (is_path(target, "/firehose-sse"))
        reply_firehose(connection, &server->sse, lines);
    else if (is_path(target, "/stream"))
        reply_paced(server, connection, lines, per_second);
    else if (is_path(target, "/facts"))
        reply_facts(server, connection, lines);
    else
        reply_fixed(connection, "404 Not Found", "{\"error\":\"no such route\"}");
}
