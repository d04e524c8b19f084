"""The catalogue of a test."""

from domain.core.cache import Cache
from domain.core.clock import Clock
from domain.core.collection import Database
from domain.games.games import Games
from storage.memory.cache import MemoryCache


def games_of(database: Database, clock: Clock) -> Games:
    """The reads of the catalogue in that database, with a cache of their own."""
    return Games(database, clock, Cache(MemoryCache(clock)))
