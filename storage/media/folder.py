"""Images as files in a folder, which all instances share."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import ParamSpec, TypeVar

from loguru import logger

from domain.core.errors import Unavailable
from domain.core.images import FileName
from storage.media.naming import checked

P = ParamSpec("P")
R = TypeVar("R")


class FolderStore:
    """One file each, in 256 folders by the end of its name (its beginning is a time)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, name: FileName, data: bytes) -> None:
        await _off_loop(write_whole, self._path(name), data)

    async def get(self, name: FileName) -> bytes | None:
        return await _off_loop(_read, self._path(name))

    async def delete(self, name: FileName) -> None:
        await _off_loop(self._path(name).unlink, missing_ok=True)

    def _path(self, name: FileName) -> Path:
        return self._folder / checked(name)[-2:] / name


async def _off_loop(work: Callable[P, R], *args: P.args, **options: P.kwargs) -> R:
    try:
        return await asyncio.to_thread(work, *args, **options)
    except OSError as error:
        logger.error("images cannot be reached: {}", error)
        raise Unavailable("The images cannot be reached.") from error


def write_whole(path: Path, data: bytes) -> None:
    """Writes a file, which appears whole, and is on the disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as draft:
        try:
            draft.write(data)
            draft.flush()
            os.fsync(draft.fileno())
            Path(draft.name).replace(path)  # the file appears whole
        except BaseException:
            Path(draft.name).unlink(missing_ok=True)
            raise


def _read(path: Path) -> bytes | None:
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return None
