"""Pointing a practice's numbers at this server, and back at what they had: what changes, and what was there before."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from nightbell.fallback import replace_file
from storage.errors import StorageError
from telephony.errors import TwilioError
from telephony.gateway import Gateway
from telephony.owned import OwnedNumber
from webhooks.urls import RETRIES

KEPT: Final = "twilio-before.json"
_NO_OVERRIDES: Final = {"voice_application_sid": "", "trunk_sid": ""}


class KeptFileError(StorageError):
    """The file of what was before cannot be read. The message names it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A number's pointers before it was first connected, and as `connect` last set them."""

    sid: str
    before: dict[str, str]
    after: dict[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one number."""

    field: str
    before: str
    after: str


def wanted(origin: str, fallback: str, *, sms: bool) -> dict[str, str]:
    """The pointers of a number that this server answers. `fallback`: a URL on another host, or "" for this server's."""

    def at(path: str) -> str:
        return f"{origin.rstrip('/')}/twilio/{path}{RETRIES}"

    voice = {
        "voice_url": at("voice"),
        "voice_method": "POST",
        "voice_fallback_url": f"{fallback}{RETRIES}" if fallback else at("voice/fallback"),
        "voice_fallback_method": "POST",
        "status_callback": at("voice/status"),
        "status_callback_method": "POST",
        **_NO_OVERRIDES,
    }
    return voice | ({"sms_url": at("sms"), "sms_method": "POST", "sms_application_sid": ""} if sms else {})


def wanted_of_second(origin: str, fallback: str, *, sms: bool) -> dict[str, str]:
    """As `wanted`, of the second provider's number: who calls it is brought to their practice."""
    pointers = wanted(origin, fallback, sms=sms)
    return {field: value for field, value in pointers.items() if not field.startswith("status_callback")}


def changes(now: Mapping[str, str], then: Mapping[str, str]) -> list[Change]:
    """What is to be changed for the pointers to become as in `then`."""
    return [Change(field, now[field], value) for field, value in then.items() if now[field] != value]


def as_fields(found: list[Change]) -> dict[str, str]:
    """The changes as the REST API takes them."""
    return {change.field: change.after for change in found}


class Keeper:
    """The file in the data folder that says what numbers had before. Readable to its owner alone."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / KEPT

    def load(self) -> dict[str, Kept]:
        """By number. Raises KeptFileError."""
        try:
            stored = json.loads(self.path.read_text(encoding="utf-8"))
            return {number: Kept(**kept) for number, kept in stored.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise KeptFileError(
                f"{self.path} cannot be read ({type(error).__name__}); it keeps what your numbers had before: "
                "restore it from a copy, or move it away and set the numbers by hand"
            ) from None

    def store(self, kept: Mapping[str, Kept]) -> None:
        """Keep these, and no others. Raises OSError."""
        if not kept:
            self.path.unlink(missing_ok=True)
            return
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        text = json.dumps({number: asdict(each) for number, each in kept.items()}, indent=2)
        replace_file(self.path, text + "\n", mode=0o600)


async def connect(gateway: Gateway, keeper: Keeper, number: OwnedNumber, found: list[Change]) -> None:
    """Make the changes, having kept what was before. What was kept by an earlier one stays: that was before, too.

    Raises TwilioError, OSError, KeptFileError.
    """
    kept = keeper.load()
    earlier = kept.get(number.number)
    before = {change.field: change.before for change in found} | (earlier.before if earlier else {})
    after = (earlier.after if earlier else {}) | as_fields(found)
    keeper.store(kept | {number.number: Kept(number.sid, before, after)})
    await gateway.point_number(number.sid, as_fields(found))


@dataclass(frozen=True, slots=True)
class Restoring:
    """What would undo a connection. `foreign`: fields that somebody else has changed since; they are left alone."""

    back: list[Change]
    foreign: list[Change]


def restoring(now: Mapping[str, str], kept: Kept) -> Restoring:
    """What of the number's pointers is ours to set back."""
    apart = changes(now, kept.before)
    ours = [change for change in apart if now[change.field] == kept.after.get(change.field)]
    return Restoring(ours, [change for change in apart if change not in ours])


async def disconnect(gateway: Gateway, keeper: Keeper, number: OwnedNumber, back: list[Change]) -> None:
    """Set the fields back, and forget what was kept. Raises TwilioError, OSError, KeptFileError."""
    if back:
        await gateway.point_number(number.sid, as_fields(back))
    keeper.store({known: each for known, each in keeper.load().items() if known != number.number})


async def look_up(gateway: Gateway, numbers: tuple[str, ...]) -> dict[str, OwnedNumber | TwilioError | None]:
    """Each number as Twilio has it; None: not the account's; an error where Twilio did not say."""
    found: dict[str, OwnedNumber | TwilioError | None] = {}
    for number in numbers:
        try:
            found[number] = await gateway.find_number(number)
        except TwilioError as error:
            found[number] = error
    return found
