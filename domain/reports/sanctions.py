"""The use cases of sanctions: imposed, lifted, and over by themselves."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from domain.audit.audit import Audit
from domain.audit.model import SERVER, Actor
from domain.core.clock import Clock, seconds
from domain.core.collection import Database, Insert, StorageConflict, Update, Write
from domain.core.errors import AppError, Conflict, Forbidden, NotFound
from domain.core.ids import IdFactory, UserId
from domain.core.index import may_lag
from domain.core.isolation import Report as ReportFailure
from domain.core.model import rfc3339
from domain.core.retries import RETRIES, pause
from domain.jobs.jobs import Jobs
from domain.jobs.model import Job
from domain.notifications.model import Notification, SystemNotice
from domain.notifications.notifications import Notifications
from domain.reports.commands import Impose
from domain.reports.enforcement import AGAIN_S, ENFORCE_JOB, Enforcement
from domain.reports.model import SANCTIONS, Sanction, SanctionKind
from domain.reports.standing import Standing, standing, standing_of, written
from domain.reports.views import SanctionView, sanction_view
from domain.users.model import ROLES, User
from domain.users.users import Users

END_JOB = "sanction_end"
IN_FORCE_MAX = 100
TITLES: dict[SanctionKind, str] = {
    "warning": "A warning",
    "mute": "You are muted",
    "suspension": "Your account was suspended",
    "ban": "Your account was banned",
}


class SanctionOver(AppError):
    """This sanction is over already."""

    code, status = "SANCTION_OVER", 409


class SanctionLimit(AppError):
    """This player has as many sanctions in force as can be; lift one first."""

    code, status = "SANCTION_LIMIT", 409

    def __init__(self) -> None:
        super().__init__(details={"limit": IN_FORCE_MAX})


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sanction that is about to be written: what must be committed, and whom to tell then."""

    sanction: Sanction
    writes: tuple[Write, ...]
    news: tuple[Insert[Notification], ...]


class Sanctions:
    """Imposes and lifts sanctions. Each stands in its own document, and on the account as what they come to."""

    def __init__(
        self,
        *,
        database: Database,
        users: Users,
        audit: Audit,
        jobs: Jobs,
        notifications: Notifications,
        enforcement: Enforcement,
        clock: Clock,
        new_id: IdFactory,
        report: ReportFailure,
    ) -> None:
        self._database, self._users, self._audit, self._jobs = database, users, audit, jobs
        self._notifications, self._enforcement = notifications, enforcement
        self._clock, self._new_id, self._report = clock, new_id, report
        self._sanctions = database.collection(SANCTIONS)

    async def impose(self, actor: Actor, user: UserId, command: Impose) -> SanctionView:
        """Imposes a sanction, which counts at once on every instance.

        Raises `NotFound` for who is not there any more, `Forbidden` for oneself and those of no lower role, and
        `SanctionLimit`.
        """
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            sentence = await self.prepare(actor, user, command)
            with suppress(StorageConflict):  # somebody else has judged them in this very moment
                await self._database.commit(*sentence.writes)
                await self.carry_out(sentence)
                return sanction_view(sentence.sanction)
        raise Conflict

    async def prepare(self, actor: Actor, user: UserId, command: Impose, case_id: str | None = None) -> Sentence:
        """What imposes a sanction, for the caller's commit; `carry_out` comes after it. Raises as `impose` does."""
        now = self._clock.now()
        account = await self._below(actor, user)
        in_force = await self._in_force(user)
        if len(in_force) >= IN_FORCE_MAX:
            raise SanctionLimit
        sanction = Sanction(
            id=self._new_id(),
            user_id=user,
            kind=command.kind,
            reason=command.reason,
            by=UserId(actor.id) if actor.id else None,
            case_id=case_id,
            created_at=now,
            until=command.until(now),
            ended_at=now if command.kind == "warning" else None,
        )
        news = await self._notifications.about({user: SystemNotice(title=TITLES[sanction.kind], body=_told(sanction))})
        after = standing([*in_force, sanction], now)
        entry = self._entry("user.sanctioned", actor, sanction, (standing_of(account), after), sanction.reason)
        writes = (Insert(SANCTIONS, sanction), written(account, after), entry, *news, *self._follow_ups(sanction, now))
        return Sentence(sanction, writes, tuple(news))

    async def carry_out(self, sentence: Sentence) -> None:
        """Does at once what the job does again: the sockets are cut, the places are free. What fails is left to it."""
        user = sentence.sanction.user_id
        if sentence.sanction.kind in {"suspension", "ban"}:
            try:
                await self._enforcement.expel(user)
            except Exception as failure:
                self._report(f"sanction of {user}", failure)
        with may_lag():
            await self._notifications.tell(sentence.news)

    async def lift(self, actor: Actor, id: str, reason: str) -> SanctionView:
        """Ends a sanction before its time; raises `NotFound`, `SanctionOver` and `Forbidden` as `impose` does."""
        sanction = await self._sanctions.get(id)
        if sanction is None:
            raise NotFound("There is no such sanction.")
        await self._below(actor, sanction.user_id)
        return sanction_view(await self._end(sanction, actor, "user.sanction_lifted", reason))

    async def of(self, user: UserId, limit: int) -> list[SanctionView]:
        """The sanctions of a player, the newest first."""
        found = await self._sanctions.find({"user_id": user}, sort="-id", limit=limit)
        return [sanction_view(one) for one in found]

    async def run_end(self, job: Job) -> None:
        """The job at the end of a sanction: the account says so. Idempotent."""
        sanction = await self._sanctions.get(job.payload["sanctionId"])
        if sanction and sanction.until and sanction.until <= self._clock.now():
            with suppress(SanctionOver):
                await self._end(sanction, SERVER, "user.sanction_ended", None)

    async def run_enforce(self, job: Job) -> None:
        """The job that follows a suspension, a ban or a deletion. Idempotent."""
        await self._enforcement.expel(UserId(job.payload["userId"]))

    async def _end(self, sanction: Sanction, actor: Actor, action: str, reason: str | None) -> Sanction:
        for attempt in range(1 + RETRIES):
            await pause(attempt)
            now = self._clock.now()
            stored = await self._sanctions.get(sanction.id)
            if stored is None or stored.ended_at:
                raise SanctionOver
            lifted = {} if actor == SERVER else {"lifted_by": actor.id, "lifted_reason": reason}
            ended = stored.changed(ended_at=now, **lifted)
            fields = {name: value for name, value in {"ended_at": now, **lifted}.items() if value is not None}
            ending = Update(SANCTIONS, stored.id, {"$set": fields}, expect={"ended_at": {"$exists": False}})
            with suppress(StorageConflict):
                await self._database.commit(ending, *await self._stands(ended, actor, action, reason, now))
                return ended
        raise Conflict

    async def _stands(
        self, ended: Sanction, actor: Actor, action: str, reason: str | None, now: datetime
    ) -> tuple[Write, ...]:
        """The account without a sanction, and the entry."""
        account = await self._users.find(ended.user_id)
        left = [one for one in await self._in_force(ended.user_id) if one.id != ended.id]
        after = standing(left, now)
        if account is None:
            return (self._entry(action, actor, ended, (Standing(), after), reason),)
        return written(account, after), self._entry(action, actor, ended, (standing_of(account), after), reason)

    async def _below(self, actor: Actor, user: UserId) -> User:
        """The account of somebody over whom the actor may judge. To delete it, and to have it back, is no way out."""
        ids = [user, UserId(actor.id)] if actor.kind == "user" and actor.id else [user]
        found = await self._users.get_many(ids)
        account = found.get(user)
        if account is None:
            raise NotFound("There is no such user.")
        if actor.kind == "user":
            judge = found.get(UserId(actor.id or ""))
            if judge is None or ROLES.index(judge.role) <= ROLES.index(account.role):
                raise Forbidden("You may only judge those whose role is below yours.")
        return account

    async def _in_force(self, user: UserId) -> list[Sanction]:
        return await self._sanctions.find({"user_id": user, "ended_at": {"$exists": False}}, limit=IN_FORCE_MAX)

    def _follow_ups(self, sanction: Sanction, now: datetime) -> list[Insert[Job]]:
        jobs = []
        if sanction.kind in {"suspension", "ban"}:
            jobs.append(self._jobs.new(ENFORCE_JOB, {"userId": sanction.user_id}, at=now + seconds(AGAIN_S)))
        if sanction.until and not sanction.ended_at:
            jobs.append(self._jobs.new(END_JOB, {"sanctionId": sanction.id}, at=sanction.until))
        return jobs

    def _entry(
        self, action: str, actor: Actor, sanction: Sanction, stands: tuple[Standing, Standing], reason: str | None
    ) -> Write:
        """stands: what the account said before, and says after it."""
        before, after = map(_shown, stands)
        about = {"sanctionId": sanction.id, "kind": sanction.kind}
        target = f"user:{sanction.user_id}"
        return self._audit.entry(action, actor, target, before=before, after={**after, **about}, reason=reason)


def _shown(standing: Standing) -> dict[str, str]:
    times = {"statusUntil": standing.status_until, "mutedUntil": standing.muted_until}
    return {"status": standing.status, **{name: rfc3339(at) for name, at in times.items() if at}}


def _told(sanction: Sanction) -> str:
    """What the player is told, in English."""
    if sanction.kind == "warning":
        return sanction.reason
    return f"{sanction.reason} ({f'until {sanction.until:%F %H:%M} UTC' if sanction.until else 'for good'})"
