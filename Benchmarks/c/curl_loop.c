#include "curl_loop.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { EVENTS = 256, READ_LIMIT_MS = 30000 };

static int on_socket(CURL *curl, curl_socket_t fd, int what, void *context, void *is_known)
{
    struct curl_loop *loop = context;
    (void)curl;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        return 0;
    }
    struct epoll_event event = {.data.fd = fd};
    if (what & CURL_POLL_IN)
        event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        event.events |= EPOLLOUT;
    if (epoll_ctl(loop->epoll_fd, is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0)
        die("epoll_ctl failed");
    if (!is_known)
        curl_multi_assign(loop->multi, fd, loop);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct curl_loop *loop = context;
    (void)multi;
    loop->deadline_ns = timeout_ms < 0 ? 0 : now_ns() + (uint64_t)timeout_ms * 1000000;
    return 0;
}

struct curl_loop *curl_loop_open(void)
{
    struct curl_loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL || (loop->multi = curl_multi_init()) == NULL
        || (loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC)) < 0)
        die("could not set libcurl up");
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    return loop;
}

static int timeout_ms(const struct curl_loop *loop)
{
    uint64_t now = now_ns();
    if (loop->deadline_ns == 0)
        return READ_LIMIT_MS;
    if (loop->deadline_ns <= now)
        return 0;
    uint64_t left_ms = (loop->deadline_ns - now + 999999) / 1000000;
    return left_ms < READ_LIMIT_MS ? (int)left_ms : READ_LIMIT_MS;
}

void curl_loop_turn(struct curl_loop *loop, bool waits)
{
    struct epoll_event events[EVENTS];
    int running, limit_ms = waits ? timeout_ms(loop) : 0;
    int count = epoll_wait(loop->epoll_fd, events, EVENTS, limit_ms);
    if (count == 0 && limit_ms == READ_LIMIT_MS)
        die("no bytes for 30 s");
    for (int i = 0; i < count; i++) {
        int what = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0)
                   | (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0)
                   | (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(loop->multi, events[i].data.fd, what, &running);
    }
    if (loop->deadline_ns != 0 && now_ns() >= loop->deadline_ns) {
        loop->deadline_ns = 0;
        curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

CURL *curl_loop_ended(struct curl_loop *loop)
{
    int left;
    long status = 0;
    CURLMsg *message = curl_multi_info_read(loop->multi, &left);
    if (message == NULL)
        return NULL;
    if (message->data.result != CURLE_OK)
        die(curl_easy_strerror(message->data.result));
    curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        die("not a 200 response");
    return message->easy_handle;
}

void curl_loop_close(struct curl_loop *loop)
{
    curl_multi_cleanup(loop->multi);
    close(loop->epoll_fd);
    free(loop);
}

CURL *curl_transfer(const struct options *options, struct curl_slist **headers,
                    curl_write_callback on_body, void *context)
{
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        die("could not set libcurl up");
    curl_easy_setopt(curl, CURLOPT_URL, options->url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, context);
    curl_easy_setopt(curl, CURLOPT_PRIVATE, context);
    if (options->body != NULL) {
        if (*headers == NULL)
            *headers = curl_slist_append(NULL, "Content-Type: application/json");
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *headers);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, options->body);
    }
    return curl;
}
