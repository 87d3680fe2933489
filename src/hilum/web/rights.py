"""What each role may do, as one table that pages and API ask alike.

Trap: a page hides what its visitor may not do, but hiding refuses nothing; only `visitor.require` does.
"""

from __future__ import annotations

from enum import StrEnum

from hilum.worklist.states import Role


class Right(StrEnum):
    """One thing that can be done at a station."""

    SEE_STUDIES = "see-studies"
    """The worklist, a study, its films, its score, its case report."""
    SEE_IDENTITY = "see-identity"
    """Patients' names and identifiers, and the names of the files that came; all else is de-identified."""
    UPLOAD = "upload"
    """Bring films in, by page, API, and STOW-RS; score one at once."""
    ENTER_TEST = "enter-test"
    """The result of a confirmatory test."""
    GIVE_VERDICT = "give-verdict"
    REQUEUE = "requeue"
    """Have a study scored again."""
    EXPORT = "export"
    """Tables of many studies, and de-identified films."""
    SEE_PROGRAMME = "see-programme"
    """Rates, agreement, drift, and the evidence of the threshold."""
    SET_THRESHOLD = "set-threshold"
    """Choose the operating point, and calibrate on the station's own cases."""
    SET_STATION = "set-station"
    """Blind mode, rules of priority, retention."""
    SEE_AUDIT = "see-audit"
    SET_WEBHOOK = "set-webhook"
    SEE_METRICS = "see-metrics"
    """The numbers of /metrics."""
    MANAGE_PEOPLE = "manage-people"
    """Add people and service accounts, change roles, reset passwords, revoke tokens."""


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.RADIOGRAPHER: frozenset(
        {Right.SEE_STUDIES, Right.SEE_IDENTITY, Right.UPLOAD, Right.ENTER_TEST, Right.REQUEUE}
    ),
    Role.READER: frozenset(
        {Right.SEE_STUDIES, Right.SEE_IDENTITY, Right.UPLOAD, Right.ENTER_TEST, Right.GIVE_VERDICT,
         Right.REQUEUE, Right.EXPORT, Right.SEE_PROGRAMME}
    ),
    # A manager answers for the programme, not for a patient, and so sees no identity.
    Role.MANAGER: frozenset(
        {Right.SEE_STUDIES, Right.REQUEUE, Right.EXPORT, Right.SEE_PROGRAMME, Right.SET_THRESHOLD,
         Right.SET_STATION, Right.SEE_AUDIT, Right.SET_WEBHOOK, Right.SEE_METRICS}
    ),
    # In a clinic of one, the administrator is also radiographer and reader.
    Role.ADMINISTRATOR: frozenset(Right),
    Role.SERVICE: frozenset(
        {Right.SEE_STUDIES, Right.UPLOAD, Right.SET_WEBHOOK, Right.SEE_METRICS}
    ),
}  # fmt: skip


def may(role: Role, right: Right) -> bool:
    """Whether the role has the right."""
    return right in RIGHTS[role]
