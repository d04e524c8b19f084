"""What a simulation's matches are worth, from the scenario and the lines of its output alone."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

Json = dict[str, Any]

BETA = 250.0
"""Rating points of luck in a player's performance: half the deviation of a beginner, as openskill has it."""


@dataclass(frozen=True, slots=True)
class Worth:
    """Means over matches, waits in seconds over tickets.

    Only matches formed while players still come count, and only tickets that came in the first nine tenths of that
    time: what is left over when nobody comes any more says nothing of a service that goes on.
    spread: best minus weakest player, in rating points. gap: how far the predicted chance to win is from even, doubled:
    0 to 1. region, language: the share of the players who named some that got one of theirs. A ticket that never
    matched has waited until it ended. decile_gap, region_gap: mean wait of the group that waits longest minus that of
    the one that waits shortest. matched: share of the tickets.
    """

    matches: int
    matched: float
    spread: float
    gap: float
    region: float
    language: float
    wait_p50: float
    wait_p95: float
    wait_max: float
    decile_gap: float
    region_gap: float

    def as_json(self) -> Json:
        return {name: round(value, 4) for name, value in asdict(self).items()}


def worth(scenario: Json, lines: Sequence[Json]) -> Worth:
    """What the output of a simulation is worth."""
    tickets = {ticket["id"]: ticket for ticket in scenario["tickets"]}
    rating = _rating_of(scenario)
    last = max(ticket["at"] for ticket in scenario["tickets"])
    matches = [line for line in lines if line["type"] == "match" and line["at"] <= last]
    matched = {id for line in lines if line["type"] == "match" for id in line["ticketIds"]}
    waits = {id: wait for id, wait in _waits(scenario, lines).items() if tickets[id]["at"] <= 0.9 * last}
    values = sorted(waits.values())
    by_rating = sorted(waits, key=lambda id: (rating(tickets[id]["userId"])[0], id))
    deciles = [by_rating[n * len(by_rating) // 10 : (n + 1) * len(by_rating) // 10] for n in range(10)]
    homes = defaultdict(list)
    for id in waits:
        homes[next(iter(tickets[id].get("regions", [])), "")].append(id)
    return Worth(
        matches=len(matches),
        matched=len(matched & waits.keys()) / len(waits),
        spread=_mean(_spread(match, rating) for match in matches),
        gap=_mean(_gap(match, rating) for match in matches),
        region=_mean(_regions(match, tickets) for match in matches),
        language=_mean(_languages(match, tickets) for match in matches),
        wait_p50=_percentile(values, 50),
        wait_p95=_percentile(values, 95),
        wait_max=values[-1],
        decile_gap=_range(deciles, waits),
        region_gap=_range(homes.values(), waits),
    )


def _waits(scenario: Json, lines: Iterable[Json]) -> dict[str, float]:
    came = {ticket["id"]: ticket["at"] for ticket in scenario["tickets"]}
    ended = dict.fromkeys(came, scenario["until"])
    for line in lines:
        for id in line.get("ticketIds", [line["ticketId"]] if "ticketId" in line else []):
            ended[id] = line["at"]
    return {id: max(0.0, ended[id] - came[id]) for id in came}


def _rating_of(scenario: Json) -> Callable[[str], tuple[float, float]]:
    users = scenario["users"]

    def rating(user: str) -> tuple[float, float]:
        known = users.get(user, {}).get("rating", {})
        return known.get("mu", 1500.0), known.get("sigma", 500.0)

    return rating


def _spread(match: Json, rating: Callable[[str], tuple[float, float]]) -> float:
    ratings = [rating(user)[0] for team in match["teams"] for user in team]
    return max(ratings) - min(ratings)


def _gap(match: Json, rating: Callable[[str], tuple[float, float]]) -> float:
    """For two teams (Weng and Lin, 2011); more are compared strongest with weakest."""
    strengths = sorted(sum(rating(user)[0] for user in team) for team in match["teams"])
    players = [user for team in match["teams"] for user in team]
    deviation = math.sqrt(sum(BETA**2 + rating(user)[1] ** 2 for user in players))
    return math.erf((strengths[-1] - strengths[0]) / deviation / math.sqrt(2))


def _regions(match: Json, tickets: Mapping[str, Json]) -> float:
    named = [ticket["regions"] for id in match["ticketIds"] if (ticket := tickets[id]).get("regions")]
    return fmean(match["region"] in regions for regions in named) if named else 1.0


def _languages(match: Json, tickets: Mapping[str, Json]) -> float:
    named = [ticket["languages"] for id in match["ticketIds"] if (ticket := tickets[id]).get("languages")]
    most = Counter(language for languages in named for language in languages).most_common(1)
    return most[0][1] / len(named) if named else 1.0


def _range(groups: Iterable[Sequence[str]], waits: Mapping[str, float]) -> float:
    """Groups of fewer than twenty say nothing."""
    means = [fmean(waits[id] for id in group) for group in groups if len(group) >= 20]
    return max(means) - min(means) if means else 0.0


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return fmean(found) if found else math.nan


def _percentile(ordered: Sequence[float], percent: float) -> float:
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
