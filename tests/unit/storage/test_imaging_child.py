"""What comes out of the drawing of images, whatever went in."""

from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from storage.media.imaging_child import Drawn, Refused, draw
from tests.support.images import (
    GPS_TEXT,
    a_photo,
    a_png_that_claims,
    an_animation,
    an_image,
    encoded,
)

SIDE = 2560


def picture(drawn: Drawn) -> Image.Image:
    """What a viewer of the result sees."""
    image = Image.open(BytesIO(drawn.data))
    assert (f"image/{(image.format or '').lower()}", image.width, image.height) == (
        drawn.content_type,
        drawn.width,
        drawn.height,
    )
    return image


@pytest.mark.parametrize(
    ("form", "content_type"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/png")],
)
def test_an_image_keeps_its_format_and_its_colours(form: str, content_type: str) -> None:
    """Only a GIF becomes a PNG."""
    drawn = draw(an_image(form), SIDE)
    assert (drawn.content_type, drawn.width, drawn.height) == (content_type, 60, 40)
    left, right = (picture(drawn).convert("RGB").getpixel((x, 20)) for x in (5, 55))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] > 200 > 60 > left[2]
    assert right[2] > 200 > 60 > right[0]


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_nothing_is_left_of_what_tells_of_the_photographer(form: str) -> None:
    """EXIF with its place, comments, XMP and colour profile are gone."""
    photo = a_photo(form)
    before = Image.open(BytesIO(photo))
    assert before.getexif().get_ifd(0x8825)
    assert GPS_TEXT in photo
    drawn = draw(photo, SIDE)
    after = picture(drawn)
    assert not after.getexif()
    assert set(after.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"} | {
        "loop",
        "background",
        "timestamp",
        "duration",
    }
    assert GPS_TEXT not in drawn.data
    assert b"Exif" not in drawn.data


def test_a_photo_that_lies_on_its_side_is_set_upright() -> None:
    """Its orientation was in the EXIF, which is gone."""
    drawn = draw(a_photo(orientation=6), SIDE)
    assert (drawn.width, drawn.height) == (40, 60)


def test_what_moves_stands_still_on_its_first_frame() -> None:
    drawn = draw(an_animation(), SIDE)
    assert picture(drawn).convert("RGB").getpixel((5, 5)) == (0, 250, 0)
    assert getattr(picture(drawn), "n_frames", 1) == 1


@pytest.mark.parametrize(
    "tail", [b"<script>alert(1)</script>", b"PK\x03\x04 a zip", b"%PDF-1.7", b"\xff\xd8\xff\xd9", bytes(100_000)]
)
@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF"])
def test_what_hangs_behind_an_image_is_gone(form: str, tail: bytes) -> None:
    drawn = draw(an_image(form) + tail, SIDE)
    assert tail not in drawn.data
    assert len(drawn.data) < 2_000


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "I;16", "CMYK", "YCbCr"])
def test_every_kind_of_pixel_is_taken(mode: str) -> None:
    """Grey, palettes, transparency, 16 bits, and the inks of printers."""
    if mode == "I;16":
        data = encoded(Image.linear_gradient("L").convert("I").point(lambda v: v * 256).convert("I;16"), "PNG")
        shown = picture(draw(data, SIDE)).convert("L")
        assert [shown.getpixel((0, y)) for y in (0, 128, 255)] == [0, 128, 255]
        return
    form = "JPEG" if mode in {"CMYK", "YCbCr"} else "PNG"
    assert picture(draw(an_image(form, mode=mode if mode != "PA" else "P"), SIDE)).mode in {"RGB", "RGBA"}


def test_what_one_could_see_through_one_still_can() -> None:
    glass = encoded(Image.new("RGBA", (10, 10), (10, 20, 30, 40)), "PNG")
    assert picture(draw(glass, SIDE)).getpixel((5, 5)) == (10, 20, 30, 40)


def test_a_large_image_is_made_smaller_and_keeps_its_shape() -> None:
    drawn = draw(an_image("JPEG", (3000, 1000)), 300)
    assert (drawn.width, drawn.height) == (300, 100)


REFUSED: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not_an_image"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not_an_image"),
    "html": (b"<!doctype html><script>alert(1)</script>", "not_an_image"),
    "html that starts as a gif": (b"GIF89a<script>alert(1)</script>", "not_an_image"),
    "only a signature": (b"\x89PNG\r\n\x1a\n", "not_an_image"),
    "bmp": (encoded(Image.new("RGB", (4, 4)), "BMP"), "not_an_image"),
    "tiff": (encoded(Image.new("RGB", (4, 4)), "TIFF"), "not_an_image"),
    "ico": (encoded(Image.new("RGB", (4, 4)), "ICO"), "not_an_image"),
    "eps, which is a program": (encoded(Image.new("RGB", (4, 4)), "EPS"), "not_an_image"),
    "half a jpeg": (an_image("JPEG", (600, 400))[:-500], "broken"),
    "half a png": (an_image("PNG", (600, 400))[:-60], "broken"),
    "half a webp": (an_image("WEBP", (600, 400))[:-60], "not_an_image"),
    "400 megapixels": (a_png_that_claims(20_000, 20_000), "too_many_pixels"),
    "36 megapixels": (a_png_that_claims(6_000, 6_000), "too_many_pixels"),
    "24 megapixels that are not there": (a_png_that_claims(4_900, 4_900), "broken"),
    "as many pixels as can be": (a_png_that_claims(2**31 - 1, 2**31 - 1), "too_many_pixels"),
    "no pixels": (a_png_that_claims(0, 10), "not_an_image"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_whole_image_of_a_kind_we_take_is_refused(what: str) -> None:
    data, reason = REFUSED[what]
    with pytest.raises(Refused, match=reason):
        draw(data, SIDE)


@given(st.binary(max_size=200), st.integers(0, 400), st.sampled_from(["PNG", "JPEG", "WEBP", "GIF"]))
def test_a_damaged_image_is_drawn_or_refused(noise: bytes, at: int, form: str) -> None:
    """Whatever stands in the file, the answer is a clean image or `Refused`."""
    whole = an_image(form)
    at %= len(whole)
    try:
        drawn = draw(whole[:at] + noise + whole[at + len(noise) :], SIDE)
    except Refused:
        return
    assert picture(drawn).size == (drawn.width, drawn.height)
