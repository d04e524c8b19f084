"""The page among friends: a lobby of one's own, the talk in it, friends, messages and news."""

import re
from io import BytesIO

from PIL import Image
from playwright.sync_api import Browser, Locator, expect

from tests.support.browser import PHONE, Person, chromium
from tests.support.server import maoga_server


def test_a_lobby_of_ones_own_is_found_joined_watched_and_talked_in() -> None:
    with chromium() as browser, maoga_server(MAOGA_LOBBY_COUNTDOWN_S="2") as server:
        ada, bo, cy = _three(browser, server.url)
        code = _opens_a_lobby(ada)
        bo.page.get_by_role("textbox", name="or enter one by its code").fill(code.lower())
        bo.page.locator("#form-code").get_by_role("button", name="Join").click()
        cy.button("Look again").click()
        expect(cy.page.get_by_role("list", name="Open lobbies")).to_contain_text("Ada's lobby")
        cy.look_closely("15-open-lobbies")
        cy.page.get_by_role("list", name="Open lobbies").get_by_role("button", name="Watch").click()
        for person in (bo, cy):
            person.sees("Ada's lobby")
        expect(ada.page.get_by_text("Watching: Cy")).to_be_visible()
        expect(cy.button("Stop watching")).to_be_visible()
        expect(cy.button("I'm ready")).to_be_hidden()

        _talk(ada, bo)

        ada.page.get_by_text("Settings").click()
        ada.page.get_by_role("textbox", name="Name", exact=True).fill("Friday night")
        ada.page.locator("#form-settings").get_by_role("button", name="Save").click()
        bo.sees("Friday night")
        _menu(ada, "Bo", "Make host")
        expect(bo.member("Bo")).to_contain_text("Host")
        _menu(bo, "Ada", "Remove")
        ada.sees("What do you want to play?")
        expect(ada.page.get_by_text("The host has removed you from the lobby.")).to_be_visible()
        ada.page.get_by_role("textbox", name="or enter one by its code").fill(_code(bo))
        ada.page.locator("#form-code").get_by_role("button", name="Join").click()
        expect(ada.page.get_by_role("alert")).to_contain_text("LOBBY_BANNED")
        bo.button("Leave").click()
        cy.sees("What do you want to play?")
        for person in (ada, bo, cy):
            person.leave_nothing_behind()


def test_friends_are_asked_seen_written_to_and_invited() -> None:
    with chromium() as browser, maoga_server() as server:
        ada, bo, cy = _three(browser, server.url)
        code = _opens_a_lobby(ada)
        bo.page.get_by_role("textbox", name="or enter one by its code").fill(code)
        bo.page.locator("#form-code").get_by_role("button", name="Join").click()
        bo.sees("Ada's lobby")
        _menu(ada, "Bo", "Add friend")
        expect(bo.page.locator("#friends-badge")).to_have_text("1")
        bo.button("Friends 1").click()
        bo.look_closely("18-request")
        bo.button("Accept").click()
        for person in (ada, bo):
            expect(_dock(person, "Friends").get_by_role("list", name="Friends", exact=True)).to_contain_text(
                "In a lobby"
            )
            person.look_closely("19-friends")
        bo.button("Close").click()
        bo.button("Leave").click()
        expect(_dock(ada, "Friends").get_by_role("list", name="Friends", exact=True)).to_contain_text("Online")

        ada.button("Write").click()
        _say_in_dock(ada, "Another round later?")
        expect(bo.page.locator("#messages-badge")).to_have_text("1")
        bo.button("Messages 1").click()
        bo.page.get_by_role("list", name="Conversations").get_by_role("button").click()
        expect(bo.page.locator("#dock-conversation")).to_contain_text("Another round later?")
        expect(bo.page.locator("#messages-badge")).to_be_hidden()
        bo.look_closely("20-direct")
        bo.button("Close").click()

        ada.button("Close").click()
        ada.button("Invite friends").click()
        ada.page.get_by_role("list", name="Friends to invite").get_by_role("button", name="Invite").click()
        expect(bo.page.locator("#news-badge")).to_have_text(re.compile(r"\d"))
        bo.page.locator("#open-news").click()
        bo.look_closely("21-news")
        bo.button("Join the lobby").click()
        bo.button("Close").click()
        bo.sees("Ada's lobby")

        ada.say("Yes")
        _act(bo.log.filter(has_text="Yes"), "Reply")
        bo.say("Good")
        expect(bo.log.filter(has_text="Good").locator(".quote")).to_have_text("Ada: Yes")
        _menu(bo, "Ada", "Block")
        expect(bo.log.filter(has_text="Good")).to_be_visible()
        expect(bo.page.get_by_text("Ada: Yes")).to_have_count(0)
        conversations = _dock(bo, "Messages").get_by_role("list", name="Conversations")
        expect(conversations).to_contain_text("A message of somebody you blocked")
        expect(conversations).not_to_contain_text("Another round later?")
        for person in (ada, bo, cy):
            person.leave_nothing_behind()


def _three(browser: Browser, url: str) -> tuple[Person, Person, Person]:
    """Bo has a phone."""
    people = Person(browser, url, "Ada"), Person(browser, url, "Bo", PHONE), Person(browser, url, "Cy")
    for person in people:
        person.enter()
    return people


def _opens_a_lobby(person: Person) -> str:
    """Its code."""
    person.button("Create a lobby").click()
    person.sees(f"{person.name}'s lobby")
    return _code(person)


def _code(person: Person) -> str:
    """By which others join the lobby the person is in."""
    code = person.page.locator("#lobby-join-code")
    expect(code).to_have_text(re.compile(r"^[A-Z2-9]{8}$"))
    return code.text_content() or ""


def _talk(ada: Person, bo: Person) -> None:
    """Typing, a reaction, an answer, an edit and a deletion, as both see them."""
    bo.page.locator("#lobby-talk").get_by_role("textbox", name="Message").press_sequentially("On my")
    expect(ada.page.get_by_text("Bo is typing…")).to_be_visible()
    bo.say("On my way!")
    line = ada.log.filter(has_text="On my way!")
    _act(line, "🎉")
    chip = bo.log.filter(has_text="On my way!").get_by_role("button", name="🎉 1")
    expect(chip).to_be_visible()
    _act(line, "Reply")
    expect(ada.page.get_by_text("You answer Bo")).to_be_visible()
    ada.say("God, then")
    answer = bo.log.filter(has_text="God, then")
    expect(answer.locator(".quote")).to_have_text("Bo: On my way!")
    mine = ada.log.filter(has_text="God, then")
    _act(mine, "Edit")
    ada.say("Good, then")
    for person in (ada, bo):
        expect(person.log.filter(has_text="Good, then").get_by_text("edited")).to_be_visible()
        person.look_closely("16-talk")
    bo.page.locator("#lobby-talk-file").set_input_files(
        {"name": "cat.png", "mimeType": "image/png", "buffer": _an_image()}
    )
    for person in (ada, bo):
        expect(person.log.get_by_role("img")).to_have_js_property("naturalWidth", 300)
        expect(person.log.get_by_role("img")).to_be_in_viewport(ratio=0.95)
    ada.look_closely("17-image")
    _act(bo.log.filter(has_text="On my way!").first, "Delete")
    for person in (ada, bo):
        expect(person.log.get_by_text("This message was deleted.")).to_be_visible()
        expect(person.log.get_by_text("On my way!")).to_have_count(0)


def _an_image() -> bytes:
    file = BytesIO()
    Image.linear_gradient("L").resize((300, 200)).save(file, "PNG")
    return file.getvalue()


def _act(line: Locator, name: str) -> None:
    line.hover()
    line.get_by_role("button", name="Actions").click()
    line.get_by_role("group", name="Actions").get_by_role("button", name=name).click()


def _menu(person: Person, about: str, name: str) -> None:
    person.member(about).locator("summary").click()
    person.member(about).get_by_role("button", name=name).click()


def _dock(person: Person, panel: str) -> Locator:
    """The dock, with that panel open."""
    button = person.page.locator(f"#open-{panel.lower()}")
    if button.get_attribute("aria-expanded") != "true":
        button.click()
    return person.page.locator("#dock")


def _say_in_dock(person: Person, text: str) -> None:
    box = person.page.locator("#dock-conversation").get_by_role("textbox", name="Message")
    box.fill(text)
    box.press("Enter")
