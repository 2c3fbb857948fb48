// When the paced streams fall due: a binary heap over one timer, so that 10,000 streams need no
// descriptor of their own and no system call for each line.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Part of a connection.
struct pace {
    bool scheduled;
    size_t place;                  // in the heap
    uint64_t due_ns, interval_ns;  // CLOCK_MONOTONIC
};

struct pacer {
    int timer_fd;
    uint64_t armed_ns;             // what the timer is set to; 0: nothing
    struct pace **heap;
    size_t count, capacity;
};

// Opens the timer, for an edge-triggered epoll entry: it is never read. False: see errno.
bool pacer_open(struct pacer *pacer);
// Puts `pace` in; its due time and interval are set. False: out of memory.
bool pacer_add(struct pacer *pacer, struct pace *pace);
void pacer_remove(struct pacer *pacer, struct pace *pace);
// Moves on the pace that fell due first. Returns it and how often it fell due, or NULL when none
// was due at `now_ns`. `*late_ns`: how long ago the first of them was.
struct pace *pacer_due(struct pacer *pacer, uint64_t now_ns, uint64_t *times, uint64_t *late_ns);
// Sets the timer to the earliest time there is.
void pacer_arm(struct pacer *pacer);
