// What the timed jobs cost in plain C on a blocking socket, with no library.

#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http.h"
#include "jobs.h"

static char buffer[RECEIVE_CAPACITY];
static char request[REQUEST_CAPACITY];
static struct scanner scanner;

static void read_body(int fd, size_t start, size_t filled)
{
    struct dechunker dechunker = {0};
    for (;;) {
        dechunk(&dechunker, buffer + start, filled - start, &scanner);
        if (dechunker.state == CHUNK_DONE)
            break;
        start = 0;
        filled = receive_some(fd, buffer, RECEIVE_CAPACITY);
    }
    if (!scanner_end(&scanner))
        die(scanner.error);
}

static void firehose(const struct options *options, struct result *result)
{
    size_t length, filled = 0;
    result->started_s = now_s();
    int fd = http_open(options->url, options->body, request, &length);
    send_all(fd, request, length);
    struct response_head head = receive_head(fd, buffer, RECEIVE_CAPACITY, &filled);
    if (head.status != 200 || !head.chunked)
        die("this job needs a chunked 200 response");
    scanner.take = options->take;
    scanner.format = head.format;
    read_body(fd, head.length, filled);
    close(fd);
    result->ended_s = now_s();
    result->units = scanner.units;
    result->bytes = scanner.bytes;
}

static void pingpong(const struct options *options, struct result *result)
{
    size_t length;
    result->latencies_ns = calloc(options->requests, sizeof(uint32_t));
    if (result->latencies_ns == NULL)
        die("out of memory");
    result->started_s = now_s();
    int fd = http_open(options->url, options->body, request, &length);
    for (uint32_t i = 0; i < options->requests; i++) {
        uint64_t sent_ns = now_ns();
        size_t filled = 0;
        send_all(fd, request, length);
        struct response_head head = receive_head(fd, buffer, RECEIVE_CAPACITY, &filled);
        if (head.status != 200 || head.content_length < 0)
            die("this job needs a 200 response with a Content-Length");
        size_t whole = head.length + (size_t)head.content_length;
        if (whole > RECEIVE_CAPACITY)
            die("the response is too large");
        while (filled < whole)
            filled += receive_some(fd, buffer + filled, RECEIVE_CAPACITY - filled);
        if (filled != whole)
            die("bytes after the response");
        result->latencies_ns[i] = (uint32_t)(now_ns() - sent_ns);
        result->units++;
        result->bytes += (uint64_t)head.content_length;
    }
    close(fd);
    result->ended_s = now_s();
}

int main(int count, char **arguments)
{
    struct options options = options_read(count, arguments);
    struct result result = {0};
    if (strcmp(options.job, "firehose") == 0)
        firehose(&options, &result);
    else if (strcmp(options.job, "pingpong") == 0)
        pingpong(&options, &result);
    else if (strcmp(options.job, "fanout") == 0)
        fanout(&options, &result);
    else if (strcmp(options.job, "streams") == 0)
        streams(&options, &result);
    else if (strcmp(options.job, "leave") == 0)
        leave(&options, &result);
    else
        die("unknown job");
    report(&options, "raw-c", &result);
    return 0;
}
