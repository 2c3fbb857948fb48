#include <stdlib.h>

#include "curl_loop.h"
#include "paced.h"

enum { OPENED_PER_TURN = 16 };

static struct histogram delivery;

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    paced_feed(context, bytes, size * count, 0, &delivery);
    return size * count;
}

// As many streams as there are connections: the pool is left out on both ends, which libcurl would
// otherwise search for each of them.
static CURL *open_stream(const struct options *options, struct curl_slist **headers,
                         struct paced_reader *reader)
{
    CURL *curl = curl_transfer(options, headers, on_body, reader);
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
    return curl;
}

void curl_streams(const struct options *options, struct result *result)
{
    struct curl_slist *headers = NULL;
    struct curl_loop *loop = curl_loop_open();
    struct paced_reader *readers = calloc(options->streams, sizeof *readers), *reader;
    uint32_t opened = 0, ended = 0;
    CURL *curl;
    if (readers == NULL)
        die("out of memory");
    while (ended < options->streams) {
        for (int i = 0; i < OPENED_PER_TURN && opened < options->streams; i++)
            curl_multi_add_handle(loop->multi, open_stream(options, &headers, &readers[opened++]));
        curl_loop_turn(loop, opened == options->streams);
        while ((curl = curl_loop_ended(loop)) != NULL) {
            curl_easy_getinfo(curl, CURLINFO_PRIVATE, (char **)&reader);
            paced_end(reader);
            result->units += reader->units;
            result->bytes += reader->bytes;
            curl_multi_remove_handle(loop->multi, curl);
            curl_easy_cleanup(curl);
            ended++;
        }
    }
    curl_loop_close(loop);
    curl_slist_free_all(headers);
    free(readers);
    result->delivery = &delivery;
}
