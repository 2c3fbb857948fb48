#include "tokenwire.h"

// No default cases: the compiler warns when a constant has no name here.

const char *tw_error_kind_name(tw_error_kind kind) {
    switch (kind) {
    case TW_ERROR_NONE: return "none";
    case TW_ERROR_INVALID_ARGUMENT: return "invalid-argument";
    case TW_ERROR_INVALID_URL: return "invalid-url";
    case TW_ERROR_INVALID_REQUEST: return "invalid-request";
    case TW_ERROR_RESOLVE_FAILED: return "resolve-failed";
    case TW_ERROR_CONNECT_REFUSED: return "connect-refused";
    case TW_ERROR_CONNECT_FAILED: return "connect-failed";
    case TW_ERROR_TIMEOUT: return "timeout";
    case TW_ERROR_SERVER: return "server";
    case TW_ERROR_INCOMPLETE: return "incomplete";
    case TW_ERROR_MALFORMED_RECORD: return "malformed-record";
    case TW_ERROR_CLOSED_EARLY: return "closed-early";
    case TW_ERROR_RESET: return "reset";
    case TW_ERROR_BAD_STATUS_LINE: return "bad-status-line";
    case TW_ERROR_BAD_HEADER: return "bad-header";
    case TW_ERROR_BAD_FRAMING: return "bad-framing";
    case TW_ERROR_BAD_CHUNK: return "bad-chunk";
    case TW_ERROR_TOO_LARGE: return "too-large";
    case TW_ERROR_UNSUPPORTED: return "unsupported";
    case TW_ERROR_CANCELLED: return "cancelled";
    case TW_ERROR_OTHER: return "other";
    case TW_ERROR_TLS_FAILED: return "tls-failed";
    case TW_ERROR_TLS_VERIFY_FAILED: return "tls-verify-failed";
    case TW_ERROR_BAD_CONTENT_ENCODING: return "bad-content-encoding";
    case TW_ERROR_STOPPED: return "stopped";
    }
    return "unknown";
}

const char *tw_phase_name(tw_phase phase) {
    switch (phase) {
    case TW_PHASE_NONE: return "none";
    case TW_PHASE_RESOLVE: return "resolve";
    case TW_PHASE_CONNECT: return "connect";
    case TW_PHASE_TLS: return "tls";
    case TW_PHASE_REQUEST: return "request";
    case TW_PHASE_HEAD: return "head";
    case TW_PHASE_FIRST_CONTENT: return "first-content";
    case TW_PHASE_BODY: return "body";
    case TW_PHASE_CONTENT: return "content";
    case TW_PHASE_TOTAL: return "total";
    case TW_PHASE_POOL: return "pool";
    }
    return "unknown";
}
