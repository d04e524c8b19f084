"""The words of mails: one subject, and the same content as plain text and as HTML."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from domain.mail.messages import (
    EmailChanged,
    IdentityLinked,
    IdentityUnlinked,
    Message,
    PasswordChanged,
    ResetPassword,
    VerifyEmail,
)

LIKE_A_LINK = re.compile(r"\S[.:/@\u3002]\S")

_PAGE = """\
<!doctype html>
<html lang="en"><body style="font-family: sans-serif; line-height: 1.5; max-width: 36em; margin: auto; padding: 1em">
{}
</body></html>
"""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it is sent. id: the same for every attempt to send the same mail."""

    id: str
    to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Content:
    """code: for the reader to use. page: part of the link, saying what the code is for."""

    subject: str
    before: str
    after: str
    code: str | None = None
    page: str = ""


def rendered(message: Message, *, id: str, to: str, link: str | None) -> Letter:
    """The message as a letter.

    link: address of the page that takes `#<what for>=<code>` (a fragment: no server on the way logs it); without one
    the letter shows the code alone.
    """
    content = _content(message)
    greeting = _greeting(message.name)
    return Letter(
        id=id,
        to=to,
        subject=content.subject,
        text="\n\n".join([greeting, content.before, *_action_text(content, link), content.after]) + "\n",
        html=_PAGE.format("\n".join(_html(greeting, content, link))),
    )


def _greeting(name: str) -> str:
    """Strangers name an account and have it write to any address: what a reader would make a link is left out."""
    return "Hello," if LIKE_A_LINK.search(unicodedata.normalize("NFKC", name)) else f"Hello {name},"


def _content(message: Message) -> _Content:
    match message:
        case VerifyEmail():
            return _Content(
                "Confirm your email address",
                "please confirm that this is your email address.",
                f"This works for {message.hours} hours. If you did not ask for it, ignore this mail.",
                message.code,
                "verify-email",
            )
        case ResetPassword():
            return _Content(
                "Choose a new password",
                "somebody, probably you, asked for a new password for your account.",
                f"This works once, within {_hours(message.hours)}. If it was not you, ignore this mail: your password "
                "stays as it is.",
                message.code,
                "reset-password",
            )
        case PasswordChanged():
            return _Content(
                "Your password was changed",
                f"the password of your account was changed on {message.at:%d %B %Y at %H:%M} UTC. All other devices "
                f"are logged out.{_other_ways(message.identities, message.unlinked)}",
                "If it was not you, ask for a new password at once.",
            )
        case IdentityLinked():
            return _Content(
                "Another login for your account",
                f"since {message.at:%d %B %Y at %H:%M} UTC one can log in to your account by {message.provider}, too.",
                "If it was not you, ask for a new password at once: that logs out all devices and unlinks what was "
                "linked in the last 30 days.",
            )
        case IdentityUnlinked():
            return _Content(
                "A login of your account was removed",
                f"since {message.at:%d %B %Y at %H:%M} UTC one cannot log in to your account by {message.provider} "
                "any more.",
                "If it was not you, ask for a new password at once.",
            )
        case EmailChanged():
            return _Content(
                "Your email address was changed",
                f"your account got another email address on {message.at:%d %B %Y at %H:%M} UTC. No more mail about it "
                "will come here.",
                "If it was not you, write to the support of your game at once.",
            )


def _other_ways(identities: Sequence[str], unlinked: Sequence[str]) -> str:
    """What is said of the logins besides the password."""
    said = ""
    if unlinked:
        said += f" Logins that were linked of late are removed: {', '.join(unlinked)}. Link those again that are yours."
    if identities:
        said += f" One can also log in by: {', '.join(identities)}. Unlink what is not yours."
    return said


def _hours(count: int) -> str:
    return "one hour" if count == 1 else f"{count} hours"


def _html(greeting: str, content: _Content, link: str | None) -> list[str]:
    before, after = [greeting, content.before], [content.after]
    return [*map(_paragraph, before), *_action_html(content, link), *map(_paragraph, after)]


def _action_text(content: _Content, link: str | None) -> list[str]:
    if content.code is None:
        return []
    return [f"{link}#{content.page}={content.code}" if link else f"Your code: {content.code}"]


def _action_html(content: _Content, link: str | None) -> list[str]:
    if content.code is None:
        return []
    if not link:
        return [f"<p>Your code: <code>{escape(content.code)}</code></p>"]
    return [f'<p><a href="{escape(link)}#{content.page}={escape(content.code)}">{escape(content.subject)}</a></p>']


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"
