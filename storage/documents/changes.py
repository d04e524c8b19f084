"""Changes, checked against the spec, in one form that MongoDB takes as it is and SQLite's writer applies itself."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from domain.core.collection import Changes, UnsupportedQuery
from storage.documents.schema import Field, Schema, storable

OPERATORS = ("$set", "$unset", "$inc", "$addToSet", "$pull")


@dataclass(frozen=True, slots=True)
class Change:
    """Checked changes; every field is in at most one of them. The values are as they are stored."""

    set: dict[str, Any] = field(default_factory=dict)
    unset: list[str] = field(default_factory=list)
    inc: dict[str, int | float] = field(default_factory=dict)
    add: dict[str, list[Any]] = field(default_factory=dict)
    pull: dict[str, list[Any]] = field(default_factory=dict)

    def apply(self, stored: dict[str, Any]) -> None:
        """Changes a stored document in place."""
        stored.update(self.set)
        for name in self.unset:
            stored.pop(name, None)
        for name, amount in self.inc.items():
            stored[name] = storable(stored.get(name, 0) + amount)
        for name, values in self.add.items():
            elements = stored.setdefault(name, [])
            elements.extend(value for value in dict.fromkeys(values) if value not in elements)
        for name, values in self.pull.items():
            if name in stored:
                stored[name] = [element for element in stored[name] if element not in values]


def parse_changes(schema: Schema[Any], changes: Changes) -> Change:
    """The checked changes; raises `UnsupportedQuery`."""
    change = Change()
    seen = set()
    for op, name, value in _each(changes):
        target = schema.changed(name)
        if name in seen:
            raise UnsupportedQuery(f"{name} is changed twice")
        seen.add(name)
        _add(schema, change, op, target, value)
    if not seen:
        raise UnsupportedQuery("no changes")
    return change


def _each(changes: Changes) -> Iterator[tuple[str, str, Any]]:
    for op, fields in changes.items():
        if op not in OPERATORS:
            raise UnsupportedQuery(f"{op} is not a change")
        for name, value in fields.items():
            yield op, name, value


def _add(schema: Schema[Any], change: Change, op: str, target: Field, value: Any) -> None:
    match op:
        case "$set" if value is not None:
            change.set[target.name] = schema.dump_field(target.name, value)
        case "$set" if target.optional:
            change.unset.append(target.name)
        case "$unset" if target.optional and value is True:
            change.unset.append(target.name)
        case "$inc" if target.kind in {int, float} and not target.sequence and target.name not in schema.spec.sealed:
            change.inc[target.name] = target.value(value)
        case "$addToSet" if target.kind and target.sequence:
            change.add[target.name] = _elements(target, value)
        case "$pull" if target.kind and target.sequence:
            change.pull[target.name] = _elements(target, value)
        case _:
            raise UnsupportedQuery(f"{op} {target.name}: {value!r} is not supported")


def _elements(target: Field, value: Any) -> list[Any]:
    return [target.value(item) for item in (value if isinstance(value, list | tuple) else [value])]
