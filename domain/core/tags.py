"""Regions and languages as players name them. Which ones there are is the studio's choice."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field

Region = Annotated[str, Field(min_length=2, max_length=16, pattern=r"^[A-Za-z0-9-]+$"), AfterValidator(str.upper)]
Language = Annotated[str, Field(min_length=2, max_length=16, pattern=r"^[A-Za-z0-9-]+$"), AfterValidator(str.lower)]


def distinct(values: list[Any]) -> list[Any]:
    """The values; raises ValueError when one stands twice."""
    if len(set(values)) < len(values):
        raise ValueError("must not repeat a value")
    return values


Regions = Annotated[list[Region], AfterValidator(distinct), Field(max_length=10)]
Languages = Annotated[list[Language], AfterValidator(distinct), Field(max_length=10)]
