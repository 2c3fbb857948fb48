// Tries the C interface against the server of check_streams.py, whose answer the model's name
// selects:  api_check HOST REFUSING_HOST THINKING
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tokenwire.h>
#include <unistd.h>

#define CHECK(condition)                                                                           \
    ((condition) ? (void)0                                                                         \
                 : (fprintf(stderr, "%s:%d: failed: %s (kind %s, phase %s, %s)\n", __FILE__,       \
                            __LINE__, #condition, tw_error_kind_name(error.kind),                  \
                            tw_phase_name(error.phase), error.message),                            \
                    exit(1)))

static tw_error error;
static tw_record record;

static tw_client *open_client(const char *host) {
    tw_client *client = tw_client_open(host, NULL, &error);
    CHECK(client && error.kind == TW_ERROR_NONE);
    return client;
}

static tw_stream *open_stream(tw_client *client, const char *model, tw_cancellation *cancellation) {
    tw_stream *stream = tw_chat(client, model, "hello there", cancellation, &error);
    CHECK(stream && error.kind == TW_ERROR_NONE);
    return stream;
}

static int is_empty(const tw_record *r) {
    return r->content && r->thinking && r->json && !r->content_bytes && !r->thinking_bytes
        && !r->json_bytes && !r->done && !r->has_tool_calls;
}

/// Reads to the end; the number of records, 0 when the stream failed.
static int drain(tw_stream *stream) {
    int records = 0, result;
    while ((result = tw_stream_next(stream, &record, &error)) == 1) records++;
    CHECK(is_empty(&record));
    CHECK((result == 0) == (error.kind == TW_ERROR_NONE));
    // The end stays the end.
    CHECK(tw_stream_next(stream, &record, &error) == result);
    return result == 0 ? records : 0;
}

static void check_null_arguments(const char *host) {
    tw_client *client = open_client(host);
    CHECK(!tw_chat(NULL, "m", "p", NULL, &error) && error.kind == TW_ERROR_INVALID_ARGUMENT);
    CHECK(!tw_chat(client, NULL, "p", NULL, &error) && error.kind == TW_ERROR_INVALID_ARGUMENT);
    CHECK(!tw_chat(client, "m", NULL, NULL, &error) && error.kind == TW_ERROR_INVALID_ARGUMENT);
    CHECK(!strcmp(error.message, "prompt is NULL") && error.phase == TW_PHASE_NONE);
    CHECK(!tw_chat(NULL, NULL, NULL, NULL, NULL));
    memset(&record, 0xFF, sizeof record);
    CHECK(tw_stream_next(NULL, &record, &error) == -1);
    CHECK(error.kind == TW_ERROR_INVALID_ARGUMENT && is_empty(&record));
    CHECK(tw_stream_next(NULL, NULL, NULL) == -1);
    tw_stream *stream = open_stream(client, "complete", NULL);
    CHECK(tw_stream_next(stream, NULL, &error) == -1);
    CHECK(error.kind == TW_ERROR_INVALID_ARGUMENT);
    CHECK(tw_stream_next(stream, &record, NULL) == 1);
    tw_stream_close(stream);
    tw_client_close(client);
    tw_stream_close(NULL);
    tw_client_close(NULL);
    tw_cancellation_cancel(NULL);
    tw_cancellation_free(NULL);
}

static void check_bad_arguments(const char *host) {
    tw_client *client = open_client(host);
    CHECK(!tw_chat(client, "m", "\xC3(", NULL, &error) && error.kind == TW_ERROR_INVALID_ARGUMENT);
    tw_client_close(client);
    tw_options options = {0};
    options.body_idle_timeout_ms = -2;
    CHECK(!tw_client_open(host, &options, &error) && error.kind == TW_ERROR_INVALID_ARGUMENT);
    CHECK(!strcmp(error.message, "body_idle_timeout_ms is negative"));
    options = (tw_options){.record_limit_bytes = SIZE_MAX};
    CHECK(!tw_client_open(host, &options, &error) && error.kind == TW_ERROR_INVALID_ARGUMENT);
    CHECK(!tw_client_open("not a host", NULL, &error) && error.kind == TW_ERROR_INVALID_URL);
    CHECK(!tw_client_open("not a host", NULL, NULL));
    options = (tw_options){.api_key = "secret"};
    CHECK(!tw_client_open("http://192.0.2.1", &options, &error));
    CHECK(error.kind == TW_ERROR_INVALID_REQUEST);
    CHECK(!strcmp(tw_error_kind_name(error.kind), "invalid-request"));
    CHECK(!strcmp(tw_error_kind_name((tw_error_kind)99), "unknown"));
    CHECK(!strcmp(tw_phase_name(TW_PHASE_FIRST_CONTENT), "first-content"));
}

static void check_records(const char *host, const char *expected_thinking) {
    tw_client *client = open_client(host);
    tw_stream *stream = open_stream(client, "thinking", NULL);
    char thinking[4096] = "";
    int ends = 0, result;
    // A stream goes on without the client that it came from.
    tw_client_close(client);
    while ((result = tw_stream_next(stream, &record, &error)) == 1) {
        strncat(thinking, record.thinking, record.thinking_bytes);
        CHECK(record.json[0] == '{' && record.json[record.json_bytes - 1] == '}');
        ends += record.done;
    }
    CHECK(result == 0 && ends == 1 && !strcmp(thinking, expected_thinking));
    tw_stream_close(stream);

    client = open_client(host);
    stream = open_stream(client, "tools", NULL);
    int calls = 0;
    while (tw_stream_next(stream, &record, &error) == 1) calls += record.has_tool_calls;
    CHECK(error.kind == TW_ERROR_NONE && calls == 1);
    tw_stream_close(stream);
    tw_client_close(client);
}

static void check_failures(const char *host, const char *refusing_host) {
    tw_client *client = open_client(refusing_host);
    CHECK(!tw_chat(client, "m", "p", NULL, &error));
    CHECK(error.kind == TW_ERROR_CONNECT_REFUSED && error.phase == TW_PHASE_CONNECT);
    tw_client_close(client);

    client = open_client(host);
    CHECK(!tw_chat(client, "missing", "p", NULL, &error));
    CHECK(error.kind == TW_ERROR_SERVER && error.http_status == 404);
    CHECK(error.phase == TW_PHASE_HEAD && strstr(error.message, "not found"));
    // A server's message that is longer than the space: whole characters, one line, no escapes.
    CHECK(!tw_chat(client, "verbose", "p", NULL, &error));
    size_t length = strlen(error.message);
    CHECK(error.http_status == 500 && length < sizeof error.message);
    CHECK(length > sizeof error.message - 4 && !memcmp(error.message + length - 2, "\u00fc", 2));
    CHECK(!strpbrk(error.message, "\n\033"));

    tw_stream *stream = open_stream(client, "half", NULL);
    CHECK(tw_stream_next(stream, &record, &error) == 1);
    CHECK(drain(stream) == 0 && error.kind == TW_ERROR_INCOMPLETE);
    tw_stream_close(stream);
    stream = open_stream(client, "failing", NULL);
    CHECK(drain(stream) == 0 && error.kind == TW_ERROR_SERVER && error.http_status == 200);
    tw_stream_close(stream);
    // Failures leave the client usable.
    stream = open_stream(client, "complete", NULL);
    CHECK(drain(stream) == 13);
    tw_stream_close(stream);
    // Read to its end, a stream leaves its connection to the next.
    stream = open_stream(client, "kept", NULL);
    CHECK(drain(stream) == 13);
    tw_stream_close(stream);
    tw_client_close(client);
}

static void check_limits(const char *host) {
    tw_options options = {.response_head_timeout_ms = 50, .body_idle_timeout_ms = 50};
    tw_client *client = tw_client_open(host, &options, &error);
    CHECK(!tw_chat(client, "silent", "p", NULL, &error));
    CHECK(error.kind == TW_ERROR_TIMEOUT && error.phase == TW_PHASE_HEAD);
    options.response_head_timeout_ms = TW_NEVER;
    tw_client_close(client);
    client = tw_client_open(host, &options, &error);
    tw_stream *stream = open_stream(client, "stall", NULL);
    CHECK(drain(stream) == 0);
    CHECK(error.kind == TW_ERROR_TIMEOUT && error.phase == TW_PHASE_BODY);
    tw_stream_close(stream);
    tw_client_close(client);

    options = (tw_options){.record_limit_bytes = 130};
    client = tw_client_open(host, &options, &error);
    stream = open_stream(client, "complete", NULL);
    CHECK(tw_stream_next(stream, &record, &error) == 1);
    CHECK(drain(stream) == 0 && error.kind == TW_ERROR_TOO_LARGE);
    tw_stream_close(stream);
    tw_client_close(client);
}

static void *cancel(void *cancellation) {
    tw_cancellation_cancel(cancellation);
    return NULL;
}

static void check_leaving(const char *host) {
    tw_client *client = open_client(host);
    // From another thread, while this one waits (or is about to).
    tw_cancellation *cancellation = tw_cancellation_new();
    tw_stream *stream = open_stream(client, "stall", cancellation);
    CHECK(tw_stream_next(stream, &record, &error) == 1);
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, cancel, cancellation) == 0);
    CHECK(drain(stream) == 0 && error.kind == TW_ERROR_CANCELLED);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(!tw_chat(client, "complete", "p", cancellation, &error));
    CHECK(error.kind == TW_ERROR_CANCELLED);
    tw_cancellation_free(cancellation);
    tw_stream_close(stream);

    // A cancellation may be freed before its stream.
    cancellation = tw_cancellation_new();
    stream = open_stream(client, "complete", cancellation);
    tw_cancellation_free(cancellation);
    CHECK(drain(stream) == 13);
    tw_stream_close(stream);

    // By closing: the server, which sends nothing more, sees the connection close.
    stream = open_stream(client, "stall", NULL);
    CHECK(tw_stream_next(stream, &record, &error) == 1);
    tw_stream_close(stream);
    tw_client_close(client);
}

static int open_descriptors(void) {
    DIR *directory = opendir("/proc/self/fd");
    int count = 0;
    while (directory && readdir(directory)) count++;
    if (directory) closedir(directory);
    return count;
}

/// A child that lets what it inherited alone disturbs nothing, and holds no connection open.
static void check_fork(const char *host) {
    tw_client *client = open_client(host);
    tw_stream *stream = open_stream(client, "complete", NULL);
    int expected = drain(stream), status = -1;
    tw_stream_close(stream);
    stream = open_stream(client, "kept", NULL);
    CHECK(tw_stream_next(stream, &record, &error) == 1);
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        // A client of its own is as good as any.
        client = open_client(host);
        stream = open_stream(client, "complete", NULL);
        exit(drain(stream) == expected ? 0 : 1);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    CHECK(drain(stream) == expected - 1);
    tw_stream_close(stream);
    stream = open_stream(client, "kept", NULL);
    CHECK(drain(stream) == expected);
    tw_stream_close(stream);
    tw_client_close(client);
}

int main(int argc, char **argv) {
    if (argc != 4) return fputs("usage: api_check HOST REFUSING_HOST THINKING\n", stderr), 2;
    int descriptors = open_descriptors();
    check_null_arguments(argv[1]);
    check_bad_arguments(argv[1]);
    check_records(argv[1], argv[3]);
    check_failures(argv[1], argv[2]);
    check_limits(argv[1]);
    check_leaving(argv[1]);
    check_fork(argv[1]);
    CHECK(open_descriptors() == descriptors);
    return 0;
}
