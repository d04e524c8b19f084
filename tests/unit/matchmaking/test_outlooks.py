"""What a ticket may hope for follows from those who came of late and whom it may meet."""

from hypothesis import given
from hypothesis import strategies as st

from domain.games.model import Mode
from domain.matchmaking.pairing.columns import Columns, microseconds
from domain.matchmaking.pairing.outlooks import REMEMBERED, Outlooks
from domain.matchmaking.pool import PoolEntry
from tests.support.builders import CHESS, NOON
from tests.unit.matchmaking.test_matcher import a_ticket

MODE = Mode.model_validate({"mode": "casual", "teams": {"count": 2, "size": 1}})
NOW = microseconds(NOON)


def shares(*entries: PoolEntry, now: int = NOW) -> list[float]:
    """Those of the tickets, all of whom came."""
    columns = Columns(CHESS, MODE)
    rows = columns.put(entries)
    outlooks = Outlooks(columns, 2)
    outlooks.add(rows)
    return [round(share, 6) for share in outlooks.shares(rows, now).tolist()]


def crowd(least: int, apart: int, region: str = "EU") -> list[PoolEntry]:
    return [a_ticket(f"{region}{number}", least + number * apart, regions=[region]) for number in range(12)]


def test_who_is_strict_about_a_region_few_come_to_must_hope_for_wider_groups() -> None:
    few = [a_ticket(f"x{n}", 1000 + 300 * n, regions=["SA"]) for n in range(3)]
    strict, easy = (a_ticket(how, 1500, regions=["SA"], regionPreference=how) for how in ("strict", "any"))
    of_strict, of_easy = shares(strict, easy, *few, *crowd(1400, 20))[:2]
    assert of_strict > of_easy


def test_who_is_far_from_most_must_hope_for_wider_groups() -> None:
    far, amid = shares(a_ticket("far", 2500), a_ticket("amid", 1510), *crowd(1400, 20))[:2]
    assert far > amid


def test_the_ratings_of_a_party_and_its_size_count() -> None:
    """Its own spread cannot be helped, and it fills more places."""
    party, alone = shares(a_ticket("party", 1510, players=2), a_ticket("alone", 1510), *crowd(1400, 20))[:2]
    assert party == 2 * alone


def test_who_came_long_ago_counts_no_more() -> None:
    here = a_ticket("here", 1510)
    old = [a_ticket(f"o{n}", 1500, waited=REMEMBERED / 1e6) for n in range(20)]
    assert shares(here, *old)[0] == shares(here)[0] > shares(here, *crowd(1400, 20))[0]


@given(st.permutations(crowd(1400, 20) + crowd(1000, 150, "SA")))
def test_the_order_in_which_tickets_are_told_does_not_matter(entries: list[PoolEntry]) -> None:
    told = dict(zip([entry.ticket_id for entry in entries], shares(*entries), strict=True))
    again = sorted(entries, key=lambda entry: entry.ticket_id)
    assert told == dict(zip([entry.ticket_id for entry in again], shares(*again), strict=True))


def test_where_nobody_came_there_is_a_bound() -> None:
    (share,) = shares(a_ticket("first"), now=NOW + 2 * REMEMBERED)
    assert 0 < share < float("inf")
