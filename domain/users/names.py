"""What people type about themselves, cleaned before it is judged: trimmed, in Unicode NFC, nothing invisible in it."""

import re
import unicodedata
from typing import Annotated

import email_validator
from pydantic import AfterValidator, Field

from domain.core.errors import ValidationFailed
from domain.core.model import Text

ZERO_WIDTH_JOINER = "\u200d"
"""Invisible, but part of many emoji."""

BLANK = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters and symbols by category, of which nothing shows: the Hangul fillers and the empty Braille pattern."""


RESERVED = frozenset(
    {
        *("abuse", "admin", "administrator", "all", "anonymous", "deleted", "erased", "everyone", "gamemaster"),
        *("help", "here", "maoga", "maogaadmin", "maogateam", "maogasupport", "mod", "moderator", "null"),
        *("official", "operator", "postmaster", "root", "security", "server", "service", "staff", "superuser"),
        *("support", "sysadmin", "system", "team", "undefined", "webmaster"),
    }
)
"""Names that seem to speak for the server, its staff or everybody."""


def refuse_reserved(username: str) -> None:
    """Raises `ValidationFailed` for a username that only the command line gives away, also as `Ad-min_1`."""
    bare = re.sub(r"[\W_]", "", name_key(username)).strip("0123456789")
    if bare in RESERVED:
        raise ValidationFailed([{"field": "username", "message": "is reserved"}])


def name_key(name: str) -> str:
    """What makes two names the same: case, width and composition do not."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", folded)


def search_keys_of(username: str, display_name: str) -> tuple[str, ...]:
    """What a search finds a user by, from its beginning on: the names, and each word of the display name."""
    shown = name_key(display_name)
    return tuple(dict.fromkeys((name_key(username), shown, *shown.split())))


def cleaned(value: str) -> str:
    """`value` in Unicode NFC without the white space around it; raises ValueError for characters nobody sees."""
    value = unicodedata.normalize("NFC", value.strip())
    if not all(c.isprintable() or c == ZERO_WIDTH_JOINER for c in value):
        raise ValueError("must not contain control or invisible characters")
    return value


def _email(value: str) -> str:
    try:
        # `test_environment` lets the reserved domain .test pass, which no mail can reach anyway.
        checked = email_validator.validate_email(cleaned(value), check_deliverability=False, test_environment=True)
    except email_validator.EmailNotValidError:
        raise ValueError("must be an email address") from None
    return checked.normalized


def _username(value: str) -> str:
    value = cleaned(value)
    if not 3 <= len(value) <= 24 or not all(_is_name_character(c) for c in value):
        raise ValueError("must be 3 to 24 letters, digits, '_', '-' or '.'")
    if not any(c.isalnum() for c in value):
        raise ValueError("must contain a letter or a digit")
    return value


def _is_name_character(character: str) -> bool:
    category = unicodedata.category(character)
    return (category.startswith("L") or category == "Nd" or character in "_-.") and character not in BLANK


def _is_seen(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" and character not in BLANK


def _display_name(value: str) -> str:
    value = cleaned(value)
    if not 1 <= len(value) <= 32:
        raise ValueError("must be 1 to 32 characters")
    if not any(_is_seen(c) for c in value):
        raise ValueError("must contain a character one can see")
    return value


def _lines(value: str) -> str:
    return "\n".join(cleaned(line) for line in value.strip().splitlines())


BIO_LENGTH = 300

Bio = Annotated[
    Text,
    Field(min_length=1, max_length=BIO_LENGTH, description=f"1 to {BIO_LENGTH} characters, in lines"),
    AfterValidator(_lines),
]

Email = Annotated[
    Text, Field(max_length=254, description="an email address, up to 254 characters"), AfterValidator(_email)
]

Username = Annotated[
    Text,
    Field(max_length=100, description="3 to 24 letters, digits, `_`, `-` or `.`; unique whatever its case"),
    AfterValidator(_username),
]

DisplayName = Annotated[
    Text, Field(max_length=200, description="1 to 32 characters of any script"), AfterValidator(_display_name)
]
