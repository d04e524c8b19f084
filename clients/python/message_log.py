"""What a client keeps of a channel: its messages, brought up to date by the channel's events."""

from collections.abc import Callable, Iterable
from typing import Any, cast

from clients.python.types import Message, MessageDeleted, ReactionChanged


class MessageLog:
    """The messages of a channel that a client knows: each once, in the order of their `seq`, and as they are now."""

    def __init__(self) -> None:
        self._by_seq: dict[int, Message] = {}

    @property
    def all(self) -> list[Message]:
        """The messages, the first first."""
        return [self._by_seq[seq] for seq in sorted(self._by_seq)]

    def add(self, messages: Iterable[Message]) -> None:
        """Takes in messages, live ones and pages of the history alike, in any order."""
        self._by_seq |= {message["seq"]: message for message in messages}

    def change(self, name: str, event: Any) -> None:
        """Takes in one of `MESSAGE_CHANGES`; one of a message that is not known changes nothing."""
        if message := self._by_seq.get(event["seq"]):
            self._by_seq[event["seq"]] = _REDUCERS[name](message, event)


def _deleted(message: Message, event: MessageDeleted) -> Message:
    place = {name: value for name, value in message.items() if name not in {"mediaId", "mediaUrl", "system"}}
    emptied = {**place, "content": "", "mentions": [], "reactions": {}, "deletedAt": event["deletedAt"]}
    return cast(Message, emptied)


def _reacted(message: Message, event: ReactionChanged) -> Message:
    reactions = dict(message["reactions"])
    users = [user for user in reactions.pop(event["emoji"], []) if user != event["userId"]]
    if event["on"]:
        users.append(event["userId"])
    if users:
        reactions[event["emoji"]] = users
    return {**message, "reactions": reactions}


_REDUCERS: dict[str, Callable[[Message, Any], Message]] = {
    "message_edited": lambda _, edited: cast(Message, edited),
    "message_deleted": _deleted,
    "reaction_changed": _reacted,
}

MESSAGE_CHANGES = frozenset(_REDUCERS)
"""The names of the events that `change` takes."""
