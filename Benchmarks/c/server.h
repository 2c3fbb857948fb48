// The server of the timed jobs: one thread, epoll, prepared bytes.
#pragma once

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pacer.h"
#include "records.h"

enum { IN_CAPACITY = 8192, OUT_CAPACITY = 4096 };

struct connection;

// What is left to send of the response under way, in this order: `out`, a stretch of `ring`, and
// for a paced stream the records that fell due; then the closing.
struct reply {
    size_t out_length, out_sent;
    const struct ring *ring;       // NULL: `out` is all
    size_t ring_at;
    uint64_t ring_left;            // bytes
    uint64_t lines;                // as asked for
    uint64_t paced_left, paced_due;
    bool paced, closing_written;
};

struct connection {
    struct connection *previous, *next;
    struct pace pace;              // in the pacer's heap while the reply is paced
    int fd;
    struct ssl_st *ssl;            // NULL: plain
    uint32_t interest;             // the epoll events asked for
    uint64_t number, accepted_ns, bytes_sent, requests;
    // Of paced lines: how many were sent, the bytes of their content, and how late they started.
    uint64_t paced_lines_sent, paced_text_bytes, worst_late_ns;
    bool replying, close_after, closed;
    uint64_t body_left;            // request body bytes still to be read and dropped
    size_t in_length;
    struct reply reply;
    char in[IN_CAPACITY], out[OUT_CAPACITY];
};

struct server {
    int epoll_fd, listener_fd, tls_listener_fd, log_fd;
    struct ssl_ctx_st *tls;        // NULL: no TLS
    uint64_t accepted, idle_since_ns;
    uint64_t idle_limit_s;
    struct ring ndjson, sse;
    struct pacer pacer;
    struct connection *open, *dead;
};

uint64_t clock_ns(void);

// server.c: ends a connection, logs how, and leaves the memory to the end of the turn.
void connection_end(struct server *server, struct connection *connection, const char *how);
// connection.c: reads requests and sends what can be sent.
void connection_readable(struct server *server, struct connection *connection);
void connection_writable(struct server *server, struct connection *connection);
// More lines of a paced stream fell due, the first of them `late_ns` ago.
void connection_due(struct server *server, struct connection *connection, uint64_t lines,
                    uint64_t late_ns);
// Why the peer is gone: "FIN" or "RST".
const char *connection_close_kind(int fd);

// tls.c: OpenSSL between the socket and the bytes of a connection, where there is any.
// `pem` names a file with a certificate and its key; exits when it is not one.
struct ssl_ctx_st *tls_context(const char *pem);
bool tls_accept(struct connection *connection, struct ssl_ctx_st *context);
void tls_close(struct connection *connection);
// Like recv(2) and send(2).
ssize_t connection_receive(struct connection *connection, void *bytes, size_t room);
ssize_t connection_send(struct connection *connection, const void *bytes, size_t length);

// routes.c: starts the reply to one request; `head` is NUL-terminated.
void route(struct server *server, struct connection *connection, const char *head);
