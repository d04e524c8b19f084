"""What is left out of a pass, because it would fail again, is not missed."""

from datetime import timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from domain.games.model import Mode
from domain.matchmaking.pairing.candidates import Candidates, candidates
from domain.matchmaking.pairing.columns import Columns, microseconds
from domain.matchmaking.pairing.futile import Futile
from domain.matchmaking.pairing.matcher import Matcher
from domain.matchmaking.pairing.relaxation import Schedule
from domain.matchmaking.pool import PoolEntry
from tests.support.builders import CHESS, NOON, a_pool_entry

MODE = Mode.model_validate({"mode": "casual", "teams": {"count": 2, "size": 1}, "matching": {"slowest": 1}})
STEPS = st.lists(
    st.tuples(
        st.lists(st.tuples(st.sampled_from([1000, 1150, 1300, 1900]), st.sampled_from(["EU", "NA"])), max_size=2),
        st.sampled_from([1, 4, 30]),
        st.booleans(),
    ),
    min_size=2,
    max_size=8,
)


@given(STEPS)
def test_a_matcher_that_remembers_failures_finds_what_a_new_one_finds(steps: list[tuple[list, int, bool]]) -> None:  # type: ignore[type-arg]
    """Tickets come, wait and leave: each time the same groups are formed as by a matcher that never looked before."""
    old, waiting, everybody, now = Matcher(CHESS, MODE), dict[str, PoolEntry](), list[PoolEntry](), NOON
    for arrivals, waited_s, one_leaves in steps:
        now += timedelta(seconds=waited_s)
        if one_leaves and waiting:
            old.drop([waiting.pop(min(waiting)).ticket_id])
        entries = [
            a_pool_entry(rating=rating, queued_at=now, regions=[region], regionPreference="strict")
            for rating, region in arrivals
        ]
        old.put(entries)
        waiting |= {entry.ticket_id: entry for entry in entries}
        everybody += entries
        new = Matcher(CHESS, MODE)
        new.put(everybody)  # how busy the pool is, both know
        new.drop(entry.ticket_id for entry in everybody if entry.ticket_id not in waiting)
        found = [group.ticket_ids for group in old.groups(now) if group]
        assert found == [group.ticket_ids for group in new.groups(now) if group]
        taken = [ticket_id for group in found for ticket_id in group]
        old.drop(taken)
        for ticket_id in taken:
            del waiting[ticket_id]


def test_a_freed_ticket_is_looked_for_again() -> None:
    """A pass that found nothing, as two tickets were taken, does not hide the group they make once they are free."""
    matcher = Matcher(CHESS, MODE)
    matcher.put([a_pool_entry(queued_at=NOON) for _ in range(2)])
    (group,) = filter(None, matcher.groups(NOON))
    assert not any(matcher.groups(NOON)) and not any(matcher.groups(NOON))
    matcher.free(group.ticket_ids)
    assert any(matcher.groups(NOON))


def test_a_search_that_failed_is_repeated_when_its_tickets_have_relaxed_or_changed() -> None:
    """Until then it need not be, however much time passes."""
    columns, schedule = Columns(CHESS, MODE), Schedule(MODE.matching)
    entries = [a_pool_entry(rating=rating, queued_at=NOON) for rating in (1000, 1900)]
    columns.put(entries)
    futile, both = Futile(columns, schedule), np.array([0, 1])

    def after(waited_s: float) -> Candidates:
        now = microseconds(NOON + timedelta(seconds=waited_s))
        return candidates(columns, both, MODE, schedule, now=now, stretch=1)

    futile.failed(after(0), both, 2)
    assert futile.around(after(schedule.times[0] - 1), both, 2)
    assert not futile.around(after(schedule.times[0]), both, 2)
    columns.put(entries[1:])
    assert not futile.around(after(0), both, 2)
