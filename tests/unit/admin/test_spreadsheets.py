"""Whatever a player calls themselves, no spreadsheet computes it."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.admin.spreadsheets import row

NASTY = st.text(alphabet=st.sampled_from("=+-@\uff1d\uff20;,|\t\r\n\"' a1"))


@given(
    st.lists(st.one_of(NASTY, st.text(st.characters(exclude_categories=["Cs"]))), min_size=1), st.sampled_from(",;|\t")
)
def test_no_cell_begins_a_formula_whatever_separates_cells(cells: list[str], separator: str) -> None:
    lines = row(cells).decode()
    for read in csv.reader(io.StringIO(lines, newline=""), delimiter=separator):
        for cell in read:
            assert not cell.lstrip(' "\t\r\n').startswith(("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"))


@pytest.mark.parametrize("cell", ["ada", "Zoë; née -", "ada-l@example.test", "\u6f22\u5b57", 'a "b", c', "a = b", ""])
def test_what_is_harmless_comes_back_as_it_was(cell: str) -> None:
    (read,) = csv.reader(io.StringIO(row([cell, -5, 0.5, None]).decode(), newline=""))
    assert read == [cell, "-5", "0.5", ""]


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("-5", "'-5"),
        (" @SUM(1)", "' @SUM(1)"),
        ("a;=1", "a;'=1"),
        ('a,"+1', "a,'\"+1"),
        ("\uff1d1", "'\uff1d1"),
        ("\tx", "'\tx"),
    ],
)
def test_an_apostrophe_makes_it_text(cell: str, written: str) -> None:
    assert list(csv.reader(io.StringIO(row([cell]).decode(), newline=""))) == [[written]]
