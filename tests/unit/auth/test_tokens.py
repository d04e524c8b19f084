from base64 import urlsafe_b64encode
from typing import Any

import jwt
import pytest

from domain.auth.model import Session
from domain.auth.tokens import TokenExpired, TokenInvalid, Tokens
from domain.core.ids import UserId
from domain.users.model import User
from tests.support.accounts import KEY
from tests.support.clock import ManualClock

clock = ManualClock()
tokens = Tokens(KEY, clock, access_s=900)
now = clock.now()
user = User(id="u1", username="ada", username_key="ada", display_name="Ada", created_at=now, roles=("user", "admin"))
session = Session(id="s1", user_id=UserId("u1"), created_at=now, rotated_at=now, expires_at=now)


def forged(key: bytes = KEY, algorithm: str = "HS256", **changes: Any) -> str:
    """Our claims with `changes` (None removes one), signed with `key`."""
    claims = jwt.decode(tokens.access(session, user), options={"verify_signature": False})
    return jwt.encode({k: v for k, v in (claims | changes).items() if v is not None}, key, algorithm)


def test_an_access_token_says_who_it_speaks_for() -> None:
    principal = tokens.read_access(tokens.access(session, user))
    assert (principal.user_id, principal.session_id, principal.role) == ("u1", "s1", "admin")
    assert 899 <= (principal.expires_at - now).total_seconds() <= 900


def test_an_access_token_carries_exactly_the_documented_claims_and_names_its_key() -> None:
    token = tokens.access(session, user)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert {"sub", "role", "sid", "jti", "iss", "aud", "exp", "iat"} == set(claims)
    header = jwt.get_unverified_header(token)
    assert (header["alg"], len(header["kid"])) == ("HS256", 16)
    other = Tokens(b"another key that is also long enough", clock, access_s=900)
    assert header["kid"] != jwt.get_unverified_header(other.access(session, user))["kid"]


def test_an_access_token_expires_by_the_injected_clock() -> None:
    moved = ManualClock()
    mine = Tokens(KEY, moved, access_s=10)
    token = mine.access(session, user)
    moved.advance(8)
    mine.read_access(token)
    moved.advance(2)
    with pytest.raises(TokenExpired):
        mine.read_access(token)


@pytest.mark.parametrize(
    "token",
    [
        forged(key=b"another key that is also long enough"),
        forged(algorithm="HS512", key=KEY * 2),
        jwt.encode({"sub": "u1"}, "", "none"),
        forged().rpartition(".")[0] + ".",
        forged(aud="somebody else"),
        forged(aud=["maoga"]),
        forged(iss="somebody else"),
        forged(exp=None),
        forged(exp="9999999999"),
        forged(exp=10**18),
        forged(sid=None),
        forged(sid=7),
        forged(role="emperor"),
        forged(extra=1),
        "",
        "a.b.c",
        "ä.ö.ü",
        "\0",
        "x" * 2_000_000,
        urlsafe_b64encode(b"[" * 700).decode() + ".e30.e30",
        urlsafe_b64encode(b'{"alg":"HS256","crit":["b64"]}').decode() + ".e30.e30",
    ],
)
def test_a_token_that_is_not_ours_is_invalid(token: str) -> None:
    with pytest.raises(TokenInvalid):
        tokens.read_access(token)


def test_alg_none_with_our_claims_is_invalid() -> None:
    claims = jwt.decode(tokens.access(session, user), options={"verify_signature": False})
    with pytest.raises(TokenInvalid):
        tokens.read_access(jwt.encode(claims, "", "none"))


def test_a_forgery_that_changes_nothing_is_read() -> None:
    """What the refused forgeries share is not what they are refused for."""
    assert tokens.read_access(forged()).user_id == "u1"


def test_a_refresh_token_names_its_session_and_generation() -> None:
    assert tokens.read_refresh(tokens.refresh(session.changed(generation=3))) == ("s1", 3)


@pytest.mark.parametrize(
    "token",
    [
        tokens.refresh(session).replace("s1.1.", "s1.2."),
        tokens.refresh(session).replace("s1.1.", "s2.1."),
        tokens.refresh(session)[:-2],
        tokens.refresh(session) + "=",
        Tokens(b"another key that is also long enough", clock, access_s=900).refresh(session),
        "s1.1.",
        "...",
        "ä.1.ü",
        "",
    ],
)
def test_a_tampered_refresh_token_is_invalid(token: str) -> None:
    with pytest.raises(TokenInvalid):
        tokens.read_refresh(token)


def test_no_view_of_a_token_or_hash_shows_it() -> None:
    """What lands in a log by its repr holds no secret."""
    assert "argon" not in repr(user.changed(password_hash="argon"))
