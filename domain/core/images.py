"""What is asked of the outside for images: to draw them anew, and to keep them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NewType, Protocol

from domain.core.errors import AppError

FileName = NewType("FileName", str)
"""Letters, digits and hyphens."""

Read = Callable[[int], Awaitable[bytes]]
"""Reads what is uploaded; raises `TooLarge` when it has more than so many bytes."""

UPLOAD_BYTES = 5 * 2**20
"""Most bytes of an image as it is sent."""

CONTENT_TYPES = ("image/png", "image/jpeg", "image/webp")


class ImageRefused(AppError):
    """This image is not taken; `reason` is not_an_image, too_many_pixels, too_large or broken."""

    code, status = "IMAGE_REFUSED", 422

    def __init__(self, reason: str) -> None:
        super().__init__(details={"reason": reason})
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Picture:
    """An image drawn anew from its pixels. content_type: one of `CONTENT_TYPES`. width, height: in pixels."""

    data: bytes
    content_type: str
    width: int
    height: int


class Imaging(Protocol):
    """Makes images harmless."""

    async def draw(self, data: bytes, most_side: int) -> Picture:
        """The (first) picture in `data`, upright, without metadata, and no side longer than `most_side`.

        Takes PNG, JPEG, WebP and GIF, by what is in them. Raises `ImageRefused`.
        """
        ...


class MediaStore(Protocol):
    """Keeps images, for all instances. Every method may raise `errors.Unavailable`."""

    async def put(self, name: FileName, data: bytes) -> None:
        """Returns when `data` is kept for good; under a name that is taken it replaces what stood there."""
        ...

    async def get(self, name: FileName) -> bytes | None:
        """What is kept under the name."""
        ...

    async def delete(self, name: FileName) -> None:
        """Forgets the name, if it is known."""
        ...
