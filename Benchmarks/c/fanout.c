// Keep-alive connections kept busy from one thread: each has one request under way all the time.

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http.h"
#include "jobs.h"

enum { EVENTS = 256, RESPONSE_CAPACITY = 4096, READ_LIMIT_MS = 30000 };

struct exchange {
    int fd;
    size_t filled;
    char buffer[RESPONSE_CAPACITY];
};

// Receives what is there. True when the response is whole, its body then `*body_bytes` long.
static bool receive_response(struct exchange *exchange, uint64_t *body_bytes)
{
    ssize_t received = recv(exchange->fd, exchange->buffer + exchange->filled,
                            RESPONSE_CAPACITY - exchange->filled, MSG_DONTWAIT);
    if (received < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (received <= 0)
        die(received == 0 ? "the server closed early" : "could not receive");
    exchange->filled += (size_t)received;
    struct response_head head;
    bool has_head = read_head(exchange->buffer, exchange->filled, &head);
    if (has_head && (head.status != 200 || head.content_length < 0))
        die("this job needs a 200 response with a Content-Length");
    if (has_head && head.length + (size_t)head.content_length < exchange->filled)
        die("bytes after the response");
    if (has_head && head.length + (size_t)head.content_length == exchange->filled) {
        exchange->filled = 0;
        *body_bytes = (uint64_t)head.content_length;
        return true;
    }
    if (exchange->filled == RESPONSE_CAPACITY)
        die("the response is too large");
    return false;
}

void fanout(const struct options *options, struct result *result)
{
    static char request[REQUEST_CAPACITY];
    struct epoll_event events[EVENTS];
    size_t length;
    uint64_t started = 0, body_bytes;
    result->started_s = now_s();
    struct endpoint endpoint = http_prepare(options->url, options->body, request, &length);
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct exchange *exchanges = calloc(options->connections, sizeof *exchanges);
    if (epoll_fd < 0 || exchanges == NULL)
        die("could not set up");
    for (; started < options->connections && started < options->requests; started++) {
        struct exchange *exchange = &exchanges[started];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = exchange};
        exchange->fd = http_connect(&endpoint);
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, exchange->fd, &event) != 0)
            die("epoll_ctl failed");
        send_all(exchange->fd, request, length);
    }
    while (result->units < options->requests) {
        int count = epoll_wait(epoll_fd, events, EVENTS, READ_LIMIT_MS);
        if (count == 0)
            die("no bytes for 30 s");
        for (int i = 0; i < count; i++) {
            struct exchange *exchange = events[i].data.ptr;
            if (!receive_response(exchange, &body_bytes))
                continue;
            result->units++;
            result->bytes += body_bytes;
            if (started < options->requests) {
                started++;
                send_all(exchange->fd, request, length);
            } else {
                close(exchange->fd);
            }
        }
    }
    free(exchanges);
    close(epoll_fd);
    result->ended_s = now_s();
}
