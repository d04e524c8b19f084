"""Images as files that several processes write, read and delete."""

import asyncio
from pathlib import Path

import pytest

from domain.core.errors import Unavailable
from domain.core.images import FileName
from storage.media.folder import FolderStore

NAME = FileName("0190-abc-thumbnail")


def files(folder: Path) -> list[str]:
    """The names of all files below it."""
    return [path.name for path in folder.rglob("*") if path.is_file()]


async def test_two_instances_see_one_anothers_files(tmp_path: Path) -> None:
    here, there = FolderStore(tmp_path / "images"), FolderStore(tmp_path / "images")
    assert await here.get(NAME) is None
    await here.put(NAME, b"one")
    assert await there.get(NAME) == b"one"
    await there.put(NAME, b"two")
    assert await here.get(NAME) == b"two"
    await asyncio.gather(here.delete(NAME), there.delete(NAME))
    assert await here.get(NAME) is None


async def test_a_reader_sees_a_file_whole_or_not_at_all(tmp_path: Path) -> None:
    """While others write it; and no draft is left behind."""
    store = FolderStore(tmp_path)
    versions = [bytes([n]) * 1_000_000 for n in range(4)]
    reads = [store.get(NAME) for _ in range(20)]
    found = await asyncio.gather(*(store.put(NAME, version) for version in versions), *reads)
    assert {None, *versions} >= set(found)
    assert files(tmp_path) == [NAME]


@pytest.mark.parametrize("name", ["../escape", "/etc/passwd", "a/b", "..", "", "a\0b", "x" * 101, "a.b"])
async def test_no_name_leads_elsewhere(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no name of an image"):
        await FolderStore(tmp_path).put(FileName(name), b"x")


async def test_a_folder_that_is_none_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable):
        await FolderStore(tmp_path / "file").put(NAME, b"x")
