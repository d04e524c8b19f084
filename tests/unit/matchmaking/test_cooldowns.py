"""The rule of cooldowns: it grows with refusals, decays with time, and forgets in the end."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from domain.core.ids import UserId
from domain.matchmaking.cooldowns import Cooldown, CooldownRule, after_refusal, level_at
from tests.support.builders import NOON

USER = UserId("u1")
RULE = CooldownRule()
RULES = st.builds(
    CooldownRule,
    steps_s=st.lists(st.integers(0, 7200), min_size=1, max_size=6).map(lambda steps: tuple(sorted(steps))),
    decay_s=st.integers(1, 7200),
)
PAUSES = st.lists(st.integers(0, 10_000), min_size=1, max_size=12)


def refused_after(pauses: list[int], rule: CooldownRule) -> list[tuple[datetime, Cooldown]]:
    """The moments of refusals that come so many seconds one after the other, and the cooldown after each."""
    now, cooldown, told = NOON, None, []
    for pause in pauses:
        now += timedelta(seconds=pause)
        cooldown = after_refusal(cooldown, USER, now, rule)
        told.append((now, cooldown))
    return told


def waits_s(pauses: list[int], rule: CooldownRule = RULE) -> list[float]:
    return [(cooldown.until - now).total_seconds() for now, cooldown in refused_after(pauses, rule)]


def test_the_first_refusal_is_free_and_each_further_one_costs_more_up_to_the_last_step() -> None:
    assert waits_s([0, 1000, 1000, 1000, 1000, 1000]) == [0, 30, 120, 300, 900, 900]


def test_an_hour_without_a_refusal_forgets_one() -> None:
    assert waits_s([0, 10, 3600]) == [0, 30, 30]
    assert waits_s([0, 10, 100, 7200]) == [0, 30, 120, 30]
    assert waits_s([0, 10, 3 * 3600]) == [0, 30, 0]


@given(pauses=PAUSES, rule=RULES)
def test_one_more_refusal_never_shortens_a_cooldown_and_never_costs_more_than_the_last_step(
    pauses: list[int], rule: CooldownRule
) -> None:
    told = refused_after(pauses, rule)
    for (_, before), (now, after) in pairwise(told):
        assert after.until >= before.until
        assert after.until >= now
        assert after.until <= max(now + timedelta(seconds=rule.steps_s[-1]), before.until)


@given(pauses=PAUSES, rule=RULES, later=st.integers(0, 100_000), more=st.integers(0, 100_000))
def test_what_counts_only_falls_with_time_and_nothing_is_left_when_the_record_expires(
    pauses: list[int], rule: CooldownRule, later: int, more: int
) -> None:
    now, cooldown = refused_after(pauses, rule)[-1]
    soon, late = now + timedelta(seconds=later), now + timedelta(seconds=later + more)
    assert 1 <= cooldown.level <= len(rule.steps_s)
    assert level_at(cooldown, now, rule) == cooldown.level
    assert level_at(cooldown, late, rule) <= level_at(cooldown, soon, rule) <= cooldown.level
    assert level_at(cooldown, cooldown.expires_at, rule) == 0
    assert cooldown.expires_at >= cooldown.until


@given(pauses=PAUSES, rule=RULES)
def test_refusals_further_apart_never_wait_longer(pauses: list[int], rule: CooldownRule) -> None:
    """Of two players with as many refusals, the one who took more time between them is no worse off."""
    hasty, calm = refused_after([0] * len(pauses), rule)[-1], refused_after(pauses, rule)[-1]
    assert calm[1].level <= hasty[1].level
