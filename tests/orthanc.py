"""A real Orthanc on loopback, with a power switch, and small films to put into it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid
from pynetdicom.sop_class import ComputedRadiographyImageStorage

from hilum.dicomnode.peer import Peer

ORTHANC = Path(shutil.which("Orthanc") or "/usr/sbin/Orthanc")
DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")  # where Debian puts it
START_S = 30


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Orthanc:
    """One that runs; `stop` and `start` are its power switch, and its store survives."""

    folder: Path
    http_port: int
    dicom_port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def peer(self) -> Peer:
        return Peer("ORTHANC", "127.0.0.1", self.dicom_port)

    @property
    def has_dicomweb(self) -> bool:
        return DICOMWEB.exists()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def know(self, ae_title: str, port: int) -> None:
        """Tell it where another node listens, as its administrator would."""
        httpx.put(f"{self.url}/modalities/{ae_title}", json=[ae_title, "127.0.0.1", port]).raise_for_status()

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = {
            "Name": "test", "StorageDirectory": str(self.folder / "store"),
            "IndexDirectory": str(self.folder / "store"), "HttpPort": self.http_port,
            "DicomPort": self.dicom_port, "DicomAet": "ORTHANC", "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False, "DicomAlwaysAllowEcho": True, "DicomAlwaysAllowStore": True,
            "DicomAlwaysAllowFind": True, "DicomAlwaysAllowGet": True, "DicomAlwaysAllowMove": True,
            "DicomCheckCalledAet": False, "OverwriteInstances": True,
            "Plugins": [str(DICOMWEB)] if self.has_dicomweb else [],
            "StableAge": 1, "DicomModalitiesInDatabase": True,
        }  # fmt: skip
        path = self.folder / "orthanc.json"
        path.write_text(json.dumps(settings), encoding="utf-8")
        self.process = subprocess.Popen(
            [str(ORTHANC), str(path)], cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            try:
                if httpx.get(f"{self.url}/system", timeout=1).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError("Orthanc did not start")

    def stop(self) -> None:
        """Stop it and wait until it is gone."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=START_S)
            self.process = None

    def count(self, level: str = "instances") -> int:
        """How many instances, series, studies, or patients it holds."""
        return len(httpx.get(f"{self.url}/{level}").json())

    def put(self, path: Path) -> None:
        """Store a file, as an upload to its page does."""
        httpx.post(f"{self.url}/instances", content=path.read_bytes()).raise_for_status()

    def clear(self) -> None:
        """Forget every patient."""
        for patient in httpx.get(f"{self.url}/patients").json():
            httpx.delete(f"{self.url}/patients/{patient}").raise_for_status()


def write_film(
    path: Path, *, study_uid: str | None = None, day: str = "20260301", modality: str = "CR", **header: str
) -> Dataset:
    """A small radiograph as a DICOM file."""
    film = Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.SOPClassUID = ComputedRadiographyImageStorage
    film.SOPInstanceUID = generate_uid()
    film.StudyInstanceUID = study_uid or generate_uid()
    film.SeriesInstanceUID = generate_uid()
    film.PatientID, film.PatientName, film.PatientSex = "P1", "Doe^Jane", "F"
    film.StudyDate, film.StudyTime, film.AccessionNumber = day, "101010", ""
    film.Modality, film.ViewPosition = modality, "PA"
    for keyword, value in header.items():
        setattr(film, keyword, value)
    pixels = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    film.Rows, film.Columns = pixels.shape
    film.SamplesPerPixel, film.PhotometricInterpretation = 1, "MONOCHROME2"
    film.BitsAllocated, film.BitsStored, film.HighBit, film.PixelRepresentation = 16, 12, 11, 0
    film.PixelData = pixels.tobytes()
    film.save_as(path, enforce_file_format=True)
    return film
