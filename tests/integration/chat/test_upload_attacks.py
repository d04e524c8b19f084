"""What strangers may send instead of an image: it is answered, leaves nothing behind, and harms nobody else."""

import asyncio
import resource
import time
import zlib
from io import BytesIO
from typing import Any

import pytest

import domain.chat.media
import rest.upload
from domain.chat.media import MEDIA
from domain.core.ids import ChannelId
from domain.core.images import UPLOAD_BYTES
from tests.integration.chat.gallery import Gallery, Player
from tests.support.images import a_png_that_claims, a_png_with_a_text_bomb, an_image
from tests.support.wait import eventually

BOUNDARY = "a-boundary"
HEADERS = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def part(data: bytes, disposition: str = 'form-data; name="file"; filename="x.png"', more: str = "") -> bytes:
    """A part of a form, by hand."""
    return f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n{more}\r\n".encode() + data + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()


async def a_place(gallery: Gallery) -> tuple[Player, ChannelId]:
    """A player, and a channel they may upload to."""
    player = await gallery.player()
    return player, await gallery.channel(player)


async def kept(gallery: Gallery) -> int:
    """How many images and files there are."""
    folder = gallery.core.settings.images_path
    documents = await gallery.core.database.collection(MEDIA).count({})
    return documents + sum(path.is_file() for path in folder.rglob("*"))


NAMES = ("x.svg", "x.html", "../../../etc/cron.d/x", "..\\..\\x", "/etc/passwd", "%2e%2e%2fx", "a\tb", "")

NO_IMAGES = {
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "not_an_image"),
    "html": (b"<!doctype html><script>alert(1)</script>", "not_an_image"),
    "empty": (b"", "not_an_image"),
    "truncated": (an_image("JPEG", (600, 400))[:-500], "broken"),
    "pixel bomb": (a_png_that_claims(20_000, 20_000), "too_many_pixels"),
    "text bomb": (a_png_with_a_text_bomb(), "not_an_image"),
}

WHOLE = part(an_image()) + END
ZIPPED = {**HEADERS, "Content-Encoding": "deflate"}

NO_FORMS: dict[str, tuple[bytes, dict[str, str], str]] = {
    "json": (b"{}", {"Content-Type": "application/json"}, "UNSUPPORTED_MEDIA_TYPE"),
    "naked image": (an_image(), {"Content-Type": "image/png"}, "UNSUPPORTED_MEDIA_TYPE"),
    "compressed": (zlib.compress(WHOLE), ZIPPED, "UNSUPPORTED_MEDIA_TYPE"),
    "mixed": (WHOLE, {"Content-Type": f"multipart/mixed; boundary={BOUNDARY}"}, "UNSUPPORTED_MEDIA_TYPE"),
    "no boundary named": (WHOLE, {"Content-Type": "multipart/form-data"}, "BAD_REQUEST"),
    "empty": (b"", HEADERS, "BAD_REQUEST"),
    "only an end": (END, HEADERS, "BAD_REQUEST"),
    "no boundary": (b"no boundary at all", HEADERS, "BAD_REQUEST"),
    "no end": (part(an_image()), HEADERS, "BAD_REQUEST"),
    "cut off": (part(an_image())[:100], HEADERS, "BAD_REQUEST"),
    "other field": (part(an_image(), 'form-data; name="other"') + END, HEADERS, "BAD_REQUEST"),
    "no field": (part(an_image(), "form-data") + END, HEADERS, "BAD_REQUEST"),
    "two files": (part(an_image()) * 2 + END, HEADERS, "BAD_REQUEST"),
    "long charset": (part(b"x" * 100, 'form-data; name="_charset_"') + WHOLE, HEADERS, "BAD_REQUEST"),
    "a form": (part(b"", more="Content-Type: multipart/mixed; boundary=b\r\n") + END, HEADERS, "BAD_REQUEST"),
    "many headers": (part(an_image(), more="X: y\r\n" * 1000) + END, HEADERS, "BAD_REQUEST"),
    "long header": (part(an_image(), more=f"X: {'y' * 20_000}\r\n") + END, HEADERS, "BAD_REQUEST"),
    "a byte too many": (part(bytes(UPLOAD_BYTES + 1)) + END, HEADERS, "TOO_LARGE"),
    "10 MiB": (part(bytes(10 * 2**20)) + END, HEADERS, "TOO_LARGE"),
}


async def test_neither_name_nor_claimed_type_counts(gallery: Gallery) -> None:
    """An image is kept as what it is, under a name of ours; no other file appears anywhere in the folder."""
    player, channel = await a_place(gallery)
    expected = {"secret.key"}
    for name in NAMES:
        answer = await gallery.upload(player, channel, an_image(), name=name, kind="text/html")
        assert (answer.status, answer.data["contentType"]) == (201, "image/png"), name
        expected.add(answer.data["id"])
    files = [path for path in gallery.core.settings.var_dir.rglob("*") if path.is_file()]
    assert {path.name for path in files if "maoga.db" not in path.name} == expected


async def test_what_is_no_image_is_refused_with_the_reason(gallery: Gallery) -> None:
    player, channel = await a_place(gallery)
    for what, (data, reason) in NO_IMAGES.items():
        answer = await gallery.upload(player, channel, data)
        assert (answer.status, answer.code, answer.error["details"]) == (422, "IMAGE_REFUSED", {"reason": reason}), what
    assert await kept(gallery) == 0


async def test_a_form_that_is_none_is_refused(gallery: Gallery) -> None:
    """And the next one is taken."""
    player, channel = await a_place(gallery)
    path = f"chats/{channel}/media"
    for what, (body, headers, code) in NO_FORMS.items():
        answer = await gallery.call(player, "POST", path, data=BytesIO(body), headers=headers)
        assert answer.code == code, what
    assert await kept(gallery) == 0
    assert (await gallery.call(player, "POST", path, data=WHOLE, headers=HEADERS)).status == 201


async def test_a_body_without_an_end_is_cut_off_at_the_limit(gallery: Gallery) -> None:
    """Sent in chunks, it does not say how long it will be; no more of it is read than an image may have."""
    player, channel = await a_place(gallery)
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        yield part(b"")[:-2]
        while sent < 100 * 2**20:
            sent += 65_536
            yield bytes(65_536)

    answer = await gallery.call(player, "POST", f"chats/{channel}/media", data=endless(), headers=HEADERS)
    assert (answer.status, answer.code) == (413, "TOO_LARGE")
    assert sent < 100 * 2**20


async def test_a_body_that_trickles_is_given_up(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a while, with an answer; its turn is free again."""
    monkeypatch.setattr(rest.upload, "READ_TIMEOUT_S", 0.3)
    player, channel = await a_place(gallery)

    async def trickle() -> Any:
        yield part(b"")[:-2]
        while True:
            yield b"x"
            await asyncio.sleep(0.05)

    answer = await gallery.call(player, "POST", f"chats/{channel}/media", data=trickle(), headers=HEADERS)
    assert (answer.status, answer.code) == (400, "BAD_REQUEST")
    assert not gallery.core.chats.media.uploads


async def test_one_player_cannot_take_all_the_turns(gallery: Gallery) -> None:
    """Two uploads of one player at a time, so that slow bodies keep nobody else from uploading."""
    ada, bob = await gallery.player(), await gallery.player()
    channel = await gallery.channel(ada, bob)
    release = asyncio.Event()

    async def held() -> Any:
        yield part(b"")[:-2]
        await release.wait()
        yield an_image() + b"\r\n" + END

    slow = [
        asyncio.create_task(gallery.call(ada, "POST", f"chats/{channel}/media", data=held(), headers=HEADERS))
        for _ in range(2)
    ]
    await eventually(lambda: len(gallery.core.chats.media.uploads) == 2)
    third = await gallery.upload(ada, channel, an_image())
    assert (third.code, third.error["details"]["retryInMs"]) == ("RATE_LIMITED", 1000)
    assert (await gallery.upload(bob, channel, an_image())).status == 201
    release.set()
    assert [answer.status for answer in await asyncio.gather(*slow)] == [201, 201]


async def test_who_goes_away_in_the_middle_leaves_nothing(gallery: Gallery) -> None:
    player, channel = await a_place(gallery)
    host, _, port = gallery.url.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST /api/v1/chats/{channel}/media HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {player.token}\r\n"
        f"Content-Type: {HEADERS['Content-Type']}\r\nContent-Length: 100000\r\n\r\n"
    )
    writer.write(head.encode() + part(an_image())[:80])
    await eventually(lambda: len(gallery.core.chats.media.uploads) == 1)
    writer.transport.abort()
    await eventually(lambda: len(gallery.core.chats.media.uploads) == 0)
    assert await kept(gallery) == 0


async def test_a_stranger_is_refused_before_the_body_is_read(gallery: Gallery) -> None:
    """The answer comes though not a byte of the file has been sent."""
    eve = await gallery.player()
    channel = await gallery.channel()
    host, _, port = gallery.url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        (
            f"POST /api/v1/chats/{channel}/media HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {eve.token}\r\n"
            f"Content-Type: {HEADERS['Content-Type']}\r\nContent-Length: 4000000\r\n\r\n"
        ).encode()
    )
    assert b"404" in await asyncio.wait_for(reader.readline(), 10)
    writer.close()


async def test_a_player_uploads_so_many_images_a_day(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain.chat.media, "UPLOADS_A_DAY", 2)
    player, channel = await a_place(gallery)
    answers = [await gallery.upload(player, channel, an_image()) for _ in range(3)]
    assert [answer.status for answer in answers] == [201, 201, 409]
    assert (answers[2].code, answers[2].error["details"]) == ("MEDIA_LIMIT", {"limit": 2})


async def test_nobody_uploads_to_a_closed_channel(gallery: Gallery) -> None:
    player = await gallery.player()
    channel = await gallery.channel(player, closed_at=gallery.core.clock.now())
    assert (await gallery.upload(player, channel, an_image())).code == "CHANNEL_CLOSED"


async def test_no_path_leads_out_of_the_folder(gallery: Gallery) -> None:
    player = await gallery.player()
    for id in ("..", "%2e%2e", "..%2f..%2fsecret.key", "x" * 65, "no-such-image"):
        assert (await gallery.call(player, "GET", f"media/{id}")).status == 404


async def test_drawing_costs_another_process(gallery: Gallery) -> None:
    """This one, which holds the sockets, spends less on a large image than its child does."""
    player, channel = await a_place(gallery)
    large = an_image("PNG", (2500, 2500))
    here, there = time.process_time(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    assert (await gallery.upload(player, channel, large)).status == 201
    spent = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - there
    assert time.process_time() - here < spent
