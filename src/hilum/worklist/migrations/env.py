"""What Alembic runs for every migration, on the connection and in the transaction that `migrating` opened."""

from __future__ import annotations

from alembic import context

from hilum.worklist.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transaction_per_migration=False,
)
context.run_migrations()
