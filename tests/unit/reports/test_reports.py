"""Reports, the cases they make up, and how these end."""

import asyncio
from typing import Any

import pytest

from domain.audit.model import AUDIT
from domain.chat.commands import Edit, ToMessage
from domain.core.errors import NotFound, RateLimited, ValidationFailed
from domain.core.events import user_stream
from domain.core.ids import UserId
from domain.core.paging import PageQuery
from domain.reports import reports
from domain.reports.cases import CaseResolved, OwnCase
from domain.reports.commands import AddNote, AssignCase, CaseQuery, ResolveCase, SubmitReport
from domain.reports.model import CASES, REPORTS, SANCTIONS, Reason
from domain.reports.priority import priority
from domain.reports.views import MyReport
from domain.users.model import USERS
from maoga.bootstrap import Core
from tests.integration.matchmaking.test_main_job import proposed
from tests.support.clock import ManualClock
from tests.support.cores import players
from tests.support.invariants import everything
from tests.support.lobbies import enter, opened, told
from tests.support.staff import audited, run_jobs, staff
from tests.unit.chat.conftest import a_group, friends, said


async def report(core: Core, by: UserId, user: UserId, reason: Reason = "harassment", **fields: Any) -> MyReport:
    """A report; fields by their wire names."""
    return await core.moderation.reports.submit(by, SubmitReport.parse({"userId": user, "reason": reason, **fields}))


async def test_a_reported_message_is_kept_as_it_was(core: Core) -> None:
    ann, bob = await friends(core, 2)
    channel = await a_group(core, [ann, bob])
    message = await core.chat.send(bob, said(channel, "something vile"))
    await report(core, ann, bob, evidence=[{"messageId": message.id}, {"messageId": message.id}])
    await core.chats.messages.edit(bob, Edit(message_id=message.id, content="good day"))
    await core.chats.messages.delete(bob, ToMessage(message_id=message.id))
    ((stored,),) = [one.evidence for one in await everything(core.database, REPORTS)]
    assert (stored.kind, stored.user_id, stored.data["content"]) == ("message", bob, "something vile")


async def test_lobbies_one_was_in_are_evidence_with_their_trail(core: Core) -> None:
    ann, bob, eve = await players(core, 3)
    lobby = await opened(core, bob)
    await enter(core, ann, lobby)
    await core.lobbies.leave(ann)
    await report(core, ann, bob, evidence=[{"lobbyId": lobby.id}])
    ((stored,),) = [one.evidence for one in await everything(core.database, REPORTS)]
    assert stored.data["id"] == lobby.id
    assert [what for entry in stored.data["trail"] for what in entry["what"]] == [
        *("lobby_created", "member_joined", "member_left")
    ]
    assert "joinCode" not in stored.data["settings"]
    with pytest.raises(NotFound):
        await report(core, eve, bob, evidence=[{"lobbyId": lobby.id}])


async def test_matches_one_was_in_are_evidence(core: Core) -> None:
    ann, bob, eve = await players(core, 3)
    match = await proposed(core, [ann, bob])
    await report(core, ann, bob, evidence=[{"matchId": match.id}])
    ((stored,),) = [one.evidence for one in await everything(core.database, REPORTS)]
    assert (stored.kind, stored.id, stored.data["gameId"]) == ("match", match.id, match.game_id)
    with pytest.raises(NotFound):
        await report(core, eve, bob, evidence=[{"matchId": match.id}])


async def test_what_a_reporter_has_no_part_in_is_no_evidence_of_theirs(core: Core) -> None:
    ann, bob, eve = await friends(core, 3)
    channel = await a_group(core, [ann, bob])
    message = await core.chat.send(bob, said(channel, "between us"))
    for ref in ({"messageId": message.id}, {"messageId": "none"}, {"mediaId": "none"}, {"matchId": "none"}):
        with pytest.raises(NotFound):
            await report(core, eve, bob, evidence=[ref])
    assert await everything(core.database, CASES) == []


async def test_all_reports_of_one_player_are_one_case_however_they_come(core: Core) -> None:
    bad, *others = await players(core, 7)
    await asyncio.gather(*(report(core, other, bad) for other in others))
    (case,) = await everything(core.database, CASES)
    assert set(case.reporter_ids) == set(others)
    assert len(await everything(core.database, REPORTS)) == 6


async def test_saying_it_again_adds_to_the_first_report(core: Core) -> None:
    ann, bob = await friends(core, 2)
    channel = await a_group(core, [ann, bob])
    message = await core.chat.send(bob, said(channel, "vile"))
    first = await report(core, ann, bob)
    again = await report(core, ann, bob, description="look", evidence=[{"messageId": message.id}])
    assert (first.id, 0, 1, "look") == (again.id, first.evidence, again.evidence, again.description)
    other = await report(core, ann, bob, "spam")
    assert other.id != first.id
    (case,) = await everything(core.database, CASES)
    assert (case.reasons, case.reporter_ids) == (("harassment", "spam"), (ann,))


async def test_nobody_reports_themselves_or_a_stranger_to_the_server(core: Core) -> None:
    (ann,) = await players(core, 1)
    with pytest.raises(ValidationFailed):
        await report(core, ann, ann)
    with pytest.raises(NotFound):
        await report(core, ann, UserId("nobody"))


async def test_a_player_reports_no_more_than_the_limit(
    core: Core, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob, cid = await players(core, 3)
    monkeypatch.setattr(reports, "A_DAY", 1)
    await report(core, ann, bob)
    clock.advance(3600)
    with pytest.raises(RateLimited) as refused:
        await report(core, ann, cid)
    assert refused.value.details == {"retryInMs": 23 * 3_600_000}
    clock.advance(23 * 3600)
    await report(core, ann, cid)


async def test_threats_go_before_spam_and_many_voices_before_one(core: Core) -> None:
    quiet, loud, threat, ann, bob = await players(core, 5)
    await report(core, ann, quiet, "spam")
    await report(core, ann, loud, "spam")
    await report(core, bob, loud, "spam")
    await report(core, ann, threat, "threats")
    first = await core.moderation.cases.queue(CaseQuery(limit=2))
    rest = await core.moderation.cases.queue(CaseQuery(limit=2, cursor=first.next_cursor))
    assert [case.user_id for case in (*first.items, *rest.items)] == [threat, loud, quiet]
    assert rest.next_cursor is None
    spam = await core.moderation.cases.queue(CaseQuery(reason="spam"))
    assert [case.user_id for case in spam.items] == [loud, quiet]


async def test_a_bad_karma_raises_a_case_and_a_crowd_only_so_far(core: Core) -> None:
    ann, bob = [await core.users.get(user) for user in await players(core, 2)]
    disliked = bob.changed(karma=-50)
    assert priority(30, 1, ann) < priority(30, 1, disliked)
    assert priority(30, 100, ann) == priority(30, 1000, ann)
    assert priority(50, 1e6, disliked) == 100


async def test_resolving_imposes_the_sanction_and_tells_both_sides(core: Core) -> None:
    moderator, (ann, bob, bad) = await staff(core, "moderator"), await players(core, 3)
    for reporter in (ann, bob):
        await report(core, reporter, bad)
    (case,) = await everything(core.database, CASES)
    command = ResolveCase(action="suspension", reason="vile words", duration_ms=60_000)
    view = await core.moderation.cases.resolve(moderator, case.id, command)
    assert view.resolution is not None
    assert (view.status, view.resolution.sanction_id) == ("resolved", view.sanctions[0].id)
    assert (await core.users.get(bad)).status == "suspended"
    for reporter in (ann, bob):
        news = [data for name, data in await told(core, user_stream("social", reporter)) if name == "notification"]
        assert [data["type"] for data in news] == ["report_outcome"]
        (mine,) = (await core.moderation.reports.mine(reporter, PageQuery())).items
        assert (mine.status, mine.outcome) == ("resolved", "action")
        assert "vile" not in mine.wire_json().decode()
    with pytest.raises(CaseResolved):
        await core.moderation.cases.resolve(moderator, case.id, ResolveCase(action="none", reason="again"))
    assert len(await everything(core.database, SANCTIONS)) == 1
    await report(core, ann, bad)
    assert len(await everything(core.database, CASES)) == 2


async def test_two_moderators_who_resolve_a_case_at_once_impose_one_sanction(core: Core) -> None:
    moderators = [await staff(core, "moderator", name) for name in ("mod-1", "mod-2")]
    ann, bad = await players(core, 2)
    await report(core, ann, bad)
    (case,) = await everything(core.database, CASES)
    command = ResolveCase(action="mute", reason="so", duration_ms=60_000)
    resolving = (core.moderation.cases.resolve(moderator, case.id, command) for moderator in moderators)
    outcomes = await asyncio.gather(*resolving, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["CaseResolved", "CaseView"]
    assert len(await everything(core.database, SANCTIONS)) == 1


async def test_nobody_looks_into_the_case_against_themselves_or_judges_it(core: Core) -> None:
    """A moderator who was reported must neither learn by whom nor clear their own name."""
    moderator, (ann,) = await staff(core, "moderator"), await players(core, 1)
    await report(core, ann, UserId(moderator.id or ""))
    (case,) = await everything(core.database, CASES)
    cases = core.moderation.cases
    for act in (
        cases.view(moderator, case.id),
        cases.note(moderator, case.id, AddNote(text="it was nothing")),
        cases.assign(moderator, case.id, AssignCase()),
        cases.resolve(moderator, case.id, ResolveCase(action="none", reason="it was nothing")),
    ):
        with pytest.raises(OwnCase):
            await act
    assert await everything(core.database, CASES) == [case]
    assert (await cases.view(await staff(core, "admin"), case.id)).reports[0].reporter_id == ann


async def test_notes_and_assignments_are_on_record(core: Core) -> None:
    moderator, (ann, bad) = await staff(core, "moderator"), await players(core, 2)
    await report(core, ann, bad)
    (case,) = await everything(core.database, CASES)
    await core.moderation.cases.note(moderator, case.id, AddNote(text="looks bad"))
    view = await core.moderation.cases.assign(moderator, case.id, AssignCase(assignee_id=UserId(moderator.id or "")))
    assert ([note.text for note in view.notes], view.assignee_id) == (["looks bad"], moderator.id)
    taken = await core.moderation.cases.queue(CaseQuery(assignee_id=view.assignee_id))
    assert [one.id for one in taken.items] == [case.id]
    with pytest.raises(ValidationFailed):
        await core.moderation.cases.assign(moderator, case.id, AssignCase(assignee_id=ann))
    entries = [*await audited(core, "report.noted"), *await audited(core, "report.assigned")]
    assert [entry.actor_id for entry in entries] == [moderator.id, moderator.id]
    assert entries[1].after is not None
    assert entries[1].after["assigneeId"] == moderator.id


async def test_a_case_against_somebody_who_is_gone_is_resolved_with_nothing_only(core: Core) -> None:
    moderator, (ann, bad) = await staff(core, "moderator"), await players(core, 2)
    await report(core, ann, bad)
    await core.database.collection(USERS).delete(bad)
    (case,) = await everything(core.database, CASES)
    with pytest.raises(NotFound):
        await core.moderation.cases.resolve(moderator, case.id, ResolveCase(action="ban", reason="so"))
    view = await core.moderation.cases.resolve(moderator, case.id, ResolveCase(action="none", reason="gone"))
    assert view.status == "resolved"
    assert len(await everything(core.database, AUDIT)) == 1
    await run_jobs(core)


@pytest.mark.parametrize("refs", [[{}], [{"messageId": "a", "lobbyId": "b"}], [{"messageId": "a"}] * 11, [{"id": "a"}]])
def test_evidence_names_one_thing_each_and_not_too_many(refs: list[dict[str, str]]) -> None:
    with pytest.raises(ValidationFailed):
        SubmitReport.parse({"userId": "u", "reason": "spam", "evidence": refs})


async def test_a_case_counts_so_many_reporters_and_takes_the_word_of_all(
    core: Core, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.reports.reports.REPORTERS_KEPT", 2)
    bad, *others = await players(core, 5)
    for one in others:
        await report(core, one, bad)
    (case,) = await everything(core.database, CASES)
    assert list(case.reporter_ids) == others[:2]
    assert len(await everything(core.database, REPORTS)) == 4
