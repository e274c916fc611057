"""Bringing a database to the present schema."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from storage.database import sqlalchemy_url
from storage.errors import UnavailableError


def _config(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", "migrations:")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    """Run every migration that the database lacks. Safe to run again, and beside another that runs."""
    command.upgrade(_config(url), "head")


def check(url: str) -> None:
    """Raise alembic.util.CommandError when the tables of `storage.tables` and the migrations differ."""
    command.check(_config(url))


def make_revision(url: str, message: str) -> None:
    """Write a new migration from the difference, for a developer to read and mend."""
    command.revision(_config(url), message=message, autogenerate=True)


def is_current(url: str) -> bool:
    """True when no migration is missing. Raises UnavailableError."""
    head = ScriptDirectory.from_config(_config(url)).get_current_head()
    engine = create_engine(sqlalchemy_url(url), connect_args={"connect_timeout": 3})
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision() == head
    except OperationalError as error:
        raise UnavailableError("the database does not answer") from error
    finally:
        engine.dispose()
