"""What waiting players are told of how long it takes, against what happens then."""

import random
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from domain.matchmaking.estimates import ENOUGH, KEPT, LEAST, Wait, Waits

WAITS = st.builds(
    Wait, ms=st.integers(0, 600_000), rating=st.floats(0, 3000, allow_nan=False), players=st.integers(1, 5)
)


def waits(*ms: int, rating: float = 1500, players: int = 1) -> Waits:
    return Waits().plus(Wait(ms=one, rating=rating, players=players) for one in ms)


def test_too_few_waits_tell_nothing() -> None:
    assert waits(*range(LEAST - 1)).estimate(rating=1500, players=1, waited_ms=-1) is None
    assert waits(*range(LEAST)).estimate(rating=1500, players=1, waited_ms=-1) is not None


def test_the_quantiles_of_waits_that_are_evenly_spread() -> None:
    estimate = waits(*range(1000, 60_000, 1000)).estimate(rating=1500, players=1, waited_ms=0)
    assert estimate is not None
    assert (estimate.low_ms, estimate.middle_ms, estimate.high_ms) == (6000, 30_000, 54_000)


def test_only_the_last_waits_count() -> None:
    """A pool that has become slower says so."""
    estimate = waits(*[1000] * 500, *[60_000] * KEPT).estimate(rating=1500, players=1, waited_ms=0)
    assert estimate is not None
    assert estimate.low_ms == 60_000


def test_a_ticket_is_compared_with_those_of_its_size_and_rating() -> None:
    known = waits(*[1000] * ENOUGH, rating=1500)
    known = known.plus(Wait(ms=90_000, rating=2500, players=1) for _ in range(ENOUGH))
    known = known.plus(Wait(ms=300_000, rating=1500, players=5) for _ in range(ENOUGH))

    def middle(rating: float, players: int) -> int:
        estimate = known.estimate(rating=rating, players=players, waited_ms=0)
        assert estimate is not None
        return estimate.middle_ms

    assert [middle(1400, 1), middle(2600, 1), middle(1500, 5)] == [1000, 90_000, 300_000]


@given(known=st.lists(WAITS, max_size=400), waited_ms=st.integers(0, 600_000), players=st.integers(1, 5))
def test_an_estimate_is_in_order_and_ahead_of_what_was_waited(known: list[Wait], waited_ms: int, players: int) -> None:
    """It lies within what was seen; and the longer a ticket has waited, the longer it is told to."""
    learned = Waits().plus(known)
    assert len(learned.last) <= KEPT
    estimate = learned.estimate(rating=1500, players=players, waited_ms=waited_ms)
    if estimate is None:
        return
    assert (
        waited_ms < estimate.low_ms <= estimate.middle_ms <= estimate.high_ms <= max(wait.ms for wait in learned.last)
    )
    earlier = learned.estimate(rating=1500, players=players, waited_ms=waited_ms // 2)
    assert earlier is not None
    assert earlier.middle_ms <= estimate.middle_ms


@given(known=st.lists(WAITS, max_size=KEPT))
def test_what_was_learned_survives_its_owner(known: list[Wait]) -> None:
    learned = Waits().plus(known)
    assert Waits.model_validate_json(learned.model_dump_json(by_alias=True)) == learned


def test_four_fifths_of_the_waits_fall_into_the_range_they_were_told() -> None:
    """On a steady stream, whatever its shape: for those who have just come, and for those who have waited a while."""
    dice = random.Random(11)
    shapes: dict[str, Callable[[], float]] = {
        "even": lambda: dice.uniform(1, 120),
        "long tail": lambda: dice.lognormvariate(3, 1),
        "two kinds": lambda: dice.gauss(10, 2) if dice.random() < 0.7 else dice.gauss(90, 10),
    }
    for shape, draw in shapes.items():
        learned, hits, fresh = Waits(), {0: [0, 0], 15_000: [0, 0]}, list[Wait]()
        for _ in range(3000):
            ms = round(1000 * max(0.001, draw()))
            wait = Wait(ms=ms, rating=dice.gauss(1500, 300), players=1)
            for waited_ms, counts in hits.items():
                estimate = learned.estimate(rating=wait.rating, players=1, waited_ms=waited_ms)
                if estimate and ms > waited_ms:
                    counts[0] += estimate.low_ms <= ms <= estimate.high_ms
                    counts[1] += 1
            fresh.append(wait)
            if len(fresh) == 20:
                learned = learned.plus(fresh)
                fresh.clear()
        for waited_ms, (inside, told) in hits.items():
            assert told > 500
            assert 0.76 < inside / told < 0.84, (shape, waited_ms, inside / told)
