// Many paced streams at once, read to their ends from one thread.

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http.h"
#include "jobs.h"
#include "paced.h"

// Streams are opened a few at a time, so that those that run are read meanwhile.
enum { EVENTS = 256, OPENED_PER_TURN = 16, READ_LIMIT_MS = 30000 };

struct stream {
    int fd;
    bool has_head;
    struct dechunker dechunker;
    struct paced_reader reader;
};

static char buffer[RECEIVE_CAPACITY];
static struct histogram delivery;

static void open_stream(int epoll_fd, struct stream *stream, const struct endpoint *endpoint,
                        const char *request, size_t length)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = stream};
    stream->fd = http_connect(endpoint);
    send_all(stream->fd, request, length);
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, stream->fd, &event) != 0)
        die("epoll_ctl failed");
}

// A head comes in one piece; if it does not, waiting for its rest holds up the other streams.
static size_t receive_first(struct stream *stream, size_t *filled)
{
    *filled = 0;
    struct response_head head = receive_head(stream->fd, buffer, RECEIVE_CAPACITY, filled);
    if (head.status != 200 || !head.chunked)
        die("this job needs a chunked 200 response");
    stream->has_head = true;
    return head.length;
}

// True when the stream has ended.
static bool advance(struct stream *stream)
{
    size_t filled, start = 0, here;
    if (!stream->has_head) {
        start = receive_first(stream, &filled);
    } else {
        ssize_t received = recv(stream->fd, buffer, RECEIVE_CAPACITY, MSG_DONTWAIT);
        if (received < 0 && (errno == EAGAIN || errno == EINTR))
            return false;
        if (received <= 0)
            die(received == 0 ? "the server closed early" : "could not receive");
        filled = (size_t)received;
    }
    const char *bytes = buffer + start, *payload;
    while ((here = dechunk_next(&stream->dechunker, &bytes, buffer + filled, &payload)) > 0)
        paced_feed(&stream->reader, payload, here, 0, &delivery);
    return stream->dechunker.state == CHUNK_DONE;
}

void streams(const struct options *options, struct result *result)
{
    static char request[REQUEST_CAPACITY];
    struct epoll_event events[EVENTS];
    size_t length;
    result->started_s = now_s();
    struct endpoint endpoint = http_prepare(options->url, options->body, request, &length);
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct stream *all = calloc(options->streams, sizeof *all);
    if (epoll_fd < 0 || all == NULL)
        die("could not set up");
    for (uint32_t opened = 0, ended = 0; ended < options->streams;) {
        for (int i = 0; i < OPENED_PER_TURN && opened < options->streams; i++)
            open_stream(epoll_fd, &all[opened++], &endpoint, request, length);
        int timeout_ms = opened < options->streams ? 0 : READ_LIMIT_MS;
        int count = epoll_wait(epoll_fd, events, EVENTS, timeout_ms);
        if (count == 0 && timeout_ms > 0)
            die("no bytes for 30 s");
        for (int i = 0; i < count; i++) {
            struct stream *stream = events[i].data.ptr;
            if (!advance(stream))
                continue;
            paced_end(&stream->reader);
            result->units += stream->reader.units;
            result->bytes += stream->reader.bytes;
            close(stream->fd);
            ended++;
        }
    }
    free(all);
    close(epoll_fd);
    result->ended_s = now_s();
    result->delivery = &delivery;
}
