"""Odd DICOM films through the node, and their pixels beside dcmtk's: right side up, and bone bright?

    python benchmarks/node/odd_films.py --films ../shared/data/dicom-odd --out FOLDER

Each film is sent by C-STORE in its own transfer syntax, kept, read back, and scored. Its pixels are compared
with what dcmtk draws of the same file: dcm2pnm for plain and RLE, dcmj2pnm for JPEG, dcmdjpls before dcm2pnm
for JPEG-LS. The Debian build of dcmtk has no JPEG 2000, so those are unpacked losslessly by gdcm, a decoder
that Hilum does not use for them, and drawn by dcm2pnm. The first window of the file is taken, and the range
of the pixels where there is none or it leaves one tone.
A JPEG 2000 film that gdcm does not read either is decoded by OpenJPEG's own opj_decompress (Debian:
libopenjp2-tools) once the padding after its last tile is cut off, and drawn here by its window.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gdcm
import numpy as np
from PIL import Image
from pydicom import dcmread, uid
from pydicom.dataset import FileDataset
from pydicom.encaps import get_frame
from pynetdicom import AE, _config, build_context
from running_node import RunningNode, wait_until
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from hilum.errors import UnreadableImage
from hilum.imaging.read import read_radiograph
from hilum.inference.bundle import DEFAULT_BUNDLE, read_bundle
from hilum.records import Pixels
from hilum.worklist.states import State
from hilum.worklist.station import Station
from hilum.worklist.tables import Film, Study

SETTLE_S = 600
SIDE = 256  # pixels, of the comparison
PADDING = b"\xff\x64\x00\x0b\x00\x01PADDING"  # a comment (T.800 A.9.2) of 966.dcm, where none may stand
JPEG_2000 = (uid.JPEG2000, uid.JPEG2000Lossless)
JPEG_LS = (uid.JPEGLSLossless, uid.JPEGLSNearLossless)
JPEG = (uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1)
_config.LOG_HANDLER_LEVEL = "none"


def sent(path: Path, film: FileDataset, port: int) -> str:
    """The status of a C-STORE of a film in its own transfer syntax, or why there is none."""
    syntax = film.file_meta.get("TransferSyntaxUID") or uid.ImplicitVRLittleEndian
    film.file_meta.TransferSyntaxUID = syntax
    entity = AE(ae_title="ODD")
    contexts = [build_context(film.SOPClassUID, syntax)]
    link = entity.associate("127.0.0.1", port, contexts=contexts, ae_title="HILUM")
    if not link.is_established:
        return "not associated"
    if not link.accepted_contexts:
        link.release()
        return "class or syntax not agreed on"
    try:
        status = link.send_c_store(film)
    except ValueError as error:
        return f"could not be encoded by the sender: {str(error)[:60]}"
    finally:
        link.release()
    return f"{status.get('Status', -1):04X} {status.get('ErrorComment', '')}".strip()


def by_dcmtk(path: Path, folder: Path) -> Pixels | None:
    """What dcmtk draws of a film with its first window, (H, W) of 0..1; None where it cannot."""
    syntax = dcmread(path, stop_before_pixels=True, force=True).file_meta.get("TransferSyntaxUID")
    drawn = folder / f"{path.stem}.pgm"
    tool = "dcmj2pnm" if syntax in JPEG else "dcm2pnm"
    plain = path
    if syntax in JPEG_LS:
        plain = folder / f"{path.stem}.plain.dcm"
        subprocess.run(["dcmdjpls", str(path), str(plain)], check=False, capture_output=True)
    if syntax in JPEG_2000:
        plain = folder / f"{path.stem}.plain.dcm"
        if not unpacked_by_gdcm(path, plain):
            return None
    has_window = "WindowCenter" in dcmread(path, stop_before_pixels=True, force=True)
    for window in [["+Wi", "1"]] * has_window + [["+Wm"]]:
        subprocess.run([tool, "+op", *window, str(plain), str(drawn)], check=False, capture_output=True)
        if not drawn.exists() or drawn.stat().st_size == 0:
            return None
        found: Pixels = np.asarray(Image.open(drawn).convert("L"), np.float32) / 255
        if np.ptp(found) > 0:
            return found
    return None


def by_openjpeg(path: Path, folder: Path) -> Pixels | None:
    """What OpenJPEG decodes, drawn by the linear window of PS3.3 C.11.2.1.2.1; None where it cannot."""
    film = dcmread(path, force=True)
    program = shutil.which("opj_decompress")
    if program is None or film.file_meta.get("TransferSyntaxUID") not in JPEG_2000:
        return None
    stream, drawn = folder / f"{path.stem}.j2k", folder / f"{path.stem}.pgm"
    stream.write_bytes(get_frame(film.PixelData, 0, number_of_frames=1).replace(PADDING, b""))
    subprocess.run([program, "-i", str(stream), "-o", str(drawn)], check=False, capture_output=True)
    if not drawn.exists():
        return None
    values = np.asarray(Image.open(drawn), np.float32) / 0xFFFF  # to which Pillow stretches any depth
    values *= (1 << film.BitsStored) - 1
    centre, width = float(film.WindowCenter), float(film.WindowWidth)
    shown: Pixels = np.clip((values - (centre - 0.5)) / (width - 1) + 0.5, 0, 1)
    return 1 - shown if film.PhotometricInterpretation == "MONOCHROME1" else shown


def unpacked_by_gdcm(path: Path, plain: Path) -> bool:
    """Unpack a film without loss."""
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    if not reader.Read():
        return False
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.ExplicitVRLittleEndian))
    change.SetInput(reader.GetImage())
    if not change.Change():
        return False
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(plain))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    return bool(writer.Write())


def compared(ours: Pixels, theirs: Pixels) -> dict[str, Any]:
    """Correlation as it is, turned upside down, and mirrored; and the mean difference."""
    small, other = (np.asarray(Image.fromarray(picture).resize((SIDE, SIDE), Image.Resampling.BOX))
                    for picture in (ours, theirs))  # fmt: skip

    def correlation(turned: Pixels) -> float:
        return round(float(np.corrcoef(turned.ravel(), other.ravel())[0, 1]), 4)

    return {
        "same shape": ours.shape == theirs.shape, "correlation": correlation(small),
        "upside down": correlation(small[::-1]), "mirrored": correlation(small[:, ::-1]),
        "mean difference": round(float(np.abs(small - other).mean()), 4),
    }  # fmt: skip


def outcome(station: Station, instance: str) -> tuple[Film | None, str]:
    """A film's row and what became of its study."""
    chosen = select(Study).join(Film).where(Film.sop_instance_uid == instance)
    with station.database.reading() as session:
        loaded = chosen.options(selectinload(Study.films), selectinload(Study.readings))
        study = session.scalars(loaded).unique().first()
    if study is None:
        return None, "not in the worklist"
    film = next(film for film in study.films if film.sop_instance_uid == instance)
    readings = [reading for reading in study.readings if reading.film_id == film.id]
    if not readings:
        return film, f"study {study.state}; {film.why_not}"
    last = readings[-1]
    return film, f"score {last.score}" if last.score is not None else f"refused: {last.refusal_code}"


def row(path: Path, status: str, instance: str, station: Station, folder: Path) -> dict[str, Any]:
    """One line of the table."""
    header = dcmread(path, stop_before_pixels=True, force=True)
    film, told = outcome(station, instance)
    found: dict[str, Any] = {
        "file": path.name,
        "photometric": header.get("PhotometricInterpretation"),
        "bits": header.get("BitsStored"),
        "status": status,
        "outcome": told,
    }
    kept = path if film is None else station.originals.path(film.sha256)
    theirs, decoder = by_dcmtk(path, folder), "dcmtk"
    if theirs is None:
        theirs, decoder = by_openjpeg(path, folder), "opj_decompress"
    if theirs is None:
        return found | {"drawn by": "none"}
    try:
        ours = read_radiograph(kept)
    except UnreadableImage as error:
        return found | {"hilum": error.code}
    return found | {"drawn by": decoder} | compared(ours.pixels, theirs) | {"notes": list(ours.notes)}


def run(folder_of_films: Path, folder: Path) -> dict[str, Any]:
    """All films."""
    warnings.simplefilter("ignore", UserWarning)
    paths = sorted(folder_of_films.glob("*.dcm"))
    node = RunningNode(folder, read_bundle(DEFAULT_BUNDLE).folder, ["--closes-after", "1"])
    node.start()
    films = [dcmread(path, force=True) for path in paths]
    instances = [str(film.get("SOPInstanceUID", "")) for film in films]
    statuses = [sent(path, film, node.port) for path, film in zip(paths, films, strict=True)]
    station = node.open_station()

    def is_done() -> bool:
        waiting = select(Study.id).where(Study.state.in_((State.RECEIVED, State.QUEUED))).limit(1)
        with station.database.reading() as session:
            return session.scalar(waiting) is None

    wait_until(is_done, within_s=SETTLE_S, every_s=1)
    rows = [row(*each, station, folder) for each in zip(paths, statuses, instances, strict=True)]
    return {"date": datetime.now(UTC).date().isoformat(), "films": rows, "exit status": node.stop()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--films", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    print(json.dumps(run(given.films, given.out), indent=2))
