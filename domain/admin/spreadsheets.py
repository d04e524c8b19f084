"""CSV for spreadsheets (RFC 4180), in which nothing is computed."""

import csv
import io
import re
from collections.abc import Sequence

BOM = "\ufeff".encode()
"""At the beginning of a file: without it some spreadsheets do not take the text for UTF-8."""

FORMULA = re.compile(r"""(^|[;,|\t\r\n])(?=[\s"']*[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r\n])""")
"""Where a spreadsheet would begin to compute: at the start of a cell, and, since it may take another character than the
comma for the separator, behind any of these. Some read the signs of full width as well."""


def row(cells: Sequence[object]) -> bytes:
    """A line; None is an empty cell."""
    text = io.StringIO()
    csv.writer(text).writerow(["" if cell is None else _harmless(cell) for cell in cells])
    return text.getvalue().encode()


def _harmless(cell: object) -> object:
    """The cell with an apostrophe before what would be computed, which makes it text; numbers are left alone."""
    return FORMULA.sub(r"\1'", cell) if isinstance(cell, str) else cell
