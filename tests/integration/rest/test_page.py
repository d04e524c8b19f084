"""The page's files: what is served, what is not, and under which rules."""

import hashlib
import re

import pytest
from aiohttp import ClientSession
from yarl import URL

from tests.integration.rest.conftest import Api
from tests.support.services import ROOT

STATIC = ROOT / "rest/static"


async def test_the_page_may_use_nothing_but_its_own_server(api: Api) -> None:
    answer = await api.get("/")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    rules = dict(rule.strip().split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split(";"))
    assert rules["default-src"] == "'none'"
    assert {rules[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert rules["img-src"] == "'self' blob:"  # images of the chat, which the page fetches with its token
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_everything_the_page_names_is_served(api: Api) -> None:
    """Also what its modules import, and so on."""
    seen: set[str] = set()
    waiting = ["/", "/docs"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = await api.get(path)
        assert answer.status == 200, path
        text = answer.body.decode() if isinstance(answer.body, bytes) else ""
        named = re.findall(r'(?:href|src)="(/[^"]+)"', text) if path in {"/", "/docs"} else []
        if path.endswith(".js") and ".min." not in path:
            named += re.findall(r'^(?:import|export)[^"\n]* from "([^"]+)";', text, re.MULTILINE)
        waiting += [URL(path).join(URL(name)).path for name in named]
    assert {"/static/app/main.js", "/static/clients/maoga.js", "/static/vendor/socket.io.esm.min.js"} < seen
    files = {f"/static/{file.relative_to(STATIC)}" for file in STATIC.rglob("*.*") if file.suffix in {".js", ".css"}}
    assert files <= seen, "a file nobody uses"


async def test_a_file_that_is_known_is_not_sent_again(api: Api) -> None:
    first = await api.get("/static/app/main.js")
    assert (first.headers["Content-Type"], first.headers["Cache-Control"]) == (
        "text/javascript; charset=utf-8",
        "no-cache",
    )
    again = await api.get("/static/app/main.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    other = await api.get("/static/app/main.js", headers={"If-None-Match": '"other"'})
    assert other.body == first.body


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/app",
        "/static/app/",
        "/static/vendor/README.md",
        "/static/../page.py",
        "/static/..%2fpage.py",
        "/static/%2e%2e/page.py",
        "/static/app/../../page.py",
        "/static//etc/passwd",
        "/static/%00",
    ],
)
async def test_no_other_file_can_be_reached(api: Api, path: str) -> None:
    async with ClientSession() as client, client.get(URL(api.url + path, encoded=True)) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (404, "NOT_FOUND")


def test_the_code_of_others_is_as_its_table_says() -> None:
    table = (STATIC / "vendor/README.md").read_text()
    for file in STATIC.glob("vendor/*.js"):
        assert f"| `{file.name}` |" in table
        assert hashlib.sha256(file.read_bytes()).hexdigest() in table


def test_the_page_names_no_address_outside() -> None:
    for file in [*STATIC.rglob("*.*"), *(ROOT / "clients/js").rglob("*.*")]:
        if "vendor" not in file.parts:
            addresses = set(re.findall(r"\b(?:https?|wss?)://[^\s\"'<)]+", file.read_text()))
            assert addresses <= {"http://www.w3.org/2000/svg"}, file
