"""The devices of users, for notifications that are pushed to them."""

from hashlib import sha256
from typing import Literal

from pydantic import Field

from domain.core.clock import Clock
from domain.core.collection import Database, Spec
from domain.core.errors import NotFound
from domain.core.ids import UserId
from domain.core.model import Document, Model, Timestamp
from domain.users.commands import AddDevice

MOST = 10
"""Devices of one user; one more takes the place of that seen longest ago."""

Platform = Literal["ios", "android", "web"]


class Device(Document):
    """A device. The id is made of its token, so that a device is one user's: whose, the last login on it says."""

    user_id: UserId
    token: str = Field(repr=False)
    platform: Platform
    name: str | None = None
    seen_at: Timestamp


DEVICES = Spec("devices", Device, indexes=(("user_id", "seen_at"),))


class DeviceView(Model):
    """A device as its user sees it. seenAt: when it was last named."""

    id: str
    platform: Platform
    name: str | None
    seen_at: Timestamp


class Devices:
    """The use cases of devices."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._devices, self._clock = database.collection(DEVICES), clock

    async def add(self, user: UserId, command: AddDevice) -> DeviceView:
        """The device is the user's from now on, whoever's it was. Naming it again is naming it once."""
        id = sha256(f"{command.platform}:{command.token}".encode()).hexdigest()[:32]
        device = Device(id=id, user_id=user, seen_at=self._clock.now(), **command.model_dump())
        await self._devices.upsert(device)
        for one in (await self._of(user))[MOST:]:
            await self._devices.delete(one.id, expect={"user_id": user, "seen_at": one.seen_at})
        return _view(device)

    async def delete(self, user: UserId, id: str) -> None:
        """Forgets a device; raises `NotFound` unless it is the user's."""
        if not await self._devices.delete(id, expect={"user_id": user}):
            raise NotFound("There is no such device.")

    async def _of(self, user: UserId) -> list[Device]:
        return await self._devices.find({"user_id": user}, sort="-seen_at", limit=2 * MOST)

    async def list(self, user: UserId) -> list[DeviceView]:
        """The user's devices, that seen last first."""
        return [_view(device) for device in (await self._of(user))[:MOST]]


def _view(device: Device) -> DeviceView:
    return DeviceView(**device.model_dump(include=set(DeviceView.model_fields)))
