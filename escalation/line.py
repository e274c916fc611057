"""Pages that wait in line for somebody who is on the telephone: what lets the line go on."""

from escalation.page import Attempt, AttemptState, Page, PageState, Purpose
from escalation.policy import Means

_TALKS_OR_CANNOT = frozenset({AttemptState.ACCEPTED, AttemptState.PUT_OFF})


def freed(before: Page, after: Page) -> tuple[str, ...]:
    """For whom the line may go on: whose talk about the page is over, and who was rung again for it in vain."""
    had = on_the_line(before)
    talked = {had} if had is not None and had != on_the_line(after) else set()
    return tuple(sorted(talked | _rung_in_vain(before, after)))


def _rung_in_vain(before: Page, after: Page) -> set[str]:
    """Whose call, a second one to them in this step since they were free again, has ended: the next page has its turn.

    Not whose first one has: that of a hundred pages would wake each other without end.
    """
    if not before.is_queued:
        return set()
    pairs = zip(before.attempts, after.attempts, strict=False)
    ended = [new for old, new in pairs if new.is_final and not old.is_final and new.state not in _TALKS_OR_CANNOT]
    return {each.member for each in ended if each.member and _is_again(before, each)}


def _is_again(page: Page, attempt: Attempt) -> bool:
    key = (attempt.purpose, attempt.means, attempt.address, attempt.step, attempt.round)
    earlier = page.attempts[: attempt.number - 1]
    return key[:2] == (Purpose.PAGE, Means.CALL) and any(
        (a.purpose, a.means, a.address, a.step, a.round) == key for a in earlier
    )


def on_the_line(page: Page) -> str | None:
    """Who is on the telephone about the page, or is about to be: they have it, and not only by a text or the link."""
    has_leg = page.accepted_attempt is not None or page.apart is not None
    talks = page.state is PageState.BRIDGED or (page.state is PageState.ACCEPTED and has_leg)
    return page.accepted_by if talks else None
