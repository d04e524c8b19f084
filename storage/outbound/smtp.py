"""Mail by SMTP (RFC 5321)."""

import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTPUTF8
from email.utils import formatdate, parseaddr
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

import aiosmtplib

from domain.jobs.runner import Hopeless, JobFailed
from domain.mail.rendering import Letter

TIMEOUT_S = 10.0
PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed in. tls: from the first byte on; else the connection is upgraded (STARTTLS)."""

    host: str
    port: int
    tls: bool
    username: str | None
    password: str | None

    @property
    def local(self) -> bool:
        """Whether the server is on this machine, so that nobody can listen on the way."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse_smtp_url(text: str) -> SmtpServer:
    """The server in `smtp[s]://[user:password@]host[:port]`; raises ValueError."""
    url = urlsplit(text)
    if url.scheme not in PORTS or not url.hostname or url.path not in {"", "/"} or url.query or url.fragment:
        raise ValueError("must be smtp://[user:password@]host[:port], or smtps:// for TLS from the start")
    return SmtpServer(
        host=url.hostname,
        port=url.port or PORTS[url.scheme],
        tls=url.scheme == "smtps",
        username=unquote(url.username) if url.username else None,
        password=unquote(url.password) if url.password else None,
    )


def is_smtp_url(text: str) -> bool:
    """Whether `parse_smtp_url` takes it."""
    try:
        parse_smtp_url(text)
    except ValueError:
        return False
    return True


def is_sender(text: str) -> bool:
    """Whether mail can come from there: `address`, or `name <address>`."""
    name, domain = parseaddr(text)[1].rpartition("@")[::2]
    return bool(name and domain) and text.isprintable()


def mime_of(letter: Letter, sender: str) -> EmailMessage:
    """The letter as text with an HTML alternative; raises ValueError for an address that would be no header."""
    message = EmailMessage(policy=SMTPUTF8)
    message["From"], message["To"], message["Subject"] = sender, letter.to, letter.subject
    message["Date"] = formatdate(usegmt=True)
    # The same for each attempt: a mail that arrives twice is shown once by most readers.
    message["Message-ID"] = f"<{letter.id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notices, please
    message.set_content(letter.text)
    message.add_alternative(letter.html, subtype="html")
    return message


class SmtpMailer:
    """Hands letters to an SMTP server, over a connection of its own for each.

    encrypted: whether what is not local must be upgraded to TLS; else it is where the server offers it.
    """

    def __init__(self, server: SmtpServer, sender: str, *, encrypted: bool, tls: ssl.SSLContext | None = None) -> None:
        self._server, self._sender, self._tls = server, sender, tls
        self._start_tls = None if server.local or not encrypted else True

    async def send(self, letter: Letter) -> None:
        server = self._server
        try:
            await aiosmtplib.send(
                mime_of(letter, self._sender),
                hostname=server.host,
                port=server.port,
                username=server.username,
                password=server.password,
                use_tls=server.tls,
                start_tls=False if server.tls else self._start_tls,
                tls_context=self._tls,
                timeout=TIMEOUT_S,
            )
        except ValueError as error:
            raise Hopeless(f"no mail can be sent to such an address: {type(error).__name__}") from None
        except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as error:
            raise _refused(error) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise JobFailed(f"the mail server did not take it: {type(error).__name__}") from None


def _refused(error: aiosmtplib.SMTPRecipientsRefused | aiosmtplib.SMTPResponseException) -> JobFailed:
    """4xx is about the moment, 5xx about the mail (RFC 5321, 4.2.1) - or about our log-in, which can be mended.

    The server's own words are left out: they may repeat the address.
    """
    responses = error.recipients if isinstance(error, aiosmtplib.SMTPRecipientsRefused) else [error]
    codes = [response.code for response in responses]
    hopeless = min(codes) >= 500 and not isinstance(error, aiosmtplib.SMTPAuthenticationError)
    return (Hopeless if hopeless else JobFailed)(f"the mail server refused with {', '.join(map(str, codes))}")
