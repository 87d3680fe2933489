"""Write the one migration of the worklist anew from its tables: `python scripts/write_migration.py`.

Nothing is released, so one step holds all; after a release this script is to be replaced by Alembic's own
`revision --autogenerate`. Trap: types are written as plain SQL types, so that the step does not follow the
code.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.autogenerate.api import AutogenContext
from alembic.migration import MigrationContext
from alembic.operations.ops import CreateTableOp, MigrateOperation, UpgradeOps
from sqlalchemy import String, TypeDecorator, create_engine

from hilum.worklist.tables import Base, Code

PLACE = Path(__file__).resolve().parents[1] / "src/hilum/worklist/migrations/versions/v0001_worklist.py"
HEAD = '''"""The worklist's tables and the audit trail's triggers; written by scripts/write_migration.py."""

import sqlalchemy as sa
from alembic import op

from hilum.worklist.append_only import trigger_statements

revision = "0001"
down_revision = None


'''
UPGRADE = '''

def upgrade() -> None:
    """From nothing."""
'''
TRIGGERS = """    for statement in trigger_statements(op.get_bind().dialect.name):
        op.execute(statement)
"""


def render_type(kind: str, value: object, context: AutogenContext) -> str | bool:
    """A type of ours as the SQL type that it is kept as."""
    if kind != "type" or not isinstance(value, TypeDecorator):
        return False
    if isinstance(value, Code):
        return f"sa.{value.impl!r}.with_variant(sa.{String(value.length, collation='C')!r}, 'postgresql')"
    return f"sa.{value.impl!r}"


def steps_of(operations: Iterable[MigrateOperation]) -> Iterator[tuple[str, str]]:
    """A function for each table, and one for its indexes, so that none is too long to read: name and body."""
    for operation in operations:
        is_table = isinstance(operation, CreateTableOp)
        name = f"{'make' if is_table else 'index'}_{operation.table_name}"  # type: ignore[attr-defined]
        body = render_python_code(UpgradeOps([operation]), render_item=render_type)
        lines = [line for line in body.splitlines() if line.strip() and "# ###" not in line]
        yield f"_{name}", "\n".join(line if line.startswith("    ") else f"    {line}" for line in lines)


def main() -> None:
    """Write the step, formatted."""
    with create_engine("sqlite://").connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": Base.metadata})
        script = produce_migrations(context, Base.metadata)
    assert script.upgrade_ops is not None
    steps = list(steps_of(script.upgrade_ops.ops))
    functions = "".join(f"\n\ndef {name}() -> None:\n{body}\n" for name, body in steps)
    calls = "".join(f"    {name}()\n" for name, _ in steps)
    PLACE.write_text(HEAD + UPGRADE + calls + TRIGGERS + functions, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "--quiet", str(PLACE)], check=True)
    subprocess.run([sys.executable, "-m", "ruff", "check", "--fix", "--quiet", str(PLACE)], check=True)


if __name__ == "__main__":
    main()
