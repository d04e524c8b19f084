"""For each alert: series that make it fire, and when, and series that do not."""

from dataclasses import dataclass, field

Series = dict[str, str]
"""Values a minute apart in promtool's notation, by series: `0+94x30` rises by 94 from 0, 30 times."""


@dataclass(frozen=True)
class Case:
    """fires: what makes the alert fire by the minute `at`, but not yet at the minute `early`. silent: what does not.
    usual: what does not once it has gone on for hours.
    """

    alert: str
    fires: Series
    silent: tuple[Series, ...]
    at: int = 20
    early: int = 3
    usual: Series = field(default_factory=dict)


def http(status: str, per_minute: int) -> Series:
    return {f'maoga_http_seconds_count{{status="{status}",route="/api/v1/games"}}': f"0+{per_minute}x60"}


def events(outcome: str, per_minute: int) -> Series:
    return {f'maoga_events_in_total{{outcome="{outcome}",event="send"}}': f"0+{per_minute}x60"}


def histogram(name: str, labels: str = "", **below: int) -> Series:
    """100 observations a minute, so many of them below each bound; `_` stands for a point in bounds."""
    series = {f'{name}_bucket{{{labels}le="{bound[1:].replace("_", ".")}"}}': n for bound, n in below.items()}
    series[f'{name}_bucket{{{labels}le="+Inf"}}'] = 100
    return {key: f"0+{n}x60" for key, n in series.items()}


def logins(per_minute: int, minutes: int = 60) -> Series:
    return {
        'maoga_http_seconds_count{route="/api/v1/auth/login",status="401"}': f"0+{per_minute}x{minutes}",
    }


def tickets(*counts: int) -> Series:
    pool = 'maoga_pool_tickets{{game="apex",mode="ranked",instance="{}"}}'
    return {pool.format(n): f"{count}x60" for n, count in enumerate(counts)}


def matches(proposed: str, confirmed: str) -> Series:
    name = 'maoga_matches_total{{outcome="{}"}}'
    return {name.format("proposed"): f"0+{proposed}x60", name.format("confirmed"): f"0+{confirmed}x60"}


def calls(ok: int, failed: int) -> Series:
    name = 'maoga_game_source_calls_total{{outcome="{}"}}'
    return {name.format("ok"): f"0+{ok}x60", name.format("failed"): f"0+{failed}x60"}


def of_instance(values: dict[str, str], labels: str = "") -> Series:
    return {f'{name}{{job="maoga",instance="a"{labels}}}': value for name, value in values.items()}


JOBS = 'maoga_jobs{job="maoga",kind="mail",status="dead",instance="a"}'
DAY = 86_400

CASES = (
    Case("MaogaHttpErrors", http("200", 94) | http("503", 6), (http("200", 96) | http("503", 4), http("404", 100))),
    Case(
        "MaogaEventErrors",
        events("success", 94) | events("TIMEOUT", 6),
        (events("success", 96) | events("INTERNAL", 4), events("VALIDATION_ERROR", 100)),
    ),
    Case(
        "MaogaSlowHttp",
        histogram("maoga_http_seconds", _1=80, _2_5=90, _5=100),
        (histogram("maoga_http_seconds", _1=96, _2_5=97, _5=100),),
    ),
    Case(
        "MaogaSlowEvents",
        histogram("maoga_handler_seconds", 'event="enqueue",', _1=80, _2_5=90, _5=100),
        (
            histogram("maoga_handler_seconds", 'event="enqueue",', _1=96, _2_5=97, _5=100),
            histogram("maoga_handler_seconds", 'event="resume",', _1=0, _2_5=0, _5=100),
        ),
    ),
    Case(
        "MaogaSocketDrop",
        of_instance({"maoga_sockets": "1000x10 600x20"}),
        (of_instance({"maoga_sockets": "1000x10 800x20"}), of_instance({"maoga_sockets": "90x10 10x20"})),
        at=14,
        early=11,
    ),
    Case(
        "MaogaDeliveryLag",
        histogram("maoga_delivery_lag_seconds", _0_5=90, _1=95, _2_5=100),
        (histogram("maoga_delivery_lag_seconds", _0_5=99, _1=100, _2_5=100),),
    ),
    Case("MaogaLoginFailures", logins(120), (logins(30),), usual=logins(120, 500)),
    Case("MaogaQueueLong", tickets(3000, 2500), (tickets(4000, 900),), early=8),
    Case(
        "MaogaQueueWait",
        histogram("maoga_match_wait_seconds", _300=80, _600=100),
        (histogram("maoga_match_wait_seconds", _60=95, _300=97, _600=100),),
        at=30,
        early=8,
    ),
    Case("MaogaMatchSuccess", matches("2", "0.5"), (matches("2", "1.5"), matches("0.5", "0")), at=55, early=12),
    Case("MaogaGameSource", calls(1, 3), (calls(3, 1),), at=40, early=10),
    Case("MaogaDeadJobs", {JOBS: "2x10 3x20"}, ({JOBS: "2x30"}, {JOBS: "3x10 2x20"}), at=12, early=10),
    Case(
        "MaogaJobsOverdue",
        of_instance({"maoga_job_overdue_seconds": "400x30"}, ',kind="mail"'),
        (of_instance({"maoga_job_overdue_seconds": "100x30"}, ',kind="mail"'),),
    ),
    Case("MaogaNoWorker", of_instance({"up": "1x30"}), ({JOBS: "0x600"},), early=1),
    Case("MaogaInstanceDown", of_instance({"up": "1x5 0x20"}), (of_instance({"up": "1x30"}),), at=8, early=6),
    Case(
        "MaogaLoopLag",
        histogram("maoga_loop_lag_seconds", 'instance="a",', _0_5=90, _1=100),
        (histogram("maoga_loop_lag_seconds", 'instance="a",', _0_05=100, _0_5=100, _1=100),),
    ),
    Case(
        "MaogaCpu",
        of_instance({"process_cpu_seconds_total": "0+57x60"}),
        (of_instance({"process_cpu_seconds_total": "0+40x60"}),),
        early=8,
    ),
    Case(
        "MaogaMemory",
        of_instance({"process_resident_memory_bytes": "950x60", "maoga_memory_limit_bytes": "1000x60"}),
        (of_instance({"process_resident_memory_bytes": "850x60", "maoga_memory_limit_bytes": "1000x60"}),),
    ),
    Case(
        "MaogaDatabaseDown",
        of_instance({"maoga_check_up": "1x5 0x30"}, ',check="database"'),
        (
            of_instance({"maoga_check_up": "0x30"}, ',check="redis"'),
            of_instance({"maoga_check_up": "1x30"}, ',check="database"'),
        ),
        at=8,
        early=5,
    ),
    Case(
        "MaogaRedisDown",
        of_instance({"maoga_check_up": "1x5 0x30"}, ',check="subscription"'),
        (
            of_instance({"maoga_check_up": "0x30"}, ',check="database"'),
            of_instance({"maoga_check_up": "1x30"}, ',check="redis"'),
        ),
        at=8,
        early=5,
    ),
    Case(
        "MaogaConnectionsExhausted",
        of_instance({"maoga_connections_used": "46x30", "maoga_connections_most": "50x30"}, ',storage="mongodb"'),
        (of_instance({"maoga_connections_used": "44x30", "maoga_connections_most": "50x30"}, ',storage="mongodb"'),),
        early=1,
    ),
    Case(
        "MaogaLowDisk",
        of_instance({"maoga_disk_free_bytes": "9x30", "maoga_disk_bytes": "100x30"}),
        (of_instance({"maoga_disk_free_bytes": "11x30", "maoga_disk_bytes": "100x30"}),),
    ),
    Case(
        "MaogaCertificate",
        {'probe_ssl_earliest_cert_expiry{instance="https://play"}': f"{10 * DAY}x120"},
        ({'probe_ssl_earliest_cert_expiry{instance="https://play"}': f"{30 * DAY}x120"},),
        at=70,
        early=50,
    ),
)
