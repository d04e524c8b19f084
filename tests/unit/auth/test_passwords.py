from typing import Any

import bcrypt
import pytest
from zxcvbn import zxcvbn

from domain.auth.passwords import Passwords, normalized, weakness
from tests.support.accounts import COST, PASSWORD

passwords = Passwords(COST)


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("zX9!kq2", "must have at least 8 bytes"),
        (PASSWORD + "x" * 55, "must have at most 72 bytes"),
        ("plough kiwi tundra " + "é" * 30, "must have at most 72 bytes"),
        ("password1", "is too easy to guess: use several unrelated words, or more characters"),
        ("maogamaoga1", "is too easy to guess: use several unrelated words, or more characters"),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", "is too easy to guess: use several unrelated words, or more characters"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(password: str, problem: str) -> None:
    assert problem == weakness(password, [])


@pytest.mark.parametrize("password", [PASSWORD, "zX9!kq2wT", "plough kiwi tundra" + "é" * 27])
def test_a_password_of_8_to_72_bytes_that_is_hard_to_guess_is_accepted(password: str) -> None:
    assert weakness(password, []) is None


def test_the_owners_own_words_are_easy_to_guess() -> None:
    assert weakness("xanthippe_quok", []) is None
    assert weakness("xanthippe_quok", ["xanthippe_quok"]) is not None
    assert weakness("xanthippequok", ["xanthippequok@example.test"]) is not None


def test_the_words_of_one_user_do_not_count_against_the_next() -> None:
    weakness("xanthippe_quok", ["xanthippe_quok"])
    assert weakness("xanthippe_quok", []) is None


def test_guessing_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """zxcvbn takes seconds for 72 characters that all look like other letters; it gets 24."""
    lengths = []

    def measured(password: str, **options: Any) -> Any:
        lengths.append(len(password))
        return zxcvbn(password, **options)

    monkeypatch.setattr("domain.auth.passwords.zxcvbn", measured)
    weakness("4@8({[<369&#!1/|0$57%" * 3, [])
    assert lengths == [24]


async def test_a_password_matches_its_own_hash_alone() -> None:
    hashed = await passwords.hash(PASSWORD)
    assert hashed.startswith("$2b$04$")
    assert await passwords.matches(PASSWORD, hashed)
    assert not await passwords.matches(PASSWORD + "!", hashed)


async def test_what_stands_behind_72_bytes_is_not_ignored() -> None:
    longest = "x" * 72
    hashed = await passwords.hash(longest)
    assert await passwords.matches(longest, hashed)
    assert not await passwords.matches(longest + "y", hashed)


async def test_without_a_hash_the_same_work_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing hash costs one comparison against a hash of the same cost, and matches nothing."""
    compared = []
    original = bcrypt.checkpw

    def noted(password: bytes, hashed: bytes) -> bool:
        compared.append(hashed[:7])
        return original(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", noted)
    assert not await passwords.matches(PASSWORD, None)
    await passwords.matches(PASSWORD, await passwords.hash(PASSWORD))
    assert compared == [b"$2b$04$", b"$2b$04$"]


def test_a_password_is_the_same_however_a_keyboard_composes_it() -> None:
    assert normalized("cafe\u0301") == normalized("caf\u00e9")
