from base64 import urlsafe_b64encode
from itertools import pairwise
from typing import Any

import jwt
import pytest

from domain.auth.model import Session
from domain.auth.tokens import TokenExpired, TokenInvalid, Tokens
from domain.core.ids import UserId
from domain.users.model import User
from tests.support import forgery
from tests.support.accounts import KEY
from tests.support.clock import ManualClock

clock = ManualClock()
tokens = Tokens([KEY], clock, access_s=900)
now = clock.now()
user = User(id="u1", username="ada", username_key="ada", display_name="Ada", created_at=now, roles=("user", "admin"))
session = Session(id="s1", user_id=UserId("u1"), created_at=now, rotated_at=now, expires_at=now)


KID = jwt.get_unverified_header(tokens.access(session, user))["kid"]


def forged(key: bytes = KEY, algorithm: str = "HS256", **changes: Any) -> str:
    """A token of ours with changes, signed with `key`."""
    return forgery.forged(tokens.access(session, user), key, algorithm, **changes)


def test_an_access_token_says_who_it_speaks_for() -> None:
    principal = tokens.read_access(tokens.access(session, user))
    assert (principal.user_id, principal.session_id, principal.role) == ("u1", "s1", "admin")
    assert 899 <= (principal.expires_at - now).total_seconds() <= 900


def test_an_access_token_carries_exactly_the_documented_claims_and_names_its_key() -> None:
    token = tokens.access(session, user)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert {"sub", "role", "sid", "jti", "iss", "aud", "exp", "iat"} == set(claims)
    header = jwt.get_unverified_header(token)
    assert (header["alg"], header["typ"], len(header["kid"])) == ("HS256", "at+jwt", 16)
    other = Tokens([b"another key that is also long enough"], clock, access_s=900)
    assert header["kid"] != jwt.get_unverified_header(other.access(session, user))["kid"]


def test_an_access_token_expires_by_the_injected_clock() -> None:
    moved = ManualClock()
    mine = Tokens([KEY], moved, access_s=10)
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
        forged(algorithm="none"),
        forged().rpartition(".")[0] + ".",
        forged(headers={"kid": None}),
        forged(headers={"kid": "../../../dev/null"}, key=b""),
        forged(headers={"kid": "' or 1=1 --"}),
        forged(headers={"kid": 0}),
        forged(headers={"kid": ["a"]}),
        forged(headers={"kid": {"$ne": None}}),
        forged(headers={"kid": KID.upper()}),
        forged(headers={"typ": "JWT"}),
        forged(headers={"typ": None}),
        forged(headers={"typ": "refresh+jwt"}),
        forged(headers={"jwk": {"kty": "oct", "k": "AAAA"}, "kid": "mine"}),
        forged(headers={"crit": ["exp"]}),
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
        f"{forged()}.{forged()}",
    ],
)
def test_a_token_that_is_not_ours_is_invalid(token: str) -> None:
    with pytest.raises(TokenInvalid):
        tokens.read_access(token)


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
        Tokens([b"another key that is also long enough"], clock, access_s=900).refresh(session),
        "s1.1.",
        "...",
        "ä.1.ü",
        "",
    ],
)
def test_a_tampered_refresh_token_is_invalid(token: str) -> None:
    with pytest.raises(TokenInvalid):
        tokens.read_refresh(token)


def test_a_new_key_takes_over_while_the_tokens_of_the_old_still_count() -> None:
    """Steps of a rotation: known, signing, alone. In each of them two neighbours read one another's tokens."""
    old, new = KEY, b"the next key of the tests, 32 bytes and more"
    steps = [Tokens(keys, clock, access_s=900) for keys in ([old], [old, new], [new, old], [new])]
    for one, other in pairwise(steps):
        for signer, reader in ((one, other), (other, one)):
            assert reader.read_access(signer.access(session, user)).user_id == "u1"
            assert reader.read_refresh(signer.refresh(session)) == ("s1", 1)


def test_the_tokens_of_a_dropped_key_are_invalid() -> None:
    dropped = Tokens([b"the next key of the tests, 32 bytes and more"], clock, access_s=900)
    with pytest.raises(TokenInvalid):
        dropped.read_access(tokens.access(session, user))
    with pytest.raises(TokenInvalid):
        dropped.read_refresh(tokens.refresh(session))


def test_a_key_signs_under_its_own_name_only() -> None:
    """Of two keys in force, the one cannot speak under the name of the other."""
    other = b"the next key of the tests, 32 bytes and more"
    both = Tokens([KEY, other], clock, access_s=900)
    with pytest.raises(TokenInvalid):
        both.read_access(forged(key=other))


def test_no_view_of_a_token_or_hash_shows_it() -> None:
    """What lands in a log by its repr holds no secret."""
    assert "argon" not in repr(user.changed(password_hash="argon"))
