#include "job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { RUN_LIMIT_S = 300, MOST_REQUESTS = 100000000 };

static void usage(const char *program)
{
    fprintf(stderr,
            "usage: %s firehose URL [--body JSON] --take lines|content\n"
            "       %s pingpong URL --requests N\n", program, program);
    exit(2);
}

struct options options_read(int count, char **arguments)
{
    struct options options = {.requests = 10000};
    if (count < 3)
        usage(arguments[0]);
    options.job = arguments[1];
    options.url = arguments[2];
    for (int i = 3; i < count; i += 2) {
        const char *name = arguments[i], *value = i + 1 < count ? arguments[i + 1] : NULL;
        if (value == NULL)
            usage(arguments[0]);
        if (strcmp(name, "--body") == 0) {
            options.body = value;
        } else if (strcmp(name, "--take") == 0) {
            if (strcmp(value, "content") != 0 && strcmp(value, "lines") != 0)
                usage(arguments[0]);
            options.take = strcmp(value, "content") == 0 ? TAKE_CONTENT : TAKE_LINES;
        } else if (strcmp(name, "--requests") == 0) {
            long requests = strtol(value, NULL, 10);
            if (requests < 1 || requests > MOST_REQUESTS)
                usage(arguments[0]);
            options.requests = (uint32_t)requests;
        } else {
            usage(arguments[0]);
        }
    }
    alarm(RUN_LIMIT_S);
    return options;
}

uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

double now_s(void)
{
    return (double)now_ns() / 1e9;
}

void die(const char *message)
{
    fprintf(stderr, "%s\n", message);
    exit(1);
}

static int compare_latencies(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

void report(const struct options *options, const char *driver, struct result *result)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);     // before the sort, which is not part of the job
    double user_s = seconds(usage.ru_utime);
    printf("{\"job\":\"%s\",\"driver\":\"%s\",\"wall_s\":%.6f,\"cpu_s\":%.6f,\"user_s\":%.6f,"
           "\"rss_kib\":%ld,\"units\":%llu,\"bytes\":%llu,",
           options->job, driver, result->ended_s - result->started_s,
           user_s + seconds(usage.ru_stime), user_s, usage.ru_maxrss,
           (unsigned long long)result->units, (unsigned long long)result->bytes);
    if (result->latencies_ns != NULL && result->units > 0) {
        qsort(result->latencies_ns, result->units, sizeof(uint32_t), compare_latencies);
        printf("\"p50_us\":%.3f,\"p99_us\":%.3f,",
               result->latencies_ns[result->units / 2] / 1e3,
               result->latencies_ns[result->units * 99 / 100] / 1e3);
    } else {
        printf("\"p50_us\":null,\"p99_us\":null,");
    }
    printf("\"allocations\":null}\n");
}
