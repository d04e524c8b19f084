"""People at the page: each in a browser context of their own, watched for everything that must not happen."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from playwright.async_api import Page as AsyncPage
from playwright.async_api import async_playwright
from playwright.sync_api import Browser, Locator, Page, Response, WebSocket, expect, sync_playwright

from tests.support.services import ROOT, ServiceMissing

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]

PICTURES = ROOT / "test-results/page"
ACCESSIBILITY = (Path(__file__).parent / "accessibility.js").read_text()

DESKTOP = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"}
PHONE = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
    "color_scheme": "light",
}
"""Two ways to look at the page: between them every style is seen."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_installed(), args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@asynccontextmanager
async def a_page(url: str) -> AsyncIterator[AsyncPage]:
    """A page, in a Chromium of its own."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_installed(), args=ARGUMENTS)
        try:
            page = await browser.new_page()
            await page.goto(url)
            yield page
        finally:
            await browser.close()


@asynccontextmanager
async def page_of_the_repository() -> AsyncIterator[AsyncPage]:
    """An empty page that can import our modules: `/` is the repository's folder."""

    async def index(_: web.Request) -> web.Response:
        return web.Response(text='<!doctype html><link rel="icon" href="data:,">', content_type="text/html")

    app = web.Application()
    app.add_routes([web.get("/", index), web.static("/", ROOT)])
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with a_page(f"http://127.0.0.1:{runner.addresses[0][1]}") as page:
            yield page
    finally:
        await runner.cleanup()


def _installed() -> str:
    if not Path(CHROMIUM).exists():
        raise ServiceMissing("chromium is missing: `make setup-servers` (as root) installs it")
    return CHROMIUM


def is_refresh(response: Response) -> bool:
    """Whether this is the answer to a refresh of the token."""
    return response.url.endswith("/auth/refresh")


class Person:
    """Somebody at the page.

    sockets: the WebSockets the page has opened. refreshes: the answers to its refreshing of the token. problems: what
    must not happen, in words.
    """

    def __init__(self, browser: Browser, url: str, name: str, look: dict[str, Any] = DESKTOP) -> None:
        self.name, self.url = name, url
        self.sockets: list[WebSocket] = []
        self.refreshes: list[Response] = []
        self.problems: list[str] = []
        self.context = browser.new_context(base_url=url, locale="en-GB", reduced_motion="reduce", **look)
        self.context.set_default_timeout(10_000)
        self.page: Page = self.context.new_page()
        self.page.on("console", lambda message: self._note(message.type in {"error", "warning"}, message.text))
        self.page.on("pageerror", lambda error: self._note(True, str(error)))
        self.page.on("request", lambda request: self._must_stay(request.url))
        self.page.on("response", self._answered)
        self.page.on("websocket", self._opened)
        self.page.goto("/")

    def enter(self) -> None:
        """Enters as a guest."""
        self.page.get_by_role("textbox", name="Your name").fill(self.name)
        self.page.get_by_role("button", name="Enter as a guest").click()
        self.sees("What do you want to play?")

    def look_for(self, game: str, mode: str, players: str) -> None:
        """Fills in what to look for, and queues."""
        self.page.get_by_role("radio", name=game).check()
        self.page.get_by_role("radio", name=mode).check()
        self.page.get_by_role("combobox", name="Players").select_option(players)
        self.page.get_by_role("button", name="Find a match").click()

    def sees(self, heading: str) -> None:
        """Waits for the view with that main heading."""
        expect(self.page.get_by_role("heading", name=heading, level=1)).to_be_visible(timeout=15_000)

    def say(self, text: str) -> None:
        """Says something in the lobby."""
        self.page.get_by_role("textbox", name="Message").fill(text)
        self.page.get_by_role("textbox", name="Message").press("Enter")

    def member(self, name: str) -> Locator:
        """The line of a player in the lobby."""
        return self.page.get_by_role("list", name="Players").get_by_role("listitem").filter(has_text=name)

    @property
    def log(self) -> Locator:
        """What was said in the lobby."""
        return self.page.get_by_role("log", name="Messages of this lobby").get_by_role("listitem")

    def button(self, name: str) -> Locator:
        """The button with exactly that name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def look_closely(self, picture: str) -> None:
        """Takes a picture, and finds nothing that people stumble over."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=PICTURES / f"{picture}-{self.name.split()[0].lower()}.png")
        found = self.page.evaluate(ACCESSIBILITY)
        assert not found, f"{picture}: {found}"

    def leave_nothing_behind(self, *expected: str) -> None:
        """Nothing went wrong but what is `expected` (parts of the texts); closes the context."""
        self.context.close()
        problems = [text for text in self.problems if not any(part in text for part in expected)]
        assert not problems, problems

    def _note(self, bad: bool, text: str) -> None:
        if bad:
            self.problems.append(text)

    def _must_stay(self, url: str) -> None:
        target, own = urlsplit(url.removeprefix("blob:")), urlsplit(self.url)
        self._note((target.hostname, target.port) != (own.hostname, own.port), f"asked {url}")

    def _answered(self, response: Response) -> None:
        if is_refresh(response):
            self.refreshes.append(response)

    def _opened(self, socket: WebSocket) -> None:
        self.sockets.append(socket)
        self._must_stay(socket.url)
