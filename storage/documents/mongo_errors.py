"""PyMongo's errors, sorted: a key that is taken, a database that does not answer, and bugs, which rise as they are."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pymongo.errors import BulkWriteError, ConnectionFailure, DuplicateKeyError, OperationFailure, PyMongoError

from domain.core import errors
from domain.core.collection import UnsupportedQuery

BAD_VALUE = 2
DUPLICATE_KEY = 11000

# What servers and routers answer while nodes come and go (the retryable codes of MongoDB's driver specifications that
# PyMongo does not raise as a ConnectionFailure): HostUnreachable, HostNotFound, NetworkTimeout,
# ReadConcernMajorityNotAvailableYet, ExceededTimeLimit, SocketException. And what an operator's killOp answers:
# Interrupted.
PASSING_CODES = frozenset({6, 7, 89, 134, 262, 9001, 11601})
PASSING_LABELS = ("RetryableWriteError", "TransientTransactionError", "UnknownTransactionCommitResult")

UNSURE = "The database did not answer in time; the change may or may not have been made."


class TakenKey(Exception):
    """A unique key is taken, perhaps only by an expired document. `values` are those of the key, by stored name."""

    def __init__(self, collection: str, fault: Mapping[str, Any], index: int = 0) -> None:
        super().__init__(collection, index)
        self.collection, self.index = collection, index
        self.key = tuple("id" if name == "_id" else name for name in fault["keyPattern"])
        self.values: Mapping[str, Any] = fault["keyValue"]


@contextmanager
def sorted_errors(*, write: bool) -> Iterator[None]:
    """Raises `Unavailable` where the database does not answer; the error is honest about the fate of a write."""
    try:
        yield
    except PyMongoError as error:
        if is_unavailable(error):
            raise errors.Unavailable(UNSURE if write else None) from error
        raise


@contextmanager
def taken_keys(collection: str) -> Iterator[None]:
    """Raises `TakenKey` where a unique key is taken."""
    try:
        yield
    except BulkWriteError as error:
        faults = error.details.get("writeErrors", [])
        if not faults or faults[0]["code"] != DUPLICATE_KEY:
            raise
        raise TakenKey(collection, faults[0], faults[0]["index"]) from error
    except DuplicateKeyError as error:
        raise TakenKey(collection, error.details or {}) from error


@contextmanager
def overflows() -> Iterator[None]:
    """Raises `UnsupportedQuery` where an increment leaves the range of its field, all else having been checked."""
    try:
        yield
    except OperationFailure as error:
        if error.code != BAD_VALUE:
            raise
        raise UnsupportedQuery("the increment leaves the range of 64 bits") from error


def is_unavailable(error: PyMongoError) -> bool:
    """Whether the database could not answer now, and might later."""
    return (
        isinstance(error, ConnectionFailure)
        or error.timeout
        or any(error.has_error_label(label) for label in PASSING_LABELS)
        or (isinstance(error, OperationFailure) and error.code in PASSING_CODES)
    )
