"""The generated references and the clients' types say what the code does today."""

import pytest

from maoga.reference import pages, types
from tests.support.services import ROOT


@pytest.mark.parametrize("name", pages())
def test_the_reference_is_up_to_date(name: str) -> None:
    assert pages()[name] == (ROOT / "docs" / name).read_text(), "run `make docs`"


@pytest.mark.parametrize("name", types())
def test_the_types_of_the_clients_are_up_to_date(name: str) -> None:
    assert types()[name] == (ROOT / "clients" / name).read_text(), "run `make docs`"
