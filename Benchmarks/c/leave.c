// A stream left early, again and again: each time on a connection of its own, by closing it.

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "http.h"
#include "jobs.h"
#include "paced.h"

static char buffer[RECEIVE_CAPACITY], request[REQUEST_CAPACITY];
static struct histogram delivery;

static void read_records(int fd, uint64_t limit, struct paced_reader *reader)
{
    size_t filled = 0, here;
    struct dechunker dechunker = {0};
    struct response_head head = receive_head(fd, buffer, RECEIVE_CAPACITY, &filled);
    if (head.status != 200 || !head.chunked)
        die("this job needs a chunked 200 response");
    const char *bytes = buffer + head.length, *payload;
    for (;;) {
        while ((here = dechunk_next(&dechunker, &bytes, buffer + filled, &payload)) > 0) {
            paced_feed(reader, payload, here, limit, &delivery);
            if (reader->units == limit)
                return;
        }
        if (dechunker.state == CHUNK_DONE)
            die("the stream ended before it was left");
        filled = receive_some(fd, buffer, RECEIVE_CAPACITY);
        bytes = buffer;
    }
}

void leave(const struct options *options, struct result *result)
{
    size_t length;
    result->left_ns = calloc(options->times, sizeof *result->left_ns);
    if (result->left_ns == NULL)
        die("out of memory");
    result->started_s = now_s();
    struct endpoint endpoint = http_prepare(options->url, options->body, request, &length);
    for (uint32_t i = 0; i < options->times; i++) {
        struct paced_reader reader = {0};
        int fd = http_connect(&endpoint);
        send_all(fd, request, length);
        read_records(fd, options->after, &reader);
        result->left_ns[result->left_count++] = now_ns();
        close(fd);
        free(reader.carry);
        result->units += reader.units;
        result->bytes += reader.bytes;
        nanosleep(&LEAVE_PAUSE, NULL);
    }
    result->ended_s = now_s();
}
