// libcurl's multi interface on epoll (curl_multi_socket_action), as its manual says for many
// transfers: curl_multi_poll looks at all of them every time.
#pragma once

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "job.h"

struct curl_loop {
    CURLM *multi;
    int epoll_fd;
    uint64_t deadline_ns;          // of libcurl's own timer; 0: none
};

struct curl_loop *curl_loop_open(void);
// Waits for events (not at all unless `waits`) and lets libcurl handle them.
void curl_loop_turn(struct curl_loop *loop, bool waits);
// The next transfer that has ended, still in the loop, or NULL. Exits unless it ended well, with a
// 200 response.
CURL *curl_loop_ended(struct curl_loop *loop);
void curl_loop_close(struct curl_loop *loop);

// A transfer of `options` that hands its body to `on_body`. `*headers` is made once for all.
CURL *curl_transfer(const struct options *options, struct curl_slist **headers,
                    curl_write_callback on_body, void *context);

// The jobs.
void curl_fanout(const struct options *options, struct result *result);
void curl_streams(const struct options *options, struct result *result);
void curl_leave(const struct options *options, struct result *result);
