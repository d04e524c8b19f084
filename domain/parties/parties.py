"""The use cases of parties: load, decide (`rules`), save on condition together with the search, publish."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.core.clock import Clock
from domain.core.codes import new_code
from domain.core.collection import Database, Delete, Duplicate, Filter, Insert, Replace, StorageConflict, Write
from domain.core.errors import AppError, Conflict, NotFound
from domain.core.events import Event, Outbox, Outgoing, carry, to, user_stream
from domain.core.faults import fault_point
from domain.core.ids import IdFactory, PartyId, UserId
from domain.core.index import may_lag
from domain.core.retries import RETRIES, pause
from domain.parties import rules
from domain.parties.commands import DeclineParty, JoinParty, PartyMemberCommand
from domain.parties.events import PartyInvited, PartyLeft, PartyUpdated
from domain.parties.model import (
    PARTIES,
    PARTY_SEATS,
    Connection,
    LeaveReason,
    Party,
    PartyMember,
    PartySeat,
    PartyView,
    party_view,
)
from domain.parties.rules import NotInParty
from domain.parties.search import Search
from domain.social.blocks import Blocks
from domain.users.users import Users

Decision = Callable[[Party, datetime], Party]


class AlreadyInParty(AppError):
    """You are in a party; leave it first."""

    code, status = "ALREADY_IN_PARTY", 409

    def __init__(self, party_id: PartyId) -> None:
        super().__init__(details={"partyId": party_id})


@dataclass(frozen=True, slots=True)
class PartyConfig:
    """max_size: how many players a party may have."""

    max_size: int = 5


class Parties:
    """The use cases of parties."""

    def __init__(
        self,
        *,
        database: Database,
        users: Users,
        blocks: Blocks,
        search: Search,
        outbox: Outbox,
        clock: Clock,
        new_id: IdFactory,
        config: PartyConfig,
    ) -> None:
        self._database, self._users, self._blocks = database, users, blocks
        self._search, self._outbox = search, outbox
        self._clock, self._new_id, self._config = clock, new_id, config
        self._parties = database.collection(PARTIES)
        self._seats = database.collection(PARTY_SEATS)

    async def create(self, user: UserId) -> PartyView:
        """A new party, with the user as its leader. Raises `AlreadyInParty`."""
        leader = await self._member(user)
        for _ in range(RETRIES):
            now = self._clock.now()
            party = Party(
                id=self._new_id(),
                leader_id=user,
                members=(leader,),
                join_code=new_code(),
                created_at=now,
            )
            party = carry(party, [_told(user, PartyUpdated(**party_view(party, now).model_dump()))], now)
            try:
                seat = PartySeat(id=user, party_id=party.party_id)
                await self._database.commit(Insert(PARTIES, party), Insert(PARTY_SEATS, seat))
            except Duplicate as duplicate:
                if duplicate.collection == PARTY_SEATS.name:
                    raise await self._elsewhere(user) from None
                continue  # another party has this code
            await self._outbox.flush(PARTIES, party)
            return party_view(party, now)
        raise Conflict

    async def of(self, user: UserId) -> Party | None:
        """The user's party, if they are in one."""
        seat = await self._seats.get(user)
        party = await self._parties.get(seat.party_id) if seat else None
        return party if party and user in party.member_ids else None

    async def sync(self, user: UserId) -> PartyView | None:
        """The user's party as it is now, if they are in one."""
        party = await self.of(user)
        return party_view(party, self._clock.now()) if party else None

    async def invite(self, user: UserId, command: PartyMemberCommand) -> PartyView:
        """A member invites somebody; once more makes the invitation last longer.

        Who has blocked the member is not told of it, and the member not of that. Raises `NotFound` for nobody.
        """
        invitee, most = command.user_id, self._config.max_size
        await self._users.get(invitee)
        blocked = (invitee, user) in await self._blocks.between([user, invitee])
        return await self._change_own(
            user, lambda party, now: rules.invite(party, user, invitee, now, most), untold=[invitee] if blocked else []
        )

    async def decline(self, user: UserId, command: DeclineParty) -> None:
        """The user turns an invitation down. Raises `NotFound`."""
        await self._change(command.party_id, lambda party, now: rules.decline(party, user, now))

    async def join(self, user: UserId, command: JoinParty) -> PartyView:
        """The user joins by invitation or by code, and the party's search if there is one. Once more changes nothing.

        Raises `NotFound` without a good invitation or code, `PartyFull`, `AlreadyInParty`, and what `Search` raises.
        """
        member = await self._member(user)

        def decide(party: Party, now: datetime) -> Party:
            invited = command.party_id is not None and party.invite(user, now) is not None
            knows_code = command.join_code is not None and party.join_code == command.join_code
            if not (invited or knows_code or user in party.member_ids):
                raise _uninvited()
            return rules.join(party, member, self._config.max_size)

        party_id = command.party_id
        if party_id is None:
            found = await self._parties.find_one({"join_code": command.join_code})
            if found is None:
                raise _uninvited()
            party_id = found.party_id
        return await self._change(party_id, decide)

    async def leave(self, user: UserId) -> PartyView:
        """The user leaves; the party as it is without them."""
        return await self._change_own(user, lambda party, now: rules.leave(party, user, now))

    async def kick(self, user: UserId, command: PartyMemberCommand) -> PartyView:
        """The leader removes a member, or takes an invitation back."""
        return await self._change_own(
            user, lambda party, now: rules.kick(party, user, command.user_id, now, new_code()), "kicked"
        )

    async def promote(self, user: UserId, command: PartyMemberCommand) -> PartyView:
        """The leader hands the party over."""
        return await self._change_own(user, lambda party, _: rules.promote(party, user, command.user_id))

    async def expire_grace(self, user: UserId, party_id: PartyId) -> None:
        """The user leaves the party, unless they came back in this very moment (`Conflict`)."""
        over = {"grace_until": {"$lte": self._clock.now()}}
        await self._change(party_id, lambda party, now: rules.leave(party, user, now), "grace_expired", over)

    async def set_connection(
        self, users: Collection[UserId], party_id: PartyId, connection: Connection, *also: Write
    ) -> None:
        """Tells the party that members lost their last connections, or came back, in one commit with `also`."""
        await self._change(party_id, lambda party, _: rules.set_connection(party, users, connection), also=also)

    async def _member(self, user: UserId) -> PartyMember:
        """The user, as they come into a party."""
        return PartyMember(user_id=user, display_name=(await self._users.get(user)).display_name)

    async def _change_own(
        self, user: UserId, decide: Decision, reason: LeaveReason = "left", untold: Collection[UserId] = ()
    ) -> PartyView:
        seat = await self._seats.get(user)
        if seat is None:
            raise NotInParty
        return await self._change(seat.party_id, decide, reason, untold=untold)

    async def _change(
        self,
        party_id: PartyId,
        decide: Decision,
        reason: LeaveReason = "left",
        expect_seat: Filter | None = None,
        *,
        also: Sequence[Write] = (),
        untold: Collection[UserId] = (),
    ) -> PartyView:
        """Lets `decide` change the party at the version read, and tells of it; raises `Conflict` after some tries.

        reason: why those leave who do. expect_seat: what must hold for their seats. untold: they get no event
        when they are invited.
        """
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            before = await self._parties.get(party_id)
            if before is None:
                raise _uninvited()
            now = self._clock.now()
            after = decide(before, now)
            if after == before:
                await self._database.commit(*also)
                return party_view(before, now)
            following = await self._search.follow(before, after, reason)
            after = carry(after, list(_outgoing(before, after, reason, now, untold)), now)
            seats = _seats(before, after, expect_seat)
            try:
                await self._database.commit(Replace(PARTIES, after), *seats, *following.writes, *also)
            except StorageConflict as conflict:
                if isinstance(conflict, Duplicate) and conflict.collection == PARTY_SEATS.name:
                    raise await self._elsewhere(after.member_ids[-1]) from None  # who has just joined
                continue
            fault_point("party_changed")
            after = after.changed(version=after.version + 1)
            with may_lag():
                await following.done()
            await self._outbox.flush(PARTIES, after)
            return party_view(after, now)
        raise Conflict

    async def _elsewhere(self, user: UserId) -> AppError:
        seat = await self._seats.get(user)
        return AlreadyInParty(seat.party_id) if seat else Conflict()


def _seats(before: Party, after: Party, expect: Filter | None) -> Iterator[Write]:
    """The members' seats follow."""
    for user in after.member_ids:
        if user not in before.member_ids:
            yield Insert(PARTY_SEATS, PartySeat(id=user, party_id=after.party_id))
    for user in before.member_ids:
        if user not in after.member_ids:
            yield Delete(PARTY_SEATS, user, expect={"party_id": before.id, **(expect or {})})


def _outgoing(
    before: Party, after: Party, reason: LeaveReason, now: datetime, untold: Collection[UserId]
) -> Iterator[Outgoing]:
    """What the members, those who have left and those who are invited are told."""
    view = party_view(after.changed(version=after.version + 1), now)
    for user in after.member_ids:
        yield _told(user, PartyUpdated(**view.model_dump()))
    for user in before.member_ids:
        if user not in after.member_ids:
            yield _told(user, PartyLeft(party_id=after.party_id, reason=reason))
    for invite in after.invites:
        if invite not in before.invites and invite.user_id not in untold:
            shown = view.model_copy(update={"join_code": None})
            yield _told(
                invite.user_id,
                PartyInvited(party=shown, from_user_id=invite.from_user_id, expires_at=invite.expires_at),
            )


def _told(user: UserId, event: Event) -> Outgoing:
    return to(user_stream("matchmaking", user), event)


def _uninvited() -> NotFound:
    """The one answer to a wrong id, a wrong code and no invitation: it does not tell whether there is such a party."""
    return NotFound("There is no such invitation or code.")
