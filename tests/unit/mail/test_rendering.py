"""The words of mails."""

from datetime import UTC, datetime

import pytest

from domain.mail.messages import (
    EmailChanged,
    IdentityLinked,
    IdentityUnlinked,
    Message,
    PasswordChanged,
    ResetPassword,
    VerifyEmail,
)
from domain.mail.rendering import rendered

AT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
MESSAGES: list[Message] = [
    VerifyEmail(name="Ada", code="the-code", hours=24),
    ResetPassword(name="Ada", code="the-code", hours=1),
    PasswordChanged(name="Ada", at=AT),
    EmailChanged(name="Ada", at=AT),
    PasswordChanged(name="Ada", at=AT, identities=("steam", "studio"), unlinked=("epic",)),
    IdentityLinked(name="Ada", at=AT, provider="steam"),
    IdentityUnlinked(name="Ada", at=AT, provider="steam"),
]


@pytest.mark.parametrize("message", MESSAGES)
def test_text_and_html_say_the_same(message: Message) -> None:
    letter = rendered(message, id="1", to="ada@example.test", link=None)
    for paragraph in letter.text.strip().removeprefix("Your code: ").split("\n\n"):
        assert paragraph.removeprefix("Your code: ") in letter.html
    assert letter.text.startswith("Hello Ada,\n\n")
    assert letter.subject


@pytest.mark.parametrize(
    ("message", "link"),
    [
        (MESSAGES[0], "https://game.example/account#verify-email=the-code"),
        (MESSAGES[1], "https://game.example/account#reset-password=the-code"),
    ],
)
def test_a_code_is_a_link_where_there_is_a_page_for_it(message: Message, link: str) -> None:
    """In the fragment, which no server on the way sees or logs."""
    letter = rendered(message, id="1", to="ada@example.test", link="https://game.example/account")
    assert link in letter.text
    assert f'href="{link}"' in letter.html


def test_a_name_is_no_markup() -> None:
    message = PasswordChanged(name='<a href="https://evil.example">', at=AT)
    assert "<a" not in rendered(message, id="1", to="ada@example.test", link=None).html


@pytest.mark.parametrize("name", ["gold at evil.example", "https://evil", "evil\uff0eexample", "a@evil"])
def test_a_name_is_no_link(name: str) -> None:
    """Or anybody could have the server mail their advertisement to any address, by opening an account."""
    letter = rendered(VerifyEmail(name=name, code="the-code", hours=24), id="1", to="ada@example.test", link=None)
    assert "evil" not in letter.text + letter.html
    assert letter.text.startswith("Hello,\n\n")


@pytest.mark.parametrize("message", MESSAGES[:2])
def test_a_code_is_in_no_repr(message: Message) -> None:
    letter = rendered(message, id="1", to="ada@example.test", link=None)
    assert "the-code" not in repr(message) + repr(letter)
