"""Identities from a server that speaks OpenID Connect, such as a studio's own or Epic's: ID tokens, checked here."""

import asyncio
import hmac
from datetime import datetime
from typing import Any

import jwt
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.auth.external import ExternalTokenInvalid, Vouched
from domain.core.clock import Clock, seconds
from domain.core.errors import Unavailable
from storage.outbound.web import Web

ALGORITHMS = frozenset({"RS256", "ES256"})
TYPES = frozenset({None, "JWT"})
"""An access token, or one made to log out, says that it is something else."""

DISCOVERY = "/.well-known/openid-configuration"
KEYS_KEPT_S = 3600.0
ASKED_EVERY_S = 30.0
"""A token that names an unknown key makes us ask for the keys again, but not more often than this."""

RETRY_S = 5.0
CLOCK_SKEW_S = 60.0


class _Claims(BaseModel):
    model_config = ConfigDict(strict=True)

    sub: str = Field(min_length=1, max_length=255)
    aud: str | list[str]
    azp: str | None = None
    exp: float
    iat: float
    nbf: float = 0
    nonce: str | None = None
    email: str | None = None
    email_verified: bool | str = False
    name: str | None = None


class OidcProvider:
    """Checks ID tokens of one issuer, made for one client (`audience`), by the keys the issuer publishes.

    jwks_url: where they are, for issuers that do not say so by discovery.
    """

    def __init__(self, web: Web, clock: Clock, *, issuer: str, audience: str, jwks_url: str | None = None) -> None:
        self._web, self._clock = web, clock
        self._issuer, self._audience, self._jwks_url = issuer, audience, jwks_url
        self._keys: dict[str, jwt.PyJWK] = {}
        self._asked_at: datetime | None = None
        self._failed_at: datetime | None = None
        self._asking = asyncio.Lock()

    async def identify(self, token: str, nonce: str | None) -> Vouched:
        try:
            header = jwt.get_unverified_header(token)
            if header.get("typ") not in TYPES or not isinstance(header.get("kid"), str):
                raise ExternalTokenInvalid
            claims = self._claims(token, await self._key(header["kid"]))
        except (jwt.InvalidTokenError, ValidationError, ValueError, RecursionError):
            raise ExternalTokenInvalid from None
        if nonce is not None and not hmac.compare_digest((claims.nonce or "").encode(), nonce.encode()):
            raise ExternalTokenInvalid
        verified = claims.email_verified in (True, "true")
        return Vouched(claims.sub, email=claims.email if verified else None, name=claims.name)

    def _claims(self, token: str, key: jwt.PyJWK) -> _Claims:
        """The claims of a token that is signed by the key, for us and of today; raises `jwt.InvalidTokenError`."""
        options: jwt.types.Options = {
            "enforce_minimum_key_length": True,
            # Times are judged below, by the injected clock.
            **{"verify_exp": False, "verify_iat": False, "verify_nbf": False},
        }
        payload = jwt.decode(
            token, key, [key.algorithm_name], issuer=self._issuer, audience=self._audience, options=options
        )
        claims, now = _Claims.model_validate(payload), self._clock.now().timestamp()
        if now >= claims.exp + CLOCK_SKEW_S:
            raise jwt.ExpiredSignatureError
        if max(claims.iat, claims.nbf) > now + CLOCK_SKEW_S:
            raise jwt.ImmatureSignatureError
        if isinstance(claims.aud, list) and len(claims.aud) > 1 and claims.azp != self._audience:
            raise jwt.InvalidAudienceError
        return claims

    async def _key(self, id: str) -> jwt.PyJWK:
        """The issuer's key of that name; raises `ExternalTokenInvalid` or `Unavailable`."""
        async with self._asking:
            kept = seconds(KEYS_KEPT_S if id in self._keys else ASKED_EVERY_S)
            if self._asked_at is None or self._clock.now() - self._asked_at >= kept:
                await self._ask()
        if id not in self._keys:
            raise ExternalTokenInvalid
        return self._keys[id]

    async def _ask(self) -> None:
        """Reads the keys anew; raises `Unavailable`, to those who waited for a failure as well."""
        if self._failed_at and self._clock.now() - self._failed_at < seconds(RETRY_S):
            raise Unavailable
        try:
            self._keys = await self._fetched()
        except Unavailable:
            self._failed_at = self._clock.now()
            raise
        self._asked_at = self._clock.now()

    async def _fetched(self) -> dict[str, jwt.PyJWK]:
        """The keys that the issuer signs with now."""
        found = (await self._web.get(await self._where())).get("keys")
        keys = [_key(data) for data in found] if isinstance(found, list) else []
        return {key.key_id: key for key in keys if key and key.key_id}

    async def _where(self) -> str:
        if self._jwks_url:
            return self._jwks_url
        said = await self._web.get(self._issuer.rstrip("/") + DISCOVERY)
        if said.get("issuer") != self._issuer or not isinstance(said.get("jwks_uri"), str):
            raise Unavailable("The identity provider does not say where its keys are.")
        return str(said["jwks_uri"])


def _key(data: Any) -> jwt.PyJWK | None:
    """A published key, if it is one that signs by an algorithm we take."""
    if not isinstance(data, dict) or data.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK(data)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return key if key.algorithm_name in ALGORITHMS else None
