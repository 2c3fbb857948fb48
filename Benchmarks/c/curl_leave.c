#include <stdlib.h>

#include "curl_loop.h"
#include "paced.h"

static struct histogram delivery;
static uint64_t limit;

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    paced_feed(context, bytes, size * count, limit, &delivery);
    return size * count;
}

// Taking a transfer that has not ended out of the loop closes its connection.
void curl_leave(const struct options *options, struct result *result)
{
    struct curl_slist *headers = NULL;
    struct curl_loop *loop = curl_loop_open();
    result->left_ns = calloc(options->times, sizeof *result->left_ns);
    if (result->left_ns == NULL)
        die("out of memory");
    limit = options->after;
    for (uint32_t i = 0; i < options->times; i++) {
        struct paced_reader reader = {0};
        CURL *curl = curl_transfer(options, &headers, on_body, &reader);
        curl_multi_add_handle(loop->multi, curl);
        while (reader.units < limit) {
            curl_loop_turn(loop, true);
            if (curl_loop_ended(loop) != NULL)
                die("the stream ended before it was left");
        }
        result->left_ns[result->left_count++] = now_ns();
        curl_multi_remove_handle(loop->multi, curl);
        curl_easy_cleanup(curl);
        free(reader.carry);
        result->units += reader.units;
        result->bytes += reader.bytes;
        nanosleep(&LEAVE_PAUSE, NULL);
    }
    curl_loop_close(loop);
    curl_slist_free_all(headers);
}
