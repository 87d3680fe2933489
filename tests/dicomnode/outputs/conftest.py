"""A film's header, a reader, and outcomes, for the tests of what goes back to the PACS."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from dicom_tools import MADE_AT
from pydicom.dataset import Dataset
from pydicom.uid import ComputedRadiographyImageStorage

from hilum.dicomnode.outputs.reading import Reading, reading_of
from hilum.findings import Zone
from hilum.records import Certainty, Estimate, RefusalCode, Refused, Scored
from hilum.reports.reader_facts import ReaderFacts

LABEL = "hilum-test 1.2.0"


@pytest.fixture
def film() -> Dataset:
    """The header of a chest film as a modality writes it."""
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 100"
    dataset.SOPClassUID = ComputedRadiographyImageStorage
    dataset.SOPInstanceUID = "1.2.3.4.1"
    dataset.StudyInstanceUID = "1.2.3.4.2"
    dataset.SeriesInstanceUID = "1.2.3.4.3"
    dataset.FrameOfReferenceUID = "1.2.3.4.4"
    dataset.PositionReferenceIndicator = ""
    dataset.Modality = "CR"
    dataset.PatientName = "Müller^José"
    dataset.PatientID = "PID-17"
    dataset.IssuerOfPatientID = "Clinic A"
    dataset.PatientBirthDate = "19700102"
    dataset.PatientSex = "F"
    dataset.PatientAge = "056Y"
    dataset.StudyDate, dataset.StudyTime = "20261123", "081500"
    dataset.StudyID, dataset.AccessionNumber = "S1", "ACC-5"
    dataset.ReferringPhysicianName = "House^Gregory"
    dataset.InstanceNumber = 3
    dataset.Rows, dataset.Columns = 800, 640
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.WindowCenter, dataset.WindowWidth = "2048", "4096"
    return dataset


@pytest.fixture
def reader() -> ReaderFacts:
    """The facts of a bundle."""
    return ReaderFacts(
        name="hilum-test",
        version="1.2.0",
        sha256="ab" * 32,
        threshold=0.3496481214684898,
        operating_point="sensitivity-90",
        evidence="the highest with sensitivity >= 0.90 on 100 films",
        sensitivity=Estimate(0.9, 0.8, 0.95, 100, 100, "Wilson"),
        specificity=Estimate(0.8, 0.7, 0.9, 100, 0, "Wilson"),
        intended_use="Scores films of adults.",
    )


@pytest.fixture
def heat() -> np.ndarray:
    """A heat map (80, 64) with one round place, its peak at row 30, column 20."""
    rows, columns = np.mgrid[:80, :64]
    return np.exp(-((rows - 30) ** 2 + (columns - 20) ** 2) / 100).astype(np.float32)


@pytest.fixture
def preview() -> np.ndarray:
    """A film for the eye, (80, 64)."""
    return np.linspace(0, 255, 80 * 64).reshape(80, 64).astype(np.uint8)


@pytest.fixture
def scored(heat) -> Scored:
    """A flagged film with everything that an outcome may hold, its numbers not round."""
    return Scored(
        image_path=Path("film.dcm"),
        score=73.4,
        probability=0.7340012345678901,
        threshold=0.3496481214684898,
        is_flagged=True,
        spread=0.012345678901234567,
        bundle=LABEL,
        seconds=0.1,
        zones={zone: (place + 1) / 7 for place, zone in enumerate(Zone)},
        certainty=Certainty.ABNORMAL,
        error_rate=0.1,
        heat_map=heat,
        notes=("The film was inverted.", "A second note."),
    )


@pytest.fixture
def refused() -> Refused:
    """A refusal with its reason."""
    return Refused(
        Path("film.dcm"), RefusalCode.NO_LUNGS, "No lungs were found: 0.01 of the film.", LABEL, 0.1
    )


@pytest.fixture
def reading(film, scored, reader, preview) -> Reading:
    """A reading of a scored film."""
    return reading_of(film, scored, reader, made_at=MADE_AT, preview=preview)


@pytest.fixture
def quiet(film, scored, reader, preview) -> Reading:
    """A reading of a film below the threshold, some of whose zones are above it all the same."""
    below = dataclasses.replace(scored, score=12.5, probability=0.125, is_flagged=False)
    return reading_of(film, below, reader, made_at=MADE_AT, preview=preview)


@pytest.fixture
def refusal(film, refused, reader, preview) -> Reading:
    """A reading that ended in a refusal."""
    return reading_of(film, refused, reader, made_at=MADE_AT, preview=preview)
