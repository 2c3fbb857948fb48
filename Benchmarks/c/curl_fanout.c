#include <stdlib.h>

#include "curl_loop.h"

static size_t count_body(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    *(uint64_t *)context += size * count;
    return size * count;
}

// A transfer that has ended is put back; libcurl takes a connection from its pool for it.
void curl_fanout(const struct options *options, struct result *result)
{
    struct curl_slist *headers = NULL;
    struct curl_loop *loop = curl_loop_open();
    CURL **all = calloc(options->connections, sizeof(CURL *)), *curl;
    uint32_t opened = 0;
    if (all == NULL)
        die("out of memory");
    for (; opened < options->connections && opened < options->requests; opened++) {
        all[opened] = curl_transfer(options, &headers, count_body, &result->bytes);
        curl_multi_add_handle(loop->multi, all[opened]);
    }
    for (uint64_t started = opened; result->units < options->requests;) {
        curl_loop_turn(loop, true);
        while ((curl = curl_loop_ended(loop)) != NULL) {
            result->units++;
            curl_multi_remove_handle(loop->multi, curl);
            if (started < options->requests) {
                started++;
                curl_multi_add_handle(loop->multi, curl);
            }
        }
    }
    for (uint32_t i = 0; i < opened; i++)
        curl_easy_cleanup(all[i]);
    curl_loop_close(loop);
    curl_slist_free_all(headers);
    free(all);
}
