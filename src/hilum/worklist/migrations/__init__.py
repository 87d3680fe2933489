"""Alembic's folder: the steps from one release's tables to the next, run by `hilum.worklist.migrating`.

Trap: a step is written once and never follows the code, so it names plain SQL types. To write it anew from
the tables: `python scripts/write_migration.py`.
"""
