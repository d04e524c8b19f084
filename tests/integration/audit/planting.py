"""Documents that agree with one another, to be broken one at a time. Ids begin with the name of the case."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from domain.chat.model import CHANNELS, MARKERS, MESSAGES, Channel, Marker, Message, marker_id
from domain.core.clock import seconds
from domain.core.collection import Database, Spec
from domain.core.ids import ChannelId, LobbyId, MatchId, PartyId, TicketId, UserId
from domain.jobs.model import JOBS, Job
from domain.lobbies.model import LOBBIES, SEATS, SPECTATOR_SEATS, Lobby, Seat, SpectatorSeat
from domain.matchmaking.model import KEPT_S, MATCHES, TICKETS, Match, Ticket, pool_entry
from domain.matchmaking.pool import Opening, PoolPlayer, TicketPool
from domain.parties.model import PARTIES, PARTY_SEATS, Party, PartyMember, PartySeat
from domain.social.friendships import friendship_id
from domain.social.model import BLOCKS, FRIENDSHIPS, Block, Friendship
from tests.support.builders import a_lobby, a_match, criteria

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = NOW.replace(hour=13)
LONG_AGO = NOW.replace(hour=11, minute=59)
JUST_NOW = NOW.replace(hour=11, minute=59, second=55)


@dataclass(frozen=True, slots=True)
class Garden:
    """Where one case plants: everything it makes is called after it."""

    database: Database
    pool: TicketPool
    case: str

    def id(self, name: str) -> str:
        """The name as an id of this case."""
        return f"{self.case}.{name}"

    def user(self, name: str) -> UserId:
        """A user of this case."""
        return UserId(self.id(name))

    async def put(self, spec: Spec[Any], document: Any) -> Any:
        """Stores a document."""
        await self.database.collection(spec).insert(document)
        return document

    async def change(self, spec: Spec[Any], id: str, **fields: Any) -> None:
        """Changes a stored document behind everybody's back; None takes a field away."""
        gone = {name: True for name, value in fields.items() if value is None}
        kept = {name: value for name, value in fields.items() if value is not None}
        changes = {op: values for op, values in (("$set", kept), ("$unset", gone)) if values}
        assert await self.database.collection(spec).update(id, changes)

    async def delete(self, spec: Spec[Any], id: str) -> None:
        """Removes a stored document."""
        assert await self.database.collection(spec).delete(id)

    async def ticket(self, name: str, *users: str, seated: bool = True, **fields: Any) -> Ticket:
        """A ticket that waits in the documents and in the pool, with its players' seats."""
        players = tuple(self.user(user) for user in users)
        ordinary: dict[str, Any] = {
            "id": self.id(name),
            "user_id": players[0],
            "player_ids": players,
            "players": tuple(PoolPlayer(user_id=user, skills={}) for user in players),
            "criteria": criteria(),
            "queued_at": NOW,
            "created_at": NOW,
            "expires_at": NOW + seconds(100 * KEPT_S),
        }
        ticket = Ticket(**{**ordinary, **fields})
        await self.put(TICKETS, ticket)
        if seated:
            for user in players:
                await self.put(SEATS, Seat(id=user, ticket_id=TicketId(ticket.id)))
        if ticket.status == "queued":
            await self.pool.add(pool_entry(ticket))
        return ticket

    async def match(self, name: str, *tickets: Ticket, **fields: Any) -> Match:
        """A match that is proposed to the players of those tickets, or what `fields` say."""
        match = a_match([user for ticket in tickets for user in ticket.player_ids])
        players = [
            player.model_copy(update={"ticket_id": TicketId(ticket.id)})
            for ticket in tickets
            for player in match.players
            if player.user_id in ticket.player_ids
        ]
        ordinary: dict[str, Any] = {"id": self.id(name), "players": tuple(players), "accepted": (), "accept_by": LATER}
        match = match.changed(**{**ordinary, "status": "proposed", **fields})
        moved = {"proposed": "proposed", "confirmed": "matched"}[match.status]
        for ticket in tickets:
            await self.change(TICKETS, ticket.id, status=moved, match_id=match.id)
            await self.pool.remove([TicketId(ticket.id)])
        made: Match = await self.put(MATCHES, match)
        return made

    async def lobby(self, name: str, *users: str, **fields: Any) -> Lobby:
        """An open lobby with its channel and its seats, the first one being the host."""
        ids = [self.user(user) for user in users]
        blank = a_lobby(len(users))
        members = [member.model_copy(update={"user_id": id}) for id, member in zip(ids, blank.members, strict=True)]
        ordinary = {
            "id": self.id(name),
            "host_id": ids[0],
            "members": tuple(members),
            "match_id": None,
            "idle_at": LATER,
        }
        lobby = blank.changed(**{**ordinary, **fields})
        await self.put(LOBBIES, lobby)
        await self.channel(name, *lobby.talker_ids, kind="lobby", lobby_id=LobbyId(lobby.id))
        for user in ids:
            await self.put(SEATS, Seat(id=user, lobby_id=LobbyId(lobby.id)))
        for user in lobby.spectators:
            await self.put(SPECTATOR_SEATS, SpectatorSeat(id=user, lobby_id=LobbyId(lobby.id)))
        return lobby

    async def channel(self, name: str, *members: UserId, **fields: Any) -> Channel:
        """A channel."""
        ordinary: dict[str, Any] = {"kind": "group", "member_ids": members, "created_at": NOW}
        channel = Channel(id=self.id(name), **{**ordinary, **fields})
        await self.put(CHANNELS, channel)
        return channel

    async def say(self, channel: Channel | Lobby, *seqs: int) -> None:
        """Messages at those places."""
        for seq in seqs:
            message = Message(
                id=f"{channel.id}.{seq}",
                channel_id=ChannelId(channel.id),
                seq=seq,
                content_type="text",
                content="hello",
                created_at=NOW,
            )
            await self.put(MESSAGES, message)

    async def read(self, channel: Channel, user: str, seq: int) -> None:
        """Somebody has read a channel up to there."""
        reader = self.user(user)
        await self.put(
            MARKERS,
            Marker(id=marker_id(channel.id, reader), user_id=reader, channel_id=ChannelId(channel.id), seq=seq),
        )

    async def party(self, name: str, *users: str) -> Party:
        """A party with its seats, the first one being the leader."""
        ids = [self.user(user) for user in users]
        members = tuple(PartyMember(user_id=id, display_name=id) for id in ids)
        party = Party(id=self.id(name), leader_id=ids[0], members=members, join_code=self.id(name), created_at=NOW)
        await self.put(PARTIES, party)
        for user in ids:
            await self.put(PARTY_SEATS, PartySeat(id=user, party_id=PartyId(party.id)))
        return party

    async def friends(self, one: str, other: str) -> Friendship:
        """Two friends."""
        first, second = sorted((self.user(one), self.user(other)))
        friendship = Friendship(
            id=friendship_id(first, second), user_ids=(first, second), status="friends", asked_by=first, since=NOW
        )
        await self.put(FRIENDSHIPS, friendship)
        return friendship

    async def block(self, blocker: str, blocked: str) -> Block:
        """One blocks the other."""
        one, other = self.user(blocker), self.user(blocked)
        block = Block(id=f"{one}:{other}", blocker_id=one, blocked_id=other, created_at=NOW)
        await self.put(BLOCKS, block)
        return block

    async def job(self, name: str, **fields: Any) -> Job:
        """A job that runs."""
        ordinary: dict[str, Any] = {
            "kind": "mail",
            "payload": {},
            "status": "running",
            "run_at": LONG_AGO,
            "leased_by": "a-worker",
            "leased_until": LATER,
            "created_at": LONG_AGO,
        }
        job = Job(id=self.id(name), **{**ordinary, **fields})
        await self.put(JOBS, job)
        return job


def an_opening(lobby: Lobby) -> Opening:
    """What the lobby offers to others."""
    return Opening(lobby_id=lobby.lobby_id, teams=(tuple(lobby.member_ids),), roles={}, free=1)


def match_id(match: Match) -> MatchId:
    """The id, typed."""
    return MatchId(match.id)
