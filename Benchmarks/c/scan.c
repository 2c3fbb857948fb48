#define _GNU_SOURCE
#include "scan.h"

#include <string.h>

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The four digits after "\u", or -1.
static int code_unit(const char *at, const char *end)
{
    if (end - at < 4)
        return -1;
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static size_t encode_utf8(uint32_t scalar, char *out)
{
    if (scalar < 0x80) {
        out[0] = (char)scalar;
        return 1;
    }
    size_t length = scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--, scalar >>= 6)
        out[i] = (char)(0x80 | (scalar & 0x3f));
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    out[0] = (char)(lead[length] | scalar);
    return length;
}

// Decodes the escape whose backslash is at `*at`, and moves `*at` past it. 0 when it is not valid.
static size_t unescape(const char **at, const char *end, char *out)
{
    static const char NAMES[] = "\"\\/bfnrt", VALUES[] = "\"\\/\b\f\n\r\t";
    const char *p = *at + 1;
    if (p >= end)
        return 0;
    if (*p != 'u') {
        const char *name = memchr(NAMES, *p, sizeof NAMES - 1);
        *at = p + 1;
        return name == NULL ? 0 : encode_utf8((uint32_t)VALUES[name - NAMES], out);
    }
    int unit = code_unit(p + 1, end);
    p += 5;
    if (unit < 0)
        return 0;
    uint32_t scalar = (uint32_t)unit;
    if (unit >= 0xd800 && unit < 0xe000) {
        int low = end - p >= 6 && p[0] == '\\' && p[1] == 'u' ? code_unit(p + 2, end) : -1;
        if (unit >= 0xdc00 || low < 0xdc00 || low >= 0xe000)
            return 0;
        scalar = 0x10000 + ((scalar - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
        p += 6;
    }
    *at = p;
    return encode_utf8(scalar, out);
}

// Copies the string that starts at `at`, unescaped, and returns the place after its closing quote,
// or NULL. A string never grows by unescaping, so `out` needs no more than the line's length.
static const char *copy_string(const char *at, const char *end, char *out, size_t *length)
{
    char *to = out;
    while (at < end && *at != '"') {
        if (*at != '\\') {
            *to++ = *at++;
            continue;
        }
        size_t decoded = unescape(&at, end, to);
        if (decoded == 0)
            return NULL;
        to += decoded;
    }
    *length = (size_t)(to - out);
    return at < end ? at + 1 : NULL;
}

static bool fail(struct scanner *scanner, const char *error)
{
    scanner->error = error;
    return false;
}

static bool take_record(struct scanner *scanner, const char *line, const char *end)
{
    static char text[LINE_CAPACITY];
    static const char CONTENT[] = "\"content\":\"", DONE[] = "\"done\":true";
    static const char FINISH[] = "\"finish_reason\":\"";
    bool ndjson = scanner->format == FORMAT_NDJSON;
    size_t length = 0;
    const char *at = memmem(line, (size_t)(end - line), CONTENT, sizeof CONTENT - 1);
    if (at != NULL) {
        at = copy_string(at + sizeof CONTENT - 1, end, text, &length);
        if (at == NULL)
            return fail(scanner, "content is not a string");
        // What a user does with the text is not part of the job; having it in memory is.
        __asm__ volatile("" : : "r"(text) : "memory");
    } else if (ndjson) {
        return fail(scanner, "a line without content");
    } else {
        at = line;
    }
    scanner->bytes += length;
    const char *mark = ndjson ? DONE : FINISH;
    if (memmem(at, (size_t)(end - at), mark, strlen(mark)) != NULL)
        scanner->finished = true;
    return true;
}

static bool take_line(struct scanner *scanner, const char *line, const char *end)
{
    if (end - line > LINE_CAPACITY)
        return fail(scanner, "a line longer than 64 KiB");
    bool content = scanner->take == TAKE_CONTENT;
    if (!content)
        scanner->bytes += (uint64_t)(end - line) + 1;
    if (scanner->format == FORMAT_NDJSON) {
        scanner->units++;
        return !content || take_record(scanner, line, end);
    }
    if (line == end) {
        scanner->units += scanner->event_has_data;
        scanner->event_has_data = false;
        return true;
    }
    if (end - line < 6 || memcmp(line, "data: ", 6) != 0)
        return true;
    scanner->event_has_data = true;
    line += 6;
    if (!content || (end - line == 6 && memcmp(line, "[DONE]", 6) == 0))
        return true;
    return take_record(scanner, line, end);
}

static bool keep(struct scanner *scanner, const char *bytes, size_t length)
{
    if (length > LINE_CAPACITY - scanner->carry_length)
        return fail(scanner, "a line longer than 64 KiB");
    memcpy(scanner->carry + scanner->carry_length, bytes, length);
    scanner->carry_length += length;
    return true;
}

bool scanner_feed(struct scanner *scanner, const char *bytes, size_t length)
{
    const char *at = bytes, *end = bytes + length, *line_end;
    while ((line_end = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        bool taken;
        if (scanner->carry_length > 0) {
            if (!keep(scanner, at, (size_t)(line_end - at)))
                return false;
            taken = take_line(scanner, scanner->carry, scanner->carry + scanner->carry_length);
            scanner->carry_length = 0;
        } else {
            taken = take_line(scanner, at, line_end);
        }
        if (!taken)
            return false;
        at = line_end + 1;
    }
    return at == end || keep(scanner, at, (size_t)(end - at));
}

bool scanner_end(struct scanner *scanner)
{
    if (scanner->carry_length > 0)
        return fail(scanner, "the body ends inside a line");
    return scanner->take == TAKE_LINES || scanner->finished || fail(scanner, "the body ends without a finish mark");
}
