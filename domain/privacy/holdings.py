"""What each kind of document holds on people: how it is found, what its person is given of it, what erasing does to it.

Every spec has its line in `HOLDINGS`; a contract test says so.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from domain.audit.model import AUDIT, AuditEntry
from domain.auth.api_keys import API_KEYS
from domain.auth.external import IDENTITIES
from domain.auth.links import LINKS
from domain.auth.model import SESSIONS
from domain.chat.held import HELD
from domain.chat.media import MEDIA
from domain.chat.mentions import unnamed
from domain.chat.model import CHANNELS, MARKERS, MESSAGES, Message
from domain.core.collection import After, Database, Filter, Spec
from domain.core.idempotency import KEYED_REQUESTS
from domain.core.ids import UserId
from domain.core.model import Document
from domain.flags.model import FLAGS
from domain.games.model import GAMES
from domain.jobs.model import JOBS
from domain.lobbies.invites import INVITES
from domain.lobbies.model import LOBBIES, SEATS, SPECTATOR_SEATS
from domain.lobbies.trail import TRAIL, TrailEntry
from domain.matchmaking.cooldowns import COOLDOWNS
from domain.matchmaking.karma import KARMA
from domain.matchmaking.model import MATCHES, TICKETS, Ticket
from domain.notifications.model import NOTIFICATIONS
from domain.notifications.settings import NOTIFICATION_SETTINGS
from domain.parties.model import PARTIES, PARTY_SEATS
from domain.privacy.anonymity import ERASED, without
from domain.rankings.model import RATINGS
from domain.reports.model import CASES, REPORTS, SANCTIONS, Report
from domain.social.model import BLOCKS, FRIENDSHIPS, STATUSES
from domain.social.privacy import PRIVACY
from domain.users.avatars import AVATARS
from domain.users.devices import DEVICES
from domain.users.model import USERS, User
from domain.users.words import words_of

D = TypeVar("D", bound=Document)

PAGE = 200

Find = Callable[[UserId], Filter]
"""What finds the documents of a person, by index."""

Erase = Callable[[Any, User], Document | None]
"""What becomes of a document that names a person: another version of it, or None if it goes."""


def by(field: str, value: str = "{}") -> Find:
    """Documents in whose field a user's id stands, in that form."""
    return lambda user: {field: value.format(user)}


def delete(_: Document, __: User) -> None:
    """The document goes."""


def anonymise(document: Document, user: User) -> Document:
    """The document stays, without the person."""
    return without(document, user)


def delete_own(field: str) -> Erase:
    """The document goes if it is the person's own by that field; else it stays, without them."""

    def erase(document: Document, user: User) -> Document | None:
        return None if getattr(document, field) == user.id else anonymise(document, user)

    return erase


Parts = Callable[[Database, UserId], Awaitable[set[str]]]
"""The ids of documents in which a person has a part, as others of theirs tell."""

Secret = Callable[[Any, UserId], frozenset[str]]
"""The fields of a document that the person is not given."""


def never(*fields: str) -> Secret:
    """Those fields, and the events that wait to be sent."""
    hidden = frozenset({*fields, "version", "unpublished", "unpublished_at"})
    return lambda _, __: hidden


_EVENTS = never()


def _of_others(entry: AuditEntry, user: UserId) -> frozenset[str]:
    """Who on the staff did something about the person."""
    return frozenset({"version"} if entry.actor_id == user else {"version", "actor", "actor_id"})


@dataclass(frozen=True, slots=True)
class Holding(Generic[D]):
    """What one kind of document holds on people.

    own: what finds those that are a person's own. shown: what finds those of them that the person is given; all of them
    if None. parts: what the person is given besides. secret: what they are not given of these. erase: what becomes of a
    document that names a person. scattered: whether a document may name people in fields that no index knows, so that
    all have to be looked through.
    """

    spec: Spec[D]
    own: tuple[Find, ...] = ()
    shown: tuple[Find, ...] | None = None
    parts: Parts | None = None
    secret: Secret = _EVENTS
    erase: Erase = delete
    scattered: bool = False

    async def for_export(self, database: Database, user: UserId) -> Filter | None:
        """What finds the documents that the person is given; None when they are given none."""
        filters = [find(user) for find in (self.own if self.shown is None else self.shown)]
        if self.parts and (ids := await self.parts(database, user)):
            filters.append({"id": {"$in": sorted(ids)}})
        return _any(filters)

    def for_erasure(self, user: UserId) -> Filter | None:
        """What finds the person's own documents; None for kinds without an owner."""
        return _any([find(user) for find in self.own])


def _any(filters: list[Filter]) -> Filter | None:
    return {"$or": filters} if len(filters) > 1 else filters[0] if filters else None


async def _lobbies(database: Database, user: UserId) -> set[str]:
    """The lobbies that the person is in, did something in, or came to by a match."""
    found: set[str] = set()
    seat = await database.collection(SEATS).get(user)
    watched = await database.collection(SPECTATOR_SEATS).get(user)
    found |= {place.lobby_id for place in (seat, watched) if place and place.lobby_id}
    async for entries in pages(database, TRAIL, {"by": user}):
        found |= {entry.lobby_id for entry in entries}
    async for matches in pages(database, MATCHES, {"player_ids": user}):
        found |= {match.lobby_id or match.id for match in matches}
    return found


async def _parties(database: Database, user: UserId) -> set[str]:
    """The party that the person is in."""
    seat = await database.collection(PARTY_SEATS).get(user)
    return {seat.party_id} if seat else set()


def _ticket(ticket: Ticket, user: User) -> Document | None:
    """A ticket of one player goes; that of a party stays for the others."""
    if set(ticket.player_ids) == {user.id}:
        return None
    return anonymise(ticket.changed(scheduled_by=None, backfill_of=None, due_at=None), user)


def _audit(entry: AuditEntry, user: User) -> Document:
    """Who did something to the account without proving to be its user is told without an address: it may be theirs."""
    if entry.actor_id is None:
        entry = entry.changed(actor=entry.actor.model_copy(update={"address": None}))
    return anonymise(entry, user)


def _trail(entry: TrailEntry, user: User) -> Document:
    """What the person did to a lobby stays, but not to which values: they may have typed them."""
    if entry.by == user.id:
        blank = tuple(change.model_copy(update={"before": None, "after": None}) for change in entry.changes)
        entry = entry.changed(changes=blank)
    return anonymise(entry, user)


def _message(message: Message, user: User) -> Document:
    """What others said to the person by name stays, to nobody. (The chat itself has taken care of the person's own.)"""
    if user.id in message.mentions:
        content = unnamed(message.content, user, ERASED)
        message = message.changed(content=content, words=words_of(content))
    return anonymise(message, user)


def _report(report: Report, user: User) -> Document | None:
    """What was said of the person goes, and leaves the reporter their word that they have reported somebody; what the
    person said of others stays, under a name that is one report's only. A report of nobody by nobody goes."""
    nobody = UserId(f"{ERASED}-{report.id}")
    if report.user_id == user.id:
        report = report.changed(user_id=None, description=None, evidence=())
    if report.reporter_id == user.id:
        report = report.changed(reporter_id=nobody)
    return anonymise(report, user) if report.user_id or report.reporter_id != nobody else None


USER_SECRETS = ("email_key", "username_key", "search_keys", "password_hash", "former_hashes", "epoch")

HOLDINGS: tuple[Holding[Any], ...] = (
    Holding(USERS, own=(by("id"),), secret=never(*USER_SECRETS)),
    Holding(SESSIONS, own=(by("user_id"),), secret=never("generation", "epoch")),
    Holding(LINKS, own=(by("user_id"),), secret=never("id", "epoch")),
    Holding(IDENTITIES, own=(by("user_id"),)),
    Holding(DEVICES, own=(by("user_id"),)),
    Holding(AVATARS, own=(by("user_id"),)),
    Holding(PRIVACY, own=(by("id"),)),
    Holding(NOTIFICATION_SETTINGS, own=(by("id"),)),
    Holding(NOTIFICATIONS, own=(by("user_id"),), erase=delete_own("user_id"), scattered=True),
    Holding(STATUSES, own=(by("id"),)),
    # Whom somebody has blocked is theirs to know; who has blocked them is not.
    Holding(BLOCKS, own=(by("blocker_id"), by("blocked_id")), shown=(by("blocker_id"),)),
    Holding(FRIENDSHIPS, own=(by("user_ids"),)),
    Holding(RATINGS, own=(by("user_id"),)),
    Holding(CHANNELS, own=(by("member_ids"), by("owner_id")), secret=never("notes"), erase=anonymise, scattered=True),
    Holding(MESSAGES, own=(by("sender_id"),), secret=never("words"), erase=_message, scattered=True),
    Holding(MARKERS, own=(by("user_id"),)),
    Holding(MEDIA, own=(by("uploader_id"),), erase=anonymise),
    Holding(HELD, own=(by("sender_id"),), erase=delete_own("sender_id"), scattered=True),
    Holding(SEATS, own=(by("id"),)),
    Holding(SPECTATOR_SEATS, own=(by("id"),)),
    Holding(
        LOBBIES,
        own=(by("host_id"),),
        parts=_lobbies,
        secret=never("join_code", "connection", "banned"),
        erase=anonymise,
        scattered=True,
    ),
    Holding(INVITES, own=(by("user_id"), by("from_user_id"))),
    Holding(TRAIL, own=(by("by"),), erase=_trail, scattered=True),
    Holding(PARTIES, parts=_parties, secret=never("join_code", "invites"), erase=anonymise, scattered=True),
    Holding(PARTY_SEATS, own=(by("id"),)),
    Holding(TICKETS, own=(by("player_ids"),), secret=never("players"), erase=_ticket, scattered=True),
    Holding(MATCHES, own=(by("player_ids"),), secret=never("reports"), erase=anonymise, scattered=True),
    Holding(COOLDOWNS, own=(by("id"),)),
    # Who has rated whom is told to nobody else.
    Holding(KARMA, own=(by("giver_id"),), scattered=True),
    Holding(
        AUDIT,
        own=(by("actor_id"), by("target", "user:{}")),
        secret=_of_others,
        erase=_audit,
        scattered=True,
    ),
    # Who has reported somebody is not theirs to know.
    Holding(
        REPORTS,
        own=(by("reporter_id"), by("user_id")),
        shown=(by("reporter_id"),),
        secret=never("case_id"),
        erase=_report,
        scattered=True,
    ),
    Holding(CASES, own=(by("user_id"),), shown=(), erase=delete_own("user_id"), scattered=True),
    Holding(
        SANCTIONS,
        own=(by("user_id"), by("by")),
        shown=(by("user_id"),),
        secret=never("by", "case_id", "lifted_by", "lifted_reason"),
        erase=delete_own("user_id"),
        scattered=True,
    ),
    Holding(FLAGS, erase=anonymise, scattered=True),
    Holding(JOBS, scattered=True),
    Holding(KEYED_REQUESTS, own=(by("owner", "user:{}"),), secret=never("fingerprint"), scattered=True),
    Holding(API_KEYS),  # the studio's
    Holding(GAMES),
)


async def pages(database: Database, spec: Spec[D], filter: Filter) -> AsyncIterator[list[D]]:
    """All documents that match, some at a time, also while they are being changed."""
    last: After | None = None
    while found := await database.collection(spec).find(filter, limit=PAGE, after=last):
        yield found
        last = (found[-1].id, found[-1].id)
