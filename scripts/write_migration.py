"""Write the one migration of the worklist anew from its tables: `python scripts/write_migration.py`.

Nothing is released, so one step holds all; after a release this script is to be replaced by Alembic's own
`revision --autogenerate`. Trap: types are written as plain SQL types, so that the step does not follow the
code.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext
from sqlalchemy import TypeDecorator, create_engine

from hilum.worklist.tables import Base

PLACE = Path(__file__).resolve().parents[1] / "src/hilum/worklist/migrations/versions/v0001_worklist.py"
HEAD = '''"""The worklist's tables and the audit trail's triggers; written by scripts/write_migration.py."""

import sqlalchemy as sa
from alembic import op

from hilum.worklist.append_only import trigger_statements

revision = "0001"
down_revision = None


def upgrade() -> None:
    """From nothing."""
'''
TAIL = """
    for statement in trigger_statements(op.get_bind().dialect.name):
        op.execute(statement)
"""


def render_type(kind: str, value: object, context: AutogenContext) -> str | bool:
    """A type of ours as the SQL type that it is kept as."""
    if kind != "type" or not isinstance(value, TypeDecorator):
        return False
    return f"sa.{value.impl!r}"


def main() -> None:
    """Write the step, formatted."""
    with create_engine("sqlite://").connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": Base.metadata})
        script = produce_migrations(context, Base.metadata)
    assert script.upgrade_ops is not None
    body = render_python_code(script.upgrade_ops, render_item=render_type)
    indented = "\n".join(
        line if line.startswith("    ") or not line else f"    {line}" for line in body.splitlines()
    )
    wanted = "\n".join(line for line in indented.splitlines() if "# ###" not in line)
    PLACE.write_text(HEAD + wanted.replace("\n\n\n", "\n") + TAIL, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(PLACE)], check=True)
    subprocess.run([sys.executable, "-m", "ruff", "check", "--fix", "--quiet", str(PLACE)], check=True)


if __name__ == "__main__":
    main()
