"""`.env.example` lists every setting, as the settings class has it."""

from pathlib import Path
from textwrap import wrap

import pytest
from pydantic import SecretStr

from maoga.settings import Settings
from tests.support.services import ROOT

HEADER = """\
# Every setting of Maoga, commented out at its default. Copy this file to `.env` (never commit that one), or set the
# variables in the environment, which win over the file. tests/contract/test_env_example.py keeps it complete.
"""


def test_env_example_states_every_setting_with_its_meaning_and_default() -> None:
    defaults = Settings(_env_file=None).model_copy(update={"instance": None})
    blocks = [
        "\n".join([*wrap(field.description or "", 118, initial_indent="# ", subsequent_indent="# "), line])
        for name, field in Settings.model_fields.items()
        for line in [f"# MAOGA_{name.upper()}={as_variable(getattr(defaults, name))}"]
    ]
    assert (ROOT / ".env.example").read_text() == "\n\n".join([HEADER.rstrip(), *blocks]) + "\n"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_described(name: str) -> None:
    assert Settings.model_fields[name].description


def test_env_example_changes_nothing_when_used_as_it_is(tmp_path: Path) -> None:
    """Uncommented line by line, the file is accepted and says what stood there before."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    copy = tmp_path / ".env"
    copy.write_text("\n".join(line.removeprefix("# ") for line in lines if line.startswith("# MAOGA_")))
    read, plain = Settings(_env_file=copy), Settings(_env_file=None)
    assert read.model_dump(exclude={"instance"}) == plain.model_dump(exclude={"instance"})


def as_variable(value: object) -> str:
    """The value as one writes it in a `.env` file."""
    match value:
        case None:
            return ""
        case SecretStr():
            return value.get_secret_value()
        case list():
            return ",".join(map(as_variable, value))
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}"
        case _:
            return str(value)
