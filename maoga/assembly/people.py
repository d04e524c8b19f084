"""Puts together what accounts say of themselves, and how they end."""

from dataclasses import dataclass
from datetime import timedelta

from domain.audit.audit import Audit
from domain.auth.links import Links
from domain.chat.cases import ChatCases
from domain.core.cache import Cache
from domain.core.clock import Clock
from domain.core.collection import Database
from domain.core.ids import GameId, new_id
from domain.core.images import MediaStore
from domain.games.games import Games
from domain.jobs.jobs import Jobs
from domain.jobs.model import Job
from domain.jobs.runner import JobRunner
from domain.privacy.departures import ERASURE_JOB, GUESTS_JOB, Departures, Step
from domain.privacy.exports import Exports
from domain.rankings.standings import Standings
from domain.reports.images import HeldImages
from domain.social.blocks import Blocks
from domain.social.friends import Friends
from domain.social.people import People
from domain.social.privacy import Privacy
from domain.users.avatars import Avatars
from domain.users.devices import Devices
from domain.users.profiles import Profiles
from domain.users.users import Users
from maoga.process import report
from storage.media.imaging import ChildImaging
from storage.redis.client import Client
from storage.redis.traces import RedisTraces

COLLECT_JOB = "avatars_collect"
ERASURE_TIMEOUT_S = 6 * 3600.0
"""It looks through most of the database."""


@dataclass(frozen=True, slots=True)
class PersonalCases:
    """The use cases of accounts as those of people."""

    profiles: Profiles
    avatars: Avatars
    devices: Devices
    people: People
    departures: Departures
    exports: Exports


def build_people(
    *,
    database: Database,
    redis: Client,
    cache: Cache,
    store: MediaStore,
    users: Users,
    expel: Step,
    links: Links,
    audit: Audit,
    blocks: Blocks,
    friends: Friends,
    privacy: Privacy,
    games: Games,
    standings: Standings,
    chats: ChatCases,
    jobs: Jobs,
    runner: JobRunner,
    clock: Clock,
    grace: timedelta,
    guests: timedelta,
) -> PersonalCases:
    """The use cases on open storage. expel, grace, guests: see `Departures`."""

    async def knows_game(id: GameId) -> bool:
        return await games.get(id) is not None

    async def collect(_: Job) -> None:
        await avatars.collect(report)

    avatars = Avatars(database=database, store=store, imaging=ChildImaging(), cache=cache, clock=clock, new_id=new_id)
    departures = Departures(
        database=database,
        cache=cache,
        expel=expel,
        jobs=jobs,
        audit=audit,
        clock=clock,
        grace=grace,
        guests=guests,
        traces=RedisTraces(redis),
        steps=[HeldImages(database, store).forget, chats.erasure.erase, avatars.erase, standings.forget, links.forget],
        report=report,
    )
    people = People(database, users=users, blocks=blocks, friends=friends, privacy=privacy, cache=cache)
    privacy.listen(people.forget)
    runner.handle(COLLECT_JOB, collect, timeout_s=600)
    runner.handle(ERASURE_JOB, departures.erase_due, timeout_s=ERASURE_TIMEOUT_S)
    runner.cron("pictures nobody shows", "*/10 * * * *", COLLECT_JOB)
    runner.handle(GUESTS_JOB, departures.close_guests, timeout_s=600)
    runner.cron("guests whom nobody can be", "7 3 * * *", GUESTS_JOB)
    runner.cron("accounts to erase", "37 3 * * *", ERASURE_JOB)
    return PersonalCases(
        profiles=Profiles(database, clock, knows_game, cache),
        avatars=avatars,
        devices=Devices(database, clock),
        people=people,
        departures=departures,
        exports=Exports(database, audit, clock),
    )
