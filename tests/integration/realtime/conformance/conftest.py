"""One Chromium for all, one page or client and one engine for each test."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.integration.realtime.conformance.host import Table, hosting
from tests.integration.realtime.conformance.official import JAVASCRIPT, PYTHON, Variant, javascript, pages, python
from tests.support.browser import ARGUMENTS, CHROMIUM
from tests.support.services import ServiceMissing
from tests.support.tunnel import tunnel

Play = Callable[..., AbstractAsyncContextManager[Table]]
Settings = dict[str, Any]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, without a window."""
    if shutil.which(CHROMIUM) is None:
        raise ServiceMissing("chromium is missing: `make setup-servers` (as root) installs it")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def page_url() -> AsyncIterator[str]:
    """Where the page with the JavaScript client is."""
    async with pages() as url:
        yield url


@pytest.fixture(params=[*JAVASCRIPT, *PYTHON], ids=str)
def variant(request: pytest.FixtureRequest) -> Variant:
    """Each official client over each of its transport settings."""
    assert isinstance(request.param, Variant)
    return request.param


@pytest.fixture
def settings(variant: Variant) -> Settings:
    """Of an engine that serves the variant. Polling is off where it is not needed, as it is by default."""
    polling = () if variant.transports == ("websocket",) else ("polling",)
    return {"transports": ("websocket", *polling)}


@pytest.fixture
def play(variant: Variant, settings: Settings, chromium: Browser, page_url: str) -> Play:
    """Sets the table: `async with play(**config) as table`."""

    @asynccontextmanager
    async def play(**config: Any) -> AsyncIterator[Table]:
        async with tunnel(page_url) as road, hosting(road, **{**settings, **config}) as (engine, game):
            made = (
                javascript(chromium, road.url, variant.transports)
                if variant.library == "js"
                else python(road.url, variant.transports)
            )
            async with made as client:
                yield Table(engine, game, road, client)

    return play
