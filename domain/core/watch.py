"""What operators see of the storage. A port."""

from typing import Protocol


class Lane(Protocol):
    """Connections that calls share. used: by calls now. waiting: calls that have none yet. most: there can be."""

    @property
    def used(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def most(self) -> int: ...


class StorageMetrics:
    """Is told how it goes. This one drops what it is told."""

    def queried(
        self, collection: str, operation: str, seconds: float, question: object, failure: BaseException | None
    ) -> None:
        """An operation on documents took so long, its waits and retries among it.

        question: what it was asked, as a filter or an id. failure: what it raised.
        """

    def commanded(self, command: str, seconds: float, failure: BaseException | None) -> None:
        """Redis was asked; the same."""

    def shares(self, storage: str, lane: Lane) -> None:
        """Calls to that storage share these connections."""


UNWATCHED = StorageMetrics()
