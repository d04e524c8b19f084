"""Mail for a server without a mail server: files that any mail reader opens."""

import asyncio
import time
from pathlib import Path

from loguru import logger

from domain.jobs.model import Job
from domain.mail.rendering import Letter
from storage.outbound.smtp import mime_of

PURGE_JOB = "mail_purge"
KEPT_S = 7 * 86_400.0


class FolderMailer:
    """Writes each letter to `<folder>/<id>.eml`, which only the server's user can read, and logs that it did.

    A letter may have a code in it, and addresses: none stays longer than `KEPT_S` seconds.
    """

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder, self._sender = folder, sender

    async def send(self, letter: Letter) -> None:
        path = self._folder / f"{letter.id}.eml"
        await asyncio.to_thread(self._write, path, bytes(mime_of(letter, self._sender)))
        logger.info("mail '{}' written to {}", letter.subject, path)

    async def purge(self, _: Job) -> None:
        """Removes the letters that are too old, by the clock of the files: the handler of `PURGE_JOB`."""
        await asyncio.to_thread(self._purge, time.time() - KEPT_S)

    def _purge(self, before: float) -> None:
        for path in self._folder.glob("*.eml"):
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)

    def _write(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
