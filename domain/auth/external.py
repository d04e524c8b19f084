"""Identities that others vouch for, such as Steam or the studio's own server: logging in by them, and linking them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Protocol

from pydantic import Field, TypeAdapter, ValidationError

from domain.auth.auth import Auth
from domain.auth.commands import DeviceName, GivenPassword
from domain.auth.model import Client, Principal, SessionView
from domain.auth.proofs import Proofs
from domain.auth.trail import AuthTrail
from domain.core.clock import Clock
from domain.core.collection import Database, Delete, Duplicate, Insert, Spec, Update, Write
from domain.core.errors import AppError, NotFound, RateLimited
from domain.core.ids import UserId
from domain.core.limits import Limit, RateLimits
from domain.core.model import Command, Document, Timestamp
from domain.mail.mail import Mail
from domain.mail.messages import IdentityLinked, IdentityUnlinked, Notice
from domain.users.model import USERS, User
from domain.users.names import DisplayName, Email
from domain.users.users import Users

DISPLAY_NAME: TypeAdapter[str] = TypeAdapter(DisplayName)
EMAIL: TypeAdapter[str] = TypeAdapter(Email)

CHANGES = Limit(10, 3600.0)
"""How often an account may link and unlink: each time its user gets a mail."""


class ExternalTokenInvalid(AppError):
    """The provider does not vouch for this token."""

    code, status = "EXTERNAL_TOKEN_INVALID", 401


class IdentityTaken(AppError):
    """This identity belongs to another account."""

    code, status = "IDENTITY_TAKEN", 409


class AlreadyLinked(AppError):
    """This account has another identity of the provider: unlink that one first."""

    code, status = "ALREADY_LINKED", 409


class LastLogin(AppError):
    """This is the only way into the account: set a password or link another identity first."""

    code, status = "LAST_LOGIN", 409


class Vouching(Command):
    """What a provider can vouch for. token: an OIDC ID token, or a Steam ticket in hexadecimal. nonce: what the client
    had the provider put into the token."""

    token: Annotated[str, Field(min_length=1, max_length=8192)] = Field(repr=False)
    nonce: Annotated[str | None, Field(min_length=1, max_length=255)] = None


class LinkIdentity(Vouching):
    """Links an identity. password: the account's; not needed by who has just logged in, or is a guest."""

    password: GivenPassword | None = Field(default=None, repr=False)


class ExternalLogin(Vouching):
    """Logs in by an identity. provider: by the name the server's settings give it."""

    provider: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    device: DeviceName | None = None


@dataclass(frozen=True, slots=True)
class Vouched:
    """What a provider says of somebody. subject: who they are there, for good. email: if it is known to be theirs."""

    subject: str
    email: str | None = None
    name: str | None = None


class IdentityProvider(Protocol):
    """Knows whom its tokens speak for."""

    async def identify(self, token: str, nonce: str | None) -> Vouched:
        """Who that is; raises `ExternalTokenInvalid`, or `Unavailable` when it cannot be found out now."""
        ...


class Identity(Document):
    """An identity of a user, as stored. Its id is `<provider>:<subject>`, so that it has one user."""

    provider: str
    user_id: UserId
    linked_at: Timestamp


IDENTITIES = Spec("identities", Identity, unique=(("user_id", "provider"),))


class External:
    """The use cases of external identities. providers: by name."""

    def __init__(
        self,
        database: Database,
        *,
        users: Users,
        auth: Auth,
        proofs: Proofs,
        limits: RateLimits,
        mail: Mail,
        trail: AuthTrail,
        providers: Mapping[str, IdentityProvider],
        clock: Clock,
    ) -> None:
        self._database, self._identities = database, database.collection(IDENTITIES)
        self._users, self._auth, self._proofs, self._trail = users, auth, proofs, trail
        self._limits, self._mail = limits, mail
        self._providers, self._clock = providers, clock

    async def login(self, command: ExternalLogin, client: Client) -> SessionView:
        """Logs in by an identity; the first time that opens an account.

        Raises `NotFound` for a provider that is not set up, what `identify` raises, `EmailTaken` when the provider
        vouches for the address of another account (whose owner logs in there, and links), or a refusal.
        """
        vouched = await self._vouched(command.provider, command)
        user = await self._user_of(command.provider, vouched)
        if user is None:
            try:
                return await self._register(command, client, vouched)
            except Duplicate as duplicate:
                user = await self._user_of(command.provider, vouched)  # the same login, elsewhere, was quicker
                if user is None:
                    raise duplicate from None
        user = await self._auth.admitted(user)
        return await self._auth.enter(user, client, "auth.logged_in", command.device)

    async def link(self, principal: Principal, client: Client, provider: str, command: LinkIdentity) -> None:
        """Lets the caller log in by an identity, too, and tells them by mail; a guest is one no more. Twice is once.

        Raises `NotFound`, what `Proofs.recent` and `identify` raise, `IdentityTaken`, `AlreadyLinked` or `Conflict`.
        """
        user = await self._proofs.recent(principal, command.password, client)
        await self._spend(user)
        vouched = await self._vouched(provider, command)
        identity = self._identity(provider, vouched, UserId(user.id), self._clock.now())
        notice = IdentityLinked(name=user.display_name, at=identity.linked_at, provider=provider)
        try:
            await self._database.commit(
                Insert(IDENTITIES, identity),
                # On the version: who ends all sessions, or resets the password, ends what those had begun.
                Update(
                    USERS,
                    user.id,
                    {"$addToSet": {"identities": provider}, "$set": {"guest": False}, "$inc": {"version": 1}},
                    {"version": user.version},
                ),
                self._trail.entry("auth.identity_linked", client, user.id, after={"provider": provider}),
                *self._told(user, notice),
            )
        except Duplicate:
            there = await self._identities.get(identity.id)
            if there is None:
                raise AlreadyLinked from None
            if there.user_id != user.id:
                raise IdentityTaken from None

    async def unlink(self, principal: Principal, client: Client, provider: str) -> None:
        """Takes an identity from the caller and tells them by mail; raises `NotFound`, `LastLogin` or `Conflict`."""
        _, user = await self._auth.caller(principal)
        identity = await self._identities.find_one({"user_id": user.id, "provider": provider})
        if identity is None:
            raise NotFound("There is no such identity.")
        if user.password_hash is None and len(user.identities) == 1:
            raise LastLogin
        await self._spend(user)
        notice = IdentityUnlinked(name=user.display_name, at=self._clock.now(), provider=provider)
        await self._database.commit(
            Delete(IDENTITIES, identity.id),
            # On the version, so that of two who take the last two identities one comes too late.
            Update(
                USERS,
                user.id,
                {"$pull": {"identities": provider}, "$inc": {"version": 1}},
                {"version": user.version},
            ),
            self._trail.entry("auth.identity_unlinked", client, user.id, after={"provider": provider}),
            *self._told(user, notice),
        )

    async def _spend(self, user: User) -> None:
        if wait_ms := await self._limits.take(f"identities:{user.id}", CHANGES):
            raise RateLimited(wait_ms)

    def _told(self, user: User, notice: Notice) -> list[Write]:
        return [self._mail.later(user.id, user.email, notice)] if user.email else []

    async def _vouched(self, name: str, command: Vouching) -> Vouched:
        provider = self._providers.get(name)
        if provider is None:
            raise NotFound("There is no such provider.")
        return await provider.identify(command.token, command.nonce)

    async def _user_of(self, provider: str, vouched: Vouched) -> User | None:
        identity = await self._identities.get(_id(provider, vouched))
        return await self._users.get(identity.user_id) if identity else None

    async def _register(self, command: ExternalLogin, client: Client, vouched: Vouched) -> SessionView:
        """Opens an account with that identity; raises `EmailTaken`, or `Duplicate` when it has one by now."""
        username = f"player-{secrets.token_hex(6)}"
        email = _acceptable(EMAIL, vouched.email)
        user = self._users.new(
            username=username, display_name=_acceptable(DISPLAY_NAME, vouched.name) or username, email=email
        ).changed(email_verified=email is not None, identities=(command.provider,))
        identity = self._identity(command.provider, vouched, UserId(user.id), user.created_at)
        writes = (Insert(USERS, user), Insert(IDENTITIES, identity))
        return await self._auth.enter(user, client, "auth.registered", command.device, *writes)

    @staticmethod
    def _identity(provider: str, vouched: Vouched, user_id: UserId, now: datetime) -> Identity:
        return Identity(id=_id(provider, vouched), provider=provider, user_id=user_id, linked_at=now)


def _id(provider: str, vouched: Vouched) -> str:
    return f"{provider}:{vouched.subject}"


def _acceptable(kind: TypeAdapter[str], value: str | None) -> str | None:
    """What a provider says, if we would take it from the player."""
    try:
        return kind.validate_python(value) if value else None
    except ValidationError:
        return None
