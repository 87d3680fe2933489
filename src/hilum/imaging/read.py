"""The one door for films: any file becomes a Radiograph, or a refusal with its reason.

The trap: a suffix is only a name. DICOM files called .png, PNG files called .jpg, and DICOM files without the
"DICM" mark all occur, so the first bytes decide.
"""

from __future__ import annotations

import stat
import struct
from pathlib import Path

from hilum.errors import UnreadableImage
from hilum.imaging.png import SIGNATURE
from hilum.imaging.polarity import with_bone_bright
from hilum.imaging.raster import read_raster
from hilum.records import Radiograph, RefusalCode

MAX_BYTES = 1 << 30  # a file; the largest film of 150 megapixels and 16 bits has 300 MB
_HEAD_BYTES = 4096
_MARK = slice(128, 132)  # after the preamble
_LAST_FIRST, _LONGEST_FIRST = 0x0120, 1024  # of a bare data set's first element: its number, its bytes
_ADVICE = "Hilum reads PNG, JPEG, and DICOM."

# What other files start with; pictures first, which are refused for their format alone
_OTHER_PICTURES = {
    b"II*\0": "a TIFF picture",
    b"MM\0*": "a TIFF picture",
    b"II+\0": "a TIFF picture",
    b"MM\0+": "a TIFF picture",
    b"GIF8": "a GIF picture",
    b"BM": "a BMP picture",
    b"8BPS": "a Photoshop picture",
    b"\0\0\0\x0cjP  ": "a JPEG 2000 picture outside DICOM",
    b"\xff\x4f\xff\x51": "a JPEG 2000 picture outside DICOM",
}
_OTHER_FILES = {
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a zip archive; unpack it first",
    b"\x1f\x8b": "a gzip archive; unpack it first",
}


def read_radiograph(path: Path, *, max_side: int | None = None) -> Radiograph:
    """Read a PNG, JPEG, or DICOM film.

    Args:
        path: the file; its content, never its name, decides how it is read.
        max_side: pixels; a longer film is reduced to this by area averaging before it becomes floats, and the
            record keeps the native size. The same, to rounding, as `fit_within` of the whole film, and
            leaner.

    Raises:
        UnreadableImage: with its code (docs/gate.md lists them) and a sentence to show.
    """
    head = _read_head(path)
    if head.startswith((SIGNATURE, b"\xff\xd8\xff")):
        return with_bone_bright(read_raster(path, max_side=max_side))
    if is_dicom(head):
        from hilum.imaging.dicom import read_dicom  # pydicom and its decoders take 0.3 s and 70 MB (measured)

        return with_bone_bright(read_dicom(path, max_side=max_side))
    raise _foreign(head)


def is_dicom(head: bytes) -> bool:
    """Whether a file with these first bytes is DICOM: by its mark (PS3.10 7.1), or by its first element.

    Bare data sets begin with an element of group 0002 or 0008, in either byte order, and give it a value
    representation or a short length.
    """
    if len(head) < _MARK.stop:
        return False
    has_vr = head[4:6].isalpha() and head[4:6].isupper()
    group, element, length = struct.unpack_from("<HHI", head)
    is_little = group in (0x0002, 0x0008) and element <= _LAST_FIRST and (has_vr or length <= _LONGEST_FIRST)
    is_big = group in (0x0200, 0x0800) and has_vr
    return head[_MARK] == b"DICM" or is_little or is_big


def _read_head(path: Path) -> bytes:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe or a device could wait for ever
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not an ordinary file"
            raise UnreadableImage(RefusalCode.NOT_AN_IMAGE, f"This is {kind}, not a film.")
        if status.st_size > MAX_BYTES:
            size = f"{status.st_size / 1e6:,.0f} MB"
            reason = f"The file is too large: {size}, and the limit is {MAX_BYTES / 1e6:,.0f} MB."
            raise UnreadableImage(RefusalCode.UNSUPPORTED, reason)
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except FileNotFoundError:
        raise UnreadableImage(RefusalCode.NOT_FOUND, "There is no such file.") from None
    except (OSError, ValueError) as error:  # ValueError for a name with a zero byte in it
        raise UnreadableImage(RefusalCode.NOT_FOUND, f"The file cannot be opened ({error}).") from None
    if not head:
        raise UnreadableImage(RefusalCode.EMPTY, "The file is empty: it has no bytes. Copy it again.")
    return head


def _foreign(head: bytes) -> UnreadableImage:
    if head.startswith((b"\x89PNG", b"\xff\xd8")):
        reason = "The file began as a PNG or JPEG, and its first bytes are damaged."
        return UnreadableImage(RefusalCode.DAMAGED, reason)
    kind = _picture_kind(head)
    if kind is not None:
        return UnreadableImage(RefusalCode.UNSUPPORTED, f"The file is {kind}. {_ADVICE}")
    kind = next((kind for start, kind in _OTHER_FILES.items() if head.startswith(start)), "not a picture")
    return UnreadableImage(RefusalCode.NOT_AN_IMAGE, f"The file is {kind}. {_ADVICE}")


def _picture_kind(head: bytes) -> str | None:
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "a WebP picture"
    if head[4:8] == b"ftyp":  # ISO/IEC 14496-12
        return "a HEIF picture or a video"
    return next((kind for start, kind in _OTHER_PICTURES.items() if head.startswith(start)), None)
