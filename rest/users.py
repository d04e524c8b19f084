"""Users."""

from domain.core.errors import NotFound
from domain.core.ids import UserId
from domain.users.model import Me, PublicUser
from rest.routes import Call, Route


async def me(call: Call) -> Me:
    """The caller."""
    return await call.services.rankings.me(await call.services.users.get(call.principal.user_id))


async def user(call: Call) -> PublicUser:
    """A user as everybody sees them."""
    users = call.services.users
    return users.public(await users.get(UserId(call.path["id"])))


routes = [
    Route("GET", "/users/me", me, answer=Me),
    Route("GET", "/users/{id}", user, answer=PublicUser, errors=(NotFound,)),
]
