"""Where backups lie: a folder, or a bucket of S3 or of whoever speaks its protocol. Each is a folder of files there."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from domain.core.errors import Unavailable
from storage.media.folder import write_whole
from storage.media.s3 import S3Address, open_client, read_object, told_as

T = TypeVar("T")

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
OUT_OF_REACH = "The backups cannot be reached."


class Shelf(Protocol):
    """Files by the backup they belong to. Every method raises `Unavailable` when the place is out of reach."""

    async def put(self, backup: str, name: str, data: bytes) -> None:
        """Keeps a file; it appears whole or not at all."""
        ...

    async def get(self, backup: str, name: str) -> bytes | None:
        """What the file holds, if there is one."""
        ...

    async def backups(self) -> list[str]:
        """The names of the backups, in order."""
        ...

    async def remove(self, backup: str, first: str) -> None:
        """Removes a backup, beginning with its file `first`."""
        ...


@asynccontextmanager
async def open_shelf(url: str) -> AsyncIterator[Shelf]:
    """The place at `s3://BUCKET[/PREFIX][?endpoint=URL][&region=NAME]`, or else the folder of that name.

    Raises `ValueError` for a URL that is none, and `Unavailable`.
    """
    if not url.startswith("s3:"):
        yield FolderShelf(Path(url))
        return
    address = S3Address.parse(url)
    async with AsyncExitStack() as stack:
        yield S3Shelf(await _done(stack.enter_async_context(open_client(address))), address)


class FolderShelf:
    """A folder for each backup, open to its owner alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, backup: str, name: str, data: bytes) -> None:
        await self._off_loop(write_whole, self._path(backup, name), data)

    async def get(self, backup: str, name: str) -> bytes | None:
        with suppress(FileNotFoundError):
            return await asyncio.to_thread(self._path(backup, name).read_bytes)
        return None

    async def backups(self) -> list[str]:
        if not self._folder.is_dir():
            return []
        return sorted(path.name for path in self._folder.iterdir() if path.is_dir() and NAME.fullmatch(path.name))

    async def remove(self, backup: str, first: str) -> None:
        path = self._path(backup, first)
        path.unlink(missing_ok=True)
        await self._off_loop(shutil.rmtree, path.parent)

    def _path(self, backup: str, name: str) -> Path:
        return self._folder / _checked(backup) / _checked(name)

    async def _off_loop(self, work: Any, *args: Any) -> None:
        try:
            await asyncio.to_thread(work, *args)
        except OSError as error:
            raise Unavailable(f"{OUT_OF_REACH} ({error.strerror})") from error


class S3Shelf:
    """A prefix for each backup."""

    def __init__(self, client: Any, address: S3Address) -> None:
        self._client, self._address = client, address

    async def put(self, backup: str, name: str, data: bytes) -> None:
        await _done(self._client.put_object(**self._object(backup, name), Body=data))

    async def get(self, backup: str, name: str) -> bytes | None:
        return await _done(read_object(self._client, self._object(backup, name)))

    async def backups(self) -> list[str]:
        keys = await self._keys(self._address.prefix)
        names = {key.removeprefix(self._address.prefix).partition("/") for key in keys}
        return sorted({backup for backup, slash, _ in names if slash and NAME.fullmatch(backup)})

    async def remove(self, backup: str, first: str) -> None:
        keys = await self._keys(f"{self._address.prefix}{_checked(backup)}/")
        for key in sorted(keys, key=lambda key: not key.endswith(f"/{first}")):
            await _done(self._client.delete_object(Bucket=self._address.bucket, Key=key))

    async def _keys(self, prefix: str) -> list[str]:
        async def listed() -> list[str]:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._address.bucket, Prefix=prefix)
            return [found["Key"] async for page in pages for found in page.get("Contents", [])]

        return await _done(listed())

    def _object(self, backup: str, name: str) -> dict[str, str]:
        key = f"{self._address.prefix}{_checked(backup)}/{_checked(name)}"
        return {"Bucket": self._address.bucket, "Key": key}


async def _done(work: Awaitable[T]) -> T:
    with told_as(OUT_OF_REACH):
        return await work


def _checked(name: str) -> str:
    """The name; raises ValueError for one that could lead elsewhere."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of a backup")
    return name
