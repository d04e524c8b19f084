"""The page, as people use it: two Chromium contexts against a real server."""

import random
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from clients.python.state import apply
from clients.python.types import Lobby
from domain.core.errors import AppError
from domain.core.ids import UserId
from domain.lobbies import rules, settings, spectating
from domain.lobbies.commands import UpdateSettings
from domain.lobbies.model import LobbySettings, lobby_view
from domain.lobbies.rules import Draft
from realtime.namespaces.lobby import LOBBY_EVENTS
from tests.support.browser import PHONE, Person, chromium, is_refresh
from tests.support.builders import NOON, a_lobby, user_ids
from tests.support.server import MaogaServer, maoga_server
from tests.support.services import free_port

ACCESS_TOKEN_S = 10


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def server() -> Iterator[MaogaServer]:
    env = {"MAOGA_LOBBY_COUNTDOWN_S": "2", "MAOGA_ACCESS_TOKEN_S": str(ACCESS_TOKEN_S)}
    with maoga_server(**env) as server:
        yield server


def test_two_people_play_the_whole_job(browser: Browser, server: MaogaServer) -> None:
    """From the first look to a started lobby and back to the queue; Bo has a phone, declines once and reloads once."""
    ada, bo = Person(browser, server.url, "Ada Lovelace"), Person(browser, server.url, "Bo", PHONE)
    people = (ada, bo)
    for person in people:
        person.sees("Find your team")
        person.look_closely("1-enter")
        person.enter()
        person.look_closely("2-find")

    ada.look_for("VALORANT", "Casual", "2")
    ada.sees("Looking for players")
    expect(ada.page.get_by_text("1 search", exact=True)).to_be_visible()
    expect(ada.page.get_by_text(re.compile(r"wider in \d s"))).to_be_visible()
    ada.look_closely("3-queue")
    bo.look_for("VALORANT", "Casual", "2")

    for person in people:
        person.sees("Match found!")
        expect(person.page.get_by_role("timer").filter(visible=True)).to_have_text(re.compile(r"\d+ s"))
    bo.look_closely("4-proposal")
    bo.button("Decline").click()
    bo.sees("What do you want to play?")
    expect(bo.page.get_by_text("You declined the match")).to_be_visible()
    ada.sees("Looking for players")
    expect(ada.page.get_by_text("You are back in the queue")).to_be_visible()
    ada.look_closely("5-back-in-the-queue")

    bo.look_for("VALORANT", "Casual", "2")
    ada.sees("Match found!")
    ada.button("Accept").click()
    expect(ada.page.get_by_text("1 of 2 accepted, waiting")).to_be_visible()
    ada.look_closely("6-accepted")
    bo.sees("Match found!")
    bo.page.reload()
    bo.sees("Match found!")
    expect(bo.page.get_by_role("timer").filter(visible=True)).to_have_text(re.compile(r"\d+ s"))
    bo.button("Accept").click()

    for person in people:
        person.sees("VALORANT")
        expect(person.member("Ada Lovelace")).to_contain_text("Host")
        expect(person.member("Bo")).to_contain_text("Not ready")
    ada.say("Hello! Ready for a round?")
    expect(bo.log).to_contain_text(["Ada Lovelace: Hello! Ready for a round?"])
    bo.say("Almost: I am looking for my headset")
    bo.say("Here it is")
    said = ["Hello! Ready for a round?", "Almost: I am looking for my headset", "Here it is"]
    for person in people:
        expect(person.log).to_contain_text(said)

    ada.button("I'm ready").click()
    expect(bo.member("Ada Lovelace")).to_contain_text("Ready")
    bo.page.reload()
    bo.sees("VALORANT")
    expect(bo.log).to_contain_text(said)
    expect(bo.member("Bo")).to_contain_text("You")
    expect(bo.member("Ada Lovelace").get_by_text("Ready", exact=True)).to_be_visible()
    expect(ada.member("Bo")).not_to_contain_text("Reconnecting")
    for person in people:
        person.look_closely("7-lobby")

    bo.button("I'm ready").click()
    for person in people:
        expect(person.page.locator("#lobby-banner")).to_have_text(re.compile(r"Starting in \d s"))
    bo.look_closely("8-countdown")
    bo.button("I'm not ready").click()
    expect(ada.page.get_by_text("Waiting for everyone")).to_be_visible()
    bo.button("I'm ready").click()
    for person in people:
        expect(person.page.get_by_text("It's on. Have fun!")).to_be_visible()
        person.look_closely("9-started")

    bo.button("Leave").click()
    bo.sees("What do you want to play?")
    expect(ada.member("Bo")).to_have_count(0)
    bo.look_for("VALORANT", "Casual", "2")
    bo.sees("Looking for players")
    bo.button("Stop looking").click()
    bo.sees("What do you want to play?")

    _outlives_its_token(ada)
    for person in people:
        person.leave_nothing_behind()


def _outlives_its_token(person: Person) -> None:
    """The page has renewed its token twice, on one and the same connection."""
    while len(person.refreshes) < 2:
        person.page.wait_for_event("response", is_refresh, timeout=ACCESS_TOKEN_S * 1_000)
    expect(person.page.get_by_role("status").get_by_text("Online")).to_be_visible()
    assert len(person.sockets) == 1


def test_the_main_job_needs_no_mouse(browser: Browser, server: MaogaServer) -> None:
    people = [Person(browser, server.url, name) for name in ("Cleo", "Dan")]
    for person in people:
        keys = person.page.keyboard
        person.page.get_by_role("tab", name="Guest").focus()
        keys.press("ArrowLeft")  # round to the last tab
        expect(person.page.get_by_role("tabpanel", name="Register")).to_be_visible()
        keys.press("ArrowRight")
        _tab_to(person.page, "Your name")
        keys.type(person.name)
        keys.press("Enter")
        person.sees("What do you want to play?")
        _tab_to(person.page, "LLLeague of Legends")
        keys.press("ArrowLeft")  # round to the last game
        expect(person.page.get_by_role("radio", name="Rocket League")).to_be_checked()
        _tab_to(person.page, "Players")
        keys.press("ArrowDown")
        _tab_to(person.page, "Find a match")
        keys.press("Enter")
    for person in people:
        person.sees("Match found!")
        expect(person.page.get_by_role("heading", name="Match found!")).to_be_focused()
        expect(person.page.get_by_role("log", name="News")).to_contain_text("Match found: Rocket League")
        _tab_to(person.page, "Accept")
        person.page.keyboard.press("Enter")
    for person in people:
        person.sees("Rocket League")
        _tab_to(person.page, "I'm ready")
        person.page.keyboard.press("Space")
    for person in people:
        expect(person.page.get_by_text("It's on. Have fun!")).to_be_visible()
        expect(person.page.get_by_role("log", name="News")).to_contain_text("it's on!")
    for person in people:
        person.leave_nothing_behind()


def _tab_to(page: Page, name: str) -> None:
    """Presses Tab until the control of that name has the focus."""
    for _ in range(25):
        page.keyboard.press("Tab")
        if page.evaluate("(document.activeElement.labels?.[0] ?? document.activeElement).textContent").startswith(name):
            return
    raise AssertionError(f"no way to {name} by Tab")


def test_accounts_and_what_goes_wrong_with_them_in_words(browser: Browser, server: MaogaServer) -> None:
    eve = Person(browser, server.url, "Eve")
    page = eve.page
    email = page.get_by_role("textbox", name="Email", exact=True)
    password = page.get_by_label("Password").filter(visible=True)
    page.get_by_role("tab", name="Register").click()
    email.fill("nobody")
    page.get_by_role("textbox", name="Username", exact=True).fill("eve")
    password.fill("password")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("alert")).to_contain_text("(VALIDATION_ERROR)")
    expect(email).to_have_accessible_description("Must be an email address.")
    expect(email).to_be_focused()
    eve.look_closely("10-faults")

    email.fill("eve@example.test")
    page.get_by_role("button", name="Create the account").click()
    expect(password).to_have_accessible_description(re.compile("easy to guess"))
    expect(password).to_be_focused()
    password.fill("correct horse battery")
    page.get_by_role("button", name="Create the account").click()
    eve.sees("What do you want to play?")
    eve.button("Log out").click()
    eve.sees("Find your team")

    page.get_by_role("tab", name="Log in").click()
    page.get_by_role("textbox", name="Username or email").fill("eve")
    password.fill("wrong")
    page.locator("#form-login").get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Username or password is wrong. (INVALID_CREDENTIALS)")).to_be_visible()
    password.fill("correct horse battery")
    page.locator("#form-login").get_by_role("button", name="Log in").click()
    eve.sees("What do you want to play?")

    _post_as(page, "/api/v1/auth/logout-all")
    eve.sees("Find your team")
    expect(page.get_by_text("Your session was ended. Enter again. (TOKEN_REVOKED)")).to_be_visible()
    page.reload()
    eve.sees("Find your team")
    eve.leave_nothing_behind("status of 422", "status of 401")


def _post_as(page: Page, path: str) -> None:
    """A REST call with the page's own token, as from another device."""
    page.evaluate(
        """(path) => fetch(path, { method: "POST", headers: {
             Authorization: `Bearer ${JSON.parse(sessionStorage.getItem("maoga.session")).accessToken}` } })""",
        path,
    )


def test_a_restart_of_the_server_costs_a_reconnect(browser: Browser) -> None:
    """Lobby, messages and readiness are there again; what could not be sent is sent again by a click, once."""
    with maoga_server(MAOGA_PORT=str(free_port())) as server:
        people = [Person(browser, server.url, name) for name in ("Fay", "Gus")]
        people[0].page.clock.install()
        people[0].page.reload()
        for person in people:
            person.enter()
            person.look_for("VALORANT", "Ranked", "2")
        for person in people:
            person.sees("Match found!")
            person.button("Accept").click()
        for person in people:
            person.sees("VALORANT")
        fay, gus = people
        fay.say("<b>before</b>")
        expect(gus.log).to_contain_text(["<b>before</b>"])
        gus.button("I'm ready").click()
        expect(fay.member("Gus").get_by_text("Ready", exact=True)).to_be_visible()
        assert server.stop() == 0
        for person in people:
            expect(person.page.get_by_role("status").get_by_text("Connecting…")).to_be_visible()
        fay.say("meanwhile")
        fay.page.clock.fast_forward(10_000)
        expect(fay.log.get_by_text("(DISCONNECTED)")).to_be_visible()
        server.start()
        for person in people:
            expect(person.page.get_by_role("status").get_by_text("Online")).to_be_visible(timeout=15_000)
        fay.button("Send again").click()
        expect(gus.log).to_contain_text(["<b>before</b>", "meanwhile"])
        fay.say("after")
        for person in people:
            expect(person.log).to_contain_text(["<b>before</b>", "meanwhile", "after"])
            expect(person.log).to_have_count(3)
        expect(fay.member("Gus").get_by_text("Ready", exact=True)).to_be_visible()
        fay.button("I'm ready").click()
        for person in people:
            expect(person.page.get_by_text("It's on. Have fun!")).to_be_visible()
            person.leave_nothing_behind("WebSocket connection to", "ERR_CONNECTION_REFUSED")


def test_both_reference_clients_read_a_lobby_alike(browser: Browser, server: MaogaServer) -> None:
    """The reducers of Python and JavaScript give the same lobby after every event of random lobbies."""
    stories = [_story(random.Random(seed)) for seed in range(50)]
    assert {name for story in stories for name, _ in story} == {event.wire_name for event in LOBBY_EVENTS}
    hal = Person(browser, server.url, "Hal")
    in_javascript = hal.page.evaluate(
        """async (stories) => {
          const { apply } = await import("/static/clients/lobby_state.js");
          return stories.map((story) => {
            let lobby = null;
            return story.map(([name, event]) => (lobby = apply(lobby, name, event)));
          });
        }""",
        stories,
    )
    for story, told in zip(stories, in_javascript, strict=True):
        lobby: Lobby | None = None
        for (name, event), in_js in zip(story, told, strict=True):
            lobby = apply(lobby, name, event)
            assert lobby == in_js
    hal.leave_nothing_behind()


def _story(dice: random.Random) -> list[tuple[str, dict[str, Any]]]:
    """The events of a lobby in which random things happen; some come twice."""
    first = LobbySettings(auto_start=dice.random() < 0.5, allow_spectators=True)
    lobby = a_lobby(4, minimum=2, settings=first, match_id=None, join_code="CODE2345")
    told: list[tuple[str, dict[str, Any]]] = [("lobby_updated", lobby_view(lobby).wire())]
    for _ in range(25):
        draft, user, other = Draft(lobby), dice.choice(user_ids(4)), dice.choice(user_ids(5))
        newcomer = lobby.members[0].model_copy(update={"user_id": other, "ready": False})
        spectators = UpdateSettings(allow_spectators=dice.random() < 0.8)
        happens: list[Callable[[Draft, UserId], None]] = [
            lambda draft, user: rules.set_ready(draft, user, dice.random() < 0.9, NOON, 5),
            lambda draft, user: rules.leave(draft, user, "left", NOON, 5),
            lambda draft, user: rules.start(draft, user, NOON, 5),
            lambda draft, user: rules.set_connection(draft, user, dice.choice(["grace", "connected"])),
            lambda draft, _: rules.elapse_countdown(draft, NOON + timedelta(seconds=5)),
            lambda draft, _: rules.elapse_idle(draft, NOON),
            lambda draft, _, newcomer=newcomer: rules.join(draft, newcomer, NOON, 5),  # type: ignore[misc]
            lambda draft, user, other=other: rules.kick(draft, user, other, NOON, 5, new_code="CODE6789"),  # type: ignore[misc]
            lambda draft, user: rules.ready_check(draft, user, NOON, 30),
            lambda draft, user, command=spectators: settings.update(draft, user, command, NOON, 5),  # type: ignore[misc]
            lambda draft, _: spectating.watch(draft, UserId("watcher")),
        ]
        try:
            dice.choices(happens, weights=[12, 1, 2, 4, 2, 0.3, 2, 0.5, 2, 2, 3])[0](draft, user)
        except AppError:
            continue
        for event in draft.events:
            told += [(event.wire_name, event.wire())] * dice.choice([1, 1, 2])
        lobby = draft.lobby
    return [*told, told[0]]
