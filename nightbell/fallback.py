"""The last resort as files, for a static host of its own that answers when this server is gone.

One file for each practice number, and one for the second provider's, where there is one. Their names cannot be guessed,
as they hold the staff's numbers, and say nothing.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

import structlog
from whenever import Instant

from nightbell.composition import Parts
from routing.last_words import last_words
from routing.plan import Plan
from storage.seal import KeyRing
from telephony.static import static_document
from webhooks.answer import voices
from webhooks.second_number import words_for_anybody

MANIFEST: Final = "manifest.json"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StaticFile:
    """One number's document. `names`: the newest key's first; the others are for URLs set before it came.

    `plan`: whose last resort it is; None for words that hold for every practice, which are right for ever.
    """

    plan: Plan | None
    number: str
    names: tuple[str, ...]
    text: str
    valid_until: Instant | None


def static_files(plans: Sequence[Plan], ring: KeyRing, now: Instant, second: str = "") -> list[StaticFile]:
    """What every practice's numbers are to give at `now`, and the second provider's number, where there is one.

    Nobody can ask there for whom a call to the latter is: it rings the last resort where there is one practice alone.
    """
    found = []
    for plan in plans:
        words = last_words(plan, now)
        text = static_document(words, voices(plan))
        found += [StaticFile(plan, number, names_of(ring, number), text, words.valid_until) for number in plan.numbers]
    return [*found, _of_second(plans, ring, now, second)] if second and plans else found


def _of_second(plans: Sequence[Plan], ring: KeyRing, now: Instant, number: str) -> StaticFile:
    names = names_of(ring, number)
    if len(plans) > 1:
        return StaticFile(None, number, names, words_for_anybody(), None)
    words = replace(last_words(plans[0], now), caller_id=number)  # an account shows only numbers of its own
    return StaticFile(plans[0], number, names, static_document(words, voices(plans[0])), words.valid_until)


def names_of(ring: KeyRing, number: str) -> tuple[str, ...]:
    """The file names under which the number's document may be."""
    return tuple(f"{mark.hex()}.xml" for mark in ring.indexes(f"nightbell fallback {number}"))


def url_of(base: str, ring: KeyRing, number: str) -> str:
    """Where Twilio finds the number's document on the static host."""
    return f"{base.rstrip('/')}/{names_of(ring, number)[0]}"


def write(folder: Path, files: Iterable[StaticFile], now: Instant) -> int:
    """Write what changed, each file whole or not at all; how many. Nothing is removed: a URL may still name it."""
    folder.mkdir(parents=True, exist_ok=True)
    files = list(files)
    wanted = {name: file.text for file in files for name in file.names}
    changed = [name for name, text in wanted.items() if read(folder / name) != text]
    for name in changed:
        replace_file(folder / name, wanted[name])
    manifest = _manifest(files)
    if changed or _known(folder / MANIFEST) != manifest:
        stamped = {"generated_at": now.format_iso(), "practices": manifest}
        replace_file(folder / MANIFEST, json.dumps(stamped, indent=2) + "\n")
    return len(changed)


def _manifest(files: list[StaticFile]) -> dict[str, dict[str, str | int]]:
    """Says how fresh the files are, and not what they are called: it may be published beside them."""
    return {
        file.plan.practice: {"version": file.plan.version, "valid_until": file.valid_until.format_iso()}
        for file in files
        if file.plan is not None and file.valid_until is not None
    }


def _known(path: Path) -> object:
    try:
        return json.loads(read(path) or "{}").get("practices")
    except (ValueError, AttributeError):
        return None


def read(path: Path) -> str | None:
    """The file's text; None when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def replace_file(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Put the text in place of the file, at once and for good. Raises OSError."""
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", encoding="utf-8", delete=False) as fresh:
        try:
            fresh.write(text)
            fresh.flush()
            os.fsync(fresh.fileno())
            Path(fresh.name).chmod(mode)
            Path(fresh.name).replace(path)
        except OSError:
            Path(fresh.name).unlink(missing_ok=True)
            raise


async def refresh(parts: Parts) -> int:
    """Bring the files of NIGHTBELL_FALLBACK_DIR up to date, where that is set; how many changed. Raises OSError."""
    folder = parts.settings.fallback_dir
    if folder is None:
        return 0
    now = parts.clock.now()
    files = static_files(parts.plans.all(), parts.ring, now, parts.settings.second_number)
    changed = write(folder, files, now)
    if changed:
        _log.info("fallback_refreshed", files=changed)
    return changed
