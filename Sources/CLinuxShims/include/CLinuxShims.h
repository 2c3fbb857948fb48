// What Swift's Glibc module does not show: GNU extensions and function-like macros.
// Header-only; every function is one expression.
#ifndef CLINUXSHIMS_H
#define CLINUXSHIMS_H

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

// Declared here because their headers show them only under _GNU_SOURCE, which would make this
// module's view of the C library differ from Swift's.
extern int ppoll(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
extern int accept4(int, struct sockaddr *, socklen_t *, int);
extern int pipe2(int[2], int);

/// accept4(2) without asking for the peer's address.
static inline int clinux_accept4(int descriptor, int flags) {
    return accept4(descriptor, (struct sockaddr *)0, (socklen_t *)0, flags);
}

/// pipe2(2): no moment in which a child started by another thread could inherit an end.
static inline int clinux_pipe2(int *ends, int flags) { return pipe2(ends, flags); }

/// ppoll(2) without a signal mask. A negative `nanoseconds` waits for ever.
static inline int clinux_ppoll(struct pollfd *fds, unsigned long count, int64_t nanoseconds) {
    struct timespec limit = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)};
    return ppoll(fds, count, nanoseconds < 0 ? (struct timespec *)0 : &limit, (sigset_t *)0);
}

/// CLOCK_MONOTONIC in nanoseconds (through the vDSO: no system call).
static inline int64_t clinux_monotonic_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/// CLOCK_REALTIME in nanoseconds.
static inline int64_t clinux_realtime_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

#endif
