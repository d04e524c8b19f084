#define _GNU_SOURCE
#include "packets.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"

/* The field `t` stands near the start of every event of ours: a long one need not be searched to its end. */
enum { T_WITHIN = 400, TOKENS_MAX = 20000 };

static char *tokens[TOKENS_MAX];
static int token_count;

/* ---- writing ---- */

int room_of(int client)
{
    return client / options.room_size;
}

void tokens_load(const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    while (file && token_count < TOKENS_MAX && getline(&line, &size, file) > 0) {
        line[strcspn(line, "\r\n")] = 0;
        if (*line)
            tokens[token_count++] = strdup(line);
    }
    if (!token_count) {
        fprintf(stderr, "no tokens in %s\n", path);
        exit(2);
    }
    free(line);
    fclose(file);
}

/* Ends the program rather than send something cut short. */
static size_t checked(int length)
{
    if (length < 0 || length >= MAX_PACKET) {
        fputs("a packet would be too long\n", stderr);
        exit(2);
    }
    return (size_t)length;
}

size_t write_upgrade(char *out, int port)
{
    /* The key is the example of RFC 6455; bench/baselines/broadcast_server.c knows no other. */
    return checked(snprintf(out, MAX_PACKET,
                            "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
                            options.path, port,
                            options.deflate ? "Sec-WebSocket-Extensions: permessage-deflate\r\n" : ""));
}

/* The root namespace is not named in packets; others are, with a comma behind them. */
static bool is_root(const char *namespace)
{
    return !strcmp(namespace, "/");
}

size_t write_connect(char *out, int client, const char *namespace)
{
    size_t at = checked(snprintf(out, MAX_PACKET, is_root(namespace) ? "40" : "40%s,", namespace));
    for (const char *from = options.auth; *from; from++) {
        int length;
        if (!strncmp(from, "%d", 2))
            length = snprintf(out + at, MAX_PACKET - at, "%d", room_of(client));
        else if (!strncmp(from, "%s", 2))
            length = snprintf(out + at, MAX_PACKET - at, "%s", tokens[client % token_count]);
        else
            length = snprintf(out + at, MAX_PACKET - at, "%c", *from);
        if (*from == '%')
            from++;
        at = checked((int)at + length);
    }
    return at;
}

size_t write_event(char *out, uint32_t ack, uint64_t t_us)
{
    static const char padding[MAX_PAD + 1] = {[0 ... MAX_PAD - 1] = 'x'};
    const char *namespace = options.namespaces.values[0];
    char id[16] = "";
    if (options.ack)
        snprintf(id, sizeof id, "%u", ack);
    return checked(snprintf(out, MAX_PACKET,
                            "42%s%s%s[\"%s\",{\"t\":%llu,\"k\":\"move\",\"p\":[12.5,99.25,0.75],\"d\":\"%.*s\"}]",
                            is_root(namespace) ? "" : namespace, is_root(namespace) ? "" : ",", id,
                            options.ack ? "echo" : "msg", (unsigned long long)t_us, options.pad, padding));
}

/* ---- reading ---- */

static bool starts_with(const char *text, size_t length, const char *prefix)
{
    size_t size = strlen(prefix);
    return length >= size && !memcmp(text, prefix, size);
}

/* The microseconds behind the first `"t":`; 0 when there are none. */
static uint64_t sent_at(const char *text, size_t length)
{
    const char *end = text + length;
    const char *at = memmem(text, length < T_WITHIN ? length : T_WITHIN, "\"t\":", 4);
    uint64_t value = 0;
    if (!at)
        return 0;
    for (at += 4; at < end && *at >= '0' && *at <= '9'; at++)
        value = value * 10 + (uint64_t)(*at - '0');
    return value;
}

/* Skips the namespace and the ack id, which stand between a packet's type and its JSON. */
static size_t json_at(const char *text, size_t length)
{
    size_t at = 2;
    if (at < length && text[at] == '/') {
        const char *comma = memchr(text, ',', length);
        at = comma ? (size_t)(comma - text) + 1 : length;
    }
    while (at < length && text[at] >= '0' && text[at] <= '9')
        at++;
    return at;
}

static Packet read_message(const char *text, size_t length)
{
    size_t at;
    Packet packet = {OTHER, 0};
    switch (length > 1 ? text[1] : 0) {
    case '0':
        packet.kind = JOINED;
        break;
    case '1':
        packet.kind = LEFT;
        break;
    case '2':
        at = json_at(text, length);
        if (starts_with(text + at, length - at, "[\"msg\",")) {
            packet.kind = DELIVERY;
            packet.t_us = sent_at(text + at, length - at);
        }
        break;
    case '3':
        packet.t_us = sent_at(text, length);
        packet.kind = packet.t_us ? ACK : REFUSAL;
        break;
    case '4':
        packet.kind = REFUSAL;
        break;
    default:
        break;
    }
    return packet;
}

Packet read_packet(const char *text, size_t length)
{
    switch (length ? text[0] : 0) {
    case '0':
        return (Packet){SESSION, 0};
    case '1':
        return (Packet){LEFT, 0};
    case '2':
        return (Packet){PING, 0};
    case '4':
        return read_message(text, length);
    default:
        return (Packet){OTHER, 0};
    }
}
