#define _GNU_SOURCE
#include "server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

// One send of at most this much, and a few of them before others get their turn.
enum { SEND_BYTES = 512 * 1024, TURN_BYTES = 4 * SEND_BYTES };

enum progress { PROGRESS_DONE, PROGRESS_BLOCKED, PROGRESS_WAITS_FOR_TIMER, PROGRESS_GONE };

// A reset that follows a FIN is reported as EPIPE: the FIN came first.
const char *connection_close_kind(int fd)
{
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
    return error == ECONNRESET ? "RST" : "FIN";
}

static void watch(struct server *server, struct connection *connection, uint32_t interest)
{
    if (connection->interest == interest)
        return;
    struct epoll_event event = {.events = interest, .data.ptr = connection};
    epoll_ctl(server->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event);
    connection->interest = interest;
}

// Writes what comes next into `out`. False when there is nothing to send now.
static bool refill(struct connection *connection)
{
    struct reply *reply = &connection->reply;
    reply->out_length = reply->out_sent = 0;
    if (reply->ring == NULL || reply->closing_written)
        return false;
    if (reply->paced && reply->paced_left > 0) {
        while (reply->paced_due > 0 && reply->paced_left > 0
               && reply->out_length + RECORD_CAPACITY <= OUT_CAPACITY) {
            struct extent extent = stamped_record(clock_ns(), connection->out + reply->out_length);
            reply->out_length += extent.wire;
            connection->paced_text_bytes += extent.content;
            reply->paced_due--;
            reply->paced_left--;
            connection->paced_lines_sent++;
        }
        return reply->out_length > 0;
    }
    reply->out_length = ring_closing(reply->ring, reply->lines, connection->out).wire;
    reply->closing_written = true;
    return true;
}

static ssize_t send_next(struct connection *connection)
{
    struct reply *reply = &connection->reply;
    if (reply->out_sent < reply->out_length) {
        ssize_t sent = connection_send(connection, connection->out + reply->out_sent,
                                       reply->out_length - reply->out_sent);
        if (sent > 0)
            reply->out_sent += (size_t)sent;
        return sent;
    }
    size_t ring_bytes = reply->ring->wire_end[reply->ring->count];
    size_t length = ring_bytes - reply->ring_at;
    if (length > reply->ring_left)
        length = reply->ring_left;
    if (length > SEND_BYTES)
        length = SEND_BYTES;
    ssize_t sent = connection_send(connection, reply->ring->wire + reply->ring_at, length);
    if (sent > 0) {
        reply->ring_left -= (size_t)sent;
        reply->ring_at = (reply->ring_at + (size_t)sent) % ring_bytes;
    }
    return sent;
}

static enum progress pump(struct server *server, struct connection *connection)
{
    struct reply *reply = &connection->reply;
    size_t turn_bytes = 0;
    while (turn_bytes < TURN_BYTES) {
        if (reply->out_sent == reply->out_length && reply->ring_left == 0 && !refill(connection))
            return reply->paced && !reply->closing_written ? PROGRESS_WAITS_FOR_TIMER
                                                           : PROGRESS_DONE;
        ssize_t sent = send_next(connection);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0 && errno == EAGAIN)
            return PROGRESS_BLOCKED;
        if (sent < 0) {
            connection_end(server, connection, errno == ECONNRESET ? "RST" : "FIN");
            return PROGRESS_GONE;
        }
        connection->bytes_sent += (uint64_t)sent;
        turn_bytes += (size_t)sent;
    }
    return PROGRESS_BLOCKED;
}

// Sends what can be sent. True when the next request may be looked at.
static bool advance(struct server *server, struct connection *connection)
{
    switch (pump(server, connection)) {
    case PROGRESS_DONE:
        connection->replying = false;
        pacer_remove(&server->pacer, &connection->pace);
        if (!connection->close_after)
            return true;
        connection_end(server, connection, "server");
        return false;
    case PROGRESS_BLOCKED:
        watch(server, connection, EPOLLOUT | EPOLLRDHUP);
        return false;
    case PROGRESS_WAITS_FOR_TIMER:
        watch(server, connection, EPOLLRDHUP);
        return false;
    case PROGRESS_GONE:
        break;
    }
    return false;
}

static void drop_input(struct connection *connection, size_t length)
{
    connection->in_length -= length;
    memmove(connection->in, connection->in + length, connection->in_length);
}

// Takes one whole request out of `in`. False when it is not there yet.
static bool take_request(struct server *server, struct connection *connection)
{
    char *end = memmem(connection->in, connection->in_length, "\r\n\r\n", 4);
    if (end == NULL) {
        if (connection->in_length == IN_CAPACITY)
            connection_end(server, connection, "server");
        return false;
    }
    end[2] = '\0';
    const char *length = strcasestr(connection->in, "\r\nContent-Length:");
    const char *close = strcasestr(connection->in, "\r\nConnection: close\r\n");
    connection->body_left = length == NULL ? 0 : strtoull(length + 17, NULL, 10);
    connection->close_after = close != NULL;
    connection->requests++;
    connection->replying = true;
    route(server, connection, connection->in);
    drop_input(connection, (size_t)(end - connection->in) + 4);
    return true;
}

// Handles what has arrived. A reply starts only when the request's body has been read.
static void serve_input(struct server *server, struct connection *connection)
{
    for (;;) {
        if (connection->replying) {
            size_t here = connection->body_left < connection->in_length ? connection->body_left
                                                                        : connection->in_length;
            connection->body_left -= here;
            drop_input(connection, here);
            if (connection->body_left > 0 || !advance(server, connection))
                return;
        }
        if (connection->in_length == 0 || !take_request(server, connection))
            break;
    }
    if (!connection->closed)
        watch(server, connection, EPOLLIN | EPOLLRDHUP);
}

void connection_readable(struct server *server, struct connection *connection)
{
    ssize_t received = connection_receive(connection, connection->in + connection->in_length,
                                          IN_CAPACITY - connection->in_length);
    if (received < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (received <= 0) {
        connection_end(server, connection, received < 0 && errno == ECONNRESET ? "RST" : "FIN");
        return;
    }
    connection->in_length += (size_t)received;
    serve_input(server, connection);
}

void connection_writable(struct server *server, struct connection *connection)
{
    serve_input(server, connection);
}

void connection_due(struct server *server, struct connection *connection, uint64_t lines,
                    uint64_t late_ns)
{
    connection->reply.paced_due += lines;
    if (late_ns > connection->worst_late_ns)
        connection->worst_late_ns = late_ns;
    if (connection->replying && connection->body_left == 0)
        serve_input(server, connection);
}
