"""The windows of closures and overrides: what both have, and what both may not be."""

from enum import StrEnum

from pydantic import ConfigDict
from whenever import Instant

from api.fields import Line, Moment, Sent, Told
from api.problems import Problem
from escalation.window import window as checked_window
from storage.beside import Record


class Window(Sent):
    """From `starts_at` until before `ends_at`."""

    starts_at: Moment | None = None
    """Now if left out; may have passed, as long as the end has not."""
    ends_at: Moment
    reason: Line
    """For people, and spoken of in decisions: nothing about patients."""


class WindowState(StrEnum):
    """Where a window stands."""

    UPCOMING = "upcoming"
    ACTIVE = "active"
    OVER = "over"
    ENDED = "ended"
    """It was taken back before it was over."""


class Kept(Told):
    """A window that is kept beside the plan."""

    model_config = ConfigDict(extra="forbid")

    id: int
    state: WindowState
    starts_at: Moment
    ends_at: Moment
    author: str
    """The name of the key that made it."""
    reason: str
    ended_at: Moment | None
    """When it was taken back, if it was."""
    ended_by: str | None


def told(record: Record, now: Instant) -> dict[str, object]:
    """The fields of `Kept`."""
    return {
        "id": record.id,
        "state": _state(record, now),
        "starts_at": record.start,
        "ends_at": record.end,
        "author": record.author,
        "reason": record.reason,
        "ended_at": record.ended_at,
        "ended_by": record.ended_by,
    }


def _state(record: Record, now: Instant) -> WindowState:
    if record.ended_at is not None:
        return WindowState.ENDED
    if record.end <= now:
        return WindowState.OVER
    return WindowState.UPCOMING if now < record.start else WindowState.ACTIVE


def bounds(window: Window, now: Instant) -> tuple[Instant, Instant]:
    """Start and end. Raises RefusedError for a window that is reversed, over, or too long."""
    return checked_window(window.starts_at, window.ends_at, now)


def overlap(other: Record) -> Problem:
    """Another record counts in the same time."""
    span = f"{other.start.format_iso()} to {other.end.format_iso()}"
    return Problem(
        409,
        f"It overlaps with {other.id}, from {span}: end that one first, or choose another window. Nothing was changed.",
    )


def not_to_be_ended(found: Record | None) -> Problem:
    """Why the record could not be taken back."""
    if found is None:
        return Problem(404, "There is no such record.")
    return Problem(409, "It is over, or was ended before.")
