"""`/docs` in a real browser: Swagger UI works under the page's Content-Security-Policy, and asks nobody else."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession
from playwright.async_api import Page, expect

from rest.app import ROUTES
from tests.e2e.conftest import Start
from tests.support.browser import a_page

TROUBLES = ("Could not resolve", "Could not render", "Unknown Type", "[object Object]", "undefined", "Resolver error")
"""How Swagger UI says that it did not understand a schema."""

UNSAFE = ("unsafe-inline", "unsafe-eval", "*", "http:", "https:")


@asynccontextmanager
async def documentation(url: str) -> AsyncIterator[Page]:
    """The page with every route in it; what goes wrong there fails the test."""
    problems: list[str] = []
    async with a_page("about:blank") as page:
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: problems.append(request.url) if _elsewhere(request.url, url) else None)
        await page.goto(f"{url}/docs")
        await expect(page.locator(".opblock")).to_have_count(len(ROUTES), timeout=30_000)
        yield page
    assert problems == []


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_every_route_can_be_opened(start: Start) -> None:
    async with documentation(start().url) as page:
        opened = page.locator(".opblock.is-open .opblock-body")
        await page.evaluate("document.querySelectorAll('.opblock-summary-control').forEach(one => one.click())")
        await expect(opened).to_have_count(len(ROUTES), timeout=60_000)
        await expect(page.locator(".opblock .loading")).to_have_count(0, timeout=60_000)
        await expect(page.locator(".errors-wrapper")).to_have_count(0)
        shown = await page.locator("body").inner_text()
    for trouble in TROUBLES:
        assert trouble not in shown, trouble


async def test_the_documentation_can_be_read_and_tried(start: Start) -> None:
    async with documentation(start().url) as page:
        operation = page.locator("#operations-games-getGames")
        await operation.locator(".opblock-summary-control").click()
        await operation.get_by_role("button", name="Try it out").click()
        await operation.get_by_role("button", name="Execute").click()
        await expect(operation.locator(".live-responses-table tbody .response-col_status")).to_have_text(
            "200", timeout=30_000
        )
        await page.locator("#operations-auth-postAuthLogin .opblock-summary-control").click()
        await expect(page.locator("#operations-auth-postAuthLogin")).to_contain_text("plough kiwi tundra")


async def test_both_pages_have_a_strict_policy(start: Start) -> None:
    url = start().url
    async with ClientSession(url) as http:
        for path in ("/", "/docs"):
            async with http.get(path) as response:
                policy = response.headers["Content-Security-Policy"]
                rules = dict(part.strip().split(" ", 1) for part in policy.split(";"))
            assert rules["default-src"] == "'none'"
            assert rules["script-src"] == rules["connect-src"] == rules["style-src"] == "'self'"
            assert {rules[name] for name in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
            assert not any(word in policy for word in UNSAFE)


def _elsewhere(url: str, own: str) -> list[str]:
    """The address, if it is not the server's own."""
    asked = urlsplit(url)
    return [url] if asked.scheme in {"http", "https"} and asked.netloc != urlsplit(own).netloc else []
