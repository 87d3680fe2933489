"""The one door: what a file holds decides how it is read, and each other file is refused for what it is."""

from __future__ import annotations

import io
import os

import numpy as np
import png_files
import pytest
from PIL import Image

from hilum.errors import UnreadableImage
from hilum.imaging.read import MAX_BYTES, read_radiograph
from hilum.records import RefusalCode


def refusal(path):
    with pytest.raises(UnreadableImage) as caught:
        read_radiograph(path)
    return caught.value


def saved(picture_format):
    stream = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(stream, picture_format)
    return stream.getvalue()


def test_a_suffix_is_only_a_name(write, make_dicom, smooth):
    """A DICOM called .png, a PNG called .dcm, and a JPEG called .png are read as what they are."""
    dicom = make_dicom(smooth, bits=12).read_bytes()
    png = png_files.png_bytes(smooth[..., None], 16, 0)

    formats = [
        read_radiograph(write(content, name)).file_format
        for content, name in ((dicom, "a.png"), (png, "b.dcm"), (saved("JPEG"), "c.png"))
    ]

    assert formats == ["dicom", "png", "jpeg"]


@pytest.mark.parametrize("picture_format", ["TIFF", "BMP", "GIF", "WEBP", "JPEG2000"])
def test_other_pictures_are_refused_by_name(write, picture_format):
    """A picture in a format that is not read is refused as that format, even if it is called .png."""
    error = refusal(write(saved(picture_format), "film.png"))

    name = {"JPEG2000": "JPEG 2000", "WEBP": "WebP"}.get(picture_format, picture_format)
    assert error.code == RefusalCode.UNSUPPORTED
    assert name in error.reason


@pytest.mark.parametrize(
    "content", [b"%PDF-1.7 ...", b"PK\x03\x04....", b"just text\n" * 40, b"\0" * 500, b"x", b"<html>"]
)
def test_other_files_are_no_pictures(write, content):
    """Documents, archives, and noise are not images."""
    assert refusal(write(content, "film.png")).code == RefusalCode.NOT_AN_IMAGE


def test_an_empty_file_is_refused_as_empty(write):
    """A file of no bytes is a copy that failed."""
    assert refusal(write(b"")).code == RefusalCode.EMPTY


@pytest.mark.parametrize("content", [b"\x89PNG\n\x1a\n rest", b"\xff\xd8\x00\x00\x00"])
def test_a_spoilt_signature_is_damage(write, content):
    """A PNG sent as text, or a JPEG with a broken start, is damaged rather than foreign."""
    assert refusal(write(content)).code == RefusalCode.DAMAGED


def test_a_missing_file_is_not_found(tmp_path):
    """A path that leads nowhere is refused as not found."""
    assert refusal(tmp_path / "nowhere.png").code == RefusalCode.NOT_FOUND
    assert refusal(tmp_path / "zero\0byte.png").code == RefusalCode.NOT_FOUND


def test_a_folder_and_a_pipe_are_no_films(tmp_path):
    """What is no ordinary file is refused at once; opening a pipe would wait for ever."""
    os.mkfifo(tmp_path / "pipe.png")

    assert refusal(tmp_path).code == RefusalCode.NOT_AN_IMAGE
    assert refusal(tmp_path / "pipe.png").code == RefusalCode.NOT_AN_IMAGE


def test_a_file_too_large_is_refused_unread(write):
    """A file over a gigabyte is refused by its size."""
    path = write(png_files.SIGNATURE)
    os.truncate(path, MAX_BYTES + 1)  # a hole, which takes no room

    error = refusal(path)

    assert error.code == RefusalCode.UNSUPPORTED
    assert "too large" in error.reason


def test_every_reason_is_a_sentence(write, tmp_path):
    """Reasons are shown to people: they begin with a capital and end with a full stop."""
    paths = [tmp_path, tmp_path / "none", write(b"", "a"), write(b"text", "b"), write(saved("GIF"), "c"),
             write(png_files.SIGNATURE, "d"), write(saved("JPEG")[:300], "e")]  # fmt: skip

    reasons = [refusal(path).reason for path in paths]

    assert all(reason[0].isupper() and reason.endswith(".") for reason in reasons)


def test_reading_never_changes_the_file(write, smooth):
    """The film is opened to be read, and its bytes stay as they are."""
    content = png_files.png_bytes(smooth[..., None], 16, 0)
    path = write(content)

    read_radiograph(path)

    assert path.read_bytes() == content
