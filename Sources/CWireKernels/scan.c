#include "CWireKernels.h"

#include <string.h>

// Each scan is a predicate on one byte and, where the processor has SSE2 (every x86-64), the same
// predicate on sixteen. The tail of fewer than sixteen bytes is read byte by byte, so that nothing
// outside the range is touched.

#if defined(__SSE2__)
#include <emmintrin.h>
#define BLOCK 16
typedef __m128i block;
static inline block load(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }
static inline block splat(uint8_t b) { return _mm_set1_epi8((char)b); }
static inline unsigned mask(block b) { return (unsigned)_mm_movemask_epi8(b); }
static inline block equal(block a, uint8_t b) { return _mm_cmpeq_epi8(a, splat(b)); }
/// Bytes below `limit`, unsigned: min(a, limit - 1) == a.
static inline block below(block a, uint8_t limit) {
    return _mm_cmpeq_epi8(_mm_min_epu8(a, splat((uint8_t)(limit - 1))), a);
}
static inline block either(block a, block b) { return _mm_or_si128(a, b); }
#endif

#if defined(__SSE2__)
/// Bit k is set where `bytes[k]` is `wanted`, of 64 bytes.
static inline uint64_t hits64(const uint8_t *bytes, uint8_t wanted) {
    uint64_t low = mask(equal(load(bytes), wanted)) | mask(equal(load(bytes + 16), wanted)) << 16;
    uint64_t high = mask(equal(load(bytes + 32), wanted)) | mask(equal(load(bytes + 48), wanted)) << 16;
    return low | high << 32;
}

static inline block any64(const uint8_t *bytes, uint8_t wanted) {
    return either(
        either(equal(load(bytes), wanted), equal(load(bytes + 16), wanted)),
        either(equal(load(bytes + 32), wanted), equal(load(bytes + 48), wanted)));
}
#endif

/// memchr dispatches to wider loads at run time; from about this length on it is faster.
#define MEMCHR_FROM 192

size_t cwk_find_byte(const uint8_t *bytes, size_t count, uint8_t wanted) {
#if defined(__SSE2__)
    if (count >= 64 && count <= MEMCHR_FROM) {
        // Three loads of 64 that overlap as the length wants it: nothing to guess.
        const uint8_t *last = bytes + count - 64, *middle = count < 128 ? last : bytes + 64;
        block any = either(any64(bytes, wanted), either(any64(middle, wanted), any64(last, wanted)));
        if (mask(any) == 0) return count;
        uint64_t hits = hits64(bytes, wanted);
        if (hits != 0) return (size_t)__builtin_ctzll(hits);
        hits = hits64(middle, wanted);
        if (hits != 0) return (size_t)(middle - bytes) + (size_t)__builtin_ctzll(hits);
        return (size_t)(last - bytes) + (size_t)__builtin_ctzll(hits64(last, wanted));
    }
#endif
    const uint8_t *hit = count == 0 ? NULL : memchr(bytes, wanted, count);
    return hit == NULL ? count : (size_t)(hit - bytes);
}

size_t cwk_find_either(const uint8_t *bytes, size_t count, uint8_t a, uint8_t b) {
    size_t i = 0;
#if defined(__SSE2__)
    for (; i + BLOCK <= count; i += BLOCK) {
        block x = load(bytes + i);
        unsigned hits = mask(either(equal(x, a), equal(x, b)));
        if (hits != 0) return i + (size_t)__builtin_ctz(hits);
    }
#endif
    while (i < count && bytes[i] != a && bytes[i] != b) i++;
    return i;
}

static inline int is_json_plain(uint8_t b) {
    return b >= 0x20 && b < 0x80 && b != '"' && b != '\\';
}

size_t cwk_json_plain_run(const uint8_t *bytes, size_t count) {
    size_t i = 0;
#if defined(__SSE2__)
    for (; i + BLOCK <= count; i += BLOCK) {
        block b = load(bytes + i);
        unsigned stops = mask(either(either(equal(b, '"'), equal(b, '\\')), below(b, 0x20)))
            | mask(b);  // the top bit of each byte: not ASCII
        if (stops != 0) return i + (size_t)__builtin_ctz(stops);
    }
#endif
    while (i < count && is_json_plain(bytes[i])) i++;
    return i;
}

static inline int is_json_unescaped(uint8_t b) { return b >= 0x20 && b != '"' && b != '\\'; }

size_t cwk_json_unescaped_run(const uint8_t *bytes, size_t count) {
    size_t i = 0;
#if defined(__SSE2__)
    for (; i + BLOCK <= count; i += BLOCK) {
        block b = load(bytes + i);
        unsigned stops = mask(either(either(equal(b, '"'), equal(b, '\\')), below(b, 0x20)));
        if (stops != 0) return i + (size_t)__builtin_ctz(stops);
    }
#endif
    while (i < count && is_json_unescaped(bytes[i])) i++;
    return i;
}

#if defined(__SSE2__)
/// One compare covers control bytes and bytes from 0x80 on: as signed numbers, both are below 0x20.
static inline uint64_t json_stops_in_block(const uint8_t *p) {
    block b = load(p);
    return mask(either(either(equal(b, '"'), equal(b, '\\')), _mm_cmplt_epi8(b, splat(0x20))));
}
#endif

/// Bit k is set when byte k is not plain, for `count` < 64 bytes; bit `count` is set as well.
/// `before` bytes in front of them may be read.
static uint64_t json_stops_at_end(const uint8_t *bytes, size_t count, size_t before) {
    uint64_t stops = (uint64_t)1 << count;
    size_t i = 0;
#if defined(__SSE2__)
    for (; i + BLOCK <= count; i += BLOCK) stops |= json_stops_in_block(bytes + i) << i;
    // The last block overlaps bytes already seen, which are shifted out.
    if (i < count && before + count >= BLOCK) {
        size_t seen = BLOCK - (count - i);
        return stops | (json_stops_in_block(bytes + count - BLOCK) >> seen) << i;
    }
#endif
    for (; i < count; i++) stops |= (uint64_t)!is_json_plain(bytes[i]) << i;
    return stops;
}

cwk_json_window cwk_json_stops(const uint8_t *bytes, size_t count, size_t from) {
    cwk_json_window window = {from, 0};
    for (; window.start + 64 <= count; window.start += 64) {
        const uint8_t *at = bytes + window.start;
#if defined(__SSE2__)
        window.stops = json_stops_in_block(at) | json_stops_in_block(at + BLOCK) << BLOCK
            | json_stops_in_block(at + 2 * BLOCK) << (2 * BLOCK)
            | json_stops_in_block(at + 3 * BLOCK) << (3 * BLOCK);
#else
        for (int k = 0; k < 64; k++) window.stops |= (uint64_t)!is_json_plain(at[k]) << k;
#endif
        if (window.stops != 0) return window;
    }
    window.stops = json_stops_at_end(bytes + window.start, count - window.start, window.start);
    return window;
}

size_t cwk_ascii_run(const uint8_t *bytes, size_t count) {
    size_t i = 0;
#if defined(__SSE2__)
    for (; i + BLOCK <= count; i += BLOCK) {
        unsigned stops = mask(load(bytes + i));
        if (stops != 0) return i + (size_t)__builtin_ctz(stops);
    }
#endif
    while (i < count && bytes[i] < 0x80) i++;
    return i;
}

// RFC 9110 5.6.2 tchar. A table: names are short, and the class has no shape that a few wide
// comparisons could catch.
static const uint8_t TOKEN[256] = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        0, 1, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 1, 0,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0,
        0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0};

size_t cwk_token_run(const uint8_t *bytes, size_t count) {
    size_t i = 0;
    while (i < count && TOKEN[bytes[i]]) i++;
    return i;
}

static inline int is_field_value(uint8_t b) { return b == '\t' || (b >= 0x20 && b != 0x7F); }

size_t cwk_field_value_run(const uint8_t *bytes, size_t count) {
    size_t i = 0;
#if defined(__SSE2__)
    for (; i + BLOCK <= count; i += BLOCK) {
        block b = load(bytes + i);
        unsigned stops = (mask(below(b, 0x20)) & ~mask(equal(b, '\t'))) | mask(equal(b, 0x7F));
        if (stops != 0) return i + (size_t)__builtin_ctz(stops);
    }
#endif
    while (i < count && is_field_value(bytes[i])) i++;
    return i;
}

int cwk_match_template(const uint8_t *text, size_t count, const uint8_t *fixed,
                       const size_t *stretches, size_t stretch_count, cwk_range *holes) {
    size_t at = 0;
    for (size_t i = 0; i < stretch_count; i++) {
        size_t stretch = stretches[i];
        if (count - at < stretch || memcmp(text + at, fixed, stretch) != 0) return 0;
        at += stretch;
        fixed += stretch;
        if (i + 1 == stretch_count) break;
        size_t run = cwk_json_plain_run(text + at, count - at);
        holes[i] = (cwk_range){at, run};
        at += run;
    }
    return at == count;
}
