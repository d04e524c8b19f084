"""Groups that are far apart are put off in a busy pool, while their longest waiting ticket has patience."""

import pytest

from domain.matchmaking.pairing.matcher import Matcher
from tests.unit.matchmaking.test_matcher import DUEL, a_ticket, formed, matcher_of, tickets


def a_busy_pool(first: float, second: float, waited: float, **matching: float) -> Matcher:
    """Two of whom one has waited so long, and a crowd that came of late and plays neither with them nor together."""
    crowd = [
        a_ticket(f"c{number}", regions=[f"R{number}"], regionPreference="strict", waited=1) for number in range(20)
    ]
    pair = [
        a_ticket(name, rating, waited=of_one, regions=["EU"], regionPreference="strict", skillPreference="any")
        for name, rating, of_one in (("a", first, waited), ("b", second, 0))
    ]
    return matcher_of(DUEL, *pair, *crowd, **matching)


@pytest.mark.parametrize(
    ("waited", "apart", "is_formed"),
    [(0, 50, True), (0, 51, False), (11, 200, False), (12, 200, True), (14, 800, False), (15, 800, True)],
)
def test_what_a_group_is_put_off_for_widens_with_the_wait_of_its_oldest(
    waited: float, apart: float, is_formed: bool
) -> None:
    assert bool(formed(a_busy_pool(1500, 1500 + apart, waited, holdS=20))) == is_formed


def test_what_tickets_pay_adds_up() -> None:
    """Neither of two has waited for long enough to pay for both, but together they have."""
    both = a_busy_pool(1500, 1700, 8, holdS=20)
    assert formed(both) == []
    both.put([a_ticket("b", 1700, waited=8, regions=["EU"], regionPreference="strict", skillPreference="any")])
    assert tickets(formed(both)) == [{"a", "b"}]


def test_nobody_is_put_off_beyond_two_and_a_half_times_the_hold() -> None:
    assert formed(a_busy_pool(1500, 90_000, 49.9, holdS=20)) == []
    assert tickets(formed(a_busy_pool(1500, 90_000, 50, holdS=20))) == [{"a", "b"}]


def test_nothing_is_put_off_without_a_hold_or_in_a_quiet_pool() -> None:
    assert tickets(formed(a_busy_pool(1500, 1900, 0, holdS=0))) == [{"a", "b"}]
    quiet = [a_ticket(name, rating, skillPreference="any") for name, rating in (("a", 1500), ("b", 1900))]
    assert tickets(formed(matcher_of(DUEL, *quiet))) == [{"a", "b"}]


def test_of_those_put_off_the_oldest_is_served_first() -> None:
    """All three may meet, and each two are alike far apart in the eyes of the one in the middle."""
    pool = a_busy_pool(1500, 1800, 30, holdS=20)
    pool.put([a_ticket("c", 1200, waited=29, regions=["EU"], regionPreference="strict", skillPreference="any")])
    (group,) = tickets(formed(pool))
    assert "a" in group
