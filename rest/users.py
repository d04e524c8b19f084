"""Users."""

from domain.users.model import Me
from rest.routes import Call, Route


async def me(call: Call) -> Me:
    """The caller."""
    return await call.services.rankings.me(await call.services.users.get(call.principal.user_id))


routes = [Route("GET", "/users/me", me, answer=Me)]
