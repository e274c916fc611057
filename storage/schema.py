"""Which schema a database has, without the machinery that changes it."""

import re
from importlib.resources import files
from typing import Final

import psycopg

from storage.database import libpq_url
from storage.errors import StorageError, UnavailableError

_NAMED: Final = re.compile(r"v(\d{4})_\w+\.py")
_REVISION: Final = "SELECT version_num FROM alembic_version"


class UnknownSchemaError(StorageError):
    """The database is at a revision that is neither this program's nor a later one."""


def is_current(url: str) -> bool:
    """True when no migration is missing, also when the database is ahead.

    Raises UnavailableError, UnknownSchemaError.
    """
    known, found = revisions(), revision(url) or ""
    if found and found <= known[-1] and found not in known:
        raise UnknownSchemaError(
            f"the database is at the revision {found!r}, which Nightbell never had: is it its own?"
        )
    return found >= known[-1]


def revisions() -> list[str]:
    """This program's revisions, in order: numbers of four digits, by which their files are named."""
    named = (_NAMED.fullmatch(file.name) for file in files("migrations").joinpath("versions").iterdir())
    return sorted(match[1] for match in named if match)


def revision(url: str) -> str | None:
    """The database's revision. None before the first. Raises UnavailableError."""
    try:
        with psycopg.connect(libpq_url(url), connect_timeout=3, autocommit=True) as connection:
            row = connection.execute(_REVISION).fetchone()
    except psycopg.errors.UndefinedTable:
        return None
    except psycopg.OperationalError as error:
        raise UnavailableError("the database does not answer") from error
    return str(row[0]) if row is not None else None
