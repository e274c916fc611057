"""What could not be written while the database failed, kept on disk, sealed, and written later.

One line per entry, appended and flushed to disk before the webhook is answered; every entry is keyed like a repeated
webhook, so that replaying one twice, or one that was written after all, does no harm.
"""

import base64
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import structlog

from storage.errors import SealError, UnavailableError
from storage.seal import KeyRing

FIELD: Final = "journal"

_log = structlog.get_logger(__name__)

Entry = dict[str, object]
Apply = Callable[[Entry], Awaitable[None]]


class Journal:
    """The journal of one process, in a folder that all processes of this machine share."""

    def __init__(self, folder: Path, ring: KeyRing) -> None:
        self._folder = folder
        self._ring = ring
        self._path = folder / f"{os.getpid()}.journal"

    def append(self, entry: Entry) -> None:
        """Keep the entry; it is on disk when this returns. Raises OSError."""
        self._folder.mkdir(parents=True, exist_ok=True)
        line = base64.b64encode(self._ring.seal(FIELD, json.dumps(entry))) + b"\n"
        with self._path.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def is_empty(self) -> bool:
        """True when nothing waits."""
        return not any(self._folder.glob("*.journal"))

    async def replay(self, apply: Apply) -> int:
        """Apply every entry, of processes that died too, in their order; how many there were.

        An entry that cannot be read or applied is kept in a file `*.unreadable` and logged. Raises UnavailableError
        when the database fails again: what was not applied stays.
        """
        done = 0
        for path in sorted(self._folder.glob("*.journal")):
            claimed = path.with_suffix(".replaying")
            path.rename(claimed)
        for path in sorted(self._folder.glob("*.replaying")):
            done += await self._replay_file(path, apply)
        return done

    async def _replay_file(self, path: Path, apply: Apply) -> int:
        # The files are small and local, and this runs beside calls only when a database failed a moment ago.
        lines = path.read_bytes().splitlines(keepends=True)  # noqa: ASYNC240
        for n, line in enumerate(lines):
            try:
                await apply(self._read(line))
            except UnavailableError:
                path.write_bytes(b"".join(lines[n:]))  # noqa: ASYNC240
                raise
            except (SealError, ValueError, KeyError, TypeError) as error:
                _log.error("journal_entry_unreadable", file=path.name, line=n, error=type(error).__name__)
                self._set_aside(path, line)
        path.unlink()  # noqa: ASYNC240
        return len(lines)

    def _set_aside(self, path: Path, line: bytes) -> None:
        with path.with_suffix(".unreadable").open("ab") as file:
            file.write(line)

    def _read(self, line: bytes) -> Entry:
        entry = json.loads(self._ring.open(FIELD, base64.b64decode(line)))
        if not isinstance(entry, dict):
            raise TypeError("not an entry")
        return entry
