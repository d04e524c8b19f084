"""Puts together what players have to do with one another: blocks, friends, privacy, presence, karma."""

from dataclasses import dataclass

from domain.core.cache import Cache
from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.events import Outbox
from domain.matchmaking.karma import KarmaBook
from domain.matchmaking.occupations import Movements, SeatOccupations
from domain.matchmaking.recent_players import RecentPlayers
from domain.notifications.notifications import Notifications
from domain.presence.presence import Presence
from domain.social.blocks import Blocks
from domain.social.friends import Friends
from domain.social.presences import Presences
from domain.social.privacy import Privacy
from domain.users.users import Users
from maoga.process import report
from realtime.publisher import StreamPublisher
from storage.redis.client import Client
from storage.redis.deadlines import PRESENCE_KEY, RedisDeadlines
from storage.redis.told import RedisTold


@dataclass(frozen=True, slots=True)
class Relations:
    """The use cases of relations."""

    blocks: Blocks
    friends: Friends
    privacy: Privacy
    presences: Presences
    karma: KarmaBook
    recent_players: RecentPlayers


def build_social(
    database: Database,
    redis: Client,
    clock: Clock,
    *,
    cache: Cache,
    users: Users,
    notifications: Notifications,
    presence: Presence,
    publisher: StreamPublisher,
) -> Relations:
    """The use cases on open storage; the presences hear what `publisher` publishes."""
    outbox = Outbox(database, publisher, clock)
    blocks, privacy = Blocks(database, users, outbox, clock), Privacy(database)
    friends = Friends(
        database=database,
        users=users,
        blocks=blocks,
        privacy=privacy,
        notifications=notifications,
        outbox=outbox,
        clock=clock,
    )
    occupations = SeatOccupations(database)
    presences = Presences(
        database=database,
        connections=presence,
        occupations=occupations,
        told=RedisTold(redis),
        changes=RedisDeadlines(redis, PRESENCE_KEY),
        friends=friends,
        blocks=blocks,
        privacy=privacy,
        publisher=publisher,
        clock=clock,
        report=report,
    )
    movements = Movements(occupations, presences, publisher)
    publisher.listen(movements.hear)
    blocks.listen(movements.part)
    privacy.listen(movements.hide)
    return Relations(
        blocks=blocks,
        friends=friends,
        privacy=privacy,
        presences=presences,
        karma=KarmaBook(database, clock, cache),
        recent_players=RecentPlayers(database, users, blocks),
    )
