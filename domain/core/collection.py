"""The port to stored documents, in the idiom of MongoDB, small enough that two databases can keep it exactly.

A feature declares one `Spec` per kind of document and asks the `Database` for its `Collection`. Filters, sorts and
changes name the model's Python fields. What is not described here raises `UnsupportedQuery` in both adapters.

Filter   `{field: value}` for equality (for a list field: membership) or `{field: {op: value}}` with the operators
         `$in $ne $gt $gte $lt $lte $exists $prefix`; several fields are joined by and; `{"$or": [filter, ...]}`.
         Only `id`, `version` and fields named in a unique key or an index of the spec may be asked for. A list takes
         equality, `$in` (any of them), `$ne` (none), `$prefix` (one that starts so) and `$exists`. What is missing is
         not less, not greater, and `$ne` everything; it is asked for with `$exists`, never with None.
Sort     `"field"` or `"-field"` of a declared field that is never missing, or `"id"` / `"-id"`. Ties are broken by id,
         in the same direction. Text is ordered by code points, false stands before true.
Changes  `{"$set": {...}, "$unset": {field: True}, "$inc": {...}, "$addToSet": {list_field: value}, "$pull":
         {list_field: value}}` on any field but `id`, each field once; `$addToSet` and `$pull` also take a list of
         values, and want a list of scalars. Only a field that may be None can be unset. `$inc` starts from 0.
Values   have the type of their field: an int is no float and a bool no int, though a float field takes an int. Moments
         have a zone and are cut to milliseconds. NUL, NaN, integers beyond 64 bits and keys that start with `$` are
         refused. What stands in an untyped field (`Any`) is JSON.

None is never stored: a field set to None is removed. A document whose `expires` moment has passed is invisible at once,
and holds no key: an insert finds its id free (but not within the one commit that wrote it).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from domain.core import errors
from domain.core.model import Document

D = TypeVar("D", bound=Document)

Scalar = str | int | float | bool | datetime
Filter = Mapping[str, Any]
Changes = Mapping[str, Mapping[str, Any]]
After = tuple[Scalar, str]
"""Where a page ended: the value of its last document's sort field, and that document's id."""


@dataclass(frozen=True, slots=True)
class Spec(Generic[D]):
    """What a database must know of one kind of document.

    name: of the collection. model: its documents. unique: keys (tuples of fields) that no two documents share; a
    document that lacks one of a key's fields is exempt. indexes: further keys to be found by. expires: a datetime
    field; past that moment the document is invisible, and deleted some time later. sealed: fields of personal data,
    stored encrypted where the installation has a key for it; they are in no key, and no `$inc` changes them.
    """

    name: str
    model: type[D]
    unique: tuple[tuple[str, ...], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    expires: str | None = None
    sealed: tuple[str, ...] = ()


class UnsupportedQuery(Exception):
    """The port does not promise this filter, sort or change, or a value is not of its field's type."""


class StorageConflict(errors.Conflict):
    """A conditional write met another state than it expected. `index` is its place in the commit."""

    def __init__(self, collection: str, index: int = 0) -> None:
        super().__init__()
        self.collection, self.index = collection, index


class Duplicate(StorageConflict):
    """A unique key is taken already. `key` names its fields (`("id",)` for the id)."""

    def __init__(self, collection: str, key: tuple[str, ...], index: int = 0) -> None:
        super().__init__(collection, index)
        self.key = key


@dataclass(frozen=True, slots=True)
class Insert(Generic[D]):
    """Stores a new document; conflicts when its id or a unique key is taken."""

    spec: Spec[D]
    document: D


@dataclass(frozen=True, slots=True)
class Update(Generic[D]):
    """Applies `changes` to the document `id`; conflicts when it is missing or does not match `expect`."""

    spec: Spec[D]
    id: str
    changes: Changes
    expect: Filter | None = None


@dataclass(frozen=True, slots=True)
class Replace(Generic[D]):
    """Stores `document` with its version raised by one; conflicts unless the stored version is the document's."""

    spec: Spec[D]
    document: D


@dataclass(frozen=True, slots=True)
class Delete(Generic[D]):
    """Removes the document `id`; conflicts when it is missing or does not match `expect`."""

    spec: Spec[D]
    id: str
    expect: Filter | None = None


Write = Insert[Any] | Update[Any] | Replace[Any] | Delete[Any]


class Collection(Protocol[D]):
    """One kind of document.

    Every method raises `errors.Unavailable` when the database does not answer in time. A write that raises it may have
    been made or not; within the deadline a write is retried only where it cannot happen twice.
    """

    async def insert(self, document: D) -> None:
        """Stores a new document; raises `Duplicate`."""
        ...

    async def insert_many(self, documents: Sequence[D]) -> None:
        """Stores documents in order up to the first that is a duplicate, and raises `Duplicate` with its `index`.

        What stands before `index` is stored, what follows is not.
        """
        ...

    async def get(self, id: str) -> D | None:
        """The document with that id."""
        ...

    async def get_many(self, ids: Sequence[str]) -> dict[str, D]:
        """Those of the documents that exist, by id."""
        ...

    async def find_one(self, filter: Filter, *, sort: str = "id") -> D | None:
        """The first document that matches."""
        ...

    async def find(self, filter: Filter, *, sort: str = "id", limit: int, after: After | None = None) -> list[D]:
        """At most `limit` documents that match, in order, those behind `after` if given."""
        ...

    async def find_first_of(self, field: str, values: Sequence[str], *, sort: str) -> dict[str, D]:
        """For each of the values the first document, in that order, whose `field` has it; by value, where there is one.

        The two fields must be a unique key, so that the work grows with the values alone.
        """
        ...

    async def count(self, filter: Filter) -> int:
        """How many documents match."""
        ...

    async def update(self, id: str, changes: Changes, *, expect: Filter | None = None) -> D | None:
        """Applies `changes` if the document matches `expect`: the new one, else None. Raises `Duplicate`."""
        ...

    async def replace(self, document: D) -> D | None:
        """Stores `document` if the stored version is still the document's; the copy stored, its version one higher.

        Raises `Duplicate`.
        """
        ...

    async def upsert(self, document: D) -> None:
        """Stores the document, whatever stood there before under its id. Raises `Duplicate` for another unique key."""
        ...

    async def delete(self, id: str, *, expect: Filter | None = None) -> bool:
        """Removes the document if it matches `expect`; whether it did."""
        ...


class Database(Protocol):
    """Where collections live."""

    def collection(self, spec: Spec[D]) -> Collection[D]:
        """The collection of that spec. Indexes are made by `open`."""
        ...

    async def commit(self, *writes: Write) -> None:
        """All the writes or none; raises `StorageConflict` (or `Duplicate`) with the `index` of the one that failed."""
        ...

    async def ping(self) -> None:
        """Returns when the database answers, or raises `errors.Unavailable`."""
        ...

    async def close(self) -> None:
        """Finishes what was accepted and lets go of the database."""
        ...
