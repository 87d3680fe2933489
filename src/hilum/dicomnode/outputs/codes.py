"""The codes of a report: DICOM's and SNOMED's where they exist, else Hilum's own, under 99HILUM.

99 marks a private coding scheme (PS3.16 section 8.2). Trap: receivers store these values; a code is never
given another meaning, and one that is no longer used is not given away again. docs/dicom-outputs.md lists
them, and a test holds the two together.
"""

from __future__ import annotations

from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from hilum.dicomnode.outputs.uids import computed_uid
from hilum.findings import Zone
from hilum.records import Certainty, RefusalCode, Scored

SCHEME = "99HILUM"
SCHEME_NAME = "Hilum reader codes"
SCHEME_UID = computed_uid("coding scheme", SCHEME)  # for those who need one, FHIR among them


def own(value: str, meaning: str) -> Code:
    """A code of Hilum's own; the value has at most 16 characters (SH), the meaning 64 (LO)."""
    return Code(value, SCHEME, meaning)


NO_UNITS: Code = codes.UCUM.NoUnits
LUNG: Code = codes.SCT.Lung
STANDARD_DEVIATION: Code = codes.SCT.StandardDeviation
PLAIN_CHEST = Code("399208008", "SCT", "Plain chest X-ray")  # in SNOMED CT and US Core's examples
TUBERCULOSIS = Code("154283005", "SCT", "Pulmonary tuberculosis")
PRESENT: Code = codes.SCT.Present
# SNOMED CT's "Absent"; DICOM's CID 240 has 272519000, which there is the group of all absence findings
ABSENT = Code("2667000", "SCT", "Absent")
QUALITATIVE = Code("C0034375", "UMLS", "Qualitative Evaluations")  # TID 1500 row 12

SCORE = own("score", "Score, 0 to 100")
PROBABILITY = own("probability", "Calibrated probability")
THRESHOLD = own("threshold", "Threshold on the probability")
SPREAD = own("spread", "Spread of the members' probabilities")
ZONE_PROBABILITY = own("zone", "Calibrated probability of a lung zone")
ERROR_RATE = own("error-rate", "Error rate that the certainty holds at")

SIGNS = own("signs", "Signs of pulmonary tuberculosis, by the threshold")
OUTCOME = own("outcome", "Outcome of the reading")
CERTAINTY = own("certainty", "What cannot be ruled out")
REFUSAL = own("refusal", "Why there is no score")
SENTENCE = own("sentence", "Outcome in words")
REASON = own("reason", "Reason in words")
NOTE = own("note", "Note on the film")
EVIDENCE = own("evidence", "Where the threshold comes from")
USE = own("use", "Intended use")
DOCUMENT = own("document", "Case report as PDF")

FLAGGED = own("flagged", "At or above the threshold")
NOT_FLAGGED = own("not-flagged", "Below the threshold")
REFUSED = own("refused", "No score")

CONCEPTS = (SCORE, PROBABILITY, THRESHOLD, SPREAD, ZONE_PROBABILITY, ERROR_RATE, SIGNS, OUTCOME, CERTAINTY,
            REFUSAL, SENTENCE, REASON, NOTE, EVIDENCE, USE, DOCUMENT)  # fmt: skip
OUTCOMES = (FLAGGED, NOT_FLAGGED, REFUSED)
CERTAINTIES = {
    Certainty.ABNORMAL: own("abnormal", "Normal is ruled out at the error rate"),
    Certainty.NORMAL: own("normal", "Abnormal is ruled out at the error rate"),
    Certainty.BOTH: own("both", "Neither is ruled out: a person must read the film"),
}
REFUSALS = {
    RefusalCode.NOT_FOUND: own("not-found", "No film was found"),
    RefusalCode.NOT_AN_IMAGE: own("not-an-image", "Not an image"),
    RefusalCode.EMPTY: own("empty", "The file has no bytes"),
    RefusalCode.DAMAGED: own("damaged", "The file is damaged"),
    RefusalCode.HEADER_MISMATCH: own("header-mismatch", "The pixels are not what the header says"),
    RefusalCode.SEVERAL_FRAMES: own("several-frames", "Several frames"),
    RefusalCode.UNSUPPORTED: own("unsupported", "An image of a kind that is not read"),
    RefusalCode.TOO_SMALL: own("too-small", "Too small"),
    RefusalCode.BLANK: own("blank", "Blank"),
    RefusalCode.TOO_DARK: own("too-dark", "The lungs are black"),
    RefusalCode.TOO_BRIGHT: own("too-bright", "The lungs are white"),
    RefusalCode.BLURRED: own("blurred", "Blurred"),
    RefusalCode.NOT_AN_XRAY: own("not-an-xray", "Not an X-ray"),
    RefusalCode.NOT_A_CHEST: own("not-a-chest", "Not a chest"),
    RefusalCode.LATERAL: own("lateral", "Seen from the side"),
    RefusalCode.TURNED: own("turned", "Upside down or on its side"),
    RefusalCode.INVERTED: own("inverted", "Bone dark"),
    RefusalCode.CUT_OFF: own("cut-off", "A part of a chest"),
    RefusalCode.COLLAGE: own("collage", "Several pictures in one"),
    RefusalCode.NO_LUNGS: own("no-lungs", "No lungs were found"),
    RefusalCode.UNFAMILIAR: own("unfamiliar", "Unlike the films that the bundle knows"),
    RefusalCode.CHILD: own("child", "Below the age that the bundle is for"),
    RefusalCode.FAILED: own("failed", "A fault of Hilum"),
}


def flag(outcome: Scored) -> Code:
    """How a score stands to its threshold."""
    return FLAGGED if outcome.is_flagged else NOT_FLAGGED


def presence(outcome: Scored) -> Code:
    """The value of `SIGNS` for a film: present where it is flagged, absent where it is not."""
    return PRESENT if outcome.is_flagged else ABSENT


# CID 6171 "Lung Zones" of PS3.16 with CID 244 "Laterality"; the side is the patient's.
_HEIGHTS = {
    "upper": codes.SCT.UpperZoneOfLung, "middle": codes.SCT.MiddleZoneOfLung,
    "lower": codes.SCT.LowerZoneOfLung,
}  # fmt: skip
_SIDES = {"right": codes.SCT.Right, "left": codes.SCT.Left}


def zone_codes(zone: Zone) -> tuple[Code, Code]:
    """A zone's anatomic location and its laterality."""
    side, height = zone.value.split()
    return _HEIGHTS[height], _SIDES[side]
