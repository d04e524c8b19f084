"""Scenarios for `maoga simulate`, made up but plausible: the same seed gives the same scenario.

    .venv/bin/python bench/scenarios/generate.py rush-hour --seed 1 --players 5000 --out scenario.json

docs/simulate.md says what the scenarios are like.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, TypeVar

T = TypeVar("T")

FIVES: dict[str, Any] = {"count": 2, "size": 5}
ROLES = {"tank": 1, "damage": 2, "support": 2}

DISTANCES = {
    "EU": {"EU": 25, "NA": 105, "ASIA": 190, "SA": 200},
    "NA": {"EU": 105, "NA": 30, "ASIA": 160, "SA": 130},
    "ASIA": {"EU": 190, "NA": 160, "ASIA": 45, "SA": 290},
    "SA": {"EU": 200, "NA": 130, "ASIA": 290, "SA": 35},
}
"""Typical round trips in ms, from a player's region to where a match may be played."""

LANGUAGES = {
    "EU": {"en": 40, "de": 20, "fr": 20, "es": 10, "pl": 10},
    "NA": {"en": 85, "es": 15},
    "ASIA": {"zh": 40, "ja": 25, "ko": 25, "en": 10},
    "SA": {"pt": 60, "es": 40},
}
"""What players of a region speak first; weights."""


@dataclass(frozen=True, slots=True)
class Population:
    """Who comes, and when.

    seconds: for how long they come. intensity: how many come at a share (0 to 1) of that time, in any unit. regions,
    parties: weights of the home regions and of the sizes of parties. strict: the share that insists on its region.
    roles: weights of the roles they play best, if the mode has roles.
    """

    seconds: float = 600
    intensity: Callable[[float], float] = lambda _: 1.0
    regions: tuple[tuple[str, float], ...] = (("EU", 40), ("NA", 30), ("ASIA", 20), ("SA", 10))
    parties: tuple[tuple[int, float], ...] = ((1, 80), (2, 14), (3, 5), (5, 1))
    strict: float = 0.25
    roles: tuple[tuple[str, float], ...] = ()


POPULATIONS = {
    "steady": Population(),
    "rush-hour": Population(seconds=900, intensity=lambda t: 1 + 9 * math.exp(-(((t - 0.5) / 0.12) ** 2))),
    "sparse-night": Population(seconds=3600, regions=(("EU", 70), ("NA", 20), ("ASIA", 10)), strict=0.1),
    "skewed-regions": Population(regions=(("EU", 85), ("NA", 10), ("ASIA", 4), ("SA", 1)), strict=0.5),
    "premade-heavy": Population(parties=((1, 30), (2, 30), (3, 20), (4, 5), (5, 15))),
    "role-starved": Population(roles=(("damage", 78), ("support", 16), ("tank", 6))),
}

DEFAULT_PLAYERS = {"sparse-night": 400}


def generate(name: str, *, seed: int = 1, players: int | None = None) -> dict[str, Any]:
    """The scenario of that name, with about so many players; ready to be written as JSON."""
    population = POPULATIONS[name]
    wanted = players or DEFAULT_PLAYERS.get(name, 2000)
    random = Random(f"{name} {seed}")
    crowd = _Crowd(population, random)
    parties = list(crowd.parties(wanted))
    moments = sorted(_moment(population, random) for _ in parties)
    tickets = [crowd.ticket(number, at, size) for number, (at, size) in enumerate(zip(moments, parties, strict=True))]
    crowd.quarrel()
    teams = {**FIVES, "roles": ROLES} if population.roles else FIVES
    return {
        "game": {"id": "arena", "name": "Arena", "modes": [{"mode": "ranked", "teams": teams}]},
        "seed": seed,
        "until": population.seconds + 600,
        "users": crowd.users,
        "tickets": tickets,
    }


class _Crowd:
    """Makes up players and their tickets."""

    def __init__(self, population: Population, random: Random) -> None:
        self._population, self._random = population, random
        self.users: dict[str, dict[str, Any]] = {}

    def parties(self, players: int) -> Iterator[int]:
        """Sizes of parties, until there are so many players."""
        left = players
        while left > 0:
            size = min(left, self._one_of(self._population.parties))
            yield size
            left -= size

    def ticket(self, number: int, at: float, size: int) -> dict[str, Any]:
        """The ticket of a party that comes at that second."""
        random = self._random
        home = self._one_of(self._population.regions)
        skill = random.gauss(1500, 350)
        members = [self._user(skill if size == 1 else random.gauss(skill, 120)) for _ in range(size)]
        language = self._one_of(tuple(LANGUAGES[home].items()))
        ticket: dict[str, Any] = {
            "id": f"t{number}",
            "at": at,
            "userId": members[0],
            "party": members[1:],
            "games": [{"gameId": "arena"}],
            "mode": "ranked",
            "regions": self._regions(home),
            "regionPreference": self._attitude(self._population.strict),
            "languages": [language] if language == "en" or random.random() < 0.3 else [language, "en"],
            "languagePreference": self._attitude(0.05),
            "skillPreference": "similar" if random.random() < 0.9 else "any",
            "latencyMs": {
                place: max(5, round(ms * random.lognormvariate(0, 0.25))) for place, ms in DISTANCES[home].items()
            },
        }
        if self._population.roles:
            ticket["roles"] = self._roles()
        if random.random() < 0.05:
            ticket["cancelAt"] = round(at + random.expovariate(1 / 120), 3)
        return ticket

    def quarrel(self) -> None:
        """One player in twenty has blocked some others."""
        everybody = list(self.users)
        for user in self._random.sample(everybody, len(everybody) // 20):
            others = self._random.sample(everybody, min(3, len(everybody)))
            self.users[user]["blocked"] = [other for other in others if other != user]

    def _user(self, skill: float) -> str:
        """One in eight is new, with a rating that says little."""
        new = self._random.random() < 0.125
        sigma = self._random.uniform(250, 500) if new else self._random.uniform(60, 120)
        mu = self._random.gauss(1500, 100) if new else skill
        id = f"u{len(self.users)}"
        self.users[id] = {"rating": {"mu": round(mu, 1), "sigma": round(sigma, 1)}}
        return id

    def _regions(self, home: str) -> list[str]:
        """Home, and for some the next best as well."""
        near = sorted(DISTANCES[home], key=DISTANCES[home].__getitem__)
        return near[: 2 if self._random.random() < 0.3 else 1]

    def _roles(self) -> list[str]:
        best = self._one_of(self._population.roles)
        other = self._one_of(self._population.roles)
        return list(dict.fromkeys([best, other] if self._random.random() < 0.3 else [best]))

    def _attitude(self, strict: float) -> str:
        return self._one_of((("strict", strict), ("preferred", (1 - strict) * 0.75), ("any", (1 - strict) * 0.25)))

    def _one_of(self, weighted: Sequence[tuple[T, float]]) -> T:
        return self._random.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]


def _moment(population: Population, random: Random) -> float:
    """A moment at which somebody comes, by rejection from the intensity."""
    most = max(population.intensity(number / 100) for number in range(101))
    while True:
        share = random.random()
        if random.random() * most <= population.intensity(share):
            return round(share * population.seconds, 3)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", choices=POPULATIONS)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--players", type=int, help="how many come (2000; sparse-night: 400)")
    parser.add_argument("--out", type=Path, help="the file to write; standard output without it")
    arguments = parser.parse_args()
    text = json.dumps(generate(arguments.name, seed=arguments.seed, players=arguments.players)) + "\n"
    if arguments.out:
        arguments.out.write_text(text)
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
