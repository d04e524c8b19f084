"""The generated references in docs/ say what the code does today."""

import pytest

from maoga.reference import pages
from tests.support.services import ROOT


@pytest.mark.parametrize("name", pages())
def test_the_reference_is_up_to_date(name: str) -> None:
    assert pages()[name] == (ROOT / "docs" / name).read_text(), "run `make docs`"
