"""What stored documents look like, read off their models: MongoDB's validators, and where moments stand in JSON."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from operator import itemgetter
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from domain.core.collection import Spec

Shape = dict[str, Any]
"""A `$jsonSchema` as MongoDB takes it."""

_TYPES = {
    "string": "string",
    "integer": ["int", "long"],
    "number": ["double", "int", "long"],
    "boolean": "bool",
    "array": "array",
    "object": "object",
    "null": "null",
}
_OF_CONSTANTS = {str: "string", bool: "bool", int: ["int", "long"], float: "double"}

MOMENT_LENGTH = len("2026-01-31T18:30:00.000Z")


class _WithoutDefaults(GenerateJsonSchema):
    """A shape does not say the defaults, and to encode them takes half of the time."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


@cache
def shape_of(spec: Spec[Any]) -> Shape:
    """The shape of a spec's documents, with `id` among the fields.

    It says which types the fields have, which values an enumeration has, and which fields must be there: those without
    a default, so that servers of the version before go on writing theirs. What lengths and patterns texts have is not
    said: these rules belong to what comes in and may change without a migration. Unknown fields are allowed, for a
    newer version may write them.
    """
    schema = spec.model.model_json_schema(by_alias=False, schema_generator=_WithoutDefaults)
    shape = _shape(schema, schema.get("$defs", {}), ())
    for name in spec.sealed:
        shape["properties"][name] = {"anyOf": [shape["properties"][name], {"bsonType": "string"}]}
    return shape


def validator_of(spec: Spec[Any]) -> dict[str, Any]:
    """The validator of the spec's collection in MongoDB."""
    shape = shape_of(spec)
    properties = {"_id" if name == "id" else name: part for name, part in shape["properties"].items()}
    required = ["_id" if name == "id" else name for name in shape["required"]]
    return {"$jsonSchema": {**shape, "properties": properties, "required": required}}


def layout_digest(specs: Iterable[Spec[Any]]) -> str:
    """Differs where the shapes or keys of these specs do."""
    layout = [(spec.name, shape_of(spec), spec.unique, spec.indexes, spec.expires) for spec in specs]
    return sha256(repr(sorted(layout, key=itemgetter(0))).encode()).hexdigest()


def revived(value: Any, shape: Shape) -> Any:
    """A value that came out of JSON, with its moments as moments."""
    kinds = list(_alternatives(shape))
    if isinstance(value, str):
        return _moment(value) if _holds_moments(kinds) and len(value) == MOMENT_LENGTH else value
    if isinstance(value, list):
        items: Shape = next((kind["items"] for kind in kinds if "items" in kind), {})
        return [revived(item, items) for item in value]
    if isinstance(value, dict):
        return {name: revived(part, _part(kinds, name)) for name, part in value.items()}
    return value


def _holds_moments(kinds: list[Shape]) -> bool:
    types = [kind.get("bsonType") for kind in kinds]
    return "date" in types and "string" not in types


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _part(kinds: list[Shape], name: str) -> Shape:
    """The shape of an object's field, by the first alternative that knows it."""
    for kind in kinds:
        if name in kind.get("properties", {}):
            return dict(kind["properties"][name])
    return next((kind["additionalProperties"] for kind in kinds if "additionalProperties" in kind), {})


def _alternatives(shape: Shape) -> Iterator[Shape]:
    if "anyOf" in shape:
        for option in shape["anyOf"]:
            yield from _alternatives(option)
    else:
        yield shape


def _shape(schema: Mapping[str, Any], models: Mapping[str, Any], within: tuple[str, ...]) -> Shape:
    """The shape that a part of pydantic's JSON schema says. within: the models around, for one may hold itself."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {"bsonType": "object"} if name in within else _shape(models[name], models, (*within, name))
    if options := schema.get("anyOf") or schema.get("oneOf"):
        return {"anyOf": [_shape(option, models, within) for option in options]}
    if "const" in schema or "enum" in schema:
        values = schema.get("enum", [schema.get("const")])
        return {"bsonType": _OF_CONSTANTS[type(values[0])], "enum": values}
    if schema.get("format") == "date-time":
        return {"bsonType": "date"}
    if "type" not in schema:
        return {}
    shape: Shape = {"bsonType": _TYPES[schema["type"]]}
    if isinstance(items := schema.get("items"), dict):
        shape["items"] = _shape(items, models, within)
    values = [*schema.get("patternProperties", {}).values(), schema.get("additionalProperties")]
    if isinstance(values[0], dict):
        shape["additionalProperties"] = _shape(values[0], models, within)
    if "properties" in schema:
        shape["properties"] = {name: _shape(part, models, within) for name, part in schema["properties"].items()}
    if schema.get("required"):
        shape["required"] = list(schema["required"])
    return shape
