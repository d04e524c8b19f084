"""Access tokens (JWT, as RFC 8725 wants them) and refresh tokens (a MAC over session and generation).

Keys have names, made from the keys themselves. An access token says by which key it was signed, and no other is
tried; a refresh token is tried on each. The first key signs, so that a new one can take over while the tokens of the
old one still count.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

import jwt
from pydantic import BaseModel, ConfigDict, Field

from domain.auth.model import Principal, Session
from domain.core.clock import Clock, seconds
from domain.core.errors import AppError
from domain.core.ids import SessionId, UserId, new_id
from domain.users.model import Role, User

ALGORITHM = "HS256"
TYPE = "at+jwt"
"""Says what the token is for (RFC 9068), so that no other kind of JWT passes for one."""
ISSUER = "maoga"
AUDIENCE = "maoga"
VERIFIED_KEPT = 4096
MAX_LENGTH = 1024
"""Of an access token, in characters; ours have about 500."""


class TokenInvalid(AppError):
    """This is no token of ours."""

    code, status = "TOKEN_INVALID", 401


class TokenExpired(AppError):
    """The token has expired: refresh it, or log in again."""

    code, status = "TOKEN_EXPIRED", 401


class TokenRevoked(AppError):
    """The session of this token was ended: log in again."""

    code, status = "TOKEN_REVOKED", 401


class _Claims(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    sub: str
    role: Role
    sid: str
    jti: str
    iss: str
    aud: str
    exp: int = Field(ge=0, lt=2**40)
    iat: int


class Tokens:
    """Makes and reads tokens.

    keys: at least 32 bytes each; the first signs. access_s: seconds an access token is valid.
    """

    def __init__(self, keys: Sequence[bytes], clock: Clock, *, access_s: int) -> None:
        self._keys = {_key_id(key): key for key in keys}
        self._key_id = _key_id(keys[0])
        self._mac_keys = [hmac.digest(key, b"refresh token", "sha256") for key in keys]
        self._clock = clock
        self.access_s = access_s
        # Every namespace of a connection and every request brings the same token again, and a signature costs 50 us.
        self._verified = lru_cache(maxsize=VERIFIED_KEPT)(self._verify)

    def access(self, session: Session, user: User) -> str:
        """An access token of that session."""
        now = self._clock.now()
        claims = _Claims(
            sub=user.id,
            role=user.role,
            sid=session.id,
            jti=new_id(),
            iss=ISSUER,
            aud=AUDIENCE,
            exp=int((now + seconds(self.access_s)).timestamp()),
            iat=int(now.timestamp()),
        )
        headers = {"kid": self._key_id, "typ": TYPE}
        return jwt.encode(claims.model_dump(), self._keys[self._key_id], ALGORITHM, headers=headers)

    def read_access(self, token: str) -> Principal:
        """Who an access token speaks for; raises `TokenInvalid` or `TokenExpired`. Its session is not looked up."""
        if len(token) > MAX_LENGTH:
            raise TokenInvalid
        principal = self._verified(token)
        if principal.expires_at <= self._clock.now():
            raise TokenExpired
        return principal

    def _verify(self, token: str) -> Principal:
        # Times are judged above, by the injected clock.
        options: jwt.types.Options = {"verify_exp": False, "verify_iat": False, "strict_aud": True}
        try:
            header = jwt.get_unverified_header(token)
            if header.get("typ") != TYPE:
                raise TokenInvalid
            key = self._keys[header["kid"]]
            claims = _Claims(**jwt.decode(token, key, [ALGORITHM], issuer=ISSUER, audience=AUDIENCE, options=options))
            expires_at = datetime.fromtimestamp(claims.exp, UTC)
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError, RecursionError):
            raise TokenInvalid from None
        return Principal(UserId(claims.sub), SessionId(claims.sid), claims.role, expires_at)

    def refresh(self, session: Session) -> str:
        """The refresh token in force of that session: `<session>.<generation>.<mac>`."""
        signed = f"{session.id}.{session.generation}"
        return f"{signed}.{_mac(self._mac_keys[0], signed)}"

    def read_refresh(self, token: str) -> tuple[SessionId, int]:
        """The session and generation of a refresh token of ours, in force or not; raises `TokenInvalid`."""
        signed, _, mac = token.rpartition(".")
        if not any(hmac.compare_digest(mac.encode(), _mac(key, signed).encode()) for key in self._mac_keys):
            raise TokenInvalid
        session_id, _, generation = signed.partition(".")
        return SessionId(session_id), int(generation)


def _key_id(key: bytes) -> str:
    return hmac.digest(key, b"key id", "sha256").hex()[:16]


def _mac(key: bytes, signed: str) -> str:
    return urlsafe_b64encode(hmac.digest(key, signed.encode(), "sha256")).decode().rstrip("=")
