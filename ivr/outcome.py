"""The one outcome of a call, from what was noted during it. Pure."""

from collections.abc import Collection
from enum import StrEnum

from ivr.inputs import NoteKind


class Outcome(StrEnum):
    """DESIGN section 1: every inbound call ends in exactly one of these."""

    CONNECTED = "connected"
    TRANSFERRED = "transferred"
    MESSAGE_TAKEN = "message taken"
    CALLBACK_QUEUED = "call-back queued"
    INFORMED = "informed"
    TOLD_911 = "told to dial 911"
    REJECTED = "rejected"
    ABANDONED = "abandoned"


def outcome(
    notes: Collection[NoteKind], *, rejected: bool, bridged: bool, transferred: bool, page_open: bool
) -> Outcome:
    """The furthest that the call came.

    `bridged`: a clinician talked to the caller. `transferred`: a destination picked up. `page_open`: a page stands
    for the caller (who will be called back), whether it was opened while holding or because they hung up.
    """
    reached = (
        (rejected, Outcome.REJECTED),
        (bridged, Outcome.CONNECTED),
        (transferred, Outcome.TRANSFERRED),
        (page_open, Outcome.CALLBACK_QUEUED),
        (NoteKind.MESSAGE_DONE in notes, Outcome.MESSAGE_TAKEN),
        (NoteKind.CALLBACK_DONE in notes, Outcome.CALLBACK_QUEUED),
        (NoteKind.TOLD_911 in notes, Outcome.TOLD_911),
        (NoteKind.INFORMED in notes or NoteKind.CALLED_IN in notes, Outcome.INFORMED),
    )
    return next((result for holds, result in reached if holds), Outcome.ABANDONED)
