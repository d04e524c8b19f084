/* WebSocket frames (RFC 6455), both directions. */
#ifndef WEBSOCKET_H
#define WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>

enum { WS_TEXT = 1, WS_CLOSE = 8, WS_PING = 9, WS_PONG = 10 };

/* No frame that is written here is longer: 16 bits of length, and at most so many bytes of header. */
enum { WS_MAX_PAYLOAD = 65535, WS_MAX_HEADER = 8 };

typedef struct {
    int opcode;
    bool compressed; /* by permessage-deflate: the payload cannot be read */
    char *payload;   /* inside the bytes that were parsed, and unmasked there */
    size_t length;
} Frame;

/* Writes a frame to `out`, masked as clients must or plain as servers must; returns its length in bytes. */
size_t frame_write(char *out, int opcode, const char *payload, size_t length, bool masked);

/* Reads the frame at the start of `in`; returns its length in bytes, 0 while it is incomplete. */
size_t frame_read(char *in, size_t available, Frame *frame);

#endif
