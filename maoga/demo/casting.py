"""Who plays, what they look for, and what goes less smoothly with them. Pure: the same seed gives the same cast."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from clients.python.types import Criteria, Game, Mode
from domain.games.model import ModeName

Quirk = Literal["cancels", "wavers", "drops in the queue", "drops in the lobby"]
QUIRKS: tuple[Quirk, ...] = ("cancels", "wavers", "drops in the queue", "drops in the lobby")

ONE_IN = 10
"""Each quirk has about one in so many players; from as many players on, at least one."""

REGISTERS_ONE_IN = 8
SMALL, GROUPS = 4, 8
"""Groups of up to so many players, and at least so many groups of larger ones."""

REGIONS = ("EU", "NA", "SA", "AS", "OC")
LANGUAGES = ("en", "de", "fr", "es", "pt", "pl", "ja", "ko")
NAMES = (
    *("Ada", "Bram", "Chidi", "Dalia", "Edda", "Farid", "Gwen", "Hugo", "Ines", "Jun", "Kaia", "Luca", "Mina"),
    *("Nils", "Oona", "Pavel", "Quinn", "Rosa", "Sami", "Tala", "Umar", "Vera", "Wim", "Xenia", "Yuki", "Zoe"),
    *("Amir", "Bela", "Cleo", "Dario", "Elif", "Finn", "Greta", "Hana", "Igor", "Jana", "Kofi", "Lena", "Milo"),
)


@dataclass(frozen=True, slots=True)
class Queue:
    """Players who look for the same games, mode and group size.

    No two queues share a game and mode, and the size is exact. So whoever queues is matched within the queue, and when
    its players are a multiple of `size`, nobody is left over. sizes: which ones the games' mode allows.
    """

    games: tuple[str, ...]
    mode: ModeName
    sizes: tuple[int, ...]
    size: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """One player's part. criteria: of the ticket. alone: nobody was found to play with them."""

    number: int
    name: str
    criteria: Criteria
    registers: bool = False
    alone: bool = False
    quirk: Quirk | None = None


def cast(catalogue: Sequence[Game], players: int, seed: int) -> list[Part]:
    """The parts of so many players, in the order of their coming. catalogue: as GET /games serves it."""
    rng = random.Random(seed)
    queues = _queues(catalogue, rng)
    criteria = [
        wanted
        for queue in _dealt(queues, players, rng)
        for wanted in [_criteria(queue, rng)]
        for _ in range(queue.size)
    ]
    together = len(criteria)
    criteria += [_criteria(queues[0], rng)] * (players - together)
    parts = [
        Part(
            number=number,
            name=_name(number),
            criteria=criteria[number],
            registers=number % REGISTERS_ONE_IN == 0,
            alone=number >= together,
        )
        for number in range(players)
    ]
    rng.shuffle(parts)
    return _with_quirks(parts, rng)


def _queues(catalogue: Sequence[Game], rng: random.Random) -> list[Queue]:
    """A queue for each game and mode, some of them for two games at once; raises ValueError when there are no modes."""
    single = [Queue((game["id"],), mode["mode"], _sizes(mode)) for game in catalogue for mode in game["modes"]]
    if not single:
        raise ValueError("the catalogue has no game to play")
    rng.shuffle(single)
    queues: list[Queue] = []
    for queue in single:
        last = queues[-1] if queues else None
        common = tuple(size for size in queue.sizes if last and size in last.sizes)
        if last and last.mode == queue.mode and len(last.games) == 1 and common:
            queues[-1] = Queue(last.games + queue.games, queue.mode, common)
        else:
            queues.append(queue)
    sized = [replace(queue, size=rng.choice(queue.sizes)) for queue in queues]
    for size in (2, 3):  # with a pair and a trio any number from 2 on can be dealt
        place = next((n for n, queue in enumerate(sized) if size in queue.sizes and queue.size not in {2, 3}), None)
        if place is not None and all(queue.size != size for queue in sized):
            sized[place] = replace(sized[place], size=size)
    return sized


def _sizes(mode: Mode) -> tuple[int, ...]:
    if teams := mode.get("teams"):
        return (teams["count"] * teams["size"],)
    group = mode.get("groupSize") or {"min": 2, "max": 4}
    return tuple(range(max(2, group["min"]), group["max"] + 1))


def _dealt(queues: Sequence[Queue], players: int, rng: random.Random) -> list[Queue]:
    """The queue of each group, until all players, or all but a few whom no group takes, have one.

    Groups are small enough for several, but for a catalogue that has large ones only.
    """
    groups: list[Queue] = []
    largest = max(SMALL, players // GROUPS, min(queue.size for queue in queues))
    queues = [queue for queue in queues if queue.size <= largest]
    while fitting := [queue for queue in queues if queue.size <= players and players - queue.size != 1]:
        groups.append(rng.choice(fitting))
        players -= groups[-1].size
    return groups


def _criteria(queue: Queue, rng: random.Random) -> Criteria:
    """What a group looks for. No preference is strict: in the end every two in a queue may meet."""
    return {
        "games": [{"gameId": game, "weight": rng.randint(1, 10)} for game in queue.games],
        "mode": queue.mode,
        "groupSize": {"min": queue.size, "max": queue.size},
        "regions": [rng.choice(REGIONS)],
        "regionPreference": rng.choice(("preferred", "any")),
        "languages": [rng.choice(LANGUAGES)],
        "languagePreference": rng.choice(("preferred", "any")),
        "skillPreference": rng.choice(("similar", "any")),
    }


def _with_quirks(parts: list[Part], rng: random.Random) -> list[Part]:
    together = [place for place, part in enumerate(parts) if not part.alone]
    places = iter(rng.sample(together, len(together)))
    for quirk in QUIRKS:
        for _ in range(len(together) // ONE_IN):
            place = next(places)
            parts[place] = replace(parts[place], quirk=quirk)
    return parts


def _name(number: int) -> str:
    again, which = divmod(number, len(NAMES))
    return f"{NAMES[which]} {again + 1}" if again else NAMES[which]
