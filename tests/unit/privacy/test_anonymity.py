"""A document is taken apart from the person it names."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from domain.audit.model import Actor, AuditEntry
from domain.chat.model import Channel
from domain.core.ids import GameId, LobbyId, UserId
from domain.jobs.model import Job
from domain.lobbies.model import Capacity, Lobby, Member
from domain.notifications.model import LobbyInvite, Notification
from domain.privacy.anonymity import ERASED, without
from domain.users.model import User

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ADA, BOB = UserId("0190-ada"), UserId("0190-bob")
ADA_L = User(
    id=ADA,
    username="ada",
    username_key="ada",
    display_name="Ada L",
    email="Ann@x.test",
    email_key="ann@x.test",
    created_at=NOW,
)


def a_lobby(host: UserId) -> Lobby:
    members = [
        Member(user_id=ADA, username="ada", display_name="Ada L", joined_at=NOW),
        Member(user_id=BOB, username="bob", display_name="Bob", joined_at=NOW),
    ]
    return Lobby(
        id="l",
        name="Ada L's lobby",
        game_id=GameId("apex"),
        mode="custom",
        host_id=host,
        members=tuple(members),
        capacity=Capacity(min=2, max=4),
        created_at=NOW,
        idle_at=NOW,
    )


def test_who_is_taken_out_has_no_name_any_more_and_the_others_keep_theirs() -> None:
    lobby = without(a_lobby(ADA), ADA_L)
    assert (lobby.host_id, lobby.name) == (ERASED, ERASED)
    assert [member.username for member in lobby.members] == [ERASED, "bob"]
    assert [member.display_name for member in lobby.members] == [ERASED, "Bob"]
    assert lobby.members[1] == a_lobby(ADA).members[1]


def test_what_others_have_named_stays() -> None:
    assert without(a_lobby(BOB), ADA_L).name == "Ada L's lobby"


def test_ids_are_found_as_keys_and_in_lists() -> None:
    channel = Channel(id="c", kind="group", member_ids=(BOB, ADA), silenced={ADA: NOW}, created_at=NOW)
    assert without(channel, ADA_L) == channel.changed(member_ids=(BOB, ERASED), silenced={ERASED: NOW})


def test_the_audit_loses_what_an_entry_says_of_the_person() -> None:
    actor = Actor(kind="user", id=ADA, address="192.0.2.1")
    entry = AuditEntry(
        id="e", at=NOW, action="users.renamed", actor=actor, actor_id=ADA, target=f"user:{ADA}", before={"name": "Ada"}
    )
    gone = without(entry, ADA_L)
    assert (gone.action, gone.target, gone.before) == ("users.renamed", "user:erased", None)
    assert (gone.actor.id, gone.actor.address) == (ERASED, ERASED)


def test_news_of_somebody_gone_tells_no_name() -> None:
    news = LobbyInvite(
        lobby_id=LobbyId("l"),
        lobby_name="Ada L's lobby",
        game_id=GameId("apex"),
        from_user_id=ADA,
        from_name="Ada L",
        expires_at=NOW,
    )
    notification = Notification(id="n", user_id=BOB, news=news, created_at=NOW, expires_at=NOW)
    assert "Ada" not in without(notification, ADA_L).model_dump_json()


@given(
    st.lists(st.sampled_from([ADA, BOB, "x"]), max_size=8), st.dictionaries(st.sampled_from([ADA, BOB]), st.just(NOW))
)
def test_nothing_of_the_id_is_left_and_nothing_else_changes(
    members: list[str], silenced: dict[UserId, datetime]
) -> None:
    channel = Channel(id="c", kind="group", member_ids=tuple(map(UserId, members)), silenced=silenced, created_at=NOW)
    after = without(channel, ADA_L)
    assert ADA not in after.model_dump_json()
    assert [one for one in after.member_ids if one != ERASED] == [one for one in members if one != ADA]
    assert without(after, ADA_L) == after


def test_an_address_is_taken_out_whole_and_no_other_with_it() -> None:
    said = ["Ann@x.test", "to ann@x.test.", "joAnn@x.test", "Ann@x.tests", "b+Ann@x.test", "<Ann@x.test>"]
    job = Job(id="j", kind="mail", payload={"to": said}, run_at=NOW, created_at=NOW)
    kept = without(job, ADA_L).payload["to"]
    assert kept == [ERASED, f"to {ERASED}.", "joAnn@x.test", "Ann@x.tests", "b+Ann@x.test", f"<{ERASED}>"]
