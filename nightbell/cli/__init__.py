"""The command line. Each command is in the module of its subject."""

import asyncio
import os
import sys

import typer

from nightbell.cli import (
    alerts,
    backup,
    burden,
    calendar,
    calls,
    demo,
    doctor,
    fallback,
    feeds,
    keys,
    looking,
    messages,
    overrides,
    pins,
    plans,
    probe,
    report,
    running,
    swaps,
    telephone,
    time_off,
    twilio,
)
from nightbell.cli.console import Stop, stderr
from nightbell.settings import SettingsError
from storage.clock import ClockSettingError
from storage.errors import StorageError, UnavailableError

app = typer.Typer(
    name="nightbell",
    help="An IVR and call-routing server for medical practices.",
    no_args_is_help=True,
    add_completion=False,
    # Its tracebacks can show local variables, which hold secrets and numbers.
    pretty_exceptions_enable=False,
)

for module in (
    running, plans, looking, calendar, burden, overrides, swaps, time_off, feeds, calls, report, messages, telephone,
    pins, alerts,
    keys, twilio, fallback, doctor, probe, backup, demo,
):  # fmt: skip
    module.register(app)


def main() -> None:
    """Run a command. What a person can mend is said in one line, with exit status 1."""
    try:
        app()
    except UnavailableError as error:
        stderr.print(
            f"nightbell: the database does not answer ({error}). Is it running, and is NIGHTBELL_DATABASE_URL right?",
            style="red", highlight=False, markup=False,
        )  # fmt: skip
        sys.exit(1)
    except (SettingsError, ClockSettingError, StorageError, Stop) as error:
        stderr.print(f"nightbell: {error}", style="red", highlight=False, markup=False)
        sys.exit(1)
    except OSError as error:
        if isinstance(error, BrokenPipeError):  # `nightbell calls --csv | head`: who read has enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        stderr.print(f"nightbell: {error}", style="red", highlight=False, markup=False)
        sys.exit(1)
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.exit(130)
