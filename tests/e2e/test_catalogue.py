"""The catalogue on two instances: what is changed at one is so at the other within a second."""

from pathlib import Path

import aiohttp

from clients.python.rest import MaogaRest
from domain.users.model import USERS
from tests.e2e.conftest import Enter, Start
from tests.support.cores import a_core
from tests.support.wait import eventually

DUEL = {"games": [{"gameId": "chess"}], "mode": "casual", "skillPreference": "any"}


async def test_a_mode_that_is_disabled_at_one_instance_takes_tickets_of_another_out_of_the_pool(
    start: Start, enter: Enter, shared: dict[str, str], tmp_path: Path
) -> None:
    a, b = start(**shared), start(**shared)
    ann = await enter(a.url)
    ticket = await ann.enqueue(DUEL)  # type: ignore[arg-type]  # a plain dictionary
    async with MaogaRest(b.url) as rest, aiohttp.ClientSession() as http:
        keeper = await rest.guest()
        async with a_core(
            tmp_path, database_url=shared["MAOGA_DATABASE_URL"], redis_url=shared["MAOGA_REDIS_URL"]
        ) as core:
            await core.database.collection(USERS).update(keeper.user_id, {"$set": {"roles": ["admin"]}})
        chess = {"name": "Chess", "modes": [{"mode": "ranked", "teams": {"count": 2, "size": 1}}]}
        headers = {"Authorization": f"Bearer {keeper.access_token}"}

        async def replaced() -> bool:
            async with http.put(f"{b.url}/api/v1/admin/games/chess", json=chess, headers=headers) as answer:
                return answer.status == 200

        async def modes(url: str) -> list[str]:
            async with http.get(f"{url}/api/v1/games/chess") as answer:
                return [mode["mode"] for mode in (await answer.json())["data"]["modes"]]

        async def listed(url: str) -> list[str]:
            async with http.get(f"{url}/api/v1/games?mode=casual&query=chess") as answer:
                return [game["id"] for game in (await answer.json())["data"]]

        assert await modes(a.url) == ["casual", "ranked"]
        assert await listed(a.url) == ["chess"]
        await eventually(replaced)  # once the other instance knows the role
        cancelled = await ann.wait_for("ticket_cancelled")
        assert cancelled.data == {"ticketId": ticket["id"], "reason": "mode_disabled"}
        assert await modes(b.url) == ["ranked"]
        assert await listed(b.url) == []

        async def known() -> bool:
            return await modes(a.url) == ["ranked"] and await listed(a.url) == []

        await eventually(known, timeout=5)
