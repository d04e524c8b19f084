/* A load generator for Socket.IO: one thread, one epoll loop, no coordinated omission. See options.c for what it can
 * do, phases.c for what it measures. Build: gcc -O2 -o load *.c */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "clients.h"
#include "options.h"
#include "packets.h"
#include "phases.h"

enum { OTHER_FILES = 64 };

/* One file per connection; the soft limit is often 1,024. */
static void raise_file_limit(void)
{
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < (rlim_t)options.clients + OTHER_FILES) {
        fprintf(stderr, "%d clients need more open files than `ulimit -Hn` allows\n", options.clients);
        exit(2);
    }
}

int main(int count, char **words)
{
    options_parse(count, words);
    raise_file_limit();
    if (options.token_file)
        tokens_load(options.token_file);
    clients_create();
    bool up = phase_connect();
    if (up)
        phases_run();
    clients_end();
    return up ? 0 : 3;
}
