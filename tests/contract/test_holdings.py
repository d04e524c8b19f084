"""No kind of document is forgotten when somebody asks what is kept on them, or wants it gone."""

import pytest

from domain.core.ids import UserId
from domain.privacy.holdings import HOLDINGS, Holding
from maoga.core import SPECS
from storage.documents.schema import Schema


def test_every_kind_of_document_says_what_it_holds_on_people() -> None:
    registered = [holding.spec.name for holding in HOLDINGS]
    assert sorted(registered) == sorted(spec.name for spec in SPECS)


@pytest.mark.parametrize("holding", HOLDINGS, ids=lambda holding: holding.spec.name)
def test_what_is_a_persons_own_is_found_by_an_index(holding: Holding) -> None:  # type: ignore[type-arg]
    """By the first field of one: else every erasure would read the whole collection."""
    spec = holding.spec
    Schema(spec)
    first = {"id", *(key[0] for key in (*spec.unique, *spec.indexes))}
    assert {field for find in holding.own for field in find(UserId("somebody"))} <= first
