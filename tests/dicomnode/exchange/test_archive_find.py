"""Questions to a real Orthanc: what was taken on a day, and which films a study holds."""

from __future__ import annotations

from datetime import date

import pytest

from hilum.dicomnode.archive.find import asking, find_films, find_studies
from hilum.dicomnode.archive.retrieve import getting, move_film, moving, retrieve_film
from hilum.dicomnode.peer import Requestor
from hilum.errors import PeerFailed
from orthanc import write_film

DAY = date(2026, 3, 1)


def test_only_radiographs_of_the_day_are_found(orthanc, tmp_path):
    """Neither another day's film nor a CT of the day is asked for."""
    film = write_film(tmp_path / "film.dcm")
    write_film(tmp_path / "other-day.dcm", day="20260302")
    write_film(tmp_path / "ct.dcm", modality="CT")
    for path in tmp_path.glob("*.dcm"):
        orthanc.put(path)

    with asking(orthanc.peer, Requestor()) as link:
        found = find_studies(link, DAY)

    assert [study.study_uid for study in found] == [film.StudyInstanceUID]


def test_a_study_tells_its_films_by_series(orthanc, tmp_path):
    """A CT series in the same study is left where it is."""
    first = write_film(tmp_path / "first.dcm")
    second = write_film(tmp_path / "second.dcm", study_uid=first.StudyInstanceUID, modality="DX")
    write_film(tmp_path / "ct.dcm", study_uid=first.StudyInstanceUID, modality="CT")
    for path in tmp_path.glob("*.dcm"):
        orthanc.put(path)

    with asking(orthanc.peer, Requestor()) as link:
        films = find_films(link, first.StudyInstanceUID)

    assert {film.sop_instance_uid for film in films} == {first.SOPInstanceUID, second.SOPInstanceUID}


def test_a_film_comes_by_get_as_it_is_kept(orthanc, tmp_path):
    """C-GET brings the film's own pixels on the association that asked for it."""
    film = write_film(tmp_path / "film.dcm")
    orthanc.put(tmp_path / "film.dcm")
    came = []

    def keep(event):
        came.append(event.dataset)
        return 0x0000

    with asking(orthanc.peer, Requestor()) as link:
        (found,) = find_films(link, film.StudyInstanceUID)
    with getting(orthanc.peer, Requestor(), keep=keep) as link:
        counted = retrieve_film(link, found)

    assert (counted.n_completed, counted.n_failed) == (1, 0)
    assert [one.PixelData for one in came] == [film.PixelData]


def test_a_move_to_a_node_that_the_archive_does_not_know_is_refused(orthanc, tmp_path):
    """The archive's own status is told, as a person must mend its settings."""
    film = write_film(tmp_path / "film.dcm")
    orthanc.put(tmp_path / "film.dcm")
    with asking(orthanc.peer, Requestor()) as link:
        (found,) = find_films(link, film.StudyInstanceUID)

    with pytest.raises(PeerFailed, match="0x"), moving(orthanc.peer, Requestor()) as link:
        move_film(link, found, to="STRANGER")
