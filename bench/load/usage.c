#include "usage.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Reads /proc/PID/NAME, at most `size - 1` bytes of it; empty when the process has ended. */
static void read_proc(int pid, const char *name, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
    FILE *file = fopen(path, "r");
    text[file ? fread(text, 1, size - 1, file) : 0] = 0;
    if (file)
        fclose(file);
}

static void add_cpu(Usage *sum, int pid)
{
    char line[1024];
    read_proc(pid, "stat", line, sizeof line);
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

static void add_waited(Usage *sum, int pid)
{
    char line[128];
    unsigned long waited_ns;
    read_proc(pid, "schedstat", line, sizeof line);
    if (sscanf(line, "%*u %lu", &waited_ns) == 1)
        sum->waited_s += (double)waited_ns / 1e9;
}

Usage usage_of(const int *pids, int count)
{
    Usage sum = {0};
    for (int i = 0; i < count; i++) {
        add_cpu(&sum, pids[i]);
        add_waited(&sum, pids[i]);
    }
    return sum;
}

static long resident_kib(int pid)
{
    char status[4096];
    long kib = 0;
    read_proc(pid, "status", status, sizeof status);
    const char *line = strstr(status, "VmRSS:");
    if (line)
        sscanf(line, "VmRSS: %ld", &kib);
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
