"""The steps of the database: they make what tables.py says, once, and refuse what is not theirs."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from hilum.errors import DatabaseRefused
from hilum.worklist.database import Database, database_url
from hilum.worklist.migrating import check_tables, migrate
from hilum.worklist.tables import Base


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """An empty database of each kind."""
    if request.param == "sqlite":
        database = Database(database_url(tmp_path))
        yield database
        database.close()
        return
    server = request.getfixturevalue("postgres")
    name = server.make_database()
    database = Database(database_url(tmp_path, server.url(name)))
    yield database
    database.close()
    server.drop_database(name)


def test_the_steps_make_what_the_tables_say(empty):
    """Columns, types, keys, and indexes are those of tables.py; run scripts/write_migration.py where not."""
    migrate(empty)

    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_every_index_of_the_tables_is_there(empty):
    """Alembic passes over some indexes when it compares, so their names are held beside each other."""
    migrate(empty)
    wanted = {index.name for table in Base.metadata.tables.values() for index in table.indexes}

    found = inspect(empty.engine)
    assert wanted <= {index["name"] for table in Base.metadata.tables for index in found.get_indexes(table)}


def test_migrating_twice_changes_nothing(empty):
    """A station that starts again finds its tables."""
    migrate(empty)
    migrate(empty)

    check_tables(empty)


def test_an_empty_database_is_told(empty):
    """A worker that starts before the tables are made says so."""
    with pytest.raises(DatabaseRefused, match="hilum station migrate"):
        check_tables(empty)


def test_a_newer_database_is_refused(empty):
    """Tables that a later Hilum wrote are left alone."""
    migrate(empty)
    with empty.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(DatabaseRefused, match="newer Hilum"):
        migrate(empty)


def test_another_program_s_database_is_refused(empty):
    """A database with tables of something else is not written to."""
    with empty.writing() as session:
        session.execute(text("CREATE TABLE orders (id INTEGER)"))

    with pytest.raises(DatabaseRefused, match="not Hilum's"):
        migrate(empty)
    assert inspect(empty.engine).get_table_names() == ["orders"]


def test_a_database_that_does_not_answer_is_told_without_its_password(tmp_path):
    """The message names the place and no secret."""
    database = Database(database_url(tmp_path, "postgresql://hilum:secret@127.0.0.1:1/hilum"))

    with pytest.raises(DatabaseRefused, match="cannot be used") as told:
        migrate(database)
    assert "secret" not in str(told.value)


def test_two_programs_may_migrate_at_once(empty):
    """A web server and a node that start together do not trip over each other."""
    import threading

    failures = []

    def run() -> None:
        database = Database(empty.url)
        try:
            migrate(database)
        except Exception as error:
            failures.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    check_tables(empty)
