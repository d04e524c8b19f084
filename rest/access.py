"""Who may do what: the roles of users, and the API keys of machines."""

from domain.auth.api_keys import ApiKeyView, CreateApiKey, NewApiKey
from domain.auth.roles import OwnRoles, RolesView, SetRoles
from domain.core.errors import Conflict, NotFound
from domain.core.ids import UserId
from rest.envelope import Reply
from rest.routes import Call, Route


async def api_keys(call: Call) -> Reply:
    """The API keys in force, without their secrets."""
    return Reply([key.wire() for key in await call.services.keys.list()])


async def create_api_key(call: Call) -> NewApiKey:
    """Makes an API key. Its `secret` is what a machine sends, and cannot be shown again."""
    return await call.services.keys.create(call.actor, call.body)


async def revoke_api_key(call: Call) -> None:
    """Ends an API key at once."""
    await call.services.keys.revoke(call.actor, call.path["id"])


async def set_roles(call: Call) -> RolesView:
    """Gives a user these roles and no others. Who does not rise by it is logged out everywhere."""
    return await call.services.roles.set(call.principal, call.actor, UserId(call.path["id"]), call.body)


routes = [
    Route(
        "GET",
        "/admin/api-keys",
        api_keys,
        permission="keys:write",
        answer=list[ApiKeyView],
    ),
    Route(
        "POST",
        "/admin/api-keys",
        create_api_key,
        permission="keys:write",
        body=CreateApiKey,
        answer=NewApiKey,
        secret=True,
        status=201,
        rate="write",
    ),
    Route(
        "DELETE",
        "/admin/api-keys/{id}",
        revoke_api_key,
        permission="keys:write",
        status=204,
        rate="write",
        errors=(NotFound,),
    ),
    Route(
        "PUT",
        "/admin/users/{id}/roles",
        set_roles,
        permission="roles:write",
        body=SetRoles,
        answer=RolesView,
        rate="write",
        errors=(NotFound, OwnRoles, Conflict),
    ),
]
