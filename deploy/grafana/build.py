"""Writes the dashboards, as `make docs` does.

A dashboard is a list of panels, a panel a title, a unit and its queries by their legends.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "dashboards"
RATE = "$__rate_interval"
ACROSS, HEIGHT, WIDTH = 3, 8, 8


@dataclass(frozen=True)
class Panel:
    """A graph. unit: as Grafana names it. queries: PromQL by legend."""

    title: str
    unit: str
    queries: dict[str, str]
    about: str = ""


def rate(metric: str, by: str = "", where: str = "") -> str:
    """How often a second, summed up over all instances."""
    return f"sum{f' by ({by})' if by else ''} (rate({metric}{where}[{RATE}]))"


def share(metric: str, part: str, by: str = "") -> str:
    """The part of all that `part` selects: 0 while there is none of it, nothing while there is nothing at all."""
    return f"({rate(metric, by, part)} or {rate(metric, by)} * 0) / {rate(metric, by)}"


def quantile(share: float, metric: str, by: str = "", where: str = "") -> str:
    """A quantile of a histogram, over all instances."""
    labels = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({labels}) (rate({metric}_bucket{where}[{RATE}])))"


def quantiles(metric: str, where: str = "") -> dict[str, str]:
    """The three that one looks at."""
    return {f"p{share * 100:.0f}": quantile(share, metric, where=where) for share in (0.5, 0.95, 0.99)}


FAILED = '{outcome=~"INTERNAL|TIMEOUT|UNAVAILABLE"}'

SOCKETS = (
    Panel("Sockets", "short", {"{{namespace}} {{transport}}": "sum by (namespace, transport) (maoga_sockets)"}),
    Panel("Sockets by instance", "short", {"{{instance}}": "sum by (instance) (maoga_sockets)"}),
    Panel(
        "Active users", "short", {"last {{window}}": "max by (window) (maoga_active_users)"}, "Different ones, roughly."
    ),
    Panel("Connects", "cps", {"{{outcome}}": rate("maoga_connects_total", "outcome")}),
    Panel("Disconnects", "cps", {"{{reason}}": rate("maoga_disconnects_total", "reason")}),
    Panel("Resumed streams", "cps", {"{{outcome}}": rate("maoga_resumes_total", "outcome")}),
    Panel("Events from players", "cps", {"{{namespace}} {{event}}": rate("maoga_events_in_total", "namespace, event")}),
    Panel(
        "Failed events",
        "percentunit",
        {"failed": share("maoga_events_in_total", FAILED)},
    ),
    Panel("Time to handle an event", "s", quantiles("maoga_handler_seconds")),
    Panel("Slowest events (p95)", "s", {"{{event}}": f"topk(8, {quantile(0.95, 'maoga_handler_seconds', 'event')})"}),
    Panel("Events to players", "cps", {"{{event}}": f"topk(10, {rate('maoga_events_out_total', 'event')})"}),
    Panel(
        "Fan-out",
        "cps",
        {
            "{{namespace}} in": rate("maoga_fanouts_total", "namespace"),
            "{{namespace}} to players": rate("maoga_fanout_deliveries_total", "namespace"),
        },
    ),
    Panel("Delivery lag", "s", quantiles("maoga_delivery_lag_seconds"), "From the publishing to the writing."),
    Panel(
        "Waiting",
        "short",
        {"events in inboxes": "sum(maoga_inbox_events)", "clients that do not read": "sum(maoga_outbox_clients)"},
    ),
    Panel("Outboxes", "bytes", {"{{instance}}": "sum by (instance) (maoga_outbox_bytes)"}),
    Panel(
        "Cut off",
        "cps",
        {"did not read": rate("maoga_evictions_total"), "malformed {{kind}}": rate("maoga_malformed_total", "kind")},
    ),
    Panel("Event loop lag (p99)", "s", {"{{instance}}": quantile(0.99, "maoga_loop_lag_seconds", "instance")}),
    Panel("CPU", "percentunit", {"{{instance}}": f'rate(process_cpu_seconds_total{{job="maoga"}}[{RATE}])'}),
    Panel("Memory", "bytes", {"{{instance}}": 'process_resident_memory_bytes{job="maoga"}'}),
    Panel("Exceptions", "cps", {"{{error}}": rate("maoga_errors_total", "error")}),
    Panel(
        "Instances",
        "short",
        {"{{version}} {{role}}": "count by (version, role) (maoga_build_info)"},
        "By version and role; a rollout shows as two lines that cross.",
    ),
)

MATCHMAKING = (
    Panel("Waiting tickets", "short", {"{{game}} {{mode}}": "topk(10, sum by (game, mode) (maoga_pool_tickets) > 0)"}),
    Panel("Time to a match", "s", quantiles("maoga_match_wait_seconds")),
    Panel("Quality of matches", "percentunit", quantiles("maoga_match_quality")),
    Panel("Matches", "cps", {"{{outcome}}": rate("maoga_matches_total", "outcome")}),
    Panel(
        "Matches that come about",
        "percentunit",
        {
            "confirmed of proposed": 'sum(increase(maoga_matches_total{outcome="confirmed"}[15m]))'
            + ' / sum(increase(maoga_matches_total{outcome="proposed"}[15m]))'
        },
    ),
    Panel(
        "Searches",
        "cps",
        {"{{event}} {{outcome}}": rate("maoga_events_in_total", "event, outcome", '{event=~"enqueue|cancel"}')},
    ),
    Panel("Tick (p99)", "s", {"{{game}} {{mode}}": f"topk(10, {quantile(0.99, 'maoga_tick_seconds', 'game, mode')})"}),
    Panel("Jobs", "short", {"{{kind}} {{status}}": 'sum by (kind, status) (maoga_jobs{status!="done"}) > 0'}),
    Panel("Overdue jobs", "s", {"{{kind}}": "max by (kind) (maoga_job_overdue_seconds)"}),
    Panel("Attempts of jobs", "cps", {"{{kind}} {{outcome}}": rate("maoga_job_attempts_total", "kind, outcome")}),
    Panel("Time of jobs (p95)", "s", {"{{kind}}": quantile(0.95, "maoga_job_seconds", "kind")}),
    Panel("Calls to the catalogue's source", "cps", {"{{outcome}}": rate("maoga_game_source_calls_total", "outcome")}),
    Panel("Time of these calls", "s", quantiles("maoga_game_source_seconds")),
)

LOBBIES = (
    Panel("Lobbies", "short", {"{{status}}": "sum by (status) (maoga_lobbies)"}),
    Panel("Lobbies made", "cps", {"by a {{origin}}": rate("maoga_lobbies_created_total", "origin")}),
    Panel("Lobbies closed", "cps", {"{{reason}}": rate("maoga_lobbies_closed_total", "reason")}),
    Panel("Messages", "cps", {"{{content_type}}": rate("maoga_messages_total", "content_type")}),
    Panel("Time to send a message", "s", quantiles("maoga_handler_seconds", '{event="send"}')),
    Panel(
        "Refused in the chat",
        "cps",
        {"{{outcome}}": rate("maoga_events_in_total", "outcome", '{namespace="chat",outcome!="success"}')},
    ),
    Panel(
        "Refused in lobbies",
        "cps",
        {"{{outcome}}": rate("maoga_events_in_total", "outcome", '{namespace="lobby",outcome!="success"}')},
    ),
    Panel("Notifications", "cps", {"{{type}} {{outcome}}": rate("maoga_notifications_total", "type, outcome")}),
    Panel(
        "Notifications delivered at once",
        "percentunit",
        {
            "delivered of made": rate("maoga_notifications_total", where='{outcome="delivered"}')
            + " / "
            + rate("maoga_notifications_total", where='{outcome="made"}')
        },
        "The others come with the next sweep.",
    ),
)

HTTP = (
    Panel("Requests", "reqps", {"{{status}}": rate("maoga_http_seconds_count", "status")}),
    Panel(
        "Errors",
        "percentunit",
        {
            "5xx": share("maoga_http_seconds_count", '{status=~"5.."}'),
            "4xx": share("maoga_http_seconds_count", '{status=~"4.."}'),
        },
    ),
    Panel("Time to answer", "s", quantiles("maoga_http_seconds")),
    Panel("Requests by route", "reqps", {"{{route}}": f"topk(10, {rate('maoga_http_seconds_count', 'route')})"}),
    Panel(
        "Errors by route",
        "reqps",
        {"{{route}} {{status}}": rate("maoga_http_seconds_count", "route, status", '{status=~"5.."}')},
    ),
    Panel("Slowest routes (p95)", "s", {"{{route}}": f"topk(10, {quantile(0.95, 'maoga_http_seconds', 'route')})"}),
    Panel("Requests in progress", "short", {"{{instance}}": "maoga_http_in_progress"}),
    Panel("Logins", "reqps", {"{{status}}": rate("maoga_http_seconds_count", "status", '{route=~".*/auth/login"}')}),
    Panel(
        "Cache",
        "percentunit",
        {"{{area}} hits": share("maoga_cache_asked_total", '{outcome="hit"}', "area")},
    ),
)

STORAGE = (
    Panel("Checks", "short", {"{{check}} {{instance}}": "maoga_check_up"}, "1 passes, 0 fails."),
    Panel("Operations on documents", "ops", {"{{operation}}": rate("maoga_database_seconds_count", "operation")}),
    Panel("Time of these (p95)", "s", {"{{operation}}": quantile(0.95, "maoga_database_seconds", "operation")}),
    Panel(
        "Operations that failed",
        "ops",
        {"{{operation}} {{outcome}}": rate("maoga_database_seconds_count", "operation, outcome", '{outcome!="ok"}')},
        "A conflict is two who change the same; it is tried again.",
    ),
    Panel(
        "Slow operations",
        "ops",
        {"{{operation}} of {{collection}}": f"topk(10, {rate('maoga_database_slow_total', 'collection, operation')})"},
    ),
    Panel("Redis commands", "ops", {"{{command}}": f"topk(10, {rate('maoga_redis_seconds_count', 'command')})"}),
    Panel("Time of these (p95)", "s", {"{{command}}": f"topk(10, {quantile(0.95, 'maoga_redis_seconds', 'command')})"}),
    Panel(
        "Redis commands that failed",
        "ops",
        {"{{command}} {{outcome}}": rate("maoga_redis_seconds_count", "command, outcome", '{outcome!="ok"}')},
    ),
    Panel(
        "Connections in use",
        "percentunit",
        {"{{storage}} {{instance}}": "maoga_connections_used / maoga_connections_most"},
    ),
    Panel("Calls that wait for one", "short", {"{{storage}} {{instance}}": "maoga_connections_awaited"}),
    Panel("Cache failures", "ops", {"failed": rate("maoga_cache_failed_total")}),
    Panel("Free disk", "percentunit", {"{{instance}}": "maoga_disk_free_bytes / maoga_disk_bytes"}),
)

DASHBOARDS = {
    "sockets": ("Maoga: sockets", SOCKETS),
    "matchmaking": ("Maoga: matchmaking and jobs", MATCHMAKING),
    "lobbies-chat": ("Maoga: lobbies and chat", LOBBIES),
    "http": ("Maoga: HTTP", HTTP),
    "storage": ("Maoga: storage", STORAGE),
}


def dashboard(name: str) -> dict[str, Any]:
    """A dashboard as Grafana stores it."""
    title, panels = DASHBOARDS[name]
    return {
        "uid": f"maoga-{name}",
        "title": title,
        "tags": ["maoga"],
        "editable": False,
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "links": [{"type": "dashboards", "title": "Maoga", "tags": ["maoga"], "asDropdown": True}],
        "panels": [_panel(place, panel) for place, panel in enumerate(panels)],
    }


def text_of(name: str) -> str:
    """The file of a dashboard."""
    return json.dumps(dashboard(name), indent=1) + "\n"


def _panel(place: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(place, ACROSS)
    source = {"type": "prometheus", "uid": "prometheus"}
    return {
        "id": place + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.about,
        "datasource": source,
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "custom": {"fillOpacity": 10}}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [
            {"refId": chr(ord("A") + index), "datasource": source, "expr": query, "legendFormat": legend}
            for index, (legend, query) in enumerate(panel.queries.items())
        ],
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in DASHBOARDS:
        (FOLDER / f"{name}.json").write_text(text_of(name))
