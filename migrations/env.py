"""Alembic's environment. The URL comes from whoever runs it, as `config.attributes["url"]` or `sqlalchemy.url`."""

import time

from alembic import context
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.schema import SchemaItem

from storage import tables_calendar  # noqa: F401 - its tables belong to the metadata
from storage.database import sqlalchemy_url
from storage.tables import metadata


def include(_item: SchemaItem, name: str | None, kind: str, _reflected: bool, _compared: SchemaItem | None) -> bool:
    """Procrastinate's tables are its own: laid by a migration, unknown to our metadata."""
    return not (kind == "table" and name is not None and name.startswith("procrastinate_"))


def run() -> None:
    """Migrate on a connection of its own."""
    url = context.config.attributes.get("url") or context.config.get_main_option("sqlalchemy.url")
    if not url:
        raise SystemExit("migrations run through `nightbell migrate`, which knows the database's URL")
    # Without a pool: one that kept the connection of a migration that failed would keep its lock, too.
    engine = create_engine(sqlalchemy_url(url), poolclass=NullPool)
    with engine.connect() as connection:
        # Several processes may start at once: the first migrates, the others wait and find nothing left to do.
        # Asked again and again, not waited for: whoever waits in a statement holds up an index made concurrently.
        while not connection.scalar(text("SELECT pg_try_advisory_lock(hashtext('nightbell migrations'))")):
            connection.commit()
            time.sleep(0.2)
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            include_object=include,
            compare_type=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
