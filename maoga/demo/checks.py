"""What players saw, and what must hold among them all once they have played. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

SEEN_BY_ALL = ("match_proposed", "match_confirmed", "lobby_updated", "lobby_started")


@dataclass(slots=True)
class Memory:
    """What one player saw.

    lobby_ids: of all lobbies it was told of. members: of the lobby, as synced. messages: `(seq, id)` in the order of
    their coming. last_seq: of what players said in the lobby, 0 for somebody who did not get there. events: by name.
    """

    name: str
    user_id: str = ""
    lobby_ids: set[str] = field(default_factory=set)
    members: frozenset[str] = frozenset()
    messages: list[tuple[int, str]] = field(default_factory=list)
    last_seq: int = 0
    events: Counter[str] = field(default_factory=Counter)
    started: bool = False


def broken_promises(memories: Sequence[Memory]) -> Iterator[str]:
    """What the server promised and did not keep, in words. Players who did not get to the end are left out."""
    done = [memory for memory in memories if memory.started and memory.last_seq]
    by_id = {memory.user_id: memory for memory in done}
    seats = Counter(user_id for members in {memory.members for memory in done} for user_id in members)
    for memory in done:
        yield from _alone(memory)
        if seats[memory.user_id] != 1:
            yield f"{memory.name} has a seat in {seats[memory.user_id]} lobbies"
        for other in (by_id[user_id] for user_id in memory.members if user_id in by_id):
            yield from _together(memory, other)


def _alone(memory: Memory) -> Iterator[str]:
    if len(memory.lobby_ids) != 1:
        yield f"{memory.name} was told of {len(memory.lobby_ids)} lobbies"
    expected = list(range(1, memory.last_seq + 1))
    if (got := [seq for seq, _ in memory.messages]) != expected:
        yield f"{memory.name} got the messages {got}, not {expected}"
    if missing := [event for event in SEEN_BY_ALL if not memory.events[event]]:
        yield f"{memory.name} saw no {', '.join(missing)}"


def _together(memory: Memory, other: Memory) -> Iterator[str]:
    if memory.members != other.members:
        yield f"{memory.name} and {other.name} do not agree on who is in their lobby"
    if memory.messages != other.messages:
        yield f"{memory.name} and {other.name} do not agree on what was said"
