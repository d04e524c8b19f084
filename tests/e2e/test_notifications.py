"""Notifications reach every device of a player, on whatever instance, and what one device does the others see."""

from typing import Any

from clients.python.client import MaogaClient
from tests.e2e.conftest import Enter, Start, a_guest


async def listed(player: MaogaClient) -> tuple[list[tuple[str, bool]], int]:
    """The player's notifications as (type, read), and how many are unread."""
    page: Any = await player.call("social", "notifications")
    return [(item["type"], item["read"]) for item in page["items"]], page["unread"]


async def test_two_devices_on_two_instances_have_the_same_notifications(
    start: Start, enter: Enter, shared: dict[str, str]
) -> None:
    a, b = start(**shared), start(**shared)
    ann = await a_guest(a.url)
    phone, computer, bob = await enter(a.url, ann), await enter(b.url, ann), await enter(b.url)
    for device in (phone, computer):
        assert await listed(device) == ([], 0)
    await bob.call("social", "friend_request", {"userId": phone.user_id})
    heard: list[Any] = [(await device.wait_for("notification")).data for device in (phone, computer)]
    assert heard[0] == heard[1]
    assert heard[0]["data"]["fromUserId"] == bob.user_id
    for device in (phone, computer):
        assert (await device.wait_for("unread_count")).data == {"count": 1}
    id = heard[0]["id"]
    assert await phone.call("social", "notifications_read", {"ids": [id]}) == {"count": 0}
    assert (await computer.wait_for("notifications_marked")).data == {"ids": [id], "read": True}
    assert (await computer.wait_for("unread_count")).data == {"count": 0}
    late = await enter(a.url, ann)
    assert await listed(late) == ([("friend_request", True)], 0)
