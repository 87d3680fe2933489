"""How a film comes in: once, under its study, and under nobody else's."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select

from bundles import write_dicom_film, write_film
from hilum.errors import FilmMissing
from hilum.worklist.film_facts import read_film_facts
from hilum.worklist.intake import Arrival, accept
from hilum.worklist.queue import lease
from hilum.worklist.search import study, study_by_uid
from hilum.worklist.states import Origin, State
from hilum.worklist.station_settings import choose_setting
from hilum.worklist.tables import AuditEvent, Film, Patient, Study


def count(station, table) -> int:
    with station.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def loaded(station, study_id) -> Study:
    with station.database.reading() as session:
        return study(session, study_id)


def actions(station, study_id) -> list[str]:
    with station.database.reading() as session:
        return list(session.scalars(
            select(AuditEvent.action).where(AuditEvent.study_id == study_id).order_by(AuditEvent.id)
        ))  # fmt: skip


def dicom(tmp_path, name="a.dcm", **elements):
    known = {"StudyInstanceUID": "1.2.3", "SOPInstanceUID": "1.2.3.1", "PatientID": "K1"}
    return write_dicom_film(tmp_path / name, **(known | elements))


def test_a_picture_becomes_a_queued_study(station, take):
    """Its UID is made of its bytes, and the trail tells each step."""
    accepted = take()

    found = loaded(station, accepted.study_id)
    assert (accepted.is_new, found.state, len(found.films)) == (True, State.QUEUED, 1)
    assert found.study_uid.startswith("2.25.")
    assert actions(station, found.id) == ["open", "receive", "queue"]


def test_the_same_film_again_changes_nothing(station, take):
    """It is answered as accepted, and the trail has no more rows."""
    first, again = take(), take()

    assert (again.study_id, again.film_id, again.is_new) == (first.study_id, first.film_id, False)
    assert (count(station, Film), len(actions(station, first.study_id))) == (1, 3)


def test_the_same_bytes_of_two_patients_are_two_studies(station, take):
    """A phantom sent under two names is not two people in one."""
    first, second = take(patient_id="K1"), take(patient_id="K2")

    assert first.study_id != second.study_id
    assert "patient-conflict" in actions(station, first.study_id)


def test_the_same_bytes_of_two_patients_sent_again_find_their_own(station, take):
    """Each finds the study that it made."""
    first, second = take(patient_id="K1"), take(patient_id="K2")

    assert (take(patient_id="K1"), take(patient_id="K2")) == (
        type(first)(first.study_id, first.film_id, is_new=False),
        type(first)(second.study_id, second.film_id, is_new=False),
    )


def test_a_study_uid_of_a_second_patient_is_kept_apart(station, take, tmp_path):
    """A sender's mistake must not mix two people; both trails say so."""
    first = take(dicom(tmp_path))
    second = take(dicom(tmp_path, "b.dcm", PatientID="K2", SOPInstanceUID="1.2.3.2"))
    third = take(dicom(tmp_path, "c.dcm", PatientID="K2", SOPInstanceUID="1.2.3.3"))

    assert (second.study_id != first.study_id, third.study_id) == (True, second.study_id)
    assert loaded(station, second.study_id).patient.patient_id == "K2"
    assert all("patient-conflict" in actions(station, one.study_id) for one in (first, second))


def test_films_of_one_study_come_together(station, take, tmp_path):
    """A study that waits for more gathers its films and is queued when its time comes."""
    first = take(dicom(tmp_path), closes_after_s=30)
    second = take(dicom(tmp_path, "b.dcm", SOPInstanceUID="1.2.3.2"), closes_after_s=30)

    found = loaded(station, first.study_id)
    assert (second.study_id, found.state, len(found.films)) == (first.study_id, State.RECEIVED, 2)


def test_a_patient_who_becomes_known_is_filled_in(station, take, tmp_path):
    """The first film of a study told no patient, the second does."""
    first = take(dicom(tmp_path, PatientID=""))
    take(dicom(tmp_path, "b.dcm", SOPInstanceUID="1.2.3.2", PatientAge="020Y"))

    found = loaded(station, first.study_id)
    assert (found.patient.patient_id, found.age_years) == ("K1", 20)


def test_another_name_of_a_patient_is_kept_out_and_told(station, take, tmp_path):
    """A slip of the pen or another person: the first name stays, and the trail tells of it."""
    take(dicom(tmp_path, PatientName="ACHIENG^Mary"))
    second = take(dicom(tmp_path, "b.dcm", StudyInstanceUID="1.2.4", PatientName="OTIENO^John"))

    assert loaded(station, second.study_id).patient.name == "ACHIENG Mary"
    assert "identity-differs" in actions(station, second.study_id)


def test_one_id_at_two_sites_is_two_patients(station, take, tmp_path):
    """Numbers of two registers are not the same people."""
    take(dicom(tmp_path), site="Masina")
    take(dicom(tmp_path, "b.dcm", StudyInstanceUID="1.2.4"), site="Lukala")

    assert count(station, Patient) == 2


def test_the_sender_s_age_holds_where_the_header_has_none(station, take, tmp_path):
    """What stands in the file comes first."""
    told = take(dicom(tmp_path), age_years=9.0)
    known = take(dicom(tmp_path, "b.dcm", StudyInstanceUID="1.2.4", PatientAge="040Y"), age_years=9.0)

    assert [loaded(station, one.study_id).age_years for one in (told, known)] == [9, 40]


@pytest.mark.parametrize("age", [float("nan"), -1.0, 1e9, float("inf")])
def test_an_age_that_cannot_be_true_is_left_out(station, take, age):
    """A form may hold anything, and a wrong age is worse than none."""
    assert loaded(station, take(age_years=age, sex="female").study_id).age_years is None


def test_a_sex_that_is_none_of_dicom_s_is_left_out(station, take):
    """F, M, or O; what else is said is not stated."""
    assert loaded(station, take(sex="female").study_id).sex is None


def test_a_lateral_that_comes_late_is_only_kept(station, take, tmp_path):
    """A finished study is not scored again for a film that is not scored."""
    first = take(dicom(tmp_path))
    finish_as(station, first.study_id, State.SCORED)

    take(dicom(tmp_path, "b.dcm", SOPInstanceUID="1.2.3.2", ViewPosition="LL"))

    found = loaded(station, first.study_id)
    assert (found.state, len(found.films)) == (State.SCORED, 2)


def test_a_frontal_that_comes_late_queues_the_study_again(station, take, tmp_path):
    """It may score higher than the film that was there."""
    first = take(dicom(tmp_path))
    finish_as(station, first.study_id, State.READ)

    take(dicom(tmp_path, "b.dcm", SOPInstanceUID="1.2.3.2"))

    assert loaded(station, first.study_id).state is State.QUEUED
    assert actions(station, first.study_id)[-1] == "late-film"


def test_a_film_of_a_leased_study_takes_the_lease_away(station, take, tmp_path):
    """The worker does not know of the film, so its result must not count."""
    first = take(dicom(tmp_path))
    with station.database.writing() as session:
        lease(session, worker="w", now=station.now(), seconds=60)

    take(dicom(tmp_path, "b.dcm", SOPInstanceUID="1.2.3.2"))

    found = loaded(station, first.study_id)
    assert (found.state, found.lease_token, found.n_attempts) == (State.QUEUED, None, 0)


def test_an_instance_with_other_bytes_is_kept_and_not_scored(station, take, tmp_path):
    """The same SOP Instance UID with other pixels is one film sent twice, or a sender's error."""
    first = take(dicom(tmp_path))
    second = take(dicom(tmp_path, "b.dcm", SeriesDescription="again"))

    films = {film.id: film for film in loaded(station, first.study_id).films}
    assert (films[first.film_id].is_chosen, films[second.film_id].is_chosen) == (True, False)


def test_a_film_without_its_bytes_is_refused(station, take, tmp_path):
    """What is acknowledged is on disk."""
    kept = station.originals.keep_file(write_film(tmp_path / "a.png"))
    kept.path.unlink()
    arrival = Arrival(kept, read_film_facts(kept.path), Origin.UPLOAD, "rosa", station.now())

    with pytest.raises(FilmMissing), station.database.writing() as session:
        accept(session, arrival)


def test_a_site_s_rule_sets_the_priority(station, take):
    """A prison's films are scored before the others."""
    with station.database.writing() as session:
        rules = [{"site": "Prison", "priority": 5}]
        choose_setting(session, "site_rules", rules, who="ada", now=station.now())

    assert loaded(station, take(site="Prison", priority=1).study_id).priority == 6


def test_hostile_words_of_a_sender_fit(station, take):
    """A form may hold anything, and PostgreSQL refuses NUL and what is too long."""
    accepted = take(
        patient_id="\0" + "9" * 500, site="x" * 500, source="\ud800" * 100, file_name="a\0b" * 1000
    )

    found = loaded(station, accepted.study_id)
    assert (len(found.patient.patient_id), len(found.site)) == (64, 64)


def test_twenty_senders_of_one_study_make_one(station, tmp_path):
    """Whoever comes second finds the study of whoever came first, on PostgreSQL too."""
    paths = [
        dicom(tmp_path, f"{n}.dcm", SOPInstanceUID=f"1.2.3.{n}", SeriesDescription=str(n)) for n in range(20)
    ]
    failures = []

    def send(path) -> None:
        try:
            kept = station.originals.keep_file(path)
            arrival = Arrival(kept, read_film_facts(kept.path), Origin.DICOM, "node", station.now(),
                              closes_after_s=30)  # fmt: skip
            with station.database.writing() as session:
                accept(session, arrival)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=send, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert (count(station, Study), count(station, Patient), count(station, Film)) == (1, 1, 20)


def test_a_study_is_found_by_its_uid(station, take, tmp_path):
    """QIDO and the node ask by UID."""
    accepted = take(dicom(tmp_path))

    with station.database.reading() as session:
        assert study_by_uid(session, "1.2.3").id == accepted.study_id
        assert study_by_uid(session, "1.2.3\0" + "4" * 100) is None


def finish_as(station, study_id, state) -> None:
    with station.database.writing() as session:
        session.get(Study, study_id).state = state
