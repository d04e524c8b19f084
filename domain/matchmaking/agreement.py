"""What players say of a match's end: whether it is a result at all, and whether enough of them say the same. Pure."""

from collections import Counter, defaultdict
from collections.abc import Sequence, Set

from domain.core.errors import ValidationFailed
from domain.core.ids import UserId
from domain.matchmaking.model import Match, Places, Report
from domain.rankings.rankings import Side

FAULTS_MOST = 50
"""So many faults of a result are named at most: it may hold thousands."""


def checked(match: Match, places: Sequence[Sequence[UserId]]) -> Places:
    """`places` with each place in order, so that equal results are equal; raises `ValidationFailed`.

    They must name every player of the match once, and keep each team in one place.
    """
    named = Counter(user for place in places for user in place)
    place_of = {user: number for number, place in enumerate(places) for user in place}
    strangers = sorted(named.keys() - set(match.player_ids))
    missing = sorted(set(match.player_ids) - named.keys())
    twice = sorted(user for user, count in named.items() if count > 1)
    torn = [team for team in _teams(match) if len({place_of.get(user) for user in team}) > 1]
    faults = [
        *(f"{user} did not play in this match" for user in strangers),
        *(f"{user} is missing: every player has a place" for user in missing),
        *(f"{user} is named twice" for user in twice),
        *(f"the players of a team share a place: {', '.join(team)}" for team in torn if not missing),
    ]
    if faults:
        raise ValidationFailed([{"field": "places", "message": fault} for fault in faults[:FAULTS_MOST]])
    return tuple(tuple(sorted(place)) for place in places)


def agreed(match: Match, reports: Sequence[Report]) -> Places | None:
    """The result that more than half of the players report, at least one of every team among them.

    Where each plays for themselves they must also be of more than half of the tickets: a party is of one mind.
    """
    voters: defaultdict[Places, set[UserId]] = defaultdict(set)
    for report in reports:
        voters[report.places].add(report.user_id)
    for places, users in voters.items():
        if 2 * len(users) > len(match.player_ids) and _of_all_sides(match, users):
            return places
    return None


def _of_all_sides(match: Match, users: Set[UserId]) -> bool:
    if len(match.teams) > 1:
        return all(users & set(team) for team in match.teams)
    tickets = {player.ticket_id for player in match.players if player.user_id in users}
    return 2 * len(tickets) > len(match.ticket_ids)


def sides(match: Match, places: Places) -> list[Side]:
    """Who played against whom, and how they did. Players of a match without teams play each for themselves."""
    rank_of = {user: rank for rank, place in enumerate(places, start=1) for user in place}
    return [Side(team, rank_of[team[0]]) for team in _teams(match)]


def _teams(match: Match) -> Sequence[tuple[UserId, ...]]:
    return match.teams if len(match.teams) > 1 else [(user,) for user in match.player_ids]
