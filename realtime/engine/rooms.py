"""Who is in a namespace, and in which of its rooms."""

from realtime.engine.client import Application, Peer


class Space:
    """A namespace of this process: what stands behind it, its connected peers, and its rooms.

    Rooms are kept both ways, so that a peer that goes costs as much as the rooms it was in, however many there are.
    """

    __slots__ = ("application", "connected", "name", "prefix", "rooms")

    def __init__(self, name: str, application: Application) -> None:
        self.name, self.application = name, application
        self.prefix = f"/{name},".encode()
        self.connected: set[Peer] = set()
        self.rooms: dict[str, set[Peer]] = {}

    def members(self, room: str | None) -> set[Peer]:
        """The peers in a room, those still connecting among them; None is everybody connected."""
        return self.connected if room is None else self.rooms.get(room, _NOBODY)

    def enter(self, peer: Peer, room: str) -> None:
        """Puts a peer into a room."""
        members = self.rooms.get(room)
        if members is None:
            members = self.rooms[room] = set()
        elif peer in members:
            return
        members.add(peer)
        peer.rooms = (*peer.rooms, room)

    def leave(self, peer: Peer, room: str) -> None:
        """Takes a peer out of a room, if it is there."""
        if peer in self.rooms.get(room, _NOBODY):
            peer.rooms = tuple(other for other in peer.rooms if other != room)
            self._drop(peer, room)

    def remove(self, peer: Peer) -> None:
        """Takes a peer out of the namespace and all its rooms."""
        self.connected.discard(peer)
        for room in peer.rooms:
            self._drop(peer, room)
        peer.rooms = ()

    def _drop(self, peer: Peer, room: str) -> None:
        members = self.rooms[room]
        members.discard(peer)
        if not members:
            del self.rooms[room]


_NOBODY: set[Peer] = set()
