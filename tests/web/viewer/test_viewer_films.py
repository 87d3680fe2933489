"""Films of every kind are shown with the tones that their headers say."""

from __future__ import annotations

import gdcm
import numpy as np
import pytest
from jpeg12 import jpeg12
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from viewing import write_film, write_overlay

RAMP = np.tile(
    np.linspace(0, 4095, 512).astype(np.uint16), (400, 1)
)  # dark on the left, as wide as the window


def test_every_grey_of_a_12_bit_film_is_right(viewing, tmp_path):
    """At 1:1 each pixel of the screen is the stored value by 4095, to one grey."""
    write_film(tmp_path / "film.dcm", RAMP, WindowCenter=2048, WindowWidth=4096)
    viewing.show("film.dcm").click("oneToOne")
    row = viewing.seen()[200, 500 - 256 : 500 + 256, 1].astype(int)

    assert np.abs(row - np.rint(RAMP[0] / 4095 * 255)).max() <= 1


@pytest.mark.parametrize("syntax", [uid.RLELossless, uid.JPEGLSLossless, uid.JPEG2000Lossless])
def test_a_packed_film_looks_like_the_plain_one(viewing, tmp_path, syntax):
    """Each transfer syntax gives the tones of the film before it was packed, with 8, 12, and 16 bits."""
    depths = (8, 12, 16)
    for bits in depths:
        pixels = (RAMP.astype(np.uint32) * (2**bits - 1) // 4095).astype(np.uint8 if bits == 8 else np.uint16)
        window = {"WindowCenter": 2 ** (bits - 1), "WindowWidth": 2**bits, "BitsStored": bits}
        write_film(tmp_path / f"{bits}.dcm", pixels, syntax=syntax, **window)
    viewing.open("".join(f"<film-viewer film='{bits}.dcm'></film-viewer>" for bits in depths))
    tones = [[viewing.tone(across, 200, index) for across in (40, 250, 470)] for index in range(3)]

    assert [viewing.state(index)["film"]["bits"] for index in range(3)] == list(depths)
    assert np.abs(np.array(tones) - np.array([40, 250, 470]) / 511 * 255).max() <= 3


def test_a_deflated_film_is_shown(viewing, tmp_path):
    """The data set behind the file meta information may be deflated as a whole."""
    write_film(tmp_path / "plain.dcm", RAMP)
    deflated = uid.DeflatedExplicitVRLittleEndian
    viewing.show(rewritten(tmp_path, lambda film: setattr(film.file_meta, "TransferSyntaxUID", deflated)))

    assert viewing.tone(250, 200) == pytest.approx(125, abs=3)


def rewritten(folder, change):
    """The name of plain.dcm, changed."""
    import pydicom

    film = pydicom.dcmread(folder / "plain.dcm")
    change(film)
    film.save_as(folder / "changed.dcm", enforce_file_format=False)
    return "changed.dcm"


def test_a_jpeg_film_is_shown(viewing, tmp_path):
    """8-bit JPEG, grey, as many digitisers store it."""
    from io import BytesIO

    from PIL import Image

    write_film(tmp_path / "plain.dcm", (RAMP // 16).astype(np.uint8), BitsStored=8)
    packed = BytesIO()
    Image.fromarray((RAMP // 16).astype(np.uint8)).save(packed, "JPEG", quality=95)

    def as_jpeg(film):
        film.file_meta.TransferSyntaxUID = uid.JPEGBaseline8Bit
        film.PixelData = encapsulate([packed.getvalue()])
        film["PixelData"].is_undefined_length = True

    viewing.show(rewritten(tmp_path, as_jpeg))

    assert viewing.tone(256, 200) == pytest.approx(128, abs=3)


def test_monochrome1_is_shown_bone_bright(viewing, tmp_path):
    """Where 0 is white, low values are bright and high ones dark."""
    write_film(tmp_path / "film.dcm", RAMP, PhotometricInterpretation="MONOCHROME1")
    viewing.show("film.dcm")

    assert viewing.tone(10, 200) > 245
    assert viewing.tone(500, 200) < 10


def test_a_presentation_lut_shape_inverts_once(viewing, tmp_path):
    """MONOCHROME1 with INVERSE says the same thing twice."""
    write_film(
        tmp_path / "film.dcm", RAMP, PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE"
    )
    viewing.show("film.dcm")

    assert viewing.tone(10, 200) > 245


def test_a_signed_film_with_rescale_shows_the_header_s_window(viewing, tmp_path):
    """The window counts in rescaled units: 0 to 1000 here, which is the right half of the ramp."""
    signed = (RAMP.astype(np.int32) - 2048).astype(np.int16)
    header = {"RescaleSlope": "0.5", "RescaleIntercept": "0", "WindowCenter": "500", "WindowWidth": "1001"}
    write_film(tmp_path / "film.dcm", signed, BitsStored=16, **header)
    viewing.show("film.dcm")

    assert viewing.state()["window"]["centre"] == pytest.approx(500)
    assert viewing.state()["window"]["width"] == pytest.approx(1001)
    assert viewing.tone(250, 200) == 0
    assert viewing.tone(505, 200) > 245


def test_a_voi_lut_is_honoured(viewing, tmp_path):
    """A table that turns over at its middle makes both ends of the ramp dark and its middle bright."""
    table = Dataset()
    entries = np.concatenate([np.arange(0, 4096, 2), np.arange(4094, -1, -2)]).astype(np.uint16)
    table.LUTDescriptor = [len(entries), 0, 12]
    table.LUTData = entries.tobytes()
    table["LUTData"].VR = "OW"
    write_film(tmp_path / "film.dcm", RAMP, VOILUTSequence=Sequence([table]))
    viewing.show("film.dcm")

    assert viewing.tone(10, 200) < 20
    assert viewing.tone(256, 200) > 245
    assert viewing.tone(500, 200) < 30


def test_a_useless_window_is_told_and_left(viewing, tmp_path):
    """A window far from the film's values would show black only."""
    write_film(tmp_path / "film.dcm", RAMP, WindowCenter=60000, WindowWidth=10)
    viewing.show("film.dcm")

    assert viewing.state()["film"]["notes"] == ["flat-window"]
    assert 100 < viewing.tone(256, 200) < 150
    assert "not used" in viewing.page.locator("film-viewer [role=status]").inner_text()


def test_padding_does_not_shine(viewing, tmp_path):
    """Pixels outside the film, stored as the highest value, are shown dark."""
    padded = RAMP.copy()
    padded[:, 450:] = 4095
    padded[:, :450] //= 2
    write_film(tmp_path / "film.dcm", padded, PixelPaddingValue=4095)
    viewing.show("film.dcm")

    assert viewing.tone(480, 200) == 0
    assert viewing.tone(440, 200) > 240


def test_a_colour_film_is_shown_grey(viewing, tmp_path):
    """Red is a dark grey by its luminance, and a note says that the picture is coloured."""
    red = np.zeros((300, 300, 3), np.uint8)
    red[..., 0] = 255
    write_film(tmp_path / "film.dcm", red)
    viewing.show("film.dcm")

    assert viewing.seen()[200, 500].tolist() == [76, 76, 76]  # 0.299 of 255
    assert viewing.state()["film"]["notes"] == ["colour"]


def test_the_first_of_several_frames_is_shown(viewing, tmp_path):
    """A multi-frame file shows its first picture and says so."""
    frames = np.stack([RAMP, 4095 - RAMP])
    write_film(tmp_path / "plain.dcm", RAMP)

    def as_two(film):
        film.NumberOfFrames = 2
        film.PixelData = frames.tobytes()

    viewing.show(rewritten(tmp_path, as_two))

    assert viewing.tone(10, 200) < 10
    assert viewing.state()["film"]["notes"] == ["first-frame"]


def test_a_file_without_preamble_is_shown(viewing, tmp_path):
    """Bare data sets, as old archives keep them, are DICOM too."""
    write_film(tmp_path / "whole.dcm", RAMP)
    whole = (tmp_path / "whole.dcm").read_bytes()
    start = 132 + 12 + int.from_bytes(whole[140:144], "little")  # behind the file meta information
    (tmp_path / "film.dcm").write_bytes(whole[start:])
    viewing.show("film.dcm")

    assert viewing.tone(500, 200) > 245


def test_pixels_taller_than_wide_are_drawn_so(viewing, tmp_path):
    """Rows twice as far apart as columns make a square array a tall film."""
    square = np.full((200, 200), 4095, np.uint16)
    square[0, 0] = 0
    write_film(tmp_path / "film.dcm", square, PixelSpacing=[0.4, 0.2])
    viewing.show("film.dcm")
    bright = viewing.seen()[..., 1] > 128

    assert bright.any(axis=1).sum() == pytest.approx(400, abs=2)
    assert bright.any(axis=0).sum() == pytest.approx(200, abs=2)


def test_the_card_draws_what_the_processor_draws(viewing_in, card_browser, browser, tmp_path):
    """The two ways of drawing agree on every pixel of the stage, to two greys, at 1:1 and with an overlay."""
    write_film(tmp_path / "film.dcm", RAMP, PhotometricInterpretation="MONOCHROME1")
    write_overlay(tmp_path / "heat.png", np.full((4, 4, 4), 90, np.uint8))
    seen = []
    for running, renderer in ((card_browser, "card"), (browser, "processor")):
        viewing = viewing_in(running, device_scale_factor=2)
        viewing.show("film.dcm", renderer=renderer, overlay="heat.png")
        assert viewing.state()["renderer"] == renderer
        viewing.press("r", "2")
        seen.append(viewing.seen().astype(int))

    inside = (slice(20, -20), slice(20, -20))  # the stage's round corners belong to the page

    assert np.abs(seen[0][inside] - seen[1][inside]).max() <= 2


def test_a_browser_without_webgl_shows_films(viewing_in, cardless_browser, tmp_path):
    """Where there is no WebGL the processor draws, asked or not."""
    write_film(tmp_path / "film.dcm", RAMP)
    viewing = viewing_in(cardless_browser)
    viewing.show("film.dcm", renderer="card")

    assert viewing.state()["renderer"] == "processor"
    assert viewing.tone(500, 200) > 245
    assert viewing.complaints == []


def test_a_12_bit_jpeg_keeps_its_levels(viewing, tmp_path):
    """Blocks of known values come back to one level of 4096; the library alone would add fifteen."""
    blocks = np.linspace(200, 4000, 64).astype(np.uint16).reshape(8, 8)
    write_film(tmp_path / "plain.dcm", blocks.repeat(8, 0).repeat(8, 1))

    def as_jpeg(film):
        film.file_meta.TransferSyntaxUID = uid.JPEGExtended12Bit
        film.WindowCenter, film.WindowWidth = blocks[3, 3] + 0.5, 2  # a step between this level and the next
        film.PixelData = encapsulate([jpeg12(blocks)])
        film["PixelData"].is_undefined_length = True

    viewing.show(rewritten(tmp_path, as_jpeg))
    level = int(blocks[3, 3])
    seen = []
    for centre in (level - 0.5, level + 1.5):  # white above the centre: the block is, and then is not
        viewing.page.get_by_label("Centre", exact=True).fill(str(centre))
        viewing.page.get_by_label("Centre", exact=True).press("Enter")
        seen.append(viewing.tone(28, 28))

    assert seen == [255, 0]


@pytest.mark.parametrize("kind", ["JPEGLosslessProcess14", "JPEGLosslessProcess14_1"])
def test_a_lossless_jpeg_film_is_shown(viewing, tmp_path, kind):
    """Both processes of lossless JPEG, of a signed film of 12 bits."""
    signed = (RAMP.astype(np.int32) - 2048).astype(np.int16)
    write_film(tmp_path / "plain.dcm", signed, WindowCenter=0, WindowWidth=4096)
    reader = gdcm.ImageReader()
    reader.SetFileName(str(tmp_path / "plain.dcm"))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(getattr(gdcm.TransferSyntax, kind)))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetImage(change.GetOutput())
    writer.SetFile(reader.GetFile())
    writer.SetFileName(str(tmp_path / "packed.dcm"))
    assert writer.Write()
    viewing.show("packed.dcm")

    for across in (40, 250, 470):
        assert viewing.tone(across, 200) == pytest.approx(across / 511 * 255, abs=2)
