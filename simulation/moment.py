"""A transaction as the promises look at it, and how one of them is said to be broken."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from whenever import Instant

from escalation.effects import Advance
from escalation.events import Event
from escalation.page import Attempt, Page
from simulation.store import Row
from simulation.world import World


class BrokenError(Exception):
    """A promise that did not hold: its name, its text, and what was seen."""

    def __init__(self, promise: Callable[..., Any], seen: str) -> None:
        self.promise = promise.__name__
        text = (promise.__doc__ or "").strip().partition("\n")[0]
        super().__init__(f"{self.promise}: {text} Seen: {seen}")


@dataclass(frozen=True, slots=True)
class Moment:
    """A transaction that is about to be committed. `clock`: what its process takes for the time."""

    world: World
    row: Row
    before: Page
    event: Event
    result: Advance
    clock: Instant

    @property
    def page(self) -> Page:
        """The page after it."""
        return self.result.page

    @property
    def new(self) -> tuple[Attempt, ...]:
        """The attempts that it begins."""
        return self.page.attempts[len(self.before.attempts) :]

    @property
    def is_by_another(self) -> bool:
        """Whether its own plan cannot be read any more, and the page goes on by steps and rounds that are not its."""
        return self.world.version.policies != self.world.plans[0].policies

    @property
    def is_rescheduled(self) -> bool:
        """Whether nothing but its `due` changed, as it may when the page goes on by another plan than its own."""
        page, before = self.page, self.before
        return self.is_by_another and page == replace(before, due=page.due, version=page.version)

    def changed(self) -> list[tuple[Attempt, Attempt]]:
        """The attempts that it changes: as they were, and as they are."""
        pairs = zip(self.before.attempts, self.page.attempts, strict=False)
        return [(old, new) for old, new in pairs if old is not new]
