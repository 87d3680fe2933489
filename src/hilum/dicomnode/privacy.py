"""What pynetdicom, pydicom, and the threads they run say in the log: that, never what was in the bytes.

Their messages quote values, among them patients' names. Here they are cut to where and what kind; warnings of
pydicom, which quote too, are dropped.
"""

from __future__ import annotations

import logging
import threading
import traceback
import warnings
from pathlib import Path

from pynetdicom import _config

log = logging.getLogger(__name__)

LIBRARIES = ("pynetdicom", "pydicom")


class WithoutValues(logging.Handler):
    """Passes on of a library's record its place and its exception's kind, and no word of its text."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line to our own log."""
        raised = record.msg if isinstance(record.msg, BaseException) else (record.exc_info or (None, None))[1]
        kind = "" if raised is None else f" ({type(raised).__name__})"
        log.info("%s, line %d%s", record.name, record.lineno, kind)


def keep_values_out_of_logs() -> None:
    """Set up the libraries' logs for a process that runs a node."""
    _config.LOG_HANDLER_LEVEL = "none"  # of associations and messages
    _config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False
    for name in LIBRARIES:
        library = logging.getLogger(name)
        library.handlers = [WithoutValues(logging.WARNING)]
        library.propagate = False
        library.setLevel(logging.WARNING)
    warnings.simplefilter("ignore", UserWarning)
    threading.excepthook = _log_kind


def frames(error: BaseException) -> str:
    """An exception as its kind and where it was raised, without its text, which may quote a header."""
    places = (
        f"{Path(frame.filename).name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)
    )
    return f"{type(error).__name__} at {' > '.join(places)}"


def _log_kind(raised: threading.ExceptHookArgs) -> None:
    name = raised.thread.name if raised.thread is not None else "?"
    log.error("a thread ended (%s): %s", name, raised.exc_type.__name__)
