// Counts the calling thread's heap allocations, between `start` and `stop`.
#ifndef CALLOCATIONCOUNTER_H
#define CALLOCATIONCOUNTER_H

#include <stdbool.h>
#include <stdint.h>

/// False under a sanitizer, which brings an allocator of its own: nothing is counted there.
bool allocation_counter_works(void);

/// The program is built with the thread sanitizer.
bool allocation_counter_thread_sanitizer(void);

void allocation_counter_start(void);
void allocation_counter_stop(void);

/// Calls of malloc, calloc, realloc, posix_memalign, aligned_alloc and memalign since `start`.
int64_t allocation_counter_allocations(void);
/// Bytes that those calls asked for.
int64_t allocation_counter_bytes(void);
/// What the whole process has allocated and not freed, by the allocator's own books; 0 where it does not
/// work.
int64_t allocation_counter_live_bytes(void);
/// Calls of free, of blocks of any age.
int64_t allocation_counter_frees(void);

#endif
