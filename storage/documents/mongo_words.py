"""Filters, sorts and changes in MongoDB's words."""

from collections.abc import Iterable
from typing import Any

from pymongo import ASCENDING, DESCENDING

from storage.documents.changes import Change
from storage.documents.query import AnyOf, Condition, Query

Stored = dict[str, Any]


def stored_name(field: str) -> str:
    """The name of a field in MongoDB."""
    return "_id" if field == "id" else field


def condition_of(part: Condition | AnyOf) -> Stored:
    """A condition as MongoDB has it."""
    if isinstance(part, AnyOf):
        return {"$or": [all_of(map(condition_of, option)) for option in part.options]}
    if part.op == "$between":
        start, end = part.value
        return {part.field.name: {"$elemMatch": {"$gte": start, **({} if end is None else {"$lt": end})}}}
    return {stored_name(part.field.name): {part.op: part.value}}


def all_of(parts: Iterable[Stored]) -> Stored:
    """One filter that holds all the parts, each on one name."""
    merged: Stored = {}
    again: list[Stored] = []
    for part in parts:
        if merged.keys() & part.keys():
            again.append(part)
        else:
            merged |= part
    return {**merged, "$and": again} if again else merged


def order_of(query: Query) -> list[tuple[str, int]]:
    """The sort of a query."""
    direction = DESCENDING if query.descending else ASCENDING
    order = [(stored_name(query.field.name), direction)]
    return [*order, ("_id", direction)] if query.ties else order


def update_of(change: Change) -> Stored:
    """A change as MongoDB has it."""
    update = {
        "$set": change.set,
        "$unset": dict.fromkeys(change.unset, ""),
        "$inc": change.inc,
        "$addToSet": {name: {"$each": values} for name, values in change.add.items()},
        "$pull": {name: {"$in": values} for name, values in change.pull.items()},
    }
    return {op: fields for op, fields in update.items() if fields}
