"""What an HTTP server's answer means for a delivery: RFC 9110 15."""

from __future__ import annotations

import httpx

from hilum.dicomnode.delivery.outcome import Fate, Outcome

# Time-out, too early, too many requests: RFC 9110 15.5.9, RFC 8470 5.2, RFC 6585 4. A missing right (401,
# 403) is mended by a person who changes a token, so it is tried again too.
PASSING = frozenset({401, 403, 408, 425, 429})
SERVERS_FAULT = 500


def refused(url: str, answer: httpx.Response) -> Outcome:
    """An answer that is not the one hoped for."""
    code = answer.status_code
    fate = Fate.AGAIN if code in PASSING or code >= SERVERS_FAULT else Fate.NEVER
    return Outcome(fate, f"{url} answers {code} {answer.reason_phrase}".rstrip())


def broken(url: str, error: httpx.HTTPError) -> Outcome:
    """No answer at all."""
    return Outcome(Fate.AGAIN, f"{url} does not answer ({type(error).__name__})")
