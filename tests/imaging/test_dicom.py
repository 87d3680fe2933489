"""DICOM radiographs: every way of packing gives the same film, and what is no radiograph is refused."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydicom import dcmread, uid
from pydicom.encaps import encapsulate, get_frame

from hilum.errors import UnreadableImage
from hilum.findings import Sex
from hilum.imaging.dicom import read_dicom
from hilum.imaging.read import is_dicom
from hilum.imaging.resize import fit_within
from hilum.records import RefusalCode

few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FULL_12 = {"WindowCenter": 2048, "WindowWidth": 4096}  # the whole range of 12 bits, LINEAR
LOSSLESS = [
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
    uid.RLELossless,
    uid.JPEGLossless,
    uid.JPEGLosslessSV1,
    uid.JPEGLSLossless,
    uid.JPEG2000Lossless,
]


def refusal(path):
    with pytest.raises(UnreadableImage) as caught:
        read_dicom(path)
    return caught.value


def altered(path, **elements):
    """The file with some header elements changed and its pixel data as they were."""
    dataset = dcmread(path)
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda syntax: syntax.name)
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_every_lossless_packing_gives_the_same_film(make_dicom, smooth, syntax, bits):
    """Packed or not, in either byte order, each pixel comes out to the last bit."""
    stored = (smooth.astype(np.uint32) << 4 >> (16 - bits)).astype(np.uint8 if bits == 8 else np.uint16)
    window = {"WindowCenter": 2 ** (bits - 1), "WindowWidth": 2**bits}

    film = read_dicom(make_dicom(stored, bits=bits, syntax=syntax, **window))

    np.testing.assert_allclose(film.pixels, stored / (2**bits - 1), atol=1e-6)
    assert (film.bit_depth, film.file_format, film.notes) == (bits, "dicom", ())


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.RLELossless])
@pytest.mark.parametrize("shape", [(5, 7), (4, 6), (1, 1)])
def test_an_odd_number_of_8_bit_pixels_is_read(make_dicom, chance, syntax, shape):
    """Padding to an even length, and swapped words, do not shift the pixels."""
    stored = chance.integers(0, 256, shape).astype(np.uint8)

    film = read_dicom(make_dicom(stored, syntax=syntax))

    np.testing.assert_allclose(film.pixels * 255, stored, atol=1e-4)


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.RLELossless, uid.JPEG2000Lossless])
def test_signed_pixels_are_shown_by_their_sign(make_dicom, syntax):
    """The most negative value is black and the most positive white."""
    stored = np.array([[-2048, -1, 0, 2047] * 16] * 64, dtype=np.int16)

    film = read_dicom(make_dicom(stored, bits=12, syntax=syntax, WindowCenter=0, WindowWidth=4096))

    np.testing.assert_allclose(film.pixels[0], (stored[0] + 2048) / 4095, atol=1e-6)


def test_a_sign_that_is_not_carried_on_is_understood(make_dicom):
    """A 12-bit negative value whose upper four bits are empty is still negative."""
    stored = np.array([[0x800, 0xFFF, 0x000, 0x7FF]], dtype=np.uint16)  # -2048, -1, 0, 2047
    window = {"WindowCenter": 0, "WindowWidth": 4096}

    film = read_dicom(make_dicom(stored, bits=12, PixelRepresentation=1, **window))

    np.testing.assert_allclose(film.pixels[0], [0, 2047 / 4095, 2048 / 4095, 1], atol=1e-6)


def test_baseline_jpeg_is_read_nearly_as_stored(make_dicom, smooth):
    """Lossy 8-bit JPEG comes within its own rounding."""
    stored = (smooth >> 4).astype(np.uint8)

    film = read_dicom(make_dicom(stored, syntax=uid.JPEGBaseline8Bit))

    np.testing.assert_allclose(film.pixels * 255, stored, atol=2)


def test_pixels_at_the_upper_end_of_the_cell_are_read(make_dicom, smooth):
    """A high bit of 15 with 12 bits stored means that the lowest four bits are not film."""
    stored = (smooth << 4) | 0b1010

    film = read_dicom(make_dicom(stored, bits=12, HighBit=15, **FULL_12))

    np.testing.assert_allclose(film.pixels, smooth / 4095, atol=1e-6)


def test_an_overlay_in_the_unused_bits_is_not_film(make_dicom, smooth, tmp_path):
    """Old overlays above the high bit, without data of their own, are masked off."""
    path = make_dicom(smooth | 0x1000, bits=12, **FULL_12)
    dataset = dcmread(path)
    dataset.add_new(0x60000100, "US", 16)
    dataset.add_new(0x60000102, "US", 12)
    dataset.save_as(path, enforce_file_format=True)

    np.testing.assert_allclose(read_dicom(path).pixels, smooth / 4095, atol=1e-6)


@few
@given(stored=arrays(np.uint16, (6, 5), elements=st.integers(0, 4095)))
def test_monochrome1_is_monochrome2_inverted(make_dicom, stored):
    """The same values come out as negatives of each other, with a window and without."""
    for window in (FULL_12, {}):
        plain = read_dicom(make_dicom(stored, bits=12, **window)).pixels
        negative = read_dicom(
            make_dicom(stored, bits=12, PhotometricInterpretation="MONOCHROME1", **window)
        ).pixels
        np.testing.assert_allclose(negative, 1 - plain, atol=1e-6)


def test_monochrome1_is_shown_bright_on_dark(make_dicom):
    """An inverted film comes out with bone bright, like every other."""
    plain = read_dicom(make_dicom(np.array([[0, 255]], dtype=np.uint8)))
    inverted = read_dicom(
        make_dicom(np.array([[255, 0]], dtype=np.uint8), PhotometricInterpretation="MONOCHROME1")
    )

    assert (plain.pixels == inverted.pixels).all()


@pytest.mark.parametrize(
    ("photometric", "shape", "is_inverted", "n_notes"),
    [
        ("MONOCHROME2", "IDENTITY", False, 0),
        ("MONOCHROME1", "INVERSE", True, 0),  # the same said twice, as every DX of this kind says it
        ("MONOCHROME2", "INVERSE", True, 1),
        ("MONOCHROME1", "IDENTITY", True, 1),
    ],
)
def test_presentation_lut_shape_inverts_once(make_dicom, photometric, shape, is_inverted, n_notes):
    """Either element is enough to invert, both invert once, and a contradiction is noted."""
    stored = np.array([[0, 51, 255]], dtype=np.uint8)
    elements = {"PhotometricInterpretation": photometric, "PresentationLUTShape": shape}

    film = read_dicom(make_dicom(stored, **elements))

    expected = np.array([[0, 0.2, 1]])
    np.testing.assert_allclose(film.pixels, 1 - expected if is_inverted else expected, atol=1e-6)
    assert len(film.notes) == n_notes


@few
@given(share=st.floats(0.0, 0.999), syntax=st.sampled_from([*LOSSLESS, uid.JPEGBaseline8Bit]))
def test_a_file_cut_short_is_never_a_film(make_dicom, smooth, share, syntax):
    """No part of the pixels passes for the whole; what lacks its closing bytes alone is whole."""
    path = make_dicom((smooth >> 4).astype(np.uint8), syntax=syntax)
    content, whole = path.read_bytes(), read_dicom(path).pixels
    path.write_bytes(content[: int(len(content) * share)])

    try:
        assert (read_dicom(path).pixels == whole).all()
    except UnreadableImage as error:
        refused_as = error.code
        assert refused_as in (RefusalCode.DAMAGED, RefusalCode.NOT_AN_IMAGE)


@pytest.mark.parametrize("syntax", [*LOSSLESS[4:], uid.JPEGBaseline8Bit], ids=lambda syntax: syntax.name)
@pytest.mark.parametrize("share", [0.4, 0.9])
def test_a_packed_frame_cut_short_is_damage(make_dicom, chance, syntax, share):
    """A frame that lacks its end is refused, not filled with grey."""
    stored = chance.integers(0, 256, (40, 56)).astype(np.uint8)
    path = make_dicom(stored, syntax=syntax)
    frame = get_frame(dcmread(path).PixelData, 0, number_of_frames=1)

    path = altered(path, PixelData=encapsulate([frame[: int(len(frame) * share)]]))

    assert refusal(path).code == RefusalCode.DAMAGED


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda syntax: syntax.name)
@pytest.mark.parametrize("change", [{"Rows": 20}, {"Rows": 80}, {"Columns": 28}, {"Columns": 112}])
def test_a_header_of_another_size_is_refused(make_dicom, chance, syntax, change):
    """A header that disagrees with the pixels, or asks for more of them, is refused before any decoder."""
    stored = chance.integers(1, 4096, (40, 56)).astype(np.uint16)

    error = refusal(altered(make_dicom(stored, bits=12, syntax=syntax), **change))

    assert error.code in (RefusalCode.HEADER_MISMATCH, RefusalCode.DAMAGED)


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.JPEGLosslessSV1, uid.JPEG2000Lossless])
def test_pixels_deeper_than_the_header_says_are_refused(make_dicom, smooth, syntax):
    """Values of 12 bits under a header of 10 are refused by name."""
    path = make_dicom(smooth, bits=12, syntax=syntax)

    error = refusal(altered(path, BitsStored=10, HighBit=9))

    assert error.code == RefusalCode.HEADER_MISMATCH
    assert "10 bits" in error.reason


def test_padding_after_the_pixels_is_no_damage(make_dicom, smooth):
    """Zeros after the last pixel are padding; anything else means that the header is wrong."""
    path = make_dicom(smooth, bits=12, **FULL_12)
    content = dcmread(path).PixelData

    np.testing.assert_allclose(
        read_dicom(altered(path, PixelData=content + bytes(300))).pixels, smooth / 4095, atol=1e-6
    )
    assert refusal(altered(path, PixelData=content + b"\1" * 300)).code == RefusalCode.HEADER_MISMATCH


def test_a_missing_transfer_syntax_is_guessed_and_noted(make_dicom, smooth):
    """A file that does not name its packing is read by what it holds."""
    for syntax in (uid.ImplicitVRLittleEndian, uid.JPEG2000Lossless, uid.RLELossless, uid.JPEGLSLossless):
        path = make_dicom(smooth, bits=12, syntax=syntax, **FULL_12)
        path.write_bytes(without_syntax(path.read_bytes(), syntax))
        film = read_dicom(path)
        np.testing.assert_allclose(film.pixels, smooth / 4095, atol=1e-6)
        assert film.notes == (f"The file does not name its transfer syntax; it was read as {syntax.name}.",)


def without_syntax(content, syntax):
    """The file meta information without (0002,0010), its length corrected."""
    value = syntax.encode() + b"\0" * (len(syntax) % 2)
    element = b"\x02\x00\x10\x00UI" + struct.pack("<H", len(value)) + value
    assert element in content
    length = struct.unpack_from("<I", content, 140)[0] - len(element)
    return content[:140] + struct.pack("<I", length) + content[144:].replace(element, b"", 1)


def test_a_wrongly_named_packing_is_read_by_its_own_first_bytes(make_dicom, smooth):
    """JPEG 2000 under the name of baseline JPEG is read as JPEG 2000, with a note."""
    path = make_dicom(smooth, bits=12, syntax=uid.JPEG2000Lossless, **FULL_12)
    content = path.read_bytes().replace(uid.JPEG2000Lossless.encode(), uid.JPEGBaseline8Bit.encode())
    path.write_bytes(content)

    film = read_dicom(path)

    np.testing.assert_allclose(film.pixels, smooth / 4095, atol=1e-6)
    assert "JPEG Baseline" in film.notes[0]
    assert "JPEG 2000" in film.notes[0]


def test_a_stray_comment_in_a_jpeg_2000_stream_is_left_out(make_dicom, smooth):
    """A vendor's padding between the last tile and the end does not make the film unreadable."""
    path = make_dicom(smooth, bits=12, syntax=uid.JPEG2000Lossless, **FULL_12)
    frame = get_frame(dcmread(path).PixelData, 0, number_of_frames=1).rstrip(b"\0")
    padded = frame[:-2] + b"\xff\x64\x00\x0b\x00\x01PADDING" + frame[-2:]

    film = read_dicom(altered(path, PixelData=encapsulate([padded])))

    np.testing.assert_allclose(film.pixels, smooth / 4095, atol=1e-6)
    assert film.notes == ("A stray comment in the JPEG 2000 stream was left out.",)


def test_several_fragments_make_one_frame(make_dicom, smooth):
    """A frame split into fragments is put together again."""
    path = make_dicom(smooth, bits=12, syntax=uid.JPEGLSLossless, **FULL_12)
    frame = get_frame(dcmread(path).PixelData, 0, number_of_frames=1)

    path = altered(path, PixelData=encapsulate([frame], fragments_per_frame=3, has_bot=False))

    np.testing.assert_allclose(read_dicom(path).pixels, smooth / 4095, atol=1e-6)


def test_a_file_without_preamble_and_meta_information_is_known_and_read(make_dicom, smooth):
    """A bare data set, as old archives hold, is DICOM all the same."""
    path = make_dicom(smooth, bits=12, syntax=uid.ExplicitVRLittleEndian, **FULL_12)
    content = path.read_bytes()
    path.write_bytes(content[144 + struct.unpack_from("<I", content, 140)[0] :])

    assert is_dicom(path.read_bytes()[:4096])
    np.testing.assert_allclose(read_dicom(path).pixels, smooth / 4095, atol=1e-6)


@pytest.mark.parametrize("head", [b"", b"DICM", bytes(132), b"\x08\x00", b"Patient;Label\n" * 20])
def test_other_files_are_not_taken_for_dicom(head):
    """Short, empty, and text files do not look like a data set."""
    assert not is_dicom(head)


@pytest.mark.parametrize("modality", ["CR", "DX", "DR", "RG", "OT", "", "UNHEARD"])
def test_radiographs_and_unknown_modalities_pass(make_dicom, smooth, modality):
    """Radiography, secondary captures, and a modality that says nothing are read."""
    assert read_dicom(make_dicom(smooth, Modality=modality)).pixels.shape == smooth.shape


@pytest.mark.parametrize("modality", ["CT", "MR", "US", "MG", "PT", "XA", "NM"])
def test_another_modality_is_refused_by_name(make_dicom, smooth, modality):
    """A CT slice is refused as CT, before its pixels are looked at."""
    error = refusal(make_dicom(smooth, Modality=modality))

    is_xray = modality in ("MG", "XA")
    assert error.code == (RefusalCode.NOT_A_CHEST if is_xray else RefusalCode.NOT_AN_XRAY)
    assert modality in error.reason


def test_the_sop_class_tells_where_the_modality_is_missing(make_dicom, smooth):
    """A CT slice without modality is refused by its SOP class."""
    error = refusal(make_dicom(smooth, Modality=None, SOPClassUID=uid.CTImageStorage))

    assert error.code == RefusalCode.NOT_AN_XRAY
    assert "CT Image Storage" in error.reason


@pytest.mark.parametrize(
    ("elements", "words"),
    [
        ({"NumberOfFrames": 3}, "3 frames"),
        ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, "colour (RGB)"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "colour (PALETTE COLOR)"),
        ({"BitsAllocated": 32, "BitsStored": 32, "HighBit": 31}, "32 bits"),
    ],
)
def test_what_is_no_single_grey_picture_is_refused(make_dicom, smooth, elements, words):
    """Several frames, colour, and deep pixels are each refused with their own reason."""
    error = refusal(make_dicom(smooth, **elements))

    is_several = "NumberOfFrames" in elements
    assert error.code == (RefusalCode.SEVERAL_FRAMES if is_several else RefusalCode.UNSUPPORTED)
    assert words in error.reason


@pytest.mark.parametrize(
    "elements", [{"Rows": None}, {"Columns": 0}, {"BitsAllocated": None}, {"BitsStored": 17}, {"HighBit": 3}]
)
def test_a_header_that_cannot_be_is_damage(make_dicom, smooth, elements):
    """Missing sizes and impossible depths are damage."""
    assert refusal(make_dicom(smooth, **elements)).code == RefusalCode.DAMAGED


def without_picture(path, **elements):
    """The file without any element that describes a picture; `None` leaves an element out."""
    dataset = dcmread(path)
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit"):
        delattr(dataset, keyword)
    for keyword, value in elements.items():
        delattr(dataset, keyword) if value is None else setattr(dataset, keyword, value)
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID") or uid.MediaStorageDirectoryStorage
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.mark.parametrize(
    "elements",
    [
        {"Modality": "SR", "SOPClassUID": uid.BasicTextSRStorage},
        {"Modality": None, "SOPClassUID": uid.BasicTextSRStorage},
        {"Modality": "OT", "SOPClassUID": uid.EncapsulatedPDFStorage},
        {"Modality": None, "SOPClassUID": None},  # a DICOMDIR: its class stands in the meta information alone
        {"Modality": None, "SOPClassUID": "1.2.3.4"},
    ],
)
def test_dicom_that_is_whole_and_holds_no_picture_is_no_image(make_dicom, smooth, elements):
    """Reports, documents, directories, and objects of an unknown class are no films, and not broken."""
    assert refusal(without_picture(make_dicom(smooth), **elements)).code == RefusalCode.NOT_AN_IMAGE


def test_a_class_of_pictures_without_pixels_is_damage(make_dicom, smooth):
    """A file of computed radiography that ends before its pixels was cut, and says so."""
    path = make_dicom(smooth)
    dataset = dcmread(path)
    del dataset.PixelData
    dataset.save_as(path, enforce_file_format=True)
    described, bare = refusal(path), refusal(without_picture(make_dicom(smooth)))
    dataset.DataSetTrailingPadding = b"\0\0"  # what stands after the pixels is there
    dataset.save_as(path, enforce_file_format=True)
    trailing = refusal(path)

    assert {error.code for error in (described, bare, trailing)} == {RefusalCode.DAMAGED}
    assert "ends early" in described.reason
    assert "ends early" in bare.reason
    assert "has no pixel data" in trailing.reason


def test_a_last_element_that_cannot_be_converted_is_damage(make_dicom, smooth, tmp_path):
    """A header that ends in an empty element of no known kind is refused; pydicom raises at it."""
    content = make_dicom(smooth).read_bytes()
    bits_allocated = content.index(b"\x28\x00\x00\x01US")
    path = tmp_path / "odd.dcm"
    path.write_bytes(content[:bits_allocated] + b"\x28\x00\x00\x01U\x00\x00\x00")

    assert refusal(path).code == RefusalCode.DAMAGED


@pytest.mark.parametrize("syntax", LOSSLESS, ids=lambda syntax: syntax.name)
def test_a_file_cut_anywhere_is_damage_that_ends_early(make_dicom, smooth, syntax, tmp_path):
    """From the mark "DICM" on, wherever a file breaks off, it is never called no picture."""
    content = make_dicom(smooth, bits=12, syntax=syntax, PatientName="A^B").read_bytes()
    cut = tmp_path / "cut.dcm"
    reasons, codes = set(), set()
    for n_bytes in (*range(132, 560, 7), *range(560, len(content) - 8, 499)):
        cut.write_bytes(content[:n_bytes])
        error = refusal(cut)
        reasons.add(error.reason.partition(",")[0])
        codes.add(error.code)

    assert codes == {RefusalCode.DAMAGED}
    assert reasons == {"The DICOM file is damaged: it ends early"}


def test_a_transfer_syntax_without_decoder_is_named(make_dicom, smooth):
    """MPEG-4 video is refused by its name."""
    path = make_dicom(smooth, bits=12, syntax=uid.RLELossless)
    content = path.read_bytes().replace(b"1.2.840.10008.1.2.5\0", b"1.2.840.10008.1.2.9\0")
    path.write_bytes(content)

    error = refusal(path)

    assert error.code == RefusalCode.UNSUPPORTED
    assert "1.2.840.10008.1.2.9" in error.reason


@pytest.mark.parametrize("size", [(65535, 65535), (20000, 10000)])
def test_a_picture_too_large_is_refused_by_its_header(make_dicom, smooth, size):
    """A size over 150 megapixels is refused before anything is unpacked."""
    error = refusal(altered(make_dicom(smooth), Rows=size[0], Columns=size[1]))

    assert error.code == RefusalCode.UNSUPPORTED
    assert "too large" in error.reason


def test_a_deflated_bomb_is_refused(make_dicom, smooth, monkeypatch):
    """A deflated data set that unpacks to more than its limit is not unpacked whole."""
    monkeypatch.setattr("hilum.imaging.dicom._MAX_INFLATED", 1 << 20)
    path = make_dicom(smooth, syntax=uid.DeflatedExplicitVRLittleEndian)
    content = path.read_bytes()
    start = 144 + struct.unpack_from("<I", content, 140)[0]
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    path.write_bytes(content[:start] + deflate.compress(bytes(50 << 20)) + deflate.flush())

    error = refusal(path)

    assert error.code == RefusalCode.UNSUPPORTED
    assert "too large" in error.reason


def test_malformed_elements_are_left_out_and_counted(make_dicom, smooth):
    """An element that cannot be converted is not a reason to refuse the film."""
    path = make_dicom(smooth, bits=12, PatientSex="F", **FULL_12)
    path.write_bytes(path.read_bytes().replace(b"\x10\x00\x40\x00CS", b"\x10\x00\x40\x00QQ"))

    film = read_dicom(path)

    assert film.sex is None
    assert film.notes == ("1 malformed elements of the header were left out.",)


def test_the_header_facts_stand_in_the_record(make_dicom, smooth):
    """Age, sex, view, and spacing come with the film."""
    facts = {"PatientAge": "031Y", "PatientSex": "F", "ViewPosition": "PA", "PixelSpacing": [0.15, 0.15]}

    film = read_dicom(make_dicom(smooth, **facts))

    assert (film.age_years, film.sex, film.view, film.pixel_spacing_mm) == (31.0, Sex.FEMALE, "PA", 0.15)


def test_a_film_said_to_be_mirrored_is_left_and_noted(make_dicom, smooth):
    """Patient Orientation is not acted on, since turning a film by it could swap left and right."""
    plain = read_dicom(make_dicom(smooth, PatientOrientation=["L", "F"]))
    mirrored = read_dicom(make_dicom(smooth, PatientOrientation=["R", "F"]))

    assert (plain.pixels == mirrored.pixels).all()
    assert plain.notes == ()
    assert "mirrored" in mirrored.notes[0]


def test_reducing_on_reading_agrees_with_reducing_afterwards(make_dicom, chance):
    """The lean way to a small film gives the pixels of the long way and keeps the native size."""
    path = make_dicom(chance.integers(0, 4096, (90, 70)).astype(np.uint16), bits=12)

    whole, small = read_dicom(path), read_dicom(path, max_side=32)

    np.testing.assert_allclose(small.pixels, fit_within(whole.pixels, 32), atol=1e-5)
    assert (small.height, small.width) == (90, 70)
