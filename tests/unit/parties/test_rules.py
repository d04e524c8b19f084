"""Whatever players ask of a party, in whatever order, it stays a party or is over."""

from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.core.clock import seconds
from domain.core.errors import AppError, NotFound
from domain.core.ids import UserId
from domain.parties import rules
from domain.parties.model import Connection, Party, PartyMember, party_view
from tests.support.builders import NOON, user_ids

MOST = 3
USERS = user_ids(6)
ANN, BOB, CID = USERS[:3]

Asked = Callable[[Party, datetime], Party]


def a_member(user: UserId, connection: Connection = "connected") -> PartyMember:
    return PartyMember(user_id=user, display_name=f"Player {user}", connection=connection)


def a_party(*members: tuple[UserId, Connection]) -> Party:
    """The first member leads."""
    return Party(
        id="party",
        leader_id=members[0][0],
        members=tuple(a_member(user, connection) for user, connection in members),
        join_code="OLDCODE2",
        created_at=NOON,
    )


def asked() -> st.SearchStrategy[Asked]:
    """Anything anybody may ask, as a function of the party and the time."""
    user = st.sampled_from(USERS)
    connection: st.SearchStrategy[Connection] = st.sampled_from(["connected", "grace"])
    return st.one_of(
        st.builds(lambda u, o: lambda p, now: rules.invite(p, u, o, now, MOST), user, user),
        st.builds(lambda u: lambda p, now: rules.decline(p, u, now), user),
        st.builds(lambda u: lambda p, _: rules.join(p, a_member(u), MOST), user),
        st.builds(lambda u: lambda p, now: rules.leave(p, u, now), user),
        st.builds(lambda u, o: lambda p, now: rules.kick(p, u, o, now, "NEWCODE2"), user, user),
        st.builds(lambda u, o: lambda p, _: rules.promote(p, u, o), user, user),
        st.builds(lambda u, c: lambda p, _: rules.set_connection(p, [u], c), user, connection),
    )


@given(st.lists(st.tuples(asked(), st.floats(0, 400)), max_size=40))
def test_a_party_has_a_leader_of_its_own_and_room_for_nobody_more(steps: list[tuple[Asked, float]]) -> None:
    party, now = a_party((ANN, "connected")), NOON
    for ask, passed_s in steps:
        now += seconds(passed_s)
        if not party.members:
            assert (party.join_code, party.invites) == (None, ())
            assert party.expires_at is not None
            return
        try:
            party = ask(party, now)
        except AppError:
            continue
        ids = party.member_ids
        assert len(set(ids)) == len(ids) <= MOST
        assert not ids or party.leader_id in ids
        invited = [invite.user_id for invite in party_view(party, now).invites]
        assert len(set(invited)) == len(invited) <= rules.INVITES_MOST
        assert not {*invited} & {*ids}


@pytest.mark.parametrize(
    ("members", "heir"),
    [
        ([(ANN, "connected"), (BOB, "connected"), (CID, "connected")], BOB),
        ([(ANN, "connected"), (BOB, "grace"), (CID, "connected")], CID),
        ([(ANN, "connected"), (BOB, "grace"), (CID, "grace")], BOB),
    ],
)
def test_the_longest_standing_who_is_connected_leads_next(
    members: list[tuple[UserId, Connection]], heir: UserId
) -> None:
    left = rules.leave(a_party(*members), ANN, NOON)
    assert (left.leader_id, left.member_ids) == (heir, [BOB, CID])
    other = rules.leave(a_party(*members), CID, NOON)
    assert (other.leader_id, other.member_ids) == (ANN, [ANN, BOB])


def test_a_kicked_member_cannot_use_the_code_again_and_an_invitation_is_taken_back_without_a_new_one() -> None:
    party = a_party((ANN, "connected"), (BOB, "connected"))
    kicked = rules.kick(party, ANN, BOB, NOON, "NEWCODE2")
    assert (kicked.member_ids, kicked.join_code) == ([ANN], "NEWCODE2")
    invited = rules.invite(party, BOB, CID, NOON, MOST)
    taken_back = rules.kick(invited, ANN, CID, NOON, "NEWCODE2")
    assert (taken_back.invites, taken_back.join_code) == ((), "OLDCODE2")
    with pytest.raises(rules.NotPartyLeader):
        rules.kick(party, ANN, ANN, NOON, "NEWCODE2")
    with pytest.raises(NotFound):
        rules.decline(taken_back, CID, NOON)
    late = NOON + seconds(rules.INVITE_S)
    for refused in (partial(rules.decline, invited, CID, late), partial(rules.kick, invited, ANN, CID, late, "")):
        with pytest.raises((NotFound, rules.NotInParty)):
            refused()


def test_a_member_who_was_away_keeps_their_name() -> None:
    party = rules.join(a_party((ANN, "connected")), a_member(BOB), MOST)
    back = rules.set_connection(rules.set_connection(party, [BOB], "grace"), [BOB], "connected")
    assert back.members == party.members == (a_member(ANN), a_member(BOB))
