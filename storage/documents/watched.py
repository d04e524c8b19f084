"""Measures the operations on documents."""

import time
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T")

OPERATIONS = frozenset(
    {"insert", "insert_many", "get", "get_many", "find", "find_first_of", "count"}
    | {"update", "replace", "upsert", "delete", "commit"}
)
"""`find_one` is a `find`."""


def watched(kind: type[T]) -> type[T]:
    """Has a collection or a database tell its `metrics` how long each operation takes, and what it raises.

    Its `name` is what operators call it.
    """
    for operation in OPERATIONS & vars(kind).keys():
        setattr(kind, operation, _measured(operation, getattr(kind, operation)))
    return kind


def _measured(operation: str, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    @wraps(method)
    async def measured(self: Any, *args: Any, **options: Any) -> Any:
        began, failure = time.perf_counter(), None
        try:
            return await method(self, *args, **options)
        except BaseException as error:
            failure = error
            raise
        finally:
            question = args[0] if args else None
            self.metrics.queried(self.name, operation, time.perf_counter() - began, question, failure)

    return measured
