"""Whom a player has met of late, and would rather not meet again at once. Pure."""

from collections.abc import Iterable
from datetime import datetime

from domain.core.clock import seconds
from domain.core.ids import UserId
from domain.games.model import ModeName
from domain.matchmaking.model import Match

MATCHES_BACK = 5
"""So many of the player's last matches in the mode count..."""
OPPONENT_S = 1800.0
"""...if they were formed at most so long ago."""
DECLINER_S = 600.0
"""Who refused a match with the player is avoided for so long, in every mode."""
MOST = 50
"""Players that are avoided at the most, those met last."""


def avoided(user: UserId, mode: ModeName, matches: Iterable[Match], now: datetime) -> tuple[UserId, ...]:
    """Whom the user avoids, those met last first. matches: with the user in them, the newest first."""
    found: dict[UserId, None] = {}
    played = 0
    for match in matches:
        if user not in match.player_ids:
            continue
        if match.status == "cancelled":
            if match.formed_at > now - seconds(DECLINER_S):
                found.update(dict.fromkeys(match.refused_by))
        elif match.status != "proposed" and match.mode == mode:
            played += 1
            if played <= MATCHES_BACK and match.formed_at > now - seconds(OPPONENT_S):
                found.update(dict.fromkeys(match.player_ids))
    found.pop(user, None)
    return tuple(found)[:MOST]
