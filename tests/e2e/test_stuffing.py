"""Credential stuffing: guesses from many addresses are held at the limits, and keep no owner out."""

import asyncio
from collections import Counter
from collections.abc import Iterable

import aiohttp

from tests.e2e.conftest import Start
from tests.support.accounts import PASSWORD

ADDRESSES = [f"198.51.100.{n}" for n in range(100)]
HOME, ELSEWHERE = "192.0.2.1", "192.0.2.2"
PER_ACCOUNT, PER_ADDRESS = 5, 50
KNOWN = [f"player-{n}" for n in range(4)]
UNKNOWN = [f"nobody-{n}" for n in range(4)]
AT_ONCE = 20


class Crowd:
    """Logs in from whatever address it likes, as a reverse proxy would pass it on."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def ask(self, path: str, address: str, **body: str) -> str:
        """The code of the answer, or "ok"."""
        async with (
            self._turn,
            self._http.post(path, json=body, headers={"X-Forwarded-For": f"203.0.113.9, {address}"}) as response,
        ):
            answer = await response.json()
            assert response.status != 429 or int(response.headers["Retry-After"]) >= 1
            return "ok" if response.ok else str(answer["error"]["code"])

    async def login(self, credential: str, address: str, password: str = "not the password") -> str:
        return await self.ask("auth/login", address, credential=credential, password=password)

    async def guess(self, guesses: Iterable[tuple[str, str]]) -> Counter[tuple[str, str]]:
        """Guesses at (account, address); how often which account got which answer."""
        pairs = list(guesses)
        codes = await asyncio.gather(*(self.login(account, address) for account, address in pairs))
        return Counter((account, code) for (account, _), code in zip(pairs, codes, strict=True))


async def test_guesses_from_a_hundred_addresses_are_held_at_the_limit(start: Start) -> None:
    url = start(MAOGA_RATE_LIMIT_SCALE="1", MAOGA_TRUSTED_PROXIES="1", MAOGA_LOGIN_PAUSE_S="600").url
    async with aiohttp.ClientSession(f"{url}/api/v1/") as http:
        crowd = Crowd(http)
        for name in KNOWN:
            assert (
                await crowd.ask("auth/register", HOME, email=f"{name}@example.test", username=name, password=PASSWORD)
                == "ok"
            )
            assert await crowd.login(name, HOME, PASSWORD) == "ok"
        told = await crowd.guess((account, address) for address in ADDRESSES for account in (*KNOWN, *UNKNOWN))
        for account in (*KNOWN, *UNKNOWN):
            checked = told[account, "INVALID_CREDENTIALS"]
            assert (checked, told[account, "RATE_LIMITED"]) == (PER_ACCOUNT, len(ADDRESSES) - PER_ACCOUNT), account
        assert await crowd.login(KNOWN[0], ELSEWHERE, PASSWORD) == "RATE_LIMITED", "a guess would not get in, either"
        assert [await crowd.login(name, HOME, PASSWORD) for name in KNOWN] == ["ok"] * len(KNOWN)


async def test_one_address_that_tries_many_accounts_is_held_at_its_own_limit(start: Start) -> None:
    url = start(MAOGA_RATE_LIMIT_SCALE="1", MAOGA_TRUSTED_PROXIES="1", MAOGA_LOGIN_PAUSE_S="600").url
    async with aiohttp.ClientSession(f"{url}/api/v1/") as http:
        crowd = Crowd(http)
        codes = [await crowd.login(f"somebody-{n}", ELSEWHERE) for n in range(PER_ADDRESS + 5)]
        assert codes == ["INVALID_CREDENTIALS"] * PER_ADDRESS + ["RATE_LIMITED"] * 5
        assert await crowd.login("somebody-0", HOME) == "INVALID_CREDENTIALS", "others are not held for it"
