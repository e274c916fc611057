"""Cursors: where a list goes on, signed, so that one that was not given by us, or for another list, is refused."""

import base64
import binascii
import hmac
import json
from typing import Final, cast

from api.problems import Problem, Where
from storage.seal import KeyRing

_MARK: Final = 16
"""Bytes of the signature."""


def write_cursor(ring: KeyRing, about: str, position: list[str]) -> str:
    """A cursor for the list `about` (its path and filters), which goes on behind the position."""
    payload = json.dumps(position).encode()
    return base64.urlsafe_b64encode(ring.index(_signed(about, payload)) + payload).decode().rstrip("=")


def read_cursor(ring: KeyRing, about: str, cursor: str) -> list[str]:
    """The position. Raises Problem 400."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    mark, payload = raw[:_MARK], raw[_MARK:]
    try:
        marks = ring.indexes(_signed(about, payload))
    except UnicodeDecodeError:
        marks = []
    if not any(hmac.compare_digest(mark, own) for own in marks):
        mend = "Give `next` of an answer as it is, with the same filters, or leave it out to begin anew."
        raise Problem(
            400, "The cursor is not one of this list.", [Where(parameter="cursor", detail="not known", mend=mend)]
        )
    return cast("list[str]", json.loads(payload))


def _signed(about: str, payload: bytes) -> str:
    return f"cursor\0{about}\0{payload.decode()}"
