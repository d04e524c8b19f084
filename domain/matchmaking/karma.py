"""Karma: what players of a match think of one another, counted with their account.

Once per pair and match, soon after it, and within limits, so that neither a clique nor a grudge makes much of it.
"""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from domain.core.cache import Cache
from domain.core.clock import Clock
from domain.core.collection import Database, Duplicate, Insert, Spec, StorageConflict, Update
from domain.core.errors import AppError, NotFound, ValidationFailed
from domain.core.ids import MatchId, UserId
from domain.core.model import ID_SHAPE, Command, Document, Model, Timestamp
from domain.matchmaking.model import MATCHES
from domain.matchmaking.results import MatchNotConfirmed
from domain.users.model import USERS, user_tag

GIVEN_WITHIN = timedelta(days=1)
"""After the match was formed."""

MOST_A_DAY = 20
"""Given by one player. What is given at the same moment may go past the limits by its number."""

MOST_A_WEEK = 10
"""Given by either of two players to the other."""

KEPT = timedelta(days=8)
"""Long enough for every rule here."""

Value = Literal[1, -1]


class KarmaGiven(AppError):
    """You have rated this player for this match already, and otherwise."""

    code, status = "KARMA_GIVEN", 409


class KarmaTooLate(AppError):
    """This match is too long ago for karma."""

    code, status = "KARMA_TOO_LATE", 409


class KarmaLimit(AppError):
    """You have rated as many players as you can in a day, or this one as often as you can in a week."""

    code, status = "KARMA_LIMIT", 409

    def __init__(self, limit: int) -> None:
        super().__init__(details={"limit": limit})


class GiveKarma(Command):
    """Rates another player of the match: 1 for good, -1 for bad company."""

    user_id: Annotated[UserId, ID_SHAPE]
    value: Value


class Karma(Document):
    """What one player gave another for a match. The id is `<match>:<giver>:<receiver>`. pair: the two, in order."""

    giver_id: UserId
    pair: str
    value: Value
    created_at: Timestamp
    expires_at: Timestamp


KARMA = Spec("karma", Karma, indexes=(("giver_id", "created_at"), ("pair", "created_at")), expires="expires_at")


class KarmaView(Model):
    """What the player gave."""

    match_id: MatchId
    user_id: UserId
    value: Value
    created_at: Timestamp


class KarmaBook:
    """The use cases of karma."""

    def __init__(self, database: Database, clock: Clock, cache: Cache) -> None:
        self._database, self._clock, self._cache = database, clock, cache
        self._matches, self._karma = database.collection(MATCHES), database.collection(KARMA)

    async def give(self, user: UserId, match_id: MatchId, command: GiveKarma) -> KarmaView:
        """Rates another player of a match; giving the same again is giving it once.

        Raises `ValidationFailed` for oneself, `NotFound` for somebody else's match and for who was not in it,
        `MatchNotConfirmed`, and the errors of this module.
        """
        other, now = command.user_id, self._clock.now()
        if other == user:
            raise ValidationFailed([{"field": "userId", "message": "nobody rates themselves"}])
        match = await self._matches.get(match_id)
        if match is None or not {user, other} <= match.everybody:
            raise NotFound
        if not match.is_confirmed:
            raise MatchNotConfirmed
        karma = Karma(
            id=f"{match_id}:{user}:{other}",
            giver_id=user,
            pair=":".join(sorted((user, other))),
            value=command.value,
            created_at=now,
            expires_at=now + KEPT,
        )
        given = await self._karma.get(karma.id)
        if given is None:
            if now > match.formed_at + GIVEN_WITHIN:
                raise KarmaTooLate
            await self._check_limits(karma, now)
            given = await self._store(karma, other)
        if given.value != command.value:
            raise KarmaGiven
        return KarmaView(match_id=match_id, user_id=other, value=given.value, created_at=given.created_at)

    async def _check_limits(self, karma: Karma, now: datetime) -> None:
        day, week = now - timedelta(days=1), now - timedelta(days=7)
        if await self._karma.count({"giver_id": karma.giver_id, "created_at": {"$gt": day}}) >= MOST_A_DAY:
            raise KarmaLimit(MOST_A_DAY)
        if await self._karma.count({"pair": karma.pair, "created_at": {"$gt": week}}) >= MOST_A_WEEK:
            raise KarmaLimit(MOST_A_WEEK)

    async def _store(self, karma: Karma, receiver: UserId) -> Karma:
        """Counts it with the receiver's account, in one commit; what stands there if another try was quicker."""
        try:
            await self._database.commit(Insert(KARMA, karma), Update(USERS, receiver, {"$inc": {"karma": karma.value}}))
        except Duplicate:
            return await self._karma.get(karma.id) or karma
        except StorageConflict:
            raise NotFound from None  # the account is gone
        await self._cache.invalidate(user_tag(receiver))
        return karma
