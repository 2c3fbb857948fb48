#define _GNU_SOURCE
#include "http.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "job.h"

enum { READ_LIMIT_S = 30 };

static struct endpoint resolve(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *found;
    struct endpoint endpoint = {0};
    if (getaddrinfo(host, port, &hints, &found) != 0)
        die("the URL needs a literal address");
    memcpy(&endpoint.address, found->ai_addr, found->ai_addrlen);
    endpoint.length = found->ai_addrlen;
    freeaddrinfo(found);
    return endpoint;
}

int http_connect(const struct endpoint *endpoint)
{
    int fd = socket(endpoint->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&endpoint->address, endpoint->length) != 0)
        die("could not connect");
    int on = 1;
    struct timeval limit = {.tv_sec = READ_LIMIT_S};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return fd;
}

struct endpoint http_prepare(const char *url, const char *body, char request[REQUEST_CAPACITY],
                             size_t *length)
{
    char host[256], port[8] = "80";
    size_t scheme = strncmp(url, "http://", 7) == 0 ? 7 : strncmp(url, "https://", 8) == 0 ? 8 : 0;
    const char *target = scheme > 0 ? strchr(url + scheme, '/') : NULL;
    if (target == NULL || sscanf(url + scheme, "%255[^:/]:%7[0-9]", host, port) < 1)
        die("the URL has to be http[s]://ADDRESS[:PORT]/PATH");
    int written = snprintf(request, REQUEST_CAPACITY, "%s %s HTTP/1.1\r\nHost: %s:%s\r\n",
                           body == NULL ? "GET" : "POST", target, host, port);
    if (written < REQUEST_CAPACITY && body != NULL)
        written += snprintf(request + written, REQUEST_CAPACITY - (size_t)written,
                            "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
                            strlen(body), body);
    else if (written < REQUEST_CAPACITY)
        written += snprintf(request + written, REQUEST_CAPACITY - (size_t)written, "\r\n");
    if (written >= REQUEST_CAPACITY)
        die("the request is too large");
    *length = (size_t)written;
    return resolve(host, port);
}

int http_open(const char *url, const char *body, char request[REQUEST_CAPACITY], size_t *length)
{
    struct endpoint endpoint = http_prepare(url, body, request, length);
    return http_connect(&endpoint);
}

void send_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            die("could not send");
        bytes += sent;
        length -= (size_t)sent;
    }
}

size_t receive_some(int fd, char *buffer, size_t capacity)
{
    for (;;) {
        ssize_t received = recv(fd, buffer, capacity, 0);
        if (received > 0)
            return (size_t)received;
        if (received == 0)
            die("the server closed early");
        if (errno != EINTR)
            die(errno == EAGAIN ? "no bytes for 30 s" : "could not receive");
    }
}

// The value of a header field, or NULL. `head` is NUL-terminated.
static const char *field(const char *head, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':')
            return line + length + 1 + strspn(line + length + 1, " \t");
    }
    return NULL;
}

static struct response_head parse_head(char *buffer, size_t length)
{
    struct response_head head = {.length = length, .content_length = -1};
    char after = buffer[length - 1];
    buffer[length - 1] = '\0';
    if (sscanf(buffer, "HTTP/1.1 %3d ", &head.status) != 1)
        die("not an HTTP/1.1 response");
    const char *coding = field(buffer, "Transfer-Encoding");
    const char *size = field(buffer, "Content-Length"), *type = field(buffer, "Content-Type");
    head.chunked = coding != NULL && strncasecmp(coding, "chunked", 7) == 0;
    if (size != NULL && *size >= '0' && *size <= '9')
        head.content_length = strtoll(size, NULL, 10);
    if (type != NULL && strncasecmp(type, "text/event-stream", 17) == 0)
        head.format = FORMAT_SSE;
    buffer[length - 1] = after;
    return head;
}

bool read_head(char *buffer, size_t filled, struct response_head *head)
{
    const char *end = memmem(buffer, filled, "\r\n\r\n", 4);
    if (end != NULL)
        *head = parse_head(buffer, (size_t)(end - buffer) + 4);
    return end != NULL;
}

struct response_head receive_head(int fd, char *buffer, size_t capacity, size_t *filled)
{
    struct response_head head;
    for (;;) {
        if (read_head(buffer, *filled, &head))
            return head;
        if (*filled == capacity)
            die("the response head is too large");
        *filled += receive_some(fd, buffer + *filled, capacity - *filled);
    }
}

static void read_size(struct dechunker *dechunker, char c)
{
    int digit = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f'
                ? (c | 0x20) - 'a' + 10 : -1;
    if (digit >= 0 && dechunker->digits < 15) {
        dechunker->left = dechunker->left << 4 | (unsigned)digit;
        dechunker->digits++;
    } else if (dechunker->digits > 0 && (c == '\r' || c == ';')) {
        dechunker->state = CHUNK_EXTENSION;
    } else {
        die("a chunk size that is not valid");
    }
}

// One byte of framing.
static void step(struct dechunker *dechunker, char c)
{
    switch (dechunker->state) {
    case CHUNK_SIZE:
        read_size(dechunker, c);
        break;
    case CHUNK_EXTENSION:
        if (c == '\n')
            dechunker->state = dechunker->left > 0 ? CHUNK_DATA : CHUNK_TRAILER;
        break;
    case CHUNK_DATA_CR:
        if (c != '\r')
            die("a chunk longer than its size");
        dechunker->state = CHUNK_DATA_LF;
        break;
    case CHUNK_DATA_LF:
        if (c != '\n')
            die("a chunk longer than its size");
        *dechunker = (struct dechunker){.state = CHUNK_SIZE};
        break;
    case CHUNK_TRAILER:
        if (c != '\r')
            dechunker->state = c == '\n' ? CHUNK_DONE : CHUNK_TRAILER_LINE;
        break;
    case CHUNK_TRAILER_LINE:
        if (c == '\n')
            dechunker->state = CHUNK_TRAILER;
        break;
    case CHUNK_DATA:
    case CHUNK_DONE:
        die("bytes after the response");
    }
}

// The length of the CRLF of one chunk and the size line of the next when `at` starts with both and
// the size is nothing but one to seven digits; 0 leaves it to `step`.
static size_t plain_header(const char *at, const char *end, uint64_t *size)
{
    static const int8_t DIGIT[256] = {
        ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,
        ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14,
        ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15,
        ['F'] = 16,
    };
    if (end - at < 11 || memcmp(at, "\r\n", 2) != 0)
        return 0;
    const char *digit = at + 2;
    uint64_t value = 0;
    for (int d; digit < at + 9 && (d = DIGIT[(unsigned char)*digit]) > 0; digit++)
        value = value << 4 | (unsigned)(d - 1);
    if (value == 0 || memcmp(digit, "\r\n", 2) != 0)
        return 0;
    *size = value;
    return (size_t)(digit + 2 - at);
}

size_t dechunk_next(struct dechunker *dechunker, const char **bytes, const char *end,
                    const char **payload)
{
    while (*bytes < end && dechunker->state != CHUNK_DATA) {
        size_t header = dechunker->state == CHUNK_DATA_CR
                        ? plain_header(*bytes, end, &dechunker->left) : 0;
        if (header == 0) {
            step(dechunker, *(*bytes)++);
            continue;
        }
        *bytes += header;
        dechunker->state = CHUNK_DATA;
    }
    size_t here = (size_t)(end - *bytes);
    if (here == 0)
        return 0;
    if (here > dechunker->left)
        here = dechunker->left;
    *payload = *bytes;
    *bytes += here;
    dechunker->left -= here;
    if (dechunker->left == 0)
        dechunker->state = CHUNK_DATA_CR;
    return here;
}

void dechunk(struct dechunker *dechunker, const char *bytes, size_t length,
             struct scanner *scanner)
{
    const char *end = bytes + length, *payload;
    size_t here;
    while ((here = dechunk_next(dechunker, &bytes, end, &payload)) > 0)
        if (!scanner_feed(scanner, payload, here))
            die(scanner->error);
}
