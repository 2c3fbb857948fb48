// What every C client does around its transport: options, clock, the report line.
#pragma once

#include "scan.h"

#include <stdint.h>

struct options {
    const char *job;       // "firehose" or "pingpong"
    const char *url;
    const char *body;      // NULL: GET
    enum take take;
    uint32_t requests;
};

struct result {
    double started_s, ended_s;
    uint64_t units, bytes;
    uint32_t *latencies_ns;    // NULL, or one for each unit
};

// Exits with 2 on a usage error. Arms a limit on the whole run, so that no client outlives its job.
struct options options_read(int count, char **arguments);
double now_s(void);
uint64_t now_ns(void);
void die(const char *message) __attribute__((noreturn));
// One JSON object on one line.
void report(const struct options *options, const char *driver, struct result *result);
