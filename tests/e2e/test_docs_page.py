"""`/docs` in a real browser: Swagger UI works under the page's Content-Security-Policy, and asks nobody else."""

from urllib.parse import urlsplit

from aiohttp import ClientSession
from playwright.async_api import expect

from rest.app import ROUTES
from tests.e2e.conftest import Start
from tests.support.browser import a_page

UNSAFE = ("unsafe-inline", "unsafe-eval", "*", "http:", "https:")


async def test_the_documentation_can_be_read_and_tried(start: Start) -> None:
    server = start()
    problems: list[str] = []
    async with a_page("about:blank") as page:
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "request", lambda request: problems.append(request.url) if _elsewhere(request.url, server.url) else None
        )
        await page.goto(f"{server.url}/docs")
        await expect(page.locator(".opblock")).to_have_count(len(ROUTES), timeout=30_000)
        operation = page.locator("#operations-games-getGames")
        await operation.locator(".opblock-summary-control").click()
        await operation.get_by_role("button", name="Try it out").click()
        await operation.get_by_role("button", name="Execute").click()
        await expect(operation.locator(".live-responses-table tbody .response-col_status")).to_have_text(
            "200", timeout=30_000
        )
        await page.locator("#operations-auth-postAuthLogin .opblock-summary-control").click()
        await expect(page.locator("#operations-auth-postAuthLogin")).to_contain_text("plough kiwi tundra")
    assert problems == []


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
