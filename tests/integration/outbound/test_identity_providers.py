"""Whom ID tokens and Steam tickets speak for, asked of a real server."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import jwt
import pytest

from domain.auth.external import ExternalTokenInvalid, Vouched
from domain.core.errors import Unavailable
from storage.outbound.oidc import OidcProvider
from storage.outbound.steam import SteamProvider
from storage.outbound.web import Web, _public_socket
from tests.support.clock import ManualClock
from tests.support.issuer import (
    APP_ID,
    AUDIENCE,
    EC_KEY,
    OTHER_RSA_KEY,
    STEAM_IDENTITY,
    STEAM_KEY,
    Issuer,
    an_issuer,
)

NOW = int(ManualClock().now().timestamp())
TICKET = "14000000ab"


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with an_issuer() as issuer:
        yield issuer


def oidc(issuer: Issuer, **changes: Any) -> OidcProvider:
    return OidcProvider(
        Web(private=True, timeout_s=1), issuer.clock, **{"issuer": issuer.url, "audience": AUDIENCE, **changes}
    )


def steam(issuer: Issuer, key: str = STEAM_KEY) -> SteamProvider:
    return SteamProvider(
        Web(private=True, timeout_s=1), url=issuer.url, app_id=APP_ID, key=key, identity=STEAM_IDENTITY
    )


@pytest.mark.parametrize("kid", ["rsa", "ec"])
async def test_a_token_speaks_for_its_subject(issuer: Issuer, kid: str) -> None:
    token = issuer.token("ada", kid=kid, email="ada@example.test", email_verified=True, name="Ada", more=1)
    assert await oidc(issuer).identify(token, None) == Vouched("ada", "ada@example.test", "Ada")


async def test_an_address_that_is_not_verified_is_not_passed_on(issuer: Issuer) -> None:
    for unverified in (None, False, "false"):
        token = issuer.token(email="ada@example.test", email_verified=unverified)
        assert (await oidc(issuer).identify(token, None)).email is None


BAD: dict[str, Callable[[Issuer], str]] = {
    "another issuer": lambda i: i.token(iss="https://example.test"),
    "no issuer": lambda i: i.token(iss=None),
    "another audience": lambda i: i.token(aud="another-game"),
    "no audience": lambda i: i.token(aud=None),
    "made for another of several": lambda i: i.token(aud=[AUDIENCE, "another-game"], azp="another-game"),
    "expired": lambda i: i.token(exp=NOW - 61),
    "no expiry": lambda i: i.token(exp=None),
    "of tomorrow": lambda i: i.token(iat=NOW + 3600, exp=NOW + 7200),
    "not yet": lambda i: i.token(nbf=NOW + 3600),
    "no subject": lambda i: i.token(sub=None),
    "an empty subject": lambda i: i.token(sub=""),
    "a subject that is no text": lambda i: i.token(sub=7),
    "a very long subject": lambda i: i.token(sub="x" * 256),
    "another key under a known name": lambda i: i.token(key=OTHER_RSA_KEY),
    "a key of another kind under a known name": lambda i: i.token(key=EC_KEY),
    "an unknown key": lambda i: i.token(kid="mine", key=OTHER_RSA_KEY),
    "an access token": lambda i: i.token(typ="at+jwt"),
    "no algorithm": lambda i: jwt.encode({"iss": i.url, "aud": AUDIENCE, "sub": "ada"}, "", "none", {"kid": "rsa"}),
    "the public key as a secret": lambda i: jwt.encode(
        {"iss": i.url, "aud": AUDIENCE, "sub": "ada"}, str(i.jwks()[0]["n"]), "HS256", {"kid": "rsa"}
    ),
    "no token": lambda _: "x",
    "nothing": lambda _: "..",
    "no ASCII": lambda _: "ä.ö.ü",
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
async def test_a_bad_token_speaks_for_nobody(issuer: Issuer, bad: Callable[[Issuer], str]) -> None:
    with pytest.raises(ExternalTokenInvalid):
        await oidc(issuer).identify(bad(issuer), None)


async def test_the_nonce_must_be_the_one_the_client_made(issuer: Issuer) -> None:
    provider = oidc(issuer)
    assert (await provider.identify(issuer.token(nonce="n1"), "n1")).subject == "ada"
    for token, nonce in ((issuer.token(nonce="n1"), "n2"), (issuer.token(), "n1")):
        with pytest.raises(ExternalTokenInvalid):
            await provider.identify(token, nonce)


async def test_keys_are_asked_for_once_and_again_when_a_token_names_a_new_one(issuer: Issuer) -> None:
    provider, time = oidc(issuer), issuer.clock
    assert isinstance(time, ManualClock)
    await asyncio.gather(*(provider.identify(issuer.token(), None) for _ in range(10)))
    assert issuer.asked == ["/.well-known/openid-configuration", "/keys"]
    issuer.keys["next"] = OTHER_RSA_KEY
    for _ in range(10):
        with pytest.raises(ExternalTokenInvalid):
            await provider.identify(issuer.token(kid="next"), None)
    assert len(issuer.asked) == 2, "made-up names do not make us ask more often than every half minute"
    time.advance(31)
    assert (await provider.identify(issuer.token(kid="next"), None)).subject == "ada"
    del issuer.keys["rsa"]
    time.advance(3601)
    with pytest.raises(ExternalTokenInvalid):
        await provider.identify(issuer.token(kid="rsa", key=OTHER_RSA_KEY), None)


async def test_an_issuer_without_discovery_is_told_where_its_keys_are(issuer: Issuer) -> None:
    assert (await oidc(issuer, jwks_url=f"{issuer.url}/keys").identify(issuer.token(), None)).subject == "ada"
    assert issuer.asked == ["/keys"]


@pytest.mark.parametrize(
    "discovery",
    [
        {"issuer": "https://example.test"},
        {"jwks_uri": None},
        {"jwks_uri": "/keys"},
        {"jwks_uri": "http://127.0.0.1:1/"},
    ],
    ids=str,
)
async def test_an_issuer_that_contradicts_itself_is_not_believed(issuer: Issuer, discovery: dict[str, Any]) -> None:
    issuer.discovery = discovery
    with pytest.raises(Unavailable):
        await oidc(issuer).identify(issuer.token(), None)


@pytest.mark.parametrize("status", [500, 404, 302, 204])
async def test_an_issuer_in_trouble_is_not_asked_by_everybody(issuer: Issuer, status: int) -> None:
    issuer.broken = status
    provider = oidc(issuer)
    answers = [provider.identify(issuer.token(), None) for _ in range(5)]
    assert all(isinstance(e, Unavailable) for e in await asyncio.gather(*answers, return_exceptions=True))
    assert len(issuer.asked) == 1


async def test_an_issuer_that_never_answers_is_given_up(issuer: Issuer) -> None:
    issuer.hung = True
    with pytest.raises(Unavailable):
        await oidc(issuer).identify(issuer.token(), None)


async def test_a_steam_ticket_speaks_for_its_owner(issuer: Issuer) -> None:
    issuer.tickets[TICKET] = "76561197960287930"
    assert await steam(issuer).identify(TICKET, None) == Vouched("76561197960287930")


@pytest.mark.parametrize("ticket", ["00ff", "", "xyz", "00&steamid=1", "0" * 6000])
async def test_a_ticket_steam_does_not_know_speaks_for_nobody(issuer: Issuer, ticket: str) -> None:
    with pytest.raises(ExternalTokenInvalid):
        await steam(issuer).identify(ticket, None)


async def test_a_wrong_steam_key_is_our_trouble_and_is_not_told(issuer: Issuer) -> None:
    issuer.tickets[TICKET] = "76561197960287930"
    with pytest.raises(Unavailable) as refusal:
        await steam(issuer, key="wrong").identify(TICKET, None)
    assert "wrong" not in str(refusal.value)


async def test_a_huge_answer_is_not_read(issuer: Issuer) -> None:
    with pytest.raises(Unavailable):
        await Web(private=True, timeout_s=5).get(f"{issuer.url}/huge")


async def test_outside_development_nothing_inside_is_asked() -> None:
    connections: list[asyncio.BaseTransport] = []

    class Door(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            connections.append(transport)

    server = await asyncio.get_running_loop().create_server(Door, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"):
        for scheme in ("http", "https"):
            with pytest.raises(Unavailable):
                await Web(private=False, timeout_s=2).get(f"{scheme}://{host}:{port}/keys")
    assert connections == []
    with pytest.raises(Unavailable):
        await Web(private=True, timeout_s=0.2).get(f"https://127.0.0.1:{port}/keys")
    assert connections, "in development it is"
    server.close()


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0"]
)
def test_a_socket_to_an_address_inside_is_refused(address: str) -> None:
    with pytest.raises(OSError, match="no public address"):
        _public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, 443)))


@pytest.mark.parametrize("address", ["::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1", "::"])
def test_a_socket_to_an_ipv6_address_inside_is_refused(address: str) -> None:
    with pytest.raises(OSError, match="no public address"):
        _public_socket((socket.AF_INET6, socket.SOCK_STREAM, 0, "", (address, 443, 0, 0)))


def test_a_socket_to_a_public_address_is_made() -> None:
    _public_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", ("93.184.215.14", 443))).close()
