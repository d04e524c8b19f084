"""Whether tickets that may all meet are a match, asked of one group after the other. Pure.

The same as `Candidates.legal` says of many groups at once, in plain numbers, which are quicker for one.
"""

from collections.abc import Sequence

from domain.games.model import Teams
from domain.matchmaking.pairing.candidates import Candidates
from domain.matchmaking.pairing.columns import WORD
from domain.matchmaking.pairing.constraints import Places
from domain.matchmaking.pairing.windows import packs


class Legality:
    """The rules for groups of exactly `total` players among these candidates, numbered by their places."""

    def __init__(self, among: Candidates, total: int, teams: Teams | None) -> None:
        self._total, self._teams = total, teams
        self._size, self._most = among.size.tolist(), among.sized.high.tolist()
        self._waited = among.waited.tolist()
        self._regions, self._languages = _Common(among.regions), _Common(among.languages)
        self._reach = _Common(among.reach) if among.reach else None
        self._counts = [(count.players.tolist(), count) for count in among.counts]

    def holds(self, group: Sequence[int]) -> bool:
        """Whether they are a match, as far as can be said without putting them on teams."""
        if len(group) == 1 and self._most[group[0]] != self._total:
            return False
        longest = max(self._waited[ticket] for ticket in group)
        for players, count in self._counts:
            if longest < count.until_s and not count.low <= sum(players[ticket] for ticket in group) <= count.high:
                return False
        regions = self._regions.of(group) & (self._reach.of(group) if self._reach else -1)
        if not regions or not self._languages.of(group):
            return False
        sizes = sorted((self._size[ticket] for ticket in group), reverse=True)
        return self._teams is None or packs(tuple(sizes), self._teams)


class _Common:
    """The places that tickets share, as bits of one number; all (-1) if nobody needs to."""

    def __init__(self, places: Places) -> None:
        words = [word.tolist() for word in places.words]
        self._masks = [
            sum(bits << (WORD * number) for number, bits in enumerate(of_one)) for of_one in zip(*words, strict=True)
        ]
        self._needs = places.needs.tolist()

    def of(self, group: Sequence[int]) -> int:
        """Those of a group."""
        if not any(self._needs[ticket] for ticket in group):
            return -1
        common = -1
        for ticket in group:
            common &= self._masks[ticket]
        return common
