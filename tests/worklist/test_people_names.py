"""How people are named where people read."""

from __future__ import annotations

import pytest

from hilum.worklist.people import named
from hilum.worklist.states import Role
from hilum.worklist.tables import Person


@pytest.mark.parametrize(
    ("name", "shown"), [("Dr Ada Okoye", "Dr Ada Okoye (ada)"), ("", "ada"), ("Ada", "Ada")]
)
def test_a_person_is_shown_by_name_and_login(station, name, shown):
    """The login tells two people of one name apart; alone without a name, and left out where it is one."""
    with station.database.writing() as session:
        session.add(Person(login="ada", name=name, role=Role.READER, created_at=station.now()))
    with station.database.reading() as session:
        people = named(session, ["ada", "worker-3"])

    assert (people["ada"], people["worker-3"]) == (shown, "worker-3")
