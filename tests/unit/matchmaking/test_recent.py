"""Whom a player avoids: opponents of late, and those who refused a match with them."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from domain.core.ids import GameId, TicketId, UserId
from domain.matchmaking.model import Match, MatchPlayer, MatchStatus, Quality
from domain.matchmaking.recent import DECLINER_S, MATCHES_BACK, MOST, OPPONENT_S, avoided
from tests.support.builders import NOON

_numbers = count(1)
EVEN = Quality(overall=1, skill=1, region=1, language=1, wait=1)


def a_match(*users: str, status: MatchStatus = "confirmed", age_s: float = 60, **fields: Any) -> Match:
    """A match formed so many seconds before noon."""
    ids = tuple(map(UserId, users))
    formed: datetime = NOON - timedelta(seconds=age_s)
    ordinary: dict[str, Any] = {"mode": "casual", "min_players": 2, "quality": EVEN, "accept_by": formed}
    return Match(
        id=f"m{next(_numbers)}",
        game_id=GameId("chess"),
        teams=(ids,),
        players=tuple(MatchPlayer(user_id=user, ticket_id=TicketId(user)) for user in ids),
        player_ids=ids,
        status=status,
        formed_at=formed,
        **{**ordinary, **fields},
    )


def of_me(*matches: Match) -> list[str]:
    return list(avoided(UserId("me"), "casual", matches, NOON))


def test_players_met_of_late_are_avoided_and_nobody_avoids_themselves() -> None:
    assert of_me(a_match("me", "ann"), a_match("bob", "me"), a_match("eve", "zoe")) == ["ann", "bob"]


def test_matches_long_ago_of_another_mode_or_still_proposed_do_not_count() -> None:
    old, other = a_match("me", "ann", age_s=OPPONENT_S), a_match("me", "bob", mode="ranked")
    assert of_me(old, other, a_match("me", "eve", status="proposed")) == []


def test_only_the_last_matches_count_and_only_so_many_players() -> None:
    matches = [a_match("me", f"p{n}") for n in range(MATCHES_BACK + 1)]
    assert of_me(*matches) == [f"p{n}" for n in range(MATCHES_BACK)]
    assert len(of_me(a_match("me", *(f"q{n}" for n in range(2 * MOST))))) == MOST


def test_who_refused_a_match_is_avoided_and_the_innocent_are_not() -> None:
    refused: dict[str, Any] = {"status": "cancelled", "refused_by": (UserId("ann"),), "mode": "ranked"}
    assert of_me(a_match("me", "ann", "bob", **refused)) == ["ann"]
    assert of_me(a_match("me", "ann", "bob", age_s=DECLINER_S, **refused)) == []
