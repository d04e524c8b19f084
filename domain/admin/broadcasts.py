"""What the operators say to everybody who is connected."""

from typing import Annotated, Protocol

from pydantic import Field

from domain.audit.audit import Audit
from domain.audit.model import Actor
from domain.core.collection import Database
from domain.core.ids import IdFactory
from domain.core.model import Command, Model, Text
from domain.jobs.jobs import Jobs
from domain.jobs.model import Job

BROADCAST_JOB = "broadcast"
URGENT = 10


class Announcer(Protocol):
    """Reaches all connections on all instances."""

    async def announce(self, id: str, title: str, body: str) -> None:
        """Sends `announcement` to everybody in every namespace; raises `Unavailable`."""
        ...


class SendBroadcast(Command):
    """What is said to everybody who is connected now."""

    title: Annotated[Text, Field(min_length=1, max_length=120)]
    body: Annotated[Text, Field(min_length=1, max_length=2000)]


class BroadcastView(Model):
    """What is on its way. id: as in the event, by which a client that hears it twice knows it."""

    id: str


class Broadcasts:
    """The use case of those who speak to everybody.

    It is an event and no notification: a notification is kept for each user, and a million of them is no way to say
    that there is maintenance in five minutes.
    """

    def __init__(
        self, *, database: Database, jobs: Jobs, audit: Audit, announcer: Announcer, new_id: IdFactory
    ) -> None:
        self._database, self._jobs, self._audit = database, jobs, audit
        self._announcer, self._new_id = announcer, new_id

    async def send(self, actor: Actor, command: SendBroadcast) -> BroadcastView:
        """Puts it on record and on its way, in one commit."""
        id, said = self._new_id(), command.wire()
        await self._database.commit(
            self._jobs.new(BROADCAST_JOB, {"id": id, **said}, priority=URGENT),
            self._audit.entry("broadcast.sent", actor, f"broadcast:{id}", after=said),
        )
        return BroadcastView(id=id)

    async def run(self, job: Job) -> None:
        """The job: a worker that dies over it lets another say it again, under the same id."""
        await self._announcer.announce(**job.payload)
