"""The story of a demo as a person reads it, line by line, and the table at its end."""

import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from clients.python.types import Lobby, Member

JOINS_TOLD = 12
JOINS_AT_ONCE = 25
CHATS_TOLD = 3


class Story:
    """Prints what happens, a few samples of what happens often. Plain lines where there is no terminal."""

    def __init__(self, console: Console, players: int, games: dict[str, str]) -> None:
        """games: names by id."""
        self._console, self._players, self._games = console, players, games
        self._since = time.monotonic()
        self._joined = 0
        self._crowded = False
        self._told: set[tuple[str, str]] = set()
        self._chats: set[str] = set()

    def say(self, text: str, style: str = "") -> None:
        """One line."""
        line = f"[dim]{time.monotonic() - self._since:6.1f} s[/dim]  "
        self._console.print(line + (f"[{style}]{escape(text)}[/{style}]" if style else escape(text)), soft_wrap=True)

    def joined(self, name: str, registered: bool) -> None:
        """A player is in."""
        self._joined += 1
        if self._joined <= JOINS_TOLD:
            self.say(f"{name} {'registers' if registered else 'enters as a guest'}")
        elif self._joined % JOINS_AT_ONCE == 0 or self._joined == self._players:
            self.say(f"{self._joined} of {self._players} players are in")

    def crowded(self) -> None:
        """The server lets nobody else in for the moment; told once."""
        if not self._crowded:
            self._crowded = True
            self.say("the server limits how many may enter from one address: the others wait at the door", "yellow")

    def matched(self, lobby: Lobby) -> None:
        """A match was confirmed; told once, whoever sees it first."""
        if self._first("matched", lobby):
            where = f", {lobby['region']}" if lobby.get("region") else ""
            self.say(f"match found: {self._title(lobby)}{where}: {_names(lobby['members'])}", "cyan")

    def said(self, lobby: Lobby, name: str, text: str) -> None:
        """A player said something; only a few lobbies are listened to."""
        if lobby["id"] in self._chats or len(self._chats) < CHATS_TOLD:
            self._chats.add(lobby["id"])
            self.say(f'{self._title(lobby)} | {name}: "{text}"', "magenta")

    def started(self, lobby: Lobby) -> None:
        """A lobby started."""
        if self._first("started", lobby):
            self.say(f"started: {self._title(lobby)} with {len(lobby['members'])} players", "green")

    def ends(self, figures: dict[str, Any]) -> None:
        """The figures as a table, and the errors in words."""
        table = Table(title="Maoga demo", show_header=False)
        table.add_column()
        table.add_column(justify="right")
        for name, value in _rows(figures):
            table.add_row(name, value)
        self._console.print(table)
        for text in figures["errorTexts"]:
            self._console.print(f"[red]{escape(text)}[/red]", soft_wrap=True)

    def _first(self, what: str, lobby: Lobby) -> bool:
        key = (what, lobby["id"])
        new = key not in self._told
        self._told.add(key)
        return new

    def _title(self, lobby: Lobby) -> str:
        return f"{self._games.get(lobby['gameId'], lobby['gameId'])} {lobby['mode']}"


def _names(members: Sequence[Member]) -> str:
    return ", ".join(member["displayName"] for member in members)


def _rows(figures: dict[str, Any]) -> list[tuple[str, str]]:
    rows = [
        ("players", f"{figures['players']}"),
        ("started a game", f"{figures['started']}"),
        ("matches", f"{figures['matches']}"),
        ("lobbies started", f"{figures['lobbiesStarted']}"),
        ("messages sent", f"{figures['messagesSent']}"),
        ("messages received", f"{figures['messagesReceived']}"),
        ("time to match, p50 / p95", _times(figures["timeToMatchMs"])),
        ("message delivery, p50 / p95", _times(figures["deliveryMs"])),
        ("duration", f"{figures['seconds']} s"),
        ("accepted too late", str(figures["late"])),
        ("calls repeated", _counts(figures["repeated"])),
        ("errors", _counts(figures["errors"])),
    ]
    if figures["alone"]:
        rows.insert(2, ("found nobody to play with", f"{figures['alone']}"))
    return rows


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {code}" for code, count in counts.items()) or "0"


def _times(spread: dict[str, float | None]) -> str:
    return " / ".join("-" if value is None else f"{value:g} ms" for value in spread.values())
