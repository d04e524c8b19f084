/* The clients: connections that speak Engine.IO 4 and Socket.IO 5, and what they have sent and got. */
#ifndef CLIENTS_H
#define CLIENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "histogram.h"

/* What has happened since clients_reset(). */
typedef struct {
    uint64_t sent, delivered, acked; /* events of ours, deliveries of `msg`, acks of `echo` */
    uint64_t refused;                /* acks without the echo: errors */
    uint64_t idle_us;                /* time without anything to read */
} Counters;

extern Counters counters;
extern int clients_up, clients_dead;

/* Filled while `measuring`: time from scheduled sending to receipt, or from TCP connect to the last CONNECT ack. */
extern Histogram latencies;
extern bool measuring;

void clients_create(void);
void clients_reset(void);

/* Begins handshakes until as many are under way as may be. */
void clients_start_more(void);

/* Handles what is ready, waiting for it up to `wait_us`. */
void clients_poll(uint64_t wait_us);

/* Sends an event from the next sender; `t_us` is when it is due, and counts as its start. False when all are dead. */
bool clients_send(uint64_t t_us);

/* Says FIN on every connection, as when a whole region loses its network at once. */
void clients_shut_down(void);

void clients_end(void);

#endif
