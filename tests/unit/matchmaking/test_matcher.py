"""What the matcher does with a pool: who is served first, how tickets relax, and why they wait."""

from datetime import timedelta
from typing import Any

import pytest

from domain.core.ids import TicketId, UserId
from domain.games.model import Mode
from domain.matchmaking.pairing.columns import MOST_BITS
from domain.matchmaking.pairing.matcher import Explanation, Group, Matcher
from domain.matchmaking.pool import PoolEntry, PoolPlayer, Skill
from tests.support.builders import CHESS, NOON, criteria

DUEL: dict[str, Any] = {"teams": {"count": 2, "size": 1}}
PICKY: dict[str, Any] = {
    **DUEL,
    "matching": {
        "rules": [
            {"type": "overlap", "name": "likes", "attribute": "likes"},
            {"type": "max_latency", "name": "latency", "limit": 50},
        ]
    },
}
FIVES: dict[str, Any] = {"teams": {"count": 2, "size": 5}}


def a_ticket(
    name: str,
    rating: float = 1500,
    *,
    waited: float = 0,
    players: int = 1,
    avoids: str = "",
    blocks: str = "",
    **fields: Any,
) -> PoolEntry:
    """A ticket that has waited so many seconds at noon; its players are `<name>-0`, `<name>-1`, ..."""
    return PoolEntry(
        ticket_id=TicketId(name),
        players=tuple(
            PoolPlayer(
                user_id=UserId(f"{name}-{number}"),
                skills={CHESS.game_id: Skill(mu=rating)},
                avoided=(UserId(f"{avoids}-0"),) if avoids else (),
                blocked=(UserId(f"{blocks}-0"),) if blocks else (),
            )
            for number in range(players)
        ),
        criteria=criteria(**fields),
        queued_at=NOON - timedelta(seconds=waited),
    )


def matcher_of(mode: dict[str, Any], *entries: PoolEntry, **matching: Any) -> Matcher:
    """A pool with these tickets."""
    matcher = Matcher(CHESS, Mode.model_validate({"mode": "casual", "matching": matching, **mode}))
    matcher.put(entries)
    return matcher


def formed(matcher: Matcher, after: float = 0) -> list[Group]:
    """The groups so many seconds after noon."""
    return [group for group in matcher.groups(NOON + timedelta(seconds=after)) if group is not None]


def tickets(groups: list[Group]) -> list[set[str]]:
    """Whose they are."""
    return [set(group.ticket_ids) for group in groups]


def explained(matcher: Matcher, name: str, after: float = 0) -> Explanation:
    """Why a ticket waits so many seconds after noon."""
    return matcher.explain([TicketId(name)], NOON + timedelta(seconds=after))[TicketId(name)]


@pytest.mark.parametrize(
    ("waited", "distance", "fits"),
    [(0, 100, True), (0, 101, False), (5, 200, True), (5, 201, False), (60, 5000, True)],
)
def test_a_quiet_pool_relaxes_by_its_steps(waited: float, distance: float, fits: bool) -> None:
    pool = matcher_of(DUEL, a_ticket("a", waited=waited), a_ticket("b", 1500 + distance, waited=waited))
    assert bool(formed(pool)) == fits


def test_a_busy_pool_relaxes_slower_but_never_more_than_slowest() -> None:
    """Sixty duels' worth of players a minute make 5 s of waiting count as less; 4 x 5 s are enough for any pool."""
    crowd = [a_ticket(f"c{number}", 9000 + 500 * number, waited=0.2 * number) for number in range(140)]
    pair = a_ticket("a", 1500, waited=6), a_ticket("b", 1650, waited=6)
    busy = matcher_of(DUEL, *pair, *crowd, slowest=4, holdS=0)
    assert formed(busy) == []
    assert explained(busy, "a").next_relaxation_at == NOON + timedelta(seconds=4 * 5 - 6)
    assert {"a", "b"} in tickets(formed(busy, after=14))
    assert tickets(formed(matcher_of(DUEL, *pair))) == [{"a", "b"}]


def test_who_waits_again_does_not_make_a_pool_busy() -> None:
    pair = a_ticket("a", 1500, waited=6), a_ticket("b", 1650, waited=6)
    pool = matcher_of(DUEL, *pair)
    for _ in range(100):
        pool.drop([TicketId("a")])
        pool.put([pair[0]])
    assert tickets(formed(pool)) == [{"a", "b"}]


def test_all_else_equal_the_oldest_is_served_first() -> None:
    rivals = [a_ticket(name, waited=waited) for name, waited in (("a", 3), ("b", 2), ("c", 1))]
    assert tickets(formed(matcher_of(DUEL, *rivals))) == [{"a", "b"}]


def test_the_oldest_is_not_starved_by_pairs_that_fit_better() -> None:
    """Somebody far off has waited past every step of even a busy pool."""
    odd = a_ticket("odd", 2000, waited=4 * 60, skillPreference="any")
    others = [a_ticket(f"n{number}", 1500, skillPreference="any") for number in range(100)]
    assert "odd" in set().union(*tickets(formed(matcher_of(DUEL, odd, *others))))


@pytest.mark.parametrize(("waited", "first"), [(100, {"a", "b"}), (4 * 60, {"odd", "b"})])
def test_in_a_small_pool_the_best_groups_go_first_but_nobody_waits_forever(waited: float, first: set[str]) -> None:
    odd = a_ticket("odd", 2000, waited=waited, skillPreference="any")
    pair = a_ticket("a", 1500, skillPreference="any"), a_ticket("b", 1505, skillPreference="any")
    assert tickets(formed(matcher_of(DUEL, odd, *pair, holdS=0))) == [first]


def test_the_nearest_ratings_play_together_in_a_large_pool() -> None:
    """Among 200 duellists the best pairs are those of neighbours."""
    crowd = [a_ticket(f"t{number:03}", 1000 + 7 * (number // 2) + number % 2) for number in range(200)]
    assert all(group.quality.skill > 0.99 for group in formed(matcher_of(DUEL, *crowd)))
    pairs = {frozenset(names) for names in tickets(formed(matcher_of(DUEL, *crowd)))}
    assert pairs == {frozenset({f"t{n:03}", f"t{n + 1:03}"}) for n in range(0, 200, 2)}


def test_a_party_that_its_neighbours_do_not_complete_finds_who_does() -> None:
    """3 + 2 against 4 + 1, hidden in a pool too large to be searched whole, whose others keep to themselves."""
    parties = [a_ticket(f"p{size}", 1500, players=size, waited=100) for size in (3, 2, 4, 1)]
    hermits = [
        a_ticket(f"h{number}", 1510, waited=1, regions=[f"R{number}"], regionPreference="strict", languages=["eo"])
        for number in range(100)
    ]
    insists = [
        entry.model_copy(update={"criteria": criteria(languages=["de"], languagePreference="strict")})
        for entry in parties
    ]
    (group,) = formed(matcher_of(FIVES, *insists, *hermits))
    assert set(group.ticket_ids) == {"p3", "p2", "p4", "p1"}


def test_recent_opponents_are_avoided_where_others_are_to_be_had() -> None:
    again = [a_ticket("a", 1500, avoids="b"), a_ticket("b", 1500)]
    assert tickets(formed(matcher_of(DUEL, *again))) == [{"a", "b"}]
    crowd = [a_ticket(f"c{number}", 1500 + number % 3) for number in range(98)]
    assert {"a", "b"} not in tickets(formed(matcher_of(DUEL, *again, *crowd)))


def test_a_fresh_ticket_waits_for_the_largest_group_and_an_older_one_takes_less() -> None:
    def trio(waited: float) -> list[Group]:
        entries = [a_ticket(name, waited=waited) for name in "abc"]
        return formed(matcher_of({"groupSize": {"min": 2, "max": 4}}, *entries))

    assert (trio(4), tickets(trio(5))) == ([], [{"a", "b", "c"}])


def test_tickets_of_a_group_are_taken_until_they_are_freed_or_put() -> None:
    pool = matcher_of(DUEL, a_ticket("a"), a_ticket("b"))
    (group,) = formed(pool)
    assert (len(pool), formed(pool)) == (0, [])
    pool.free(group.ticket_ids)
    assert (len(pool), len(formed(pool))) == (2, 1)
    pool.put([a_ticket("a")])
    pool.drop([TicketId("b")])
    pool.free([TicketId("b")])
    assert (len(pool), formed(pool)) == (1, [])


def test_a_ticket_dropped_during_a_pass_is_in_no_group() -> None:
    pool = matcher_of(DUEL, *[a_ticket(f"t{number}", 1500 + number) for number in range(200)])
    gone = {f"t{number}" for number in range(0, 200, 2)}
    for number, group in enumerate(pool.groups(NOON)):
        if number == 0:
            pool.drop(map(TicketId, gone))
        assert group is None or not gone & set(group.ticket_ids)


def test_more_names_than_bits_are_still_told_apart() -> None:
    """Every pair shares a region; those whose region only shares a bit with another's never meet."""
    crowd = [a_ticket(f"t{number}", regions=[f"R{number // 2}"], regionPreference="strict") for number in range(1200)]
    groups = formed(matcher_of(DUEL, *crowd))
    assert groups
    assert all(len({int(name[1:]) // 2 for name in names}) == 1 for names in tickets(groups))


def made_up(turn: int) -> list[PoolEntry]:
    """A hundred tickets with names that nobody else says."""
    return [
        a_ticket(
            f"t{turn}-{n}",
            9000,
            regions=[f"R{turn}-{n}"],
            latencyMs={f"L{turn}-{n}": 5},
            attributes={"likes": [f"t{turn}", f"n{n}"]},
        )
        for n in range(100)
    ]


def test_names_that_players_make_up_do_not_stay_for_ever() -> None:
    pool, known = matcher_of(PICKY), []
    for turn in range(25):
        tickets = made_up(turn)
        pool.put(tickets)
        pool.drop([ticket.ticket_id for ticket in tickets])
        assert formed(pool) == []
        known.append(pool._columns._known())
    assert max(known) < 3 * MOST_BITS


def test_names_that_players_make_up_suspend_no_rule() -> None:
    """More regions than are told apart: who comes after them still meets those near, and nobody who is too far away."""
    pool = matcher_of(PICKY, *made_up(0), *made_up(1))
    near: dict[str, Any] = {"latencyMs": {"R0-0": 90, "EU": 20}, "attributes": {"likes": ["chess"]}}
    far = {**near, "latencyMs": {"R0-0": 60, "EU": 80}}
    pool.put([a_ticket("a", waited=9, **near), a_ticket("far", waited=8, **far)])
    assert formed(pool) == []
    pool.put([a_ticket("b", waited=7, **near)])
    assert tickets(formed(pool)) == [{"a", "b"}]


def test_forgotten_names_leave_those_that_are_said_as_they_were() -> None:
    pool = matcher_of(DUEL, a_ticket("a", regions=["EU"], regionPreference="strict"), a_ticket("b", regions=["NA"]))
    gone = [a_ticket(f"t{n}", 9000, regions=[f"R{n}"]) for n in range(MOST_BITS)]
    pool.put(gone)
    pool.drop([ticket.ticket_id for ticket in gone])
    assert formed(pool) == []
    assert pool._columns.regions.names == ["EU", "NA"]
    pool.put([a_ticket("c", regions=["EU"])])
    assert tickets(formed(pool)) == [{"a", "c"}]


def test_who_waited_since_then_is_told() -> None:
    pool = matcher_of(DUEL, a_ticket("old", waited=10), a_ticket("new", waited=9))
    assert pool.queued_before(NOON - timedelta(seconds=10)) == ["old"]


def test_the_share_of_the_others_that_each_rule_refuses_is_told() -> None:
    waiting = [
        a_ticket("me", 1500, regions=["EU"], regionPreference="strict", blocks="rival"),
        a_ticket("rival", 1500, regions=["EU"]),
        a_ticket("far", 1700, regions=["EU"]),
        a_ticket("away", 1500, regions=["NA"]),
        a_ticket("both", 1700, regions=["NA"]),
        a_ticket("enemy", 1500, regions=["EU"], blocks="me"),
    ]
    found = explained(matcher_of(DUEL, *waiting), "me")
    assert [(blocker.rule, blocker.rejected) for blocker in found.blockers] == [
        ("region", 0.4),
        ("skill", 0.4),
        ("block", 0.2),
    ]


def test_nobody_is_told_that_they_are_blocked() -> None:
    pool = matcher_of(DUEL, a_ticket("me"), a_ticket("enemy", blocks="me"))
    assert not formed(pool)
    assert explained(pool, "me").blockers == ()
    assert [blocker.rule for blocker in explained(pool, "enemy").blockers] == ["block"]


def test_what_a_ticket_holds_to_is_told_step_by_step() -> None:
    pool = matcher_of({"groupSize": {"min": 2, "max": 4}}, a_ticket("a", regions=["EU"]))

    def held(after: float) -> dict[str, tuple[int, float | None]]:
        return {rule.rule: (rule.step, rule.limit) for rule in explained(pool, "a", after).relaxed}

    assert held(0) == {"skill": (0, 100), "region": (0, 1), "size": (0, 4)}
    assert held(16) == {"skill": (2, 400), "region": (1, None), "size": (1, 2)}
    assert [explained(pool, "a", after).level for after in (0, 5, 15, 30, 60)] == [0, 1, 2, 3, 4]
    assert explained(pool, "a", 60).next_relaxation_at is None
    assert explained(pool, "a", 5).next_relaxation_at == NOON + timedelta(seconds=15)


def test_who_has_left_a_party_keeps_nobody_from_it_nor_from_who_comes_after_it() -> None:
    """Though somebody who waits has blocked them."""
    matcher = matcher_of({"teams": {"count": 2, "size": 2}}, a_ticket("old", players=2))
    lone = a_ticket("old").model_copy(update={"players": a_ticket("old", players=2).players[1:]})
    matcher.put([lone, a_ticket("b", blocks="old"), a_ticket("c"), a_ticket("d")])
    assert tickets(formed(matcher)) == [{"old", "b", "c", "d"}]
    matcher.drop(map(TicketId, ["old", "c", "d"]))
    matcher.put([a_ticket("b", blocks="old"), a_ticket("c"), a_ticket("d"), a_ticket("e")])
    assert tickets(formed(matcher)) == [{"b", "c", "d", "e"}]
