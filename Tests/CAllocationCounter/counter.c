#include "CAllocationCounter.h"

#include <errno.h>
#include <malloc.h>
#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SANITIZED 1
#endif
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) \
    || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

// Part of the executable, so its thread-local storage needs no allocation.
static _Thread_local bool counting;
static _Thread_local int64_t allocations;
static _Thread_local int64_t bytes;
static _Thread_local int64_t frees;

void allocation_counter_start(void) {
    allocations = 0;
    bytes = 0;
    frees = 0;
    counting = true;
}

void allocation_counter_stop(void) { counting = false; }
int64_t allocation_counter_allocations(void) { return allocations; }
int64_t allocation_counter_bytes(void) { return bytes; }
int64_t allocation_counter_frees(void) { return frees; }

bool allocation_counter_thread_sanitizer(void) {
#ifdef THREAD_SANITIZED
    return true;
#else
    return false;
#endif
}

#ifdef SANITIZED

bool allocation_counter_works(void) { return false; }
int64_t allocation_counter_live_bytes(void) { return 0; }

#else

int64_t allocation_counter_live_bytes(void) {
    struct mallinfo2 info = mallinfo2();
    return (int64_t)(info.uordblks + info.hblkhd);
}

bool allocation_counter_works(void) { return true; }

// glibc's own names for its allocator: these definitions take the place of the usual ones.
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static void count(size_t size) {
    if (!counting) return;
    allocations += 1;
    bytes += (int64_t)size;
}

void *malloc(size_t size) {
    count(size);
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(number * size);
    return __libc_calloc(number, size);
}

void *realloc(void *block, size_t size) {
    count(size);
    return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
    count(size);
    return __libc_memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size) {
    if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) return EINVAL;
    count(size);
    void *block = __libc_memalign(alignment, size);
    if (block == NULL) return ENOMEM;
    *result = block;
    return 0;
}

void free(void *block) {
    if (counting) frees += 1;
    __libc_free(block);
}

#endif
