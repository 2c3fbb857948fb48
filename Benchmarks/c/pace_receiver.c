// Reads many streams of a server and says how evenly their records came, by the kernel's own stamps:
// what `tokenwire simulate` is measured with. Knows nothing of the server but its port.
//
// usage: pace_receiver PORT STREAMS RECORDS RATE FILE [TARGET]
//
// TARGET is what is asked for, /api/generate of a simulated server by default.
//
// Asks STREAMS times for RECORDS tokens at once, then reads until all are there. A record is what ends
// in "\n\r\n" (a line in a chunk of its own). Its stamp is that of the read that brought its end
// (SOF_TIMESTAMPING_RX_SOFTWARE, CLOCK_REALTIME). Writes one line per record to FILE, "local_port index
// stamp_ns", and prints how late records were against a line through their stream with the given RATE:
// the earliest record of a stream counts as on time. Left out ("stamped" counts the others) are records
// that were read together with another one, which had this program or the server late by a whole gap,
// and those that came before the kernel stamped.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/net_tstamp.h>
#include <math.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER_BYTES = 64 * 1024, GIVE_UP_S = 120 };

struct stream {
    int fd;
    uint16_t port;
    uint32_t records;
    uint32_t matched;    // bytes of "\n\r\n" seen so far
    bool head_seen;      // its end looks like that of a record
    bool ended;
    int64_t *stamps;
    bool *alone;
};

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static int by_value(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static int64_t wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000000LL;
}

static void open_stream(struct stream *stream, uint16_t port, uint32_t records)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
    stream->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (stream->fd < 0 || connect(stream->fd, (struct sockaddr *)&address, size) != 0)
        fail("connect");
    if (setsockopt(stream->fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) != 0)
        fail("SO_TIMESTAMPING");
    getsockname(stream->fd, (struct sockaddr *)&address, &size);
    stream->port = ntohs(address.sin_port);
    stream->stamps = calloc(records + 1, sizeof *stream->stamps);
    stream->alone = calloc(records + 1, sizeof *stream->alone);
    if (stream->stamps == NULL || stream->alone == NULL)
        fail("calloc");
}

static void ask(struct stream *stream, const char *target, uint32_t records, uint32_t number)
{
    char body[256], request[512];
    int length = snprintf(body, sizeof body,
                          "{\"model\":\"pace\",\"prompt\":\"%u\",\"options\":{\"num_predict\":%u}}",
                          number, records);
    int count = snprintf(request, sizeof request,
                         "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", target,
                         length, body);
    if (send(stream->fd, request, (size_t)count, MSG_NOSIGNAL) != count)
        fail("send");
}

static int64_t stamp_of(struct msghdr *message)
{
    for (struct cmsghdr *entry = CMSG_FIRSTHDR(message); entry; entry = CMSG_NXTHDR(message, entry))
        if (entry->cmsg_level == SOL_SOCKET && entry->cmsg_type == SO_TIMESTAMPING) {
            struct timespec *stamp = (struct timespec *)CMSG_DATA(entry);
            return stamp->tv_sec * 1000000000LL + stamp->tv_nsec;
        }
    return 0;
}

// One read; false when there was nothing.
static bool read_some(struct stream *stream, uint32_t wanted)
{
    static char buffer[BUFFER_BYTES];
    char control[256];
    struct iovec vector = {buffer, sizeof buffer};
    struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control,
                             .msg_controllen = sizeof control};
    ssize_t count = recvmsg(stream->fd, &message, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (count <= 0) {
        stream->ended = true;
        return false;
    }
    int64_t stamp = stamp_of(&message);
    uint32_t before = stream->records;
    for (ssize_t i = 0; i < count; i++) {
        if (buffer[i] == "\n\r\n"[stream->matched]) {
            stream->matched++;
        } else {
            stream->matched = buffer[i] == '\n';
        }
        if (stream->matched < 3)
            continue;
        stream->matched = 1;
        if (!stream->head_seen)
            stream->head_seen = true;
        else if (stream->records < wanted)
            stream->stamps[stream->records++] = stamp;
        else
            stream->ended = true;   // the record that carries the counts
    }
    // The kernel begins to stamp a moment after it was asked to.
    if (stream->records == before + 1 && stamp != 0)
        stream->alone[before] = true;
    return true;
}

int main(int count, char **arguments)
{
    if (count < 6 || count > 7) {
        fprintf(stderr, "usage: %s PORT STREAMS RECORDS RATE FILE [TARGET]\n", arguments[0]);
        return 2;
    }
    uint16_t port = (uint16_t)atoi(arguments[1]);
    uint32_t streams = (uint32_t)atoi(arguments[2]), records = (uint32_t)atoi(arguments[3]);
    double gap_ns = 1e9 / atof(arguments[4]);
    const char *target = count == 7 ? arguments[6] : "/api/generate";
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    struct stream *all = calloc(streams, sizeof *all);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    if (all == NULL || epoll < 0)
        fail("epoll_create1");
    for (uint32_t i = 0; i < streams; i++) {
        open_stream(&all[i], port, records);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &all[i]};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, all[i].fd, &event) != 0)
            fail("epoll_ctl");
    }
    uint32_t open = streams, asked = 0;
    int64_t start = now_ns();
    struct epoll_event events[256];
    while (open > 0 && now_ns() - start < GIVE_UP_S * 1000000000LL) {
        // Their beginnings are spread over a second, and evenly over the gap between records: independent
        // clients are out of step with each other.
        while (asked < streams && (double)(now_ns() - start) >= asked * (1e9 + gap_ns) / streams) {
            ask(&all[asked], target, records, asked);
            asked++;
        }
        // Never asleep: the server's sends would have to wake this program.
        int ready = epoll_wait(epoll, events, 256, 0);
        for (int i = 0; i < ready; i++) {
            struct stream *stream = events[i].data.ptr;
            while (!stream->ended && read_some(stream, records))
                ;
            if (stream->ended && stream->fd >= 0) {
                close(stream->fd);
                stream->fd = -1;
                open--;
            }
        }
    }
    FILE *file = fopen(arguments[5], "w");
    if (file == NULL)
        fail(arguments[5]);
    int64_t *late = malloc(sizeof *late * streams * records), total = 0, all_records = 0, base = wall_ns();
    if (late == NULL)
        fail("malloc");
    for (uint32_t i = 0; i < streams; i++) {
        double first = HUGE_VAL;
        all_records += all[i].records;
        for (uint32_t k = 0; k < all[i].records; k++) {
            if (all[i].alone[k])
                first = fmin(first, (double)(all[i].stamps[k] - base) - gap_ns * k);
        }
        for (uint32_t k = 0; k < all[i].records; k++) {
            if (!all[i].alone[k])
                continue;
            late[total++] = (int64_t)((double)(all[i].stamps[k] - base) - first - gap_ns * k);
            fprintf(file, "%u %u %lld\n", all[i].port, k, (long long)all[i].stamps[k]);
        }
    }
    fclose(file);
    if (total == 0) {
        fprintf(stderr, "no records\n");
        return 1;
    }
    qsort(late, (size_t)total, sizeof *late, by_value);
    printf("{\"streams\":%u,\"records\":%lld,\"stamped\":%lld,\"unfinished\":%u,"
           "\"late_us\":{\"p50\":%.1f,\"p99\":%.1f,\"p99.9\":%.1f,\"max\":%.1f}}\n",
           streams, (long long)all_records, (long long)total, open, (double)late[total / 2] / 1e3,
           (double)late[total - 1 - total / 100] / 1e3,
           (double)late[total - 1 - total / 1000] / 1e3, (double)late[total - 1] / 1e3);
    return open > 0;
}
