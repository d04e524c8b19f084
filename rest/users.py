"""Users."""

from domain.users.model import Me
from rest.routes import Call, Route


async def me(call: Call) -> Me:
    """The caller."""
    users = call.services.users
    return users.me(await users.get(call.principal.user_id))


routes = [Route("GET", "/users/me", me, answer=Me)]
