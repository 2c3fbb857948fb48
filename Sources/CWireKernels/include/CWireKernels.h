// Byte scans over whole blocks. C, because Swift has no mask extraction and no per-function target;
// one call loops over the whole range, because a call per block costs more than the block.
// Every function reads only [bytes, bytes + count): no padding is needed behind the range.
#ifndef CWIREKERNELS_H
#define CWIREKERNELS_H

#include <stddef.h>
#include <stdint.h>

/// Value of a hexadecimal digit, 255 for any other byte. A table, because whether a digit is a 9 or
/// an a cannot be foreseen, and a branch that guesses wrong costs more than the rest.
static inline uint8_t cwk_hex_value(uint8_t byte) {
    static const uint8_t beyond_zero[256] = {
        ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,
        ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14,
        ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15,
        ['F'] = 16,
    };
    return (uint8_t)(beyond_zero[byte] - 1);
}

/// Index of the first byte equal to `wanted`, or `count` when there is none.
size_t cwk_find_byte(const uint8_t *bytes, size_t count, uint8_t wanted);

/// Index of the first byte equal to `a` or `b`, or `count` when there is none.
size_t cwk_find_either(const uint8_t *bytes, size_t count, uint8_t a, uint8_t b);

/// Length of the leading run of plain JSON string bytes: ASCII 0x20...0x7F except `"` and `\`.
size_t cwk_json_plain_run(const uint8_t *bytes, size_t count);

/// Length of the leading run of ASCII bytes (below 0x80).
size_t cwk_ascii_run(const uint8_t *bytes, size_t count);

/// Length of the leading run of bytes that a token may hold (RFC 9110 5.6.2 tchar).
size_t cwk_token_run(const uint8_t *bytes, size_t count);

/// Length of the leading run of bytes that a field value may hold: HTAB, 0x20...0x7E, 0x80...0xFF.
size_t cwk_field_value_run(const uint8_t *bytes, size_t count);

/// Length of the leading run of bytes that may stand unescaped in a JSON string: all but `"`, `\`
/// and those below 0x20.
size_t cwk_json_unescaped_run(const uint8_t *bytes, size_t count);

/// A window of up to 64 bytes at `start`; bit k of `stops` is set when byte `start + k` is not a
/// plain JSON string byte, or is the end of the range.
typedef struct {
    size_t start;
    uint64_t stops;
} cwk_json_window;

/// The first of the windows at `from`, `from` + 64, ... that has a stop; `from` <= `count`. There is
/// always one, because the end of the range counts.
cwk_json_window cwk_json_stops(const uint8_t *bytes, size_t count, size_t from);

/// A stretch of a text.
typedef struct {
    size_t start;
    size_t count;
} cwk_range;

/// Whether a text is `fixed` with holes: fixed bytes `stretches[0]`, a hole, fixed bytes
/// `stretches[1]`, and so on to the last stretch, which ends the text. A hole is a run of plain JSON
/// string bytes, as long as it can be; `holes` gets `stretch_count - 1` of them.
int cwk_match_template(const uint8_t *text, size_t count, const uint8_t *fixed,
                       const size_t *stretches, size_t stretch_count, cwk_range *holes);

#endif
