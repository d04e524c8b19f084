"""What a load test can be asked to do, and how it counts."""

from collections import Counter
from math import ceil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from maoga.__main__ import app
from maoga.loadtest.figures import Calls, Times
from maoga.loadtest.options import LoadOptions, Role, checked_urls, parse_mix

HERE = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--url", "http://game.example.com"], "--i-own-this"),
        (["--url", "http://127.0.0.1.example.com"], "--i-own-this"),
        (["--url", HERE, "--url", "http://10.1.2.3:8000"], "10.1.2.3 is not this machine"),
        (["--url", "127.0.0.1:8000"], "is not http://"),
        (["--players", "0"], "--players"),
        (["--players", "2001"], "--players"),
        (["--duration", "3601"], "--duration"),
        (["--ramp", "0"], "--ramp"),
        (["--pace", "0"], "--pace"),
        (["--mix", "play=1,dance=2"], "'dance=2' is not one of play=NUMBER, talk=NUMBER, idle=NUMBER"),
        (["--mix", "play=1,play=2"], "'play=2' is not one of"),
        (["--mix", "play=-1"], "'play=-1' is not one of"),
        (["--mix", "play=0"], "at least one number"),
        (["--max-error-rate", "2"], "--max-error-rate"),
        (["--tokens", "/no/such/file"], "/no/such/file: No such file"),
        (["--json", "/no/such/folder/report.json"], "/no/such/folder/report.json: No such file"),
        (["--pid", "4194305"], "there is no process 4194305"),
    ],
)
def test_an_impossible_wish_is_refused_before_anything_is_sent(arguments: list[str], reason: str) -> None:
    result = CliRunner().invoke(app, ["loadtest", *arguments])
    assert result.exit_code == 2, result.output
    assert reason in " ".join(result.output.replace("│", " ").split())


def test_without_a_server_it_says_so() -> None:
    result = CliRunner().invoke(app, ["loadtest", "--url", HERE])
    assert result.exit_code == 1
    assert f"{HERE}: UNREACHABLE" in result.output


def test_there_must_be_a_token_for_everybody(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text("one\n\ntwo\n")
    result = CliRunner().invoke(app, ["loadtest", "--players", "3", "--tokens", str(tokens)])
    assert (result.exit_code, result.output) == (2, "--tokens: there are 2, for 3 players\n")


def test_who_owns_it_may_load_another_machine() -> None:
    assert checked_urls(["https://game.example.com/"], consent=True) == ("https://game.example.com",)


@pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.3.2.1", "http://[::1]:8000"])
def test_this_machine_needs_no_consent(url: str) -> None:
    assert checked_urls([url], consent=False) == (url,)


MIXES = st.dictionaries(st.sampled_from(["play", "talk", "idle"]), st.integers(1, 9), min_size=1)


@given(MIXES, st.integers(1, 300))
def test_at_any_moment_the_mix_of_those_who_came_is_what_was_asked_for(mix: dict[Role, int], players: int) -> None:
    roles = LoadOptions((HERE,), players, 1, 1, mix, 1).roles()
    assert len(roles) == players
    given_out = Counter(roles[: players // 2 + 1])
    for role, weight in mix.items():
        assert abs(given_out[role] - weight * given_out.total() / sum(mix.values())) <= len(mix)


def test_a_mix_may_leave_roles_out() -> None:
    assert parse_mix(" play=2 ,idle=0") == {"play": 2}


@given(st.lists(st.floats(0.02, 1e6), min_size=1, max_size=200), st.floats(0.01, 1))
def test_a_percentile_is_at_most_two_percent_too_long(times: list[float], share: float) -> None:
    measured = Times()
    for ms in times:
        measured.add(ms)
    exact = sorted(times)[max(1, ceil(share * len(times))) - 1]
    found = measured.percentile(share)
    assert found is not None
    assert exact * 0.999999 <= found <= exact * 1.0200001


def test_without_times_there_is_no_percentile() -> None:
    assert Times().wire() == {"p50": None, "p95": None, "p99": None, "max": None}


def test_a_refusal_that_a_fair_player_may_meet_is_counted_but_no_failure() -> None:
    calls = Calls()
    for code in (None, "MATCH_OVER", "TIMEOUT"):
        calls.add(1, code)
    assert (calls.times.count, calls.failed, dict(calls.errors)) == (3, 1, {"MATCH_OVER": 1, "TIMEOUT": 1})
