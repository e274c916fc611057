"""Bringing a database to the present schema, while others may work on it.

A database may be ahead of the program: while servers are replaced one after the other, and after a way back to the
version before. Migrations only add (tests/storage/test_migrations.py), so that such a program goes on with it.

Alembic takes 10 MB: who only asks whether the schema is the present one asks `storage.schema`.
"""

import time
from typing import Final

from alembic import command
from alembic.config import Config
from psycopg.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError

from storage.errors import StorageError, UnavailableError
from storage.schema import is_current

TRIES: Final = 5
PAUSE: Final = 1.0
"""Real seconds between two tries, in which those go first who waited behind the one that gave up."""


class MigrationWaitsError(StorageError):
    """A migration gave up waiting for a lock. What was not done is as it was."""


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", "migrations:")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    """Run every migration that the database lacks; none when it is ahead.

    Safe to run again, and beside another that runs. Raises UnavailableError, MigrationWaitsError, UnknownSchemaError.
    """
    for last in (*[False] * (TRIES - 1), True):
        if is_current(url):
            return
        try:
            command.upgrade(_config(url), "head")
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise UnavailableError("the database broke off; what it had not finished was undone") from error
            if last:
                raise MigrationWaitsError(
                    "a migration gave up, so that no call waits behind it: somebody works on a table that it is to"
                    " change for long (a report, a dump?). Run `nightbell migrate` again when they are done"
                ) from error
            time.sleep(PAUSE)


def check(url: str) -> None:
    """Raise alembic.util.CommandError when the tables of `storage.tables` and the migrations differ."""
    command.check(_config(url))


def make_revision(url: str, message: str) -> None:
    """Write a new migration from the difference, for a developer to read and mend."""
    command.revision(_config(url), message=message, autogenerate=True)
