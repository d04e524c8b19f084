"""API keys: how machines, such as game servers, say who they are. A key is shown once, and only its hash is stored."""

import hmac
import re
import secrets
from datetime import datetime
from hashlib import sha256
from typing import Literal, get_args

from pydantic import Field

from domain.core.clock import Clock, seconds
from domain.core.collection import Database, Spec
from domain.core.errors import AppError, Forbidden, NotFound
from domain.core.model import Document, Timestamp

Scope = Literal["results:write"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
"""What a key may be allowed to do."""

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


class ApiKeys:
    """Makes, checks and revokes API keys."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._keys = database.collection(API_KEYS)
        self._clock = clock

    async def create(self, name: str, scopes: tuple[Scope, ...], expires_at: datetime | None = None) -> str:
        """A new key, `mk_<id>_<secret>`. It cannot be shown again."""
        secret = secrets.token_hex(32)
        key = ApiKey(
            id=secrets.token_hex(8),
            name=name,
            scopes=scopes,
            secret_hash=_hash(secret),
            created_at=self._clock.now(),
            expires_at=expires_at,
        )
        await self._keys.insert(key)
        return f"mk_{key.id}_{secret}"

    async def list(self) -> list[ApiKey]:
        """The keys in force."""
        return await self._keys.find({}, limit=LISTED)

    async def revoke(self, id: str) -> None:
        """Ends a key at once; raises `NotFound`."""
        if not await self._keys.delete(id):
            raise NotFound("There is no such API key.")

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


def _hash(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
