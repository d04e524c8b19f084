"""Who is in which room."""

from collections.abc import Iterator

import socketio
from socketio.base_manager import BaseManager


class Manager(socketio.AsyncManager):  # type: ignore[misc]
    """Rooms in which a client that is still connecting takes no part."""

    def get_participants(self, namespace: str, room: str | None) -> Iterator[tuple[str, str]]:
        """(sid, Engine.IO sid) of the connected clients in the room; None is the whole namespace.

        internal: every emit of python-socketio asks here.
        """
        pending = self.pending_connect.get(namespace, ())  # internal: sids between pre_connect and connect
        for sid, eio_sid in super().get_participants(namespace, room):
            if sid not in pending:
                yield sid, eio_sid

    def members(self, namespace: str, room: str | None) -> list[str]:
        """The sids in a room; those still connecting are in the rooms they entered, but not in the whole namespace."""
        participants = self.get_participants if room is None else super().get_participants
        return [sid for sid, _ in participants(namespace, room)]

    def begin(self, eio_sid: str, namespace: str) -> str:
        """Starts a client's connecting; its sid."""
        sid: str = BaseManager.pre_connect(self, eio_sid, namespace)  # internal: the async one only wraps it
        return sid

    def complete(self, sid: str, namespace: str) -> None:
        """The client is connected."""
        BaseManager.connect(self, sid, namespace)  # internal: the async one only wraps it

    def enter(self, sid: str, namespace: str, room: str) -> None:
        """Puts a client into a room."""
        self.basic_enter_room(sid, namespace, room)  # internal

    def leave(self, sid: str, namespace: str, room: str) -> None:
        """Takes a client out of a room, if it is there."""
        self.basic_leave_room(sid, namespace, room)  # internal

    def remove(self, sid: str, namespace: str) -> None:
        """Takes a client out of the namespace and all its rooms."""
        self.basic_disconnect(sid, namespace)  # internal
