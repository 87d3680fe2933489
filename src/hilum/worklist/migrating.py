"""Bringing a database to this version's tables, and refusing one that another version has written.

Trap: two programs of one station may start at once, so the steps run in one transaction under a lock; both
databases undo tables with the transaction, so a step that fails leaves what was there before.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from hilum.errors import DatabaseRefused
from hilum.worklist.database import Database

_LOCK = 0x48696C756D  # PostgreSQL's advisory lock; "Hilum"


def migrate(database: Database) -> None:
    """Bring the tables to this version, in one transaction; nothing happens where they are.

    Raises:
        DatabaseRefused: it cannot be reached, or another version or another program wrote it.
    """
    try:
        with database.engine.connect() as connection:
            writing = connection.execution_options(is_writing=True)
            with writing.begin():
                _upgrade(writing)
    except DBAPIError as error:
        raise _unreachable(database, error) from error


def check_tables(database: Database) -> None:
    """Refuse a database whose tables are not this version's.

    Raises:
        DatabaseRefused: it cannot be reached, is older, newer, or empty.
    """
    try:
        with database.engine.connect() as connection:
            found = _revision(connection)
    except DBAPIError as error:
        raise _unreachable(database, error) from error
    newest = _scripts().get_current_head()
    if found != newest:
        raise DatabaseRefused(
            f"the database {_name(database)} is of another version ({found or 'empty'}, and this Hilum needs "
            f"{newest}); run `hilum station migrate`"
        )


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    found = _revision(connection)
    if found is None and inspect(connection).get_table_names():
        raise DatabaseRefused("the database holds tables that are not Hilum's; give it one of its own")
    config = _config()
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise DatabaseRefused(
            f"the database was written by a newer Hilum (its tables are {found}); install that version"
        ) from error


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    folder = str(Path(__file__).with_name("migrations"))
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _unreachable(database: Database, error: DBAPIError) -> DatabaseRefused:
    told = next(iter(str(error.orig).splitlines()), "no reason given")
    return DatabaseRefused(f"the database {_name(database)} cannot be used: {told}")


def _name(database: Database) -> str:
    return database.url.render_as_string(hide_password=True)
