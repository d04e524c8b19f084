/* The texts of Engine.IO 4 and Socket.IO 5 that a client writes and reads. */
#ifndef PACKETS_H
#define PACKETS_H

#include <stddef.h>
#include <stdint.h>

enum { MAX_PACKET = 8192 };

typedef enum {
    SESSION,  /* the connection's session begins */
    PING,     /* to be answered with a pong */
    JOINED,   /* CONNECT of a namespace accepted */
    DELIVERY, /* a `msg` event */
    ACK,      /* an ack that holds the echoed event */
    REFUSAL,  /* a CONNECT_ERROR, or an ack without the event */
    LEFT,     /* the server ended a namespace, or the connection */
    OTHER     /* an event of the server's own, such as `hello` */
} PacketKind;

typedef struct {
    PacketKind kind;
    uint64_t t_us; /* field `t` of a DELIVERY or ACK */
} Packet;

Packet read_packet(const char *text, size_t length);

int room_of(int client);

/* Each of these writes up to MAX_PACKET bytes and returns their number. */
size_t write_upgrade(char *out, int port);
size_t write_connect(char *out, int client, const char *namespace);
size_t write_event(char *out, uint32_t ack, uint64_t t_us);

/* Reads the file of tokens; ends the program when there is none in it. */
void tokens_load(const char *path);

#endif
