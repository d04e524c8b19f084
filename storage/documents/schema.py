"""What a spec's model says of its fields, and how documents are stored: the same in both databases."""

import math
import types
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, get_args, get_origin

import orjson
from pydantic import TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError

from domain.core.clock import to_ms
from domain.core.collection import Spec, UnsupportedQuery
from domain.core.model import Document
from storage.documents.sealing import WORD, Sealing

D = TypeVar("D", bound=Document)

KINDS = (str, int, float, bool, datetime)
INT64 = range(-(2**63), 2**63)

_LOADING: dict[str, Any] = {"strict": False, "by_name": True, "by_alias": False}
"""Stored names are Python's, and databases know no tuples: a strict model must not insist."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a document.

    kind: the type of its values, or of its elements if it is a list; None for what cannot be compared (nested models,
    mixed types). sequence: `list` or `tuple` if it is one. optional: whether it may be missing.
    """

    name: str
    kind: type | None
    sequence: type | None = None
    optional: bool = False

    def value(self, value: Any) -> Any:
        """`value`, or an element of a list, as it is stored in this field; raises `UnsupportedQuery`."""
        if self.kind is float and type(value) is int and value in INT64:
            return float(value)
        if type(value) is not self.kind:
            raise UnsupportedQuery(f"{self.name}: {value!r} is not of the field's type")
        return storable(value)


ID = Field("id", str)


class Schema(Generic[D]):
    """A spec with its model's fields looked up and checked. sealing: of the fields that the spec wants sealed."""

    def __init__(self, spec: Spec[D], sealing: Sealing | None = None) -> None:
        self.spec, self._sealing = spec, sealing or Sealing()
        self.fields = {name: _field(name, info.annotation) for name, info in spec.model.model_fields.items()}
        self.asked = {"id", "version", *(name for key in (*spec.unique, *spec.indexes) for name in key)}
        self._adapters: dict[str, TypeAdapter[Any]] = {}
        self._check()

    def _check(self) -> None:
        """Raises `TypeError` for a spec that the databases cannot keep."""
        spec = self.spec
        if not spec.name.isidentifier():
            raise TypeError(f"{spec.name!r} cannot name a collection")
        for name in (*self.asked, *filter(None, [spec.expires])):
            if name not in self.fields or self.fields[name].kind is None:
                raise TypeError(
                    f"{spec.name}.{name} cannot be indexed: it must be a scalar or a list of one scalar type"
                )
        if any(self.fields[name].sequence for key in spec.unique for name in key):
            raise TypeError(f"{spec.name}: a unique key cannot hold a list")
        if any(sum(self.fields[name].sequence is not None for name in key) > 1 for key in spec.indexes):
            raise TypeError(f"{spec.name}: an index holds at most one list")
        for name in spec.sealed:
            if name in self.asked or self.fields[name].kind in {None, datetime} or self.fields[name].sequence:
                raise TypeError(f"{spec.name}.{name} cannot be sealed: it must be a scalar, no moment, and in no key")
        expires = self.fields[spec.expires] if spec.expires else None
        if expires and (expires.sequence or expires.kind is not datetime):
            raise TypeError(f"{spec.name}.{spec.expires} must be a datetime")

    def asked_for(self, name: str) -> Field:
        """The declared field of that name; raises `UnsupportedQuery`."""
        if name not in self.asked:
            raise UnsupportedQuery(f"{self.spec.name}: {name!r} is neither in a unique key nor in an index")
        return self.fields[name]

    def changed(self, name: str) -> Field:
        """The field of that name, to be changed; raises `UnsupportedQuery`."""
        if name == "id" or name not in self.fields:
            raise UnsupportedQuery(f"{self.spec.name}: {name!r} is not a field that can change")
        return self.fields[name]

    def dump(self, document: D) -> dict[str, Any]:
        """A document as it is stored; raises `UnsupportedQuery` when a value does not belong in it."""
        try:
            dumped = document.model_dump(by_alias=False, exclude_none=True, warnings="error")
        except PydanticSerializationError as error:
            raise UnsupportedQuery(f"{self.spec.name}: {error}") from error
        stored = {name: storable(value) for name, value in dumped.items()}
        for name in self.spec.sealed:
            if name in stored:
                stored[name] = self._sealing.seal(self._place(name), stored[name])
        return stored

    def dump_field(self, name: str, value: Any) -> Any:
        """A value of one field as it is stored (None: removed); raises `UnsupportedQuery`."""
        adapter = self._adapters.get(name)
        if adapter is None:
            info = self.spec.model.model_fields[name]
            annotation: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
            adapter = self._adapters[name] = TypeAdapter(annotation)
        if (sequence := self.fields[name].sequence) and isinstance(value, list | tuple):
            value = sequence(value)
        try:
            value = adapter.validate_python(value, strict=True)
            dumped = adapter.dump_python(value, by_alias=False, exclude_none=True, warnings="error")
        except (ValidationError, PydanticSerializationError) as error:
            raise UnsupportedQuery(f"{self.spec.name}.{name}: {error}") from error
        stored = storable(dumped)
        return self._sealing.seal(self._place(name), stored) if name in self.spec.sealed else stored

    def load(self, stored: Mapping[str, Any]) -> D:
        """The document kept as `stored`; raises `CannotOpen` for a sealed field whose key is not set."""
        if self.spec.sealed:
            opened = {name: self._sealing.open(self._place(name), stored.get(name)) for name in self.spec.sealed}
            stored = {**stored, **{name: value for name, value in opened.items() if value is not None}}
        return self.spec.model.model_validate(stored, **_LOADING)

    def load_json(self, stored: str | bytes) -> D:
        """The document kept as JSON; raises as `load` does."""
        if self.spec.sealed and (WORD.encode() if isinstance(stored, bytes) else WORD) in stored:  # type: ignore[operator]
            return self.load(orjson.loads(stored))
        return self.spec.model.model_validate_json(stored, **_LOADING)

    def _place(self, name: str) -> str:
        return f"{self.spec.name}.{name}"


def storable(value: Any) -> Any:
    """`value` as both databases keep it; raises `UnsupportedQuery` for what either would refuse or alter.

    Tuples become lists, moments UTC milliseconds. Refused are text with NUL or lone surrogates, integers beyond 64
    bits, NaN and infinities, moments without a zone, keys that are not text or start with `$`, and other types.
    """
    kind = type(value)
    if kind is str:
        return _text(value)
    if value is None or kind is bool or (kind is int and value in INT64) or (kind is float and math.isfinite(value)):
        return value
    if kind is list or kind is tuple:
        return [storable(item) for item in value]
    if kind is dict:
        return {_key(key): storable(item) for key, item in value.items()}
    if isinstance(value, datetime) and value.tzinfo is not None:
        return to_ms(value.astimezone(UTC))
    raise UnsupportedQuery(f"{kind.__name__} {value!r} cannot be stored")


def _text(value: str) -> str:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise UnsupportedQuery("text with lone surrogates cannot be stored") from error
    if "\0" in value:
        raise UnsupportedQuery("text with NUL cannot be stored")
    return value


def _key(key: Any) -> str:
    if type(key) is not str or key.startswith("$"):
        raise UnsupportedQuery(f"key {key!r} cannot be stored")
    return _text(key)


def _field(name: str, annotation: Any) -> Field:
    options = [option for option in _options(annotation) if option is not type(None)]
    optional = len(options) < len(_options(annotation))
    if len(options) != 1:
        return Field(name, None, optional=optional)
    sequence, element = _sequence(options[0])
    return Field(name, _kind(element), sequence, optional)


def _options(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, else the annotation itself, without NewType and Annotated around it."""
    bare = _bare(annotation)
    if get_origin(bare) in {Union, types.UnionType}:
        return tuple(option for member in get_args(bare) for option in _options(member))
    return (bare,)


def _bare(annotation: Any) -> Any:
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        else:
            return annotation


def _sequence(annotation: Any) -> tuple[type | None, Any]:
    """`list` or `tuple` and the type of the elements; None and the annotation if it is neither."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is list or (origin is tuple and arguments[1:] == (Ellipsis,)):
        return origin, arguments[0]
    return None, annotation


def _kind(annotation: Any) -> type | None:
    bare = _bare(annotation)
    kinds = {type(value) for value in get_args(bare)} if get_origin(bare) is Literal else {bare}
    kind = kinds.pop()
    return kind if not kinds and kind in KINDS else None
