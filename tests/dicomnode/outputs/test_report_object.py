"""The TID 1500 report: every number comes back, every refusal has its code, and the validators agree."""

from __future__ import annotations

import dataclasses

import pytest
from dicom_tools import faults, ran, reread, warnings, written
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from hilum.dicomnode.outputs import codes
from hilum.dicomnode.outputs.sr import measurement_report
from hilum.dicomnode.outputs.sr_reading import ReportedRefusal, ReportedScore, read_report
from hilum.errors import ReportInvalid
from hilum.findings import Zone
from hilum.records import Certainty, RefusalCode

ANY_FIXTURE = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FINDING = "121071"  # DCM, TID 1501 row 3
CHANCES = st.floats(0, 1, allow_nan=False)


def test_a_report_gives_every_number_back(reading, scored):
    """What is read from a stored report is what the reader said, to the last bit."""
    report = read_report(reread(measurement_report(reading)))

    assert report.outcome == ReportedScore(
        score=scored.score,
        probability=scored.probability,
        threshold=scored.threshold,
        is_flagged=True,
        spread=scored.spread,
        zones=scored.zones,
        certainty=Certainty.ABNORMAL,
        error_rate=0.1,
        notes=scored.notes,
    )


def test_a_report_names_the_reader_and_the_film(reading):
    """The bundle with its hash and operating point, the study, and the film that was read."""
    report = read_report(reread(measurement_report(reading)))

    assert (report.bundle, report.bundle_sha256) == ("hilum-test 1.2.0", "ab" * 32)
    assert report.operating_point == "sensitivity-90"
    assert (report.study_uid, report.film_uid) == ("1.2.3.4.2", "1.2.3.4.1")
    assert report.sentence.startswith("Score 73.4, at or above the threshold of 35.0")


def test_a_refusal_is_a_report(refusal):
    """A film without a score has a report with the code and the reason, and no number."""
    dataset = reread(measurement_report(refusal))
    report = read_report(dataset)

    assert report.outcome == ReportedRefusal(RefusalCode.NO_LUNGS, "No lungs were found: 0.01 of the film.")
    assert b"NUM" not in written(dataset)


def test_a_report_without_zones_or_limits_is_whole(reading, scored):
    """A reader that gives no zones, no spread, and no certainty has a report all the same."""
    plain = dataclasses.replace(scored, zones={}, spread=None, certainty=None, error_rate=None, notes=())
    report = read_report(reread(measurement_report(dataclasses.replace(reading, outcome=plain))))

    assert isinstance(report.outcome, ReportedScore)
    assert (report.outcome.zones, report.outcome.spread, report.outcome.certainty) == ({}, None, None)


@ANY_FIXTURE
@given(probability=CHANCES, threshold=CHANCES, spread=CHANCES)
def test_any_double_comes_back(reading, scored, probability, threshold, spread):
    """Whatever doubles a reader gives, the tiniest too, come back as they were."""
    odd = dataclasses.replace(
        scored, probability=probability, threshold=threshold, spread=spread, zones={Zone.LEFT_LOWER: spread}
    )
    reader = dataclasses.replace(reading.reader, threshold=threshold)
    changed = dataclasses.replace(reading, outcome=odd, reader=reader)
    outcome = read_report(reread(measurement_report(changed))).outcome

    assert isinstance(outcome, ReportedScore)
    assert (outcome.probability, outcome.threshold) == (probability, threshold)
    assert (outcome.spread, outcome.zones) == (spread, {Zone.LEFT_LOWER: spread})


@pytest.mark.parametrize("code", list(RefusalCode))
def test_every_refusal_has_its_code_in_a_report(refusal, code):
    """No code of the gate is left without one of the report's, and each comes back."""
    changed = dataclasses.replace(refusal, outcome=dataclasses.replace(refusal.outcome, code=code))
    outcome = read_report(measurement_report(changed)).outcome

    assert isinstance(outcome, ReportedRefusal)
    assert outcome.code is code


def coded_content(dataset: Dataset) -> list[tuple[str, str]]:
    """Every name and value of the report's CODE items, whatever their depth: all that a machine reads."""
    found = []
    for item in dataset.get("ContentSequence", ()):
        if item.ValueType == "CODE":
            pair = (item.ConceptNameCodeSequence[0], item.ConceptCodeSequence[0])
            found.append((pair[0].CodeValue, pair[1].CodeValue))
        found += coded_content(item)
    return found


def test_a_flagged_film_has_the_finding_and_is_told_as_present(reading, scored):
    """Finding: pulmonary tuberculosis in the film's group and each zone's, and its signs present."""
    told = coded_content(reread(measurement_report(reading)))

    assert told.count((FINDING, codes.TUBERCULOSIS.value)) == 1 + sum(
        chance >= scored.threshold for chance in scored.zones.values()
    )
    assert told.count((codes.SIGNS.value, "52101004")) == told.count((FINDING, codes.TUBERCULOSIS.value)) + 1
    assert (codes.OUTCOME.value, codes.FLAGGED.value) in told


def test_a_film_below_the_threshold_has_no_finding_in_codes(quiet):
    """Nothing that is coded says tuberculosis, even where a zone is above; the signs are absent, twice."""
    told = coded_content(reread(measurement_report(quiet)))

    assert max(quiet.outcome.zones.values()) > quiet.outcome.threshold
    assert codes.TUBERCULOSIS.value not in {value for _, value in told}
    assert FINDING not in {name for name, _ in told}
    assert [value for name, value in told if name == codes.SIGNS.value] == ["2667000", "2667000"]
    assert [value for name, value in told if name == codes.OUTCOME.value] == ["not-flagged", "not-flagged"]


def test_a_refusal_says_nothing_of_a_finding_in_codes(refusal):
    """Neither present nor absent: no finding, no signs, and the outcome that there is no score."""
    told = coded_content(reread(measurement_report(refusal)))

    assert not {FINDING, codes.SIGNS.value} & {name for name, _ in told}
    assert (codes.OUTCOME.value, codes.REFUSED.value) in told


def test_a_report_that_contradicts_itself_is_refused(quiet):
    """An outcome below the threshold with the signs present is not one of ours."""
    dataset = measurement_report(quiet)
    group = dataset.ContentSequence[-2].ContentSequence[0]
    (signs,) = (
        item for item in group.ContentSequence if item.ConceptNameCodeSequence[0].CodeValue == "signs"
    )
    signs.ConceptCodeSequence[0].CodeValue = codes.PRESENT.value

    with pytest.raises(ReportInvalid, match="says otherwise"):
        read_report(dataset)


@pytest.mark.parametrize("kind", ["reading", "quiet", "refusal"])
def test_the_validators_find_no_fault_in_a_report(request, kind):
    """dciodvfy and dcmdump report no error, nothing is left to be warned of, and dsrdump reads it."""
    dataset = measurement_report(request.getfixturevalue(kind))

    assert faults(dataset) == []
    assert warnings(dataset) == []
    assert ran("dsrdump", dataset).returncode == 0


def test_a_zone_is_told_by_the_patients_side(reading):
    """The left upper zone has SNOMED's upper zone of lung and the patient's left."""
    place, side = codes.zone_codes(Zone.LEFT_UPPER)
    text = ran("dsrdump", measurement_report(reading), "+Pl").stdout

    assert (place.value, side.value) == ("281392002", "7771000")
    assert '(7771000,SCT,"Left")' in text


def test_a_report_says_that_it_is_not_for_diagnosis_alone(reading):
    """The text of intended use is in every report, and its content is marked as research."""
    dataset = measurement_report(reading)

    assert b"Not for diagnosis alone" in written(dataset)
    assert dataset.ContentQualification == "RESEARCH"
    assert dataset.VerificationFlag == "UNVERIFIED"


def test_the_private_scheme_is_identified(reading):
    """99HILUM stands in the Coding Scheme Identification Sequence with a name and a UID."""
    schemes = measurement_report(reading).CodingSchemeIdentificationSequence

    assert [(one.CodingSchemeDesignator, one.CodingSchemeUID) for one in schemes] == [
        ("99HILUM", codes.SCHEME_UID)
    ]


def test_codes_fit_their_elements():
    """A code value has at most 16 characters and a meaning at most 64, and no value means two things."""
    all_codes = (*codes.CONCEPTS, *codes.OUTCOMES, *codes.CERTAINTIES.values(), *codes.REFUSALS.values())

    assert max(len(code.value) for code in all_codes) <= 16
    assert max(len(code.meaning) for code in all_codes) <= 64
    assert len({code.value for code in all_codes}) == len(all_codes)


def test_the_documents_list_every_code(repository):
    """Each code of 99HILUM stands in the manual with its meaning."""
    manual = (repository / "docs/dicom-outputs.md").read_text(encoding="utf-8")
    all_codes = (*codes.CONCEPTS, *codes.OUTCOMES, *codes.CERTAINTIES.values(), *codes.REFUSALS.values())

    assert [code.value for code in all_codes if f"| `{code.value}` | {code.meaning} |" not in manual] == []


@pytest.mark.parametrize("dataset", [Dataset(), pytest.param(None, id="another report")])
def test_what_is_no_report_of_ours_is_refused(dataset, reading):
    """An empty object, and a report with a number taken out of it, are refused by name."""
    if dataset is None:
        dataset = reread(measurement_report(reading))
        group = dataset.ContentSequence[-2].ContentSequence[0]
        group.ContentSequence = [
            item
            for item in group.ContentSequence
            if item.ConceptNameCodeSequence[0].CodeValue != codes.PROBABILITY.value
        ]

    with pytest.raises(ReportInvalid):
        read_report(dataset)
