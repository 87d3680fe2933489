"""Which films of a study are scored, and what is said of the others."""

from __future__ import annotations

import pytest

from hilum.records import RefusalCode
from hilum.worklist.selection import FOR_PROCESSING, SECONDARY_CAPTURE, choose, none_chosen
from hilum.worklist.tables import Film

DX = "1.2.840.10008.5.1.4.1.1.1.1"


def film(number: int = 1, **facts) -> Film:
    known = {"modality": "DX", "view": "", "series_description": "", "sop_class_uid": DX,
             "sop_instance_uid": f"1.2.{number}", "removed_at": None}  # fmt: skip
    return Film(id=number, **(known | facts))


def chosen(*films: Film, **known) -> list[int]:
    return [one.id for one in choose(films, **known)]


@pytest.mark.parametrize("view", ["", "PA", "AP", "ODD"])
def test_a_frontal_film_is_scored(view):
    """A view that says nothing plain is no evidence against a film."""
    assert chosen(film(view=view)) == [1]


@pytest.mark.parametrize("view", ["LL", "RL", "LLD", "RLO"])
def test_a_lateral_film_is_kept_and_told_why(view):
    """The frontal is scored; the lateral carries a sentence."""
    lateral = film(2, view=view)

    assert chosen(film(1, view="PA"), lateral) == [1]
    assert lateral.why_not == f"It is not frontal: its view is {view}."


@pytest.mark.parametrize("told", ["Chest LAT", "Thorax de profil", "TORAX PERFIL", "lateral"])
def test_a_series_that_says_lateral_is_lateral(told):
    """Many headers name no view, and say it in words."""
    assert chosen(film(1), film(2, series_description=told)) == [1]


@pytest.mark.parametrize("told", ["Chest PA and LAT", "Bilateral ribs", "Flat panel", ""])
def test_words_that_say_nothing_plain_leave_a_film_in(told):
    """A series of both views may be either."""
    assert chosen(film(series_description=told)) == [1]


def test_two_frontal_films_are_both_scored():
    """The study's score is then the higher."""
    assert chosen(film(1), film(2)) == [1, 2]


def test_a_raw_film_beside_its_processed_one_is_left_out():
    """A detector's raw signal is no picture for a reader."""
    assert chosen(film(1, sop_class_uid=FOR_PROCESSING), film(2)) == [2]


def test_a_raw_film_alone_is_not_scored_either():
    """No way in may score what the node turns away."""
    raw = film(1, sop_class_uid=FOR_PROCESSING)

    assert chosen(raw) == []
    assert raw.why_not == "It is raw, for processing; send the film for presentation."


def test_a_secondary_capture_beside_a_film_is_left_out():
    """A screenshot, Hilum's own picture perhaps, does not stand beside the film it was made of."""
    assert chosen(film(1, sop_class_uid=f"{SECONDARY_CAPTURE}.4", modality="OT"), film(2)) == [2]


def test_of_two_copies_of_an_instance_the_first_is_scored():
    """Equal UIDs with other bytes are one film sent twice, or a sender's error."""
    copy = film(2, sop_instance_uid="1.2.1")

    assert chosen(film(1), copy) == [1]
    assert "same SOP Instance UID" in copy.why_not


def test_a_copy_stands_in_for_one_without_a_score():
    """Where the first copy came damaged, the second is what the sender meant."""
    assert chosen(film(1), film(2, sop_instance_uid="1.2.1"), without_score={1}) == [2]


@pytest.mark.parametrize("modality", ["CT", "SR", "MG", "PR"])
def test_what_is_no_radiograph_is_left_out(modality):
    """It is kept, and told by its modality."""
    other = film(2, modality=modality)

    assert chosen(film(1), other) == [1]
    assert modality in other.why_not


def test_a_removed_film_is_not_scored():
    """Its bytes are gone."""
    from datetime import UTC, datetime

    assert chosen(film(removed_at=datetime.now(UTC))) == []


def test_a_study_of_laterals_says_what_was_there():
    """The refusal names what the study holds."""
    films = [film(1, view="LL"), film(2, modality="SR"), film(3, view="RL")]
    choose(films)

    code, reason = none_chosen(films)

    assert code is RefusalCode.LATERAL
    assert reason == (
        "The study holds no frontal radiograph; what is there: 2 lateral films, 1 file of modality SR."
    )


def test_a_study_of_other_kinds_is_unsupported():
    """A CT alone is a real image of a kind that is not read."""
    code, _ = none_chosen([film(modality="CT")])

    assert code is RefusalCode.UNSUPPORTED
