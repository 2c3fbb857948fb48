#include "CWireKernels.h"

extern const struct cwk_kernels cwk_kernels_portable;

#if defined(__x86_64__) && !defined(CWK_ONLY_PORTABLE)
extern const struct cwk_kernels cwk_kernels_avx512, cwk_kernels_avx2, cwk_kernels_sse2;
const struct cwk_kernels *cwk_kernels = &cwk_kernels_sse2;

static const struct cwk_kernels *of_width(cwk_width width) {
    switch (width) {
    case CWK_PORTABLE_WIDTH: return &cwk_kernels_portable;
    case CWK_SSE2_WIDTH: return &cwk_kernels_sse2;
    default: break;
    }
    __builtin_cpu_init();
    int has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")
        && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("lzcnt")
        && __builtin_cpu_supports("popcnt");
    if (width == CWK_AVX2_WIDTH) return has_avx2 ? &cwk_kernels_avx2 : NULL;
    // The processors with AVX-512 that slow down when they use it have no VBMI2.
    int has_avx512 = has_avx2 && __builtin_cpu_supports("avx512bw")
        && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi2");
    return has_avx512 ? &cwk_kernels_avx512 : NULL;
}

int cwk_use(cwk_width width) {
    const struct cwk_kernels *kernels = of_width(width);
    if (kernels == NULL) return 0;
    __atomic_store_n(&cwk_kernels, kernels, __ATOMIC_RELAXED);
    return 1;
}

// Before `main`; whoever is earlier still gets kernels that work.
__attribute__((constructor)) static void choose(void) {
    if (!cwk_use(CWK_AVX512_WIDTH)) cwk_use(CWK_AVX2_WIDTH);
}
#else
const struct cwk_kernels *cwk_kernels = &cwk_kernels_portable;

int cwk_use(cwk_width width) { return width == CWK_PORTABLE_WIDTH; }
#endif
