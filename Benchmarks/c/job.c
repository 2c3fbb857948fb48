#include "job.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { RUN_LIMIT_S = 300, MOST = 100000000 };

static void usage(const char *program)
{
    fprintf(stderr,
            "usage: %s firehose URL [--body JSON] --take lines|content\n"
            "       %s pingpong URL --requests N\n"
            "       %s fanout URL --connections C --requests N\n"
            "       %s streams URL --streams N [--body JSON]\n"
            "       %s leave URL --after K --times N [--body JSON]\n"
            "       %s handshakes URL --times N --cacert FILE [--resume yes|no]\n"
            "       %s idle URL --connections N --cacert FILE\n",
            program, program, program, program, program, program, program);
    exit(2);
}

// The number that `name` sets, or NULL.
static uint32_t *number(struct options *options, const char *name)
{
    const struct {
        const char *name;
        uint32_t *number;
    } NUMBERS[] = {
        {"--requests", &options->requests}, {"--connections", &options->connections},
        {"--streams", &options->streams},   {"--after", &options->after},
        {"--times", &options->times},
    };
    for (size_t i = 0; i < sizeof NUMBERS / sizeof NUMBERS[0]; i++)
        if (strcmp(name, NUMBERS[i].name) == 0)
            return NUMBERS[i].number;
    return NULL;
}

static void lift_descriptor_limit(void)
{
    struct rlimit descriptors;
    if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
        descriptors.rlim_cur = descriptors.rlim_max;
        setrlimit(RLIMIT_NOFILE, &descriptors);
    }
}

struct options options_read(int count, char **arguments)
{
    struct options options = {
        .requests = 10000, .connections = 64, .streams = 100, .after = 10, .times = 10};
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
        } else if (strcmp(name, "--cacert") == 0) {
            options.authority = value;
        } else if (strcmp(name, "--resume") == 0) {
            options.resumes = strcmp(value, "yes") == 0;
        } else if (number(&options, name) != NULL) {
            long count_of = strtol(value, NULL, 10);
            if (count_of < 1 || count_of > MOST)
                usage(arguments[0]);
            *number(&options, name) = (uint32_t)count_of;
        } else {
            usage(arguments[0]);
        }
    }
    lift_descriptor_limit();
    alarm(RUN_LIMIT_S);
    return options;
}

uint64_t resident_kib(void)
{
    unsigned long long pages = 0;
    malloc_trim(0);
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*u %llu", &pages) != 1)
        die("no /proc/self/statm");
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
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
    } else if (result->delivery != NULL) {
        printf("\"p50_us\":%.3f,\"p99_us\":%.3f,", histogram_us(result->delivery, 0.5),
               histogram_us(result->delivery, 0.99));
    } else {
        printf("\"p50_us\":null,\"p99_us\":null,");
    }
    if (result->left_ns != NULL) {
        for (uint32_t i = 0; i < result->left_count; i++)
            printf("%s%.3f", i == 0 ? "\"left_us\":[" : ",", (double)result->left_ns[i] / 1e3);
        printf("],");
    }
    printf("\"allocations\":null}\n");
}
