"""A running node as tests see it: what came to it, and how to call it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.presentation import build_context
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from hilum.dicomnode.scp import Scp
from hilum.worklist.station import Station
from hilum.worklist.tables import Film, Study

CR = build_context(ComputedRadiographyImageStorage, [ExplicitVRLittleEndian])


@dataclass
class Node:
    """A running node and what came to it."""

    scp: Scp
    station: Station

    @property
    def port(self) -> int:
        return self.scp.port

    def films(self) -> list[Film]:
        with self.station.database.reading() as session:
            return list(session.scalars(select(Film).order_by(Film.id)).all())

    def studies(self) -> list[Study]:
        loaded = selectinload(Study.films), selectinload(Study.patient)
        chosen = select(Study).order_by(Study.id).options(*loaded)
        with self.station.database.reading() as session:
            return list(session.scalars(chosen).all())

    def arriving(self) -> list[Path]:
        return list((self.station.originals.folder / "arriving").iterdir())

    @contextmanager
    def called(
        self, *contexts, ae_title: str = "CR1", called: str = "HILUM", **options
    ) -> Iterator[Association]:
        """An association with the node, released at the end if it is still there."""
        entity = AE(ae_title=ae_title)
        entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = 10
        offered = list(contexts) or [CR]
        link = entity.associate("127.0.0.1", self.port, contexts=offered, ae_title=called, **options)
        try:
            yield link
        finally:
            if link.is_established:
                link.release()
            if link.dul.socket is not None and link.dul.socket.socket is not None:
                link.dul.socket.socket.close()  # pynetdicom leaves one open that the other side shut

    def send(self, *datasets: Dataset, **options) -> list[Dataset]:
        """The statuses of films sent by one association."""
        contexts = {(film.SOPClassUID, film.file_meta.TransferSyntaxUID): None for film in datasets}
        with self.called(*(build_context(*pair) for pair in contexts), **options) as link:
            return [link.send_c_store(film) for film in datasets]


def codes(statuses: Sequence[Dataset]) -> list[int | None]:
    """The numbers of statuses; None where there was no answer."""
    return [status.get("Status") for status in statuses]
