"""Accounts for the load: every client of Maoga's own namespaces needs a token."""

import asyncio
from pathlib import Path

import aiohttp

AT_ONCE = 16
LIMIT_S = 600.0


def write_tokens(base_url: str, count: int, file: Path) -> None:
    """Enters as so many guests and writes their access tokens, one on each line."""
    file.write_text("\n".join(asyncio.run(_tokens(base_url, count))))


async def _tokens(base_url: str, count: int) -> list[str]:
    at_once = asyncio.Semaphore(AT_ONCE)

    async def token(http: aiohttp.ClientSession) -> str:
        async with at_once, http.post(f"{base_url}/api/v1/auth/guest", json={}) as response:
            response.raise_for_status()
            return str((await response.json())["data"]["accessToken"])

    async with asyncio.timeout(LIMIT_S), aiohttp.ClientSession() as http:
        return await asyncio.gather(*(token(http) for _ in range(count)))
