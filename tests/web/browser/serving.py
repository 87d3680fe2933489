"""A real `hilum serve` on a free port, and the ten mixed films that a journey drops."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from pydicom import dcmread

from hilum.data.phantom.cohort import FileForm, Mix, plan_films
from hilum.data.phantom.files import write_dicom
from hilum.data.phantom.film import Phantom

STARTS_WITHIN_S = 180  # a machine at rest takes four
SIDE = 512  # pixels of a phantom
ANSWERS_AT = re.compile(r"answers at (http://\S+)")


@dataclass
class Serving:
    """A running station."""

    address: str
    folder: Path
    process: subprocess.Popen[str]
    log: list[str] = field(default_factory=list)


@contextmanager
def served_station(folder: Path) -> Iterator[Serving]:
    """`hilum serve` with an empty folder, until it is no longer needed."""
    command = [sys.executable, "-c", "from hilum.cli.main import main; main()", "serve"]
    process = subprocess.Popen(
        [*command, "--port", "0", "--data", str(folder), "--site", "Hill clinic"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    serving = Serving("", folder, process)
    try:
        serving.address = _address(serving)
        yield serving
    finally:
        process.terminate()
        process.wait(timeout=30)
        assert process.stdout is not None
        process.stdout.close()


def _address(serving: Serving) -> str:
    """Where it answers; what it says afterwards is kept, so that its pipe never fills."""
    found = threading.Event()
    address: list[str] = []

    def listen() -> None:
        assert serving.process.stdout is not None
        for line in serving.process.stdout:
            serving.log.append(line)
            if told := ANSWERS_AT.search(line):
                address.append(told[1])
                found.set()
        found.set()

    threading.Thread(target=listen, daemon=True).start()
    assert found.wait(STARTS_WITHIN_S), "the station did not start in time"
    assert address, "".join(serving.log)
    return address[0]


def write_films(folder: Path) -> list[Path]:
    """Ten files: films in every form that is read, and what must be turned away with a reason."""
    orders = plan_films(6, seed=11, mix=Mix(prevalence=0.5, form=FileForm.DICOM))
    drawn = [order.draw(SIDE) for order in orders]
    levels = [np.round(phantom.pixels * 255).astype(np.uint8) for phantom in drawn]
    paths = {name: folder / name for name in (
        "a film.png", "film.jpg", "film16.png", "film.dcm", "films.zip", "side.dcm",
        "holiday.png", "broken.png", "empty.png", "letter.txt",
    )}  # fmt: skip
    Image.fromarray(levels[0]).save(paths["a film.png"])
    Image.fromarray(levels[1]).save(paths["film.jpg"], quality=95)
    Image.fromarray(np.round(drawn[2].pixels * 4095).astype(np.uint16)).save(paths["film16.png"])
    write_dicom(drawn[3], paths["film.dcm"], number=0, patient="MARY-1")
    _write_zip(paths["films.zip"], drawn[4], levels[5])
    _write_side_view(paths["side.dcm"], drawn[0])
    Image.fromarray(_holiday()).save(paths["holiday.png"])
    paths["broken.png"].write_bytes(paths["a film.png"].read_bytes()[:5000])
    paths["empty.png"].write_bytes(b"")
    paths["letter.txt"].write_text("Dear colleague, the film follows.")
    return list(paths.values())


def _write_zip(path: Path, phantom: Phantom, levels: np.ndarray) -> None:
    inside = path.with_name("inside.dcm"), path.with_name("inside.png")
    write_dicom(phantom, inside[0], number=1, patient="JOHN-2")
    Image.fromarray(levels).save(inside[1])
    with zipfile.ZipFile(path, "w") as archive:
        for one in inside:
            archive.write(one, f"ward/{one.name}")
            one.unlink()


def _write_side_view(path: Path, phantom: Phantom) -> None:
    write_dicom(phantom, path, number=0, patient="ANNA-3")
    film = dcmread(path)
    film.ViewPosition = "LL"
    film.save_as(path)


def _holiday() -> np.ndarray:
    """A sunset over the sea, (H, W, 3): in colour, and no chest."""
    height = np.linspace(0, 1, 400)[:, None, None]
    sky = np.array([255, 140, 40]) * (1 - height) + np.array([20, 60, 160]) * height
    return np.broadcast_to(sky, (400, 600, 3)).astype(np.uint8).copy()
