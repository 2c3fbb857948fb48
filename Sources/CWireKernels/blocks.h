// The widths that the kernels are written in: LANES bytes to a vector, and which of them a test holds
// for (`yes`). Included once per kernel file, behind a definition of CWK_AVX512, CWK_AVX2, CWK_SSE2 or
// CWK_PORTABLE. Tests against a limit want one below 0x80.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(CWK_AVX512)
#include <immintrin.h>
#define LANES 64
typedef __m512i vec;
typedef uint64_t yes;
static inline vec load(const uint8_t *p) { return _mm512_loadu_si512(p); }
static inline vec splat(uint8_t b) { return _mm512_set1_epi8((char)b); }
static inline uint64_t mask(yes y) { return y; }
static inline yes equal(vec a, vec b) { return _mm512_cmpeq_epi8_mask(a, b); }
static inline yes either(yes a, yes b) { return a | b; }
static inline yes without(yes a, yes b) { return a & ~b; }
static inline yes at_most(vec a, vec limit) { return _mm512_cmple_epu8_mask(a, limit); }
static inline yes below_or_high(vec a, vec limit) { return _mm512_cmplt_epi8_mask(a, limit); }
static inline yes high(vec a) { return _mm512_movepi8_mask(a); }
static inline vec joined(vec a, vec b) { return _mm512_or_si512(a, b); }
#elif defined(CWK_AVX2)
#include <immintrin.h>
#define LANES 32
typedef __m256i vec;
typedef __m256i yes;
static inline vec load(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
static inline vec splat(uint8_t b) { return _mm256_set1_epi8((char)b); }
static inline uint64_t mask(yes y) { return (uint32_t)_mm256_movemask_epi8(y); }
static inline yes equal(vec a, vec b) { return _mm256_cmpeq_epi8(a, b); }
static inline yes either(yes a, yes b) { return _mm256_or_si256(a, b); }
static inline yes without(yes a, yes b) { return _mm256_andnot_si256(b, a); }
static inline yes at_most(vec a, vec limit) { return equal(_mm256_min_epu8(a, limit), a); }
/// As signed numbers, bytes from 0x80 on are below every limit.
static inline yes below_or_high(vec a, vec limit) { return _mm256_cmpgt_epi8(limit, a); }
static inline yes high(vec a) { return a; }  // `mask` takes the top bits
static inline vec unlike(vec a, vec b) { return _mm256_xor_si256(a, b); }
static inline vec joined(vec a, vec b) { return _mm256_or_si256(a, b); }
static inline vec both(vec a, vec b) { return _mm256_and_si256(a, b); }
static inline int is_zero(vec v) { return _mm256_testz_si256(v, v); }
#elif defined(CWK_SSE2)
#include <emmintrin.h>
#define LANES 16
typedef __m128i vec;
typedef __m128i yes;
static inline vec load(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }
static inline vec splat(uint8_t b) { return _mm_set1_epi8((char)b); }
static inline uint64_t mask(yes y) { return (uint32_t)_mm_movemask_epi8(y); }
static inline yes equal(vec a, vec b) { return _mm_cmpeq_epi8(a, b); }
static inline yes either(yes a, yes b) { return _mm_or_si128(a, b); }
static inline yes without(yes a, yes b) { return _mm_andnot_si128(b, a); }
static inline yes at_most(vec a, vec limit) { return equal(_mm_min_epu8(a, limit), a); }
static inline yes below_or_high(vec a, vec limit) { return _mm_cmplt_epi8(a, limit); }
static inline yes high(vec a) { return a; }
static inline vec unlike(vec a, vec b) { return _mm_xor_si128(a, b); }
static inline vec joined(vec a, vec b) { return _mm_or_si128(a, b); }
static inline vec both(vec a, vec b) { return _mm_and_si128(a, b); }
static inline int is_zero(vec v) { return mask(equal(v, splat(0))) == 0xFFFF; }
#else
// Eight bytes in a register; `yes` is the top bit of a byte, and exact whatever stands beside it.
#define LANES 8
typedef uint64_t vec;
typedef uint64_t yes;
#define EACH(b) (0x0101010101010101u * (uint64_t)(b))
static inline vec load(const uint8_t *p) {
    vec v;
    memcpy(&v, p, 8);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    v = __builtin_bswap64(v);
#endif
    return v;
}
static inline vec splat(uint8_t b) { return EACH(b); }
/// The top bits of the bytes, gathered: each term of the product lands in a bit of its own.
static inline uint64_t mask(yes y) { return (y >> 7) * 0x0102040810204080u >> 56; }
static inline yes equal(vec a, vec b) {
    vec x = a ^ b;
    return ~(((x & EACH(0x7F)) + EACH(0x7F)) | x) & EACH(0x80);
}
static inline yes either(yes a, yes b) { return a | b; }
static inline yes without(yes a, yes b) { return a & ~b; }
static inline yes at_most(vec a, vec limit) {
    return ~(((a & EACH(0x7F)) + (EACH(0x7F) - limit)) | a) & EACH(0x80);
}
static inline yes high(vec a) { return a & EACH(0x80); }
static inline yes below_or_high(vec a, vec limit) { return at_most(a, limit - EACH(1)) | high(a); }
static inline vec unlike(vec a, vec b) { return a ^ b; }
static inline vec joined(vec a, vec b) { return a | b; }
static inline vec both(vec a, vec b) { return a & b; }
static inline int is_zero(vec v) { return v == 0; }
#endif

static inline unsigned first_bit(uint64_t bits) { return (unsigned)__builtin_ctzll(bits); }

/// The bits that are set; without an instruction for that, 2 stands for any more.
static inline unsigned bit_count(uint64_t bits) {
#if LANES >= 32
    return (unsigned)__builtin_popcountll(bits);
#else
    return (unsigned)(bits != 0) + ((bits & (bits - 1)) != 0);
#endif
}

/// 64 when there is none.
static inline unsigned trailing_zeros(uint64_t bits) {
#if LANES >= 32
    return (unsigned)_tzcnt_u64(bits);
#else
    return bits == 0 ? 64 : first_bit(bits);
#endif
}

/// Bits below `n` < 64.
static inline uint64_t low_bits(size_t n) { return ((uint64_t)1 << n) - 1; }

/// The first `n` < LANES bytes at `p`, which are read alone; or, where that is cheaper, what else
/// stands on the page behind them, which means nothing and is masked off by callers. (The processor
/// checks whole pages. Sanitizers are told not to look.)
static inline vec load_some(const uint8_t *p, size_t n) {
#if LANES == 64
    return _mm512_maskz_loadu_epi8(low_bits(n), p);
#else
#if LANES > 8
    if (((uintptr_t)p & 4095) <= 4096 - LANES) return load(p);
#endif
    uint8_t copy[LANES] = {0};
    memcpy(copy, p, n);
    return load(copy);
#endif
}
