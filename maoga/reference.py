"""What is generated from the code that serves events and routes: the references, and the clients' types."""

from pathlib import Path

import clients
from maoga import typings
from maoga.metrics_page import metrics
from realtime.asyncapi import asyncapi
from realtime.namespaces.chat import ChatNamespace
from realtime.namespaces.lobby import LobbyNamespace
from realtime.namespaces.matchmaking import MatchmakingNamespace
from realtime.namespaces.social import SocialNamespace
from realtime.reference import reference as events
from rest.openapi import openapi
from rest.reference import reference as rest

NAMESPACES = (MatchmakingNamespace, LobbyNamespace, ChatNamespace, SocialNamespace)

DOCUMENTS = {"/openapi.json": openapi, "/asyncapi.json": lambda: asyncapi(NAMESPACES)}
"""What makes the machine-readable descriptions, by the path where a server has them."""


def pages() -> dict[str, str]:
    """The text of each page, by its path in their folder."""
    return {
        "reference-events.md": events(NAMESPACES),
        "reference-rest.md": rest(),
        "operations/metrics.md": metrics(),
    }


def types() -> dict[str, str]:
    """The text of each file of the clients' types, by its path in their folder."""
    return {"python/types.py": typings.python(NAMESPACES), "js/types.d.ts": typings.typescript(NAMESPACES)}


def write(folder: Path) -> list[Path]:
    """Writes the pages into `folder` and the types where the clients are; their paths."""
    texts = {folder / name: text for name, text in pages().items()}
    texts |= {Path(clients.__path__[0]) / name: text for name, text in types().items()}
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return list(texts)
