"""Parties, their tickets, and matches between them, without waiting for a tick."""

from typing import Any

from domain.core.ids import GameId, MatchId, TicketId, UserId
from domain.matchmaking.commands import AnswerMatch
from domain.matchmaking.criteria import Criteria
from domain.matchmaking.model import TICKETS, Match, MatchPlayer, Quality, Ticket
from domain.matchmaking.pairing.matcher import Group
from domain.matchmaking.pool import PoolKey
from domain.parties.commands import JoinParty, PartyMemberCommand
from domain.parties.model import PartyView
from maoga.bootstrap import Core
from tests.support.builders import criteria
from tests.support.pools import waiting as all_waiting

POOL = PoolKey(GameId("valorant"), "competitive")


def fives(*party: UserId, **fields: Any) -> Criteria:
    """Five against five, with these friends."""
    return criteria("valorant", "competitive", party=list(party), **fields)


async def a_party(core: Core, leader: UserId, *friends: UserId) -> PartyView:
    """A party whose members came by its code."""
    party = await core.parties.create(leader)
    for friend in friends:
        party = await core.parties.join(friend, JoinParty(join_code=party.join_code))
    return party


def about(user: UserId) -> PartyMemberCommand:
    """A command about that user."""
    return PartyMemberCommand(user_id=user)


async def group_of(core: Core, *tickets: TicketId) -> Group:
    """The group the matcher would make of these tickets as the pool has them, the players of each on one team."""
    entries = {entry.ticket_id: entry for entry in await all_waiting(core.pool, POOL)}
    return Group(
        players=tuple(
            MatchPlayer(user_id=player.user_id, ticket_id=id) for id in tickets for player in entries[id].players
        ),
        teams=tuple(tuple(player.user_id for player in entries[id].players) for id in tickets),
        region=None,
        min_size=2,
        quality=Quality(overall=1, skill=1, region=1, language=1, wait=1),
        levels=dict.fromkeys(tickets, 0),
    )


async def proposed(core: Core, *tickets: TicketId) -> Match:
    """A match proposed to these tickets."""
    match = await core.proposals.propose(POOL, await group_of(core, *tickets))
    assert match is not None
    return match


async def accept(core: Core, match_id: MatchId, *users: UserId) -> None:
    """These users accept, one after the other."""
    for user in users:
        await core.matchmaking.accept(user, AnswerMatch(match_id=match_id))


async def ticket(core: Core, id: TicketId) -> Ticket:
    """The ticket as it is stored."""
    found = await core.database.collection(TICKETS).get(id)
    assert found is not None
    return found
