"""What a role may do beyond what everybody may. Permissions are data: a rule asks for one, never for a role."""

from collections.abc import Mapping
from typing import Literal, get_args

from domain.users.model import Role

Permission = Literal[
    "users:read",
    "users:write",
    "users:export",
    "reports:read",
    "reports:resolve",
    "sanctions:write",
    "lobbies:read",
    "lobbies:write",
    "queues:read",
    "sockets:read",
    "jobs:read",
    "jobs:write",
    "audit:read",
    "broadcast:write",
    "flags:write",
    "games:write",
    "keys:write",
    "roles:write",
    "chat:moderate",
]
PERMISSIONS: tuple[Permission, ...] = get_args(Permission)

_MODERATOR: frozenset[Permission] = frozenset(
    {"users:read", "reports:read", "reports:resolve", "sanctions:write", "lobbies:read", "chat:moderate"}
)

GRANTS: Mapping[Role, frozenset[Permission]] = {
    "user": frozenset(),
    "moderator": _MODERATOR,
    "admin": frozenset(PERMISSIONS),
}


def may(role: Role, permission: Permission) -> bool:
    """Whether the role has the permission."""
    return permission in GRANTS[role]
