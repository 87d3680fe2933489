"""Who was examined: one row for each Patient ID of one issuer.

Trap: the same identifier with another name may be a slip of the pen or another person, and no program can
tell; the first name stays, and whoever calls writes the trail of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from hilum.worklist.racing import add_once
from hilum.worklist.tables import Patient
from hilum.worklist.wording import folded


@dataclass(frozen=True, slots=True)
class Identity:
    """Of a patient, fit for the table."""

    patient_id: str
    issuer: str  # DICOM Issuer of Patient ID, or the site; identifiers of two issuers are two patients
    name: str = ""
    birth_date: date | None = None


def take_patient(session: Session, identity: Identity) -> tuple[Patient, bool]:
    """The patient of an identity, made where there is none, and whether its name or birth date is another.

    What the row lacks is filled in.
    """
    wanted = select(Patient).where(
        Patient.patient_id == identity.patient_id, Patient.issuer == identity.issuer
    )
    found = session.scalar(wanted)
    if found is None:
        made = Patient(
            patient_id=identity.patient_id,
            issuer=identity.issuer,
            name=identity.name,
            birth_date=identity.birth_date,
            folded=folded(identity.patient_id, identity.name),
        )
        if add_once(session, made):
            return made, False
        found = session.scalars(wanted).one()
    if identity.name and not found.name:
        found.name, found.folded = identity.name, folded(found.patient_id, identity.name)
    if identity.birth_date is not None and found.birth_date is None:
        found.birth_date = identity.birth_date
    is_other = bool(identity.name) and folded(identity.name) != folded(found.name)
    return found, is_other or identity.birth_date not in (None, found.birth_date)
