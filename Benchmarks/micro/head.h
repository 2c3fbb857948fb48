// A response head parser of picohttpparser's kind: one pass, token and value tables, the caller owns
// everything, results point into the input. Strict like ours: CRLF only, no folds.
#ifndef HEAD_H
#define HEAD_H

#include <stddef.h>
#include <sys/types.h>

struct head_field {
    const char *name, *value;
    size_t name_length, value_length;
};

struct head {
    int minor_version, status;
    const char *reason;
    size_t reason_length;
    struct head_field *fields;
    size_t field_count, field_limit;
};

// Bytes of the head, -1 when it is not one, -2 when it is not complete.
ssize_t head_parse(struct head *head, const char *bytes, size_t count);

#endif
