"""Backups as they are kept and read: on a folder and in a bucket, encrypted, damaged, selected, given up."""

import gzip
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from domain.core.clock import SystemClock
from domain.core.errors import Unavailable
from storage.documents.factory import open_database
from storage.upkeep.archive import MANIFEST, BadBackup, backup_name
from storage.upkeep.backup import CannotBackUp, keep_newest, listed
from storage.upkeep.migrations import CannotServe, Migration, Migrator
from storage.upkeep.restore import CannotRestore
from storage.upkeep.shelves import Shelf, open_shelf
from storage.upkeep.store import Store, open_store
from tests.integration.storage.things import NOTES, SPECS, THINGS, Note, a_thing
from tests.integration.upkeep.archives import KEY, everything, folder, put_back, take
from tests.support.clock import ManualClock
from tests.support.s3 import KEY_ID, REGION, SECRET, SmallS3, small_s3

COUNT = 1203


@pytest.fixture
async def source(tmp_path: Path) -> str:
    """A SQLite database with more than two batches of things, and two notes."""
    url = f"sqlite:///{tmp_path}/source.db"
    database = await open_database(url, SPECS, timeout_s=10, pool_size=5)
    await database.collection(THINGS).insert_many([a_thing(f"{n:05}", tags=("x", str(n))) for n in range(COUNT)])
    await database.collection(NOTES).insert_many([Note(id="1", text="one\ntwo\u2028three"), Note(id="2")])
    await database.close()
    return url


@pytest.fixture
async def original(source: str) -> Store:
    return open_store(source, SPECS, timeout_s=10)


@pytest.fixture(params=["folder", "s3"])
async def shelf(request: pytest.FixtureRequest, tmp_path: Path, bucket: SmallS3) -> AsyncIterator[Shelf]:
    if request.param == "folder":
        yield folder(tmp_path)
        return
    async with open_shelf(bucket.url) as shelf:
        yield shelf


@pytest.fixture
async def bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SmallS3]:
    for name, value in (("ACCESS_KEY_ID", KEY_ID), ("SECRET_ACCESS_KEY", SECRET), ("EC2_METADATA_DISABLED", "true")):
        monkeypatch.setenv(f"AWS_{name}", value)
    for name in ("CONFIG_FILE", "SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(f"AWS_{name}", "/dev/null")
    async with small_s3("maoga-backups") as server:
        yield server


async def test_a_backup_is_restored_from_wherever_it_lies(
    shelf: Shelf, source: str, original: Store, store: Store, url: str
) -> None:
    """Into either database, where a server then finds it."""
    manifest = await take(source, shelf, secret=KEY)
    await put_back(url, shelf, secret=KEY)
    assert await everything(store) == await everything(original)
    assert (manifest.count("things"), manifest.count("notes")) == (COUNT, 2)
    database = await open_database(url, SPECS, timeout_s=10, pool_size=5)
    assert [it.id for it in await database.collection(THINGS).find({"tags": "7"}, limit=5)] == ["00007"]
    await database.close()
    migrator = Migrator(store, [], SystemClock(), layout="other", worker="test")
    await migrator.admit(apply=True)


async def test_an_encrypted_backup_tells_nothing(tmp_path: Path, source: str) -> None:
    shelf = folder(tmp_path)
    plain, sealed = await take(source, shelf), await take(source, shelf, secret=KEY)
    (part,) = plain.collections["notes"]
    assert b"three" in gzip.decompress(await shelf.get(plain.id, part.name) or b"")
    (part,) = sealed.collections["notes"]
    with pytest.raises(OSError, match="gzip"):
        gzip.decompress(await shelf.get(sealed.id, part.name) or b"")
    assert KEY.encode() not in (await shelf.get(sealed.id, MANIFEST) or b"")


async def flipped(shelf: Shelf, backup: str, name: str) -> None:
    data = bytearray(await shelf.get(backup, name) or b"")
    data[len(data) // 2] ^= 1
    await shelf.put(backup, name, bytes(data))


async def cut_short(shelf: Shelf, backup: str, name: str) -> None:
    data = await shelf.get(backup, name) or b""
    await shelf.put(backup, name, data[:-7])


async def of_another(shelf: Shelf, backup: str, name: str) -> None:
    """The same file of another backup, with its digest in the manifest, as one without the key could put it."""
    other = next(id for id in await shelf.backups() if id != backup)
    manifest, theirs = [orjson.loads(await shelf.get(id, MANIFEST) or b"") for id in (backup, other)]
    manifest["collections"]["things"] = theirs["collections"]["things"]
    await shelf.put(backup, name, await shelf.get(other, name) or b"")
    await shelf.put(backup, MANIFEST, orjson.dumps(manifest))


async def less_in_manifest(shelf: Shelf, backup: str, name: str) -> None:
    manifest = orjson.loads(await shelf.get(backup, MANIFEST) or b"")
    manifest["collections"]["things"] = []
    await shelf.put(backup, MANIFEST, orjson.dumps(manifest))


async def manifest_of_others(shelf: Shelf, backup: str, name: str) -> None:
    await shelf.put(backup, MANIFEST, b'{"tables": []}')


async def half_a_manifest(shelf: Shelf, backup: str, name: str) -> None:
    data = await shelf.get(backup, MANIFEST) or b""
    await shelf.put(backup, MANIFEST, data[: len(data) // 2])


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (flipped, "things.00001.jsonl.gz.enc was altered"),
        (cut_short, r"has [\d,]+ bytes instead of [\d,]+: it was truncated or altered"),
        (of_another, "the manifest of .* was altered"),
        (less_in_manifest, "the manifest of .* was altered"),
        (manifest_of_others, "is no manifest of a backup of Maoga"),
        (half_a_manifest, "is no manifest of a backup of Maoga, or was truncated"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_what_is_not_as_it_was_written_is_refused_before_anything_is_changed(
    tmp_path: Path, source: str, damage: Callable[[Shelf, str, str], Awaitable[None]], said: str
) -> None:
    shelf, target = folder(tmp_path), f"sqlite:///{tmp_path}/target.db"
    await take(source, shelf, secret=KEY)
    manifest = await take(source, shelf, secret=KEY)
    await damage(shelf, manifest.id, "things.00001.jsonl.gz.enc")
    with pytest.raises(BadBackup, match=said):
        await put_back(target, shelf, manifest.id, secret=KEY)
    assert not (tmp_path / "target.db").exists()


async def test_a_part_that_is_missing_is_told(tmp_path: Path, source: str) -> None:
    shelf = folder(tmp_path)
    manifest = await take(source, shelf)
    (tmp_path / "backups" / manifest.id / "things.00001.jsonl.gz").unlink()
    with pytest.raises(BadBackup, match=re.escape("things.00001.jsonl.gz is missing")):
        await put_back(f"sqlite:///{tmp_path}/target.db", shelf)


@pytest.mark.parametrize(
    ("taken_with", "read_with", "said"),
    [
        (KEY, "", "is encrypted: set MAOGA_BACKUP_KEY"),
        (KEY, KEY + "!", "or the key is another one"),
        ("", KEY, "is not encrypted: anybody may have made it"),
    ],
)
async def test_another_key_is_refused(tmp_path: Path, source: str, taken_with: str, read_with: str, said: str) -> None:
    shelf = folder(tmp_path)
    await take(source, shelf, secret=taken_with)
    with pytest.raises(BadBackup, match=said):
        await put_back(f"sqlite:///{tmp_path}/target.db", shelf, secret=read_with)


async def test_documents_that_are_there_are_lost_only_by_force(
    tmp_path: Path, source: str, original: Store, url: str, store: Store
) -> None:
    shelf = folder(tmp_path)
    await take(source, shelf)
    database = await open_database(url, SPECS, timeout_s=10, pool_size=5)
    await database.collection(NOTES).insert(Note(id="9", text="mine"))
    await database.close()
    with pytest.raises(CannotRestore, match=r"there are documents already \(notes\)"):
        await put_back(url, shelf)
    assert [it["text"] for it in (await everything(store))["notes"]] == ["mine"]
    await put_back(url, shelf, only=["things"])
    found = await everything(store)
    assert (len(found["things"]), [it["id"] for it in found["notes"]]) == (COUNT, ["9"])
    await put_back(url, shelf, force=True)
    assert await everything(store) == await everything(original)


async def test_a_restore_that_broke_off_leaves_a_database_nobody_works_on(
    tmp_path: Path, source: str, original: Store, url: str, store: Store
) -> None:
    """It says so to servers and to backups, and is begun anew without force."""
    shelf = folder(tmp_path)
    manifest = await take(source, shelf)
    async with store.hold("test") as hold:
        await hold.note("restore", {"backup": manifest.id, "collections": ["things", "notes"]})
        await hold.add("things", [{"id": "half"}])
    with pytest.raises(CannotServe, match=f"the restore of {manifest.id} has not come to its end"):
        await Migrator(store, [], SystemClock(), layout="", worker="test").admit(apply=True)
    with pytest.raises(CannotBackUp, match="incomplete"):
        await take(url, shelf)
    with pytest.raises(CannotRestore, match="restore notes as well"):
        await put_back(url, shelf, manifest.id, only=["things"])
    await put_back(url, shelf, manifest.id)
    assert await everything(store) == await everything(original)


async def test_the_migrations_of_a_backup_come_with_it(tmp_path: Path, source: str, url: str, store: Store) -> None:
    """A version that does not know them refuses it; a newer one has migrations to make afterwards."""

    async def nothing(_: object) -> None:
        pass

    first, second = (Migration(n, f"change_{n}", "", False, nothing, None) for n in (1, 2))
    origin = open_store(source, SPECS, timeout_s=10)
    await Migrator(origin, [first], SystemClock(), layout="", worker="test").up()
    shelf = folder(tmp_path)
    await take(source, shelf)
    with pytest.raises(CannotRestore, match="newer version, with migration 0001 change_1"):
        await put_back(url, shelf)
    await put_back(url, shelf, migrations=[first, second])
    state = await Migrator(store, [first, second], SystemClock(), layout="", worker="test").state()
    assert (state.applied, state.pending) == ([first], [second])


async def test_the_newest_are_kept(shelf: Shelf, source: str) -> None:
    """What was broken off of late may still be in the writing; what was a day ago goes, too."""
    clock = ManualClock()
    old, fresh = (backup_name(clock.now() - timedelta(hours=hours)) for hours in (25, 23))
    for id in (old, fresh):
        await shelf.put(id, "things.00001.jsonl.gz", b"")
    taken = [(await take(source, shelf)).id for _ in range(3)]
    assert sorted(await keep_newest(shelf, 2, clock)) == sorted([old, min(taken)])
    left = [(each.id, each.manifest is not None) for each in await listed(shelf)]
    assert left == [(fresh, False), *((id, True) for id in sorted(taken)[1:])]


async def test_a_bucket_out_of_reach_is_unavailable(bucket: SmallS3, source: str) -> None:
    async with open_shelf(bucket.url) as shelf:
        bucket.answers = [500] * 10
        with pytest.raises(Unavailable, match="backups cannot be reached"):
            await take(source, shelf)
    with pytest.raises(Unavailable, match="backups cannot be reached"):
        async with open_shelf(f"s3://another?endpoint={bucket.endpoint}&region={REGION}"):
            pytest.fail("there is no such bucket")
