// The kernels for any x86-64.
#include "CWireKernels.h"

#if defined(__x86_64__) && !defined(CWK_ONLY_PORTABLE)
#define CWK_SSE2
#define KERNEL(name) name##_sse2
#include <emmintrin.h>
#include <string.h>
#pragma clang attribute push(__attribute__((no_sanitize("address", "thread"))), apply_to = function)
#include "blocks.h"
#include "kernels.inc"
#include "strings.inc"
#include "records.inc"
#include "tape.inc"
#include "fields.inc"
#include "dispatch.inc"
#pragma clang attribute pop
#endif
