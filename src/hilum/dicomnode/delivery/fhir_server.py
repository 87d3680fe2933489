"""Sending a DiagnosticReport to a FHIR R4 server, by PUT under an id of our own, so that a re-send replaces.

Trap: a server may forbid clients to choose ids (405 or 422); that is a refusal, as a POST would multiply.
"""

from __future__ import annotations

from typing import Any

import httpx

from hilum.dicomnode.delivery.outcome import SENT, Outcome
from hilum.dicomnode.delivery.target import WebTarget
from hilum.dicomnode.delivery.web_answer import broken, refused


def put_resource(target: WebTarget, client: httpx.Client, resource: dict[str, Any]) -> Outcome:
    """Send one resource: FHIR R4 http.html#upsert.

    Args:
        target: the server's base.
        client: with its time-out and token.
        resource: with its `resourceType` and `id`.
    """
    url = f"{target.url}/{resource['resourceType']}/{resource['id']}"
    try:
        answer = client.put(
            url,
            json=resource,
            headers={"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"},
        )
    except httpx.HTTPError as error:
        return broken(target.url, error)
    return SENT if answer.status_code in (200, 201) else refused(target.url, answer)
