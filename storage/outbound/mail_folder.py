"""Mail for a server without a mail server: files that any mail reader opens."""

import asyncio
from pathlib import Path

from loguru import logger

from domain.mail.rendering import Letter
from storage.outbound.smtp import mime_of


class FolderMailer:
    """Writes each letter to `<folder>/<id>.eml`, which only the server's user can read, and logs that it did."""

    def __init__(self, folder: Path, sender: str) -> None:
        self._folder, self._sender = folder, sender

    async def send(self, letter: Letter) -> None:
        path = self._folder / f"{letter.id}.eml"
        await asyncio.to_thread(self._write, path, bytes(mime_of(letter, self._sender)))
        logger.info("mail '{}' written to {}", letter.subject, path)

    def _write(self, path: Path, content: bytes) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_bytes(content)
