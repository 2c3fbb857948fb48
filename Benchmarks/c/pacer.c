#include "pacer.h"

#include <stdlib.h>
#include <sys/timerfd.h>

bool pacer_open(struct pacer *pacer)
{
    *pacer = (struct pacer){0};
    pacer->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return pacer->timer_fd >= 0;
}

static void put(struct pacer *pacer, size_t place, struct pace *pace)
{
    pacer->heap[place] = pace;
    pace->place = place;
}

static void sift_up(struct pacer *pacer, struct pace *pace)
{
    size_t place = pace->place;
    while (place > 0 && pacer->heap[(place - 1) / 2]->due_ns > pace->due_ns) {
        put(pacer, place, pacer->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    put(pacer, place, pace);
}

static void sift_down(struct pacer *pacer, struct pace *pace)
{
    size_t place = pace->place;
    for (;;) {
        size_t child = 2 * place + 1;
        if (child + 1 < pacer->count
            && pacer->heap[child + 1]->due_ns < pacer->heap[child]->due_ns)
            child++;
        if (child >= pacer->count || pacer->heap[child]->due_ns >= pace->due_ns)
            break;
        put(pacer, place, pacer->heap[child]);
        place = child;
    }
    put(pacer, place, pace);
}

bool pacer_add(struct pacer *pacer, struct pace *pace)
{
    if (pacer->count == pacer->capacity) {
        size_t capacity = pacer->capacity == 0 ? 1024 : 2 * pacer->capacity;
        struct pace **heap = realloc(pacer->heap, capacity * sizeof *heap);
        if (heap == NULL)
            return false;
        pacer->heap = heap;
        pacer->capacity = capacity;
    }
    pace->scheduled = true;
    put(pacer, pacer->count++, pace);
    sift_up(pacer, pace);
    return true;
}

void pacer_remove(struct pacer *pacer, struct pace *pace)
{
    if (!pace->scheduled)
        return;
    struct pace *last = pacer->heap[--pacer->count];
    pace->scheduled = false;
    if (last == pace)
        return;
    put(pacer, pace->place, last);
    sift_up(pacer, last);
    sift_down(pacer, last);
}

struct pace *pacer_due(struct pacer *pacer, uint64_t now_ns, uint64_t *times, uint64_t *late_ns)
{
    if (pacer->count == 0 || pacer->heap[0]->due_ns > now_ns)
        return NULL;
    struct pace *pace = pacer->heap[0];
    *times = (now_ns - pace->due_ns) / pace->interval_ns + 1;
    *late_ns = now_ns - pace->due_ns;
    pace->due_ns += *times * pace->interval_ns;
    sift_down(pacer, pace);
    return pace;
}

void pacer_arm(struct pacer *pacer)
{
    uint64_t due_ns = pacer->count == 0 ? 0 : pacer->heap[0]->due_ns;
    if (due_ns == pacer->armed_ns)
        return;
    struct itimerspec at = {.it_value = {.tv_sec = (time_t)(due_ns / 1000000000),
                                         .tv_nsec = (long)(due_ns % 1000000000)}};
    timerfd_settime(pacer->timer_fd, TFD_TIMER_ABSTIME, &at, NULL);
    pacer->armed_ns = due_ns;
}
