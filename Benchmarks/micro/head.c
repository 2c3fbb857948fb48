#include "head.h"

#include <stdint.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

static const uint8_t TOKEN[256] = {
    ['!'] = 1, ['#'] = 1, ['$'] = 1, ['%'] = 1, ['&'] = 1, ['\''] = 1, ['*'] = 1, ['+'] = 1,
    ['-'] = 1, ['.'] = 1, ['^'] = 1, ['_'] = 1, ['`'] = 1, ['|'] = 1, ['~'] = 1,
    ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1,
};

// The first byte that a value may not hold.
static const char *value_end(const char *at, const char *end) {
#if defined(__SSE2__)
    for (; end - at >= 16; at += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)at);
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1F)), block);
        __m128i tab = _mm_cmpeq_epi8(block, _mm_set1_epi8('\t'));
        __m128i del = _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7F));
        int stops = _mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, control), del));
        if (stops != 0) return at + __builtin_ctz((unsigned)stops);
    }
#endif
    while (at < end && ((uint8_t)*at >= 0x20 || *at == '\t') && *at != 0x7F) at++;
    return at;
}

ssize_t head_parse(struct head *head, const char *bytes, size_t count) {
    const char *at = bytes, *end = bytes + count;
    if (count < 15) return -2;
    if (memcmp(at, "HTTP/1.", 7) != 0 || at[7] < '0' || at[7] > '9' || at[8] != ' ') return -1;
    head->minor_version = at[7] - '0';
    head->status = 0;
    for (int i = 9; i < 12; i++) {
        if (at[i] < '0' || at[i] > '9') return -1;
        head->status = head->status * 10 + (at[i] - '0');
    }
    at += 12;
    const char *stop = value_end(at, end);
    if (end - stop < 2) return -2;
    if (stop[0] != '\r' || stop[1] != '\n' || (stop > at && *at != ' ')) return -1;
    head->reason = at + (stop > at);
    head->reason_length = (size_t)(stop - head->reason);
    at = stop + 2;
    head->field_count = 0;
    for (;;) {
        if (end - at < 2) return -2;
        if (at[0] == '\r') return at[1] == '\n' ? at + 2 - bytes : -1;
        if (head->field_count == head->field_limit) return -1;
        struct head_field *field = &head->fields[head->field_count++];
        field->name = at;
        while (at < end && TOKEN[(uint8_t)*at]) at++;
        if (at == end) return -2;
        field->name_length = (size_t)(at - field->name);
        if (*at != ':' || field->name_length == 0) return -1;
        at++;
        while (at < end && (*at == ' ' || *at == '\t')) at++;
        stop = value_end(at, end);
        if (end - stop < 2) return -2;
        if (stop[0] != '\r' || stop[1] != '\n') return -1;
        field->value = at;
        field->value_length = (size_t)(stop - at);
        while (field->value_length > 0
               && (stop[-1] == ' ' || stop[-1] == '\t')) stop--, field->value_length--;
        at += field->value_length;
        while (*at != '\n') at++;
        at++;
    }
}
