"""A real SMTP server, which keeps what it takes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword


@dataclass
class Mailbox:
    """A mail server. answers: to recipients, instead of taking them. logins: what was tried."""

    answers: list[str] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    taken: list[Envelope] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)
    port: int = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, address: str, options: list[str]) -> str:
        if self.answers:
            return self.answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:
        self.taken.append(envelope)
        self.encrypted.append(session.ssl is not None)
        return "250 OK"

    def log_in(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"pass word")

    def messages(self) -> list[EmailMessage]:
        """What came, in order."""
        return [message_from_bytes(_content(envelope), policy=policy.default) for envelope in self.taken]


def _content(envelope: Envelope) -> bytes:
    assert isinstance(envelope.content, bytes)
    return envelope.content


@asynccontextmanager
async def a_mailbox(*answers: str, **options: Any) -> AsyncIterator[Mailbox]:
    """A running mail server."""
    mailbox = Mailbox(list(answers))
    implicit = options.pop("implicit", None)
    loop = asyncio.get_running_loop()
    make: Callable[[], asyncio.Protocol] = partial(
        SMTP, mailbox, hostname="mail.test", enable_SMTPUTF8=True, authenticator=mailbox.log_in, loop=loop, **options
    )
    server = await loop.create_server(make, "127.0.0.1", 0, ssl=implicit)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
