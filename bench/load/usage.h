/* What processes use: the servers under load, and this program itself. */
#ifndef USAGE_H
#define USAGE_H

#include <stdint.h>

typedef struct {
    double cpu_s, system_s; /* user and system time of all threads since the start; the part that is system time */
    double waited_s;        /* that the main thread was ready to run and others had its CPU */
} Usage;

/* The sum over those processes; one that has ended counts nothing. */
Usage usage_of(const int *pids, int count);
long resident_kib_of(const int *pids, int count);

double own_cpu_s(void);

#endif
