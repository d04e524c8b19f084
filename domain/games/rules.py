"""The rules of a mode's matchmaking, as data in the catalogue: what tickets must have in common, and for how long.

A bound that expands is a list of steps: each holds from `afterS` seconds of waiting on, until the next one. What has no
step for it never softens.
"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from domain.core.model import Model, Text

Name = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9_-]+$")]
Word = Annotated[Text, Field(min_length=1, max_length=64)]
"""A value of a ticket's attribute."""

Seconds = Annotated[float, Field(ge=0, le=604_800)]
Bound = Annotated[float, Field(ge=0, le=1e9)]


class Entry(Model):
    """Part of a mode, as it is given, stored and sent: no type stands for another, no field is passed over."""

    model_config = ConfigDict(strict=True)


class Step(Entry):
    """From `afterS` seconds of waiting on the bound is `limit`; none means that it binds no more."""

    after_s: Seconds
    limit: Bound | None = None


def _rising(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    times = [step.after_s for step in steps]
    if times != sorted(set(times)):
        raise ValueError("steps must come in the order of their afterS, each once")
    return steps


Steps = Annotated[tuple[Step, ...], Field(max_length=16, strict=False), AfterValidator(_rising)]


class _Named(Entry):
    """A rule has a name, by which players are told what keeps them waiting."""

    name: Name


class _OfAttribute(_Named):
    """A rule on one of the tickets' `attributes`.

    Who has no such attribute goes with anybody, unless it is `required`: then a ticket without it is refused.
    """

    attribute: Name
    required: bool = False


class Distance(_OfAttribute):
    """Two numbers are at most `limit` apart."""

    type: Literal["distance"]
    limit: Bound
    expand: Steps = ()


class Equality(_OfAttribute):
    """Two values are the same, for `untilS` seconds of waiting or, without it, always."""

    type: Literal["equality"]
    until_s: Seconds | None = None


class Overlap(_OfAttribute):
    """Two sets of texts share at least `limit` members."""

    type: Literal["overlap"]
    limit: Annotated[int, Field(ge=1, le=64)] = 1
    expand: Steps = ()


class MaxLatency(_Named):
    """The match is played in a region to which every player who measured latencies has at most `limit` ms."""

    type: Literal["max_latency"]
    limit: Bound
    expand: Steps = ()


class Share(Entry):
    """How many players of a kind there must and may be."""

    min: Annotated[int, Field(ge=0, le=100)] = 0
    max: Annotated[int, Field(ge=0, le=100)] = 100

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError("min must not exceed max")
        return self


class Composition(_OfAttribute):
    """Of each listed value of a text attribute so many players, in each team or in the whole match.

    untilS: for how long of the longest waiting in the match; always, without it.
    """

    type: Literal["composition"]
    counts: Annotated[dict[Word, Share], Field(min_length=1, max_length=16)]
    per: Literal["team", "match"] = "match"
    until_s: Seconds | None = None


Rule = Annotated[Distance | Equality | Overlap | MaxLatency | Composition, Field(discriminator="type")]

SKILL_STEPS = (
    Step(after_s=0, limit=100),
    Step(after_s=5, limit=200),
    Step(after_s=15, limit=400),
    Step(after_s=30, limit=800),
    Step(after_s=60),
)


class RuleSet(Entry):
    """How a mode's tickets are matched.

    skill: most rating points between two tickets of which one wants similar skill. nearS: for how long a preferred
    region or language is held to. fullS: for how long only groups of the largest size are formed. partyPremium: rating
    points that each further member adds to a party's mean, for players who know one another play better. slowest: a
    busy pool, in which better is about to come, takes all steps up to so many times slower; a quiet one never slower.
    holdS: a busy pool puts off groups that are far apart, at most two and a half times so long; 0 never does.
    """

    skill: Annotated[Steps, Field(min_length=1)] = SKILL_STEPS
    near_s: Seconds = 15
    full_s: Seconds = 5
    party_premium: Annotated[float, Field(ge=0, le=1000)] = 25
    slowest: Annotated[float, Field(ge=1, le=10)] = 1
    hold_s: Annotated[float, Field(ge=0, le=600)] = 45
    rules: Annotated[tuple[Rule, ...], Field(max_length=16, strict=False)] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.skill[0].after_s != 0:
            raise ValueError("the first step of skill must be afterS 0")
        names = [rule.name for rule in self.rules]
        if len(set(names)) < len(names) or {"skill", "region", "language", "size"} & set(names):
            raise ValueError("rules must have names of their own, none of skill, region, language, size")
        return self
