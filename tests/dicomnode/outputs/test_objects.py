"""All objects together: one patient and study, computed UIDs, the same bytes again, and no fault anywhere."""

from __future__ import annotations

import dataclasses
import io
from datetime import datetime, timedelta

import pypdfium2
import pytest
from dicom_tools import MADE_AT, faults, ran, reread, warnings, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset

from hilum.dicomnode.messages.hl7 import result_message
from hilum.dicomnode.outputs.film_header import film_header
from hilum.dicomnode.outputs.marks import RESEARCH_USE
from hilum.dicomnode.outputs.objects import build_object, case_of
from hilum.dicomnode.outputs.pdf import encapsulated_pdf
from hilum.dicomnode.outputs.reading import Reading, reading_of
from hilum.dicomnode.outputs.uids import computed_uid, source_of_picture
from hilum.errors import ObjectImpossible
from hilum.findings import Sex
from hilum.worklist.states import OBJECT_KINDS, ResultKind

ODD = HealthCheck.function_scoped_fixture
# what a person name or an id may hold: all but the backslash, which parts values, and = ^, which part names
LETTERS = st.characters(codec="utf-8", exclude_characters="\\=^", exclude_categories=("Cc", "Cs"))
NAMES = st.text(LETTERS, max_size=15)
IDS = st.text(LETTERS, max_size=20)
PARTS = st.lists(st.text(max_size=5), min_size=1, max_size=4)


def made(reading: Reading, kind: ResultKind) -> Dataset:
    return build_object(kind, reading, case_of(reading, study=7))


@pytest.mark.parametrize("name", ["reading", "refusal"])
@pytest.mark.parametrize("kind", OBJECT_KINDS)
def test_the_validators_find_no_fault(request, name, kind):
    """dciodvfy and dcmdump report no error in any kind, and one excused warning at most."""
    dataset = made(request.getfixturevalue(name), kind)

    assert faults(dataset) == []
    assert warnings(dataset) == []


@pytest.mark.parametrize("kind", OBJECT_KINDS)
def test_a_header_that_tells_nothing_is_enough(scored, reader, preview, kind):
    """A film whose header was emptied still gets every kind of object but the presentation state."""
    reading = reading_of(Dataset(), scored, reader, made_at=MADE_AT, preview=preview)
    if kind is ResultKind.SOFTCOPY:
        with pytest.raises(ObjectImpossible):
            made(reading, kind)
        return

    assert faults(made(reading, kind)) == []


@pytest.mark.parametrize("kind", OBJECT_KINDS)
def test_a_picture_without_a_header_is_enough(refused, reader, kind):
    """A film that came as PNG gets every kind of object, all in the study of its hash."""
    source = source_of_picture("cd" * 32, rows=640, columns=480, patient_name="A\\B", patient_id="7")
    reading = reading_of(source, refused, reader, made_at=MADE_AT)
    dataset = made(reading, kind)

    assert faults(dataset) == []
    assert dataset.StudyInstanceUID == computed_uid("picture study", "cd" * 32)
    assert dataset.PatientName == "A/B"


@pytest.mark.parametrize("kind", sorted(set(ResultKind) - set(OBJECT_KINDS)))
def test_a_message_is_no_object(reading, kind):
    """HL7 and FHIR go to places of their own; asked for as a DICOM object they are refused by name."""
    with pytest.raises(ObjectImpossible, match=f"{kind} is a message"):
        made(reading, kind)


def test_films_without_uids_are_told_apart(film):
    """Of two films that lack their UIDs and differ in their pixels alone, each has UIDs of its own."""
    del film.SOPInstanceUID, film.StudyInstanceUID, film.SeriesInstanceUID
    headers = []
    for pixels in (b"\0\0", b"\0\1", b"\0\0"):
        film.add_new("PixelData", "OW", pixels)
        headers.append(film_header(film))
    first, second, third = headers

    assert first.SOPInstanceUID == third.SOPInstanceUID != second.SOPInstanceUID
    assert first.StudyInstanceUID != second.StudyInstanceUID


@pytest.mark.parametrize("kind", OBJECT_KINDS)
def test_patient_and_study_are_the_films(film, reading, kind):
    """Patient, study, and accession number stand in each object as they stand in the film."""
    dataset = reread(made(reading, kind))

    for keyword in ("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex",
                    "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "AccessionNumber",
                    "ReferringPhysicianName"):  # fmt: skip
        assert dataset[keyword].value == film[keyword].value, keyword
    assert dataset.SeriesInstanceUID != film.SeriesInstanceUID


def test_the_entities_agree_with_the_film(tmp_path, film, scored, reader, preview):
    """dcentvfy finds nothing of patient, study, or series that two of the objects tell differently."""
    film.PatientName = "Mueller^Jose"  # it compares bytes, and the film is not in UTF-8
    reading = reading_of(film, scored, reader, made_at=MADE_AT, preview=preview)
    objects = [made(reading, kind) for kind in OBJECT_KINDS]
    film.file_meta = objects[0].file_meta
    for place, dataset in enumerate(objects):
        (tmp_path / f"{place}.dcm").write_bytes(written(dataset))
    told = ran("dcentvfy", film, *map(str, sorted(tmp_path.glob("*.dcm")))).stderr

    assert [line for line in told.splitlines() if line.startswith("Error")] == []


def test_the_frame_of_reference_is_the_films(reading):
    """The picture is in the film's frame of reference."""
    assert made(reading, ResultKind.PICTURE).FrameOfReferenceUID == "1.2.3.4.4"


@pytest.mark.parametrize("kind", OBJECT_KINDS)
def test_a_resend_has_the_same_bytes(reading, kind):
    """Made twice, an object is the same to the last byte."""
    assert written(made(reading, kind)) == written(made(reading, kind))


@pytest.mark.parametrize("kind", OBJECT_KINDS)
def test_a_later_reading_replaces(reading, kind):
    """The same film read again by the same bundle keeps its UIDs, whatever the time and the threshold."""
    later = dataclasses.replace(
        reading,
        made_at=MADE_AT + timedelta(days=1),
        outcome=dataclasses.replace(reading.outcome, threshold=0.5),
        reader=dataclasses.replace(reading.reader, threshold=0.5),
    )

    assert made(later, kind).SOPInstanceUID == made(reading, kind).SOPInstanceUID


@pytest.mark.parametrize("kind", OBJECT_KINDS)
def test_another_bundle_makes_another_object(reading, kind):
    """A bundle with another hash has objects and series of its own."""
    other = dataclasses.replace(reading, reader=dataclasses.replace(reading.reader, sha256="cd" * 32))

    assert made(other, kind).SOPInstanceUID != made(reading, kind).SOPInstanceUID
    assert made(other, kind).SeriesInstanceUID != made(reading, kind).SeriesInstanceUID


def test_no_two_kinds_share_a_uid(reading, refusal):
    """Kinds differ in instance, series, and series number; a refusal replaces the score of the same film."""
    objects = [made(reading, kind) for kind in OBJECT_KINDS]

    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "SeriesNumber"):
        assert len({str(one[keyword].value) for one in objects}) == len(OBJECT_KINDS)
    assert {one.SOPInstanceUID for one in objects} == {
        made(refusal, kind).SOPInstanceUID for kind in OBJECT_KINDS
    }


@given(
    st.lists(st.text(max_size=5), min_size=1, max_size=4),
    st.lists(st.text(max_size=5), min_size=1, max_size=4),
)
def test_computed_uids_are_told_apart(first, second):
    """Different texts never give one UID, however they are cut, and each is a valid one."""
    assert (computed_uid(*first) == computed_uid(*second)) == (first == second)
    assert len(computed_uid(*first)) <= 64


@settings(max_examples=10, deadline=None, suppress_health_check=[ODD])
@given(
    family=NAMES,
    given_name=NAMES,
    patient_id=st.text(LETTERS, max_size=20),
    accession=st.text(LETTERS, max_size=4),
)
def test_any_name_survives(film, refused, reader, family, given_name, patient_id, accession):
    """A name or id in any script is in the report as it was in the film, and dciodvfy has nothing to say."""
    film.SpecificCharacterSet = "ISO_IR 192"
    film.PatientName = f"{family}^{given_name}"
    film.PatientID, film.AccessionNumber = patient_id, accession
    dataset = made(reading_of(reread_film(film), refused, reader, made_at=MADE_AT), ResultKind.REPORT)
    again = reread(dataset)

    assert str(again.PatientName).rstrip("^ ") == f"{family}^{given_name}".strip(" ").rstrip("^ ")
    assert (again.PatientID or "").strip(" ") == patient_id.strip(" ")
    assert faults(dataset) == []


def reread_film(film: Dataset) -> Dataset:
    """The header after a way through a file, in its own character set."""
    buffer = io.BytesIO()
    film.save_as(buffer, implicit_vr=False, little_endian=True)
    return dcmread(io.BytesIO(buffer.getvalue()), force=True)


@pytest.mark.parametrize(
    ("character_set", "name"),
    [
        ("ISO_IR 100", "Müller^José"),
        ("ISO_IR 144", "Люкceмбypг"),
        ("ISO_IR 166", "นามสกุล^ชื่อ"),
        ("GB18030", "Wang^XiaoDong=王^小东"),
        (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
        (["", "ISO 2022 IR 149"], "Hong^Gildong=洪^吉洞=홍^길동"),
        ("ISO_IR 192", "Jānis^Bērziņš"),
    ],
)
def test_a_name_survives_its_character_set(film, refused, reader, character_set, name):
    """Whatever character set the film is written in, the name in the object is the same."""
    film.SpecificCharacterSet = character_set
    film.PatientName = name
    film.ReferringPhysicianName = ""
    film.PatientID = "7"
    dataset = made(reading_of(reread_film(film), refused, reader, made_at=MADE_AT), ResultKind.REPORT)

    assert str(reread(dataset).PatientName) == name
    assert faults(dataset) == []


def test_an_accession_number_that_is_too_long_is_left_out(film, refused, reader):
    """Cut it would be another order's number; messages, which have the room, send it whole."""
    film["AccessionNumber"]._value = "A" * 30
    reading = reading_of(film, refused, reader, made_at=MADE_AT)

    assert made(reading, ResultKind.REPORT).AccessionNumber == ""
    assert f"|{'A' * 30}|" in result_message(reading)


@pytest.mark.parametrize(
    ("name", "told"),
    [("x" * 90, "x" * 64), ("A\\B", "A/B"), ("a=b=c=d", "a=b=c"), ("\x00Doe\n^Ja\x1bne", "Doe^Jane")],
)
def test_a_name_that_dicom_does_not_allow_is_made_to_fit(film, refused, reader, name, told):
    """Too long, parted by a backslash, of four groups, or with control characters."""
    film.PatientID = "7"
    film["PatientName"]._value = name
    film["PatientID"]._value = name.replace("=", "")
    dataset = made(reading_of(film, refused, reader, made_at=MADE_AT), ResultKind.REPORT)

    assert str(dataset.PatientName).replace("c=d", "c") == told
    assert faults(dataset) == []


def test_bad_dates_and_sexes_are_left_empty(film, refused, reader):
    """What is no date, no time, and no sex is not repeated."""
    for keyword, value in (("StudyDate", "2026-1-2"), ("PatientBirthDate", "yesterday"), ("PatientSex", "X")):
        film[keyword]._value = value
    film["StudyTime"]._value = "noon"
    dataset = made(reading_of(film, refused, reader, made_at=MADE_AT), ResultKind.REPORT)

    assert [dataset[key].value for key in ("StudyDate", "StudyTime", "PatientBirthDate", "PatientSex")] == [
        ""
    ] * 4


def test_a_bare_age_is_years(film, refused, reader):
    """An age of "52", as gateways write it, is 052Y in the objects."""
    film["PatientAge"]._value = "52"
    dataset = made(reading_of(film, refused, reader, made_at=MADE_AT), ResultKind.REPORT)

    assert dataset.PatientAge == "052Y"


def test_a_reading_needs_a_time_zone(film, refused, reader):
    """A time that could be anywhere's is a bug."""
    with pytest.raises(ValueError, match="time zone"):
        reading_of(film, refused, reader, made_at=datetime(2026, 1, 1))


def test_a_reading_has_one_threshold(film, scored, reader):
    """A film that was scored at another threshold than the facts tell is a bug."""
    other = dataclasses.replace(reader, threshold=0.5)

    with pytest.raises(ValueError, match="threshold"):
        reading_of(film, scored, other, made_at=MADE_AT)


def test_the_pdf_comes_out_as_it_went_in(reading):
    """The encapsulated PDF opens, names the study, and has the length that the object tells."""
    dataset = reread(made(reading, ResultKind.PDF))
    content = dataset.EncapsulatedDocument[: dataset.EncapsulatedDocumentLength]
    document = pypdfium2.PdfDocument(content)
    text = document[0].get_textpage().get_text_range()

    assert "Study 7" in text
    assert len(document) <= 2
    assert dataset.MIMETypeOfEncapsulatedDocument == "application/pdf"


def test_dcm2pdf_takes_the_pdf_out(tmp_path, reading):
    """dcmtk's dcm2pdf gives the PDF back."""
    dataset = made(reading, ResultKind.PDF)
    pdf = tmp_path / "report.pdf"
    ran("dcm2pdf", dataset, after=(str(pdf),))

    assert pdf.read_bytes().startswith(b"%PDF-")


def test_what_is_no_pdf_is_not_encapsulated(reading):
    """Bytes that are no PDF are refused."""
    with pytest.raises(ObjectImpossible):
        encapsulated_pdf(reading, b"<html>")


def test_a_case_takes_what_the_header_tells(reading):
    """Name, id, age, sex, and date of the case are the header's."""
    case = case_of(reading, study=7, site="Clinic A")

    assert (case.patient_name, case.patient_id, case.accession) == ("Müller José", "PID-17", "ACC-5")
    assert (case.age_years, case.sex) == (56, Sex.FEMALE)
    assert str(case.film_date) == "2026-11-23"


def test_every_object_warns_of_itself(reading):
    """Each kind says that it is not for diagnosis alone."""
    said = [b"ot for diagnosis alone" in written(made(reading, kind)) for kind in OBJECT_KINDS]

    assert "Not for diagnosis alone" in RESEARCH_USE
    assert all(said)
