"""What several sanctions come to."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.core.ids import UserId
from domain.reports.model import Sanction
from domain.reports.standing import FOR_GOOD, Standing, standing

NOW = datetime(2026, 1, 1, tzinfo=UTC)

moments = st.integers(-5, 5).map(lambda hours: NOW + timedelta(hours=hours))
sanctions = st.builds(
    Sanction,
    id=st.just("s"),
    user_id=st.just(UserId("u")),
    kind=st.sampled_from(["warning", "mute", "suspension", "ban"]),
    reason=st.just("so"),
    created_at=st.just(NOW),
    until=st.none() | moments,
    ended_at=st.none() | moments,
)


@given(st.lists(sanctions))
def test_somebody_is_kept_out_exactly_as_long_as_some_sanction_keeps_them_out(all_of_them: list[Sanction]) -> None:
    found = standing(all_of_them, NOW)
    for later in (NOW + timedelta(minutes=minutes) for minutes in range(0, 400, 30)):
        in_force = [one for one in all_of_them if one.ended_at is None and (one.until is None or one.until > later)]
        kept_out = found.status != "active" and (found.status_until is None or found.status_until > later)
        assert kept_out == any(one.kind in {"suspension", "ban"} for one in in_force)
        muted = found.muted_until is not None and found.muted_until > later
        assert muted == any(one.kind == "mute" for one in in_force)


@given(st.lists(sanctions))
def test_the_status_is_that_of_the_gravest_in_force(all_of_them: list[Sanction]) -> None:
    in_force = {one.kind for one in all_of_them if one.ended_at is None and (one.until is None or one.until > NOW)}
    expected = "banned" if "ban" in in_force else "suspended" if "suspension" in in_force else "active"
    assert expected == standing(all_of_them, NOW).status


def test_without_sanctions_there_is_nothing_to_say() -> None:
    assert standing([], NOW) == Standing()
    assert FOR_GOOD > NOW
