"""Kinds, sides, zones, and the verdict of a reading's finding."""

from __future__ import annotations

import pytest

from hilum.data.readings import clinical_reading, names_tuberculosis
from hilum.findings import Laterality, TuberculosisKind, Zone

RU, RM, RL, LU, LM, LL = (
    Zone.RIGHT_UPPER, Zone.RIGHT_MIDDLE, Zone.RIGHT_LOWER, Zone.LEFT_UPPER, Zone.LEFT_MIDDLE, Zone.LEFT_LOWER,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "laterality", "zones"),
    [
        ("bilateral PTB", "bilateral", ()),
        ("secondary PTB in the right upper field,COPD", "right", (RU,)),
        ("secondary PTB in thel left upper field", "left", (LU,)),
        ("in the left upper field", "left", (LU,)),
        ("PTB in the bilateral upper field", "bilateral", (RU, LU)),
        (
            "PTB in the bilateral upper and middle fields mainly fibrous lesions",
            "bilateral",
            (RU, RM, LU, LM),
        ),
        ("31yrs Right secondary PTB in the upper and middle fields", "right", (RU, RM)),
        ("right upper PTB, pleural adhesions in left lower field", "right", (RU,)),
        ("Right pneumothorax, Right upper PTB, bilateral widespread infection", "right", (RU,)),
        ("bilateral PTB, with cavity formation in right upper field", "bilateral", (RU,)),
        ("bilateral PTB, right upper lobe atelectasis", "bilateral", ()),
        ("left secondary PTB, right pleural effusion", "bilateral", ()),
        ("right upper pneumonia", "right", (RU,)),
        ("PTB in the middle lower field", None, ()),
        ("right upper and left lower PTB", "bilateral", (RU, LL)),
        ("left and right upper fields PTB", "bilateral", (RU, LU)),
        ("cavity in the apex of the left lung", "left", (LU,)),
        ("upper field of the right lung and lower field of the left lung", "bilateral", (RU, LL)),
        ("right PTB, cavity in the upper field", "right", (RU,)),
        ("bilateral PTB, cavity in the upper field", "bilateral", ()),
        ("RUL and LLL consolidation", "bilateral", (RU, LL)),
        ("biapical fibrosis", "bilateral", (RU, LU)),
        ("lingular infiltrate", "left", (LM,)),
        ("L upper lobe infiltrate", "left", (LU,)),
        ("bibasilar opacities", "bilateral", (RL, LL)),
        ("no cavity in the left lung; right PTB", "right", ()),
        ("PTB", None, ()),
        ("normal", None, ()),
    ],
)
def test_the_place_is_that_of_the_disease(text, laterality, zones):
    """Zones belong to a named side, or both; the place of another finding is not counted."""
    reading = clinical_reading(f"male 45yrs\r\n{text}\r\n")

    assert reading.laterality == (Laterality(laterality) if laterality else None)
    assert reading.zones == zones


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("bilateral PTB", ""),
        ("STB NATB", "secondary old"),
        ("STB ATB tuberculosis pleuritis", "secondary effusion"),
        ("1.secondary PTB in the right upper field; 2.small tuberculoma", "secondary tuberculoma"),
        ("bilateral subacute hematogenous disseminated PTB", "miliary"),
        ("bilateral secondary PTB with multiple cavitations", "secondary cavity"),
        ("bilateral PTB ?right pleurisy with pleural effusion", "effusion"),
        ("Bilateral secondary PTB, left encapsulated intrathoracic fluid", "secondary effusion"),
        ("right upper PTB with fibrous changes", "fibrosis"),
        ("fibrocavitary disease", "cavity fibrosis"),
        ("Bilateral secondary PTB with most lesions calcified", "secondary old"),
        ("PTB, not active", "old"),
        ("mainly hyperplastic lesions", "other"),
        ("infiltrates RUL", "other"),
        ("no pleural effusion", ""),
        ("no cavity, effusion or adenopathy; old PTB", "old"),
        ("PTB without cavity", ""),
        ("effusion resolved", ""),
        ("infiltrate RUL, no change", "other"),
        ("calcified aorta", ""),
        ("old rib fracture", ""),
        ("normal pleural cavity", ""),
        ("secondary to surgery", ""),
        ("32 years old, normal", ""),
    ],
)
def test_kinds_are_those_the_text_affirms(text, kinds):
    """A form of tuberculosis is noted where it is named, not denied, and of the lungs."""
    reading = clinical_reading(text)

    assert set(reading.kinds) == {TuberculosisKind(kind) for kind in kinds.split()}


@pytest.mark.parametrize(
    ("text", "is_normal"),
    [
        ("normal", True),
        ("yrs normal", True),
        ("normale", True),
        ("no active TB", True),
        ("lungs are clear, no disease", True),
        ("bilateral PTB", False),
        ("right upper pneumonia", False),
        ("mainly hyperplastic lesions", False),
        ("abnormal", False),
        ("not normal", False),
        ("normal heart, PTB", False),
        ("TB cannot be ruled out", False),
        ("STB NATB", False),
        ("in the left upper field", None),
        ("no pleural effusion", None),
        ("heart normal", None),
        ("history of TB", None),
        ("rule out TB", None),
        ("", None),
    ],
)
def test_the_verdict_is_normal_diseased_or_silent(text, is_normal):
    """A text that names neither disease nor its absence says nothing, which is not the same as normal."""
    assert clinical_reading(f"male 45yrs\n{text}").is_normal is is_normal


@pytest.mark.parametrize(
    ("text", "names_it"),
    [
        ("bilateral PTB", True),
        ("STB", True),
        ("small tuberculoma", True),
        ("mainly hyperplastic lesions", False),
        ("right upper pneumonia", False),
        ("no TB", False),
        ("tuberculin test positive", False),
    ],
)
def test_tuberculosis_is_named_by_name(text, names_it):
    """Words that may mean anything do not count as naming tuberculosis."""
    assert names_tuberculosis(f"male 45yrs\n{text}") is names_it
