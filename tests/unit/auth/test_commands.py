from typing import Any

import pytest

from domain.auth.commands import Login, Register
from domain.core.errors import ValidationFailed
from tests.support.accounts import PASSWORD, a_registration


def faulty_fields(data: Any) -> list[str]:
    with pytest.raises(ValidationFailed) as refused:
        Register.parse(data)
    assert isinstance(refused.value.details, list)
    return [fault["field"] for fault in refused.value.details]


def test_every_fault_of_a_registration_is_told_at_once() -> None:
    data = {"email": "nobody", "username": "a b", "displayName": "\u202e", "password": "", "admin": True}
    assert faulty_fields(data) == ["email", "username", "displayName", "password", "admin"]


@pytest.mark.parametrize(
    "wrong", [None, 1, True, [], {}, {"$ne": 1}, "", "x" * 2_000_000, "a\0b", "\ud800", "\x1b[31m"]
)
def test_no_field_takes_what_is_not_its_kind(wrong: Any) -> None:
    assert faulty_fields({"email": wrong, "username": wrong, "password": wrong}) == ["email", "username", "password"]


@pytest.mark.parametrize("data", [[], "x", 1, True])
def test_a_registration_is_an_object(data: Any) -> None:
    assert faulty_fields(data) == ["(body)"]


@pytest.mark.parametrize(
    "name", ["ab", "a" * 25, "a b", "a@b", "a/b", "a\tb", "a\u200db", "ab\u0301\u0301", "👑👑👑", "½½½"]
)
def test_a_username_has_3_to_24_letters_digits_and_marks(name: str) -> None:
    data = {"email": "ada@example.test", "username": name, "password": PASSWORD}
    assert faulty_fields(data) == ["username"]


@pytest.mark.parametrize("name", ["abc", "a" * 24, "Ada_L-1.x", "Ünal", "Ζωή", "太郎丸"])
def test_letters_of_every_script_make_a_username(name: str) -> None:
    data = {"email": "ada@example.test", "username": name, "password": PASSWORD}
    assert name == Register.parse(data).username


def test_text_is_trimmed_and_composed() -> None:
    command = a_registration(
        email="  ada@EXAMPLE.test ", username="\tu\u0308nal ", displayName="  Ada  ", password=f" {PASSWORD} "
    )
    assert (command.email, command.username, command.display_name) == ("ada@example.test", "\u00fcnal", "Ada")
    assert command.password == f" {PASSWORD} ", "spaces of a password are part of it"


@pytest.mark.parametrize(
    "email", ["ada", "ada@", "@example.test", "Ada <ada@example.test>", "a@b@c.de", "ada@localhost"]
)
def test_an_email_is_an_address_and_nothing_else(email: str) -> None:
    assert faulty_fields({"email": email, "username": "ada", "password": PASSWORD}) == ["email"]


def test_commands_do_not_show_passwords() -> None:
    assert PASSWORD not in repr(a_registration())
    assert PASSWORD not in repr(Login.parse({"credential": "ada", "password": PASSWORD}))
