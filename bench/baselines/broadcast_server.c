/* The limit of one send() per message and client: a WebSocket server that knows just enough of Engine.IO 4 and
 * Socket.IO 5 for bench/load. It relays `msg` to the room named in the CONNECT packet and acks `echo`, without reading
 * any JSON: what came in goes out again, framed once. One thread, one epoll loop.
 *
 *     broadcast_server PORT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../load/buffer.h"
#include "../load/websocket.h"

enum { FILES_MAX = 65536, ROOM_NAME_MAX = 32, READ_SIZE = 1 << 18, READY_AT_ONCE = 1024, BACKLOG = 4096 };

/* The load generator always sends the example key of RFC 6455, so its answer is known too. */
static const char KEY[] = "dGhlIHNhbXBsZSBub25jZQ==";
static const char UPGRADED[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
static const char OPEN[] = "0{\"sid\":\"abcdefghijklmnopqrst\",\"upgrades\":[],\"pingInterval\":25000,"
                           "\"pingTimeout\":20000,\"maxPayload\":1000000}";

typedef struct {
    char name[ROOM_NAME_MAX];
    int *members, count, capacity; /* file descriptors */
} Room;

typedef struct {
    bool upgraded, wants_write;
    int room, place; /* -1, or which room and where among its members */
    Buffer in, out;
} Connection;

static Connection *connections[FILES_MAX]; /* by file descriptor */
static Room *rooms;
static int room_count, epoll;

/* ---- rooms ---- */

/* Rooms fill one after the other, so the one looked for is nearly always among the last. */
static int room_named(const char *name, size_t length)
{
    for (int i = room_count - 1; i >= 0; i--)
        if (!strncmp(rooms[i].name, name, length) && !rooms[i].name[length])
            return i;
    rooms = realloc(rooms, sizeof *rooms * (size_t)(room_count + 1));
    rooms[room_count] = (Room){0};
    memcpy(rooms[room_count].name, name, length);
    return room_count++;
}

static void join(int fd, int index)
{
    Room *room = &rooms[index];
    if (room->count == room->capacity) {
        room->capacity = room->capacity ? room->capacity * 2 : 8;
        room->members = realloc(room->members, sizeof *room->members * (size_t)room->capacity);
    }
    connections[fd]->room = index;
    connections[fd]->place = room->count;
    room->members[room->count++] = fd;
}

static void leave(const Connection *connection)
{
    Room *room = &rooms[connection->room];
    int last = room->members[--room->count];
    room->members[connection->place] = last;
    connections[last]->place = connection->place;
}

/* ---- bytes out ---- */

static void watch(int fd, int operation)
{
    uint32_t events = EPOLLIN | (connections[fd]->wants_write ? EPOLLOUT : 0u);
    struct epoll_event event = {.events = events, .data.fd = fd};
    epoll_ctl(epoll, operation, fd, &event);
}

static void want_write(int fd, bool wants)
{
    if (connections[fd]->wants_write == wants)
        return;
    connections[fd]->wants_write = wants;
    watch(fd, EPOLL_CTL_MOD);
}

/* Bytes that the socket took. A dead one takes none; reading from it will tell. */
static size_t push(int fd, const char *bytes, size_t length)
{
    ssize_t taken = send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
    return taken < 0 ? 0 : (size_t)taken;
}

static void transmit(int fd, const char *bytes, size_t length)
{
    Connection *connection = connections[fd];
    size_t taken = connection->out.length ? 0 : push(fd, bytes, length);
    if (taken == length)
        return;
    buffer_append(&connection->out, bytes + taken, length - taken);
    want_write(fd, true);
}

static void flush(int fd)
{
    Buffer *out = &connections[fd]->out;
    buffer_drop(out, push(fd, out->data, out->length));
    want_write(fd, out->length > 0);
}

static void send_text(int fd, const char *text, size_t length)
{
    char frame[WS_MAX_PAYLOAD + WS_MAX_HEADER];
    transmit(fd, frame, frame_write(frame, WS_TEXT, text, length, false));
}

/* ---- packets in ---- */

/* A packet is its two digits, a namespace and a comma, perhaps an ack id, and JSON: the offset behind the comma. */
static size_t after_namespace(const char *packet, size_t length)
{
    const char *comma = length > 2 && packet[2] == '/' ? memchr(packet, ',', length) : NULL;
    return comma ? (size_t)(comma - packet) + 1 : 2;
}

static void on_connect(int fd, const char *packet, size_t length)
{
    static const char field[] = "\"room\":\"", answer[] = "{\"sid\":\"abcdefghijklmnopqrst\"}";
    char accepted[256];
    const char *name = memmem(packet, length, field, sizeof field - 1);
    size_t prefix = after_namespace(packet, length);
    if (name) {
        name += sizeof field - 1;
        const char *end = memchr(name, '"', length - (size_t)(name - packet));
        if (end && end - name < ROOM_NAME_MAX && connections[fd]->room < 0)
            join(fd, room_named(name, (size_t)(end - name)));
    }
    if (prefix + sizeof answer > sizeof accepted)
        return;
    memcpy(accepted, packet, prefix);
    memcpy(accepted + prefix, answer, sizeof answer);
    send_text(fd, accepted, prefix + sizeof answer - 1);
}

static void relay(int fd, const char *packet, size_t length)
{
    char frame[WS_MAX_PAYLOAD + WS_MAX_HEADER];
    if (connections[fd]->room < 0)
        return;
    size_t size = frame_write(frame, WS_TEXT, packet, length, false);
    const Room *room = &rooms[connections[fd]->room];
    for (int i = room->count - 1; i >= 0; i--)
        transmit(room->members[i], frame, size);
}

/* 42/bench,7["echo",{...}] becomes 43/bench,7[{...}]. */
static void acknowledge(int fd, const char *packet, size_t length, const char *list)
{
    char ack[WS_MAX_PAYLOAD];
    size_t head = (size_t)(list - packet) + 1;
    const char *comma = memchr(list, ',', length - head + 1);
    if (!comma)
        return;
    size_t rest = length - (size_t)(comma + 1 - packet);
    memcpy(ack, packet, head);
    ack[1] = '3';
    memcpy(ack + head, comma + 1, rest);
    send_text(fd, ack, head + rest);
}

static void on_event(int fd, const char *packet, size_t length)
{
    size_t at = after_namespace(packet, length);
    const char *list = memchr(packet + at, '[', length - at);
    if (list == packet + at)
        relay(fd, packet, length);
    else if (list)
        acknowledge(fd, packet, length, list);
}

static void on_packet(int fd, const char *packet, size_t length)
{
    if (length < 2 || length > WS_MAX_PAYLOAD || packet[0] != '4')
        return;
    if (packet[1] == '0')
        on_connect(fd, packet, length);
    else if (packet[1] == '2')
        on_event(fd, packet, length);
}

/* ---- connections ---- */

static void end(int fd)
{
    Connection *connection = connections[fd];
    if (connection->room >= 0)
        leave(connection);
    buffer_free(&connection->in);
    buffer_free(&connection->out);
    free(connection);
    connections[fd] = NULL;
    close(fd);
}

/* Length of the upgrade request, 0 while it is incomplete or not one of bench/load. */
static size_t on_upgrade(int fd, const char *bytes, size_t available)
{
    const char *last = memmem(bytes, available, "\r\n\r\n", 4);
    if (!last || !memmem(bytes, available, KEY, sizeof KEY - 1))
        return 0;
    connections[fd]->upgraded = true;
    transmit(fd, UPGRADED, sizeof UPGRADED - 1);
    send_text(fd, OPEN, sizeof OPEN - 1);
    return (size_t)(last - bytes) + 4;
}

/* Handles all complete frames and returns their length; the connection may have ended then. */
static size_t consume(int fd, char *bytes, size_t available)
{
    size_t used = connections[fd]->upgraded ? 0 : on_upgrade(fd, bytes, available);
    size_t length;
    Frame frame;
    while (connections[fd] && connections[fd]->upgraded
           && (length = frame_read(bytes + used, available - used, &frame))) {
        used += length;
        if (frame.opcode == WS_TEXT)
            on_packet(fd, frame.payload, frame.length);
        else if (frame.opcode == WS_CLOSE)
            end(fd);
    }
    return used;
}

static void read_some(int fd)
{
    static char bytes[READ_SIZE];
    Buffer *in = &connections[fd]->in;
    size_t kept = in->length;
    ssize_t got = recv(fd, bytes + kept, sizeof bytes - kept, MSG_DONTWAIT);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        end(fd);
        return;
    }
    if (kept)
        memcpy(bytes, in->data, kept);
    size_t available = kept + (size_t)got, used = consume(fd, bytes, available);
    if (!connections[fd])
        return;
    in->length = 0;
    if (used < available)
        buffer_append(in, bytes + used, available - used);
}

static void accept_all(int listener)
{
    int fd, yes = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= FILES_MAX) {
            close(fd);
            continue;
        }
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        connections[fd] = allocate(1, sizeof **connections);
        connections[fd]->room = -1;
        watch(fd, EPOLL_CTL_ADD);
    }
}

static int listen_on(int port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) || listen(fd, BACKLOG)) {
        perror("listen");
        exit(1);
    }
    return fd;
}

static void on_ready(int fd, uint32_t events)
{
    if (connections[fd] && events & EPOLLOUT)
        flush(fd);
    if (connections[fd] && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
        read_some(fd);
}

int main(int count, char **words)
{
    static struct epoll_event ready[READY_AT_ONCE];
    int listener = listen_on(count > 1 ? atoi(words[1]) : 0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};
    epoll = epoll_create1(0);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int got = epoll_wait(epoll, ready, READY_AT_ONCE, -1);
        for (int i = 0; i < got; i++) {
            if (ready[i].data.fd == listener)
                accept_all(listener);
            else
                on_ready(ready[i].data.fd, ready[i].events);
        }
    }
}
