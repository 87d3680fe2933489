"""HL7 and FHIR: what a receiver reads, hostile names, and the frames of MLLP."""

from __future__ import annotations

import base64
import dataclasses
import json
import re

import hl7
import pytest
from dicom_tools import MADE_AT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from hilum.dicomnode.messages.fhir import OWN_SYSTEM, diagnostic_report
from hilum.dicomnode.messages.hl7 import (
    Parties,
    acknowledgement_code,
    escaped,
    mllp_frame,
    mllp_unframe,
    result_message,
)
from hilum.dicomnode.outputs import codes
from hilum.dicomnode.outputs.reading import reading_of
from hilum.errors import MessageInvalid
from hilum.findings import Zone

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMED = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs",), exclude_characters="\\=^"), max_size=20
)


def unescaped(text: str) -> str:
    """What a receiver makes of a field."""
    letters = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\"}

    def told(match: re.Match[str]) -> str:
        code = match[1]
        return bytes.fromhex(code[1:]).decode() if code.startswith("X") else letters[code]

    return re.sub(r"\\([^\\]*)\\", told, text)


def segments(message: str) -> list[list[str]]:
    """Fields of each segment, by the rules and no library."""
    return [line.split("|") for line in message.rstrip("\r").split("\r")]


def observations(message: str) -> dict[str, list[str]]:
    """OBX by the code in OBX-3."""
    return {fields[3].split("^")[0]: fields for fields in segments(message) if fields[0] == "OBX"}


def test_the_message_is_an_oru_of_2_5_1(reading):
    """Type, version, character set, and processing id stand where a parser looks for them."""
    header = hl7.parse(result_message(reading))["MSH"][0]

    assert str(header[9]) == "ORU^R01^ORU_R01"
    assert (str(header[12]), str(header[18]), str(header[11])) == ("2.5.1", "UNICODE UTF-8", "P")
    assert re.fullmatch(r"[0-9A-F]{20}", str(header[10]))


def test_the_parties_are_named(reading):
    """Whom it is from and for, with their delimiters escaped."""
    message = result_message(reading, Parties("Clinic|A", "ENGINE", "HOSPITAL"))

    assert segments(message)[0][2:6] == ["HILUM", "Clinic\\F\\A", "ENGINE", "HOSPITAL"]


def test_the_patient_is_the_films(reading):
    """Id with its issuer, name, birth date, and sex; the accession number names the order."""
    _, patient, order, *_ = segments(result_message(reading))

    assert patient[3] == "PID-17^^^Clinic A^PI"
    assert patient[5].startswith("Müller^José^")
    assert patient[7:9] == ["19700102", "F"]
    assert (order[3], order[18], order[25]) == ("ACC-5", "ACC-5", "P")
    assert order[4] == "36554-4^XR Chest Single view^LN"


def test_every_number_is_an_observation(reading, scored):
    """Score, probability, and all six zones, each with unit, status, and the bundle's hash."""
    found = observations(result_message(reading))

    assert found["score"][5] == "73.4"
    assert float(found["probability"][5]) == pytest.approx(scored.probability, abs=1e-10)
    for zone in Zone:
        fields = found[f"z-{zone.value.replace(' ', '-')}"]
        assert float(fields[5]) == pytest.approx(scored.zones[zone], abs=1e-10)
        assert (fields[2], fields[6], fields[11]) == ("NM", "1^no units^UCUM", "P")
        assert fields[18].startswith("ab" * 32)


def test_numbers_at_the_threshold_are_flagged_high(reading, scored):
    """H at or above the threshold; below it no flag, which would say "normal"."""
    found = observations(result_message(reading))

    assert (found["probability"][7], found["probability"][8]) == ("<0.3496481215", "H")
    assert scored.zones[Zone.RIGHT_UPPER] < scored.threshold
    assert found["z-right-upper"][8] == ""


def test_the_message_says_whether_the_film_is_flagged(reading, quiet, refusal):
    """Signs and outcome: present and abnormal, absent and negative, never normal; of a refusal nothing."""
    flagged, below, unread = (observations(result_message(one)) for one in (reading, quiet, refusal))

    assert (flagged["signs"][5], flagged["signs"][8]) == ("52101004^Present^SCT", "A~POS")
    assert flagged["outcome"][8] == "A~POS"
    assert (below["signs"][5], below["signs"][8]) == ("2667000^Absent^SCT", "NEG")
    assert below["outcome"][8] == "NEG"
    assert "signs" not in unread
    assert unread["outcome"][8] == ""


def test_no_number_of_a_film_below_the_threshold_is_flagged(quiet):
    """A zone above the film's threshold in a film that is not carries neither flag nor range."""
    found = observations(result_message(quiet))

    assert float(found["z-left-lower"][5]) > quiet.outcome.threshold
    assert {fields[8] for fields in found.values()} == {"", "NEG"}
    assert found["z-left-lower"][7] == ""


def test_a_tiny_number_has_no_exponent(reading, scored):
    """NM knows digits and a point alone."""
    tiny = dataclasses.replace(reading, outcome=dataclasses.replace(scored, probability=1e-7))

    assert observations(result_message(tiny))["probability"][5] == "0.0000001"


def test_a_refusal_is_sent_without_a_number(refusal):
    """The score has the status X and no value; code and reason follow."""
    found = observations(result_message(refusal))

    assert (found["score"][5], found["score"][11]) == ("", "X")
    assert found["refusal"][5] == "no-lungs^No lungs were found^99HILUM"
    assert found["reason"][5] == "No lungs were found: 0.01 of the film."


def test_the_pdf_goes_in_as_encapsulated_data(reading):
    """Base64 in an ED field, and the same bytes out."""
    *_, kind, subtype, encoding, data = observations(result_message(reading, pdf=b"%PDF-1.7 x"))["document"][
        5
    ].split("^")

    assert (kind, subtype, encoding) == ("application", "pdf", "Base64")
    assert base64.b64decode(data) == b"%PDF-1.7 x"


def test_a_resend_is_the_same_message(reading):
    """Made twice it is the same, its control id too; at another time it has another."""
    later = dataclasses.replace(reading, made_at=MADE_AT.replace(hour=10))

    assert result_message(reading) == result_message(reading)
    assert segments(result_message(reading))[0][9] != segments(result_message(later))[0][9]


def test_a_name_in_three_scripts_is_three_names(film, scored, reader):
    """Alphabetic, ideographic, and phonetic forms are repetitions, each marked."""
    film.SpecificCharacterSet = "ISO_IR 192"
    film.PatientName = "Yamada^Tarou^^Dr^Jr=山田^太郎=やまだ^たろう"
    reading = reading_of(film, scored, reader, made_at=MADE_AT)

    assert segments(result_message(reading))[1][5].split("~") == [
        "Yamada^Tarou^^Jr^Dr^^L^A", "山田^太郎^^^^^L^I", "やまだ^たろう^^^^^L^P",
    ]  # fmt: skip


@FEW
@given(family=NAMED, patient_id=NAMED)
def test_no_name_breaks_the_message(film, scored, reader, family, patient_id):
    """Delimiters, line ends, and any script in a name change no segment and come back as they were."""
    film.SpecificCharacterSet = "ISO_IR 192"
    film.PatientName, film.PatientID = f"{family}^A", patient_id
    reading = reading_of(film, scored, reader, made_at=MADE_AT)
    message = mllp_unframe(mllp_frame(result_message(reading)))
    fields = segments(message)

    assert {one[0] for one in fields} == {"MSH", "PID", "OBR", "OBX"}
    assert unescaped(fields[1][5].split("^")[0]) == str(reading.film.PatientName).split("^")[0]
    assert unescaped(fields[1][3].split("^")[0]) == str(reading.film.PatientID)


@given(st.text())
def test_an_escaped_text_holds_nothing_that_means_something(text):
    """No delimiter, no control character; and what can be encoded comes back."""
    field = escaped(text)

    assert not set(field) & set("|^~&\r\n\x0b\x1c")
    field.encode("utf-8")
    if not any(0xD800 <= ord(letter) <= 0xDFFF for letter in text):
        assert unescaped(field) == text


def test_a_frame_is_mllps():
    """A vertical tab before, a file separator and a return after, UTF-8 between."""
    assert mllp_frame("MSH|é\r") == b"\x0bMSH|\xc3\xa9\r\x1c\r"
    assert mllp_unframe(b"junk\x0bMSA|AA\r\x1c\r") == "MSA|AA\r"


@pytest.mark.parametrize("message", ["a\x0bb", "a\x1cb"])
def test_a_message_that_would_break_its_frame_is_refused(message):
    """A frame's own characters cannot be sent inside it."""
    with pytest.raises(MessageInvalid):
        mllp_frame(message)


@pytest.mark.parametrize("frame", [b"", b"\x0bMSH|", b"MSH|\x1c"])
def test_a_frame_without_an_end_is_refused(frame):
    """What broke off is no message."""
    with pytest.raises(MessageInvalid):
        mllp_unframe(frame)


@pytest.mark.parametrize(
    ("answer", "code"),
    [("MSH|^~\\&|X\rMSA|AA|1\r", "AA"), ("MSH|^~\\&|X\nMSA|ae|1\n", "AE"), ("MSH|^~\\&|X\r", ""), ("MSA", ""),
     ("MSA|AR", "AR")],
)  # fmt: skip
def test_an_acknowledgement_is_read(answer, code):
    """MSA-1, whatever ends the lines; empty where there is none."""
    assert acknowledgement_code(answer) == code


def resources(report: dict) -> dict[str, dict]:
    return {one["id"]: one for one in report["contained"]}


def test_the_report_has_what_r4_requires(reading, refusal):
    """Status and code in the report and in each Observation, and one value or the reason of its absence."""
    for one in (reading, refusal):
        report = diagnostic_report(one)
        contained = resources(report)

        assert (report["resourceType"], report["status"]) == ("DiagnosticReport", "preliminary")
        assert report["code"]["coding"][0] == {
            "system": "http://loinc.org", "code": "36554-4", "display": "XR Chest Single view",
        }  # fmt: skip
        for entry in report["result"]:
            found = contained[entry["reference"].removeprefix("#")]
            values = [key for key in found if key.startswith("value") or key == "dataAbsentReason"]
            assert (found["status"], len(values), "coding" in found["code"]) == ("preliminary", 1, True)


def test_every_contained_resource_is_referred_to(reading):
    """No contained resource stands alone (dom-3), none has resources of its own (dom-2), ids are FHIR's."""
    report = diagnostic_report(reading)
    text = json.dumps(report)

    for name, one in resources(report).items():
        assert f'"#{name}"' in text
        assert "contained" not in one
        assert re.fullmatch(r"[A-Za-z0-9.-]{1,64}", name)
    assert re.fullmatch(r"[A-Za-z0-9.-]{1,64}", report["id"])


def test_fhir_numbers_are_exact(reading, scored):
    """Through JSON and back the doubles are the reader's."""
    contained = resources(json.loads(json.dumps(diagnostic_report(reading))))

    assert contained["probability"]["valueQuantity"]["value"] == scored.probability
    assert contained["z-left-lower"]["valueQuantity"]["value"] == scored.zones[Zone.LEFT_LOWER]
    assert contained["z-left-lower"]["bodySite"]["coding"][0]["code"] == "281394001"
    assert contained["z-left-lower"]["bodySite"]["text"] == "Lower zone of lung, left"


def interpretations(resource: dict) -> list[str]:
    return [one["coding"][0]["code"] for one in resource.get("interpretation", ())]


def test_fhir_says_whether_the_film_is_flagged(reading, quiet, refusal):
    """Signs, outcome, and conclusion: present and abnormal, absent and negative; of a refusal nothing."""
    told = {}
    for name, one in {"flagged": reading, "below": quiet, "refused": refusal}.items():
        report = diagnostic_report(one)
        contained = resources(report)
        signs = contained.get("signs", {"valueCodeableConcept": {"coding": [{}]}})
        told[name] = (
            signs["valueCodeableConcept"]["coding"][0].get("code"), interpretations(signs),
            interpretations(contained["outcome"]), report["conclusionCode"][0]["coding"][0]["code"],
        )  # fmt: skip

    assert told == {
        "flagged": ("52101004", ["A", "POS"], ["A", "POS"], "flagged"),
        "below": ("2667000", ["NEG"], ["NEG"], "not-flagged"),
        "refused": (None, [], [], "refused"),
    }


def test_no_number_in_fhir_is_high_in_a_film_below_the_threshold(quiet):
    """A zone above the film's threshold carries neither an interpretation nor a range."""
    contained = resources(diagnostic_report(quiet))

    assert [name for name, one in contained.items() if "H" in interpretations(one)] == []
    assert "referenceRange" not in contained["z-left-lower"]


def test_a_refusal_says_why_in_fhir(refusal):
    """The score is absent with the reason, and the code of the refusal is there."""
    contained = resources(diagnostic_report(refusal))

    assert contained["score"]["dataAbsentReason"]["text"] == "No lungs were found: 0.01 of the film."
    assert contained["refusal"]["valueCodeableConcept"]["coding"][0] == {
        "system": OWN_SYSTEM, "code": "no-lungs", "display": codes.REFUSALS["no-lungs"].meaning,
    }  # fmt: skip


def test_the_fhir_id_is_the_bundles_and_the_films(reading):
    """The same reading has the same id; another bundle another."""
    other = dataclasses.replace(reading, reader=dataclasses.replace(reading.reader, sha256="cd" * 32))

    assert diagnostic_report(reading) == diagnostic_report(reading)
    assert diagnostic_report(reading)["id"] != diagnostic_report(other)["id"]


def test_the_fhir_patient_is_the_films(reading):
    """Name, birth date, gender, id, study, and order."""
    report = diagnostic_report(reading)
    patient = resources(report)["patient"]

    assert patient["name"] == [{"family": "Müller", "given": ["José"]}]
    assert (patient["birthDate"], patient["gender"]) == ("1970-01-02", "female")
    assert report["imagingStudy"][0]["identifier"]["value"] == "urn:oid:1.2.3.4.2"
    assert report["basedOn"][0]["identifier"]["value"] == "ACC-5"
    assert report["effectiveDateTime"] == "2026-11-23"


def test_a_header_that_tells_nothing_makes_messages(scored, reader):
    """No name, no id, no date: no empty element in FHIR, and a message all the same."""
    reading = reading_of(Dataset(), scored, reader, made_at=MADE_AT)
    report = diagnostic_report(reading)

    assert resources(report)["patient"] == {"resourceType": "Patient", "id": "patient", "gender": "unknown"}
    assert report["effectiveDateTime"] == "2026-11-24T09:30:15+00:00"
    assert '""' not in json.dumps(report)
    assert result_message(reading).count("\r") > 10


@FEW
@given(family=NAMED)
def test_no_name_breaks_the_narrative(film, scored, reader, family):
    """A reason with markup in it is text in the narrative."""
    film.SpecificCharacterSet = "ISO_IR 192"
    film.PatientName = family
    changed = dataclasses.replace(scored, notes=(f"<script>{family}",))
    report = diagnostic_report(reading_of(film, changed, reader, made_at=MADE_AT))

    assert "<script>" not in report["text"]["div"]
    json.dumps(report).encode("utf-8")


def test_the_pdf_is_presented_with_it(reading):
    """The PDF is an attachment with its type."""
    (form,) = diagnostic_report(reading, pdf=b"%PDF-1.7")["presentedForm"]

    assert form["contentType"] == "application/pdf"
    assert base64.b64decode(form["data"]) == b"%PDF-1.7"
