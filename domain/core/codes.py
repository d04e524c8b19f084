"""Codes that people read out to one another, to be let in."""

import secrets
from typing import Annotated

from pydantic import AfterValidator, Field

ALPHABET = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Without what looks alike: I, L and 1, O and 0."""

LENGTH = 8
"""31 ** 8 codes: among a million that are in use it takes a million guesses to find one."""

JoinCode = Annotated[str, Field(min_length=4, max_length=16, pattern=r"^[A-Za-z0-9]+$"), AfterValidator(str.upper)]
"""A code as it comes from the wire, in any case."""


def new_code() -> str:
    """A fresh code, as good as unguessable."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
