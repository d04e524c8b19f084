"""The children that draw images, when they do not do as they should."""

from pathlib import Path

import pytest

import storage.media.imaging
from domain.core.images import ImageRefused
from storage.media.imaging import ChildImaging
from tests.support.images import an_image


async def test_a_child_draws_an_image() -> None:
    picture = await ChildImaging().draw(an_image(size=(60, 40)), 30)
    assert (picture.content_type, picture.width, picture.height) == ("image/png", 30, 20)


async def refused(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The reason that is given when the child is that program."""
    child = folder / "child.py"
    child.write_text(script)
    monkeypatch.setattr(storage.media.imaging, "CHILD", child)
    with pytest.raises(ImageRefused) as error:
        await ChildImaging().draw(an_image(), 100)
    return error.value.reason


async def test_a_child_that_dies_refuses_the_image(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one does that wants too much memory, or meets a bug in a decoder."""
    assert await refused("import os; os.abort()", tmp_path, monkeypatch) == "broken"


async def test_a_child_that_hangs_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage.media.imaging, "LIMIT_S", 0.2)
    assert await refused("import time; time.sleep(600)", tmp_path, monkeypatch) == "broken"


async def test_what_a_child_makes_is_one_of_our_images_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though a stranger's bytes may have taken it over."""
    script = """print('{"contentType": "text/html", "width": 1, "height": 1}\\n<script>alert(1)</script>')"""
    assert await refused(script, tmp_path, monkeypatch) == "broken"


async def test_a_child_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is given no environment."""
    monkeypatch.setenv("MAOGA_SECRET_KEY", "the secret of the server")
    script = """import json, os; print(json.dumps({"refused": os.environ.get("MAOGA_SECRET_KEY", "unknown")}))"""
    assert await refused(script, tmp_path, monkeypatch) == "unknown"
