// Byte scans over whole blocks. C, because Swift has no mask extraction and no per-function target;
// one call loops over the whole range, because a call per block costs more than the block.
//
// Every function answers for [bytes, bytes + count) alone: no padding is needed behind the range.
// Each exists for several widths: AVX-512 and AVX2, SSE2 (every x86-64), and eight bytes at a time for
// any processor. Which one is used is decided once, before `main`.
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

/// From so many bytes without a hit on, `find_byte` leaves the rest to memchr. Its start costs more
/// than four blocks; over long gaps its loop is twice as fast (measured: between 192 and 512 bytes).
#define CWK_MEMCHR_FROM 256
/// `find_all` goes over to memchr behind so many bytes without a hit, until one comes sooner.
#define CWK_SPARSE 1024

/// A window of up to 64 bytes at `start`; bit k of `stops` is set when byte `start + k` is not a
/// plain JSON string byte, or is the end of the range.
typedef struct {
    size_t start;
    uint64_t stops;
} cwk_json_window;

/// The content of a JSON string, up to its closing quote.
typedef struct {
    size_t count;
    /// 0: there is no closing quote, or something in front of it that no JSON string may hold.
    uint8_t is_valid;
    uint8_t has_escapes;
} cwk_json_string;

/// Fixed bytes, and what varies behind them: a string's content or a number. Nothing behind the last.
typedef struct {
    uint32_t fixed;
    /// All of them where it is a string, none where it is a number.
    uint32_t string_bits;
} cwk_step;

/// Fixed bytes, to be compared at once: `counts` is 0xFF where one stands, else 0.
typedef struct {
    uint8_t bytes[32], counts[32];
} cwk_block;

/// A record that was checked once, as the form of those that follow.
typedef struct {
    /// The stretches of all steps in a row.
    const uint8_t *fixed;
    const cwk_step *steps, *last;
    /// The same in blocks, each stretch from the start of one: one at least.
    const cwk_block *blocks;
    size_t step_count;
    /// Bytes of all stretches.
    size_t fixed_count;
    /// Bytes of all blocks, and of one more for each hole.
    size_t reach;
} cwk_shape;

/// What stands where a record varies. `count` has CWK_ESCAPED when there are escapes in a string.
typedef struct {
    uint32_t start;
    uint32_t count;
} cwk_hole;
#define CWK_ESCAPED 0x80000000u
/// Records from this length on never match.
#define CWK_RECORD_LIMIT 0x7FFFFFFFu
/// Nor do lines, by `match_line` and `match_records`.
#define CWK_RECORD_WINDOW 16384

typedef struct {
    /// Bytes of the record; 0 when it has another form.
    size_t taken;
    /// Else: the step whose fixed bytes differ, and where in the text they begin.
    size_t failed_step;
    size_t failed_at;
} cwk_match;

/// A line without its end: where it starts, and its bytes.
typedef struct {
    intptr_t start, count;
} cwk_line;

/// A field line (RFC 9112 5): where its name and its trimmed value lie.
typedef struct {
    uint32_t name_start, name_end, value_start, value_end;
} cwk_field_line;

/// The names that every message is asked for.
typedef enum {
    CWK_CONNECTION, CWK_KEEP_ALIVE, CWK_CONTENT_TYPE, CWK_CONTENT_LENGTH, CWK_CONTENT_ENCODING,
    CWK_TRANSFER_ENCODING, CWK_UNKNOWN_NAME
} cwk_known_name;

typedef struct {
    size_t count;
    /// What follows the last line's CRLF.
    size_t end;
    /// Bit k: there is a name of k bytes, modulo 64.
    uint64_t name_lengths;
    /// Byte k: of the lines with the known name k, the first one's number (from 1 on; the last number
    /// stands for any behind it too), and CWK_MORE_LINES if there are more. 0: there are none.
    uint64_t known;
} cwk_field_lines;

/// A value of a JSON text, or an object's key, in the order of the text: a container stands in front of
/// what it holds.
typedef struct {
    /// Of a string: its content; of anything else: its first byte.
    uint32_t start;
    /// Bytes from there on, and behind CWK_JSON_KIND_SHIFT the kind.
    uint32_t count_and_kind;
    /// Of a number: its bits. Of a container: the index of the node behind it, and in the upper half
    /// how many members or elements it has.
    uint64_t value;
} cwk_json_node;
enum {
    CWK_JSON_NULL, CWK_JSON_FALSE, CWK_JSON_TRUE, CWK_JSON_STRING,
    /// A string that has escapes.
    CWK_JSON_ESCAPED,
    CWK_JSON_INT,
    /// Above INT64_MAX only.
    CWK_JSON_UINT,
    CWK_JSON_DOUBLE,
    /// One that has to be read from its digits: no single rounding gives it.
    CWK_JSON_NUMBER,
    CWK_JSON_OBJECT, CWK_JSON_ARRAY,
    /// Of a field: there is none.
    CWK_JSON_ABSENT,
};
#define CWK_JSON_KIND_SHIFT 28
/// The longest text that there are nodes for.
#define CWK_JSON_COUNT 0x0FFFFFFFu
#define CWK_JSON_NO_ROOM ((size_t)-1)

/// A place in the records that a plan's paths lead to or through: first the record itself, then
/// (CWK_NOBODY) the place of all that is not wanted. They refer to each other by index.
typedef struct {
    /// Of a member: its key, among the plan's names; and its first 16 bytes, zeros behind them.
    uint64_t name_words[2];
    uint32_t name_start, name_count;
    /// Of one that leads to others: its bit, the last for all that are many. Else 0.
    uint64_t inner_bit;
    /// Bit k: a value of kind k may stand there.
    uint32_t wanted;
    /// Of an array's element: its index.
    int32_t element;
    /// Which field it is; if none, the one behind the last.
    uint8_t field;
    /// Itself, if it leads to others; else nobody.
    uint8_t inside;
    uint8_t first_element, next_element;
    /// The next member of the same object whose name is as long, modulo CWK_LENGTHS.
    uint8_t alike;
    /// The first member of each length, modulo CWK_LENGTHS.
    uint8_t by_length[16];
} cwk_plan_node;
#define CWK_LENGTHS 16
#define CWK_NOBODY 1

typedef struct {
    const cwk_plan_node *nodes;
    const uint8_t *names;
    size_t field_count;
} cwk_plan;
/// Texts that nest deeper are left to the cursor.
#define CWK_PLAN_DEPTH 64

/// The head of a response (RFC 9112 4): places count from its first byte.
typedef struct {
    cwk_field_lines fields;
    /// What follows the empty line; 0 when the head is not there whole, or not plain.
    size_t end;
    uint32_t reason_start, reason_end;
    uint16_t status;
    uint8_t minor_version;
} cwk_head;
#define CWK_MORE_LINES 0x80u
#define CWK_LAST_LINE 0x7Fu

// New ones at the end: builds that are not from scratch may keep calls by their places.
struct cwk_kernels {
    size_t (*find_byte)(const uint8_t *, size_t, uint8_t);
    size_t (*find_either)(const uint8_t *, size_t, uint8_t, uint8_t);
    size_t (*find_all)(const uint8_t *, size_t, uint8_t, uint8_t, uint32_t *, size_t, size_t *);
    size_t (*json_plain_run)(const uint8_t *, size_t);
    size_t (*json_unescaped_run)(const uint8_t *, size_t);
    size_t (*ascii_run)(const uint8_t *, size_t);
    size_t (*field_value_run)(const uint8_t *, size_t);
    cwk_json_window (*json_stops)(const uint8_t *, size_t, size_t);
    size_t (*utf8_run)(const uint8_t *, size_t);
    cwk_json_string (*json_string)(const uint8_t *, size_t);
    int (*match_record)(const cwk_shape *, const uint8_t *, size_t, cwk_hole *);
    size_t (*match_line)(const cwk_shape *, const uint8_t *, size_t, cwk_hole *);
    size_t (*match_records)(const cwk_shape *, const uint8_t *, size_t, cwk_hole *, uint32_t *, size_t);
    cwk_match (*match_closely)(const cwk_shape *, const uint8_t *, size_t, cwk_hole *);
    cwk_field_lines (*field_lines)(const uint8_t *, size_t, size_t, cwk_field_line *, size_t);
    void (*head)(const uint8_t *, size_t, cwk_field_line *, size_t, cwk_head *);
    size_t (*json_tape)(const uint8_t *, size_t, cwk_json_node *, size_t, size_t);
    size_t (*json_fields)(const cwk_plan *, const uint8_t *, size_t, cwk_json_node *);
    size_t (*lines)(const uint8_t *, const uint32_t *, intptr_t, size_t, intptr_t, intptr_t, intptr_t,
                    cwk_line *);
};

/// Those in use.
extern const struct cwk_kernels *cwk_kernels;
#define CWK_IN_USE (__atomic_load_n(&cwk_kernels, __ATOMIC_RELAXED))

typedef enum { CWK_PORTABLE_WIDTH, CWK_SSE2_WIDTH, CWK_AVX2_WIDTH, CWK_AVX512_WIDTH } cwk_width;

/// Chooses others, for tests and measurements. 0 when this processor or this build lacks them.
int cwk_use(cwk_width width);

/// Index of the first byte equal to `wanted`, or `count` when there is none.
static inline size_t cwk_find_byte(const uint8_t *bytes, size_t count, uint8_t wanted) {
    return CWK_IN_USE->find_byte(bytes, count, wanted);
}

/// The same by memchr at once, for when it is expected to be far.
static inline size_t cwk_find_far(const uint8_t *bytes, size_t count, uint8_t wanted) {
    const void *hit = __builtin_memchr(bytes, wanted, count);
    return hit == NULL ? count : (size_t)((const uint8_t *)hit - bytes);
}

/// Index of the first byte equal to `a` or `b`, or `count` when there is none.
static inline size_t cwk_find_either(const uint8_t *bytes, size_t count, uint8_t a, uint8_t b) {
    return CWK_IN_USE->find_either(bytes, count, a, b);
}

/// The indices of all bytes equal to `a` or `b`, in order; returns how many. Where these are not the
/// same, those right behind another one may be left out. `searched` says up to where these are all: less
/// than `count` when there was no more `room` (one at least). `count` has to fit 32 bits.
static inline size_t cwk_find_all(const uint8_t *bytes, size_t count, uint8_t a, uint8_t b,
                                  uint32_t *found, size_t room, size_t *searched) {
    return CWK_IN_USE->find_all(bytes, count, a, b, found, room, searched);
}

/// The lines that the line ends at `ends` + `origin` end, the first of them starting with the content;
/// a CR in front of an end belongs to it. Starts are counted from `base` before the content. Returns how
/// many: fewer than `count` in front of a line of more than `limit` bytes.
static inline size_t cwk_lines(const uint8_t *content, const uint32_t *ends, intptr_t origin,
                               size_t count, intptr_t start, intptr_t base, intptr_t limit,
                               cwk_line *lines) {
    return CWK_IN_USE->lines(content, ends, origin, count, start, base, limit, lines);
}

/// Length of the leading run of plain JSON string bytes: ASCII 0x20...0x7F except `"` and `\`.
static inline size_t cwk_json_plain_run(const uint8_t *bytes, size_t count) {
    return CWK_IN_USE->json_plain_run(bytes, count);
}

/// Length of the leading run of bytes that may stand unescaped in a JSON string: all but `"`, `\`
/// and those below 0x20.
static inline size_t cwk_json_unescaped_run(const uint8_t *bytes, size_t count) {
    return CWK_IN_USE->json_unescaped_run(bytes, count);
}

/// Length of the leading run of ASCII bytes (below 0x80).
static inline size_t cwk_ascii_run(const uint8_t *bytes, size_t count) {
    return CWK_IN_USE->ascii_run(bytes, count);
}

/// Length of the leading run of bytes that a field value may hold: HTAB, 0x20...0x7E, 0x80...0xFF.
static inline size_t cwk_field_value_run(const uint8_t *bytes, size_t count) {
    return CWK_IN_USE->field_value_run(bytes, count);
}

/// 1 for the bytes that a token may hold (RFC 9110 5.6.2 tchar), else 0. A table: names are short, and
/// the class has no shape that a few wide comparisons could catch.
extern const uint8_t cwk_is_token_byte[256];

/// Length of the leading run of bytes that a token may hold.
size_t cwk_token_run(const uint8_t *bytes, size_t count);

/// The first of the windows at `from`, `from` + 64, ... that has a stop; `from` <= `count`. There is
/// always one, because the end of the range counts.
static inline cwk_json_window cwk_json_stops(const uint8_t *bytes, size_t count, size_t from) {
    return CWK_IN_USE->json_stops(bytes, count, from);
}

/// Length of the valid UTF-8 (RFC 3629) that the bytes begin with.
static inline size_t cwk_utf8_run(const uint8_t *bytes, size_t count) {
    return CWK_IN_USE->utf8_run(bytes, count);
}

/// The string whose content begins at `bytes`, checked to its closing quote: control characters,
/// escapes, surrogates, UTF-8.
static inline cwk_json_string cwk_json_string_at(const uint8_t *bytes, size_t count) {
    return CWK_IN_USE->json_string(bytes, count);
}

/// Whether the bytes are a record of the shape, all of them; `holes` gets one entry less than it has steps.
/// A match says that they are a JSON text.
static inline int cwk_match_record(const cwk_shape *shape, const uint8_t *bytes, size_t count,
                                   cwk_hole *holes) {
    return CWK_IN_USE->match_record(shape, bytes, count, holes);
}

/// The same for a line that the bytes begin with, up to its line feed; returns how many bytes are in front
/// of that, 0 when it is no such record or has no end.
static inline size_t cwk_match_line(const cwk_shape *shape, const uint8_t *bytes, size_t count,
                                    cwk_hole *holes) {
    return CWK_IN_USE->match_line(shape, bytes, count, holes);
}

/// The records of the shape that the bytes begin with, each with a line feed behind it, up to `room` of
/// them; returns how many. `ends` gets the places of their line feeds, and has room for CWK_MORE_ENDS more;
/// `holes`, of each record those that `match_record` finds, counted from the first byte of all. Few may be
/// found where there are more.
static inline size_t cwk_match_records(const cwk_shape *shape, const uint8_t *bytes, size_t count,
                                       cwk_hole *holes, uint32_t *ends, size_t room) {
    return CWK_IN_USE->match_records(shape, bytes, count, holes, ends, room);
}
#define CWK_MORE_ENDS 3
/// More `room` than that is not made use of by what is faster for many.
#define CWK_RECORDS_AT_ONCE 64

/// `match_record`, and where it went wrong.
static inline cwk_match cwk_match_closely(const cwk_shape *shape, const uint8_t *bytes, size_t count,
                                          cwk_hole *holes) {
    return CWK_IN_USE->match_closely(shape, bytes, count, holes);
}

/// Whether the eight bytes at `name`, of a token, are those of `text`, letters compared without case.
/// `text` is lower case, and known when this is compiled.
static inline int cwk_is_word(const uint8_t *name, const char *text) {
    uint64_t found, wanted, each = 0x0101010101010101u;
    __builtin_memcpy(&found, name, 8);
    __builtin_memcpy(&wanted, text, 8);
    // 0x20 in the bytes that are letters.
    uint64_t letters = ((wanted + 0x1F * each) & ~(wanted + 0x05 * each) & 0x80 * each) >> 2;
    return (found | letters) == wanted;
}

static inline __attribute__((always_inline)) cwk_known_name cwk_name_known(const uint8_t *name, size_t length) {
    // Words that overlap as the length wants it.
    switch (length) {
    case 10:
        if (cwk_is_word(name, "connecti") && cwk_is_word(name + 2, "nnection")) return CWK_CONNECTION;
        if (cwk_is_word(name, "keep-ali") && cwk_is_word(name + 2, "ep-alive")) return CWK_KEEP_ALIVE;
        break;
    case 12:
        if (cwk_is_word(name, "content-") && cwk_is_word(name + 4, "ent-type")) return CWK_CONTENT_TYPE;
        break;
    case 14:
        if (cwk_is_word(name, "content-") && cwk_is_word(name + 6, "t-length"))
            return CWK_CONTENT_LENGTH;
        break;
    case 16:
        if (cwk_is_word(name, "content-") && cwk_is_word(name + 8, "encoding"))
            return CWK_CONTENT_ENCODING;
        break;
    case 17:
        if (cwk_is_word(name, "transfer") && cwk_is_word(name + 8, "-encodin")
            && cwk_is_word(name + 9, "encoding"))
            return CWK_TRANSFER_ENCODING;
        break;
    default: break;
    }
    return CWK_UNKNOWN_NAME;
}

/// Notes that line `number` (from 0 on) has the name; lines come in order.
static inline __attribute__((always_inline)) void cwk_note_name(cwk_field_lines *lines, size_t number, const uint8_t *name,
                                 size_t length) {
    lines->name_lengths |= (uint64_t)1 << (length & 63);
    cwk_known_name known = cwk_name_known(name, length);
    if (known == CWK_UNKNOWN_NAME) return;
    unsigned shift = 8 * (unsigned)known;
    uint64_t note = number + 1 < CWK_LAST_LINE ? number + 1 : CWK_LAST_LINE | CWK_MORE_LINES;
    if ((lines->known >> shift & 0xFF) != 0) note = CWK_MORE_LINES;
    lines->known |= note << shift;
}

/// The well-formed field lines that stand from `start` on, each complete with its CRLF, up to `room` of
/// them. Stops at anything else: the empty line, a fold, a fault, the end. Their places count from
/// `bytes`; `count` has to fit 32 bits.
static inline cwk_field_lines cwk_field_lines_at(const uint8_t *bytes, size_t count, size_t start,
                                                 cwk_field_line *lines, size_t room) {
    return CWK_IN_USE->field_lines(bytes, count, start, lines, room);
}

/// The head that the bytes begin with, if it is there to its end and nothing in it wants a closer look.
static inline void cwk_head_at(const uint8_t *bytes, size_t count, cwk_field_line *lines, size_t room,
                               cwk_head *head) {
    CWK_IN_USE->head(bytes, count, lines, room, head);
}

/// Checks a whole JSON text (RFC 8259) and lists its values; returns how many nodes that makes, 0 when it
/// is none or nests deeper than `depth_limit`, CWK_JSON_NO_ROOM when there are more than `room`.
static inline size_t cwk_json_tape(const uint8_t *bytes, size_t count, cwk_json_node *nodes,
                                   size_t room, size_t depth_limit) {
    return CWK_IN_USE->json_tape(bytes, count, nodes, room, depth_limit);
}

/// Checks a whole JSON text (RFC 8259) and finds a plan's fields in it. Returns 0 when it is none, a field
/// has another type than was wanted, or that takes a closer look: `fields` means nothing then. It has room
/// for one more than there are.
static inline size_t cwk_json_fields(const cwk_plan *plan, const uint8_t *bytes, size_t count,
                                     cwk_json_node *fields) {
    return CWK_IN_USE->json_fields(plan, bytes, count, fields);
}

#endif
