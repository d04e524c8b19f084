"""How the ratings of a mode live on between matches, as data in the catalogue: seasons, decay and the leaderboard."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from domain.core.model import Moment
from domain.games.rules import Entry, Name


class Season(Entry):
    """From `startsAt` on, until the next season. `softReset` is how far its start moves each rating towards a new one.

    0 leaves a rating as it is, 1 makes it that of a new player; in between the order of the players stays.
    """

    name: Name
    starts_at: Moment
    soft_reset: Annotated[float, Field(ge=0, le=1)] = 0.25


class Decay(Entry):
    """Who does not play becomes uncertain: after `afterDays` sigma grows by `sigmaPerDay` a day, up to `sigmaMax`."""

    after_days: Annotated[float, Field(ge=0, le=3650)]
    sigma_per_day: Annotated[float, Field(ge=0, le=500)]
    sigma_max: Annotated[float, Field(gt=0, le=500)] = 350


class RatingRules(Entry):
    """The rules of a mode's ratings.

    seasons: in the order of their starts; without any, ratings go on for ever. listedFrom: how many rated matches of
    the season put a player on the leaderboard.
    """

    seasons: Annotated[tuple[Season, ...], Field(max_length=100, strict=False)] = ()
    decay: Decay | None = None
    listed_from: Annotated[int, Field(ge=1, le=100)] = 5

    @model_validator(mode="after")
    def _seasons_follow_one_another(self) -> Self:
        starts = [season.starts_at for season in self.seasons]
        if starts != sorted(set(starts)) or len({season.name for season in self.seasons}) < len(starts):
            raise ValueError("seasons must come in the order of their startsAt, each name and start once")
        return self
