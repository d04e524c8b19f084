"""What clients ask of the leaderboards."""

from domain.core.model import WireId
from domain.core.paging import PageQuery
from domain.games.model import ModeName


class LeaderboardQuery(PageQuery):
    """Which part of a mode's leaderboard: from the top, from `cursor`, or `around` a player (`me`, or their id)."""

    mode: ModeName
    around: WireId | None = None
