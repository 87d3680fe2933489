"""The triggers that make the audit trail append-only: the database itself refuses to change or remove a row.

Trap: SQLite's INSERT OR REPLACE removes a row without asking the triggers of DELETE, so an insert that takes
the number of another row is refused too. Whoever owns the database can drop the triggers; this is against
mistakes and against whoever has the program's rights alone.
"""

from __future__ import annotations

TABLE = "audit_event"
REASON = "the audit trail is append-only"

_SQLITE_WHEN = {
    "update": ("UPDATE", ""),
    "delete": ("DELETE", ""),
    "replace": ("INSERT", f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id)"),
}


def trigger_statements(dialect: str) -> tuple[str, ...]:
    """The SQL that makes the triggers.

    Args:
        dialect: "sqlite" or "postgresql".
    """
    if dialect == "sqlite":
        return tuple(
            f"CREATE TRIGGER {TABLE}_no_{name} BEFORE {event} ON {TABLE} {when} "
            f"BEGIN SELECT RAISE(ABORT, '{REASON}'); END"
            for name, (event, when) in _SQLITE_WHEN.items()
        )
    return (
        f"CREATE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{REASON}'; END $$",
        f"CREATE TRIGGER {TABLE}_no_change BEFORE UPDATE OR DELETE ON {TABLE} "
        f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()",
        f"CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_refuse()",
    )
