"""Feasibility: what in a ticket's criteria the catalogue cannot meet, by field and with what it allows. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from domain.core.clock import seconds
from domain.core.ids import GameId
from domain.games.model import Game, Mode
from domain.games.rules import Composition, Distance, Equality, MaxLatency, Overlap
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.sizes import UNDEFINED_SIZE, group_size

Fault = dict[str, str]
OfAttribute = Distance | Equality | Overlap | Composition

SCHEDULE_AHEAD_S = 7 * 86_400.0
PAST_MEANS_NOW_S = 60.0
"""A moment that passed this recently means now: clocks differ, and a request takes its time."""


def faults_of(criteria: Criteria, size: int, games: Mapping[GameId, Game], now: datetime) -> list[Fault]:
    """Every fault as `{field, message}`. size: of the party. games: those of the wished ones that the catalogue has."""
    found = list(_game_faults(criteria, games))
    modes = {
        wish.game_id: mode
        for wish in criteria.games
        if wish.game_id in games and (mode := games[wish.game_id].playable(criteria.mode)) is not None
    }
    for game_id, mode in modes.items():
        found += _size_faults(criteria, size, f"{game_id} {criteria.mode}", mode)
    if len(modes) == len(criteria.games):  # else a name may belong to the game that is not known
        found += _role_faults(criteria, modes)
        found += _attribute_faults(criteria, modes)
    found += _schedule_faults(criteria, now)
    return found


def _fault(field: str, message: str) -> Fault:
    return {"field": field, "message": message}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def _game_faults(criteria: Criteria, games: Mapping[GameId, Game]) -> Iterator[Fault]:
    for number, wish in enumerate(criteria.games):
        game = games.get(wish.game_id)
        if game is None:
            yield _fault(f"games.{number}.gameId", "unknown game; see GET /api/v1/games")
        elif game.playable(criteria.mode) is None:
            known = _listed(game.mode_names)
            yield _fault("mode", f"{wish.game_id} has no such mode; it has: {known}")


def _size_faults(criteria: Criteria, size: int, name: str, mode: Mode) -> Iterator[Fault]:
    allowed, teams = group_size(criteria, mode), mode.teams
    if allowed is None:
        low, high = mode.group_size.model_dump().values() if mode.group_size else UNDEFINED_SIZE
        sizes = f"exactly {teams.count * teams.size}" if teams else f"{low} to {high}"
        yield _fault("groupSize", f"{name} is played by {sizes}")
    elif size > (most := teams.size if teams else allowed.max):
        yield _fault("party", f"{name} takes parties of at most {most}")


def _role_faults(criteria: Criteria, modes: Mapping[GameId, Mode]) -> Iterator[Fault]:
    """Each role is one of some game's, and each game with roles has one of the player's."""
    roles = {game_id: set(mode.teams.roles or {}) if mode.teams else set[str]() for game_id, mode in modes.items()}
    known = set().union(*roles.values())
    for number, role in enumerate(criteria.roles):
        if role not in known:
            yield _fault(f"roles.{number}", f"no such role in this mode; there are: {_listed(known)}")
    if criteria.roles and known & set(criteria.roles):
        for game_id, allowed in roles.items():
            if allowed and not allowed & set(criteria.roles):
                yield _fault("roles", f"none of them is one of {game_id}'s: {_listed(allowed)}")


_KINDS: dict[type, tuple[Callable[[object], bool], str]] = {
    Distance: (lambda value: isinstance(value, float), "a number"),
    Equality: (lambda value: isinstance(value, float | str), "a number or a text"),
    Overlap: (lambda value: isinstance(value, list), "a list of texts"),
    Composition: (lambda value: isinstance(value, str), "a text"),
}


def _attribute_faults(criteria: Criteria, modes: Mapping[GameId, Mode]) -> Iterator[Fault]:
    rules = [(game_id, rule) for game_id, mode in modes.items() for rule in _attribute_rules(mode)]
    known = {rule.attribute for _, rule in rules}
    for name in criteria.attributes:
        if name not in known:
            yield _fault(f"attributes.{name}", f"no such attribute in this mode; there are: {_listed(known)}")
    for game_id, rule in rules:
        field, value = f"attributes.{rule.attribute}", criteria.attributes.get(rule.attribute)
        fits, kind = _KINDS[type(rule)]
        if value is None:
            if rule.required:
                yield _fault(field, f"{game_id} {criteria.mode} needs it: {kind}")
        elif not fits(value):
            yield _fault(field, f"must be {kind} for {game_id} {criteria.mode}")


def _attribute_rules(mode: Mode) -> Sequence[OfAttribute]:
    return [rule for rule in mode.matching.rules if not isinstance(rule, MaxLatency)]


def _schedule_faults(criteria: Criteria, now: datetime) -> Iterator[Fault]:
    if criteria.scheduled_at is None:
        return
    latest = now + seconds(SCHEDULE_AHEAD_S)
    if not now - seconds(PAST_MEANS_NOW_S) <= criteria.scheduled_at <= latest:
        yield _fault("scheduledAt", f"must be between now and 7 days ahead: {_text(now)} to {_text(latest)}")


def _text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
