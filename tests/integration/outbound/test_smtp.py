"""Mail over a real SMTP server, with and without TLS and a log-in, and what a refusal comes to."""

import os
import ssl
import subprocess
from dataclasses import dataclass
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from domain.jobs.runner import Hopeless, JobFailed
from domain.mail.messages import PasswordChanged, ResetPassword
from domain.mail.rendering import Letter, rendered
from storage.outbound.mail_folder import PURGE_JOB, FolderMailer
from storage.outbound.smtp import SmtpMailer, parse_smtp_url
from tests.support.accounts import open_accounts
from tests.support.clock import ManualClock
from tests.support.mailbox import Mailbox, a_mailbox

SENDER = "The Game <no-reply@game.example>"


def a_letter(to: str = "ada@example.test", name: str = "Ada") -> Letter:
    return rendered(ResetPassword(name=name, code="the-code", hours=1), id="7", to=to, link=None)


def mailer(mailbox: Mailbox, url: str = "smtp://127.0.0.1", **options: Any) -> SmtpMailer:
    return SmtpMailer(parse_smtp_url(f"{url}:{mailbox.port}"), SENDER, **{"encrypted": False, **options})


@dataclass(frozen=True)
class Tls:
    """Contexts of a server that is called `localhost`, and of clients that trust it and nobody else."""

    server: ssl.SSLContext
    client: ssl.SSLContext


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    folder = tmp_path_factory.mktemp("tls")
    key, certificate = folder / "key.pem", folder / "cert.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost"
    names = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*command.split(), *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(certificate, key)
    return Tls(server, ssl.create_default_context(cafile=str(certificate)))


async def test_a_letter_arrives_as_text_and_html() -> None:
    async with a_mailbox() as mailbox:
        await mailer(mailbox).send(a_letter(name="Zoë"))
        message = mailbox.messages()[0]
        assert (mailbox.taken[0].mail_from, mailbox.taken[0].rcpt_tos) == (
            "no-reply@game.example",
            ["ada@example.test"],
        )
        assert (message["From"], message["To"]) == (SENDER, "ada@example.test")
        assert message["Message-ID"] == "<7@game.example>"
        assert message["Auto-Submitted"] == "auto-generated"
        for kind in ("plain", "html"):
            body = message.get_body((kind,))
            assert body is not None
            assert "the-code" in body.get_content()
            assert "Zoë" in body.get_content()


async def test_an_address_in_another_script_is_written_to() -> None:
    async with a_mailbox() as mailbox:
        await mailer(mailbox).send(a_letter("用户@example.test"))
        assert mailbox.taken[0].rcpt_tos == ["用户@example.test"]


async def test_the_connection_is_upgraded_before_the_password_is_told(tls: Tls) -> None:
    async with a_mailbox(tls_context=tls.server, require_starttls=True) as mailbox:
        await mailer(mailbox, "smtp://user:pass%20word@localhost", tls=tls.client).send(a_letter())
        assert mailbox.logins == [(b"user", b"pass word")]
        assert mailbox.encrypted == [True]


async def test_tls_from_the_first_byte_on(tls: Tls) -> None:
    async with a_mailbox(implicit=tls.server, auth_require_tls=False) as mailbox:
        await mailer(mailbox, "smtps://user:pass%20word@localhost", tls=tls.client).send(a_letter())
        assert len(mailbox.taken) == 1


async def test_a_server_that_cannot_prove_itself_is_told_nothing(tls: Tls) -> None:
    async with a_mailbox(tls_context=tls.server, require_starttls=True) as mailbox:
        with pytest.raises(JobFailed):
            await mailer(mailbox, "smtp://user:pass%20word@localhost").send(a_letter())
        assert (mailbox.logins, mailbox.taken) == ([], [])


async def test_nothing_goes_unencrypted_over_a_network_where_that_is_demanded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that offers no STARTTLS, or whose offer somebody on the way has removed."""
    async with a_mailbox() as mailbox:
        monkeypatch.setattr("storage.outbound.smtp.SmtpServer.local", False)
        with pytest.raises(JobFailed):
            await mailer(mailbox, encrypted=True).send(a_letter())
        assert mailbox.taken == []


@pytest.mark.parametrize(("answer", "hopeless"), [("550 5.1.1 ada@example.test unknown", True), ("451 later", False)])
async def test_a_refusal_says_whether_to_try_again_and_repeats_no_address(answer: str, hopeless: bool) -> None:
    async with a_mailbox(answer) as mailbox:
        with pytest.raises(JobFailed) as refused:
            await mailer(mailbox).send(a_letter())
        assert isinstance(refused.value, Hopeless) is hopeless
        assert "ada" not in str(refused.value)
        await mailer(mailbox).send(a_letter())
        assert len(mailbox.taken) == 1


async def test_a_wrong_log_in_is_tried_again_for_it_can_be_mended() -> None:
    async with a_mailbox(auth_require_tls=False) as mailbox:
        with pytest.raises(JobFailed) as refused:
            await mailer(mailbox, "smtp://user:wrong@127.0.0.1").send(a_letter())
        assert not isinstance(refused.value, Hopeless)
        assert mailbox.taken == []


async def test_a_server_that_is_away_is_tried_again() -> None:
    async with a_mailbox() as mailbox:
        pass
    with pytest.raises(JobFailed) as refused:
        await mailer(mailbox).send(a_letter())
    assert not isinstance(refused.value, Hopeless)


@pytest.mark.parametrize("to", ["ada@example.test\r\nBcc: eve@example.test", "ada@example.test\nX: y"])
async def test_an_address_cannot_write_headers(to: str) -> None:
    async with a_mailbox() as mailbox:
        with pytest.raises(Hopeless):
            await mailer(mailbox).send(a_letter(to))
        assert mailbox.taken == []


@pytest.mark.parametrize(
    "url", ["http://mail.test", "smtp://", "mail.test:25", "smtp://mail.test/x", "smtp://mail.test?tls=no"]
)
def test_what_is_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be smtp"):
        parse_smtp_url(url)


async def test_without_a_server_a_letter_is_a_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "mail"
    letter = rendered(PasswordChanged(name="Ada", at=ManualClock().now()), id="8", to="ada@example.test", link=None)
    for _ in range(2):  # as when a job is done again
        await FolderMailer(folder, SENDER).send(letter)
    (path,) = folder.iterdir()
    assert (path.name, path.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == ("8.eml", 0o600, 0o700)
    assert message_from_bytes(path.read_bytes(), policy=policy.default)["Subject"] == letter.subject


async def test_mail_in_files_is_removed_after_a_week(tmp_path: Path) -> None:
    async with open_accounts(f"sqlite:///{tmp_path}/maoga.db") as accounts:
        await accounts.register("ada")
        assert len(await accounts.mails()) == 1
        (old,) = (accounts.settings.var_dir / "mail").glob("*.eml")
        long_ago = old.stat().st_mtime - 8 * 86_400
        os.utime(old, (long_ago, long_ago))
        await accounts.register("bob")
        assert len(await accounts.mails()) == 2
        await accounts.database.commit(accounts.jobs.new(PURGE_JOB, {}))
        assert [mail["To"] for mail in await accounts.mails()] == ["bob@example.test"]
