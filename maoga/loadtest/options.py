"""What a load test is asked to do, and what it refuses to do. Pure, but for what is looked up on this machine."""

import ipaddress
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal, get_args
from urllib.parse import urlsplit

Role = Literal["play", "talk", "idle"]

MOST_PLAYERS = 2_000
"""Of one process, which has one core for them all."""

MOST_DURATION_S = 3_600.0
MOST_RAMP = 200.0
LEAST_PACE_S = 0.1
MOST_PARTING_S = 5.0


class BadOptions(Exception):
    """What was asked for cannot be done; the text says why."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """urls: players are dealt to them in turn. ramp: players that come each second. duration_s: from the first one on.

    mix: how many of each role, in proportion. pace_s: that a player pauses between two things it does, on average.
    tokens: access tokens of players; guests are entered where there are none. pids: of servers on this machine, to tell
    what they used. max_p99_ms, max_error_rate: more than that is a failure.
    """

    urls: tuple[str, ...]
    players: int
    ramp: float
    duration_s: float
    mix: Mapping[Role, int]
    pace_s: float
    tokens: tuple[str, ...] = field(default=(), repr=False)
    pids: tuple[int, ...] = ()
    max_p99_ms: float | None = None
    max_error_rate: float | None = None

    @property
    def parting_s(self) -> float:
        """Seconds over which players leave when all is over: a crowd at the exit is not what is measured."""
        return min(MOST_PARTING_S, self.players / self.ramp)

    def roles(self) -> list[Role]:
        """Everybody's role, evenly mixed in the order of their coming."""
        total = sum(self.mix.values())
        given: Counter[Role] = Counter()
        roles: list[Role] = []
        for number in range(1, self.players + 1):
            role = max(self.mix, key=lambda each: self.mix[each] * number / total - given[each])
            given[role] += 1
            roles.append(role)
        return roles


def parse_mix(text: str) -> dict[Role, int]:
    """`play=2,talk=1` as weights; raises `BadOptions`."""
    mix: dict[Role, int] = {}
    roles: dict[str, Role] = {role: role for role in get_args(Role)}
    for part in text.split(","):
        name, _, weight = part.strip().partition("=")
        if name not in roles or roles[name] in mix or not weight.isdecimal():
            raise BadOptions(f"--mix: {part.strip()!r} is not one of {', '.join(f'{role}=NUMBER' for role in roles)}")
        mix[roles[name]] = int(weight)
    if not any(mix.values()):
        raise BadOptions("--mix: at least one number must not be 0")
    return {role: weight for role, weight in mix.items() if weight}


def checked_urls(urls: list[str], *, consent: bool) -> tuple[str, ...]:
    """The addresses without a trailing slash. Raises `BadOptions` for one elsewhere, unless its owner has consented."""
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise BadOptions(f"--url: {url!r} is not http://... or https://...")
        if not (consent or _loopback(parts.hostname)):
            raise BadOptions(
                f"--url: {parts.hostname} is not this machine. A load test can take an installation down for its "
                "players: if it is yours, say so with --i-own-this"
            )
    return tuple(url.rstrip("/") for url in urls)


def parse_tokens(text: str, players: int) -> tuple[str, ...]:
    """One access token a line, of as many as there are players; raises `BadOptions` when they are too few."""
    tokens = tuple(islice(filter(None, map(str.strip, text.splitlines())), players))
    if len(tokens) < players:
        raise BadOptions(f"--tokens: there are {len(tokens)}, for {players} players")
    return tokens


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
