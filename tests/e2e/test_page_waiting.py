"""The page while people wait: why they do, with whom, and what a refusal costs."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import expect

from tests.support.browser import PHONE, Person, chromium, page_of_the_repository
from tests.support.server import maoga_server


def test_a_party_waits_is_told_why_and_a_refusal_costs_a_pause() -> None:
    env = {"MAOGA_MATCH_COOLDOWN_S": "90", "MAOGA_MATCH_ACCEPT_S": "60"}
    with chromium() as browser, maoga_server(**env) as server:
        ada, bo = Person(browser, server.url, "Ada"), Person(browser, server.url, "Bo", PHONE)
        cy, di = Person(browser, server.url, "Cy"), Person(browser, server.url, "Di")
        people = (ada, bo, cy, di)
        for person in people:
            person.enter()
        _gather(ada, bo)

        _search(ada, "Europe")
        for person in (ada, bo):
            person.sees("Looking for players")
            expect(person.page.locator("#queue-what")).to_have_text(re.compile(r"Rocket League.*EU · with 1 friend"))
        expect(ada.page.get_by_text("Nobody else is looking here right now.")).to_be_visible()
        _search(cy, "North America")
        expect(ada.page.get_by_text("Of the others here, all play in other regions.")).to_be_visible(timeout=12_000)
        expect(ada.page.locator("#queue-held")).to_contain_text("your region")
        for person in (ada, bo):
            person.look_closely("12-waiting-with-a-friend")
        cy.button("Stop looking").click()

        for person in (cy, di):
            _search(person, "Anywhere")
        for person in people:
            person.sees("Match found!")
            expect(person.page.get_by_text(re.compile(r"You play in team [12] of 2\."))).to_be_visible()
        ada.button("Accept").click()
        expect(bo.page.get_by_text("1 of 4 accepted already.")).to_be_visible()
        expect(bo.page.locator("#proposal-dots .taken")).to_have_count(1)
        bo.look_closely("13-proposal")
        cy.button("Decline").click()
        cy.sees("What do you want to play?")
        expect(cy.page.get_by_text(re.compile(r"You refused a match: you can search again in \d+ s"))).to_be_visible()
        expect(cy.button("Find a match")).to_have_attribute("aria-disabled", "true")
        cy.look_closely("14-pause")

        bo.sees("Looking for players")
        bo.button("Leave the party").click()
        bo.sees("What do you want to play?")
        expect(ada.page.get_by_role("list", name="Party members").get_by_role("listitem")).to_have_count(1)
        ada.sees("Looking for players")
        for person in people:
            person.leave_nothing_behind()


def _gather(leader: Person, friend: Person) -> None:
    """The friend joins the leader's party by its code, after a wrong one."""
    leader.button("Create a party").click()
    code = leader.page.locator("#party-code")
    expect(code).to_have_text(re.compile(r"^[A-Z2-9]{8}$"))
    for attempt in ("ZZZZ9999", (code.text_content() or "").lower()):
        friend.page.get_by_role("textbox", name="or join with a code").fill(attempt)
        friend.page.locator("#form-party").get_by_role("button", name="Join").click()
        if attempt == "ZZZZ9999":
            expect(friend.page.get_by_text(re.compile("There is no such invitation or code."))).to_be_visible()
    expect(friend.page.get_by_text(f"{leader.name} leads your party, and starts its search.")).to_be_visible()
    for person in (leader, friend):
        mates = person.page.get_by_role("list", name="Party members").get_by_role("listitem")
        expect(mates).to_contain_text([re.compile(f"{leader.name}.*Leader"), friend.name])
        person.look_closely("11-party")


def test_an_invitation_and_a_search_that_is_planned_are_shown() -> None:
    with chromium() as browser, maoga_server() as server:
        eve, fay = Person(browser, server.url, "Eve"), Person(browser, server.url, "Fay", PHONE)
        for person in (eve, fay):
            person.enter()
        later = (datetime.now(UTC) + timedelta(hours=5)).isoformat()
        _ask_as(fay, "enqueue", {"games": [{"gameId": "apex"}], "mode": "casual", "scheduledAt": later})
        expect(fay.page.get_by_text("You search for Apex Legends (casual) from")).to_be_visible()
        fay.look_closely("15-planned")
        fay.button("Cancel it").click()
        expect(fay.page.locator("#planned")).to_be_hidden()

        eve.button("Create a party").click()
        expect(eve.page.get_by_role("list", name="Party members")).to_contain_text("Eve")
        fay_id = fay.page.evaluate('JSON.parse(sessionStorage.getItem("maoga.session")).user.id')
        invitations = fay.page.get_by_role("list", name="Invitations")
        for answer in ("Decline", "Join"):
            _ask_as(eve, "party_invite", {"userId": fay_id})
            expect(invitations).to_contain_text("Eve invites you to their party.")
            fay.look_closely("16-invitation")
            invitations.get_by_role("button", name=answer).click()
            expect(invitations.get_by_role("listitem")).to_have_count(0)
        expect(eve.page.get_by_role("list", name="Party members")).to_contain_text("Fay")
        for person in (eve, fay):
            person.leave_nothing_behind()


def _ask_as(person: Person, event: str, payload: dict[str, Any]) -> None:
    """A call with the page's own token, as from another device."""
    ack = person.page.evaluate(
        """async ([event, payload]) => {
          const { io } = await import("/static/vendor/socket.io.esm.min.js");
          const token = JSON.parse(sessionStorage.getItem("maoga.session")).accessToken;
          const socket = io("/matchmaking", { transports: ["websocket"], auth: { token }, forceNew: true });
          try {
            return await socket.timeout(8000).emitWithAck(event, payload);
          } finally {
            socket.close();
          }
        }""",
        [event, payload],
    )
    assert ack["status"] == "success", ack


def _search(person: Person, region: str) -> None:
    """For two against two."""
    person.page.get_by_role("radio", name="Rocket League").check()
    person.page.get_by_role("radio", name="Competitive").check()
    person.page.get_by_role("combobox", name="Region").select_option(region)
    person.button("Find a match").click()


async def test_why_a_ticket_waits_in_words() -> None:
    told = {
        "poolSize": 9,
        "blockers": [{"rule": "skill", "rejected": 0.62}, {"rule": "ping", "rejected": 0.004}],
        "relaxed": [
            {"rule": "skill", "step": 1, "limit": 200},
            {"rule": "region", "step": 1},
            {"rule": "ping", "step": 0, "limit": 80},
        ],
        "estimatedWaitMs": 41_000,
        "estimatedWaitRange": {"fromMs": 12_400, "toMs": 130_000},
    }
    async with page_of_the_repository() as page:
        said = await page.evaluate(
            """async (ticket) => {
              const { blockersText, estimateText, heldText } = await import("/rest/static/app/waiting_words.js");
              const rules = [{ name: "ping", type: "max_latency" }];
              return [blockersText(ticket), heldText(ticket, rules), estimateText(ticket), estimateText({})];
            }""",
            told,
        )
    assert said == [
        "Of the others here, 62 % are too far from your strength and under 1 % do not fit by ping.",
        "You are looking for a strength within 200 points of yours, any region and at most 80 ms to the server.",
        {"text": "about 41 s", "spread": "mostly 12 s to 2 minutes"},
        {"text": "not known yet", "spread": ""},
    ]
