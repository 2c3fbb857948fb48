// The least of HTTP/1.1 that a client needs on a blocking socket: an http:// or https:// URL with a literal
// address, one request, a response head, a chunked body.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "scan.h"

enum { RECEIVE_CAPACITY = 128 * 1024, REQUEST_CAPACITY = 64 * 1024 };

struct response_head {
    size_t length;             // of the head, its empty line included
    int status;
    bool chunked;
    int64_t content_length;    // -1: none
    enum body_format format;
};

struct endpoint {
    struct sockaddr_storage address;
    socklen_t length;
};

// Writes the request for `url` to `request`. Exits on failure, as all of these do.
struct endpoint http_prepare(const char *url, const char *body, char request[REQUEST_CAPACITY],
                             size_t *length);
int http_connect(const struct endpoint *endpoint);
// Both.
int http_open(const char *url, const char *body, char request[REQUEST_CAPACITY], size_t *length);
void send_all(int fd, const char *bytes, size_t length);
// At least one byte; exits on error, on close, and after the read limit.
size_t receive_some(int fd, char *buffer, size_t capacity);
// False: the head in `buffer` is not whole yet.
bool read_head(char *buffer, size_t filled, struct response_head *head);
// Receives until the head is whole. `*filled` counts the bytes in `buffer`, body bytes included.
struct response_head receive_head(int fd, char *buffer, size_t capacity, size_t *filled);

enum chunk_state {
    CHUNK_SIZE, CHUNK_EXTENSION, CHUNK_DATA, CHUNK_DATA_CR, CHUNK_DATA_LF, CHUNK_TRAILER,
    CHUNK_TRAILER_LINE, CHUNK_DONE
};

struct dechunker {
    enum chunk_state state;
    uint64_t left;             // of the chunk; while its size is read, the size so far
    int digits;
};

// Reads framing up to the next stretch of payload and returns its length; 0 when `*bytes` is used
// up. `*bytes` moves on to behind it. Exits on framing that is not valid.
size_t dechunk_next(struct dechunker *dechunker, const char **bytes, const char *end,
                    const char **payload);
// Feeds the payload in `bytes` to `scanner`. Exits on framing that is not valid.
void dechunk(struct dechunker *dechunker, const char *bytes, size_t length,
             struct scanner *scanner);
