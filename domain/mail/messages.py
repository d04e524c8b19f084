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
    """Tells that the password is another one now.

    identities: the providers by which one can log in, too. unlinked: those by which one could before.
    """

    kind: Literal["password_changed"] = "password_changed"
    name: str
    at: Timestamp
    identities: tuple[str, ...] = ()
    unlinked: tuple[str, ...] = ()


class EmailChanged(Kept):
    """Tells the former address that it belongs to the account no more."""

    kind: Literal["email_changed"] = "email_changed"
    name: str
    at: Timestamp


class IdentityLinked(Kept):
    """Tells that one can log in by a provider from now on."""

    kind: Literal["identity_linked"] = "identity_linked"
    name: str
    at: Timestamp
    provider: str


class IdentityUnlinked(Kept):
    """Tells that one cannot log in by a provider any more."""

    kind: Literal["identity_unlinked"] = "identity_unlinked"
    name: str
    at: Timestamp
    provider: str


Secret = VerifyEmail | ResetPassword
Notice = Annotated[PasswordChanged | EmailChanged | IdentityLinked | IdentityUnlinked, Field(discriminator="kind")]
Message = Secret | PasswordChanged | EmailChanged | IdentityLinked | IdentityUnlinked
