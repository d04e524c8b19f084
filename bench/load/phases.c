#include "phases.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clients.h"
#include "clock.h"
#include "options.h"
#include "usage.h"

/* Limits in seconds: no phase may wait for ever on a server that has given up. */
static const double CONNECT_STALL_S = 20, STALL_S = 5, DRAIN_S = 10, DRAIN_STALL_S = 3, BEHIND_S = 2, QUIET_S = 2;
static const double ENOUGH_UP = 0.99, ENOUGH_DELIVERED = 0.97;
static const double OPEN_SETTLE_S = 1, RAMP_SETTLE_S = 0.7;
static const double QUIET_CPU = 0.1, TICK_S = 0.011;
static const uint64_t POLL_US = 1000, LOOK_EVERY_US = 250000;
enum { BURST = 64, RAMP_STEPS = 40 };

/* The measured part of a phase: what had been used and done when it began. */
typedef struct {
    uint64_t began_us;
    Counters counters;
    Usage server;
    double own_cpu_s;
} Window;

static uint64_t after(uint64_t us, double seconds)
{
    return us + (uint64_t)(seconds * 1e6);
}

static double seconds_since(uint64_t us)
{
    return (double)(now_us() - us) / 1e6;
}

static Usage server_usage(void)
{
    return usage_of(options.pids.values, options.pids.count);
}

static long server_resident_kib(void)
{
    return resident_kib_of(options.pids.values, options.pids.count);
}

static uint64_t done_in(const Counters *all)
{
    return options.ack ? all->acked : all->delivered;
}

/* Deliveries, or acks, that a message causes. */
static uint64_t per_message(void)
{
    return options.ack ? 1 : (uint64_t)options.room_size;
}

static Window window_open(void)
{
    histogram_clear(&latencies);
    measuring = true;
    return (Window){now_us(), counters, server_usage(), own_cpu_s()};
}

/* Prints the line of a phase; `more`, a format, adds fields of its own. Returns deliveries per second. */
__attribute__((format(printf, 3, 4))) static double report(const char *phase, const Window *from, const char *more, ...)
{
    measuring = false;
    Usage used = server_usage();
    double secs = seconds_since(from->began_us), cpu_s = used.cpu_s - from->server.cpu_s;
    uint64_t done = done_in(&counters) - done_in(&from->counters);
    double idle_s = (double)(counters.idle_us - from->counters.idle_us) / 1e6;
    printf("{\"label\": \"%s\", \"phase\": \"%s\", \"clients\": %d, \"room_size\": %d, \"secs\": %.3f", options.label,
           phase, options.clients, options.room_size, secs);
    printf(", \"sent\": %lu, \"done\": %lu, \"refused\": %lu, \"dead\": %d", counters.sent - from->counters.sent, done,
           counters.refused - from->counters.refused, clients_dead);
    printf(", \"done_s\": %.1f, \"done_per_cpu_s\": %.1f", (double)done / secs, cpu_s > 0 ? (double)done / cpu_s : 0);
    printf(", \"p50_us\": %lu, \"p90_us\": %lu, \"p99_us\": %lu, \"p999_us\": %lu, \"max_us\": %lu, \"mean_us\": %.1f",
           histogram_percentile(&latencies, 50), histogram_percentile(&latencies, 90),
           histogram_percentile(&latencies, 99), histogram_percentile(&latencies, 99.9), latencies.max,
           histogram_mean(&latencies));
    /* These five are shares of the time. */
    printf(", \"server_cpu\": %.4f, \"server_system\": %.4f, \"server_waited\": %.3f", cpu_s / secs,
           (used.system_s - from->server.system_s) / secs, (used.waited_s - from->server.waited_s) / secs);
    printf(", \"own_cpu\": %.3f, \"own_busy\": %.3f", (own_cpu_s() - from->own_cpu_s) / secs, 1 - idle_s / secs);
    printf(", \"server_cpu_s\": %.2f, \"resident_kib\": %ld", cpu_s, server_resident_kib());
    va_list arguments;
    va_start(arguments, more);
    vprintf(more, arguments);
    va_end(arguments);
    puts("}");
    fflush(stdout);
    return (double)done / secs;
}

/* ---- connect and idle ---- */

static long resident_before_kib;

static double kib_per_client(void)
{
    return (double)(server_resident_kib() - resident_before_kib) / options.clients;
}

bool phase_connect(void)
{
    resident_before_kib = server_resident_kib();
    Window window = window_open();
    int last_up = 0;
    uint64_t progress_us = now_us();
    while (clients_up + clients_dead < options.clients && seconds_since(progress_us) < CONNECT_STALL_S) {
        clients_start_more();
        clients_poll(options.sleep ? POLL_US : 0);
        if (clients_up != last_up)
            progress_us = now_us();
        last_up = clients_up;
    }
    double cpu_s = server_usage().cpu_s - window.server.cpu_s, secs = seconds_since(window.began_us);
    report("connect", &window, ", \"up\": %d, \"up_s\": %.1f, \"up_per_cpu_s\": %.1f, \"kib_per_client\": %.2f",
           clients_up, clients_up / secs, cpu_s > 0 ? clients_up / cpu_s : 0, kib_per_client());
    if (clients_up < options.clients)
        fprintf(stderr, "%s: only %d of %d clients came up\n", options.label, clients_up, options.clients);
    return clients_up >= ENOUGH_UP * options.clients;
}

static void phase_idle(void)
{
    clients_reset();
    Window window = window_open();
    while (seconds_since(window.began_us) < options.idle_s)
        clients_poll(10 * POLL_US);
    report("idle", &window, ", \"up\": %d, \"kib_per_client\": %.2f", clients_up, kib_per_client());
}

/* ---- messages ---- */

/* Waits for what is still under way, so that no phase counts the deliveries of another. */
static void drain(void)
{
    uint64_t began_us = now_us(), progress_us = began_us, last = 0;
    while (done_in(&counters) < counters.sent * per_message() && seconds_since(began_us) < DRAIN_S
           && seconds_since(progress_us) < DRAIN_STALL_S) {
        clients_poll(POLL_US);
        if (done_in(&counters) != last)
            progress_us = now_us();
        last = done_in(&counters);
    }
}

/* Most are lost: what would still be measured means nothing. */
static bool hopeless(void)
{
    return clients_dead > options.clients / 2;
}

/* Closed loop: as soon as one of `window` messages has reached everybody the next is sent. Deliveries per second. */
static double phase_saturated(void)
{
    clients_reset();
    uint64_t in_window = (uint64_t)(options.window - 1) * per_message() + 1;
    uint64_t now = now_us(), warm_us = after(now, options.warm_s), end_us = after(warm_us, options.saturate_s);
    uint64_t last = 0, progress_us = now;
    bool stalled = false;
    Window window = {0};
    for (; now < end_us && !stalled && !hopeless(); now = now_us()) {
        if (!window.began_us && now >= warm_us)
            window = window_open();
        while (counters.sent * per_message() < done_in(&counters) + in_window && clients_send(now_us()))
            continue;
        clients_poll(options.sleep ? POLL_US : 0);
        if (done_in(&counters) != last)
            progress_us = now;
        last = done_in(&counters);
        stalled = now > after(progress_us, STALL_S);
    }
    if (!window.began_us)
        window = window_open();
    double rate = report("saturated", &window, ", \"stalled\": %s", stalled || hopeless() ? "true" : "false");
    drain();
    return rate;
}

/* Sends whatever is due by `now`, at its own time however late it is; the time of the next message. */
static double send_due(double due_us, double interval_us, uint64_t now)
{
    for (int sent = 0; due_us <= (double)now && sent < BURST && clients_send((uint64_t)due_us); sent++)
        due_us += interval_us;
    return due_us;
}

static uint64_t wait_until(double due_us)
{
    double wait_us = due_us - (double)now_us();
    if (!options.sleep || wait_us <= 0)
        return 0;
    return wait_us < (double)POLL_US ? (uint64_t)wait_us : POLL_US;
}

static bool too_far_behind(double rate)
{
    double missing = (double)(counters.sent * per_message()) - (double)done_in(&counters);
    return missing > BEHIND_S * rate * (double)per_message() + 100000;
}

/* Open loop: messages go out by the clock, and latency counts from when they were due. Whether the server kept up. */
static bool phase_open(const char *phase, double rate, double settle_s, double measure_s)
{
    clients_reset();
    uint64_t now = now_us(), settled_us = after(now, settle_s), end_us = after(settled_us, measure_s);
    double due_us = (double)now, interval_us = 1e6 / rate, offered = rate * (double)per_message();
    bool kept_up = true;
    Window window = {0};
    for (; now < end_us && kept_up; now = now_us()) {
        if (!window.began_us && now >= settled_us)
            window = window_open();
        due_us = send_due(due_us, interval_us, now);
        clients_poll(wait_until(due_us));
        kept_up = !too_far_behind(rate) && !hopeless();
    }
    if (!window.began_us)
        window = window_open();
    double done_s = (double)(done_in(&counters) - done_in(&window.counters)) / seconds_since(window.began_us);
    uint64_t p99_us = histogram_percentile(&latencies, 99);
    kept_up = kept_up && done_s >= ENOUGH_DELIVERED * offered;
    report(phase, &window, ", \"offered_s\": %.1f, \"kept_up\": %s", offered, kept_up ? "true" : "false");
    drain();
    return kept_up && (double)p99_us <= options.ramp_limit_us && !clients_dead;
}

/* Open loops, each faster than the one before, until two in a row are too much for the server. */
static void phase_ramp(double saturated)
{
    double rate = saturated / (double)per_message() * options.ramp_from, best = 0;
    for (int step = 0, failures = 0; step < RAMP_STEPS && failures < 2; step++) {
        if (phase_open("ramp", rate, RAMP_SETTLE_S, options.ramp_s)) {
            best = rate;
            rate *= options.ramp_step;
            failures = 0;
        } else {
            failures++;
        }
    }
    printf("{\"label\": \"%s\", \"phase\": \"ramp_best\", \"offered_s\": %.1f}\n", options.label,
           best * (double)per_message());
    fflush(stdout);
}

/* ---- close ---- */

/* The server is quiet when it has used less than a tenth of its CPU for QUIET_S; a tick is the least that is counted. */
static void phase_close(void)
{
    clients_reset();
    Window window = window_open();
    clients_shut_down();
    uint64_t busy_us = window.began_us, looked_us = window.began_us;
    double cpu_s = window.server.cpu_s;
    while (seconds_since(window.began_us) < options.close_s && seconds_since(busy_us) < QUIET_S) {
        usleep(LOOK_EVERY_US);
        double used_s = server_usage().cpu_s - cpu_s;
        if (used_s > QUIET_CPU * seconds_since(looked_us) + TICK_S)
            busy_us = now_us();
        cpu_s += used_s;
        looked_us = now_us();
    }
    report("close", &window, ", \"began_s\": %.3f, \"quiet_s\": %.2f", (double)window.began_us / 1e6,
           (double)(busy_us - window.began_us) / 1e6);
}

void phases_run(void)
{
    double saturated = 0;
    if (options.idle_s > 0)
        phase_idle();
    if (options.saturate_s > 0)
        saturated = phase_saturated();
    if (options.half_s > 0 && saturated > 0)
        phase_open("open", saturated / (double)per_message() * options.half_percent / 100, OPEN_SETTLE_S, options.half_s);
    if (options.rate > 0)
        phase_open("open", options.rate, OPEN_SETTLE_S, options.rate_s);
    if (options.ramp_s > 0 && saturated > 0)
        phase_ramp(saturated);
    if (options.close_s > 0)
        phase_close();
}
