"""What clients ask of accounts and sessions."""

from typing import Annotated

from pydantic import AfterValidator, Field

from domain.auth.passwords import normalized
from domain.core.model import Command, Text
from domain.users.names import DisplayName, Email, Username, cleaned

RefreshToken = Annotated[str, Field(min_length=1, max_length=256)]

DeviceName = Annotated[
    Text,
    Field(min_length=1, max_length=64, description="what the device is called in the list of sessions"),
    AfterValidator(cleaned),
]

MailedCode = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_-]+$")]
"""What stood in a mail."""

GivenPassword = Annotated[Text, Field(min_length=1, max_length=1024), AfterValidator(normalized)]
"""A password to be compared with the one in force."""

NewPassword = Annotated[
    Text,
    Field(min_length=1, max_length=1024, description="8 to 72 bytes in UTF-8, hard to guess"),
    AfterValidator(normalized),
]
"""A password to be judged by the use case, which knows whose it is to be."""


class Upgrade(Command):
    """Gives a guest a name and a password."""

    email: Email
    username: Username
    display_name: DisplayName | None = None
    password: NewPassword = Field(repr=False)

    @property
    def own_words(self) -> list[str]:
        """What a password must not be guessed by."""
        return [word for word in (self.email, self.username, self.display_name) if word]


class Register(Upgrade):
    """Opens an account."""

    device: DeviceName | None = None


class EnterAsGuest(Command):
    """Enters without an account."""

    display_name: DisplayName | None = None
    device: DeviceName | None = None


class Login(Command):
    """Logs in by email address or username."""

    credential: Annotated[Text, Field(min_length=1, max_length=254), AfterValidator(cleaned)]
    password: GivenPassword = Field(repr=False)
    device: DeviceName | None = None


class Refresh(Command):
    """Trades a refresh token for the next one."""

    refresh_token: RefreshToken = Field(repr=False)


class Logout(Command):
    """Ends the session of the access token, and that of `refreshToken` if another one of the caller's is given."""

    refresh_token: RefreshToken | None = Field(default=None, repr=False)


class ChangePassword(Command):
    """Chooses another password. password: the present one."""

    password: GivenPassword = Field(repr=False)
    new_password: NewPassword = Field(repr=False)


class ChangeEmail(Command):
    """Chooses another address. password: the present one."""

    email: Email
    password: GivenPassword = Field(repr=False)


class RequestReset(Command):
    """Asks for a mail with which another password can be chosen."""

    email: Email


class ResetPassword(Command):
    """Chooses another password with what was mailed."""

    token: MailedCode = Field(repr=False)
    new_password: NewPassword = Field(repr=False)


class VerifyEmail(Command):
    """Proves that an address is the caller's, with what was mailed there."""

    token: MailedCode = Field(repr=False)
