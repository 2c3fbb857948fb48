#define _GNU_SOURCE
#include "server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RING_BYTES = 4 * 1024 * 1024, EVENTS = 256, ACCEPTED_PER_TURN = 32, HARD_LIMIT_S = 3600 };

static volatile sig_atomic_t stopping;

uint64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void write_log(const struct server *server, const struct connection *connection,
                      uint64_t closed_ns, const char *how)
{
    if (server->log_fd >= 0)
        dprintf(server->log_fd,
                "{\"connection\":%llu,\"accepted_ns\":%llu,\"closed_ns\":%llu,\"how\":\"%s\","
                "\"bytes_sent\":%llu,\"requests\":%llu,\"paced_lines_sent\":%llu,"
                "\"paced_text_bytes\":%llu,\"worst_late_ns\":%llu}\n",
                (unsigned long long)connection->number,
                (unsigned long long)connection->accepted_ns, (unsigned long long)closed_ns, how,
                (unsigned long long)connection->bytes_sent,
                (unsigned long long)connection->requests,
                (unsigned long long)connection->paced_lines_sent,
                (unsigned long long)connection->paced_text_bytes,
                (unsigned long long)connection->worst_late_ns);
}

void connection_end(struct server *server, struct connection *connection, const char *how)
{
    uint64_t closed_ns = clock_ns();
    if (connection->closed)
        return;
    connection->closed = true;
    tls_close(connection);
    close(connection->fd);
    pacer_remove(&server->pacer, &connection->pace);
    write_log(server, connection, closed_ns, how);
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        server->open = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    // Later events of this turn may still point here.
    connection->next = server->dead;
    server->dead = connection;
    server->idle_since_ns = closed_ns;
}

// Some of those that wait, so that a crowd does not hold up the lines that are due.
static void accept_some(struct server *server, int listener_fd)
{
    for (int i = 0; i < ACCEPTED_PER_TURN; i++) {
        int fd = accept4(listener_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC), on = 1;
        if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
            return;
        if (fd < 0)
            fail("accept4");
        struct connection *connection = calloc(1, sizeof *connection);
        if (connection == NULL)
            fail("calloc");
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        connection->fd = fd;
        if (listener_fd == server->tls_listener_fd && !tls_accept(connection, server->tls))
            fail("tls_accept");
        connection->number = ++server->accepted;
        connection->accepted_ns = clock_ns();
        connection->interest = EPOLLIN | EPOLLRDHUP;
        connection->next = server->open;
        if (server->open != NULL)
            server->open->previous = connection;
        server->open = connection;
        struct epoll_event event = {.events = connection->interest,
                                    .data.ptr = connection};
        if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
            fail("epoll_ctl");
    }
}

static void handle(struct server *server, const struct epoll_event *event)
{
    if (event->data.ptr == &server->pacer)
        return;     // it only had to wake the loop
    if (event->data.ptr == &server->listener_fd || event->data.ptr == &server->tls_listener_fd) {
        accept_some(server, *(int *)event->data.ptr);
        return;
    }
    struct connection *connection = event->data.ptr;
    if (connection->closed)
        return;
    if (event->events & (EPOLLERR | EPOLLHUP | EPOLLRDHUP))
        connection_end(server, connection, connection_close_kind(connection->fd));
    else if (event->events & EPOLLOUT)
        connection_writable(server, connection);
    else if (event->events & EPOLLIN)
        connection_readable(server, connection);
}

// Sends the lines that were due at the start of the turn; those that fall due meanwhile wait for
// the next one, so that arriving requests and closes get theirs.
static void send_due(struct server *server)
{
    uint64_t now_ns = clock_ns(), lines, late_ns;
    struct pace *pace;
    while ((pace = pacer_due(&server->pacer, now_ns, &lines, &late_ns)) != NULL) {
        char *in_connection = (char *)pace - offsetof(struct connection, pace);
        connection_due(server, (struct connection *)in_connection, lines, late_ns);
    }
    pacer_arm(&server->pacer);
}

static void run(struct server *server)
{
    static struct epoll_event events[EVENTS];
    server->idle_since_ns = clock_ns();
    while (!stopping) {
        int count = epoll_wait(server->epoll_fd, events, EVENTS, 1000);
        for (int i = 0; i < count; i++)
            handle(server, &events[i]);
        send_due(server);
        while (server->dead != NULL) {
            struct connection *dead = server->dead;
            server->dead = dead->next;
            free(dead);
        }
        if (server->open == NULL
            && clock_ns() - server->idle_since_ns > server->idle_limit_s * 1000000000)
            break;
    }
    while (server->open != NULL)
        connection_end(server, server->open, "open");
}

static void stop(int signal)
{
    (void)signal;
    stopping = 1;
}

static void listen_on_loopback(struct server *server, int *listener_fd, uint16_t port,
                               const char *name)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int on = 1;
    *listener_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    setsockopt(*listener_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(*listener_fd, (struct sockaddr *)&address, length) != 0
        || listen(*listener_fd, 4096) != 0
        || getsockname(*listener_fd, (struct sockaddr *)&address, &length) != 0)
        fail("could not listen");
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = listener_fd};
    if (epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, *listener_fd, &event) != 0)
        fail("epoll_ctl");
    printf("%s 127.0.0.1:%u\n", name, ntohs(address.sin_port));
    fflush(stdout);
}

static void open_pacer(struct server *server)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = &server->pacer};
    if (!pacer_open(&server->pacer)
        || epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->pacer.timer_fd, &event) != 0)
        fail("timerfd");
}

int main(int count, char **arguments)
{
    static struct server server = {.log_fd = -1, .idle_limit_s = 60};
    uint64_t seed = 1, port = 0;
    for (int i = 1; i < count; i += 2) {
        const char *name = arguments[i], *value = i + 1 < count ? arguments[i + 1] : NULL;
        if (value != NULL && strcmp(name, "--port") == 0) {
            port = strtoull(value, NULL, 10);
        } else if (value != NULL && strcmp(name, "--seed") == 0) {
            seed = strtoull(value, NULL, 10);
        } else if (value != NULL && strcmp(name, "--idle-limit-s") == 0) {
            server.idle_limit_s = strtoull(value, NULL, 10);
        } else if (value != NULL && strcmp(name, "--tls") == 0) {
            server.tls = tls_context(value);
        } else if (value != NULL && strcmp(name, "--log") == 0) {
            server.log_fd = open(value, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
            if (server.log_fd < 0)
                fail(value);
        } else {
            fprintf(stderr, "usage: %s [--port N] [--seed N] [--log FILE] [--idle-limit-s N] "
                    "[--tls PEM]\n", arguments[0]);
            return 2;
        }
    }
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    alarm(HARD_LIMIT_S);
    struct rlimit descriptors;
    if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
        descriptors.rlim_cur = descriptors.rlim_max;
        setrlimit(RLIMIT_NOFILE, &descriptors);
    }
    ring_build(&server.ndjson, DIALECT_NDJSON, seed, RING_BYTES);
    ring_build(&server.sse, DIALECT_SSE, seed, RING_BYTES);
    signal(SIGPIPE, SIG_IGN);   // OpenSSL's own writes
    server.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    open_pacer(&server);
    if (server.tls != NULL)
        listen_on_loopback(&server, &server.tls_listener_fd, 0, "tls");
    listen_on_loopback(&server, &server.listener_fd, (uint16_t)port, "listening");
    run(&server);
    return 0;
}
