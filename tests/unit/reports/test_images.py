"""Images as evidence: for moderators they outlive their messages, and not for ever."""

from pathlib import Path

import pytest

from domain.chat.commands import Send, ToMessage
from domain.chat.media import MEDIA
from domain.core.errors import NotFound
from domain.core.ids import MediaId, UserId
from domain.core.paging import PageQuery
from domain.privacy.departures import ERASURE_JOB
from domain.reports.cases import Cases
from domain.reports.commands import CaseQuery, ResolveCase
from domain.reports.images import HeldImages
from domain.reports.model import REPORTS
from maoga.bootstrap import Core
from maoga.process import report as to_log
from storage.media.folder import FolderStore
from tests.support.clock import ManualClock
from tests.support.images import an_image
from tests.support.invariants import everything
from tests.support.staff import run_jobs, staff
from tests.unit.chat.conftest import a_group, friends
from tests.unit.reports.test_reports import report

DAY_S = 86_400.0


async def shown(core: Core, sender: UserId, *others: UserId) -> tuple[MediaId, ToMessage]:
    """An image of that player's in a group, and its message."""

    async def read(most: int) -> bytes:
        return an_image()

    channel = await a_group(core, [sender, *others])
    image = (await core.chats.media.upload(sender, channel, read, address="192.0.2.1")).id
    said = Send.parse({"channelId": channel, "clientMessageId": "1", "contentType": "image", "mediaId": image})
    message = await core.chat.send(sender, said)
    return image, ToMessage(message_id=message.id)


async def collect_for_days(core: Core, clock: ManualClock, days: int) -> None:
    """Does the jobs and collects what is due, day by day."""
    for _ in range(days):
        clock.advance(DAY_S + 1)
        await run_jobs(core)
        await core.chats.media.collect(to_log)


async def is_stored(core: Core, image: MediaId) -> bool:
    return await core.database.collection(MEDIA).get(image) is not None


async def resolve(core: Core, cases: Cases) -> None:
    (case,) = (await cases.queue(CaseQuery())).items
    await cases.resolve(await staff(core, "admin"), case.id, ResolveCase(action="none", reason="seen"))


@pytest.mark.parametrize("named", ["mediaId", "messageId"])
async def test_a_reported_image_is_there_for_moderators_until_a_month_after_the_case(
    core: Core, clock: ManualClock, named: str
) -> None:
    bob, ann = await friends(core, 2)
    image, message = await shown(core, bob, ann)
    moderator, cases = await staff(core, "moderator"), core.moderation.cases
    with pytest.raises(NotFound):
        await cases.image(moderator, image)
    _, data = await core.chats.media.open(ann, image)
    await report(core, ann, bob, evidence=[{named: image if named == "mediaId" else message.message_id}])
    await core.chats.messages.delete(bob, message)
    await collect_for_days(core, clock, 40)
    with pytest.raises(NotFound):
        await core.chats.media.open(ann, image)
    assert (await cases.image(moderator, image))[1] == data
    await resolve(core, cases)
    await collect_for_days(core, clock, 29)
    assert (await cases.image(moderator, image))[1] == data
    await collect_for_days(core, clock, 3)
    with pytest.raises(NotFound):
        await cases.image(moderator, image)
    assert not await is_stored(core, image)


async def test_an_image_that_is_still_shown_stays_when_its_case_lets_it_go(core: Core, clock: ManualClock) -> None:
    bob, ann = await friends(core, 2)
    image, _ = await shown(core, bob, ann)
    await report(core, ann, bob, evidence=[{"mediaId": image}])
    await resolve(core, core.moderation.cases)
    await collect_for_days(core, clock, 32)
    await core.chats.media.open(ann, image)
    with pytest.raises(NotFound):
        await core.moderation.cases.image(await staff(core, "moderator"), image)


async def test_nobody_looks_at_the_evidence_against_themselves(core: Core) -> None:
    bob, ann = await friends(core, 2)
    image, _ = await shown(core, bob, ann)
    moderator = await staff(core, "moderator")
    assert moderator.id
    await report(core, ann, UserId(moderator.id), evidence=[{"mediaId": image}])
    with pytest.raises(NotFound):
        await core.moderation.cases.image(moderator, image)
    await core.moderation.cases.image(await staff(core, "admin"), image)


async def erase(core: Core, clock: ManualClock, user: UserId) -> None:
    """Deletes an account, and lets its days of grace pass."""
    await core.people.departures.delete(user)
    clock.advance(31 * DAY_S)
    await core.database.commit(core.jobs.new(ERASURE_JOB, {}))
    await run_jobs(core)


async def test_an_image_goes_with_whose_it_was_though_it_is_held_for_anothers_case(
    core: Core, clock: ManualClock
) -> None:
    bob, ann, dan = await friends(core, 3)
    image, message = await shown(core, bob, ann, dan)
    await report(core, ann, dan, evidence=[{"mediaId": image}])
    await core.chats.messages.delete(bob, message)
    await erase(core, clock, bob)
    await collect_for_days(core, clock, 2)
    assert not await is_stored(core, image)


async def test_with_an_account_go_the_images_of_all_its_cases(
    core: Core, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.reports.images.AT_ONCE", 1)  # two cases are two pages
    bob, ann = await friends(core, 2)
    admin, cases = await staff(core, "admin"), core.moderation.cases
    for _ in range(2):
        image, _message = await shown(core, ann, bob)
        await report(core, ann, bob, evidence=[{"mediaId": image}])
        (case,) = (await cases.queue(CaseQuery())).items
        await cases.resolve(admin, case.id, ResolveCase(action="none", reason="seen"))
    held = [media.held_for for media in await everything(core.database, MEDIA)]
    assert len(held) == 2 and all(held)
    await HeldImages(core.database, FolderStore(tmp_path)).forget(bob)
    assert [media.held_for for media in await everything(core.database, MEDIA)] == [(), ()]


@pytest.mark.parametrize("mine", [True, False])
async def test_with_an_account_goes_what_was_said_and_held_of_it(core: Core, clock: ManualClock, mine: bool) -> None:
    """Whoever had shown the image; and its reporter still sees that they have reported somebody."""
    bob, ann = await friends(core, 2)
    image, message = await shown(core, bob if mine else ann, ann if mine else bob)
    told = await report(core, ann, bob, description="bob is vile", evidence=[{"mediaId": image}])
    await core.chats.messages.delete(bob if mine else ann, message)
    await erase(core, clock, bob)
    await collect_for_days(core, clock, 2)
    assert not await is_stored(core, image)
    (seen,) = (await core.moderation.reports.mine(ann, PageQuery())).items
    assert seen.wire() == {
        **{"id": told.id, "reason": told.reason, "evidence": 0, "status": "resolved"},
        "createdAt": told.wire()["createdAt"],
    }
    (kept,) = await everything(core.database, REPORTS)
    assert bob not in kept.model_dump_json()
    await erase(core, clock, ann)
    assert await everything(core.database, REPORTS) == [], "of nobody, by nobody"
