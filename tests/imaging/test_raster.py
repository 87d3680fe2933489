"""PNG and JPEG of every kind become the same grey film, or are refused for a true reason."""

from __future__ import annotations

import io
import struct

import numpy as np
import png_files
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageOps

from hilum.errors import UnreadableImage
from hilum.imaging.raster import read_raster
from hilum.imaging.resize import fit_within
from hilum.records import RefusalCode

GREY, RGB, PALETTE, GREY_ALPHA, RGB_ALPHA = 0, 2, 3, 4, 6
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def jpeg_bytes(image, **options):
    stream = io.BytesIO()
    image.save(stream, "JPEG", **options)
    return stream.getvalue()


def refusal(path):
    with pytest.raises(UnreadableImage) as caught:
        read_raster(path)
    return caught.value


def luminance(samples):
    """ITU-R Rec. 601."""
    return samples[..., :3] @ np.array([0.299, 0.587, 0.114])


@pytest.mark.parametrize("is_interlaced", [False, True])
@pytest.mark.parametrize("bit_depth", [1, 2, 4, 8, 16])
def test_grey_of_every_depth_is_shown_on_its_full_range(write, chance, bit_depth, is_interlaced):
    """Black is 0 and the highest level of the depth is 1, interlaced or not."""
    levels = chance.integers(0, 2**bit_depth, (13, 17, 1))
    levels[0, :2, 0] = 0, 2**bit_depth - 1

    film = read_raster(write(png_files.png_bytes(levels, bit_depth, GREY, is_interlaced=is_interlaced)))

    np.testing.assert_allclose(film.pixels, levels[..., 0] / (2**bit_depth - 1), atol=1e-6)
    assert (film.bit_depth, film.file_format, film.notes) == (bit_depth, "png", ())


@pytest.mark.parametrize("is_interlaced", [False, True])
@pytest.mark.parametrize("colour_type", [GREY_ALPHA, RGB, RGB_ALPHA])
def test_16_bits_stay_16_bits_in_every_colour_type(write, chance, colour_type, is_interlaced):
    """Grey saved as 16-bit colour or with alpha loses none of its levels, through all five row filters."""
    levels = chance.integers(0, 65536, (13, 17))
    channels = {GREY_ALPHA: 2, RGB: 3, RGB_ALPHA: 4}[colour_type]
    samples = np.repeat(levels[..., None], channels, axis=2)
    if colour_type in (GREY_ALPHA, RGB_ALPHA):
        samples[..., -1] = 65535

    film = read_raster(write(png_files.png_bytes(samples, 16, colour_type, is_interlaced=is_interlaced)))

    assert (np.rint(film.pixels * 65535) == levels).all()
    assert film.notes == ()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1)])
def test_the_thinnest_16_bit_colour_films_are_unpacked(write, chance, shape):
    """One pixel, one row, and one column unpack like any other size."""
    levels = chance.integers(32768, 65536, shape)

    film = read_raster(write(png_files.png_bytes(np.repeat(levels[..., None], 3, axis=2), 16, RGB)))

    assert (np.rint(film.pixels * 65535) == levels).all()


@few
@given(indices=arrays(np.uint8, (6, 7)), palette=arrays(np.uint8, (256, 3)))
def test_a_palette_film_is_its_rgb(write, indices, palette):
    """A palette PNG and the RGB PNG of the same colours are the same film, with the same notes."""
    by_palette = Image.fromarray(indices).copy()
    by_palette.putpalette(palette.tobytes())
    stream = io.BytesIO()
    by_palette.save(stream, "PNG")
    as_rgb = png_files.png_bytes(palette[indices], 8, RGB)

    film, same = read_raster(write(stream.getvalue(), "p")), read_raster(write(as_rgb, "rgb"))

    assert (film.pixels == same.pixels).all()
    assert film.notes == same.notes
    assert film.coloured_share == pytest.approx(same.coloured_share)


def test_an_inverted_palette_is_resolved(write):
    """A palette that runs from white to black, as Shenzhen's do, is not shown by its indices."""
    indices = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    palette = png_files.chunk(b"PLTE", bytes(255 - i for i in range(256) for _ in range(3)))

    film = read_raster(write(png_files.png_bytes(indices, 8, PALETTE, extra=palette)))

    assert film.pixels[0, 0] == 1.0
    assert film.pixels[-1, -1] == 0.0
    assert film.notes == ()


def test_a_small_palette_of_few_bits_is_resolved(write):
    """A palette of four colours in two bits is read as 8-bit grey."""
    indices = np.array([[[0], [1]], [[2], [3]]])
    palette = png_files.chunk(b"PLTE", bytes([0, 0, 0, 50, 50, 50, 100, 100, 100, 255, 255, 255]))

    film = read_raster(write(png_files.png_bytes(indices, 2, PALETTE, extra=palette)))

    np.testing.assert_allclose(film.pixels * 255, [[0, 50], [100, 255]], atol=1e-4)
    assert film.bit_depth == 8


def test_a_pixel_outside_its_palette_is_damage(write):
    """An index that the palette does not have has no colour to show."""
    palette = png_files.chunk(b"PLTE", bytes(6))

    error = refusal(write(png_files.png_bytes(np.full((3, 3, 1), 2), 8, PALETTE, extra=palette)))

    assert error.code == RefusalCode.DAMAGED


@pytest.mark.parametrize(("bit_depth", "colour_type"), [(8, RGB), (16, RGB), (8, RGB_ALPHA), (16, RGB_ALPHA)])
def test_true_colour_becomes_grey_by_luminance_and_says_so(write, chance, bit_depth, colour_type):
    """A photograph of a film is readable, and a note gives the share that was coloured."""
    white = 2**bit_depth - 1
    samples = chance.integers(0, white + 1, (12, 11, 3 if colour_type == RGB else 4))
    samples[:3] = samples[:3, :, :1]  # a quarter of the rows is grey
    samples[0, 0] = white
    if colour_type == RGB_ALPHA:
        samples[..., 3] = white

    film = read_raster(write(png_files.png_bytes(samples, bit_depth, colour_type)))

    np.testing.assert_allclose(film.pixels, luminance(samples) / white, atol=1.5 / white)
    assert len(film.notes) == 1
    assert "made grey by luminance" in film.notes[0]


@pytest.mark.parametrize(("bit_depth", "channels"), [(8, 3), (16, 3), (8, 4), (16, 4)])
@pytest.mark.parametrize(("difference", "share"), [(0, 0.0), (16, 0.0), (17, 0.25)])
def test_the_share_of_coloured_pixels_is_kept(write, bit_depth, channels, difference, share):
    """A tint of up to 16 of 255 between the channels is not counted; one of 17, on a quarter here, is."""
    scale = 257 if bit_depth == 16 else 1
    samples = np.full((8, 10, channels), 100 * scale)
    samples[:2, :, 2] += difference * scale
    if channels == 4:
        samples[..., 3] = 2**bit_depth - 1

    film = read_raster(write(png_files.png_bytes(samples, bit_depth, RGB if channels == 3 else RGB_ALPHA)))

    assert film.coloured_share == pytest.approx(share)


@pytest.mark.parametrize("quality", [30, 75, 95])
def test_a_grey_film_saved_as_colour_jpeg_is_not_coloured(write, chance, quality):
    """Noise of a few levels between the channels, made worse by JPEG's chroma, stays under the tolerance."""
    grey = chance.integers(0, 256, (20, 20)).repeat(16, axis=0).repeat(16, axis=1)[..., None]
    noisy = np.clip(grey + chance.integers(-2, 3, (320, 320, 3)), 0, 255).astype(np.uint8)

    film = read_raster(write(jpeg_bytes(Image.fromarray(noisy), quality=quality)))

    assert film.coloured_share < 0.001


def test_tones_are_counted_before_a_film_is_reduced(write):
    """A mask that is reduced gets grey edges; its file has two levels all the same."""
    mask = (np.hypot(*np.mgrid[-300:300, -300:300]) < 200)[..., None] * 255

    film = read_raster(write(png_files.png_bytes(mask, 8, GREY)), max_side=64)

    assert len(np.unique(film.pixels)) > 16
    assert film.tones.n_levels == 2


def test_rgb_with_equal_channels_is_plain_grey(write, chance):
    """A grey film saved as RGB is read as it is, without a note."""
    levels = chance.integers(0, 256, (9, 8))

    film = read_raster(write(png_files.png_bytes(np.repeat(levels[..., None], 3, axis=2), 8, RGB)))

    np.testing.assert_allclose(film.pixels * 255, levels, atol=1e-4)
    assert film.notes == ()


@pytest.mark.parametrize("bit_depth", [8, 16])
def test_transparent_parts_are_shown_on_black(write, bit_depth):
    """Half-transparent white is half bright, and a note says that there was transparency."""
    white = 2**bit_depth - 1
    samples = np.array([[[white, white], [white, white // 2], [white, 0]]])

    film = read_raster(write(png_files.png_bytes(samples, bit_depth, GREY_ALPHA)))

    np.testing.assert_allclose(film.pixels, [[1.0, 0.5, 0.0]], atol=0.005)
    assert film.notes == ("Transparent parts of the picture are shown on black.",)


@pytest.mark.parametrize("bit_depth", [8, 16])
def test_the_level_named_transparent_is_black(write, bit_depth):
    """A tRNS chunk names one grey level that is not part of the film."""
    levels = np.array([[[7], [200]], [[255], [7]]]) * (257 if bit_depth == 16 else 1)
    named = png_files.chunk(b"tRNS", struct.pack(">H", int(levels[0, 1, 0])))

    film = read_raster(write(png_files.png_bytes(levels, bit_depth, GREY, extra=named)))

    np.testing.assert_allclose(film.pixels * 255, [[7, 0], [255, 7]], atol=1e-3)


@pytest.mark.parametrize(("largest", "bits"), [(200, 8), (900, 10), (4095, 12), (9000, 14), (40000, 16)])
def test_a_16_bit_file_is_shown_on_the_range_it_uses(write, largest, bits):
    """A 12-bit film saved as 16 without scaling is not shown black, and a note says on which range it is."""
    levels = np.array([[0, largest // 2, largest]])[..., None]

    film = read_raster(write(png_files.png_bytes(levels, 16, GREY)))

    np.testing.assert_allclose(film.pixels, levels[..., 0] / (2**bits - 1), atol=1e-6)
    assert film.bit_depth == bits
    assert len(film.notes) == (bits < 16)


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("progressive", [False, True])
def test_grey_jpeg_is_read_whether_saved_as_grey_or_rgb(write, smooth, mode, progressive):
    """A grey JPEG of one or three channels, baseline or progressive, is the grey film without a note."""
    levels = (smooth >> 4).astype(np.uint8)
    content = jpeg_bytes(Image.fromarray(levels).convert(mode), quality=100, progressive=progressive)

    film = read_raster(write(content))

    np.testing.assert_allclose(film.pixels * 255, levels, atol=2)
    assert (film.file_format, film.bit_depth, film.notes) == ("jpeg", 8, ())


def test_a_coloured_jpeg_says_so(write, chance):
    """A colour photograph is readable with a note."""
    colours = np.repeat(np.repeat(chance.integers(0, 256, (4, 4, 3)).astype(np.uint8), 16, 0), 16, 1)

    film = read_raster(write(jpeg_bytes(Image.fromarray(colours), quality=95)))

    assert "made grey by luminance" in film.notes[0]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_honoured(write, smooth, orientation):
    """The film stands as its EXIF orientation says, and a note tells that it was turned."""
    image = Image.fromarray((smooth >> 4).astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = jpeg_bytes(image, quality=100, exif=exif)

    film = read_raster(write(content))

    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(content)))
    np.testing.assert_allclose(film.pixels * 255, np.asarray(upright), atol=1e-4)
    assert (film.height, film.width) == (upright.height, upright.width)
    assert len(film.notes) == (orientation > 1)


def test_cmyk_jpeg_is_refused(write):
    """Four channels are for print; the reason says what to save instead."""
    error = refusal(write(jpeg_bytes(Image.new("CMYK", (8, 8)))))

    assert error.code == RefusalCode.UNSUPPORTED
    assert "CMYK" in error.reason


@pytest.mark.parametrize(
    ("marker", "precision", "kind"), [(0xC1, 12, "12-bit extended"), (0xC3, 8, "8-bit lossless")]
)
def test_a_medical_jpeg_outside_dicom_is_refused_by_its_kind(write, smooth, marker, precision, kind):
    """12-bit and lossless JPEG are told apart from damage."""
    content = bytearray(jpeg_bytes(Image.fromarray((smooth >> 4).astype(np.uint8))))
    place = content.index(b"\xff\xc0")
    content[place + 1], content[place + 4] = marker, precision

    error = refusal(write(bytes(content)))

    assert error.code == RefusalCode.UNSUPPORTED
    assert kind in error.reason


@few
@given(share=st.floats(0.0, 0.99))
def test_a_jpeg_cut_short_is_damage(write, smooth, share):
    """No part of a JPEG passes for the whole."""
    content = jpeg_bytes(Image.fromarray((smooth >> 4).astype(np.uint8)))
    part = content[: max(3, int(len(content) * share))]

    assert refusal(write(part)).code == RefusalCode.DAMAGED


@few
@given(share=st.floats(0.0, 0.999), bit_depth=st.sampled_from([8, 16]))
def test_a_png_cut_short_is_damage(write, smooth, share, bit_depth):
    """No part of a PNG passes for the whole, not even one that lacks its last bytes alone."""
    content = png_files.png_bytes(smooth[:8, :, None] >> (16 - bit_depth), bit_depth, GREY)
    part = content[: max(len(png_files.SIGNATURE), int(len(content) * share))]

    assert refusal(write(part)).code == RefusalCode.DAMAGED


@few
@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
def test_a_changed_byte_of_a_png_is_damage(write, smooth, place, flip):
    """Every chunk has a check sum, and every one is checked."""
    content = bytearray(png_files.png_bytes(smooth[:8, :, None] >> 4, 8, GREY))
    start = len(png_files.SIGNATURE)
    content[start + int(place * (len(content) - start))] ^= flip

    assert refusal(write(bytes(content))).code == RefusalCode.DAMAGED


def test_pixels_that_end_early_are_damage(write):
    """A PNG whose packed rows are fewer than its header says is damaged, in 8 and in 16 bits."""
    eight = png_files.header(50, 50, 8, GREY) + png_files.chunk(b"IDAT", b"x\x9cc\0\0\0\x01\0\x01")
    deep = png_files.header(50, 50, 16, RGB) + png_files.chunk(b"IDAT", b"x\x9cc\0\0\0\x01\0\x01")
    end = png_files.chunk(b"IEND", b"")

    for body in (eight, deep):
        assert refusal(write(png_files.SIGNATURE + body + end)).code == RefusalCode.DAMAGED


@pytest.mark.parametrize("size", [(100_000, 100_000), (150_001, 1000), (2**31 - 1, 2**31 - 1)])
def test_a_decompression_bomb_is_refused_by_its_header(write, size):
    """A picture over 150 megapixels is refused as too large before any of it is unpacked."""
    start = png_files.header(*size, 8, GREY) + png_files.chunk(b"IDAT", b"") + png_files.chunk(b"IEND", b"")

    error = refusal(write(png_files.SIGNATURE + start))

    assert error.code == RefusalCode.UNSUPPORTED
    assert "too large" in error.reason


def test_a_jpeg_too_large_is_refused_by_its_header(write, smooth):
    """A JPEG that claims 65,000 x 65,000 pixels is refused before it is decoded."""
    content = bytearray(jpeg_bytes(Image.fromarray((smooth >> 4).astype(np.uint8))))
    place = content.index(b"\xff\xc0")
    content[place + 5 : place + 9] = struct.pack(">HH", 65000, 65000)

    error = refusal(write(bytes(content)))

    assert error.code == RefusalCode.UNSUPPORTED
    assert "too large" in error.reason


def test_an_animated_png_is_refused(write):
    """Several frames are no film."""
    frames = [Image.fromarray(np.full((8, 8), level, dtype=np.uint8)) for level in (0, 255)]
    stream = io.BytesIO()
    frames[0].save(stream, "PNG", save_all=True, append_images=frames[1:])

    error = refusal(write(stream.getvalue()))

    assert error.code == RefusalCode.UNSUPPORTED
    assert "animated" in error.reason


def test_a_header_that_cannot_be_is_damage(write):
    """A PNG of no width, or of a depth its colour type does not have, is damaged."""
    for head in (png_files.header(0, 5, 8, GREY), png_files.header(5, 5, 16, PALETTE)):
        body = head + png_files.chunk(b"IDAT", b"") + png_files.chunk(b"IEND", b"")
        assert refusal(write(png_files.SIGNATURE + body)).code == RefusalCode.DAMAGED


@pytest.mark.parametrize("bit_depth", [8, 16])
def test_reducing_on_reading_agrees_with_reducing_afterwards(write, chance, bit_depth):
    """The lean way to a small film gives the pixels of the long way and keeps the native size."""
    levels = chance.integers(0, 2**bit_depth, (90, 70, 1))
    path = write(png_files.png_bytes(levels, bit_depth, GREY))

    whole, small = read_raster(path), read_raster(path, max_side=32)

    np.testing.assert_allclose(small.pixels, fit_within(whole.pixels, 32), atol=1e-5)
    assert (small.height, small.width) == (90, 70)
    assert read_raster(path, max_side=500).pixels.shape == (90, 70)
