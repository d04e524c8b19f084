"""No link in the docs leads nowhere, operators find every page from their index, and messages are quoted truly."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.services import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
OPERATIONS = ROOT / "docs/operations"
TROUBLES = (OPERATIONS / "troubleshooting.md").read_text()
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
OTHERS = {"not authorized on ... to execute command...", "Invalid transport"}
"""Messages that are MongoDB's and engineio's."""


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^(```|~~~).*?^\1|^    .*?$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """The files that a page leads to, and the places in them; addresses elsewhere are passed over."""
    for target in LINK.findall(prose(page)):
        path, _, place = target.partition("#")
        if not re.match(r"[a-z]+:", target):
            yield (page.parent / path).resolve() if path else page, place


def anchors(page: Path) -> set[str]:
    """The places in a page, named as GitHub names them after its headings."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    plain = [LINK.sub(lambda link: link[0][1 : link[0].index("]")], heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    broken = {str(path) for path, _ in links(page) if not path.exists()}
    assert broken == set()
    lost = {(str(path), place) for path, place in links(page) if place and path.exists() and place not in anchors(path)}
    assert lost == set()


def test_operators_find_every_page_from_their_index() -> None:
    linked = {path for path, _ in links(OPERATIONS / "README.md")}
    assert set(OPERATIONS.glob("*.md")) - linked == {OPERATIONS / "README.md"}
    runbooks = OPERATIONS / "runbooks"
    linked = {path for path, _ in links(runbooks / "README.md")}
    assert set(runbooks.glob("*.md")) - linked == {runbooks / "README.md"}


def test_troubleshooting_quotes_what_the_code_says() -> None:
    packages = ("maoga", "realtime", "rest", "storage", "domain")
    files = [path for package in packages for path in (ROOT / package).rglob("*.py")]
    text = "".join(path.read_text() for path in [*files, ROOT / "deploy/nginx/nginx.conf"])
    said = re.sub(r'"\s*\n\s*f?"', "", text)  # a message may go over several lines
    quoted = set(re.findall(r"`([^`\n]* [^`\n]*)`", re.sub(r"`\S*?`", "", TROUBLES))) - OTHERS
    messages = {each for each in quoted if not re.match(r"maoga |mongod |python |[a-z_]*[ (=]*maoga_|GET ", each)}
    assert len(messages) > 15
    for message in messages:
        for part in re.split(r"\.\.\.|\(HOST\): ", message):
            assert part.strip() in said, message


def test_troubleshooting_names_codes_that_there_are() -> None:
    references = "".join((ROOT / f"docs/reference-{part}.md").read_text() for part in ("events", "rest"))
    known = set(re.findall(r"`([A-Z_]+)`", references))
    named = set(re.findall(r"`([A-Z]+_[A-Z_]+|COOLDOWN|CONFLICT|TIMEOUT|UNAVAILABLE)`", TROUBLES))
    assert len(named) > 8
    assert {name for name in named if not name.startswith("MAOGA_")} <= known
