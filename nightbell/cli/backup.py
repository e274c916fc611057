"""`backup` and `restore`."""

from pathlib import Path
from typing import Annotated

import typer

from nightbell.cli.console import stdout
from nightbell.composition import database_url
from nightbell.settings import load_settings
from storage.backup import back_up, pages_waiting, read
from storage.backup import restore as restore_backup
from storage.clock import read_clock


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(folder: Annotated[Path, typer.Argument(help="The folder to make; there must be none yet.")]) -> None:
    """Back up the database and the journal, while everything goes on. The encryption keys are not in it."""
    settings = load_settings()
    ring = settings.key_ring()
    back_up(database_url(settings), settings.data_dir, ring, folder, read_clock(settings.clock).now())
    stdout.print(f"Backed up into {folder}.", markup=False)
    stdout.print(
        f"Its keys ({', '.join(ring.ids)}) are not in it: keep NIGHTBELL_ENCRYPTION_KEYS elsewhere"
        f" (with the embedded database {settings.data_dir / 'encryption.key'}), or it opens nothing.",
        markup=False,
    )


def restore(folder: Annotated[Path, typer.Argument(help="A folder that `nightbell backup` made.")]) -> None:
    """Restore a backup into an empty database. Look at the open pages before you start a worker."""
    settings = load_settings()
    read(folder)  # before an embedded database is made for what may be no backup
    url = database_url(settings)
    about = restore_backup(url, settings.data_dir, settings.key_ring(), folder)
    stdout.print(
        f"Restored as it was at {about.made_at}. Next: nightbell migrate, nightbell audit, nightbell serve.",
        markup=False,
    )
    if waiting := pages_waiting(url):
        stdout.print(
            f"Pages that wait for a next step: {waiting}. A worker would go on with them: look at them before you start"
            " one (docs/operations.md).",
            markup=False,
        )
