"""Lobbies for tests."""

from typing import Any

import orjson

from domain.chat.channels import Channels
from domain.chat.model import CHANNELS, Channel
from domain.chat.sequencer import Sequencer
from domain.core.collection import Insert
from domain.core.events import Outbox
from domain.core.ids import GameId, LobbyId, MatchId, UserId, new_id
from domain.core.streams import Position
from domain.jobs.jobs import Jobs
from domain.lobbies.access import LobbyAccess
from domain.lobbies.browser import LobbyBrowser
from domain.lobbies.changes import LobbyChanges, LobbyConfig
from domain.lobbies.commands import CreateLobby, JoinLobby
from domain.lobbies.lobbies import Lobbies
from domain.lobbies.model import LOBBIES, SEATS, Capacity, Lobby, LobbyView, Member, Seat
from domain.lobbies.trail import Trail
from domain.social.blocks import Blocks
from domain.social.friends import Friends
from maoga.bootstrap import Core
from realtime import packet
from storage.redis.deadlines import RedisDeadlines
from tests.support.accounts import Accounts
from tests.support.catalogues import games_of


async def a_lobby(core: Core, *members: UserId, match_id: MatchId | None = None) -> LobbyId:
    """A lobby with these members, the first being the host."""
    now, users = core.clock.now(), await core.users.get_many(members)
    lobby = Lobby(
        id=match_id or new_id(),
        name="Friday",
        game_id=GameId("rocket-league"),
        mode="casual",
        host_id=members[0],
        members=tuple(
            Member(user_id=user, username=users[user].username, display_name=users[user].display_name, joined_at=now)
            for user in members
        ),
        capacity=Capacity(min=len(members), max=8),
        match_id=match_id,
        created_at=now,
        idle_at=now,
    )
    channel = Channel(
        id=lobby.chat_id, kind="lobby", member_ids=tuple(members), lobby_id=lobby.lobby_id, created_at=now
    )
    seats = [Insert(SEATS, Seat(id=user, lobby_id=lobby.lobby_id)) for user in members]
    await core.database.commit(Insert(LOBBIES, lobby), Insert(CHANNELS, channel), *seats)
    return lobby.lobby_id


async def opened(core: Core, host: UserId, **fields: Any) -> LobbyView:
    """A new lobby; fields by their wire names."""
    return await core.lobbies.create(host, CreateLobby.parse({"gameId": "valorant", "mode": "custom", **fields}))


async def enter(core: Core, user: UserId, lobby: LobbyView) -> LobbyView:
    """The user joins with the lobby's code."""
    return await core.lobbies.join(user, JoinLobby(join_code=lobby.settings.join_code))


async def told(core: Core, stream: str) -> list[tuple[str, Any]]:
    """The durable events of a stream, from its beginning: name and data."""
    head = (await core.streams.positions([stream]))[stream]
    entries = await core.streams.read(stream, Position(epoch=head.epoch, seq=0, at=0), 1000)
    assert entries is not None
    return [tuple(orjson.loads(b"[" + packet.opened(entry.packet)[1] + b"]")) for entry in entries]


def lobbies_of(accounts: Accounts, blocks: Blocks, friends: Friends) -> tuple[Lobbies, LobbyBrowser]:
    """Lobbies of those accounts, without invitations, and their browser."""
    database, clock, config = accounts.database, accounts.clock, LobbyConfig()
    outbox = Outbox(database, accounts.publisher, clock)
    changes = LobbyChanges(
        database=database,
        deadlines=RedisDeadlines(accounts.redis),
        trail=Trail(database, new_id),
        jobs=Jobs(database, clock, new_id),
        channels=Channels(database, outbox, Sequencer(database, accounts.publisher), clock),
        outbox=outbox,
        clock=clock,
        config=config,
    )
    access = LobbyAccess(
        database=database, friends=friends, blocks=blocks, invites=NobodyIsInvited(), limits=accounts.limits
    )
    lobbies = Lobbies(
        database=database,
        users=accounts.users,
        games=games_of(database, clock),
        access=access,
        changes=changes,
        clock=clock,
        new_id=new_id,
        config=config,
    )
    return lobbies, LobbyBrowser(database, friends, blocks)


class NobodyIsInvited:
    """Invitations that nobody has."""

    async def admits(self, user: UserId, lobby: Lobby) -> bool:
        return False
