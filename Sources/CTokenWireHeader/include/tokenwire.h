// TokenWire for C: streams the answers of an Ollama server over a plain blocking socket.
//
//     tw_error error;
//     tw_record record;
//     int next = -1;
//     tw_client *client = tw_client_open("127.0.0.1:11434", NULL, &error);
//     tw_stream *stream = client ? tw_chat(client, "llama3.2", "Hello!", NULL, &error) : NULL;
//     while (stream && (next = tw_stream_next(stream, &record, &error)) == 1)
//         fwrite(record.content, 1, record.content_bytes, stdout);
//     if (next < 0) fprintf(stderr, "%s\n", error.message);
//     tw_stream_close(stream);
//     tw_client_close(client);
//
// Nothing here starts a thread, keeps global state, touches signals, or writes to a terminal.
// (Swift's runtime, which is linked in, does read SWIFT_* variables when the process starts, and can
// be told by them to report crashes. When memory runs out it ends the process.)
//
// Errors. A call that fails says so by its result (NULL or -1) and fills the `tw_error` that its
// last argument points to; on success it clears it. That argument may be NULL. A NULL handle is an
// error like any other (TW_ERROR_INVALID_ARGUMENT), and closing NULL does nothing.
//
// Threads. A client and its streams belong to one thread at a time. The one call that may come
// from another is `tw_cancellation_cancel`.
//
// fork(2). The client and its streams stay the parent's. A child may exit, exec (every descriptor is
// close-on-exec) or open clients of its own; using or closing what it inherited would speak on the
// parent's connections. One that does neither keeps a connection that the parent closes open.
//
// Text is UTF-8. A caller's strings end in NUL and are copied; a caller's text that is not valid
// UTF-8 is refused.
//
// The structs may grow with a release: compile against the header of the library that is linked.
#ifndef TOKENWIRE_H
#define TOKENWIRE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// MARK: Errors

/// What went wrong.
typedef enum tw_error_kind {
    TW_ERROR_NONE = 0,
    /// NULL where it is not allowed, text that is not UTF-8, an option that makes no sense.
    TW_ERROR_INVALID_ARGUMENT = 1,
    TW_ERROR_INVALID_URL = 2,
    /// Something that must not go on the wire, such as an API key without TLS.
    TW_ERROR_INVALID_REQUEST = 3,
    TW_ERROR_RESOLVE_FAILED = 4,
    TW_ERROR_CONNECT_REFUSED = 5,
    TW_ERROR_CONNECT_FAILED = 6,
    /// A deadline passed; `phase` says which.
    TW_ERROR_TIMEOUT = 7,
    /// The server said that it failed: by `http_status`, or (200) inside the stream.
    TW_ERROR_SERVER = 8,
    /// The stream ended without its terminal record: what has come is not the whole answer.
    TW_ERROR_INCOMPLETE = 9,
    /// A record that is no JSON object of the expected form.
    TW_ERROR_MALFORMED_RECORD = 10,
    /// The connection ended, or was reset, before the response had begun.
    TW_ERROR_CLOSED_EARLY = 11,
    TW_ERROR_RESET = 12,
    TW_ERROR_BAD_STATUS_LINE = 13,
    TW_ERROR_BAD_HEADER = 14,
    TW_ERROR_BAD_FRAMING = 15,
    TW_ERROR_BAD_CHUNK = 16,
    /// A limit was hit, such as `record_limit_bytes`.
    TW_ERROR_TOO_LARGE = 17,
    /// Valid, but this build does not do it: https in one without TLS is the likely one.
    TW_ERROR_UNSUPPORTED = 18,
    TW_ERROR_CANCELLED = 19,
    /// A failure that this header has no name for.
    TW_ERROR_OTHER = 20,
    /// TLS failed otherwise than by what the server showed of itself.
    TW_ERROR_TLS_FAILED = 21,
    /// The server could not prove who it is.
    TW_ERROR_TLS_VERIFY_FAILED = 22,
    TW_ERROR_BAD_CONTENT_ENCODING = 23,
    /// A guard has ended the answer: not the caller, nor the server. No call here sets one yet.
    TW_ERROR_STOPPED = 24,
} tw_error_kind;

/// The part of an exchange that a failure belongs to.
typedef enum tw_phase {
    /// Before or outside of an exchange, or not known.
    TW_PHASE_NONE = 0,
    TW_PHASE_RESOLVE = 1,
    TW_PHASE_CONNECT = 2,
    TW_PHASE_TLS = 3,
    TW_PHASE_REQUEST = 4,
    TW_PHASE_HEAD = 5,
    TW_PHASE_FIRST_CONTENT = 6,
    TW_PHASE_BODY = 7,
    TW_PHASE_CONTENT = 8,
    TW_PHASE_TOTAL = 9,
    TW_PHASE_POOL = 10,
} tw_phase;

typedef struct tw_error {
    tw_error_kind kind;
    tw_phase phase;
    /// Of TW_ERROR_SERVER; else 0.
    int http_status;
    /// One line for a person, cut to fit at a character's end; empty without an error.
    char message[500];
} tw_error;

/// `connect-refused` for TW_ERROR_CONNECT_REFUSED, and so on. Never NULL, never freed.
const char *tw_error_kind_name(tw_error_kind kind);

/// `first-content` for TW_PHASE_FIRST_CONTENT, and so on. Never NULL, never freed.
const char *tw_phase_name(tw_phase phase);

// MARK: Clients

/// No limit, for a timeout. It has to be spelled out: zero is the default.
#define TW_NEVER (-1)

/// How a client works. All zero (`tw_options options = {0};`) is the default of every field.
/// Timeouts are in milliseconds, 0 for the default, TW_NEVER for none.
typedef struct tw_options {
    /// Turning the host's name into addresses (default 10 s). Checked when the look-up returns.
    int64_t resolve_timeout_ms;
    /// Until a connection stands, over all addresses (10 s).
    int64_t connect_timeout_ms;
    /// Since the server last took a byte of the request (30 s).
    int64_t request_write_timeout_ms;
    /// From the request's end to the response's head, which Ollama sends with the first token:
    /// queue, model loading and prompt reading are in it (330 s).
    int64_t response_head_timeout_ms;
    /// From the head to the first content (330 s).
    int64_t first_content_timeout_ms;
    /// Since any byte of the body (330 s).
    int64_t body_idle_timeout_ms;
    /// Since the last record that carried something (120 s).
    int64_t content_idle_timeout_ms;
    /// From the last record of an answer to the body's end. The answer is whole without: when this
    /// passes, the stream ends well and its connection is closed (2 s).
    int64_t body_end_timeout_ms;
    /// The whole exchange, from its start (never).
    int64_t total_timeout_ms;
    /// How long an idle connection is kept for the next request (30 s).
    int64_t keep_alive_idle_timeout_ms;
    /// The longest record, at most 1 GiB (0: 16 MiB).
    size_t record_limit_bytes;
    /// Sent as a bearer token, to loopback only as long as there is no TLS. NULL sends none.
    const char *api_key;
} tw_options;

/// A client of one server, with its idle connections.
typedef struct tw_client tw_client;

/// Opens nothing yet: the first request connects.
///
/// `host` is as `OLLAMA_HOST` has it (`host`, `host:port`, `http://host:port/base`); NULL takes that
/// variable, else `http://127.0.0.1:11434`. `options` may be NULL.
///
/// Returns a client for `tw_client_close`, or NULL.
tw_client *tw_client_open(const char *host, const tw_options *options, tw_error *error);

/// Closes the idle connections and frees the client. Streams that are still open go on.
void tw_client_close(tw_client *client);

// MARK: Cancelling

/// Ends calls that another thread is blocked in.
typedef struct tw_cancellation tw_cancellation;

/// Never NULL.
tw_cancellation *tw_cancellation_new(void);

/// Ends what the requests that it was given to are waiting for, at once, with TW_ERROR_CANCELLED;
/// only the look-up of a name goes on until it returns. From any thread, any number of times; for
/// good, so it cannot come too early. Waits for nothing. Not for signal handlers: it takes a lock.
void tw_cancellation_cancel(tw_cancellation *cancellation);

/// Frees the handle, once no thread will use it again. Streams that have it need not be closed before.
void tw_cancellation_free(tw_cancellation *cancellation);

// MARK: Streams

/// The answer to a request while it comes. It owns its connection.
typedef struct tw_stream tw_stream;

/// `POST /api/chat` with one user message. Returns with the response's head, which Ollama sends with
/// the first token. `cancellation` may be NULL.
///
/// Returns a stream for `tw_stream_close`, or NULL.
tw_stream *tw_chat(
    tw_client *client, const char *model, const char *prompt, tw_cancellation *cancellation,
    tw_error *error);

/// One record. Its pointers are never NULL, are not terminated by NUL, and are borrowed: they hold
/// until the next call with the same stream.
typedef struct tw_record {
    /// A piece of the answer's text; may be empty.
    const char *content;
    size_t content_bytes;
    /// A piece of the reasoning; may be empty.
    const char *thinking;
    size_t thinking_bytes;
    /// The record as it came, without its line end.
    const char *json;
    size_t json_bytes;
    /// 1 for the terminal record, else 0.
    int done;
    /// 1 when `json` holds calls of tools, else 0.
    int has_tool_calls;
} tw_record;

/// Waits for the next record.
///
/// Returns 1 with a record; 0 when the stream is complete; -1 when it failed, and from then on. With
/// 0 and -1 the record is empty.
int tw_stream_next(tw_stream *stream, tw_record *record, tw_error *error);

/// Frees the stream. Before its end this closes its connection, and the server stops generating;
/// after it, the connection has been kept for the client's next request.
void tw_stream_close(tw_stream *stream);

#ifdef __cplusplus
}
#endif

#endif
