"""What is filed of a header, whatever the header holds."""

from __future__ import annotations

from datetime import date

import pytest

from bundles import write_dicom_film, write_film
from hilum.worklist.film_facts import FilmFacts, read_film_facts
from hilum.worklist.wording import is_standard_uid


def test_a_dicom_header_is_filed(tmp_path):
    """Identity, study, device, and film are read as the worklist keeps them."""
    path = write_dicom_film(
        tmp_path / "a.dcm", PatientID="K1", PatientName="ACHIENG^Mary", PatientBirthDate="19900131",
        PatientAge="034Y", PatientSex="F", StudyInstanceUID="1.2.3", StudyDate="20261124",
        AccessionNumber="A7", Manufacturer="Fuji", ManufacturerModelName="FDR", ViewPosition="PA",
        ImageType=["ORIGINAL", "PRIMARY"], InstitutionName="Masina",
    )  # fmt: skip

    found = read_film_facts(path)

    assert (found.patient_id, found.patient_name, found.birth_date) == (
        "K1",
        "ACHIENG Mary",
        date(1990, 1, 31),
    )
    assert (found.age_years, found.sex, found.study_uid, found.accession) == (34, "F", "1.2.3", "A7")
    assert (found.device, found.view, found.modality, found.image_type) == (
        "Fuji FDR", "PA", "CR", "ORIGINAL\\PRIMARY",
    )  # fmt: skip
    assert (found.study_date, found.n_rows, found.institution) == (date(2026, 11, 24), 200, "Masina")


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_a_picture_tells_its_format_and_size(tmp_path, ending):
    """A picture without a header says nothing else."""
    found = read_film_facts(write_film(tmp_path / f"a.{ending}", side=120))

    assert found == FilmFacts({"jpg": "jpeg"}.get(ending, ending), n_rows=120, n_columns=120)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\0" * 200])
def test_a_file_of_nothing_is_filed_without_facts(tmp_path, content):
    """What is no film is filed all the same, for the gate to refuse."""
    path = tmp_path / "a"
    path.write_bytes(content)

    found = read_film_facts(path)

    assert (found.patient_id, found.n_rows) == ("", None)


def test_a_file_that_is_not_there_raises_nothing(tmp_path):
    """Facts come back whatever happens."""
    assert read_film_facts(tmp_path / "nothing").file_format == "unknown"


@pytest.mark.parametrize("cut", [140, 200, 300, 500])
def test_a_dicom_file_that_was_cut_short_raises_nothing(tmp_path, cut):
    """A broken transfer may end anywhere in the header."""
    path = write_dicom_film(tmp_path / "a.dcm", PatientName="X^Y", PatientID="K1")
    path.write_bytes(path.read_bytes()[:cut])

    assert read_film_facts(path).file_format == "dicom"


@pytest.mark.parametrize("chance_seed", range(20))
def test_damaged_headers_raise_nothing(tmp_path, chance_seed):
    """Bytes of the header are changed by chance, and facts come back that fit."""
    import numpy as np

    rng = np.random.default_rng(chance_seed)
    path = write_dicom_film(tmp_path / "a.dcm", PatientName="X^Y", PatientID="K1", StudyDate="20261124")
    content = bytearray(path.read_bytes())
    for place in rng.integers(132, 700, 40):
        content[place] = rng.integers(256)
    path.write_bytes(bytes(content))

    found = read_film_facts(path)

    assert len(found.patient_id) <= 64
    assert len(found.view) <= 16


def test_hostile_values_are_made_fit(tmp_path):
    """Two hundred characters, NULs, and days that cannot be fit their columns or are left out."""
    path = write_dicom_film(
        tmp_path / "a.dcm", PatientID="9" * 200, StudyInstanceUID="1.2." + "3" * 200, StudyDate="20261399",
        PatientBirthDate="99991231", ViewPosition="P" * 40, Manufacturer="F" * 300, AccessionNumber="A\0B",
    )  # fmt: skip

    found = read_film_facts(path)

    assert (len(found.patient_id), is_standard_uid(found.study_uid), found.study_date) == (64, True, None)
    assert (found.birth_date, len(found.view), len(found.device)) == (date(9999, 12, 31), 16, 128)
    assert found.accession == "A B"


def test_an_identifier_of_two_values_keeps_both(tmp_path):
    r"""A\B and A\C are two patients."""
    found = read_film_facts(write_dicom_film(tmp_path / "a.dcm", PatientID="A\\B"))

    assert found.patient_id == "A\\B"


@pytest.mark.shared
def test_real_headers_are_filed(shared):
    """Every film of the RSNA set has facts with a study, a patient, and a size."""
    films = sorted((shared / "data" / "rsna-dicom").rglob("*.dcm"))[:40]
    found = [read_film_facts(path) for path in films]

    assert found
    assert all(facts.study_uid and facts.patient_id and facts.n_rows for facts in found)


@pytest.mark.shared
def test_odd_real_files_raise_nothing(shared):
    """Damaged, foreign, and strange files of the development set all give facts."""
    paths = [path for path in (shared / "data" / "dicom-odd").rglob("*") if path.is_file()]

    assert {read_film_facts(path).file_format for path in paths} <= {"dicom", "png", "jpeg", "unknown"}
