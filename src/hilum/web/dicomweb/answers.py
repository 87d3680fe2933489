"""What the answers of DICOMweb have in common: media types, addresses, and problems."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Request

from hilum.web.problems import WebProblem

DICOM_JSON = "application/dicom+json"
ROOT = "dicom-web"


class UnsupportedMediaType(WebProblem):
    """A body of a kind that is not taken."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    code = "unsupported-media-type"


class NotAcceptable(WebProblem):
    """None of what the client accepts can be given."""

    status = HTTPStatus.NOT_ACCEPTABLE
    code = "not-acceptable"


class BadQuery(WebProblem):
    """A query that cannot be understood; the message names the parameter."""

    code = "bad-query"


def base_url(request: Request) -> str:
    """The address of this station's DICOMweb, as the client calls it."""
    return f"{request.base_url}{ROOT}"
