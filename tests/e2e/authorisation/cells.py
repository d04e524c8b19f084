"""What stands in a cell of the matrix, and what a row is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.e2e.authorisation.scene import ROLES, Role, Scene

MAY = "may"
"""They may, so it is not tried here: it would change the scene. The tests of the rule itself try it."""

OWN = "own"
"""They may, and it is tried: the answer shows nothing of the owners, who notice nothing."""

EMPTY = "empty"
"""They may, and it is tried: the answer is an empty list."""

SEES = "sees"
"""They may, and it is tried: the answer may show what the owners have, who notice nothing."""

Cells = Mapping[Role, str]
"""What each role comes to: MAY, OWN, EMPTY, SEES, or the code of the error."""

Data = Callable[[Scene], dict[str, Any]]


def outcome(scene: Scene, code: str | None, answer: Any) -> str:
    """The cell that an error code or an answer belongs in."""
    if code is not None:
        return code
    return SEES if scene.shows(answer) else EMPTY if answer == [] else OWN


def nothing(_: Scene) -> dict[str, Any]:
    """No data."""
    return {}


def everyone(cell: str, **others: str) -> Cells:
    """A row of the same cells, but for the others."""
    assert set(others) <= set(ROLES), others
    return {role: others.get(role, cell) for role in ROLES}


@dataclass(frozen=True)
class EventRow:
    """A client event. data: what is sent, aimed at what is the owners'."""

    namespace: str
    event: str
    cells: Cells
    data: Data = nothing


@dataclass(frozen=True)
class RouteRow:
    """A REST route. id: what stands for the `{id}` of its path. anonymous: what comes of it without a token."""

    method: str
    path: str
    cells: Cells
    id: Callable[[Scene], str] = lambda scene: scene.lobby
    body: Data | None = None
    query: str = ""
    anonymous: str = "AUTHENTICATION_REQUIRED"
