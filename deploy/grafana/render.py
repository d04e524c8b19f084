"""Draws the dashboards of this folder from a Prometheus, for those who have no Grafana, and for the docs.

    python deploy/grafana/render.py --prometheus http://127.0.0.1:9090 --minutes 30 --into docs/images

One PNG per dashboard, its panels where Grafana has them. Panels whose query finds nothing are named; a query that
Prometheus refuses ends it with exit code 1.
"""

import argparse
import io
import json
import math
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DASHBOARDS = sorted((Path(__file__).parent / "dashboards").glob("*.json"))
COLUMNS = 24
INCHES_PER_COLUMN, INCHES_PER_ROW = 0.54, 0.34
DPI = 100
POINTS = 240
FILLED = 4
"""With more lines in a panel the area below them is not coloured: it would hide them."""

LEGEND_ROWS, LEGEND_WIDTH = 4, 68
"""Rows of a legend, and about how many characters one takes; what does not fit is counted."""

PANEL, GRID, INK, FAINT = "#ffffff", "#e6e8eb", "#24292e", "#9097a0"
COLOURS = (
    *("#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#b279a2"),
    *("#d6a400", "#9d755d", "#ff9da6", "#79706e", "#2f9e8f", "#6b5b95"),
)


class Refused(Exception):
    """Prometheus does not take a query, or the query has a variable that nothing is known of."""


@dataclass(frozen=True)
class Span:
    """The time that is drawn, in seconds; scrape_s: how often Prometheus asks."""

    start: float
    end: float
    scrape_s: float

    @property
    def step_s(self) -> float:
        """Between two points."""
        return max(1.0, (self.end - self.start) / POINTS)

    def filled(self, query: str) -> str:
        """A query with Grafana's variables in it, by Grafana's own rule for a rate's interval."""
        interval_s = max(self.step_s + self.scrape_s, 4 * self.scrape_s)
        text = query.replace("$__rate_interval", f"{interval_s:.0f}s")
        if unknown := re.search(r"\$\w+|\[\[\w+", text):
            raise Refused(f"nothing is known of the variable {unknown[0]} in {query}")
        return text


@dataclass(frozen=True)
class Line:
    """A series: its legend, and values by time in minutes (0 is the end of the span, what was before it is negative).

    NaN stands where nothing was found.
    """

    legend: str
    minutes: list[float]
    values: list[float]


class Prometheus:
    """Asks a Prometheus over HTTP."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")

    def scrape_s(self) -> float:
        """The longest time between two scrapes of a target."""
        targets = self._get("targets", state="active")["activeTargets"]
        return max((_seconds(target["scrapeInterval"]) for target in targets), default=15.0)

    def lines(self, query: str, legend: str, span: Span) -> list[Line]:
        """What a query finds over a span; a series without a number in it is left out."""
        found = self._get("query_range", query=span.filled(query), start=span.start, end=span.end, step=span.step_s)
        lines = []
        for series in found["result"]:
            values = {round((float(at) - span.start) / span.step_s): float(value) for at, value in series["values"]}
            if any(math.isfinite(value) for value in values.values()):
                points = range(round((span.end - span.start) / span.step_s) + 1)
                minutes = [(span.start + point * span.step_s - span.end) / 60 for point in points]
                heights = [values.get(point, math.nan) for point in points]
                lines.append(Line(_named(legend, series["metric"]), minutes, heights))
        return sorted(lines, key=lambda line: line.legend)

    def _get(self, path: str, **parameters: Any) -> Any:
        try:
            with urllib.request.urlopen(
                f"{self._url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=30
            ) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise Refused(f"{parameters.get('query', path)}: {json.load(error).get('error')}") from error


def draw(dashboard: Mapping[str, Any], prometheus: Prometheus, span: Span) -> tuple[bytes, list[str]]:
    """The PNG of a dashboard, and the titles of its panels that have nothing to show."""
    from matplotlib.figure import Figure

    panels = dashboard["panels"]
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels)
    width, height = COLUMNS * INCHES_PER_COLUMN, rows * INCHES_PER_ROW + 0.6
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="#f4f5f7")
    figure.text(0.15 / width, 1 - 0.3 / height, dashboard["title"], size=15, weight="bold", color=INK, va="center")
    empty = []
    for panel in panels:
        lines = [
            line
            for target in panel["targets"]
            for line in prometheus.lines(target["expr"], target["legendFormat"], span)
        ]
        if not lines:
            empty.append(panel["title"])
        _draw_panel(figure, panel, lines, span)
    return _png(figure), empty


def _draw_panel(figure: Any, panel: Mapping[str, Any], lines: list[Line], span: Span) -> None:
    from matplotlib.patches import Rectangle
    from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator

    width, height = figure.get_size_inches()
    place, gap = panel["gridPos"], 0.06
    left, top = place["x"] * INCHES_PER_COLUMN + gap, height - 0.6 - place["y"] * INCHES_PER_ROW
    wide, high = place["w"] * INCHES_PER_COLUMN - 2 * gap, place["h"] * INCHES_PER_ROW - 2 * gap
    card = ((left / width, (top - high) / height), wide / width, high / height)
    figure.add_artist(Rectangle(*card, facecolor=PANEL, edgecolor=GRID, zorder=-1, transform=figure.transFigure))
    figure.text(
        (left + 0.12) / width, (top - 0.19) / height, panel["title"], size=9.5, weight="bold", color=INK, va="center"
    )
    legend = _legend_rows([line.legend for line in lines])
    below = 0.3 + 0.16 * max(1, len(legend))
    axes = figure.add_axes(
        ((left + 0.62) / width, (top - high + below) / height, (wide - 0.8) / width, (high - below - 0.42) / height),
        facecolor=PANEL,
    )
    for number, line in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        axes.plot(line.minutes, line.values, color=colour, linewidth=1.3, solid_joinstyle="round")
        if len(lines) <= FILLED:
            axes.fill_between(line.minutes, line.values, color=colour, alpha=0.08, linewidth=0)
    axes.set_xlim((span.start - span.end) / 60, 0)
    highest = max((value for line in lines for value in line.values if math.isfinite(value)), default=0) or 1
    axes.set_ylim(0, highest * 1.08)
    in_bytes = panel["fieldConfig"]["defaults"]["unit"] == "bytes"
    round_numbers = (
        MultipleLocator(2 ** math.ceil(math.log2(highest / 4)))
        if in_bytes
        else MaxNLocator(4, steps=[1, 2, 2.5, 5, 10])
    )
    axes.yaxis.set_major_locator(round_numbers)
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: FORMATS[panel["fieldConfig"]["defaults"]["unit"]](value))
    )
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: "now" if value == 0 else f"{value:.0f} min"))
    axes.tick_params(labelsize=7, colors=FAINT, length=0)
    axes.grid(color=GRID, linewidth=0.6)
    for side in axes.spines.values():
        side.set_visible(False)
    if not lines:
        axes.text(0.5, 0.5, "no data", transform=axes.transAxes, ha="center", va="center", size=9, color=FAINT)
    _draw_legend(figure, legend, left + 0.12, top - high + 0.16 * len(legend), wide - 0.24)


def _legend_rows(names: list[str]) -> list[list[tuple[int, str]]]:
    """The names with their numbers, row by row; the last says how many had no place."""
    rows: list[list[tuple[int, str]]] = []
    left = 0
    for number, name in enumerate(names):
        text = name if len(name) <= LEGEND_WIDTH // 2 else f"{name[: LEGEND_WIDTH // 2 - 1]}…"
        if len(text) + 3 > left:
            if len(rows) == LEGEND_ROWS:
                rows[-1].append((-1, f"+{len(names) - number}"))
                break
            rows.append([])
            left = LEGEND_WIDTH - (6 if len(rows) == LEGEND_ROWS else 0)
        rows[-1].append((number, text))
        left -= len(text) + 3
    return rows


def _draw_legend(figure: Any, rows: list[list[tuple[int, str]]], left: float, top: float, wide: float) -> None:
    """Inches: where it begins, and how wide it may be."""
    width, height = figure.get_size_inches()
    per_character = wide / LEGEND_WIDTH
    for index, row in enumerate(rows):
        at, y = left, (top - 0.16 * index - 0.02) / height
        for number, text in row:
            if number >= 0:
                figure.text(at / width, y, "▬", size=7, color=COLOURS[number % len(COLOURS)], va="center")
            figure.text((at + 0.13) / width, y, text, size=6.6, color=INK, va="center")
            at += (len(text) + 3) * per_character


def _png(figure: Any) -> bytes:
    """With 256 colours, half the size."""
    from PIL import Image

    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png")
    Image.open(drawn).convert("RGB").quantize(256).save(small, format="png", optimize=True)
    return small.getvalue()


def _named(legend: str, labels: Mapping[str, str]) -> str:
    """Grafana's `{{label}}`, filled."""
    return re.sub(r"{{\s*(\w+)\s*}}", lambda found: labels.get(found[1], ""), legend).strip()


def _scaled(units: str, base: float, suffix: str = "") -> Callable[[float], str]:
    def text(value: float) -> str:
        for power, unit in reversed(list(enumerate(units))):
            if power == 0 or abs(value) >= base**power:
                return f"{value / base**power:.3g}{unit.strip()}{suffix}"
        raise AssertionError

    return text


def _duration(seconds: float) -> str:
    for size, unit in ((60, "min"), (1, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return "0 s"


def _seconds(text: str) -> float:
    """Prometheus' `1m30s`, in seconds."""
    sizes = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}
    return sum(float(number) * sizes[unit] for number, unit in re.findall(r"(\d+)(ms|[smhd])", text))


FORMATS: Mapping[str, Callable[[float], str]] = {
    "short": _scaled(" kM", 1000),
    "cps": _scaled(" kM", 1000, "/s"),
    "reqps": _scaled(" kM", 1000, "/s"),
    "ops": _scaled(" kM", 1000, "/s"),
    "bytes": _scaled(" KMG", 1024, "iB"),
    "percentunit": lambda share: f"{share:.3%}".rstrip("0%").rstrip(".") + "%",
    "s": _duration,
}
"""A value in words, by Grafana's name of its unit."""


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prometheus", required=True, metavar="URL")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--into", type=Path, required=True, metavar="FOLDER")
    chosen = parser.parse_args()
    prometheus, end = Prometheus(chosen.prometheus), time.time()
    chosen.into.mkdir(parents=True, exist_ok=True)
    try:
        span = Span(end - chosen.minutes * 60, end, prometheus.scrape_s())
        for file in DASHBOARDS:
            dashboard = json.loads(file.read_text())
            png, empty = draw(dashboard, prometheus, span)
            (chosen.into / f"{file.stem}.png").write_bytes(png)
            shown = len(dashboard["panels"]) - len(empty)
            print(f"{file.stem}: {shown} of {len(dashboard['panels'])} panels have data", *map(repr, empty), sep=", ")
    except (Refused, urllib.error.URLError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
