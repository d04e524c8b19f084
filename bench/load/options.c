#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Options options = {
    .label = "",
    .auth = "{\"room\":\"r%d\"}",
    .path = "/socket.io/?EIO=4&transport=websocket",
    .clients = 100,
    .concurrency = 64,
    .pad = 32,
    .window = 4,
    .warm_s = 2,
    .half_percent = 50,
    .rate_s = 5,
    .ramp_from = 0.5,
    .ramp_step = 1.1,
    .ramp_limit_us = 100000,
};

typedef enum { FLAG, INTEGER, NUMBER, TEXT, INTEGERS, TEXTS } Kind;

typedef struct {
    const char *name;
    Kind kind;
    void *target;
    const char *help;
} Option;

static const Option TABLE[] = {
    {"--ports", INTEGERS, &options.ports, "P,...  on 127.0.0.1; client i takes port i mod their number"},
    {"--pids", INTEGERS, &options.pids, "P,...  server processes whose CPU and memory are counted"},
    {"--label", TEXT, &options.label, "NAME  repeated in every line of output"},
    {"--namespaces", TEXTS, &options.namespaces, "NS,...  each client joins all; events go over the first (/)"},
    {"--auth", TEXT, &options.auth, "JSON  sent with CONNECT; %d is the client's room, %s its token ({\"room\":\"r%d\"})"},
    {"--tokens", TEXT, &options.token_file, "FILE  a token per line; client i takes line i mod their number"},
    {"--path", TEXT, &options.path, "PATH  of the upgrade request"},
    {"--clients", INTEGER, &options.clients, "N  connections (100)"},
    {"--room-size", INTEGER, &options.room_size, "N  clients in a room; 0: all are in one (0)"},
    {"--local-rooms", FLAG, &options.local_rooms, "put all clients of a room on one port instead of spreading them"},
    {"--ack", FLAG, &options.ack, "send `echo` and count acks, instead of `msg` and its deliveries"},
    {"--senders", INTEGER, &options.senders, "N  clients that send in turn (1 in a single room, else all)"},
    {"--concurrency", INTEGER, &options.concurrency, "N  handshakes under way at once (64)"},
    {"--pad", INTEGER, &options.pad, "BYTES  of filling in an event (32)"},
    {"--window", INTEGER, &options.window, "N  messages outstanding in the closed loop (4)"},
    {"--deflate", FLAG, &options.deflate, "offer permessage-deflate; compressed frames are counted unread"},
    {"--sleep", FLAG, &options.sleep, "wait in the kernel instead of spinning: for a CPU shared with others"},
    {"--warm", NUMBER, &options.warm_s, "S  of a closed loop before it is measured (2)"},
    {"--idle", NUMBER, &options.idle_s, "S  phase `idle`: only answer heartbeats"},
    {"--saturate", NUMBER, &options.saturate_s, "S  phase `saturated`: closed loop"},
    {"--half", NUMBER, &options.half_s, "S  phase `open`: open loop at a share of the saturated throughput"},
    {"--half-percent", NUMBER, &options.half_percent, "P  that share (50)"},
    {"--rate", NUMBER, &options.rate, "R  phase `open`: open loop at R messages per second"},
    {"--rate-for", NUMBER, &options.rate_s, "S  so long (5)"},
    {"--ramp", NUMBER, &options.ramp_s, "S  phases `ramp`: open loops of S seconds, each faster, until two fail"},
    {"--ramp-from", NUMBER, &options.ramp_from, "X  first rate as a share of the saturated throughput (0.5)"},
    {"--ramp-step", NUMBER, &options.ramp_step, "X  factor between two rates (1.1)"},
    {"--ramp-limit", NUMBER, &options.ramp_limit_us, "US  a p99 above this fails (100000)"},
    {"--close", NUMBER, &options.close_s, "S  phase `close`: end all at once, wait up to S for an idle server"},
};

enum { TABLE_SIZE = sizeof TABLE / sizeof *TABLE };

static void print_help(void)
{
    puts("Puts a load on Socket.IO servers (protocol 5, websocket only); prints a line of JSON for each phase.\n");
    for (int i = 0; i < TABLE_SIZE; i++)
        printf("  %-15s %s\n", TABLE[i].name, TABLE[i].help);
}

static void refuse(const char *complaint, const char *word)
{
    fprintf(stderr, "%s%s; see --help\n", complaint, word);
    exit(2);
}

/* Only %d and %s stand for something, so that every other `%` is a mistake. */
static bool is_auth_template(const char *text)
{
    for (; *text; text++)
        if (*text == '%' && *++text != 'd' && *text != 's')
            return false;
    return true;
}

static const Option *option_named(const char *name)
{
    for (int i = 0; i < TABLE_SIZE; i++)
        if (!strcmp(TABLE[i].name, name))
            return &TABLE[i];
    refuse("unknown option ", name);
    return NULL;
}

static double number_in(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end)
        refuse("not a number: ", text);
    return value;
}

static void set_list(const Option *option, char *text)
{
    for (char *item = strtok(text, ","); item; item = strtok(NULL, ",")) {
        int *count = option->kind == TEXTS ? &((Texts *)option->target)->count : &((Integers *)option->target)->count;
        if (*count == MAX_LIST)
            refuse("too long a list: ", option->name);
        if (option->kind == TEXTS)
            ((Texts *)option->target)->values[(*count)++] = item;
        else
            ((Integers *)option->target)->values[(*count)++] = (int)number_in(item);
    }
}

static void set(const Option *option, char *text)
{
    switch (option->kind) {
    case FLAG:
        *(bool *)option->target = true;
        break;
    case INTEGER:
        *(int *)option->target = (int)number_in(text);
        break;
    case NUMBER:
        *(double *)option->target = number_in(text);
        break;
    case TEXT:
        *(char **)option->target = text;
        break;
    case INTEGERS:
    case TEXTS:
        set_list(option, text);
        break;
    }
}

void options_parse(int count, char **words)
{
    for (int i = 1; i < count; i++) {
        if (!strcmp(words[i], "--help")) {
            print_help();
            exit(0);
        }
        const Option *option = option_named(words[i]);
        if (option->kind != FLAG && ++i == count)
            refuse("no value for ", option->name);
        set(option, words[i]);
    }
    if (!options.ports.count)
        refuse("missing: ", "--ports");
    if (options.clients < 1 || options.room_size < 0 || options.window < 1 || options.concurrency < 1)
        refuse("too small: ", "--clients, --room-size, --window or --concurrency");
    if (options.pad < 0 || options.pad > MAX_PAD)
        refuse("out of range: ", "--pad");
    if (!is_auth_template(options.auth))
        refuse("neither %d nor %s in --auth: ", options.auth);
    if (strstr(options.auth, "%s") && !options.token_file)
        refuse("missing for the %s in --auth: ", "--tokens");
    if (!options.namespaces.count)
        options.namespaces.values[options.namespaces.count++] = "/";
    if (!options.room_size || options.room_size > options.clients)
        options.room_size = options.clients;
    if (!options.senders || options.senders > options.clients)
        options.senders = !options.ack && options.room_size == options.clients ? 1 : options.clients;
}
