"""A backup: the database, and what a data folder keeps that is in no database. Another installation starts from it.

Made by PostgreSQL's own pg_dump, of the embedded package, so that nothing else has to be installed. Its folder has
`nightbell.dump`, `data.tar` (the journal; what the numbers had at Twilio before) and `backup.json`. The encryption keys
are in none of them; that those at hand are the right ones is proved by a value that was sealed for it.
"""

import base64
import json
import os
import subprocess
import tarfile
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, LiteralString

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from whenever import Instant

from storage.database import libpq_url
from storage.embedded import program
from storage.errors import SealError, StorageError, UnavailableError
from storage.journal import Journal
from storage.seal import KeyRing

DUMP: Final = "nightbell.dump"
FILES: Final = "data.tar"
ABOUT: Final = "backup.json"
BESIDE: Final = ("journal", "twilio-before.json")
"""What a data folder keeps that cannot be had again. Plans and fallback files are written anew."""
_FIELD: Final = "backup"


class BackupError(StorageError):
    """A backup cannot be made or restored. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class About:
    """What a backup says of itself. `keys`: the ids of the keys; `proof`: a value sealed under the first of them."""

    made_at: str
    keys: list[str]
    proof: str
    sums: dict[str, str]


def back_up(url: str, data: Path, ring: KeyRing, folder: Path, at: Instant) -> None:
    """Make the backup in a new folder, whole or not at all, while everything goes on. Raises BackupError, OSError."""
    if folder.exists():
        raise BackupError(f"{folder} is there already: a backup is never written over another")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as unfinished:
        made = Path(unfinished) / folder.name
        made.mkdir(mode=0o700)
        _pack(data, ring, made / FILES)
        _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={made / DUMP}")
        proof = base64.b64encode(ring.seal(_FIELD, _FIELD)).decode()
        about = About(at.format_iso(), list(ring.ids), proof, {name: _sum(made / name) for name in (DUMP, FILES)})
        (made / ABOUT).write_text(json.dumps(asdict(about), indent=2) + "\n", encoding="utf-8")
        made.rename(folder)


def _pack(data: Path, ring: KeyRing, to: Path) -> None:
    """Before the database is dumped: what is written to it meanwhile is in both, and is known when replayed."""
    with Journal(data / "journal", ring).still(), tarfile.open(to, "w") as files:
        for name in BESIDE:
            if (data / name).exists():
                files.add(data / name, name)


def restore(url: str, data: Path, ring: KeyRing, folder: Path) -> About:
    """Restore it into an empty database, and a data folder without a journal. Raises BackupError, OSError."""
    about = read(folder)
    _check_keys(about, ring)
    if _ask(url, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"):
        raise BackupError("the database is not empty; make a new one for the backup")
    if not Journal(data / "journal", ring).is_empty():
        raise BackupError(f"{data / 'journal'} keeps calls that no database has: start a server on it first")
    _run(url, "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges", folder / DUMP)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tarfile.open(folder / FILES) as files:
        files.extractall(data, filter="data")
    return about


def pages_waiting(url: str) -> int:
    """How many pages wait for a next step, with which a worker would go on."""
    return _ask(url, "SELECT count(*) FROM pages WHERE due IS NOT NULL")


def read(folder: Path) -> About:
    """What the backup says of itself. Raises BackupError: it is none, or is not as it was made."""
    try:
        about = About(**json.loads((folder / ABOUT).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise BackupError(f"{folder} is no backup: there is no {ABOUT} in it") from None
    except (ValueError, TypeError) as error:
        raise BackupError(f"{folder / ABOUT} cannot be read: {type(error).__name__}") from None
    for name, expected in about.sums.items():
        if not (folder / name).exists() or _sum(folder / name) != expected:
            raise BackupError(f"{folder / name} is not as it was made: take another copy of the backup")
    return about


def _check_keys(about: About, ring: KeyRing) -> None:
    mend = "put the keys of then into NIGHTBELL_ENCRYPTION_KEYS (an embedded database's: the file encryption.key)"
    missing = [key for key in about.keys if key not in ring.ids]
    if missing:
        raise BackupError(f"the backup is sealed with {', '.join(missing)}, which is not at hand; {mend}")
    try:
        ring.open(_FIELD, base64.b64decode(about.proof))
    except SealError:
        raise BackupError(
            f"a key has the right id, {about.keys[0]}, but is not the one of the backup; {mend}"
        ) from None


def _ask(url: str, query: LiteralString) -> int:
    """The number that the query asks for. Raises UnavailableError."""
    try:
        with psycopg.connect(libpq_url(url), connect_timeout=3) as connection:
            row = connection.execute(query).fetchone()
    except psycopg.OperationalError as error:
        raise UnavailableError("it cannot be connected to") from error
    return int(row[0]) if row else 0


def _run(url: str, name: str, *arguments: str | Path) -> None:
    """Run one of PostgreSQL's programs on the database; the password is not in its arguments, which all can read."""
    major = _ask(url, "SELECT current_setting('server_version_num')::int / 10000")
    told = {option: str(value) for option, value in conninfo_to_dict(libpq_url(url)).items()}
    password = told.pop("password", None)
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    command = [program(name, major), "--no-password", f"--dbname={make_conninfo(**told)}", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode:
        said = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[0]  # further lines may quote rows
        raise BackupError(said if said.startswith(name) else f"{name}: {said}")


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
