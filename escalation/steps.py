"""The steps of a page's policy: the present one, those that are ahead, and whom each pages."""

from collections.abc import Iterator
from typing import Final

from escalation.draft import Draft, in_step
from escalation.page import Attempt, Page, Purpose
from escalation.policy import Means, Policy, PolicyStep

ROUNDS_APART: Final = 100
"""By how much the first round after a reopening lies behind that of the opening before; no policy has as many.

So no two rounds of a page have the same number, also where a policy with fewer rounds stands in for its own.
"""


def present(draft: Draft) -> PolicyStep:
    """The step that the page is in."""
    return draft.policy.steps[draft.page.step]


def people(draft: Draft) -> tuple[str, ...]:
    """Whom the present step pages: as resolved when it began, without who passed it on."""
    return tuple(member for member in all_people(draft) if member not in draft.page.passed)


def all_people(draft: Draft) -> tuple[str, ...]:
    """The same, with them."""
    until = draft.page.step_until
    return draft.targets(draft.page.step, draft.now if until is None else until - present(draft).wait)


def ahead(draft: Draft) -> Iterator[tuple[int, int]]:
    """The rounds and steps still to come since the page was opened, or was opened again."""
    page, steps = draft.page, len(draft.policy.steps)
    for count in range(page.round, _first_round(page, draft.policy) + draft.policy.rounds):
        for index in range(page.step + 1 if count == page.round else 0, steps):
            yield count, index


def is_call_of_present(draft: Draft, attempt: Attempt) -> bool:
    """Whether it is a call that the present step made."""
    return attempt.purpose is Purpose.PAGE and attempt.means is Means.CALL and in_step(draft.page, attempt)


def titled(draft: Draft) -> str:
    """What people call the present step, counting from 1."""
    count = draft.page.round - _first_round(draft.page, draft.policy)
    return f"Step {draft.page.step + 1} of {len(draft.policy.steps)}, round {count + 1}"


def first_round_again(page: Page) -> int:
    """The round with which the page begins when it is opened once more."""
    return (page.reopened + 1) * ROUNDS_APART


def _first_round(page: Page, policy: Policy) -> int:
    """That with which it began when it was opened last."""
    first = page.reopened * ROUNDS_APART
    # Those of a page that an earlier version opened again lie as many apart as its policy has.
    return first if page.round >= first else page.reopened * policy.rounds
