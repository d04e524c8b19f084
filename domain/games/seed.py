"""A catalogue of well-known games, so that a fresh install can be played with."""

from importlib.resources import files

from pydantic import TypeAdapter

from domain.core.collection import Database, Duplicate
from domain.games.catalogue import game_of
from domain.games.commands import AddGame
from domain.games.model import GAMES, Game


def catalogue() -> list[Game]:
    """The games of `catalogue.json`, as strictly read as what administrators add."""
    said = (files("domain.games") / "catalogue.json").read_bytes()
    games = TypeAdapter(list[AddGame]).validate_json(said, by_alias=True, by_name=False)
    return [game_of(game.id, game) for game in games]


async def seed(database: Database) -> int:
    """Adds the games that are missing and returns how many; what stands in the database already is left as it is.

    But for what it is found by: games that an older version has written get it.
    """
    games, added = database.collection(GAMES), 0
    while unfound := await games.find({"words": {"$exists": False}}, limit=100):
        for game in unfound:
            await games.replace(game)
    for game in catalogue():
        try:
            await games.insert(game)
            added += 1
        except Duplicate:
            continue
    return added
