"""Makes an image harmless, alone in a process: what decodes the bytes of strangers may be slow, greedy or worse.

`python -I imaging_child.py MOST_SIDE` reads an image from standard input. It writes one line of JSON, `{"contentType",
"width", "height"}` or `{"refused": reason}`, and behind the former the image, drawn anew from its pixels. It imports
nothing of Maoga, is given no environment, and ends when it wants too much memory or time.
"""

import json
import resource
import sys
import warnings
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
MOST_PIXELS = 25_000_000
MOST_BYTES = 10 * 2**20
"""Of what comes out."""

MEMORY_BYTES = 2**30
CPU_S = 15

ENCODINGS = {"PNG": "PNG", "GIF": "PNG", "WEBP": "WEBP", "JPEG": "JPEG", "MPO": "JPEG"}
"""In which format an image is drawn anew. MPO is what Pillow calls a JPEG with a second picture behind it."""

OPTIONS = {"PNG": {}, "WEBP": {"quality": 85}, "JPEG": {"quality": 85, "progressive": True}}


class Refused(Exception):
    """This image is not taken; the text is the reason clients are told."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """An image drawn anew."""

    data: bytes
    content_type: str
    width: int
    height: int


def draw(data: bytes, most_side: int) -> Drawn:
    """The first frame of the image, upright, no side longer than `most_side`, and nothing but pixels; or `Refused`."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(BytesIO(data), formats=FORMATS)  # reads the header, and unpacks nothing yet
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise Refused("too_many_pixels") from error
    except Exception as error:
        raise Refused("not_an_image") from error
    encoding = ENCODINGS[image.format or ""]
    try:
        plain = _plain(image, most_side)
    except Exception as error:
        raise Refused("broken") from error
    output = BytesIO()
    plain.save(output, encoding, **OPTIONS[encoding])
    if output.tell() > MOST_BYTES:
        raise Refused("too_large")
    return Drawn(output.getvalue(), f"image/{encoding.lower()}", plain.width, plain.height)


def _plain(image: Image.Image, most_side: int) -> Image.Image:
    image.load()
    if image.mode.startswith("I"):  # 16 bits of grey: the upper eight are what a screen shows
        image = image.point(lambda value: value / 256).convert("L")
    upright = ImageOps.exif_transpose(image)  # or the picture would lie on its side once the EXIF is gone
    plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    plain.thumbnail((most_side, most_side))
    plain.info.clear()  # some encoders copy comments and profiles from here
    return plain


def main() -> None:
    """One image, from standard input to standard output."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    try:
        drawn = draw(sys.stdin.buffer.read(), int(sys.argv[1]))
    except Refused as refused:
        sys.stdout.write(json.dumps({"refused": str(refused)}) + "\n")
        return
    head = {"contentType": drawn.content_type, "width": drawn.width, "height": drawn.height}
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\n" + drawn.data)


if __name__ == "__main__":
    main()
