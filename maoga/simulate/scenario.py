"""The scenario a simulation plays: a game, players, and tickets with the second at which each comes."""

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, Self

import orjson
from pydantic import Field, ValidationError, model_validator

from domain.core.errors import ValidationFailed
from domain.core.ids import GameId, TicketId, UserId
from domain.core.model import ID_SHAPE, Model, faults
from domain.games.model import Game, Mode
from domain.games.rules import RuleSet
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.pool import PoolKey, PoolPlayer, Skill
from domain.matchmaking.sizes import group_size

Moment = Annotated[float, Field(ge=0, le=31_536_000)]
"""Seconds since the beginning of the simulation."""

Fault = dict[str, str]


class Config(Model):
    """How the matchmaking is set. matching: fields of a rule set that replace those of every mode."""

    tick_ms: int = Field(default=1000, ge=20, le=600_000)
    ticket_max_s: float = Field(default=1800, gt=0)
    matching: dict[str, Any] = Field(default_factory=dict)


class ScenarioUser(Model):
    """A player. blocked: whom they have blocked."""

    rating: Skill = Skill()
    karma: int = 0
    blocked: tuple[Annotated[UserId, ID_SHAPE], ...] = ()


class ScenarioTicket(Criteria):
    """A ticket's criteria, who asks, and when. cancel_at: when they give up, should they still wait."""

    id: Annotated[TicketId, ID_SHAPE]
    at: Moment
    user_id: Annotated[UserId, ID_SHAPE]
    cancel_at: Moment | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.cancel_at is not None and self.cancel_at < self.at:
            raise ValueError("cancelAt must not be before at")
        return self

    @property
    def player_ids(self) -> list[UserId]:
        """Everybody the ticket is for, the one who asks first; the party need not name them again."""
        return list(dict.fromkeys([self.user_id, *self.party]))

    @property
    def pools(self) -> list[PoolKey]:
        """Where it waits."""
        return [PoolKey(wish.game_id, self.mode) for wish in self.games]

    @property
    def criteria(self) -> Criteria:
        """The criteria alone, as a ticket in the pool carries them."""
        return Criteria.model_construct(**{name: getattr(self, name) for name in Criteria.model_fields})


class Scenario(Model):
    """What is simulated, until the second `until`. games: more of them, where tickets wish for several.

    users: those who are not ordinary; everybody else has the rating of a beginner and blocks nobody.
    """

    game: Game
    games: tuple[Game, ...] = ()
    config: Config = Config()
    seed: int = 0
    until: Annotated[float, Field(gt=0, le=31_536_000)]
    users: dict[Annotated[UserId, ID_SHAPE], ScenarioUser] = Field(default_factory=dict)
    tickets: tuple[ScenarioTicket, ...]

    @cached_property
    def by_game(self) -> dict[GameId, Game]:
        """The games by id, with the rule sets that are in force."""
        return {GameId(game.id): _ruled(game, self.config.matching) for game in (self.game, *self.games)}

    def mode_of(self, key: PoolKey) -> Mode:
        """How that pool's game is played in its mode; there is such a game and mode, or the scenario was refused."""
        return next(mode for mode in self.by_game[key.game_id].modes if mode.mode == key.mode)

    def player(self, id: UserId, ticket: Criteria) -> PoolPlayer:
        """A player of the ticket, as the matcher sees them."""
        user = self.users.get(id, _ORDINARY)
        return PoolPlayer(
            user_id=id,
            skills={wish.game_id: user.rating for wish in ticket.games},
            karma=user.karma,
            blocked=user.blocked,
        )

    def with_rules(self, matching: dict[str, Any]) -> "Scenario":
        """The same scenario under other rules, which replace those of its modes; raises `ValidationFailed`."""
        config = self.config.model_copy(update={"matching": {**self.config.matching, **matching}})
        changed = self.model_copy(update={"config": config})
        changed.__dict__.pop("by_game", None)  # copied along with the fields
        _check(changed)
        return changed


_ORDINARY = ScenarioUser()


def read(data: bytes) -> Scenario:
    """The scenario in JSON; raises `ValidationFailed` with the place of every fault."""
    try:
        scenario = Scenario.model_validate(orjson.loads(data), by_alias=True, by_name=False)
    except orjson.JSONDecodeError as error:
        raise not_json(error) from None
    except ValidationError as error:
        raise ValidationFailed(faults(error)) from None
    _check(scenario)
    return scenario


def not_json(error: orjson.JSONDecodeError) -> ValidationFailed:
    """What to say of a file that is not JSON."""
    return ValidationFailed([{"field": "(file)", "message": f"is not JSON: {error}"}])


def _check(scenario: Scenario) -> None:
    try:
        scenario.by_game  # noqa: B018 (the rule sets are put together)
    except ValidationError as error:
        raise ValidationFailed(
            [{**fault, "field": f"config.matching.{fault['field']}"} for fault in faults(error)]
        ) from None
    found = [*_of_games(scenario), *_of_tickets(scenario)]
    if found:
        raise ValidationFailed(found)


def _of_games(scenario: Scenario) -> Iterator[Fault]:
    known = {scenario.game.id}
    for number, game in enumerate(scenario.games):
        if game.id in known:
            yield {"field": f"games.{number}.id", "message": f"{game.id} stands there twice"}
        known.add(game.id)


def _of_tickets(scenario: Scenario) -> Iterator[Fault]:
    seen = Counter[TicketId]()
    for number, ticket in enumerate(scenario.tickets):
        seen[ticket.id] += 1
        if seen[ticket.id] == 2:
            yield {"field": f"tickets.{number}.id", "message": f"{ticket.id} is the id of an earlier ticket"}
        for field, message in _of_ticket(scenario, ticket):
            yield {"field": f"tickets.{number}.{field}", "message": message}


def _of_ticket(scenario: Scenario, ticket: ScenarioTicket) -> Iterator[tuple[str, str]]:
    """What production would refuse about the ticket: the field and what is wrong with it."""
    for number, wish in enumerate(ticket.games):
        game = scenario.by_game.get(wish.game_id)
        mode = game.mode(ticket.mode) if game else None
        if game is None:
            yield f"games.{number}.gameId", f"unknown game; there are: {', '.join(scenario.by_game)}"
        elif mode is None:
            known = ", ".join(mode.mode for mode in game.modes)
            yield "mode", f"{wish.game_id} has no mode {ticket.mode}; it has: {known}"
        else:
            yield from _of_size(ticket, mode)


def _of_size(ticket: ScenarioTicket, mode: Mode) -> Iterator[tuple[str, str]]:
    size = group_size(ticket.criteria, mode)
    if size is None:
        yield "groupSize", f"no match of the mode {mode.mode} has such a size"
        return
    most = mode.teams.size if mode.teams else size.max
    if len(ticket.player_ids) > most:
        yield "party", f"must have at most {most} players together with userId, to play {mode.mode} together"


def _ruled(game: Game, matching: dict[str, Any]) -> Game:
    if not matching:
        return game
    modes = [
        mode.model_copy(update={"matching": RuleSet.model_validate({**mode.matching.wire(), **matching})})
        for mode in game.modes
    ]
    return game.changed(modes=tuple(modes))
