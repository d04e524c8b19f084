"""The picture of a simulation: waits, quality and the queue over time."""

from itertools import groupby
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from maoga.simulate.summary import Figures, percentile

BINS = 60

LINE: dict[str, Any] = {"color": "black", "marker": ".", "markersize": 3}
"""With a mark at each point: one that stands alone is no line."""


def plot(figures: Figures, until: float, path: Path) -> None:
    """Writes a PNG; raises `OSError` when it cannot."""
    figure = Figure(figsize=(10, 9), layout="constrained")
    FigureCanvasAgg(figure)
    wait, quality, queue = figure.subplots(3, 1, sharex=True)

    wait.scatter(figures.waited_at, figures.waits, s=8, alpha=0.5, linewidths=0, color="tab:blue")
    for percent, style in ((50, "-"), (95, "--")):
        wait.plot(*_binned(figures.waited_at, figures.waits, until, percent), style, **LINE, label=f"p{percent}")
    wait.set_ylabel("wait of matched tickets (s)")

    quality.scatter(figures.match_at, figures.qualities, s=8, alpha=0.5, linewidths=0, color="tab:green")
    quality.plot(*_binned(figures.match_at, figures.qualities, until, 50), **LINE, label="p50")
    quality.set_ylabel("quality of matches (0 to 1)")

    queue.plot(figures.tick_at, figures.queue, drawstyle="steps-post", color="tab:orange", label="after each tick")
    queue.set_ylabel("tickets waiting")
    queue.set_xlabel("time (s)")
    queue.set_xlim(0, until)
    for axes, values in ((wait, figures.waits), (quality, [1.0]), (queue, figures.queue)):
        axes.set_ylim(0, 1.05 * max([1, *values]))
        axes.grid(alpha=0.3)
        axes.legend(loc="upper right")
    figure.savefig(path, dpi=110, format="png")


def _binned(times: list[float], values: list[float], until: float, percent: float) -> tuple[list[float], list[float]]:
    """The percentile of the values in each of `BINS` equal stretches of time that has any: their middles, and it."""
    width = until / BINS
    ordered = sorted(zip((int(time / width) for time in times), values, strict=True))
    found = {
        number: percentile([value for _, value in several], percent)
        for number, several in groupby(ordered, key=lambda pair: pair[0])
    }
    return [(number + 0.5) * width for number in found], [value or 0.0 for value in found.values()]
