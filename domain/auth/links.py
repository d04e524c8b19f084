"""Secrets that are mailed to prove an address: used once, gone in time, and stored as hashes.

A link is made by the job that mails it, so the request which asks for one does the same work whether there is such an
account or not, and the secret itself stands nowhere but in the mail.
"""

import secrets
from hashlib import sha256
from typing import Any, Literal

from domain.auth.model import Client
from domain.auth.trail import AuthAction, AuthTrail
from domain.core.clock import Clock, seconds
from domain.core.collection import Database, Insert, Spec
from domain.core.errors import AppError
from domain.core.ids import UserId
from domain.core.model import Document, Timestamp
from domain.jobs.jobs import Jobs
from domain.jobs.model import JOBS, Job
from domain.mail.mail import Mail
from domain.mail.messages import ResetPassword, Secret, VerifyEmail
from domain.users.model import User
from domain.users.names import name_key
from domain.users.users import Users

LINK_JOB = "auth_link"
PAGE = 200

Purpose = Literal["verify_email", "reset_password"]

HOURS: dict[Purpose, int] = {"verify_email": 24, "reset_password": 1}
"""How long a link can be used."""

ASKED: dict[Purpose, AuthAction] = {
    "verify_email": "auth.email_change_asked",
    "reset_password": "auth.password_reset_asked",
}


class LinkInvalid(AppError):
    """This code is not valid, was used, or has expired: ask for another."""

    code, status = "LINK_INVALID", 404


class Link(Document):
    """A mailed secret. id: its SHA-256; a secret of 256 random bits needs no slow hash.

    email: where it was mailed to. epoch, address_key: the `epoch` and `email_key` of the user then. The link is void
    when these are others: who reads a mailbox that was given up has no say any more.
    """

    purpose: Purpose
    user_id: UserId
    email: str
    epoch: int
    address_key: str | None = None
    expires_at: Timestamp


LINKS = Spec("auth_links", Link, indexes=(("user_id",),), expires="expires_at")


class Links:
    """Makes, mails and reads links."""

    def __init__(
        self, database: Database, users: Users, *, mail: Mail, jobs: Jobs, trail: AuthTrail, clock: Clock
    ) -> None:
        self._database, self._users, self._links = database, users, database.collection(LINKS)
        self._queue = database.collection(JOBS)
        self._mail, self._jobs, self._trail, self._clock = mail, jobs, trail, clock

    def verification(self, user: User, email: str, client: Client) -> Insert[Job]:
        """The write that mails the user a link for an address that they say is theirs. user: as they are then."""
        return self._job("verify_email", email, client, userId=user.id, epoch=user.epoch, addressKey=user.email_key)

    def reset(self, email: str, client: Client) -> Insert[Job]:
        """The write that mails a link for another password to the account with that address, if there is one."""
        return self._job("reset_password", email, client)

    async def send(self, job: Job) -> None:
        """Makes a link and mails it: the handler of `LINK_JOB`. Another attempt makes another link; both work."""
        purpose: Purpose = job.payload["purpose"]
        user = await self._user_of(job)
        if user is None:
            return
        # What was typed to reset may only look like the user's address (both have one key): it gets no mail.
        email = str(job.payload["email"] if purpose == "verify_email" else user.email)
        secret, expires_at = secrets.token_urlsafe(32), self._clock.now() + seconds(HOURS[purpose] * 3600)
        link = Link(
            id=_hash(secret),
            purpose=purpose,
            user_id=UserId(user.id),
            email=email,
            epoch=user.epoch,
            address_key=user.email_key,
            expires_at=expires_at,
        )
        client = Client(job.payload["address"])
        asked = self._trail.entry(ASKED[purpose], client, user.id, proven=purpose == "verify_email")
        await self._database.commit(Insert(LINKS, link), asked)
        await self._mail.send(email, _message(purpose, user, secret), id=job.id)

    async def read(self, token: str, purpose: Purpose) -> tuple[Link, User]:
        """The link that is in force, and its user; raises `LinkInvalid`. Who uses it deletes it in the same commit."""
        link = await self._links.get(_hash(token))
        user = await self._users.find(link.user_id) if link and link.purpose == purpose else None
        if link is None or user is None or (link.epoch, link.address_key) != (user.epoch, user.email_key):
            raise LinkInvalid
        return link, user

    async def forget(self, user_id: UserId) -> None:
        """Takes back what was asked for by the user's address alone; whose it is, only a look tells. Idempotent."""
        user, last = await self._users.find(user_id), None
        while found := await self._queue.find({"kind": LINK_JOB}, limit=PAGE, after=last):
            for job in found:
                if user and user.email_key == name_key(job.payload["email"]):
                    await self._queue.delete(job.id)
            last = (found[-1].id, found[-1].id)

    async def _user_of(self, job: Job) -> User | None:
        """Whose link is to be made, unless they have ended what came before this."""
        if "userId" not in job.payload:
            return await self._users.by_credential(job.payload["email"])
        user = await self._users.find(job.payload["userId"])
        then = (job.payload["epoch"], job.payload.get("addressKey"))
        return user if user and (user.epoch, user.email_key) == then else None

    def _job(self, purpose: Purpose, email: str, client: Client, **more: Any) -> Insert[Job]:
        return self._jobs.new(LINK_JOB, {"purpose": purpose, "email": email, "address": client.address, **more})


def _message(purpose: Purpose, user: User, secret: str) -> Secret:
    match purpose:
        case "verify_email":
            return VerifyEmail(name=user.display_name, code=secret, hours=HOURS[purpose])
        case "reset_password":
            return ResetPassword(name=user.display_name, code=secret, hours=HOURS[purpose])


def same_address(link: Link, user: User) -> bool:
    """Whether the link went to the address that the user has."""
    return user.email_key == name_key(link.email)


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
