#define _GNU_SOURCE
#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "packets.h"

enum { READ_SIZE = 1 << 18, READY_AT_ONCE = 2048, MAX_COMPLAINTS = 5, MAX_QUOTE = 200 };

static int epoll;

void complain(const char *what, const char *text, size_t length)
{
    static int complaints;
    if (complaints++ < MAX_COMPLAINTS)
        fprintf(stderr, "%s: %.*s\n", what, (int)(length < MAX_QUOTE ? length : MAX_QUOTE), text);
}

void connections_create(void)
{
    epoll = epoll_create1(0);
}

void connection_end(Connection *connection)
{
    if (connection->state == NEW || connection->state == DEAD)
        return;
    close(connection->fd);
    connection->state = DEAD;
    buffer_free(&connection->in);
    buffer_free(&connection->out);
    on_dead(connection);
}

void connection_shut_down(Connection *connection)
{
    if (connection->state == OPEN)
        shutdown(connection->fd, SHUT_WR);
}

void connection_reset(Connection *connection)
{
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    if (connection->state != NEW && connection->state != DEAD)
        setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    connection_end(connection);
}

/* ---- writing ---- */

static void watch(Connection *connection, int operation)
{
    uint32_t events = EPOLLIN | (connection->wants_write ? EPOLLOUT : 0u);
    struct epoll_event event = {.events = events, .data.ptr = connection};
    epoll_ctl(epoll, operation, connection->fd, &event);
}

static void want_write(Connection *connection, bool wants)
{
    if (connection->wants_write == wants)
        return;
    connection->wants_write = wants;
    watch(connection, EPOLL_CTL_MOD);
}

/* Bytes that the socket took; -1 when the connection is dead. */
static ssize_t push(Connection *connection, const char *bytes, size_t length)
{
    ssize_t taken = send(connection->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (taken >= 0)
        return taken;
    if (errno == EAGAIN)
        return 0;
    connection_end(connection);
    return -1;
}

static void transmit(Connection *connection, const char *bytes, size_t length)
{
    ssize_t taken = connection->out.length ? 0 : push(connection, bytes, length);
    if (taken < 0 || (size_t)taken == length)
        return;
    buffer_append(&connection->out, bytes + taken, length - (size_t)taken);
    want_write(connection, true);
}

static void flush(Connection *connection)
{
    ssize_t taken = push(connection, connection->out.data, connection->out.length);
    if (taken < 0)
        return;
    buffer_drop(&connection->out, (size_t)taken);
    want_write(connection, connection->out.length > 0);
}

void connection_send(Connection *connection, int opcode, const char *payload, size_t length)
{
    char frame[MAX_PACKET + WS_MAX_HEADER];
    if (connection->state == OPEN)
        transmit(connection, frame, frame_write(frame, opcode, payload, length, true));
}

/* ---- reading ---- */

/* Length of the answer to the upgrade request, 0 while it is incomplete. */
static size_t on_upgrade(Connection *connection, const char *bytes, size_t available)
{
    const char *last = memmem(bytes, available, "\r\n\r\n", 4);
    if (!last)
        return 0;
    if (memcmp(bytes, "HTTP/1.1 101", 12)) {
        complain("upgrade refused", bytes, available);
        connection_end(connection);
        return 0;
    }
    connection->state = OPEN;
    return (size_t)(last - bytes) + 4;
}

/* Handles all complete frames in `bytes` and returns their length; the connection may be dead then. */
static size_t consume(Connection *connection, char *bytes, size_t available)
{
    uint64_t read_us = now_us();
    size_t used = connection->state == UPGRADING ? on_upgrade(connection, bytes, available) : 0, length;
    Frame frame;
    while (connection->state == OPEN && (length = frame_read(bytes + used, available - used, &frame))) {
        used += length;
        on_frame(connection, &frame, read_us);
    }
    return used;
}

/* One read per turn: the others wait too. An incomplete frame is kept and put before what is read next. */
static void read_some(Connection *connection)
{
    static char bytes[READ_SIZE];
    size_t kept = connection->in.length;
    ssize_t got = recv(connection->fd, bytes + kept, sizeof bytes - kept, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        connection_end(connection);
        return;
    }
    if (kept)
        memcpy(bytes, connection->in.data, kept);
    size_t available = kept + (size_t)got, used = consume(connection, bytes, available);
    if (connection->state == DEAD)
        return;
    connection->in.length = 0;
    if (used < available)
        buffer_append(&connection->in, bytes + used, available - used);
}

/* ---- connecting ---- */

void connection_start(Connection *connection, int port)
{
    int yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (connection->fd < 0) {
        perror("socket");
        exit(1);
    }
    setsockopt(connection->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    connection->port = port;
    connection->state = CONNECTING;
    connection->wants_write = true;
    connect(connection->fd, (struct sockaddr *)&address, sizeof address); /* on_connected() reads how it went */
    watch(connection, EPOLL_CTL_ADD);
}

static void on_connected(Connection *connection)
{
    char request[MAX_PACKET];
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(connection->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        complain("connect", strerror(error), strlen(strerror(error)));
        connection_end(connection);
        return;
    }
    want_write(connection, false);
    connection->state = UPGRADING;
    transmit(connection, request, write_upgrade(request, connection->port));
}

static void on_ready(Connection *connection, uint32_t events)
{
    if (connection->state == CONNECTING) {
        on_connected(connection);
        return;
    }
    if (events & EPOLLOUT)
        flush(connection);
    if (connection->state != DEAD && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        read_some(connection);
}

bool connections_poll(uint64_t wait_us)
{
    static struct epoll_event ready[READY_AT_ONCE];
    struct timespec wait = {(time_t)(wait_us / 1000000), (long)(wait_us % 1000000) * 1000};
    int count = epoll_pwait2(epoll, ready, READY_AT_ONCE, &wait, NULL);
    for (int i = 0; i < count; i++) {
        Connection *connection = ready[i].data.ptr;
        if (connection->state != DEAD)
            on_ready(connection, ready[i].events);
    }
    return count > 0;
}
