// What a rival exports to `wire-micro`, which loads it at run time: a rival that cannot be built is
// left out. One shared object per rival, one entry per task that it can do.
#ifndef RIVAL_H
#define RIVAL_H

#include <stddef.h>
#include <stdint.h>

struct rival_entry {
    const char *task;  // NULL ends the list
    const char *name;
    // Makes what `run` works on out of the task's input. `padding` readable bytes stand behind it.
    void *(*prepare)(const uint8_t *bytes, size_t count);
    // Does the task once. Returns its sum, which all contenders of the task have to agree on.
    uint64_t (*run)(void *prepared);
};

enum { RIVAL_PADDING = 64 };
// How often a run parses one head, which alone is too short to be timed.
enum { RIVAL_REPEATS = 64 };

#ifdef __cplusplus
extern "C"
#endif
const struct rival_entry *rival_entries(void);

// The sum of a task: units weigh more than bytes, marks more than both.
static inline uint64_t rival_sum(uint64_t units, uint64_t bytes, uint64_t marks) {
    return bytes + (units << 32) + (marks << 56);
}

#endif
