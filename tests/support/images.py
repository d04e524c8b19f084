"""Pictures, honest and otherwise."""

import struct
import zlib
from io import BytesIO
from typing import Any

from PIL import Image

GPS_TEXT = b"GPS-OF-MY-HOME"


def an_image(form: str = "PNG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **options: Any) -> bytes:
    """A picture that is red on the left and blue on the right."""
    image = Image.new("RGB", size, (250, 0, 0))
    image.paste((0, 0, 250), (size[0] // 2, 0, *size))
    return encoded(image.convert(mode), form, **options)


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    """The picture in that format."""
    output = BytesIO()
    image.save(output, form, **options)
    return output.getvalue()


def a_photo(form: str = "JPEG", *, orientation: int = 1) -> bytes:
    """A picture with everything in it that tells of its maker: EXIF with a place, and where there is room, comments."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = GPS_TEXT.decode()  # the maker of the camera
    exif.get_ifd(0x8825)[1] = "N"  # the place
    exif.get_ifd(0x8825)[2] = (52.0, 31.0, 12.0)
    more: dict[str, Any] = {"xmp": GPS_TEXT} if form != "PNG" else {}
    if form == "JPEG":
        more["comment"] = GPS_TEXT
    return an_image(form, exif=exif.tobytes(), icc_profile=GPS_TEXT * 20, **more)


def an_animation(frames: int = 5) -> bytes:
    """A GIF that moves, its first frame green."""
    colours = [(0, 250, 0), *((n, 0, 0) for n in range(100, 100 + frames))]
    first, *rest = [Image.new("RGB", (30, 30), colour) for colour in colours]
    return encoded(first, "GIF", save_all=True, append_images=rest, duration=50)


def a_png_that_claims(width: int, height: int) -> bytes:
    """A tiny PNG whose header says it is large; unpacked, its pixels are zeros without end."""
    return png([(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)), (b"IDAT", _zeros(64 * 2**20))])


def a_png_with_a_text_bomb() -> bytes:
    """A small PNG with compressed comments that unpack to 400 MB."""
    whole = an_image()
    bombs = [(b"zTXt", b"k%d\0\0" % n + _zeros(100 * 2**20)) for n in range(4)]
    return whole[:33] + b"".join(_chunk(*bomb) for bomb in bombs) + whole[33:]


def png(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """A PNG of those chunks, well-formed or not."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in [*chunks, (b"IEND", b"")])


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _zeros(count: int) -> bytes:
    """That many zeros, packed by zlib, without holding them."""
    packer = zlib.compressobj(9)
    block = bytes(2**20)
    return b"".join(packer.compress(block) for _ in range(count // len(block))) + packer.flush()
