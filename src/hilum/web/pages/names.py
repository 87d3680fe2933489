"""What pages call states, opinions, zones, tests, refusals, and deeds, each marked for the catalogues.

Trap: the keys are what the database holds and never change; only the words beside them are for people.
"""

from __future__ import annotations

from hilum.findings import Sex, Zone
from hilum.records import Certainty, RefusalCode
from hilum.web.translation import N_
from hilum.worklist.states import DeliveryState, Opinion, Origin, ResultKind, State

STATES = {
    State.RECEIVED: N_("Arriving"),
    State.QUEUED: N_("Waiting"),
    State.SCORED: N_("Scored"),
    State.REFUSED: N_("No score"),
    State.FAILED: N_("Failed"),
    State.READ: N_("Read"),
    State.DELIVERED: N_("Delivered"),
}
OPINIONS = {
    Opinion.TUBERCULOSIS: N_("TB-consistent"),
    Opinion.OTHER: N_("Other abnormality"),
    Opinion.NORMAL: N_("Normal"),
    Opinion.REPEAT: N_("Repeat the film"),
}
OPINION_HINTS = {
    Opinion.TUBERCULOSIS: N_("Something on the film may be tuberculosis: test."),
    Opinion.OTHER: N_("Abnormal, but not like tuberculosis."),
    Opinion.NORMAL: N_("Nothing abnormal is seen."),
    Opinion.REPEAT: N_("The film does not allow an answer."),
}
ZONES = {
    Zone.RIGHT_UPPER: N_("right upper"),
    Zone.RIGHT_MIDDLE: N_("right middle"),
    Zone.RIGHT_LOWER: N_("right lower"),
    Zone.LEFT_UPPER: N_("left upper"),
    Zone.LEFT_MIDDLE: N_("left middle"),
    Zone.LEFT_LOWER: N_("left lower"),
}
LEVELS = (
    (N_("Upper"), Zone.RIGHT_UPPER, Zone.LEFT_UPPER),
    (N_("Middle"), Zone.RIGHT_MIDDLE, Zone.LEFT_MIDDLE),
    (N_("Lower"), Zone.RIGHT_LOWER, Zone.LEFT_LOWER),
)  # as on the film: the patient's right stands on the left of the picture
SEXES = {Sex.FEMALE: N_("Female"), Sex.MALE: N_("Male"), Sex.OTHER: N_("Other")}
TESTS = {
    "xpert": N_("Xpert MTB/RIF"),
    "culture": N_("Culture"),
    "smear": N_("Smear microscopy"),
    "other": N_("Another test"),
}
RESULTS = {
    "positive": N_("Positive"),
    "negative": N_("Negative"),
    "indeterminate": N_("Indeterminate"),
}
ORIGINS = {
    Origin.UPLOAD: N_("added on the page"),
    Origin.API: N_("sent by a program"),
    Origin.DICOM: N_("sent by DICOM"),
    Origin.DICOMWEB: N_("sent by DICOMweb"),
    Origin.ARCHIVE: N_("fetched from the archive"),
    Origin.DEMO: N_("a phantom of the demonstration"),
}
DELIVERY_STATES = {
    DeliveryState.WAITING: N_("Waiting"),
    DeliveryState.SENT: N_("Sent"),
    DeliveryState.GIVEN_UP: N_("Given up"),
}
DELIVERY_KINDS = {
    ResultKind.REPORT: N_("DICOM structured report"),
    ResultKind.PICTURE: N_("Picture with heat map"),
    ResultKind.SOFTCOPY: N_("DICOM presentation state"),
    ResultKind.PDF: N_("Case report, PDF"),
    ResultKind.HL7: N_("HL7 message"),
    ResultKind.FHIR: N_("FHIR report"),
    "webhook": N_("Webhook"),
}
CERTAINTIES = {
    Certainty.ABNORMAL: N_("Normal is ruled out."),
    Certainty.NORMAL: N_("Abnormal is ruled out."),
    Certainty.BOTH: N_("A person must read this film."),
}

# What was wrong, in two or three words for lists, and what to do about it, as in docs/gate.md.
REFUSALS: dict[RefusalCode, tuple[str, str]] = {
    RefusalCode.NOT_FOUND: (N_("File not found"), N_("Add the film again.")),
    RefusalCode.NOT_AN_IMAGE: (N_("Not a picture"), N_("Send the film itself: PNG, JPEG, or DICOM.")),
    RefusalCode.EMPTY: (N_("Empty file"), N_("Copy the file again from where it was made.")),
    RefusalCode.DAMAGED: (N_("Damaged file"), N_("Export the film again and add the new file.")),
    RefusalCode.HEADER_MISMATCH: (
        N_("Header and pixels disagree"),
        N_("Export the film again, and tell whoever runs the archive."),
    ),
    RefusalCode.SEVERAL_FRAMES: (N_("Several frames"), N_("Send the one frame that is the film.")),
    RefusalCode.UNSUPPORTED: (N_("Format not read"), N_("Save the film as PNG, JPEG, or plain DICOM.")),
    RefusalCode.TOO_SMALL: (N_("Too small"), N_("Send the original film, not a thumbnail.")),
    RefusalCode.BLANK: (N_("Blank"), N_("Look at the film; if it is blank, expose it again.")),
    RefusalCode.TOO_DARK: (N_("Too dark"), N_("Choose another window, or expose the film again.")),
    RefusalCode.TOO_BRIGHT: (N_("Too bright"), N_("Choose another window, or expose the film again.")),
    RefusalCode.BLURRED: (
        N_("Blurred"),
        N_("Send the original film; if it is blurred itself, expose it again."),
    ),
    RefusalCode.NOT_AN_XRAY: (N_("Not an X-ray"), N_("This is another picture: choose the right file.")),
    RefusalCode.NOT_A_CHEST: (N_("Not a chest"), N_("This is another X-ray: choose the chest film.")),
    RefusalCode.LATERAL: (N_("Side view"), N_("Send the frontal film, PA or AP.")),
    RefusalCode.TURNED: (N_("Turned"), N_("Turn the film upright and add it again.")),
    RefusalCode.INVERTED: (N_("Black and white changed"), N_("Invert the film and add it again.")),
    RefusalCode.CUT_OFF: (
        N_("Cut off"),
        N_("Send the whole film; if the lungs are cut off, expose it again."),
    ),
    RefusalCode.COLLAGE: (N_("Several pictures"), N_("Send each film by itself.")),
    RefusalCode.NO_LUNGS: (N_("No lungs found"), N_("Look at the film: is it a frontal chest film?")),
    RefusalCode.UNFAMILIAR: (N_("Unfamiliar film"), N_("A person must read this film.")),
    RefusalCode.CHILD: (
        N_("Child"),
        N_("Hilum does not read children's films: a person must read this one."),
    ),
    RefusalCode.FAILED: (
        N_("Fault of Hilum"),
        N_("Queue the study again; if it fails again, tell whoever runs the station."),
    ),
}

# Of a study's history
ACTIONS = {
    "open": N_("Study opened"),
    "receive": N_("Film received"),
    "late-film": N_("Another film received"),
    "queue": N_("Waiting to be scored"),
    "requeue": N_("Queued again"),
    "score": N_("Read by Hilum"),
    "verdict": N_("Verdict given"),
    "test-result": N_("Test result entered"),
    "send": N_("Result sent"),
    "give-up": N_("Sending given up"),
    "send-again": N_("To be sent again"),
    "deliver": N_("All results delivered"),
    "report": N_("Case report made"),
    "remove-films": N_("Films removed by the rule of retention"),
    "identity-differs": N_("Another name or birth date came with a film"),
    "patient-conflict": N_("Another patient ID came with a film"),
    "procedure-step-ended": N_("Examination ended"),
}
