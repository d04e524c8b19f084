"""What the operators see of the accounts."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from pydantic import Field

from domain.admin.spreadsheets import BOM, row
from domain.audit.audit import Audit
from domain.audit.model import Actor
from domain.core.collection import After, Collection, Database
from domain.core.errors import NotFound
from domain.core.ids import LobbyId, TicketId, UserId
from domain.core.listing import Listed, ListQuery, given, newest
from domain.core.model import Command, Model, Text, Timestamp
from domain.lobbies.model import SEATS
from domain.presence.presence import Presence
from domain.reports.model import CASES, REPORTS
from domain.reports.sanctions import Sanctions
from domain.reports.views import SanctionView
from domain.users.model import USERS, Role, Status, User
from domain.users.names import name_key

EXPORT_PAGE = 500
SANCTIONS_SHOWN = 50


class UserQuery(ListQuery):
    """Which accounts, the newest first. query: how their username or email address begins."""

    query: Annotated[Text, Field(min_length=1, max_length=254)] | None = None
    status: Status | None = None
    role: Role | None = None


class UserExport(Command):
    """Which accounts, and as what."""

    format: Literal["ndjson", "csv"] = "ndjson"
    status: Status | None = None
    role: Role | None = None


class AccountView(Model):
    """An account as operators see it."""

    id: UserId
    username: str
    display_name: str
    email: str | None
    email_verified: bool
    guest: bool
    roles: tuple[Role, ...]
    status: Status
    status_until: Timestamp | None
    muted_until: Timestamp | None
    karma: int
    created_at: Timestamp


class AccountDetail(Model):
    """An account, and what its player is doing. connections: how many there are, on all instances.

    sanctions: the newest 50. openCaseId: the case that moderators have of them now. reportsMade: of others.
    """

    account: AccountView
    connections: int
    ticket_id: TicketId | None
    lobby_id: LobbyId | None
    sanctions: list[SanctionView]
    open_case_id: str | None
    reports_made: int


class Accounts:
    """The use cases of those who look after accounts."""

    def __init__(self, *, database: Database, presence: Presence, sanctions: Sanctions, audit: Audit) -> None:
        self._database, self._presence, self._sanctions, self._audit = database, presence, sanctions, audit
        self._users = database.collection(USERS)

    async def list(self, query: UserQuery) -> Listed[User]:
        """A page of accounts, the newest first."""
        asked = given(status=query.status, roles=query.role)
        if query.query is not None:
            begins = {"$prefix": name_key(query.query)}
            asked["$or"] = [{"username_key": begins}, {"email_key": begins}]
        return await newest(self._users, asked, query)

    async def detail(self, user: UserId) -> AccountDetail:
        """An account and what its player is doing; raises `NotFound`."""
        account = await self._users.get(user)
        if account is None:
            raise NotFound("There is no such user.")
        seat = await self._database.collection(SEATS).get(user)
        case = await self._database.collection(CASES).find_one({"open_for": user})
        connections = await self._presence.sockets_of(user)
        return AccountDetail(
            account=account_view(account),
            connections=sum(map(len, connections.values())),
            ticket_id=seat.ticket_id if seat else None,
            lobby_id=seat.lobby_id if seat else None,
            sanctions=await self._sanctions.of(user, SANCTIONS_SHOWN),
            open_case_id=case.id if case else None,
            reports_made=await self._database.collection(REPORTS).count({"reporter_id": user}),
        )

    async def export(self, actor: Actor, command: UserExport) -> AsyncIterator[bytes]:
        """All accounts, the oldest first, some hundred at a time; that they were taken is on record before the first.

        JSON: one object in each line. CSV: for spreadsheets, with a line of names; see `spreadsheets.py`.
        """
        asked = given(status=command.status, roles=command.role)
        await self._database.commit(
            self._audit.entry("users.exported", actor, after={**asked, "format": command.format})
        )
        return _lines(self._users, asked, command)


def account_view(user: User) -> AccountView:
    """The account as operators see it."""
    return AccountView.model_validate(user.model_dump(include=set(AccountView.model_fields)))


async def _lines(users: Collection[User], asked: dict[str, Any], command: UserExport) -> AsyncIterator[bytes]:
    encode = _csv if command.format == "csv" else _ndjson
    if command.format == "csv":
        yield BOM + row([field.alias or name for name, field in AccountView.model_fields.items()])
    last: After | None = None
    while page := await users.find(asked, limit=EXPORT_PAGE, after=last):
        yield b"".join(encode(account_view(user)) for user in page)
        last = (page[-1].id, page[-1].id)


def _ndjson(account: AccountView) -> bytes:
    return account.wire_json() + b"\n"


def _csv(account: AccountView) -> bytes:
    shown = account.model_dump(mode="json")
    return row([" ".join(value) if isinstance(value, list) else value for value in shown.values()])
