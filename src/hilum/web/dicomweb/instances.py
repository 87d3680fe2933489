"""The instances that DICOMweb offers: films whose bytes are here, each with the UIDs that it goes by.

A picture has no UIDs of its own, so they are made of its study and its bytes, and it is found by its study.
Trap: a DICOM file that lacks a UID is no instance that anyone could ask for; it is left out, and the pages
show it. Of two files of one SOP Instance UID in a study the first that came is the instance.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydicom import uid
from pydicom.dataset import Dataset
from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased, joinedload

from hilum.errors import UnreadableImage
from hilum.web.deidentify import Deidentification, deidentified, station_secret
from hilum.web.film_dicom import FilmIdentity, film_as_dicom, read_part10, wrapped
from hilum.web.problems import NotFound
from hilum.web.rights import Right
from hilum.web.visitor import Visitor
from hilum.worklist.station import Station
from hilum.worklist.tables import Film, Study

PICTURES = ("png", "jpeg")


@dataclass(frozen=True, slots=True)
class Instance:
    """A film as DICOMweb names it; `film.study` and its patient are loaded."""

    film: Film
    series_uid: str
    sop_instance_uid: str
    sop_class_uid: str

    @property
    def study(self) -> Study:
        return self.film.study

    @property
    def is_picture(self) -> bool:
        return self.film.file_format in PICTURES

    @property
    def modality(self) -> str:
        return "OT" if self.is_picture else self.film.modality

    @property
    def path_in_web(self) -> str:
        """Below /dicom-web."""
        return f"studies/{self.study.study_uid}/series/{self.series_uid}/instances/{self.sop_instance_uid}"


@dataclass(frozen=True, slots=True)
class Store:
    """The station's films to one visitor."""

    station: Station
    has_identity: bool

    @classmethod
    def of(cls, station: Station, visitor: Visitor) -> Store:
        return cls(station, has_identity=visitor.may(Right.SEE_IDENTITY))

    def deidentification(self) -> Deidentification:
        """How identity is taken from what this visitor gets."""
        return Deidentification(station_secret(self.station.settings.folder), keeps_uids=True)

    def path(self, instance: Instance) -> Path:
        return self.station.originals.path(instance.film.sha256)

    def file(self, instance: Instance) -> bytes:
        """The instance as a DICOM file, in its own transfer syntax.

        Raises:
            NotFound: its bytes are gone, or are no DICOM.
        """
        identity = FilmIdentity.of(instance.film, instance.study)
        try:
            return film_as_dicom(
                self.path(instance), identity,
                with_identity=self.has_identity, deidentification=self.deidentification(),
            )  # fmt: skip
        except (UnreadableImage, FileNotFoundError) as error:
            raise NotFound(f"instance {instance.film.id} cannot be given: {error}") from error

    def is_as_it_came(self, instance: Instance) -> bool:
        """Whether the original's own bytes may be given."""
        return self.has_identity and not instance.is_picture

    def dataset(self, instance: Instance, *, with_pixels: bool) -> Dataset:
        """The instance's elements.

        Raises:
            NotFound: its bytes are gone, or are no DICOM.
        """
        try:
            if instance.is_picture:
                identity = FilmIdentity.of(instance.film, instance.study)
                found: Dataset = wrapped(self.path(instance).read_bytes(), identity)
            else:
                found = read_part10(self.path(instance), with_pixels=with_pixels)
        except (UnreadableImage, FileNotFoundError) as error:
            raise NotFound(f"instance {instance.film.id} cannot be given: {error}") from error
        return found if self.has_identity else deidentified(found, self.deidentification())


def is_offered() -> ColumnElement[bool]:
    """A film that is an instance, in SQL; `Film` must be in the query."""
    earlier = aliased(Film)
    is_second = exists().where(
        earlier.study_id == Film.study_id,
        earlier.sop_instance_uid == Film.sop_instance_uid,
        earlier.removed_at.is_(None),
        earlier.id < Film.id,
    )
    is_named = and_(
        Film.file_format == "dicom",
        Film.series_uid.is_not(None),
        Film.sop_instance_uid.is_not(None),
        Film.sop_class_uid.is_not(None),
    )
    return and_(Film.removed_at.is_(None), or_(Film.file_format.in_(PICTURES), and_(is_named, ~is_second)))


def as_instance(film: Film) -> Instance:
    """Args: film: that `is_offered`, its study and patient loaded."""
    if film.file_format in PICTURES:
        identity = FilmIdentity.of(film, film.study)
        return Instance(
            film, identity.series_uid, identity.sop_instance_uid, uid.SecondaryCaptureImageStorage
        )
    assert film.series_uid is not None
    assert film.sop_instance_uid is not None
    assert film.sop_class_uid is not None
    return Instance(film, film.series_uid, film.sop_instance_uid, film.sop_class_uid)


def instances_of(
    session: Session, study_uid: str, series_uid: str | None = None, sop_instance_uid: str | None = None
) -> list[Instance]:
    """The instances of a study, a series, or the one; in the order that they came.

    Raises:
        NotFound: there is none.
    """
    films = session.scalars(
        select(Film)
        .join(Film.study)
        .where(Study.study_uid == study_uid, is_offered())
        .options(joinedload(Film.study).joinedload(Study.patient))
        .order_by(Film.id)
    ).all()
    found = [
        instance
        for instance in map(as_instance, films)
        if series_uid in (None, instance.series_uid) and sop_instance_uid in (None, instance.sop_instance_uid)
    ]
    if not found:
        raise NotFound("no such study, series, or instance is here")
    return found
