"""What Maoga wants MongoDB to know of a collection: its indexes, and the validator that refuses what no code writes."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from pymongo import ASCENDING, IndexModel
from pymongo.asynchronous.database import AsyncDatabase

from domain.core.collection import Spec
from storage.documents.mongo_words import Stored, stored_name
from storage.documents.schema import Schema
from storage.documents.shapes import validator_of

AT_ONCE = 8
"""Collections that are laid out together: a server waits more than it works meanwhile."""

MODERATE: dict[str, Any] = {"validationLevel": "moderate", "validationAction": "error"}
"""New documents must fit, and so must those that did before a change; what never fitted may still be changed."""


def index_models(schema: Schema[Any]) -> list[IndexModel]:
    """The indexes of a spec, unique keys first. MongoDB builds them while others read and write."""
    spec, fields = schema.spec, schema.fields
    models = []
    for key in spec.unique:
        # Only where needed: a partial index serves no query that leaves such a field out.
        partly = {name: {"$exists": True} for name in key if fields[name].optional}
        options: dict[str, Any] = {"partialFilterExpression": partly} if partly else {}
        models.append(IndexModel([(stored_name(name), ASCENDING) for name in key], unique=True, **options))
    # The id at the end serves the order in which equals are found.
    models.extend(IndexModel([(stored_name(name), ASCENDING) for name in (*key, "id")]) for key in spec.indexes)
    if spec.expires:
        models.append(IndexModel([(spec.expires, ASCENDING)], expireAfterSeconds=0))
    return models


def index_names(spec: Spec[Any]) -> set[str]:
    """What the indexes of a spec are called."""
    return {"_id_", *(str(model.document["name"]) for model in index_models(Schema(spec)))}


async def options_of_collections(database: AsyncDatabase[Stored]) -> dict[str, Mapping[str, Any]]:
    """The options of every collection there is, by its name."""
    cursor = await database.list_collections()
    return {found["name"]: found.get("options", {}) async for found in cursor}


def has_validator(spec: Spec[Any], options: Mapping[str, Any]) -> bool:
    """Whether a collection with these options has the validator of its spec."""
    return options.get("validator") == validator_of(spec) and MODERATE.items() <= options.items()


async def lay_out(database: AsyncDatabase[Stored], specs: Iterable[Spec[Any]]) -> None:
    """Makes the collections, validators and indexes that are missing or differ. Indexes nobody asks for stay."""
    there = await options_of_collections(database)
    turns = asyncio.Semaphore(AT_ONCE)

    async def lay_out_one(spec: Spec[Any]) -> None:
        async with turns:
            if spec.name not in there:
                validator = validator_of(spec)
                await database.create_collection(spec.name, check_exists=False, validator=validator, **MODERATE)
            elif not has_validator(spec, there[spec.name]):
                await database.command("collMod", spec.name, validator=validator_of(spec), **MODERATE)
            if models := index_models(Schema(spec)):
                await database[spec.name].create_indexes(models)

    await asyncio.gather(*map(lay_out_one, specs))
