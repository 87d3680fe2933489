"""All of DICOMweb under one path."""

from __future__ import annotations

from fastapi import APIRouter

from hilum.web.dicomweb import qido, rendered, stow, wado
from hilum.web.dicomweb.answers import ROOT

router = APIRouter(prefix=f"/{ROOT}", tags=["DICOMweb"], include_in_schema=False)
for part in (stow, qido, rendered, wado):  # the more particular paths before /studies/{study_uid}
    router.include_router(part.router)
