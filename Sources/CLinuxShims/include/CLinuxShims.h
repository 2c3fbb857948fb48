// What Swift's Glibc module does not show: GNU extensions and function-like macros.
// Header-only; every function is one expression.
#ifndef CLINUXSHIMS_H
#define CLINUXSHIMS_H

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// Declared here because their headers show them only under _GNU_SOURCE, which would make this
// module's view of the C library differ from Swift's.
extern int ppoll(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *);
extern int accept4(int, struct sockaddr *, socklen_t *, int);
extern int pipe2(int[2], int);
extern long syscall(long, ...);

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

/// By how much the kernel may put off the end of this thread's sleeps: PR_GET_TIMERSLACK and
/// PR_SET_TIMERSLACK (prctl(2)), nanoseconds.
static inline long clinux_timer_slack_ns(void) { return prctl(PR_GET_TIMERSLACK); }
static inline void clinux_set_timer_slack_ns(unsigned long slack) { prctl(PR_SET_TIMERSLACK, slack); }

/// Adds a descriptor to an epoll instance, edge-triggered for everything a connection can report.
static inline int clinux_epoll_add(int epoll, int descriptor, uint64_t token) {
    struct epoll_event event = {EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {.u64 = token}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

/// The same for a descriptor of which only becoming readable matters.
static inline int clinux_epoll_add_readable(int epoll, int descriptor, uint64_t token) {
    struct epoll_event event = {EPOLLIN | EPOLLET, {.u64 = token}};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

static inline uint64_t clinux_event_token(const struct epoll_event *event) { return event->data.u64; }
static inline int clinux_event_readable(uint32_t events) {
    return (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
}
static inline int clinux_event_writable(uint32_t events) {
    return (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
}
/// Nothing more will come: reading will find that out without another event.
static inline int clinux_event_final(uint32_t events) {
    return (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
}

/// epoll_pwait2(2) without a signal mask, by number because glibc has it only since 2.35; on kernels
/// before 5.11 epoll_wait(2), rounded up to milliseconds. A negative `nanoseconds` waits for ever.
static inline int clinux_epoll_wait(
    int epoll, struct epoll_event *events, int count, int64_t nanoseconds) {
    struct timespec limit = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)};
    struct timespec *until = nanoseconds < 0 ? (struct timespec *)0 : &limit;
#ifdef SYS_epoll_pwait2
    int ready = (int)syscall(SYS_epoll_pwait2, epoll, events, count, until, (void *)0, (long)0);
    if (ready >= 0 || errno != ENOSYS) return ready;
#endif
    int64_t milliseconds = (nanoseconds + 999999) / 1000000;
    return epoll_wait(
        epoll, events, count,
        !until ? -1 : milliseconds > 0x7fffffff ? 0x7fffffff : (int)milliseconds);
}

// Stamps of what was received: numbers of linux/net_tstamp.h and linux/tcp.h, whose headers do not go
// together with the C library's, and the macros of cmsg(3).
/// SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE
static inline int clinux_receive_stamp_flags(void) { return 1 << 3 | 1 << 4; }
/// TCP_INQ, and TCP_CM_INQ.
static inline int clinux_tcp_inq(void) { return 36; }
static inline struct cmsghdr *clinux_cmsg_first(struct msghdr *message) { return CMSG_FIRSTHDR(message); }
static inline struct cmsghdr *clinux_cmsg_next(struct msghdr *message, struct cmsghdr *entry) {
    return CMSG_NXTHDR(message, entry);
}
static inline int clinux_cmsg_is_stamp(const struct cmsghdr *entry) {
    return entry->cmsg_level == SOL_SOCKET && entry->cmsg_type == SO_TIMESTAMPING;
}
static inline int clinux_cmsg_is_inq(const struct cmsghdr *entry) {
    return entry->cmsg_level == 6 && entry->cmsg_type == clinux_tcp_inq();
}
/// The software stamp, the first of three: CLOCK_REALTIME; 0 for none.
static inline int64_t clinux_cmsg_stamp_ns(struct cmsghdr *entry) {
    const struct timespec *stamp = (const struct timespec *)CMSG_DATA(entry);
    return (int64_t)stamp->tv_sec * 1000000000 + stamp->tv_nsec;
}
static inline int clinux_cmsg_int(struct cmsghdr *entry) { return *(const int *)CMSG_DATA(entry); }

/// eventfd_write(3).
static inline int clinux_eventfd_add_one(int descriptor) { return eventfd_write(descriptor, 1); }

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
