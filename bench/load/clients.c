#include "clients.h"

#include <stdlib.h>

#include "buffer.h"
#include "clock.h"
#include "connection.h"
#include "options.h"
#include "packets.h"

typedef struct {
    Connection connection; /* first, so that a pointer to it is one to its client */
    int joined;            /* namespaces; the client is up when it has joined all */
    uint32_t next_ack;
    uint64_t started_us;
} Client;

Counters counters;
int clients_up, clients_dead;
Histogram latencies;
bool measuring;

static Client *clients;
static int *senders, next_sender, started;

static int index_of(const Client *client)
{
    return (int)(client - clients);
}

static bool is_up(const Client *client)
{
    return client->joined == options.namespaces.count;
}

/* Consecutive clients take consecutive ports, so that rooms span the servers; or consecutive rooms do. */
static int port_of(int client)
{
    int turn = options.local_rooms ? room_of(client) : client;
    return options.ports.values[turn % options.ports.count];
}

static void shuffle(int *values, int count)
{
    for (int i = count - 1; i > 0; i--) {
        int other = (int)(random() % (i + 1)), value = values[i];
        values[i] = values[other];
        values[other] = value;
    }
}

void clients_create(void)
{
    connections_create();
    clients = allocate((size_t)options.clients, sizeof *clients);
    senders = allocate((size_t)options.clients, sizeof *senders);
    for (int i = 0; i < options.clients; i++)
        senders[i] = i;
    if (options.senders == options.clients)
        shuffle(senders, options.clients);
}

void clients_reset(void)
{
    counters = (Counters){0};
    histogram_clear(&latencies);
}

void clients_start_more(void)
{
    while (started < options.clients && started - clients_up - clients_dead < options.concurrency) {
        Client *client = &clients[started];
        client->started_us = now_us();
        connection_start(&client->connection, port_of(started++));
    }
}

void clients_poll(uint64_t wait_us)
{
    uint64_t before_us = now_us();
    if (!connections_poll(wait_us))
        counters.idle_us += now_us() - before_us;
}

bool clients_send(uint64_t t_us)
{
    char packet[MAX_PACKET];
    for (int tried = 0; tried < options.senders; tried++) {
        Client *client = &clients[senders[next_sender++ % options.senders]];
        if (client->connection.state != OPEN)
            continue;
        connection_send(&client->connection, WS_TEXT, packet, write_event(packet, client->next_ack++, t_us));
        counters.sent++;
        return true;
    }
    return false;
}

void clients_shut_down(void)
{
    for (int i = 0; i < options.clients; i++)
        connection_shut_down(&clients[i].connection);
}

void clients_end(void)
{
    for (int i = 0; i < options.clients; i++)
        connection_reset(&clients[i].connection);
}

/* ---- what comes in ---- */

void on_dead(Connection *connection)
{
    if (is_up((Client *)connection))
        clients_up--;
    clients_dead++;
}

static void join_namespaces(Client *client)
{
    char packet[MAX_PACKET];
    for (int i = 0; i < options.namespaces.count; i++) {
        size_t length = write_connect(packet, index_of(client), options.namespaces.values[i]);
        connection_send(&client->connection, WS_TEXT, packet, length);
    }
}

static void on_joined(Client *client, uint64_t read_us)
{
    client->joined++;
    if (!is_up(client))
        return;
    clients_up++;
    if (measuring)
        histogram_add(&latencies, read_us - client->started_us);
}

static void on_returned(uint64_t *counter, uint64_t t_us, uint64_t read_us)
{
    ++*counter;
    if (measuring)
        histogram_add(&latencies, read_us > t_us ? read_us - t_us : 0);
}

static void on_refused(Client *client, const char *text, size_t length)
{
    counters.refused++;
    complain("refused", text, length);
    if (!is_up(client))
        connection_end(&client->connection);
}

static void on_packet(Client *client, const char *text, size_t length, uint64_t read_us)
{
    Packet packet = read_packet(text, length);
    switch (packet.kind) {
    case SESSION:
        join_namespaces(client);
        break;
    case PING:
        connection_send(&client->connection, WS_TEXT, "3", 1);
        break;
    case JOINED:
        on_joined(client, read_us);
        break;
    case DELIVERY:
        on_returned(&counters.delivered, packet.t_us, read_us);
        break;
    case ACK:
        on_returned(&counters.acked, packet.t_us, read_us);
        break;
    case REFUSAL:
        on_refused(client, text, length);
        break;
    case LEFT:
        complain("disconnected", text, length);
        connection_end(&client->connection);
        break;
    case OTHER:
        break;
    }
}

void on_frame(Connection *connection, const Frame *frame, uint64_t read_us)
{
    switch (frame->opcode) {
    case WS_TEXT:
        if (frame->compressed)
            counters.delivered++;
        else
            on_packet((Client *)connection, frame->payload, frame->length, read_us);
        break;
    case WS_PING:
        connection_send(connection, WS_PONG, frame->payload, frame->length);
        break;
    case WS_CLOSE:
        complain("closed", frame->payload + 2, frame->length > 2 ? frame->length - 2 : 0);
        connection_end(connection);
        break;
    default:
        break;
    }
}
