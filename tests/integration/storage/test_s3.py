"""Images in a bucket, over real HTTP, with every signature checked."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from domain.core.errors import Unavailable
from domain.core.images import FileName
from domain.users.commands import AvatarQuery
from maoga.bootstrap import CannotStart
from storage.media.s3 import S3Address, S3Store, open_s3
from tests.support.cores import a_core
from tests.support.images import an_image
from tests.support.s3 import KEY_ID, REGION, SECRET, SmallS3, small_s3
from tests.unit.chat.conftest import a_group, friends

NAME = FileName("0190-abc-thumbnail")


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the machine has of its own is out of reach."""
    for name, value in (("ACCESS_KEY_ID", KEY_ID), ("SECRET_ACCESS_KEY", SECRET), ("EC2_METADATA_DISABLED", "true")):
        monkeypatch.setenv(f"AWS_{name}", value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    yield


@pytest.fixture
async def server() -> AsyncIterator[SmallS3]:
    async with small_s3() as server:
        yield server


@pytest.fixture
async def store(server: SmallS3) -> AsyncIterator[S3Store]:
    async with open_s3(S3Address.parse(server.url)) as store:
        yield store


async def test_an_object_is_kept_replaced_and_forgotten(server: SmallS3, store: S3Store) -> None:
    assert await store.get(NAME) is None
    await store.put(NAME, b"one")
    await store.put(NAME, bytes(range(256)) * 4096)
    assert await store.get(NAME) == bytes(range(256)) * 4096
    assert set(server.objects) == {f"pictures/{NAME}"}
    for _ in range(2):
        await store.delete(NAME)
    assert (await store.get(NAME), server.objects, server.refused) == (None, {}, 0)


async def test_a_server_that_stumbles_is_asked_again(server: SmallS3, store: S3Store) -> None:
    server.answers = [503]
    await store.put(NAME, b"one")
    server.answers = [500]
    assert await store.get(NAME) == b"one"


async def test_a_server_that_is_down_is_unavailable(server: SmallS3, store: S3Store) -> None:
    server.answers = [503] * 20
    for work in (store.put(NAME, b"one"), store.get(NAME), store.delete(NAME)):
        with pytest.raises(Unavailable):
            await work


@pytest.mark.parametrize("name", ["../escape", "a/b", "", "x" * 101])
async def test_no_name_leads_elsewhere(store: S3Store, name: str) -> None:
    with pytest.raises(ValueError, match="no name of an image"):
        await store.put(FileName(name), b"x")


async def test_a_wrong_key_is_told_at_the_start(
    server: SmallS3, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """And so the small S3 here does check."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with pytest.raises(CannotStart, match="MAOGA_MEDIA_URL"):
        async with a_core(tmp_path, media_url=server.url):
            pass
    assert server.refused > 0


async def test_pictures_of_users_and_of_the_chat_live_there(server: SmallS3, tmp_path: Path) -> None:
    async def picture(_: int) -> bytes:
        return an_image()

    async with a_core(tmp_path, media_url=server.url) as core:
        ada, bob = await friends(core, 2)
        user = await core.people.avatars.put(ada, picture, address="192.0.2.1")
        assert user.avatar_id
        size = int(AvatarQuery().size)
        _, data = await core.people.avatars.open(user.avatar_id, size)
        assert server.objects[f"pictures/{user.avatar_id}-{size}"] == data
        channel = await a_group(core, [ada, bob])
        media = await core.chats.media.upload(ada, channel, picture, address="192.0.2.1")
        assert (await core.chats.media.open(ada, media.id))[1] == server.objects[f"pictures/{media.id}"]
        assert not core.settings.images_path.exists()


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("s3://bucket", S3Address("bucket")),
        ("s3://bucket/a/b/?region=eu-west-1", S3Address("bucket", "a/b/", None, "eu-west-1")),
        (f"s3://b?endpoint=http://127.0.0.1:9000&region={REGION}", S3Address("b", "", "http://127.0.0.1:9000", REGION)),
    ],
)
def test_addresses(url: str, address: S3Address) -> None:
    assert S3Address.parse(url) == address


@pytest.mark.parametrize(
    "url", ["", "http://bucket", "s3://", "s3:///key", "s3://b?endpoint=ftp://x", "s3://b?acl=public"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must "):
        S3Address.parse(url)
