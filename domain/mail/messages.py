"""What is mailed to users, as data. A `Notice` waits in its job; a `Secret` is never stored."""

from typing import Annotated, Literal

from pydantic import Field

from domain.core.model import Kept, Timestamp


class VerifyEmail(Kept):
    """Asks whether the address is theirs. code: proves it."""

    kind: Literal["verify_email"] = "verify_email"
    name: str
    code: str = Field(repr=False)
    hours: int


class ResetPassword(Kept):
    """Lets somebody who has forgotten their password choose another. code: proves that they read this mail."""

    kind: Literal["reset_password"] = "reset_password"
    name: str
    code: str = Field(repr=False)
    hours: int


class PasswordChanged(Kept):
    """Tells that the password is another one now."""

    kind: Literal["password_changed"] = "password_changed"
    name: str
    at: Timestamp


class EmailChanged(Kept):
    """Tells the former address that it belongs to the account no more."""

    kind: Literal["email_changed"] = "email_changed"
    name: str
    at: Timestamp


Secret = VerifyEmail | ResetPassword
Notice = Annotated[PasswordChanged | EmailChanged, Field(discriminator="kind")]
Message = Secret | PasswordChanged | EmailChanged
