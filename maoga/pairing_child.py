"""The child of `pairing_process`: `python -m maoga.pairing_child`. It reads requests, and answers in order.

Garbage is collected between passes. Tickets are kept out of that: they are most of what there is, and no cycles.
"""

import gc
import os
import signal
import sys
import threading
import traceback
from queue import SimpleQueue
from typing import BinaryIO

from domain.matchmaking.pairing.matcher import Group, Matcher
from domain.matchmaking.pool import PoolKey
from maoga.pairing_messages import (
    LENGTH_BYTES,
    REQUEST,
    Answer,
    Apply,
    Close,
    Explain,
    Free,
    Groups,
    Open,
    Request,
    framed,
    length_of,
)

GROUPS_AT_ONCE = 10
"""Few enough for the parent to read in a slice."""

NICENESS = 5
"""The sockets of the parent come first where there are not cores enough."""


class PairingChild:
    """The matchers, by the numbers the parent gave them. One that fails is forgotten, and its pool answers so."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._matchers: dict[int, Matcher] = {}

    def serve(self, request: Request) -> None:
        """Does what is asked, and answers if that is due."""
        try:
            if isinstance(request, Open):
                self._matchers[request.pool] = Matcher(PoolKey(request.game_id, request.mode.mode), request.mode)
            elif (matcher := self._matchers.get(request.pool)) is not None:
                self._serve(matcher, request)
            else:
                self._fail(request)
        except OSError:
            raise  # nobody listens any more
        except Exception:
            traceback.print_exc()
            self._matchers.pop(request.pool, None)
            self._fail(request)

    def _serve(self, matcher: Matcher, request: Request) -> None:
        if isinstance(request, Apply):
            matcher.put(request.entries)
            matcher.drop(request.gone)
            gc.freeze()
        elif isinstance(request, Free):
            matcher.free(request.tickets)
        elif isinstance(request, Explain):
            self._say(Answer(call=request.call, explained=matcher.explain(request.tickets, request.now)))
        elif isinstance(request, Groups):
            self._answer_groups(matcher, request)
            gc.collect()
        elif isinstance(request, Close):
            del self._matchers[request.pool]

    def _answer_groups(self, matcher: Matcher, request: Groups) -> None:
        some: list[Group] = []
        for group in matcher.groups(request.now):
            if group:
                some.append(group)
            if some and (not group or len(some) == GROUPS_AT_ONCE):
                self._say(Answer(call=request.call, groups=tuple(some), last=False))
                some.clear()
        self._say(Answer(call=request.call, groups=tuple(some), stretch=matcher.stretch(request.now)))

    def _fail(self, request: Request) -> None:
        if request.call:
            self._say(Answer(call=request.call, failed=True))

    def _say(self, answer: Answer) -> None:
        self._output.write(framed(answer))
        self._output.flush()


def _read(requests: SimpleQueue[bytes]) -> None:
    """Takes in requests while others are worked on; ends the process when the parent is gone or wants it to end."""
    source = sys.stdin.buffer
    while head := source.read(LENGTH_BYTES):
        requests.put(source.read(length_of(head)))
    os._exit(0)


def main() -> None:
    """Serves until the input ends. Signals that mean the whole group are left to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.nice(NICENESS)
    gc.disable()
    requests: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_read, args=(requests,), daemon=True).start()
    child = PairingChild(sys.stdout.buffer)
    while True:
        child.serve(REQUEST.validate_json(requests.get()))


if __name__ == "__main__":
    main()
