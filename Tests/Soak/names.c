// Preloaded into the client: answers for names that end in `.soak` out of a file that is read anew each
// time, so that DNS answers can change while it runs. Any other name goes to the C library.
//     gcc -shared -fPIC -o names.so names.c -ldl;  SOAK_NAMES=FILE LD_PRELOAD=names.so ...
// The file: an address a line, or nothing for a name that does not exist; "slow" for a late answer.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int look_up(
    const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(
    const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    look_up *real = (look_up *)dlsym(RTLD_NEXT, "getaddrinfo");
    const char *path = getenv("SOAK_NAMES");
    size_t length = name ? strlen(name) : 0;
    if (!path || length < 5 || strcmp(name + length - 5, ".soak")) {
        return real(name, service, hints, found);
    }
    FILE *file = fopen(path, "re");
    if (!file) return EAI_AGAIN;
    struct addrinfo *first = NULL, **end = &first;
    char line[64];
    int status = EAI_NONAME;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        if (!strcmp(line, "slow")) {
            usleep(1500000);
        } else if (!real(line, service, hints, end)) {
            status = 0;
            while (*end) end = &(*end)->ai_next;
        }
    }
    fclose(file);
    *found = first;
    return status;
}
