#include "usage.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void add_usage(Usage *sum, int pid)
{
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    line[fread(line, 1, sizeof line - 1, file)] = 0;
    fclose(file);
    /* The second field is the program's name in brackets and may hold anything; user and system ticks are 14 and 15. */
    const char *after_name = strrchr(line, ')');
    unsigned long user, system;
    const char *format = ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu";
    if (!after_name || sscanf(after_name, format, &user, &system) != 2)
        return;
    double ticks_per_s = (double)sysconf(_SC_CLK_TCK);
    sum->cpu_s += (double)(user + system) / ticks_per_s;
    sum->system_s += (double)system / ticks_per_s;
}

Usage usage_of(const int *pids, int count)
{
    Usage sum = {0};
    for (int i = 0; i < count; i++)
        add_usage(&sum, pids[i]);
    return sum;
}

static long resident_kib(int pid)
{
    char path[64], line[256];
    long kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    while (fgets(line, sizeof line, file) && sscanf(line, "VmRSS: %ld", &kib) != 1)
        continue;
    fclose(file);
    return kib;
}

long resident_kib_of(const int *pids, int count)
{
    long sum = 0;
    for (int i = 0; i < count; i++)
        sum += resident_kib(pids[i]);
    return sum;
}

double own_cpu_s(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    double micros = (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + micros / 1e6;
}
