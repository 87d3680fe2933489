"""Films made on the spot: DICOM data sets with every way of packing, and files of any bytes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from jpeg_lossless import encode_lossless
from PIL import Image
from pydicom import uid
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate

NATIVE = (
    uid.ImplicitVRLittleEndian,
    uid.ExplicitVRLittleEndian,
    uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
)


@pytest.fixture
def write(tmp_path):
    """A file of these bytes; a suffix that says nothing unless one is given."""

    def write(content: bytes, name: str = "film.bin"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.fixture
def make_dicom(tmp_path):
    """A CR file of these stored values; any element can be set by keyword, or left out with None."""

    def make(pixels, *, bits=None, syntax=uid.ExplicitVRLittleEndian, **elements):
        dataset = radiograph_dataset(np.asarray(pixels), bits)
        for keyword, value in elements.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)
        pack(dataset, np.asarray(pixels), syntax)
        path = tmp_path / "film.dcm"
        dataset.save_as(path, enforce_file_format=True)
        return path

    return make


def radiograph_dataset(pixels: np.ndarray, bits: int | None) -> Dataset:
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = uid.ComputedRadiographyImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    dataset.SOPClassUID = uid.ComputedRadiographyImageStorage
    dataset.SOPInstanceUID = "1.2.3"
    dataset.Modality = "CR"
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.SamplesPerPixel = 1
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated = 8 * pixels.dtype.itemsize
    dataset.BitsStored = bits or dataset.BitsAllocated
    dataset.HighBit = dataset.BitsStored - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    return dataset


def pack(dataset: Dataset, pixels: np.ndarray, syntax: uid.UID) -> None:
    """Put the pixels into the data set the way the transfer syntax wants them."""
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax in NATIVE:
        dataset.PixelData = swapped(pixels) if syntax == uid.ExplicitVRBigEndian else pixels.tobytes()
        dataset["PixelData"].VR = "OW"
        return
    if syntax in (uid.JPEGBaseline8Bit, uid.JPEGLossless, uid.JPEGLosslessSV1):
        dataset.PixelData = encapsulate([jpeg_stream(pixels, syntax, dataset.BitsStored)])
        dataset["PixelData"].VR = "OB"
        dataset["PixelData"].is_undefined_length = True
        return
    dataset.file_meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OW"
    plugin = {uid.RLELossless: "pydicom", uid.JPEGLSLossless: "pyjpegls"}.get(
        syntax, "pylibjpeg"
    )  # gdcm aborts
    dataset.compress(syntax, encoding_plugin=plugin, generate_instance_uid=False)


def swapped(pixels: np.ndarray) -> bytes:
    """16-bit words in big-endian order, PS3.5 7.3; 8-bit pixels are two to a word."""
    content = pixels.tobytes()
    content += b"\0" * (len(content) % 2)
    return np.frombuffer(content, dtype="<u2").astype(">u2").tobytes()


def jpeg_stream(pixels: np.ndarray, syntax: uid.UID, bits: int) -> bytes:
    if syntax != uid.JPEGBaseline8Bit:
        return encode_lossless(pixels, bits)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=100)
    return stream.getvalue()


@pytest.fixture
def smooth():
    """A smooth 12-bit picture, (40, 56) uint16 from 0 to 4095."""
    rows, columns = np.mgrid[:40, :56]
    waves = np.sin(columns / 9) + np.cos(rows / 7)
    return np.rint((waves - waves.min()) / np.ptp(waves) * 4095).astype(np.uint16)
