"""Every socket event and every REST route, tried by everybody who has no business with what it is aimed at.

A new event or route needs a row in `tests/e2e/authorisation/`, or this fails.
"""

import re
from pathlib import Path

import aiohttp

from maoga.reference import NAMESPACES
from rest.app import ROUTES
from tests.e2e.authorisation.cells import EMPTY, MAY, OWN, SEES, outcome
from tests.e2e.authorisation.events import EVENTS
from tests.e2e.authorisation.routes import ROUTE_ROWS
from tests.e2e.authorisation.scene import ROLES, STAFF, Scene, a_scene
from tests.e2e.conftest import Enter, Start
from tests.e2e.staff import make_staff


def test_every_event_has_a_row() -> None:
    events = {(namespace.name, name) for namespace in NAMESPACES for name in namespace.handlers}
    assert {(row.namespace, row.event) for row in EVENTS} == events


def test_every_route_has_a_row() -> None:
    assert {(row.method, row.path) for row in ROUTE_ROWS} == {(route.method, route.path) for route in ROUTES}


async def test_nobody_does_or_sees_what_is_not_theirs(start: Start, enter: Enter, tmp_path: Path) -> None:
    storage = {"MAOGA_DATABASE_URL": f"sqlite:///{tmp_path}/maoga.db"}
    await make_staff(tmp_path, storage, STAFF)
    url = start(**storage, MAOGA_MATCH_ACCEPT_S="300", MAOGA_GRACE_S="300", MAOGA_RATE_LIMIT_SCALE="1000").url
    async with aiohttp.ClientSession() as http:
        scene = await a_scene(url, enter, http)
        before = await scene.state()
        found = [*await _events(scene), *await _routes(scene)]
        assert not found, "\n".join(found)
        assert await scene.state() == before


def _accepted(cell: str) -> tuple[str, ...]:
    """What may come where the table says `cell`: an empty list shows nothing, either."""
    return {SEES: (OWN, EMPTY, SEES), OWN: (OWN, EMPTY)}.get(cell, (cell,))


async def _events(scene: Scene) -> list[str]:
    """The cells that are not as the table says."""
    wrong = []
    for row in EVENTS:
        for role in ROLES:
            if row.cells[role] == MAY:
                continue
            code, data = await scene.event(role, row.namespace, row.event, row.data(scene))
            came = outcome(scene, code, data)
            if came not in _accepted(row.cells[role]):
                wrong.append(f"{role} /{row.namespace} {row.event}: {came} instead of {row.cells[role]}")
    return wrong


async def _routes(scene: Scene) -> list[str]:
    """The cells that are not as the table says."""
    wrong = []
    for row in ROUTE_ROWS:
        path, body = re.sub(r"\{\w+\}", row.id(scene), row.path) + row.query, row.body(scene) if row.body else None
        for role in (*ROLES, None):
            expected = row.cells[role] if role else row.anonymous
            if expected == MAY:
                continue
            code, data = await scene.request(role, row.method, path, body)
            came = outcome(scene, code, data)
            if came not in _accepted(expected):
                wrong.append(f"{role or 'nobody'} {row.method} {row.path}: {came} instead of {expected}")
    return wrong
