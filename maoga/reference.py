"""The generated references: what every event and route takes and answers, from the code that serves them."""

from pathlib import Path

from realtime.namespaces.chat import ChatNamespace
from realtime.namespaces.lobby import LobbyNamespace
from realtime.namespaces.matchmaking import MatchmakingNamespace
from realtime.namespaces.social import SocialNamespace
from realtime.reference import reference as events
from rest.reference import reference as rest

NAMESPACES = (MatchmakingNamespace, LobbyNamespace, ChatNamespace, SocialNamespace)


def pages() -> dict[str, str]:
    """The text of each page, by file name."""
    return {"reference-events.md": events(NAMESPACES), "reference-rest.md": rest()}


def write(folder: Path) -> list[Path]:
    """Writes the pages into `folder`; their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text)
    return [folder / name for name in pages()]
