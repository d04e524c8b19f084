"""JSON schemas of what goes over the wire, from the models by which it is read and written."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema
from pydantic_core import core_schema

from domain.core.model import Command, Document

Schema = dict[str, Any]
REF = "#/components/schemas/{model}"


class WireSchema(GenerateJsonSchema):
    """What is answered never has null: a field without a value is left out. What is asked may leave out defaults."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> Schema:
        if self.mode == "serialization":
            return self.generate_inner(schema["schema"])
        return super().nullable_schema(schema)

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,
    ) -> bool:
        if self.mode == "serialization":
            return not _may_be_none(field["schema"])
        return super().field_is_required(field, total)

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False  # it says the name again

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        made = super().default_schema(schema)
        if self.mode == "serialization" or made.get("default") in (None, ""):  # these stand for what is not given
            made.pop("default", None)
        return made


def _may_be_none(schema: Any) -> bool:
    while schema["type"] in {"default", "function-wrap", "function-before", "function-after"}:
        schema = schema["schema"]
    return bool(schema["type"] == "nullable")


def schemas_of(models: Iterable[type[BaseModel]]) -> tuple[dict[type[BaseModel], Schema], dict[str, Schema]]:
    """For each model a reference to its schema, and the schemas by name.

    Commands are described as they are read, everything else as it is written.
    """
    asked: list[tuple[type[BaseModel], JsonSchemaMode]] = [(model, _mode(model)) for model in dict.fromkeys(models)]
    references, whole = models_json_schema(asked, ref_template=REF, schema_generator=WireSchema)
    schemas: dict[str, Schema] = whole.get("$defs", {})
    for model, _ in asked:
        name = references[model, _mode(model)]["$ref"].rpartition("/")[2]
        if issubclass(model, Document):
            _without_version(schemas[name])
    return {model: references[model, mode] for model, mode in asked}, schemas


def _mode(model: type[BaseModel]) -> Literal["validation", "serialization"]:
    return "validation" if issubclass(model, Command) else "serialization"


def _without_version(schema: Schema) -> None:
    """The version of a document stays with the server."""
    schema["properties"].pop("version", None)
    if "version" in schema.get("required", ()):
        schema["required"].remove("version")
