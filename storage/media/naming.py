"""Names of images, as any store takes them."""

import re

from domain.core.images import FileName

NAME = re.compile(r"[A-Za-z0-9-]{3,100}")


def checked(name: FileName) -> FileName:
    """The name; raises ValueError for one that could lead elsewhere, as only a bug makes them."""
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of an image")
    return name
