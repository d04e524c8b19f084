"""Documents as rows of JSON: SQLite's tables, indexes and conditions for a spec.

A collection is a table `(id, doc)`. Its keys are indexes on `json_extract(doc, '$.field')`; SQLite exempts a row whose
key has a NULL from uniqueness, which is the port's rule for missing fields. The elements of an indexed list stand in a
side table that triggers keep. Text compares byte by byte (BINARY, UTF-8), which is the order of code points, as in
MongoDB. Moments are text of one width, so that they sort.
"""

# ruff: noqa: S608 -- names in statements come from specs, which are code, and are identifiers; values are parameters

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, TypeVar

import orjson

from domain.core.collection import Duplicate
from domain.core.model import Document
from storage.documents.query import AnyOf, Condition, Query, Where
from storage.documents.schema import Field, Schema

D = TypeVar("D", bound=Document)

Statement = tuple[str, list[Any]]
"""SQL and its parameters."""

PURGED_AT_ONCE = 500

OPERATORS = {"$eq": "=", "$ne": "IS NOT", "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}


class Table(Generic[D]):
    """The table of one collection. What writes wants the writer's connection; all connections return text as bytes."""

    def __init__(self, schema: Schema[D]) -> None:
        self.schema, self.name = schema, schema.spec.name
        self._insert = f'INSERT INTO "{self.name}" (id, doc) VALUES (:id, :doc)'
        self._upsert = f"{self._insert} ON CONFLICT (id) DO UPDATE SET doc = excluded.doc"
        self._update = f'UPDATE "{self.name}" SET doc = :doc WHERE id = :id'
        self._expires = _value(schema.fields[schema.spec.expires]) if schema.spec.expires else None

    def create(self, connection: sqlite3.Connection) -> None:
        """Makes what is missing of table, side tables and indexes, and drops indexes the spec no longer names."""
        connection.execute(
            f'CREATE TABLE IF NOT EXISTS "{self.name}" (id TEXT PRIMARY KEY NOT NULL, doc TEXT NOT NULL)'
        )
        lists = {name for key in self.schema.spec.indexes for name in key if self.schema.fields[name].sequence}
        for name in sorted(lists):
            self._create_side_table(connection, name)
        wanted = self._indexes()
        existing = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL",
            (self.name,),
        )
        for index in {name.decode() for (name,) in existing} - wanted.keys():
            connection.execute(f'DROP INDEX "{index}"')
        for statement in wanted.values():
            connection.execute(statement)

    def _indexes(self) -> dict[str, str]:
        """The statements that create the indexes, by index name. A key with a list has its side table instead."""
        spec, fields = self.schema.spec, self.schema.fields
        expires = ((spec.expires,),) if spec.expires else ()
        indexes = {}
        for kind, keys in (("unique", spec.unique), ("index", spec.indexes), ("expires", expires)):
            for key in keys:
                if not any(fields[name].sequence for name in key):
                    index = ".".join((self.name, *key, kind))
                    # The id at the end serves the order in which equals are found.
                    columns = [*(_value(fields[name]) for name in key), *(["id"] if kind == "index" else [])]
                    create = "CREATE UNIQUE INDEX" if kind == "unique" else "CREATE INDEX"
                    indexes[index] = f'{create} IF NOT EXISTS "{index}" ON "{self.name}" ({", ".join(columns)})'
        return indexes

    def _create_side_table(self, connection: sqlite3.Connection, name: str) -> None:
        """The table `(value, id)` of a list's elements, filled from what is stored when it is new."""
        side = _side(self.name, name)
        if connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (side,)).fetchone():
            return
        path = f"'$.{name}'"
        # DISTINCT, for the conflict clause of the statement that fires a trigger overrides one in the trigger.
        add = f'INSERT INTO "{side}" SELECT DISTINCT value, new.id FROM json_each(new.doc, {path});'
        remove = f'DELETE FROM "{side}" WHERE id = old.id;'
        altered = f"json_extract(old.doc, {path}) IS NOT json_extract(new.doc, {path})"
        connection.execute(f'CREATE TABLE "{side}" (value, id TEXT, PRIMARY KEY (value, id)) WITHOUT ROWID')
        connection.execute(f'CREATE INDEX "{side}.id" ON "{side}" (id)')
        for event, work in (
            ("INSERT", f"BEGIN {add} END"),
            ("DELETE", f"BEGIN {remove} END"),
            ("UPDATE OF doc", f"WHEN {altered} BEGIN {remove} {add} END"),
        ):
            trigger = f"{side}.{event.split()[0].lower()}"
            connection.execute(f'CREATE TRIGGER "{trigger}" AFTER {event} ON "{self.name}" {work}')
        elements = f'SELECT DISTINCT value, stored.id FROM "{self.name}" AS stored, json_each(stored.doc, {path})'
        connection.execute(f'INSERT INTO "{side}" {elements}')

    def insert(self, connection: sqlite3.Connection, id: str, doc: str) -> None:
        """Raises `Duplicate`."""
        self._put(connection, self._insert, id, doc)

    def upsert(self, connection: sqlite3.Connection, id: str, doc: str) -> None:
        """Raises `Duplicate`."""
        self._put(connection, self._upsert, id, doc)

    def update(self, connection: sqlite3.Connection, id: str, doc: str) -> None:
        """Raises `Duplicate`."""
        self._put(connection, self._update, id, doc)

    def select(self, where: Where, now: datetime, order: str = "") -> Statement:
        """The documents that fulfil `where` and have not expired."""
        condition, parameters = self._living(where, now)
        return f'SELECT doc FROM "{self.name}" WHERE {condition}{order}', parameters

    def page(self, query: Query, now: datetime) -> Statement:
        """The documents of a page, in order."""
        direction = "DESC" if query.descending else "ASC"
        ties = f", id {direction}" if query.ties else ""
        select, parameters = self.select(query.where, now, f" ORDER BY {_value(query.field)} {direction}{ties} LIMIT ?")
        return select, [*parameters, query.limit]

    def first_of(self, field: Field, values: Sequence[str], query: Query, now: datetime) -> Statement:
        """Each of the values that living documents have in `field`, and the first of these in the query's order."""
        living, parameters = self._living((), now)
        order = f"ORDER BY {_value(query.field)} {'DESC' if query.descending else 'ASC'} LIMIT 1"
        first = f'SELECT id FROM "{self.name}" WHERE {_value(field)} = wanted.value AND {living} {order}'
        select = f'SELECT wanted.value, doc FROM json_each(?) AS wanted JOIN "{self.name}" AS it ON it.id = ({first})'
        return select, [dump(list(values)), *parameters]

    def counting(self, where: Where, now: datetime) -> Statement:
        """How many documents `select` would find."""
        condition, parameters = self._living(where, now)
        return f'SELECT count(*) FROM "{self.name}" WHERE {condition}', parameters

    def deleting(self, where: Where, now: datetime) -> Statement:
        """Removes the documents `select` would find."""
        condition, parameters = self._living(where, now)
        return f'DELETE FROM "{self.name}" WHERE {condition}', parameters

    def purge(self, connection: sqlite3.Connection, now: datetime) -> int:
        """Removes some documents that have expired; how many."""
        if self._expires is None:
            return 0
        expired = f'SELECT rowid FROM "{self.name}" WHERE {self._expires} <= ? LIMIT {PURGED_AT_ONCE}'
        return connection.execute(f'DELETE FROM "{self.name}" WHERE rowid IN ({expired})', (moment_text(now),)).rowcount

    def _living(self, where: Where, now: datetime) -> Statement:
        """The condition for documents that fulfil `where` and have not expired."""
        parameters: list[Any] = []
        condition = self._all_of(where, parameters)
        if self._expires is None:
            return condition, parameters
        return f"{condition} AND ({self._expires} IS NULL OR {self._expires} > ?)", [*parameters, moment_text(now)]

    def _put(self, connection: sqlite3.Connection, statement: str, id: str, doc: str) -> None:
        row = {"id": id, "doc": doc}
        try:
            connection.execute(statement, row)
        except sqlite3.IntegrityError:
            raise Duplicate(self.name, self._taken_key(connection, statement, row)) from None

    def _taken_key(self, connection: sqlite3.Connection, statement: str, row: dict[str, str]) -> tuple[str, ...]:
        """The first key, in the spec's order, that another document holds."""
        if statement is self._insert and self._any(connection, "id = :id", row):
            return ("id",)
        for key in self.schema.spec.unique:
            fields = [self.schema.fields[name] for name in key]
            equal = " AND ".join(f"{_value(field)} = {_value(field, ':doc')}" for field in fields)
            if self._any(connection, f"{equal} AND id <> :id", row):
                return key
        raise AssertionError("a row was refused for a reason that is not its keys")

    def _any(self, connection: sqlite3.Connection, condition: str, row: dict[str, str]) -> bool:
        return connection.execute(f'SELECT 1 FROM "{self.name}" WHERE {condition} LIMIT 1', row).fetchone() is not None

    def _all_of(self, where: Where, parameters: list[Any]) -> str:
        return " AND ".join(self._condition(part, parameters) for part in where) or "TRUE"

    def _condition(self, part: Condition | AnyOf, parameters: list[Any]) -> str:
        if isinstance(part, AnyOf):
            return f"({' OR '.join(self._all_of(option, parameters) for option in part.options)})"
        if part.op == "$exists":
            return f"{_value(part.field)} IS {'NOT ' if part.value else ''}NULL"
        if part.op == "$between":
            start, end = part.value
            parameters.extend([start] if end is None else [start, end])
            below = "" if end is None else " AND value < ?"
            return f'id IN (SELECT id FROM "{_side(self.name, part.field.name)}" WHERE value >= ?{below})'
        parameters.append(dump(part.value) if part.op == "$in" else _bound(part.value))
        one_of = "IN (SELECT value FROM json_each(?))"
        if part.field.sequence:
            side = _side(self.name, part.field.name)
            holds = one_of if part.op == "$in" else "= ?"
            return f'id {"NOT " if part.op == "$ne" else ""}IN (SELECT id FROM "{side}" WHERE value {holds})'
        return f"{_value(part.field)} {one_of if part.op == '$in' else f'{OPERATORS[part.op]} ?'}"


def dump(stored: Any) -> str:
    """A stored value as JSON."""
    return orjson.dumps(stored, moment_text, orjson.OPT_PASSTHROUGH_DATETIME).decode()


def _bound(value: Any) -> Any:
    return moment_text(value) if isinstance(value, datetime) else value


def moment_text(moment: datetime) -> str:
    """RFC 3339 UTC, milliseconds, of one width."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _value(field: Field, doc: str = "doc") -> str:
    return "id" if field.name == "id" else f"json_extract({doc}, '$.{field.name}')"


def _side(table: str, name: str) -> str:
    return f"{table}.{name}"
