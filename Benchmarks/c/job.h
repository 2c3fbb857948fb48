// What every C client does around its transport: options, clock, the report line.
#pragma once

#include "paced.h"
#include "scan.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct options {
    const char *job;       // the first argument
    const char *url;
    const char *body;      // NULL: GET
    enum take take;
    uint32_t requests, connections, streams;
    uint32_t after, times;     // leave after so many records, so many times
    const char *authority;     // of TLS: a file with the certificate to trust
    bool resumes;
};

struct result {
    double started_s, ended_s;
    uint64_t units, bytes;
    uint32_t *latencies_ns;    // NULL, or one for each unit
    const struct histogram *delivery;   // NULL, or the same otherwise
    uint64_t *left_ns;         // NULL, or when each stream was left, on CLOCK_MONOTONIC
    uint32_t left_count;
};

// Between leaving one stream and opening the next: the server sees the close undisturbed.
static const struct timespec LEAVE_PAUSE = {.tv_nsec = 10000000};

// Exits with 2 on a usage error. Arms a limit on the whole run, so that no client outlives its job,
// and lifts the limit of descriptors as far as it goes.
struct options options_read(int count, char **arguments);
double now_s(void);
// Memory that the process has now, free pages between blocks in use given back first.
uint64_t resident_kib(void);
uint64_t now_ns(void);
void die(const char *message) __attribute__((noreturn));
// One JSON object on one line.
void report(const struct options *options, const char *driver, struct result *result);
