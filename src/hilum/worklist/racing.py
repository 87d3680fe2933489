"""Adding a row that another connection may be adding at the same moment.

Trap: a lock on a row that is not there yet locks nothing, so two senders of one new study both find none; the
database's unique key decides, and the one that lost reads what the other wrote.
"""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hilum.worklist.tables import Base


def add_once(session: Session, row: Base) -> bool:
    """Add a row; False, with nothing added, where one of its unique key is there already.

    Args:
        session: a writing one.
        row: whose other constraints hold, as a row that breaks one would be taken for a known one.
    """
    try:
        with session.begin_nested():
            session.add(row)
            session.flush()
    except IntegrityError:
        return False
    return True
