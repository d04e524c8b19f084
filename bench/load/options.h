/* The command line. `load --help` prints what each option means. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

enum { MAX_LIST = 32, MAX_PAD = 4096 };

typedef struct {
    int values[MAX_LIST], count;
} Integers;

typedef struct {
    char *values[MAX_LIST];
    int count;
} Texts;

typedef struct {
    Integers ports, pids;
    Texts namespaces;
    char *label, *auth, *token_file, *path;
    int clients, room_size, senders, concurrency, pad, window;
    bool ack, local_rooms, deflate, sleep;
    double warm_s, idle_s, saturate_s, half_s, half_percent, rate, rate_s, close_s;
    double ramp_s, ramp_from, ramp_step, ramp_limit_us;
} Options;

/* Filled by options_parse(), constant afterwards. */
extern Options options;

/* Ends the program with an explanation when the command line makes no sense. */
void options_parse(int count, char **words);

#endif
