"""Mail to users: by a job that is written in the commit of what it tells, or at once from a job that made a secret."""

from typing import Protocol

from pydantic import TypeAdapter

from domain.core.collection import Insert
from domain.jobs.jobs import Jobs
from domain.jobs.model import Job
from domain.mail.messages import Message, Notice
from domain.mail.rendering import Letter, rendered

MAIL_JOB = "mail"
ATTEMPTS = 8
"""With pauses that double from a second on: a mail server may be away for two minutes."""

ATTEMPT_S = 30.0

_NOTICE: TypeAdapter[Notice] = TypeAdapter(Notice)


class Mailer(Protocol):
    """Takes letters to where they are going."""

    async def send(self, letter: Letter) -> None:
        """Returns when somebody has taken the letter over.

        Raises `JobFailed` when another attempt may bring it there, and `Hopeless` when none will.
        """
        ...


class Mail:
    """Sends messages. link: see `rendered`."""

    def __init__(self, mailer: Mailer, jobs: Jobs, *, link: str | None) -> None:
        self._mailer, self._jobs, self._link = mailer, jobs, link

    def later(self, user_id: str, to: str, message: Notice) -> Insert[Job]:
        """The write that has the message sent to a user, for the commit of what it tells."""
        return self._jobs.new(MAIL_JOB, {"userId": user_id, "to": to, "message": message.model_dump(mode="json")})

    async def deliver(self, job: Job) -> None:
        """Sends what `later` wrote: the handler of `MAIL_JOB`."""
        await self.send(job.payload["to"], _NOTICE.validate_python(job.payload["message"]), id=job.id)

    async def send(self, to: str, message: Message, *, id: str) -> None:
        """Sends the message; for jobs, which try again. id: of the job. Raises as `Mailer.send` does."""
        await self._mailer.send(rendered(message, id=id, to=to, link=self._link))
