"""Identities that others vouch for, such as Steam or the studio's own server: logging in by them, and linking them."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Protocol

from pydantic import Field, TypeAdapter, ValidationError

from domain.auth.auth import Auth
from domain.auth.commands import DeviceName
from domain.auth.model import Client, SessionView
from domain.auth.trail import AuthTrail
from domain.core.clock import Clock
from domain.core.collection import Database, Delete, Duplicate, Insert, Spec, Update
from domain.core.errors import AppError, NotFound
from domain.core.ids import UserId
from domain.core.model import Command, Document, Timestamp
from domain.users.model import USERS, User
from domain.users.names import DisplayName, Email
from domain.users.users import Users

DISPLAY_NAME: TypeAdapter[str] = TypeAdapter(DisplayName)
EMAIL: TypeAdapter[str] = TypeAdapter(Email)


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


class LinkIdentity(Command):
    """Links an identity. token: an OIDC ID token, or a Steam ticket in hexadecimal. nonce: what the client had the
    provider put into the token."""

    token: Annotated[str, Field(min_length=1, max_length=8192)] = Field(repr=False)
    nonce: Annotated[str | None, Field(min_length=1, max_length=255)] = None


class ExternalLogin(LinkIdentity):
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
        trail: AuthTrail,
        providers: Mapping[str, IdentityProvider],
        clock: Clock,
    ) -> None:
        self._database, self._identities = database, database.collection(IDENTITIES)
        self._users, self._auth, self._trail = users, auth, trail
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

    async def link(self, user_id: UserId, client: Client, provider: str, command: LinkIdentity) -> None:
        """Lets the user log in by an identity, too; a guest is one no more. Twice is once.

        Raises `NotFound`, what `identify` raises, `IdentityTaken` or `AlreadyLinked`.
        """
        identity = self._identity(provider, await self._vouched(provider, command), user_id)
        try:
            await self._database.commit(
                Insert(IDENTITIES, identity),
                Update(
                    USERS,
                    user_id,
                    {"$addToSet": {"identities": provider}, "$set": {"guest": False}, "$inc": {"version": 1}},
                ),
                self._trail.entry("auth.identity_linked", client, user_id, after={"provider": provider}),
            )
        except Duplicate:
            there = await self._identities.get(identity.id)
            if there is None:
                raise AlreadyLinked from None
            if there.user_id != user_id:
                raise IdentityTaken from None

    async def unlink(self, user_id: UserId, client: Client, provider: str) -> None:
        """Takes an identity from the user; raises `NotFound`, `LastLogin` or `Conflict`."""
        user = await self._users.get(user_id)
        identity = await self._identities.find_one({"user_id": user_id, "provider": provider})
        if identity is None:
            raise NotFound("There is no such identity.")
        if user.password_hash is None and len(user.identities) == 1:
            raise LastLogin
        await self._database.commit(
            Delete(IDENTITIES, identity.id),
            # On the version, so that of two who take the last two identities one comes too late.
            Update(
                USERS,
                user_id,
                {"$pull": {"identities": provider}, "$inc": {"version": 1}},
                {"version": user.version},
            ),
            self._trail.entry("auth.identity_unlinked", client, user_id, after={"provider": provider}),
        )

    async def _vouched(self, name: str, command: LinkIdentity) -> Vouched:
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
        identity = self._identity(command.provider, vouched, UserId(user.id))
        writes = (Insert(USERS, user), Insert(IDENTITIES, identity))
        return await self._auth.enter(user, client, "auth.registered", command.device, *writes)

    def _identity(self, provider: str, vouched: Vouched, user_id: UserId) -> Identity:
        return Identity(id=_id(provider, vouched), provider=provider, user_id=user_id, linked_at=self._clock.now())


def _id(provider: str, vouched: Vouched) -> str:
    return f"{provider}:{vouched.subject}"


def _acceptable(kind: TypeAdapter[str], value: str | None) -> str | None:
    """What a provider says, if we would take it from the player."""
    try:
        return kind.validate_python(value) if value else None
    except ValidationError:
        return None
