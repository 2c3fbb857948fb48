// The same jobs with libcurl: one response at a time by its easy interface, in its documented
// default form, and several by its multi interface (curl_loop.h).

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "curl_loop.h"
#include "job.h"

static struct scanner scanner;

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct scanner *into = context;
    return scanner_feed(into, bytes, size * count) ? size * count : 0;
}

static size_t on_small_body(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes;
    *(uint64_t *)context += size * count;
    return size * count;
}

// libcurl hands over one field at a time. The format has to be known before the first body byte.
static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct scanner *into = context;
    static const char EVENT_STREAM[] = "content-type: text/event-stream";
    if (size * count >= sizeof EVENT_STREAM - 1
        && curl_strnequal(bytes, EVENT_STREAM, sizeof EVENT_STREAM - 1))
        into->format = FORMAT_SSE;
    return size * count;
}

static struct curl_slist *set_up(CURL *curl, const struct options *options)
{
    struct curl_slist *headers = NULL;
    curl_easy_setopt(curl, CURLOPT_URL, options->url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    if (options->body != NULL) {
        headers = curl_slist_append(NULL, "Content-Type: application/json");
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, options->body);
    }
    return headers;
}

static void perform(CURL *curl)
{
    long status = 0;
    CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        die(scanner.error != NULL ? scanner.error : curl_easy_strerror(code));
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        die("not a 200 response");
}

static void firehose(CURL *curl, const struct options *options, struct result *result)
{
    scanner.take = options->take;
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &scanner);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &scanner);
    perform(curl);
    if (!scanner_end(&scanner))
        die(scanner.error);
    result->units = scanner.units;
    result->bytes = scanner.bytes;
}

static void pingpong(CURL *curl, const struct options *options, struct result *result)
{
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_small_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &result->bytes);
    result->latencies_ns = calloc(options->requests, sizeof(uint32_t));
    if (result->latencies_ns == NULL)
        die("out of memory");
    for (uint32_t i = 0; i < options->requests; i++) {
        uint64_t sent_ns = now_ns();
        perform(curl);
        result->latencies_ns[i] = (uint32_t)(now_ns() - sent_ns);
        result->units++;
    }
}

static void run_easy(void job(CURL *, const struct options *, struct result *),
                     const struct options *options, struct result *result)
{
    CURL *curl = curl_easy_init();
    if (curl == NULL)
        die("could not set libcurl up");
    struct curl_slist *headers = set_up(curl, options);
    job(curl, options, result);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
}

int main(int count, char **arguments)
{
    struct options options = options_read(count, arguments);
    struct result result = {0};
    curl_global_init(CURL_GLOBAL_DEFAULT);
    result.started_s = now_s();
    if (strcmp(options.job, "firehose") == 0)
        run_easy(firehose, &options, &result);
    else if (strcmp(options.job, "pingpong") == 0)
        run_easy(pingpong, &options, &result);
    else if (strcmp(options.job, "fanout") == 0)
        curl_fanout(&options, &result);
    else if (strcmp(options.job, "streams") == 0)
        curl_streams(&options, &result);
    else if (strcmp(options.job, "leave") == 0)
        curl_leave(&options, &result);
    else
        die("unknown job");
    result.ended_s = now_s();
    report(&options, "libcurl", &result);
    return 0;
}
