"""Films that are sent: each kept byte for byte and filed once, whatever else is in the same hand."""

from __future__ import annotations

import hashlib
import io
import logging

import pytest
from sqlalchemy import func, select
from uploading import a_dicom, a_jpeg, a_png

from hilum.errors import DiskShort
from hilum.records import RefusalCode
from hilum.web import uploads
from hilum.web.problems import InvalidRequest, NotFound
from hilum.web.uploads import Beside, Outcome, SentFile, open_upload, shown_name, take_upload
from hilum.web.visitor import Visitor
from hilum.worklist.states import Origin, Role, State
from hilum.worklist.tables import Film, Patient, Study, Upload


@pytest.fixture
def visitor():
    """A radiographer."""
    return Visitor(1, "grace", "Grace", Role.RADIOGRAPHER, "", "", is_token=False)


@pytest.fixture
def take(station, visitor):
    """Send files, as (name, bytes), and get what became of them."""

    def taken(*files, **more):
        sent = [SentFile(name, io.BytesIO(content)) for name, content in files]
        return take_upload(station, visitor, sent, **more).files

    return taken


def studies(station):
    with station.database.reading() as session:
        return list(session.scalars(select(Study).order_by(Study.id)))


def test_a_picture_becomes_a_study_that_waits(take, station):
    """Its bytes are under their hash, as they came."""
    content = a_png()
    (file,) = take(("film.png", content))

    assert file.outcome is Outcome.ACCEPTED
    assert station.originals.path(file.sha256).read_bytes() == content
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert [study.state for study in studies(station)] == [State.QUEUED]


def test_the_same_film_again_is_a_duplicate(take, station):
    """Under another name, in another upload, it changes nothing."""
    (first,) = take(("film.png", a_png()))
    (again,) = take(("copy.png", a_png()))

    assert again.outcome is Outcome.DUPLICATE
    assert again.study_id == first.study_id
    assert len(studies(station)) == 1


def test_every_picture_is_a_study_of_its_own(take, station):
    """Three pictures, three visits; nothing in them says otherwise."""
    take(("a.png", a_png(1)), ("b.png", a_png(2)), ("c.jpg", a_jpeg()))

    assert len(studies(station)) == 3


def test_two_instances_of_a_dicom_study_are_one_study(take, station):
    """By its Study Instance UID; it waits a moment for more."""
    first, second = take(
        ("1.dcm", a_dicom(study="1.2.3", value=1)), ("2.dcm", a_dicom(study="1.2.3", value=2))
    )

    assert first.study_id == second.study_id
    assert studies(station)[0].state is State.RECEIVED


def test_one_bad_file_does_not_stop_the_others(take):
    """Each has its outcome and its reason, in order."""
    told = take(("a.png", a_png(1)), ("empty.png", b""), ("notes.txt", b"hello"), ("b.png", a_png(2)))

    assert [file.outcome for file in told] == [
        Outcome.ACCEPTED,
        Outcome.REFUSED,
        Outcome.REFUSED,
        Outcome.ACCEPTED,
    ]
    assert [file.code for file in told] == [None, RefusalCode.EMPTY, RefusalCode.NOT_AN_IMAGE, None]
    assert all(file.reason.endswith(".") for file in told if file.code)


def test_what_is_turned_away_leaves_nothing(take, station):
    """No row, no file, no half of one."""
    take(("empty.png", b""), ("notes.txt", b"hello"))

    assert studies(station) == []
    assert [path for path in station.originals.folder.rglob("*") if path.is_file()] == []


def test_a_damaged_picture_is_taken_and_left_to_the_reader(take, station):
    """It has the head of a PNG; the gate says what is wrong, and the study keeps it."""
    (file,) = take(("film.png", a_png()[:60]))

    assert file.outcome is Outcome.ACCEPTED


def test_a_film_that_is_too_large_is_refused(take, monkeypatch):
    """By its bytes, with the limit."""
    monkeypatch.setattr(uploads, "MOST_FILM_BYTES", 50)
    (file,) = take(("film.png", a_png()))

    assert file.code is RefusalCode.UNSUPPORTED
    assert "too large" in file.reason


def test_a_short_disk_takes_nothing(take, station):
    """507 by page and API; the sender may try again."""
    station.originals.low_disk_bytes = 1 << 60

    with pytest.raises(DiskShort):
        take(("film.png", a_png()))
    assert studies(station) == []


def test_a_disk_that_fills_while_films_come_is_told_as_short(take, station, monkeypatch):
    """What came before it is kept."""
    take(("a.png", a_png(1)))

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hilum.worklist.originals.Incoming.write", full)

    with pytest.raises(DiskShort):
        take(("b.png", a_png(2)))
    assert len(studies(station)) == 1


def test_what_is_said_beside_fills_in_what_the_file_does_not_tell(take, station):
    """A picture has no header."""
    take(
        ("film.png", a_png()),
        beside=Beside(site="Hill clinic", patient_id="P7", age_years=34.0, sex="F"),
    )
    (study,) = studies(station)

    assert (study.site, study.age_years, study.sex) == ("Hill clinic", 34.0, "F")
    with station.database.reading() as session:
        assert session.scalars(select(Patient.patient_id)).all() == ["P7"]


@pytest.mark.parametrize(
    "beside",
    [
        Beside(age_years=-1),
        Beside(age_years=131),
        Beside(age_years=float("nan")),
        Beside(age_years=float("inf")),
        Beside(sex="god"),
    ],  # fmt: skip
)
def test_what_cannot_be_said_beside_is_refused(take, station, beside):
    """Before anything is kept."""
    with pytest.raises(InvalidRequest):
        take(("film.png", a_png()), beside=beside)
    assert studies(station) == []


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * 500, "\u202egnp"])
def test_hostile_text_beside_is_made_fit_for_its_column(take, station, text):
    """PostgreSQL refuses NUL, surrogates, and what is too long."""
    take(("film.png", a_png()), beside=Beside(site=text, patient_id=text, origin=Origin.API))

    assert len(studies(station)[0].site) <= 64


def test_an_upload_goes_on_under_its_number(take, station, visitor):
    """One request a file, one upload."""
    number = open_upload(station, visitor)
    take(("a.png", a_png(1)), upload_id=number)
    take(("b.png", a_png(2)), upload_id=number)

    assert {study.upload_id for study in studies(station)} == {number}
    with station.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Upload)) == 1


@pytest.mark.parametrize("number", [0, -1, 999, 2**70])
def test_an_upload_that_is_not_there_is_not_found(take, number):
    """Whatever the number."""
    with pytest.raises(NotFound):
        take(("a.png", a_png()), upload_id=number)


def test_nobody_goes_on_with_another_s_upload(station, visitor, take):
    """It would show their films to somebody else."""
    other = Visitor(2, "eve", "", Role.RADIOGRAPHER, "", "", is_token=False)
    number = open_upload(station, other)

    with pytest.raises(NotFound):
        take(("a.png", a_png()), upload_id=number)


@pytest.mark.parametrize(
    ("sent", "shown"),
    [("film.png", "film.png"), ("C:\\Users\\Mary\\film.png", "film.png"), ("../../etc/passwd", "passwd"),
     ("/", "unnamed"), ("", "unnamed"), ("..", "unnamed"), ("a\0b.png", "a b.png"), ("a\r\nb.png", "a b.png"),
     ("film\u202egnp.exe", "filmgnp.exe"), ("\ud800.png", ".png"), ("فيلم.png", "فيلم.png"),
     ("x" * 300 + ".png", "x" * 251 + ".png")],
)  # fmt: skip
def test_a_name_is_shown_without_folders_and_misleading_marks(sent, shown):
    """A path of the sender's machine, a NUL, marks that turn text round."""
    assert shown_name(sent) == shown


def test_the_name_is_kept_as_identity_and_in_no_log(take, station, caplog):
    """A clinic names files after patients."""
    caplog.set_level(logging.DEBUG)
    take(("Achieng_Mary.png", a_png()), ("Achieng_Mary.txt", b"x"))

    with station.database.reading() as session:
        assert session.scalars(select(Film.file_name)).all() == ["Achieng_Mary.png"]
    assert "Achieng" not in caplog.text
