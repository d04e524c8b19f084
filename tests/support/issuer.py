"""An identity provider of our own over real HTTP: OpenID Connect with keys that a test rotates, and Steam's tickets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from domain.core.clock import Clock
from tests.support.clock import ManualClock

AUDIENCE = "the-game"
APP_ID = 480
STEAM_KEY = "0123456789ABCDEF0123456789ABCDEF"
STEAM_IDENTITY = "maoga"

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


class Issuer:
    """url: where it is, and who it says it is. keys: those it publishes, by name. asked: paths, in order.

    tickets: Steam ids by ticket. broken: a status that it answers everything with; hung: whether it never answers.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.url = ""
        self.keys: dict[str, Any] = {"rsa": RSA_KEY, "ec": EC_KEY}
        self.tickets: dict[str, str] = {}
        self.discovery: dict[str, Any] = {}
        self.asked: list[str] = []
        self.broken = 0
        self.hung = False

    def token(self, sub: Any = "ada", *, kid: str = "rsa", key: Any = None, typ: str = "JWT", **changes: Any) -> str:
        """An ID token; `changes` to its claims, None removes one."""
        now = int(self.clock.now().timestamp())
        claims = {"iss": self.url, "aud": AUDIENCE, "sub": sub, "iat": now, "exp": now + 3600} | changes
        return jwt.encode(
            {name: value for name, value in claims.items() if value is not None},
            key or self.keys[kid],
            "ES256" if isinstance(key or self.keys[kid], ec.EllipticCurvePrivateKey) else "RS256",
            headers={"kid": kid, "typ": typ},
        )

    def jwks(self) -> list[dict[str, Any]]:
        """The public halves of its keys."""
        return [{**_public(key), "kid": kid, "use": "sig"} for kid, key in self.keys.items()]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Any request."""
        self.asked.append(request.path)
        if self.hung:
            await asyncio.Event().wait()
        if self.broken:
            return web.json_response({}, status=self.broken, headers={"Location": f"{self.url}/elsewhere"})
        match request.path:
            case "/.well-known/openid-configuration":
                found = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"} | self.discovery
                return web.json_response(found)
            case "/keys":
                return web.json_response({"keys": self.jwks()})
            case "/huge":
                return web.Response(body=b" " * 10_000_000)
            case "/ISteamUserAuth/AuthenticateUserTicket/v1/":
                return self._steam(request)
        return web.json_response({}, status=404)

    def _steam(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        ticket = query.pop("ticket")
        if query != {"key": STEAM_KEY, "appid": str(APP_ID), "identity": STEAM_IDENTITY}:
            return web.json_response({}, status=403)
        if ticket not in self.tickets:
            return web.json_response({"response": {"error": {"errorcode": 101, "errordesc": "Invalid ticket"}}})
        steam_id = self.tickets[ticket]
        said = {"result": "OK", "steamid": steam_id, "ownersteamid": steam_id, "vacbanned": False}
        return web.json_response({"response": {"params": said}})


def _public(key: Any) -> dict[str, Any]:
    algorithm: Any = ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else RSAAlgorithm
    found: dict[str, Any] = algorithm.to_jwk(key.public_key(), as_dict=True)
    return found


@asynccontextmanager
async def an_issuer(clock: Clock | None = None) -> AsyncIterator[Issuer]:
    """A running provider, whose tokens go by the clock."""
    issuer = Issuer(clock or ManualClock())
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", issuer.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield issuer
    finally:
        await runner.cleanup()
