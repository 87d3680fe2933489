"""Tests of taking identity out of DICOM data sets, by PS3.15's table."""

from __future__ import annotations

import io
import stat

import pytest
from pydicom import dcmread, uid
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.tag import Tag

from hilum.web.deidentify import (
    Deidentification,
    action_of,
    deidentified,
    has_burned_in,
    profile,
    station_secret,
)

HOW = Deidentification(b"s" * 32)
SECRETS = ("ACHIENG", "MARY", "P-77", "19610203", "KISUMU", "1.2.3.4", "Otieno", "A-1234", "private words")


def a_film() -> FileDataset:
    """A film whose header tells everything, in sequences and private elements too."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = uid.DigitalXRayImageStorageForPresentation
    meta.MediaStorageSOPInstanceUID = "1.2.3.4.1"
    meta.TransferSyntaxUID = uid.ExplicitVRLittleEndian
    meta.SourceApplicationEntityTitle = "KISUMU_XR"
    film = FileDataset("film.dcm", {}, file_meta=meta, preamble=b"KISUMU".ljust(128))
    film.SOPClassUID = meta.MediaStorageSOPClassUID
    film.SOPInstanceUID, film.SeriesInstanceUID, film.StudyInstanceUID = "1.2.3.4.1", "1.2.3.4.2", "1.2.3.4.3"
    film.PatientName, film.PatientID, film.PatientBirthDate = "ACHIENG^MARY", "P-77", "19610203"
    film.PatientAge, film.PatientSex = "062Y", "F"
    film.StudyDate, film.AccessionNumber, film.InstitutionName = "20240301", "A-1234", "KISUMU"
    film.OperatorsName, film.ImageComments = "Otieno", "ACHIENG coughs"
    source = Dataset()
    source.ReferencedSOPClassUID, source.ReferencedSOPInstanceUID = meta.MediaStorageSOPClassUID, "1.2.3.4.9"
    source.PatientName = "ACHIENG^MARY"
    film.SourceImageSequence = [source]
    kept = Dataset()
    kept.CodeValue, kept.CodingSchemeDesignator, kept.CodeMeaning = "51185008", "SCT", "Chest"
    kept.add_new(Tag(0x0009, 0x0010), "LO", "private words")
    film.AnatomicRegionSequence = [kept]
    film.private_block(0x0011, "private words", create=True).add_new(1, "LO", "ACHIENG")
    film.Rows = film.Columns = 2
    film.PixelData = b"\1\2\3\4"
    return film


def written(dataset: FileDataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def test_no_word_of_identity_stays_anywhere_in_the_file():
    """Names, numbers, dates, places, and UIDs are gone from header, sequences, private elements, and meta."""
    content = written(deidentified(a_film(), HOW))

    assert [word for word in SECRETS if word.encode() in content] == []


def test_the_pixels_stay_the_same_bytes():
    """Taking identity out of a header changes no pixel."""
    assert deidentified(a_film(), HOW).PixelData == b"\1\2\3\4"


def test_the_original_is_not_changed():
    """The caller's data set keeps its identity."""
    film = a_film()
    deidentified(film, HOW)

    assert film.PatientID == "P-77"


def test_age_and_sex_stay_where_they_may():
    """By the Retain Patient Characteristics Option, for these two."""
    clean = deidentified(a_film(), HOW)

    assert (clean.PatientAge, clean.PatientSex) == ("062Y", "F")


def test_age_and_sex_go_where_they_may_not():
    """Without the option, the table's own rule holds: age is removed, sex emptied."""
    clean = deidentified(a_film(), Deidentification(b"s" * 32, keeps_age_and_sex=False))

    assert "PatientAge" not in clean
    assert clean.PatientSex is None or clean.PatientSex == ""


def test_an_age_of_ninety_or_more_is_told_as_ninety():
    """The oldest are few enough to be known by their age."""
    film = a_film()
    film.PatientAge = "097Y"

    assert deidentified(film, HOW).PatientAge == "090Y"


def test_an_age_known_by_the_birth_date_alone_is_kept():
    """The birth date goes, and the age that it gives stays."""
    film = a_film()
    del film.PatientAge

    assert deidentified(film, HOW).PatientAge == "063Y"  # from 3 February 1961 to 1 March 2024


def test_the_same_uid_is_replaced_by_the_same_one():
    """Two films of one study stay two films of one study."""
    first, second = a_film(), a_film()
    second.SOPInstanceUID = "1.2.3.4.77"
    first, second = deidentified(first, HOW), deidentified(second, HOW)

    assert first.StudyInstanceUID == second.StudyInstanceUID
    assert first.SOPInstanceUID != second.SOPInstanceUID


def test_another_secret_gives_other_uids_and_numbers():
    """Two stations' exports cannot be joined by their replaced UIDs."""
    here, there = deidentified(a_film(), HOW), deidentified(a_film(), Deidentification(b"t" * 32))

    assert here.StudyInstanceUID != there.StudyInstanceUID
    assert here.PatientID != there.PatientID


def test_references_between_objects_still_hold():
    """A referenced instance is replaced as the instance itself is."""
    clean = deidentified(a_film(), HOW)

    assert clean.SourceImageSequence[0].ReferencedSOPInstanceUID == HOW.uid("1.2.3.4.9")


def test_file_meta_names_the_replaced_instance():
    """PS3.10: the media storage UID is the SOP instance's own."""
    clean = deidentified(a_film(), HOW)

    assert clean.file_meta.MediaStorageSOPInstanceUID == clean.SOPInstanceUID


def test_codes_in_sequences_are_kept():
    """What is no identity stays: the anatomic region is still the chest."""
    assert deidentified(a_film(), HOW).AnatomicRegionSequence[0].CodeMeaning == "Chest"


def test_the_removal_says_how_it_was_done():
    """PS3.15 E.1.1 asks for the flag and the codes of profile and option."""
    clean = deidentified(a_film(), HOW)

    assert clean.PatientIdentityRemoved == "YES"
    assert [code.CodeValue for code in clean.DeidentificationMethodCodeSequence] == ["113100", "113108"]


def test_overlays_and_curves_go_whole():
    """An overlay may be handwriting."""
    film = a_film()
    film.add_new(Tag(0x6000, 0x0010), "US", 2)
    film.add_new(Tag(0x6000, 0x3000), "OW", b"\1\1")
    film.add_new(Tag(0x5000, 0x3000), "OW", b"\1\1")

    assert not [tag for tag in deidentified(film, HOW).keys() if tag.group in (0x5000, 0x6000)]  # noqa: SIM118


def test_an_element_that_no_standard_knows_goes():
    """Its meaning is not known, so nothing can be said of it."""
    film = a_film()
    film.add_new(Tag(0x0028, 0x7777), "LO", "ACHIENG")

    assert Tag(0x0028, 0x7777) not in deidentified(film, HOW)


def test_an_element_that_cannot_be_converted_goes():
    """A malformed value is left out, and the rest of the film comes."""
    content = written(a_film()).replace(b"AS\x04\x00062Y", b"FD\x04\x00062Y", 1)
    film = dcmread(io.BytesIO(content))

    assert deidentified(film, HOW).Rows == 2


def test_a_dummy_stands_where_the_standard_wants_a_value():
    """Content dates of reports may not be empty; X/D and Z/D put a dummy that says nothing."""
    film = a_film()
    film.ContentDate, film.ProtocolName = "20240301", "ACHIENG chest"
    clean = deidentified(film, HOW)

    assert (clean.ContentDate, clean.ProtocolName) == ("19000101", "ANONYMOUS")


def test_an_empty_patient_number_stays_empty():
    """No pseudonym is made of nothing, or all patients without a number would be one."""
    film = a_film()
    film.PatientID = ""

    assert deidentified(film, HOW).PatientID == ""


@pytest.mark.filterwarnings("ignore:Invalid value for VR CS:UserWarning")
@pytest.mark.parametrize("word", ["YES", "yes ", " Yes"])
def test_a_header_that_tells_of_burned_in_identity_is_flagged(word):
    """Pixels are not cleaned, so whoever sends them on must know."""
    film = Dataset()
    film.BurnedInAnnotation = word

    assert has_burned_in(film)


def test_a_header_that_says_nothing_of_it_is_not_flagged():
    """Absent is not yes."""
    assert not has_burned_in(Dataset())


@pytest.mark.parametrize(
    ("tag", "action"),
    [(0x00100010, "Z"), (0x00100020, "Z/D"), (0x00104000, "X"), (0x0020000D, "U"), (0x00280010, None)],
)
def test_actions_are_the_standards(tag, action):
    """A few rows of Table E.1-1, as the standard has them."""
    assert action_of(Tag(tag)) == action


def test_the_table_is_whole():
    """Table E.1-1 of 2026c has this many rows, and no action beyond those of Table E.1-1a."""
    actions = set(profile().values())

    assert len(profile()) == 655
    assert actions == {"D", "Z", "X", "U", "Z/D", "X/Z", "X/D", "X/Z/D", "X/Z/U*"}


def test_the_secret_is_made_once_and_is_private(tmp_path):
    """UIDs stay the same over restarts, and no other account reads the secret."""
    first = station_secret(tmp_path)

    assert station_secret(tmp_path) == first
    assert len(first) == 32
    assert stat.S_IMODE((tmp_path / "deidentify.secret").stat().st_mode) == 0o600
