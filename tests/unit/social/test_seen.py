"""What others see of a player, for any facts."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from domain.core.clock import seconds
from domain.presence.told import NEVER, Told
from domain.social.model import UserStatus
from domain.social.seen import OFFLINE_AFTER_S, Facts, offline_at, seen

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MOMENTS = st.integers(-20_000, 20_000).map(lambda ms: NOON + seconds(ms / 1000))
STATUSES = st.sampled_from(["online", "away", "queued", "in_lobby", "in_game", "offline"])
CHOICES = st.builds(
    UserStatus,
    id=st.just("ann"),
    status=st.sampled_from(["online", "away"]),
    custom_status=st.sampled_from([None, "tea"]),
)
FACTS = st.builds(
    Facts,
    online=st.booleans(),
    gone_at=st.none() | MOMENTS,
    busy=st.none() | st.sampled_from(["queued", "in_lobby", "in_game"]),
    chosen=st.none() | CHOICES,
    hidden=st.booleans(),
)
LAST = st.just(NEVER) | st.builds(Told, status=STATUSES, since=MOMENTS, custom_status=st.none())


@given(facts=FACTS, last=LAST)
def test_who_is_hidden_or_away_for_good_is_offline_and_says_nothing(facts: Facts, last: Told) -> None:
    found = seen(facts, last, NOON)
    is_here = facts.online or offline_at(facts, last, NOON) is not None
    assert (found.status == "offline") == (facts.hidden or not is_here)
    if found.status == "offline":
        assert found.custom_status is None
    elif facts.busy:
        assert found.status == facts.busy
    elif facts.chosen:
        assert (found.status, found.custom_status) == (facts.chosen.status, facts.chosen.custom_status)


@given(facts=FACTS, last=LAST)
def test_a_status_began_when_it_was_first_seen_and_a_later_one_began_later(facts: Facts, last: Told) -> None:
    found = seen(facts, last, NOON)
    if found.status == last.status:
        assert found.since == last.since
    else:
        assert found.since is not None
        assert found.since >= NOON
        assert last.since is None or found.since > last.since
    assert seen(facts, found, NOON) == found or offline_at(facts, last, NOON) != offline_at(facts, found, NOON)


@given(facts=FACTS, last=LAST)
def test_only_who_was_there_and_has_just_gone_may_be_back_soon(facts: Facts, last: Told) -> None:
    at = offline_at(facts, last, NOON)
    if at is None:
        assert facts.online or facts.gone_at is None or last.status == "offline" or facts.gone_at <= NOON - seconds(5)
    else:
        assert facts.gone_at is not None
        assert at == facts.gone_at + seconds(OFFLINE_AFTER_S) > NOON
