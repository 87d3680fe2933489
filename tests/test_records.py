"""The records that rooms hand to one another are frozen, and their words are fixed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from hilum import errors, findings, records
from hilum.errors import DatasetMissing, ExtraMissing, HilumError, UnreadableImage
from hilum.records import Estimate, RefusalCode, Refused, Scored

RECORDS = [thing for thing in vars(records).values() if dataclasses.is_dataclass(thing)]
ERRORS = [
    thing for thing in vars(errors).values() if isinstance(thing, type) and issubclass(thing, HilumError)
]


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_a_record_is_frozen_and_has_no_room_for_more(record):
    """A record cannot be changed after it was made, nor be given a field it does not have."""
    assert record.__dataclass_params__.frozen
    assert "__slots__" in vars(record)


def test_a_refusal_holds_no_score():
    """A film is scored or refused; no record can say both."""
    scored, refused = ({field.name for field in dataclasses.fields(kind)} for kind in (Scored, Refused))

    assert {"score", "probability", "is_flagged"} <= scored - refused
    assert {"code", "reason"} <= refused - scored


def test_an_estimate_becomes_json():
    """What a page or a file shows of an estimate holds its interval, its denominator, and its method."""
    estimate = Estimate(0.9, 0.85, 0.94, n=550, n_positive=287, method="DeLong")

    assert json.loads(json.dumps(estimate.as_json())) == {
        "value": 0.9, "low": 0.85, "high": 0.94, "n": 550, "n_positive": 287, "method": "DeLong", "why": "",
    }  # fmt: skip


def test_refusal_codes_are_words_for_a_table():
    """A refusal's code is short, lower-case, and hyphenated, so that it can be filtered on."""
    assert all(code.value == code.name.lower().replace("_", "-") for code in RefusalCode)


def test_the_finding_keeps_its_name():
    """The word that bundles and manifests hold does not change from release to release."""
    assert [finding.value for finding in findings.Finding] == ["tuberculosis"]


def test_there_are_six_zones_of_two_sides():
    """Each lung has three zones."""
    sides = [zone.value.partition(" ")[0] for zone in findings.Zone]

    assert sides == ["right"] * 3 + ["left"] * 3


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_an_error_stands_in_the_tree(error):
    """The tree at the head of errors.py names every error, so that a reader finds them all in one place."""
    assert error.__name__ in (errors.__doc__ or "")


def test_an_unreadable_image_carries_code_and_reason():
    """A refusal for the table can be made from the error alone."""
    error = UnreadableImage("damaged", "The file ends in the middle of its pixels.")

    assert (error.code, error.reason, str(error)) == ("damaged", error.reason, error.reason)


def test_a_missing_dataset_names_its_page():
    """The message leads to the download."""
    assert "docs/datasets/jsrt.md" in str(DatasetMissing("jsrt", Path("films"), "images"))


def test_a_missing_extra_names_the_command():
    """The message is the way out of it."""
    assert "pip install -c constraints.txt -e '.[train]'" in str(ExtraMissing("training", "train"))
