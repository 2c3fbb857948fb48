// The kernels for processors with AVX-512BW, as of Ice Lake and Zen 4; chosen at run time.
#include "CWireKernels.h"

#if defined(__x86_64__) && !defined(CWK_ONLY_PORTABLE)
#define CWK_AVX512
#define KERNEL(name) name##_avx512
#include <immintrin.h>
#include <string.h>
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512vl,avx2,bmi,bmi2,lzcnt,popcnt"))), apply_to = function)
#pragma clang attribute push(__attribute__((no_sanitize("address", "thread"))), apply_to = function)
#include "blocks.h"
#include "kernels.inc"
#include "strings.inc"
#include "records.inc"
#include "tape.inc"
#include "fields.inc"
#include "dispatch.inc"
#pragma clang attribute pop
#pragma clang attribute pop
#endif
