"""Whatever the pool and the rules, every group keeps all hard rules, and the same pool gives the same groups."""

from datetime import timedelta
from random import Random
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.core.ids import TicketId, UserId
from domain.games.model import Mode
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.pairing import forming
from domain.matchmaking.pairing.matcher import Group, Matcher
from domain.matchmaking.pool import PoolEntry, PoolPlayer, Skill
from tests.support.builders import CHESS, NOON
from tests.unit.matchmaking.oracle import breaches

SKILL = [{"afterS": 0, "limit": 100}, {"afterS": 15, "limit": 400}, {"afterS": 60, "limit": None}]
RULES: list[dict[str, Any]] = [
    {"type": "distance", "name": "mmr", "attribute": "mmr", "limit": 10, "expand": [{"afterS": 30, "limit": 50}]},
    {"type": "equality", "name": "map", "attribute": "map", "untilS": 30},
    {"type": "equality", "name": "platform", "attribute": "platform", "required": True},
    {"type": "overlap", "name": "packs", "attribute": "packs", "limit": 2, "expand": [{"afterS": 15, "limit": 1}]},
    {"type": "max_latency", "name": "ping", "limit": 50, "expand": [{"afterS": 15, "limit": 100}, {"afterS": 60}]},
    {
        "type": "composition",
        "name": "stance",
        "attribute": "stance",
        "counts": {"calm": {"min": 1, "max": 1}},
        "per": "team",
        "untilS": 60,
    },
]
SHAPES: list[dict[str, Any]] = [
    {"teams": {"count": 2, "size": 1}},
    {"teams": {"count": 2, "size": 2}},
    {"teams": {"count": 2, "size": 3}},
    {"teams": {"count": 3, "size": 2}},
    {"teams": {"count": 2, "size": 2, "roles": {"tank": 1, "heal": 1}}},
    {"teams": {"count": 2, "size": 3, "roles": {"tank": 1, "heal": 1}}},
    {"groupSize": {"min": 2, "max": 4}},
    {"groupSize": {"min": 3, "max": 3}},
    {},
]
MODES = st.builds(
    lambda shape, rules: Mode.model_validate({"mode": "casual", "matching": {"skill": SKILL, "rules": rules}, **shape}),
    st.sampled_from(SHAPES),
    st.lists(st.sampled_from(RULES), unique_by=lambda rule: rule["name"], max_size=2),
)


def a_ticket(dice: Random, number: int) -> PoolEntry:
    """A ticket of one to three players with all kinds of wishes, some of whom have blocked others."""

    def wish(names: list[str], field: str) -> dict[str, Any]:
        some = dice.sample(names, dice.choice([0, 1, 1, 2]))
        return {f"{field}s": some, f"{field}Preference": dice.choice(["strict", "preferred", "any"])} if some else {}

    said: dict[str, Any] = {
        "platform": dice.choice(["pc", "mac"]),
        "mmr": dice.choice([0.0, 5.0, 20.0, 60.0]),
        "map": dice.choice("ab"),
        "packs": dice.sample("xyz", dice.choice([1, 2, 3])),
        "stance": dice.choice(["calm", "wild"]),
    }
    low = dice.choice([2, 2, 3])
    return PoolEntry(
        ticket_id=TicketId(f"t{number}"),
        players=tuple(
            PoolPlayer(
                user_id=UserId(f"u{number}-{place}"),
                skills={CHESS.game_id: Skill(mu=dice.choice([1400, 1450, 1500, 1520, 1700]))},
                karma=dice.choice([-5, 0, 5]),
                blocked=tuple(UserId(f"u{enemy}-0") for enemy in dice.sample(range(30), dice.choice([0, 0, 1, 2]))),
                avoided=(UserId(f"u{number + 1}-0"),),
            )
            for place in range(dice.choice([1, 1, 1, 2, 3]))
        ),
        criteria=Criteria.parse(
            {
                "games": [{"gameId": "chess", "weight": dice.randint(1, 10)}],
                "mode": "casual",
                **wish(["EU", "NA", "AS"], "region"),
                **(wish(["en", "de"], "language") if dice.random() < 0.3 else {}),
                **({"groupSize": {"min": low, "max": dice.randint(low, 6)}} if dice.random() < 0.2 else {}),
                "skillPreference": dice.choice(["similar", "similar", "any"]),
                "roles": dice.choice([[], [], ["tank"], ["heal"], ["tank", "heal"]]),
                "latencyMs": {
                    r: dice.choice([20, 70, 200]) for r in dice.sample(["EU", "NA", "AS"], dice.choice([0, 2]))
                },
                "attributes": {name: value for name, value in said.items() if dice.random() < 0.9},
            }
        ),
        queued_at=NOON - timedelta(seconds=dice.choice([0, 4, 5, 16, 31, 61, 61, 200])),
    )


def pool_of(seed: int, size: int) -> list[PoolEntry]:
    """A pool of that many tickets, other ones for each seed."""
    dice = Random(seed)
    return [a_ticket(dice, number) for number in range(size)]


POOLS = st.builds(pool_of, st.integers(0, 1_000_000), st.integers(0, 40))


def formed(pool: list[PoolEntry], mode: Mode) -> list[Group]:
    """The groups of a pool at noon."""
    matcher = Matcher(CHESS, mode)
    matcher.put(pool)
    return [group for group in matcher.groups(NOON) if group is not None]


WAYS = st.sampled_from([0, 64])
"""Up to how many tickets a pool is searched: none, so that even small ones go by windows, or as it is."""


@settings(max_examples=80)
@given(pool=POOLS, mode=MODES, small=WAYS)
def test_every_group_keeps_all_hard_rules_and_nobody_is_in_two(pool: list[PoolEntry], mode: Mode, small: int) -> None:
    with patch.object(forming, "SMALL", small):
        groups = formed(pool, mode)
    broken = [breach for group in groups for breach in breaches(group, pool, CHESS, mode, NOON)]
    assert broken == []
    tickets = [ticket for group in groups for ticket in group.ticket_ids]
    assert len(set(tickets)) == len(tickets)
    assert set(tickets) <= {entry.ticket_id for entry in pool}


@settings(max_examples=30)
@given(pool=POOLS, mode=MODES, small=WAYS)
def test_the_order_in_which_tickets_were_put_changes_nothing(pool: list[PoolEntry], mode: Mode, small: int) -> None:
    with patch.object(forming, "SMALL", small):
        assert formed(pool, mode) == formed(list(reversed(pool)), mode)
