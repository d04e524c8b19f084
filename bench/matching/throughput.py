"""How long one pass over a pool takes, in CPU time of one process, and how that grows with the pool."""

import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from bench.matching.greedy import Greedy
from domain.core.ids import GameId, TicketId, UserId
from domain.games.model import Mode, Teams
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.pairing.matcher import Matcher
from domain.matchmaking.pool import PoolEntry, PoolKey, PoolPlayer, Skill
from maoga.simulate.simulation import BEGINNING, Chooser

Json = dict[str, Any]

KEY = PoolKey(GameId("arena"), "ranked")
FIVES = Mode(mode="ranked", teams=Teams(count=2, size=5))
CHANGED = 100
"""In a second one ticket of so many leaves the pool, and another comes."""

GREEDY_MOST = 10_000
"""The baseline takes minutes for larger pools."""


def curve(sizes: Sequence[int], say: Callable[[str], None]) -> Json:
    """Each size in a process of its own, so that its memory is its own."""
    rows = []
    for size in sizes:
        command = [sys.executable, "-m", "bench.matching.throughput", str(size)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
        rows.append(json.loads(done.stdout))
        say(f"  {size}: {rows[-1]['coldMs']:.0f} ms cold, {rows[-1]['steadyMs']:.0f} ms steady")
    return {
        "rows": rows,
        "growthCold": growth([(row["tickets"], row["coldMs"]) for row in rows]),
        "growthSteady": growth([(row["tickets"], row["steadyMs"]) for row in rows]),
    }


def growth(points: Iterable[tuple[float, float]]) -> float:
    """The exponent k of cost ~ n^k that fits best; n log n has some 1.1 over these sizes."""
    logs = [(math.log(n), math.log(cost)) for n, cost in points]
    x, y = (sum(values) / len(logs) for values in zip(*logs, strict=True))
    return round(sum((a - x) * (b - y) for a, b in logs) / sum((a - x) ** 2 for a, _ in logs), 3)


def tickets(count: int, *, seed: int = 1, first: int = 0, since: datetime = BEGINNING) -> list[PoolEntry]:
    """Single players of four regions, who came over the minute after `since`."""
    random = Random(f"{seed} {first}")
    wishes = [
        Criteria.parse({"games": [{"gameId": "arena"}], "mode": "ranked", "regions": [region], "regionPreference": how})
        for region, how, weight in _KINDS
        for _ in range(weight)
    ]
    return [
        PoolEntry(
            ticket_id=TicketId(f"t{number}"),
            players=(
                PoolPlayer(
                    user_id=UserId(f"u{number}"),
                    skills={KEY.game_id: Skill(mu=random.gauss(1500, 350), sigma=random.uniform(60, 120))},
                ),
            ),
            criteria=random.choice(wishes),
            queued_at=since + timedelta(milliseconds=random.randrange(60_000)),
        )
        for number in range(first, first + count)
    ]


_KINDS = [
    (region, how, weight * often)
    for region, weight in (("EU", 4), ("NA", 3), ("ASIA", 2), ("SA", 1))
    for how, often in (("strict", 1), ("preferred", 2), ("any", 1))
]


def measure(count: int) -> Json:
    """CPU milliseconds of a pool of so many tickets, and the memory it takes.

    cold: an empty matcher is told all of them and forms its groups. steady: the same one, all of whose groups came to
    nothing, is told the changes of a second and forms groups of the whole pool anew. left: the pass after that, over
    those who could not be matched.
    """
    pool = tickets(count)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    figures = _passes(Matcher(KEY, FIVES), pool)
    figures["mib"] = round((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024, 1)
    if count <= GREEDY_MOST:
        figures |= {f"greedy{name[0].upper()}{name[1:]}": ms for name, ms in _passes(Greedy(KEY, FIVES), pool).items()}
    return {"tickets": count, **figures}


def _passes(chooser: Chooser, pool: Sequence[PoolEntry]) -> Json:
    now = BEGINNING + timedelta(minutes=1)
    changes = max(1, len(pool) // CHANGED)
    fresh = tickets(changes, first=len(pool), since=now - timedelta(minutes=1))
    start = time.process_time()
    chooser.put(pool)
    groups = [group for group in chooser.groups(now) if group]
    cold = time.process_time()
    chooser.free([id for group in groups for id in group.ticket_ids])
    told = time.process_time()
    chooser.drop([entry.ticket_id for entry in pool[:changes]])
    chooser.put(fresh)
    groups = [group for group in chooser.groups(now + timedelta(seconds=1)) if group]
    steady = time.process_time()
    chooser.drop([id for group in groups for id in group.ticket_ids])
    again = time.process_time()
    for _ in chooser.groups(now + timedelta(seconds=2)):
        pass
    left = time.process_time()
    spans = {"coldMs": cold - start, "steadyMs": steady - told, "leftMs": left - again}
    return {**{name: round(span * 1000, 1) for name, span in spans.items()}, "matches": len(groups)}


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
