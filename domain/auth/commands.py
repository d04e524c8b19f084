"""What clients ask of accounts and sessions."""

from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from domain.auth.passwords import normalized, weakness
from domain.core.model import Command, Text
from domain.users.names import DisplayName, Email, Username, cleaned

RefreshToken = Annotated[str, Field(min_length=1, max_length=256)]


class Register(Command):
    """Opens an account.

    Parsing takes milliseconds because it guesses at the password: parse it off the event loop.
    """

    email: Email
    username: Username
    display_name: DisplayName | None = None
    password: Text = Field(repr=False, description="8 to 72 bytes in UTF-8, hard to guess")

    @field_validator("password")
    @classmethod
    def _hard_to_guess(cls, password: str, info: ValidationInfo) -> str:
        password = normalized(password)
        own_words = [word for name in ("email", "username", "display_name") if (word := info.data.get(name))]
        if problem := weakness(password, own_words):
            raise ValueError(problem)
        return password


class EnterAsGuest(Command):
    """Enters without an account."""

    display_name: DisplayName | None = None


class Login(Command):
    """Logs in by email address or username."""

    credential: Annotated[Text, Field(min_length=1, max_length=254), AfterValidator(cleaned)]
    password: Annotated[Text, Field(min_length=1, max_length=1024), AfterValidator(normalized)] = Field(repr=False)


class Refresh(Command):
    """Trades a refresh token for the next one."""

    refresh_token: RefreshToken = Field(repr=False)


class Logout(Command):
    """Ends the session of the access token, and that of `refreshToken` if another one of the caller's is given."""

    refresh_token: RefreshToken | None = Field(default=None, repr=False)
