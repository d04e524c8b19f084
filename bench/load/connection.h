/* WebSocket connections to 127.0.0.1, driven by one epoll loop. A zeroed Connection is one not yet started. */
#ifndef CONNECTION_H
#define CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "websocket.h"

typedef struct {
    int fd, port;
    enum { NEW, CONNECTING, UPGRADING, OPEN, DEAD } state;
    bool wants_write;
    Buffer in, out; /* an incomplete frame; what the socket did not take */
} Connection;

/* What the owner of the connections is told. */
void on_frame(Connection *connection, const Frame *frame, uint64_t read_us);
void on_dead(Connection *connection);

void connections_create(void);

/* Handles what is ready, waiting for it up to `wait_us`; whether anything was. */
bool connections_poll(uint64_t wait_us);

void connection_start(Connection *connection, int port);
void connection_send(Connection *connection, int opcode, const char *payload, size_t length);
void connection_end(Connection *connection);

/* Says FIN and goes on reading. */
void connection_shut_down(Connection *connection);

/* Ends it with a reset, so that its port does not stay taken for a minute. */
void connection_reset(Connection *connection);

/* Prints what is wrong, the first few times: a broken server would fill the terminal. */
void complain(const char *what, const char *text, size_t length);

#endif
