"""The frames of an instance as bytes: as they are stored, or unpacked for a client that reads no codec.

Trap: unpacked frames are little endian whatever the file was (PS3.18 8.7.3.5.2), and frames count from 1.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame

from hilum.imaging.decoders import DECODING_ERRORS
from hilum.imaging.header import whole_number
from hilum.web.dicomweb.accepting import ANY_SYNTAX, Accepted
from hilum.web.dicomweb.answers import BadQuery, NotAcceptable
from hilum.web.problems import NotFound

OCTETS = "application/octet-stream"
MOST_FRAMES = 1000  # of one request
# The media types of stored frames, PS3.18 Table 8.7.3-6
KINDS: dict[str, str] = {
    uid.RLELossless: "image/dicom-rle",
    uid.JPEGBaseline8Bit: "image/jpeg",
    uid.JPEGExtended12Bit: "image/jpeg",
    uid.JPEGLossless: "image/jpeg",
    uid.JPEGLosslessSV1: "image/jpeg",
    uid.JPEGLSLossless: "image/jls",
    uid.JPEGLSNearLossless: "image/jls",
    uid.JPEG2000Lossless: "image/jp2",
    uid.JPEG2000: "image/jp2",
    uid.HTJ2KLossless: "image/jphc",
    uid.HTJ2KLosslessRPCL: "image/jphc",
    uid.HTJ2K: "image/jphc",
}


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames to be sent, all of one kind."""

    kind: str
    syntax: str
    contents: tuple[bytes, ...]

    @property
    def content_type(self) -> str:
        return f"{self.kind}; transfer-syntax={self.syntax}"


def read_numbers(text: str) -> list[int]:
    """The numbers of a list of frames.

    Raises:
        BadQuery: it is none.
    """
    parts = text.split(",")
    if len(parts) > MOST_FRAMES or not all(
        part.isascii() and part.isdigit() and int(part[:9]) > 0 for part in parts
    ):
        raise BadQuery("frames are numbers from 1, with commas between them")
    return [int(part[:9]) for part in parts]


def frames(dataset: Dataset, numbers: list[int], ranges: list[Accepted]) -> Frames:
    """The frames asked for, in the best form that the client accepts.

    Args:
        dataset: with its pixels.
        numbers: from 1.
        ranges: of the Accept header.

    Raises:
        NotFound: there are no such frames.
        NotAcceptable: they can be given in none of the forms.
    """
    n_frames = max(1, whole_number(dataset, "NumberOfFrames", 1))
    if not dataset.get("PixelData") or max(numbers) > n_frames:
        raise NotFound(f"the instance has {n_frames if dataset.get('PixelData') else 0} frames")
    syntax = dataset.file_meta.TransferSyntaxUID
    for wanted in ranges:
        if _takes_stored(wanted, syntax):
            kind = OCTETS if wanted.inner == OCTETS else KINDS[syntax]
            return Frames(kind, syntax, tuple(_stored(dataset, number, n_frames) for number in numbers))
        if wanted.takes(OCTETS) and wanted.syntax in (ANY_SYNTAX, uid.ExplicitVRLittleEndian):
            plain = unpacked(dataset)
            contents = tuple(_plain(plain, number, n_frames) for number in numbers)
            return Frames(OCTETS, uid.ExplicitVRLittleEndian, contents)
    raise NotAcceptable(f"frames are given as {OCTETS}, or as stored: {KINDS.get(syntax, OCTETS)}")


def unpacked(dataset: Dataset) -> Dataset:
    """The data set in Explicit VR Little Endian.

    Raises:
        NotAcceptable: its pixels cannot be unpacked.
    """
    syntax = dataset.file_meta.TransferSyntaxUID
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            if syntax.is_compressed:
                dataset.decompress(as_rgb=False, generate_instance_uid=False)
            elif syntax == uid.ExplicitVRBigEndian:
                dataset = _little_endian(dataset)
    except DECODING_ERRORS as error:
        raise NotAcceptable(f"the pixels cannot be unpacked; ask for {syntax}") from error
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    return dataset


def _takes_stored(wanted: Accepted, syntax: uid.UID) -> bool:
    """Whether packed frames may go out as they are; a kind of picture by name implies its packing."""
    if syntax not in KINDS:
        return False
    if wanted.inner == KINDS[syntax] and "transfer-syntax" not in wanted.parameters:
        return True
    return wanted.takes_syntax(syntax) and (wanted.takes(KINDS[syntax]) or wanted.takes(OCTETS))


def _stored(dataset: Dataset, number: int, n_frames: int) -> bytes:
    try:
        return get_frame(dataset.PixelData, number - 1, number_of_frames=n_frames)
    except DECODING_ERRORS as error:
        raise NotFound("the instance's packed pixels are damaged") from error


def _plain(dataset: Dataset, number: int, n_frames: int) -> bytes:
    n_bits = (
        whole_number(dataset, "Rows", 0)
        * whole_number(dataset, "Columns", 0)
        * whole_number(dataset, "SamplesPerPixel", 1)
        * whole_number(dataset, "BitsAllocated", 0)
    )
    length = (n_bits + 7) // 8
    content = dataset.PixelData
    if not 0 < length * n_frames <= len(content):
        raise NotFound("the instance holds fewer pixels than its header says")
    return bytes(content[(number - 1) * length : number * length])


def _little_endian(dataset: Dataset) -> Dataset:
    """The same elements in a data set of no byte order; all values but words of pixels are numbers."""
    is_deep = whole_number(dataset, "BitsAllocated", 8) > 8
    for element in dataset.iterall():  # which converts each on the way
        is_in_words = element.VR == "OW" or (is_deep and element.keyword == "PixelData")
        if is_in_words and element.value:
            content = bytearray(element.value)
            content[0::2], content[1::2] = content[1::2], content[0::2]
            element.value = bytes(content)
    plain = Dataset()
    plain.update(dataset)
    plain.file_meta = dataset.file_meta
    return plain
