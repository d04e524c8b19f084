"""Who has which role."""

from typing import Annotated, Any

from pydantic import Field

from domain.audit.audit import Audit
from domain.audit.model import Actor
from domain.auth.auth import Auth
from domain.auth.model import Principal
from domain.core.collection import Changes, Database, Update
from domain.core.errors import Forbidden
from domain.core.ids import UserId
from domain.core.model import Command, Model
from domain.users.model import ROLES, USERS, Role, User
from domain.users.permissions import may
from domain.users.users import Users


class OwnRoles(Forbidden):
    """Nobody changes their own roles: another administrator can."""

    code = "OWN_ROLES"


class SetRoles(Command):
    """Gives a user these roles, and no others."""

    roles: Annotated[list[Role], Field(min_length=1, max_length=len(ROLES))]


class RolesView(Model):
    """The roles of a user."""

    user_id: UserId
    roles: tuple[Role, ...]


class Roles:
    """Grants and revokes roles.

    There is always an administrator left: the commit that takes the role from one wants another, who acts, to have it
    still. Of two who demote each other one comes too late.
    """

    def __init__(self, database: Database, users: Users, auth: Auth, audit: Audit) -> None:
        self._database, self._users, self._auth, self._audit = database, users, auth, audit

    async def set(self, principal: Principal, actor: Actor, user_id: UserId, command: SetRoles) -> RolesView:
        """Sets the roles of a user; raises `Forbidden`, `OwnRoles`, `NotFound` or `Conflict`.

        Who does not rise is logged out everywhere, so that no connection goes on in the old role. Doing it twice does
        that twice, which closes connections that a first time, cut off half-way, has left open.
        """
        if user_id == principal.user_id:
            raise OwnRoles
        user, administrator = await self._users.get(user_id), await self._users.get(principal.user_id)
        if not may(administrator.role, "roles:write"):  # what the session was found to be may be a second old
            raise Forbidden
        changed = user.changed(roles=tuple(role for role in ROLES if role in command.roles))
        rises = ROLES.index(changed.role) > ROLES.index(user.role)
        await self._database.commit(
            _update(user, {"$set": {"roles": list(changed.roles)}, "$inc": {"version": 1, "epoch": 0 if rises else 1}}),
            _update(administrator, {"$inc": {"version": 1}}),
            self._audit.entry("user.roles_set", actor, f"user:{user.id}", before=_roles(user), after=_roles(changed)),
        )
        if not rises:
            await self._auth.cut_off(user_id, reason="roles_changed")
        return RolesView(user_id=user_id, roles=changed.roles)


def _update(user: User, changes: Changes) -> Update[User]:
    """The changes, if nothing was changed since the user was read."""
    return Update(USERS, user.id, changes, {"version": user.version})


def _roles(user: User) -> dict[str, Any]:
    return {"roles": list(user.roles)}
