"""How many uploads this process takes at a time, and from whom: each may hold some megabytes and a decoder."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from domain.core.errors import RateLimited
from domain.core.ids import UserId

AT_ONCE, OF_ONE_ADDRESS, OF_ONE_USER = 32, 8, 2
RETRY_MS = 1000


class Turns:
    """The uploads that are under way, so that nobody's slow ones keep everybody else from uploading."""

    def __init__(self) -> None:
        self._of_user: Counter[str] = Counter()
        self._of_address: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._of_user.total()

    @contextmanager
    def take(self, user: UserId, address: str) -> Iterator[None]:
        """Counts one more for the time of the block; raises `RateLimited`."""
        full = len(self) >= AT_ONCE or self._of_address[address] >= OF_ONE_ADDRESS
        if full or self._of_user[user] >= OF_ONE_USER:
            raise RateLimited(RETRY_MS)
        self._of_user[user] += 1
        self._of_address[address] += 1
        try:
            yield
        finally:
            self._of_user -= Counter({user: 1})  # forgets who has none left
            self._of_address -= Counter({address: 1})
