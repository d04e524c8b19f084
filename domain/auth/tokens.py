"""Access tokens (JWT) and refresh tokens (a MAC over session and generation)."""

import hmac
from base64 import urlsafe_b64encode
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
    """Makes and reads tokens, signed with `key` (at least 32 bytes). access_s: seconds an access token is valid."""

    def __init__(self, key: bytes, clock: Clock, *, access_s: int) -> None:
        self._key, self._clock = key, clock
        self._mac_key = hmac.digest(key, b"refresh token", "sha256")
        self._key_id = hmac.digest(key, b"key id", "sha256").hex()[:16]
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
        return jwt.encode(claims.model_dump(), self._key, ALGORITHM, headers={"kid": self._key_id})

    def read_access(self, token: str) -> Principal:
        """Who an access token speaks for; raises `TokenInvalid` or `TokenExpired`. Its session is not looked up."""
        if len(token) > MAX_LENGTH:
            raise TokenInvalid
        principal = self._verified(token)
        if principal.expires_at <= self._clock.now():
            raise TokenExpired
        return principal

    def _verify(self, token: str) -> Principal:
        try:
            # Times are judged below, by the injected clock.
            options: jwt.types.Options = {"verify_exp": False, "verify_iat": False, "strict_aud": True}
            claims = _Claims(
                **jwt.decode(token, self._key, [ALGORITHM], issuer=ISSUER, audience=AUDIENCE, options=options)
            )
            expires_at = datetime.fromtimestamp(claims.exp, UTC)
        except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError):
            raise TokenInvalid from None
        return Principal(UserId(claims.sub), SessionId(claims.sid), claims.role, expires_at)

    def refresh(self, session: Session) -> str:
        """The refresh token in force of that session: `<session>.<generation>.<mac>`."""
        return f"{session.id}.{session.generation}.{self._mac(f'{session.id}.{session.generation}')}"

    def read_refresh(self, token: str) -> tuple[SessionId, int]:
        """The session and generation of a refresh token of ours, in force or not; raises `TokenInvalid`."""
        signed, _, mac = token.rpartition(".")
        if not hmac.compare_digest(mac.encode(), self._mac(signed).encode()):
            raise TokenInvalid
        session_id, _, generation = signed.partition(".")
        return SessionId(session_id), int(generation)

    def _mac(self, signed: str) -> str:
        return urlsafe_b64encode(hmac.digest(self._mac_key, signed.encode(), "sha256")).decode().rstrip("=")
