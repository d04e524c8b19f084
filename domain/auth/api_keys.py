"""API keys: how machines, such as game servers, say who they are. A key is shown once, and only its hash is stored."""

import hmac
import re
import secrets
from datetime import timedelta
from hashlib import sha256
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from domain.audit.audit import Audit
from domain.audit.model import Actor
from domain.core.clock import Clock, seconds
from domain.core.collection import Database, Delete, Insert, Spec, StorageConflict
from domain.core.errors import AppError, Forbidden, NotFound
from domain.core.model import Command, Document, Model, Text, Timestamp
from domain.users.names import cleaned

Scope = Literal["results:write", "queues:read", "sockets:read", "jobs:read", "games:write"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""What a key may be allowed to do. Those that are permissions, too, let a machine use the routes that ask for them."""

SHAPE = re.compile(r"mk_([0-9a-f]{16})_([0-9a-f]{64})")
USED_EVERY_S = 60.0
"""`last_used_at` is as exact as this."""

LISTED = 1000


class ApiKeyInvalid(AppError):
    """This is no API key of ours, or it was revoked or has expired."""

    code, status = "API_KEY_INVALID", 401


class ApiKeyScope(Forbidden):
    """This API key is not allowed to do that."""

    code = "API_KEY_SCOPE"


class ApiKey(Document):
    """A key, as stored. secret_hash: SHA-256 of a secret of 256 random bits, which needs no slow hash."""

    name: str
    scopes: tuple[Scope, ...]
    secret_hash: str = Field(repr=False)
    created_at: Timestamp
    last_used_at: Timestamp | None = None
    expires_at: Timestamp | None = None


API_KEYS = Spec("api_keys", ApiKey, expires="expires_at")


class CreateApiKey(Command):
    """Makes an API key. expires_days: days it is good for; without them, until it is revoked."""

    name: Annotated[Text, AfterValidator(cleaned), Field(min_length=1, max_length=64)]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(SCOPES))]
    expires_days: Annotated[int | None, Field(ge=1, le=3650)] = None


class ApiKeyView(Model):
    """A key as its owners see it. last_used_at: exact to the minute."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    created_at: Timestamp
    last_used_at: Timestamp | None = None
    expires_at: Timestamp | None = None


class NewApiKey(ApiKeyView):
    """A key that was just made. secret: the text to send, `mk_<id>_<secret>`, which cannot be shown again."""

    secret: str = Field(repr=False)


class ApiKeys:
    """Makes, checks and revokes API keys. What is made and revoked stands in the audit log."""

    def __init__(self, database: Database, audit: Audit, clock: Clock) -> None:
        self._database, self._keys = database, database.collection(API_KEYS)
        self._audit, self._clock = audit, clock

    async def create(self, actor: Actor, command: CreateApiKey) -> NewApiKey:
        """A new key."""
        secret, now = secrets.token_hex(32), self._clock.now()
        key = ApiKey(
            id=secrets.token_hex(8),
            name=command.name,
            scopes=tuple(sorted(set(command.scopes))),
            secret_hash=_hash(secret),
            created_at=now,
            expires_at=now + timedelta(days=command.expires_days) if command.expires_days else None,
        )
        view = _view(key)
        entry = self._audit.entry("api_key.created", actor, f"api_key:{key.id}", after=view.wire())
        await self._database.commit(Insert(API_KEYS, key), entry)
        return NewApiKey(**view.model_dump(), secret=f"mk_{key.id}_{secret}")

    async def list(self) -> list[ApiKeyView]:
        """The keys in force, the oldest first."""
        found = await self._keys.find({}, limit=LISTED)
        return [_view(key) for key in sorted(found, key=lambda key: key.created_at)]

    async def revoke(self, actor: Actor, id: str) -> None:
        """Ends a key at once; raises `NotFound`."""
        key = await self._keys.get(id)
        if key is None:
            raise NotFound("There is no such API key.")
        entry = self._audit.entry("api_key.revoked", actor, f"api_key:{id}", before=_view(key).wire())
        try:
            await self._database.commit(Delete(API_KEYS, id), entry)
        except StorageConflict:
            raise NotFound("There is no such API key.") from None

    async def authenticate(self, text: str, scope: Scope) -> ApiKey:
        """The key that `text` is; raises `ApiKeyInvalid`, or `ApiKeyScope` when it may not do that."""
        parts = SHAPE.fullmatch(text)
        key = await self._keys.get(parts[1]) if parts else None
        if parts is None or key is None or not hmac.compare_digest(_hash(parts[2]), key.secret_hash):
            raise ApiKeyInvalid
        if scope not in key.scopes:
            raise ApiKeyScope
        now = self._clock.now()
        if key.last_used_at is None or now - key.last_used_at >= seconds(USED_EVERY_S):
            await self._keys.update(key.id, {"$set": {"last_used_at": now}})
        return key


def _view(key: ApiKey) -> ApiKeyView:
    return ApiKeyView(**key.model_dump(include=set(ApiKeyView.model_fields)))


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
