"""How long a pass of the matcher takes: CPU seconds for pools of several sizes, cold and steady."""

import argparse
import random
import time
from datetime import UTC, datetime, timedelta

from domain.core.ids import GameId, TicketId, UserId
from domain.games.model import Mode, Teams
from domain.matchmaking.criteria import Criteria, GameWish
from domain.matchmaking.matcher import Matcher
from domain.matchmaking.pool import PoolEntry, PoolKey, PoolPlayer, Skill

GAME = GameId("arena")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
REGIONS = ("EU", "NA", "SA", "AS", "OC")


def entries(count: int, *, start: int = 0, kind: str = "plain", seed: int = 1) -> list[PoolEntry]:
    """Solo tickets that came over the last minute. kind: `plain`, or `mixed` with regions and languages."""
    dice = random.Random(seed + start)
    found = []
    for number in range(start, start + count):
        fields = {}
        if kind == "mixed":
            fields = {
                "regions": dice.sample(REGIONS, dice.choice((1, 1, 2))),
                "region_preference": dice.choice(("strict", "preferred", "preferred", "any")),
                "languages": [dice.choice(("en", "de", "fr"))],
            }
        player = PoolPlayer(user_id=UserId(f"u{number}"), skills={GAME: Skill(mu=dice.gauss(1500, 300), sigma=100)})
        found.append(
            PoolEntry(
                ticket_id=TicketId(f"t{number}"),
                players=(player,),
                criteria=Criteria(games=[GameWish(game_id=GAME)], mode="ranked", **fields),
                queued_at=NOON - timedelta(milliseconds=dice.randrange(60_000)),
            )
        )
    return found


def measure(count: int, kind: str) -> dict[str, float]:
    """CPU seconds of filling the pool, of the first pass, of one over the same again, and of one in which all stay."""
    pool, fresh = entries(count, kind=kind), entries(300, start=count, kind=kind)
    matcher = Matcher(PoolKey(GAME, "ranked"), Mode(mode="ranked", teams=Teams(count=2, size=5)))
    times = [time.process_time()]
    matcher.put(pool)
    times.append(time.process_time())
    groups = [group for group in matcher.groups(NOON) if group]
    times.append(time.process_time())
    matcher.free([ticket for group in groups for ticket in group.ticket_ids])
    matcher.drop([entry.ticket_id for entry in pool[:300]])
    matcher.put(fresh)
    again = time.process_time()
    regrouped = [group for group in matcher.groups(NOON + timedelta(seconds=1)) if group]
    times.append(time.process_time())
    spread = {entry.ticket_id: entry.players[0].skills[GAME].mu for entry in [*pool, *fresh]}
    spreads = [max(r) - min(r) for g in regrouped if (r := [spread[t] for t in g.ticket_ids])]
    return {
        "tickets": count,
        "put": times[1] - times[0],
        "pass": times[2] - times[1],
        "cold": times[2] - times[0],
        "steady": times[3] - again,
        "groups": len(groups),
        "spread": sum(spreads) / max(1, len(spreads)),
    }


def stay(count: int) -> float:
    """CPU seconds of a pass over tickets none of which can be matched: each keeps to a region of its own."""
    pool = [
        entry.model_copy(
            update={
                "criteria": entry.criteria.model_copy(
                    update={"regions": [f"R{number % (count // 5)}"], "region_preference": "strict"}
                )
            }
        )
        for number, entry in enumerate(entries(count))
    ]
    matcher = Matcher(PoolKey(GAME, "ranked"), Mode(mode="ranked", teams=Teams(count=2, size=5)))
    matcher.put(pool)
    list(matcher.groups(NOON))
    start = time.process_time()
    list(matcher.groups(NOON))
    return time.process_time() - start


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--kind", default="plain")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 100_000])
    args = parser.parse_args()
    for size in args.sizes:
        print({name: round(value, 3) for name, value in measure(size, args.kind).items()})
