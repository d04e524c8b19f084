"""Filters, sorts and pages, checked against the spec: both databases translate these conditions and refuse the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from domain.core.collection import After, Filter, UnsupportedQuery
from storage.documents.schema import ID, Field, Schema

Op = Literal["$eq", "$ne", "$in", "$gt", "$gte", "$lt", "$lte", "$exists", "$between"]

LAST_CODE_POINT = 0x10FFFF
SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True, slots=True)
class Condition:
    """What one field must fulfil. On a list `$eq` and `$in` ask for an element, `$ne` for no such element.

    `$between` is for lists alone: an element at or above the first of two values, and below the second if there is one.
    """

    field: Field
    op: Op
    value: Any


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the options must hold."""

    options: tuple["Where", ...]


Where = tuple[Condition | AnyOf, ...]
"""All must hold."""


@dataclass(frozen=True, slots=True)
class Query:
    """A page of documents: at most `limit` that match, ordered by `field`, and by id too if `ties` are possible."""

    where: Where
    field: Field
    descending: bool
    ties: bool
    limit: int


def parse_filter(schema: Schema[Any], filter: Filter) -> Where:
    """The conditions of a filter; raises `UnsupportedQuery`."""
    where: list[Condition | AnyOf] = []
    for name, asked in filter.items():
        if name == "$or":
            where.append(_any_of(schema, asked))
        else:
            where.extend(_conditions(schema.asked_for(name), asked))
    return tuple(where)


def parse_one(schema: Schema[Any], id: str, expect: Filter | None = None) -> Where:
    """The document with that id, if it matches `expect`; raises `UnsupportedQuery`."""
    return (Condition(ID, "$eq", ID.value(id)), *parse_filter(schema, expect or {}))


def parse_ids(ids: Sequence[str]) -> Where:
    """The documents with those ids; raises `UnsupportedQuery`."""
    return (Condition(ID, "$in", [ID.value(id) for id in ids]),)


def parse_query(schema: Schema[Any], filter: Filter, sort: str, limit: int, after: After | None = None) -> Query:
    """The page that is asked for; raises `UnsupportedQuery`."""
    where = parse_filter(schema, filter)
    field = schema.asked_for(sort.removeprefix("-"))
    if field.sequence or field.optional:
        raise UnsupportedQuery(f"{schema.spec.name}: a list or a field that may be missing does not sort")
    if type(limit) is not int or limit < 1:
        raise UnsupportedQuery(f"limit {limit!r} is not a positive number")
    ties = not _identifies(schema, where, field)
    descending = sort.startswith("-")
    if after is not None:
        where += _behind(field, after, ties, descending)
    return Query(where, field, descending, ties, limit)


def parse_first_of(schema: Schema[Any], field: str, values: Sequence[str], sort: str) -> Query:
    """The documents of which the first for each of the values are asked for; raises `UnsupportedQuery`."""
    key = (field, sort.removeprefix("-"))
    if key not in schema.spec.unique:
        raise UnsupportedQuery(f"{schema.spec.name}: {key} is no unique key")
    return parse_query(schema, {field: {"$in": list(values)}}, sort, max(1, len(values)))


def _identifies(schema: Schema[Any], where: Where, field: Field) -> bool:
    """Whether two documents that match cannot be equal in `field`: it completes a unique key.

    The order then needs no id to break ties, and an index on that key serves filter and order alone.
    """
    fixed = {condition.field.name for condition in where if isinstance(condition, Condition) and condition.op == "$eq"}
    return any(set(key) <= fixed | {field.name} for key in (("id",), *schema.spec.unique))


def _behind(field: Field, after: After, ties: bool, descending: bool) -> Where:
    beyond: Op = "$lt" if descending else "$gt"
    value, id = field.value(after[0]), ID.value(after[1])
    if not ties:
        return (Condition(field, beyond, value),)
    tied_or_beyond = AnyOf(((Condition(field, beyond, value),), (Condition(ID, beyond, id),)))
    return (Condition(field, "$lte" if descending else "$gte", value), tied_or_beyond)


def _any_of(schema: Schema[Any], options: Any) -> AnyOf:
    if not _is_list(options) or not options or not all(isinstance(option, Mapping) for option in options):
        raise UnsupportedQuery("$or takes a list of filters")
    return AnyOf(tuple(parse_filter(schema, option) for option in options))


def _conditions(field: Field, asked: Any) -> list[Condition]:
    if not isinstance(asked, Mapping):
        return [Condition(field, "$eq", field.value(asked))]
    if not asked:
        raise UnsupportedQuery(f"{field.name}: no operator")
    return [condition for op, value in asked.items() for condition in _operator(field, op, value)]


def _operator(field: Field, op: str, value: Any) -> list[Condition]:
    match op:
        case "$exists" if type(value) is bool:
            return [Condition(field, op, value)]
        case "$in" if _is_list(value):
            return [Condition(field, op, [field.value(item) for item in value])]
        case "$ne":
            return [Condition(field, op, field.value(value))]
        case "$gt" | "$gte" | "$lt" | "$lte" if not field.sequence:
            return [Condition(field, op, field.value(value))]
        case "$prefix" if field.kind is str and field.sequence:
            return [Condition(field, "$between", [field.value(value), _following(value)])]
        case "$prefix" if field.kind is str:
            return _prefix(field, field.value(value))
    raise UnsupportedQuery(f"{field.name}: {op} {value!r} is not supported")


def _prefix(field: Field, prefix: str) -> list[Condition]:
    """Text that starts with `prefix` is the range from it to the next text of its length, by code points."""
    start = Condition(field, "$gte", prefix)
    following = _following(prefix)
    return [start] if following is None else [start, Condition(field, "$lt", following)]


def _following(prefix: str) -> str | None:
    """The first text behind all that start with `prefix`, None if there is none."""
    trimmed = prefix.rstrip(chr(LAST_CODE_POINT))
    if not trimmed:
        return None
    code_point = ord(trimmed[-1]) + 1
    return trimmed[:-1] + chr(SURROGATES.stop if code_point in SURROGATES else code_point)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple | set | frozenset)
