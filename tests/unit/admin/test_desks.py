"""What operators see, and where they step in."""

import csv
import io
import json

import pytest
from pydantic import ValidationError

from domain.admin.broadcasts import SendBroadcast
from domain.admin.jobs import JobQuery
from domain.admin.lobbies import CloseLobby, LobbyQuery
from domain.admin.spreadsheets import BOM
from domain.admin.switches import SetMaintenance, SetQueue
from domain.admin.users import UserExport, UserQuery
from domain.audit.log import AuditQuery
from domain.core.errors import NotFound
from domain.core.ids import GameId
from domain.core.listing import ListQuery
from domain.flags.flags import Maintenance, QueueDisabled
from domain.jobs.model import JOBS
from domain.lobbies.events import lobby_stream
from domain.lobbies.rules import LobbyOver
from maoga.bootstrap import Core
from tests.integration.matchmaking.test_main_job import DUEL
from tests.support.builders import criteria
from tests.support.clock import ManualClock
from tests.support.cores import players
from tests.support.lobbies import enter, opened, told
from tests.support.staff import audited, run_jobs, staff


async def test_accounts_are_found_by_how_their_name_or_address_begins(core: Core) -> None:
    await players(core, 3)
    await core.users.create(username="Zoë", display_name="Zoë", email="zoe@example.test")
    find = core.desks.accounts.list
    assert [user.username for user in (await find(UserQuery(query="PLAYER-"))).items] == [
        *("player-2", "player-1", "player-0")
    ]
    for query in ("zo", "ZOË", "zoe@"):
        assert [user.username for user in (await find(UserQuery(query=query))).items] == ["Zoë"]
    assert (await find(UserQuery(role="admin"))).items == []


async def test_a_list_is_paged_by_cursor_and_by_number_alike(core: Core) -> None:
    await players(core, 5)
    by_number = [
        user for page in (1, 2, 3) for user in (await core.desks.accounts.list(UserQuery(limit=2, page=page))).items
    ]
    by_cursor, cursor = [], None
    while True:
        listed = await core.desks.accounts.list(UserQuery(limit=2, cursor=cursor))
        by_cursor += listed.items
        cursor = listed.next_cursor
        if cursor is None:
            break
    assert by_number == by_cursor
    assert [user.username for user in by_number] == [f"player-{n}" for n in (4, 3, 2, 1, 0)]
    assert (await core.desks.accounts.list(UserQuery(limit=2, page=1))).total == 5


async def test_the_detail_of_an_account_says_where_its_player_is(core: Core) -> None:
    (ann,) = await players(core, 1)
    lobby = await opened(core, ann)
    detail = await core.desks.accounts.detail(ann)
    assert (detail.account.username, detail.lobby_id, detail.connections) == ("player-0", lobby.id, 0)
    assert "password" not in detail.wire_json().decode().lower()


@pytest.mark.parametrize("kind", ["ndjson", "csv"])
async def test_the_export_has_everybody_and_is_on_record(
    core: Core, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.admin.users.EXPORT_PAGE", 2)
    admin = await staff(core, "admin")
    await players(core, 4)
    await core.users.create(username="mallory", display_name="=HYPERLINK(1)")
    await core.users.create(username="eve", display_name="\uff1dHYPERLINK(1)")
    command = UserExport.parse({"format": kind})
    sent = b"".join([part async for part in await core.desks.accounts.export(admin, command)])
    assert sent.startswith(BOM) == (kind == "csv")
    text = sent.decode("utf-8-sig")
    if kind == "csv":
        rows = list(csv.DictReader(io.StringIO(text)))
        assert {row["karma"] for row in rows} == {"0"}
        assert [row["displayName"] for row in rows[-2:]] == ["'=HYPERLINK(1)", "'\uff1dHYPERLINK(1)"]
    else:
        rows = [json.loads(line) for line in text.splitlines()]
        assert rows[-2]["displayName"] == "=HYPERLINK(1)"
    assert [row["username"] for row in rows] == ["a-admin", *(f"player-{n}" for n in range(4)), "mallory", "eve"]
    (entry,) = await audited(core, "users.exported")
    assert (entry.actor_id, entry.after) == (admin.id, {"format": kind})


async def test_a_lobby_is_seen_from_inside_and_closed(core: Core) -> None:
    admin, (host, other) = await staff(core, "admin"), await players(core, 2)
    lobby = await opened(core, host)
    await enter(core, other, lobby)
    assert [one.id for one in (await core.desks.lobbies.list(LobbyQuery(status="forming"))).items] == [lobby.id]
    inside = await core.desks.lobbies.inside(lobby.id)
    assert [entry.what for entry in inside.trail] == [("lobby_created",), ("member_joined",)]
    assert inside.lobby.settings.join_code is None
    closed = await core.desks.lobbies.close(admin, lobby.id, CloseLobby(reason="a test"))
    assert (closed.status, closed.close_reason) == ("closed", "moderated")
    assert dict(await told(core, lobby_stream(lobby.id)))["lobby_closed"]["reason"] == "moderated"
    assert await core.lobbies.seat_of(host) is None
    (entry,) = await audited(core, "lobby.closed")
    assert (entry.actor_id, entry.target, entry.reason) == (admin.id, f"lobby:{lobby.id}", "a test")
    with pytest.raises(LobbyOver):
        await core.desks.lobbies.close(admin, lobby.id, CloseLobby(reason="again"))
    assert len(await audited(core, "lobby.closed")) == 1


async def test_queues_say_how_many_wait_and_what_keeps_them(core: Core) -> None:
    ann, bob = await players(core, 2)
    for user, region in ((ann, "EU"), (bob, "NA")):
        wish = criteria("valorant", "casual", regions=[region], regionPreference="strict", skillPreference="any")
        await core.matchmaking.enqueue(user, wish)
    await core.tick.run()
    await core.tick.run()
    (queue,) = await core.desks.queues.list()
    assert (queue.game_id, queue.mode, queue.waiting, queue.enabled) == ("valorant", "casual", 2, True)
    assert queue.blockers["region"] == 1.0
    assert queue.wait_p50_ms is None


async def test_a_closed_queue_takes_nobody_until_it_is_opened(core: Core, clock: ManualClock) -> None:
    admin, (ann,) = await staff(core, "admin"), await players(core, 1)
    game = GameId("rocket-league")
    await core.desks.switches.set_queue(admin, game, SetQueue(mode="casual", enabled=False, message="New season soon."))
    with pytest.raises(QueueDisabled) as refused:
        await core.matchmaking.enqueue(ann, DUEL)
    assert refused.value.message == "New season soon."
    assert refused.value.details == {"gameId": game, "mode": "casual", "retryInMs": 60_000}
    assert [(queue.mode, queue.enabled) for queue in await core.desks.queues.list()] == [("casual", False)]
    await core.desks.switches.set_queue(admin, game, SetQueue(mode="casual", enabled=True))
    clock.advance(0.5)
    assert (await core.matchmaking.enqueue(ann, DUEL)).status == "queued"
    assert [(entry.before, entry.after) for entry in await audited(core, "flag.set")] == [
        ({"on": False}, {"on": True, "message": "New season soon.", "retryInMs": 60_000}),
        ({"on": True, "message": "New season soon.", "retryInMs": 60_000}, {"on": False}),
    ]


async def test_a_queue_that_no_game_has_cannot_be_closed(core: Core) -> None:
    admin = await staff(core, "admin")
    for game in ("no-such-game", "rocket-league"):
        with pytest.raises(NotFound):
            await core.desks.switches.set_queue(admin, GameId(game), SetQueue(mode="custom", enabled=False))


async def test_maintenance_is_heeded_within_half_a_second(core: Core, clock: ManualClock) -> None:
    admin = await staff(core, "admin")
    await core.flags.check_maintenance()
    await core.desks.switches.set_maintenance(admin, SetMaintenance(enabled=True, retry_in_ms=5000))
    clock.advance(0.5)
    with pytest.raises(Maintenance) as refused:
        await core.flags.check_maintenance()
    assert refused.value.details == {"retryInMs": 5000}
    changed = await core.desks.switches.set_maintenance(admin, SetMaintenance(enabled=True, message="soon"))
    assert [(flag.id, flag.message) for flag in changed] == [("maintenance", "soon")]
    assert await core.desks.switches.set_maintenance(admin, SetMaintenance(enabled=False)) == []
    clock.advance(0.5)
    await core.flags.check_maintenance()


async def test_a_dead_job_is_seen_and_put_back(core: Core) -> None:
    admin = await staff(core, "admin")
    job = core.jobs.new("broadcast", {"id": "b", "title": "t", "body": "secret"}).document
    await core.database.collection(JOBS).insert(job.changed(status="dead", error="boom"))
    (dead,) = (await core.desks.jobs.list(JobQuery(status="dead"))).items
    assert dead.id == job.id
    assert "secret" not in (await core.desks.jobs.get(job.id)).wire_json().decode()
    assert (await core.desks.jobs.requeue(admin, job.id)).status == "waiting"
    with pytest.raises(NotFound):
        await core.desks.jobs.requeue(admin, job.id)
    assert [entry.target for entry in await audited(core, "job.requeued")] == [f"job:{job.id}"]
    await run_jobs(core)
    assert (await core.desks.jobs.get(job.id)).status == "done"


async def test_a_broadcast_is_on_record_and_on_its_way_in_one_commit(core: Core) -> None:
    admin = await staff(core, "admin")
    sent = await core.desks.broadcasts.send(admin, SendBroadcast(title="Soon", body="We restart at noon."))
    (entry,) = await audited(core, "broadcast.sent")
    assert (entry.target, entry.after) == (f"broadcast:{sent.id}", {"title": "Soon", "body": "We restart at noon."})
    (job,) = (await core.desks.jobs.list(JobQuery(kind="broadcast"))).items
    assert job.payload["id"] == sent.id


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_that_no_calendar_has_is_refused(moment: str) -> None:
    with pytest.raises(ValidationError):
        AuditQuery.model_validate_strings({"since": moment})


async def test_the_audit_log_is_found_by_who_what_whom_and_when(core: Core, clock: ManualClock) -> None:
    one, two = await staff(core, "admin", "one"), await staff(core, "admin", "two")
    before = clock.now()
    await core.desks.switches.set_maintenance(one, SetMaintenance(enabled=True))
    clock.advance(60)
    await core.desks.broadcasts.send(two, SendBroadcast(title="t", body="b"))
    find = core.desks.audit.list
    assert [entry.action for entry in (await find(AuditQuery())).items] == ["broadcast.sent", "flag.set"]
    assert [entry.actor_id for entry in (await find(AuditQuery(action="flag.set"))).items] == [one.id]
    assert [entry.action for entry in (await find(AuditQuery(actor_id=two.id))).items] == ["broadcast.sent"]
    assert [entry.action for entry in (await find(AuditQuery(target="flag:maintenance"))).items] == ["flag.set"]
    assert [entry.action for entry in (await find(AuditQuery(since=clock.now()))).items] == ["broadcast.sent"]
    assert [entry.action for entry in (await find(AuditQuery(since=before, until=clock.now()))).items] == ["flag.set"]


def test_a_page_number_and_a_limit_are_bounded() -> None:
    assert ListQuery(page=100, limit=100).page == 100
    with pytest.raises(ValueError, match="page"):
        ListQuery(page=101)
