"""What could not be written while the database failed, kept on disk, sealed, and written later.

One line per entry, appended and flushed to disk before the webhook is answered; every entry is keyed like a repeated
webhook, so that replaying one twice, or one that was written after all, does no harm.
"""

import base64
import fcntl
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, Final

import structlog

from storage.errors import UnavailableError
from storage.seal import KeyRing

FIELD: Final = "journal"

_log = structlog.get_logger(__name__)

Entry = dict[str, object]
Apply = Callable[[Entry], Awaitable[None]]


class Journal:
    """The journal of one process, in a folder that all processes of this machine share.

    `*.journal` is being written, `*.replaying` is being applied, `*.unreadable` waits for a person.
    """

    def __init__(self, folder: Path, ring: KeyRing) -> None:
        self._folder = folder
        self._ring = ring
        self._path = folder / f"{os.getpid()}.journal"

    def append(self, entry: Entry) -> None:
        """Keep the entry; it is on disk when this returns. Raises OSError."""
        line = base64.b64encode(self._ring.seal(FIELD, json.dumps(entry))) + b"\n"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._locked("append.lock"), self._path.open("a+b") as file:
            # What a full disk or a crash left of a line must not spoil the next one.
            file.write((b"\n" if _is_torn(file) else b"") + line)
            file.flush()
            os.fsync(file.fileno())

    def is_empty(self) -> bool:
        """True when nothing waits."""
        return not any(self._folder.glob("*.journal")) and not any(self._folder.glob("*.replaying"))

    @contextmanager
    def still(self) -> Iterator[None]:
        """Nobody writes it or replays it meanwhile: for a copy of the whole. Webhooks may wait for it, so be quick."""
        with ExitStack() as held:
            for name in ("replay.lock", "append.lock"):
                # Where there is none yet, nobody ever wrote. It is not made here: this may be another user, root.
                if (self._folder / name).exists():
                    fcntl.flock(held.enter_context((self._folder / name).open("rb")), fcntl.LOCK_EX)
            yield

    async def replay(self, apply: Apply) -> int:
        """Apply every entry, of processes that died too, in their order; how many there were.

        An entry that cannot be read or applied is kept in a file `*.unreadable` and logged. 0 while another process
        replays. Raises UnavailableError when the database fails again: what was not applied stays.
        """
        if self.is_empty():
            return 0
        done = 0
        with self._locked("replay.lock", wait=False) as mine:
            if not mine:
                return 0
            self._claim()
            for path in sorted(self._folder.glob("*.replaying")):
                done += await self._replay_file(path, apply)
        return done

    @contextmanager
    def _locked(self, name: str, *, wait: bool = True) -> Iterator[bool]:
        """Hold a lock that the processes of this machine share; it falls with its process. False: another holds it."""
        with (self._folder / name).open("wb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            yield True

    def _claim(self) -> None:
        """Take the journals that are there; what is written from now on goes into new ones."""
        with self._locked("append.lock"):
            for path in sorted(self._folder.glob("*.journal"), key=lambda path: path.stat().st_mtime_ns):
                # A name of its own, behind those that an earlier replay left: none may be written over.
                path.rename(path.with_name(f"{time.time_ns():020d}.{path.stem}.replaying"))

    async def _replay_file(self, path: Path, apply: Apply) -> int:
        # The files are small and local, and this runs beside calls only when a database failed a moment ago.
        lines = [line for line in path.read_bytes().splitlines(keepends=True) if line.strip()]  # noqa: ASYNC240
        for n, line in enumerate(lines):
            try:
                await apply(self._read(line))
            except UnavailableError:
                _rewrite(path, lines[n:])
                raise
            except Exception as error:  # noqa: BLE001 - one bad entry must not keep the others from being written
                _log.error("journal_entry_unreadable", file=path.name, line=n, error=type(error).__name__)
                self._set_aside(path, line)
        path.unlink()  # noqa: ASYNC240
        return len(lines)

    def _set_aside(self, path: Path, line: bytes) -> None:
        with path.with_suffix(".unreadable").open("ab") as file:
            file.write(line.rstrip(b"\n") + b"\n")

    def _read(self, line: bytes) -> Entry:
        entry = json.loads(self._ring.open(FIELD, base64.b64decode(line)))
        if not isinstance(entry, dict):
            raise TypeError("not an entry")
        return entry


def _is_torn(file: BinaryIO) -> bool:
    if not file.seek(0, os.SEEK_END):
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


def _rewrite(path: Path, lines: list[bytes]) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_bytes(b"".join(lines))
    fresh.replace(path)
