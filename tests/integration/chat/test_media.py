"""Images on their way: uploaded, drawn anew, seen by the members of their channel, and gone when nobody shows them."""

import asyncio
from datetime import timedelta
from io import BytesIO

import pytest
from PIL import Image

from domain.chat.events import chat_stream
from domain.chat.media import MEDIA, MediaUsed
from domain.chat.model import CHANNELS
from domain.core.errors import NotFound
from domain.core.events import REPUBLISH_AFTER_S
from domain.core.ids import ChannelId, MediaId, MessageId
from maoga.core import Core
from maoga.process import report
from tests.integration.chat.conftest import Two
from tests.integration.chat.gallery import Gallery, Player
from tests.support.dying import dying_before_it_publishes
from tests.support.images import GPS_TEXT, a_photo, an_animation, an_image
from tests.support.told import told
from tests.support.wait import eventually


async def show(core: Core, media_id: str, channel: ChannelId, player: Player, message: str = "message-1") -> None:
    """Lets a message show the image."""
    claim = await core.chats.media.claim(media_id, MessageId(message), channel_id=channel, sender=player.id)
    await core.database.commit(claim.write)


async def age(core: Core, media_id: str) -> None:
    """Makes a day pass for an image that no message shows."""
    past = core.clock.now() - timedelta(seconds=1)
    assert await core.database.collection(MEDIA).update(media_id, {"$set": {"due_at": past}}, expect=None)


def files(gallery: Gallery) -> set[str]:
    """The names of the files that are kept."""
    return {file.name for file in gallery.core.settings.images_path.rglob("*") if file.is_file()}


async def test_an_image_reaches_the_other_member_without_what_tells_of_its_maker(gallery: Gallery) -> None:
    ada, bob = await gallery.player(), await gallery.player()
    channel = await gallery.channel(ada, bob)
    answer = await gallery.upload(ada, channel, a_photo(orientation=6), name="home.jpg", kind="image/jpeg")
    assert answer.status == 201
    assert {key: answer.data[key] for key in ("contentType", "width", "height", "review")} == {
        "contentType": "image/jpeg",
        "width": 40,
        "height": 60,
        "review": "approved",
    }
    await show(gallery.core, answer.data["id"], channel, ada)
    seen = await gallery.call(bob, "GET", answer.data["url"])
    assert (seen.status, len(seen.body)) == (200, answer.data["size"])
    assert GPS_TEXT not in seen.body
    assert not Image.open(BytesIO(seen.body)).getexif()
    kept = gallery.core.settings.images_path / answer.data["id"][-2:] / answer.data["id"]
    assert kept.read_bytes() == seen.body


async def test_the_headers_let_nothing_in_an_image_run(gallery: Gallery) -> None:
    """It is what it is said to be, in a sandbox without rights, and only its reader's own cache keeps it."""
    ada = await gallery.player()
    uploaded = (await gallery.upload(ada, await gallery.channel(ada), an_image())).data
    headers = (await gallery.call(ada, "GET", uploaded["url"])).headers
    assert {name: headers[name] for name in ("Content-Type", "X-Content-Type-Options", "X-Frame-Options")} == {
        "Content-Type": "image/png",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
    assert {"sandbox", "default-src 'none'"} <= {part.strip() for part in headers["Content-Security-Policy"].split(";")}
    assert headers["Cache-Control"] == "private, max-age=86400, immutable"


async def test_only_members_see_an_image_and_only_its_uploader_before_a_message_shows_it(gallery: Gallery) -> None:
    ada, bob, eve = [await gallery.player() for _ in range(3)]
    channel, other = await gallery.channel(ada, bob), await gallery.channel(eve)
    url = (await gallery.upload(ada, channel, an_image())).data["url"]

    async def statuses() -> list[int]:
        return [
            (await gallery.call(who, "GET", url + end)).status for who in (ada, bob, eve) for end in ("", "/thumbnail")
        ]

    assert await statuses() == [200, 200, 404, 404, 404, 404]
    await show(gallery.core, url.rpartition("/")[2], channel, ada)
    assert await statuses() == [200, 200, 200, 200, 404, 404]
    assert (await gallery.upload(eve, channel, an_image())).code == "NOT_FOUND"
    assert (await gallery.upload(eve, ChannelId("nowhere"), an_image())).code == "NOT_FOUND"
    assert (await gallery.upload(eve, other, an_image())).status == 201
    async with gallery.client.get(gallery.url + url) as response:
        assert response.status == 401


async def test_a_former_member_sees_images_no_more(gallery: Gallery) -> None:
    ada, bob = await gallery.player(), await gallery.player()
    channel = await gallery.channel(ada, bob)
    url = (await gallery.upload(ada, channel, an_image())).data["url"]
    await show(gallery.core, url.rpartition("/")[2], channel, ada)
    assert (await gallery.call(bob, "GET", url)).status == 200
    await gallery.core.database.collection(CHANNELS).update(channel, {"$pull": {"member_ids": bob.id}})
    assert (await gallery.call(bob, "GET", url)).status == 404


async def test_an_image_is_its_uploaders_in_its_channel_and_one_message_shows_it(gallery: Gallery) -> None:
    """Not another's, not elsewhere, not twice; of two messages at once one gets it."""
    ada, bob = await gallery.player(), await gallery.player()
    channel, other = await gallery.channel(ada, bob), await gallery.channel(ada, bob)
    media = (await gallery.upload(ada, channel, an_image())).data["id"]
    for wrong in ((channel, bob), (other, ada)):
        with pytest.raises(NotFound):
            await show(gallery.core, media, *wrong)
    with pytest.raises(NotFound):
        await show(gallery.core, "no-such-image", channel, ada)
    claims = [
        await gallery.core.chats.media.claim(media, MessageId(f"m{n}"), channel_id=channel, sender=ada.id)
        for n in range(5)
    ]
    outcomes = await asyncio.gather(
        *(gallery.core.database.commit(claimed.write) for claimed in claims), return_exceptions=True
    )
    assert outcomes.count(None) == 1
    with pytest.raises(MediaUsed):
        await show(gallery.core, media, channel, ada, "another")


async def test_a_job_makes_the_thumbnail_and_until_then_there_is_the_whole(gallery: Gallery) -> None:
    ada = await gallery.player()
    channel = await gallery.channel(ada)
    uploaded = (await gallery.upload(ada, channel, an_image("JPEG", (1200, 600)))).data
    before = await gallery.call(ada, "GET", uploaded["thumbnailUrl"])
    assert (len(before.body), before.headers["Cache-Control"]) == (uploaded["size"], "private, no-cache")
    await gallery.work()
    after = await gallery.call(ada, "GET", uploaded["thumbnailUrl"])
    assert Image.open(BytesIO(after.body)).size == (320, 160)
    assert after.headers["Cache-Control"].startswith("private")
    assert after.headers["ETag"] != before.headers["ETag"]
    await gallery.core.chats.media.make_thumbnail(MediaId(uploaded["id"]))  # again, as after a crash
    assert files(gallery) == {uploaded["id"], f"{uploaded['id']}-thumbnail"}


async def test_an_animation_is_shown_by_its_first_frame(gallery: Gallery) -> None:
    ada = await gallery.player()
    answer = await gallery.upload(ada, await gallery.channel(ada), an_animation(), name="x.gif", kind="image/gif")
    assert (answer.status, answer.data["contentType"]) == (201, "image/png")


async def test_an_image_that_no_message_shows_goes_after_a_day_with_its_files(gallery: Gallery) -> None:
    ada = await gallery.player()
    channel = await gallery.channel(ada)
    shown, orphan = [(await gallery.upload(ada, channel, an_image())).data["id"] for _ in range(2)]
    await gallery.work()
    await gallery.core.chats.media.collect(report)
    assert {shown, orphan} < files(gallery)
    await age(gallery.core, orphan)
    await show(gallery.core, shown, channel, ada)
    await gallery.core.chats.media.collect(report)
    assert files(gallery) == {shown, f"{shown}-thumbnail"}
    assert await gallery.core.database.collection(MEDIA).get(orphan) is None
    assert (await gallery.call(ada, "GET", f"media/{shown}")).status == 200


async def test_an_image_that_is_removed_is_gone_at_once_and_its_files_soon(gallery: Gallery) -> None:
    ada = await gallery.player()
    channel = await gallery.channel(ada)
    media = (await gallery.upload(ada, channel, an_image())).data["id"]
    await show(gallery.core, media, channel, ada)
    await gallery.core.chats.media.remove(media)
    assert (await gallery.call(ada, "GET", f"media/{media}")).status == 404
    await gallery.work()  # its thumbnail was to be made yet
    await gallery.core.chats.media.collect(report)
    assert files(gallery) == set()


async def test_what_a_message_takes_in_the_moment_of_its_removal_stays_or_goes_whole(gallery: Gallery) -> None:
    """The claim or the removal wins; a message that got its image keeps the files."""
    ada = await gallery.player()
    channel = await gallery.channel(ada)
    for _ in range(5):
        media = (await gallery.upload(ada, channel, an_image())).data["id"]
        await age(gallery.core, media)
        claim = await gallery.core.chats.media.claim(media, MessageId("m"), channel_id=channel, sender=ada.id)
        refused, collected = await asyncio.gather(
            gallery.core.database.commit(claim.write), gallery.core.chats.media.collect(report), return_exceptions=True
        )
        assert (media in files(gallery)) == (refused is None)
        assert collected is None


async def test_where_images_are_reviewed_others_wait_for_the_moderator(gallery: Gallery) -> None:
    """The moderators of the channel and of the server see what they are to review; what they reject is gone."""
    ada, bob, host, eve = [await gallery.player() for _ in range(4)]
    channel = await gallery.channel(ada, bob, host, owner_id=host.id)
    media = (await gallery.upload(ada, channel, an_image())).data["id"]
    await show(gallery.core, media, channel, ada)
    await gallery.core.database.collection(MEDIA).update(media, {"$set": {"review": "pending"}})
    opened, _ = await gallery.core.chats.media.open(eve.id, MediaId(media), role="moderator")
    assert opened.id == media

    async def statuses() -> list[int]:
        return [(await gallery.call(who, "GET", f"media/{media}")).status for who in (ada, bob, host, eve)]

    assert (await gallery.call(bob, "GET", f"media/{media}")).code == "MEDIA_PENDING"
    assert await statuses() == [200, 409, 200, 404]
    await gallery.core.chats.media.review(MediaId(media), approved=True)
    assert await statuses() == [200, 200, 200, 404]
    with pytest.raises(NotFound):
        await gallery.core.chats.media.open(eve.id, MediaId(media), role="moderator")
    await gallery.core.chats.media.review(MediaId(media), approved=False)
    assert await statuses() == [404, 404, 404, 404]


async def test_an_upload_that_breaks_off_leaves_nothing_for_long(gallery: Gallery) -> None:
    """The folder is away, or the process dies before it has written: what there is of it goes after a day."""
    ada = await gallery.player()
    channel = await gallery.channel(ada)
    folder = gallery.core.settings.images_path
    folder.write_text("in the way")
    assert (await gallery.upload(ada, channel, an_image())).code == "UNAVAILABLE"
    folder.unlink()
    (left,) = await gallery.core.database.collection(MEDIA).find({}, limit=10)
    assert (await gallery.call(ada, "GET", f"media/{left.id}")).status == 404
    gallery.clock.advance(86_401)
    await gallery.core.chats.media.collect(report)
    assert await gallery.core.database.collection(MEDIA).count({}) == 0


async def test_two_instances_share_what_either_has_taken(two: Two) -> None:
    """Uploaded here, shown there, its thumbnail made by whoever works, and collected by either."""
    here, there = two
    ada, bob = await here.player(), await there.player()
    channel = await here.channel(ada, bob)
    uploads = await asyncio.gather(*(two[n % 2].upload(ada, channel, an_image()) for n in range(4)))
    assert [answer.status for answer in uploads] == [201] * 4
    media = [answer.data["id"] for answer in uploads]
    await show(there.core, media[0], channel, ada)
    await there.work()
    await here.work()
    assert (await there.call(bob, "GET", f"media/{media[0]}/thumbnail")).headers["Cache-Control"].startswith("private")
    for orphan in media[1:]:
        await age(here.core, orphan)
    await asyncio.gather(*(one.core.chats.media.collect(report) for one in two))
    assert await eventually(lambda: files(here) == {media[0], f"{media[0]}-thumbnail"})


async def test_a_review_whose_process_died_is_told_by_the_sweep(gallery: Gallery) -> None:
    """Once, to the channel; and the review stands."""
    core, ada = gallery.core, await gallery.player()
    channel = await gallery.channel(ada)
    media = MediaId((await gallery.upload(ada, channel, an_image())).data["id"])
    with dying_before_it_publishes(core):
        await core.chats.media.review(media, approved=False)
    assert await told(core, chat_stream(channel)) == []
    gallery.clock.advance(REPUBLISH_AFTER_S + 1)
    for _ in range(2):
        await core.recovery.sweep()
    said = {"channelId": channel, "mediaId": media, "review": "rejected"}
    assert await told(core, chat_stream(channel)) == [("media_reviewed", said)]
    assert (await core.chats.media.find(media)).unpublished_at is None
