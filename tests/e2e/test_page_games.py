"""The page offers the most popular games, and finds the others as one types."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.support.browser import Person, chromium
from tests.support.server import MaogaServer, maoga_server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def server() -> Iterator[MaogaServer]:
    with maoga_server() as server:
        yield server


def test_a_game_that_is_not_offered_is_found_chosen_and_searched_for(browser: Browser, server: MaogaServer) -> None:
    ann = Person(browser, server.url, "Ann")
    ann.enter()
    games = ann.page.locator("#games input")
    expect(games).to_have_count(12)
    expect(ann.page.get_by_role("radio", name="League of Legends")).to_be_checked()
    search = ann.page.get_by_role("searchbox", name="Search all games")
    search.fill("pokemon")
    expect(games).to_have_count(2)  # it, and the one that is chosen
    ann.page.get_by_role("radio", name="Pokémon UNITE").check()
    search.fill("no game of this world")
    expect(ann.page.get_by_text("No game goes by that name.")).to_be_visible()
    expect(ann.page.get_by_role("radio", name="Pokémon UNITE")).to_be_checked()
    search.fill("")
    expect(games).to_have_count(13)
    search.press("Enter")
    expect(games).to_have_count(13)
    ann.page.get_by_role("radio", name="Ranked").check()
    ann.page.get_by_role("button", name="Find a match").click()
    # The same name stands in the hidden form, so the search is asked by its own part of the page.
    expect(ann.page.get_by_role("region", name="Looking for players")).to_contain_text("Pokémon UNITE · Ranked")
    ann.leave_nothing_behind()
