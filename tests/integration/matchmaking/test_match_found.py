"""A confirmed match is news for each of its players, once, whatever happens at the confirmation."""

import asyncio

from domain.core.events import user_stream
from domain.core.ids import UserId
from domain.matchmaking.commands import AnswerMatch
from domain.matchmaking.model import MATCHES, Match
from domain.notifications.model import NOTIFICATIONS, MatchFound
from maoga.bootstrap import Core
from tests.support.builders import criteria
from tests.support.clock import ManualClock
from tests.support.cores import players
from tests.support.invariants import everything
from tests.support.lobbies import told

DUEL = criteria("rocket-league", "casual", groupSize={"min": 2, "max": 2})


async def a_proposal(core: Core) -> tuple[list[UserId], Match]:
    users = await players(core, 2)
    for user in users:
        await core.matchmaking.enqueue(user, DUEL)
    assert await core.tick.run() == 1
    (match,) = await everything(core.database, MATCHES)
    return users, match


async def test_each_player_of_a_confirmed_match_is_told_once(core: Core, clock: ManualClock) -> None:
    """Both last accepts and the deadline may come to confirm it at the same moment; only one of them does."""
    users, match = await a_proposal(core)
    await core.matchmaking.accept(users[0], AnswerMatch(match_id=match.match_id))
    assert await everything(core.database, NOTIFICATIONS) == []
    await asyncio.gather(
        *(core.matchmaking.accept(user, AnswerMatch(match_id=match.match_id)) for user in [*users, *users]),
        core.proposals.elapse(match.match_id),
        return_exceptions=True,
    )
    clock.advance(60)
    await core.proposals.elapse(match.match_id)
    notes = await everything(core.database, NOTIFICATIONS)
    assert sorted(note.user_id for note in notes) == sorted(users)
    news = MatchFound(match_id=match.match_id, lobby_id=match.match_id, game_id=match.game_id, mode="casual")
    assert all(note.news == news for note in notes)
    for user in users:
        names = [name for name, _ in await told(core, user_stream("social", user))]
        assert names == ["notification"]


async def test_a_match_that_fails_is_no_news(core: Core) -> None:
    users, match = await a_proposal(core)
    await core.matchmaking.accept(users[0], AnswerMatch(match_id=match.match_id))
    await core.matchmaking.decline(users[1], AnswerMatch(match_id=match.match_id))
    assert await everything(core.database, NOTIFICATIONS) == []
