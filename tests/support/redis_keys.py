"""What a whole Redis holds, be it one server or a cluster."""

from storage.redis.client import Client


async def all_keys(redis: Client) -> set[bytes | str]:
    """Every key, on whichever server it is."""
    return {key for master in await redis.masters() for key in await master.keys()}


async def wipe(redis: Client) -> None:
    """Leaves no key anywhere."""
    for master in await redis.masters():
        await master.flushall()
