"""What changes by the hour, joined to a plan."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from whenever import Instant

from escalation.roster import Facts, Leave, Override, Shifts
from escalation.timeline import overlaid
from routing.opening import Closure
from routing.plan.calendar import Feed
from routing.plan.plan import Plan

Event = tuple[Instant, Instant, str]
"""An event of a calendar from elsewhere: from, until before, and the words that say who is meant."""
MOST_NAMES: Final = 20
"""That an event's words may join; a longer list is no shift, and told as unknown."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a plan. Overrides are in the order in which they were given.

    `calendars`: the events of the calendars from elsewhere, by the plan's name for each. `numbers`: what is known of
    E.164 numbers. `missing`: calendars that were to be fetched for this and could not be: what is wrong, what mends it.
    """

    closures: tuple[Closure, ...] = ()
    overrides: tuple[Override, ...] = ()
    leaves: tuple[Leave, ...] = ()
    calendars: Mapping[str, tuple[Event, ...]] = field(default_factory=dict)
    numbers: Mapping[str, Facts] = field(default_factory=dict)
    missing: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def with_beside(plan: Plan, beside: Beside) -> Plan:
    """The plan with this beside it, in place of what was."""
    roster = replace(
        plan.escalation.roster,
        overrides=beside.overrides,
        leaves=beside.leaves,
        calendars={name: shifts(feed, beside.calendars.get(name, ())) for name, feed in plan.calendar.feeds.items()},
        numbers=beside.numbers,
    )
    return replace(plan, closures=beside.closures, escalation=replace(plan.escalation, roster=roster))


def shifts(feed: Feed, events: Iterable[Event]) -> Shifts:
    """Who is on duty by these events: everybody whom their words mean; of those at once, the first event's first."""
    spans = [(start, end, member) for start, end, words in events for member in dict.fromkeys(people_in(feed, words))]
    return overlaid(spans, lambda members: tuple(dict.fromkeys(members)))


def people_in(feed: Feed, words: str) -> tuple[str, ...]:
    """The staff ids that an event's words mean: all of them as one name, or names joined by `,`, `;`, `/` or `&`."""
    whole = feed.names.get(_plain(words))
    if whole is not None:
        return (whole,)
    return tuple(member for part in parts_of(words) if (member := feed.names.get(part)) is not None)


def unknown_in(feed: Feed, words: str) -> tuple[str, ...]:
    """The parts of an event's words that mean nobody, as far as the plan says, and are not to be ignored."""
    if _plain(words) in feed.names or _plain(words) in feed.ignored:
        return ()
    parts = parts_of(words) or (_plain(words),)
    return tuple(part for part in parts if part not in feed.names and part not in feed.ignored)


def parts_of(words: str) -> tuple[str, ...]:
    """The names in an event's words, case-folded; words that would come to more than MOST_NAMES are one name."""
    joined = words
    for joint in (";", "/", "&"):
        joined = joined.replace(joint, ",")
    parts = tuple(part for raw in joined.split(",") if (part := _plain(raw)))
    return parts if len(parts) <= MOST_NAMES else (_plain(words),)


def _plain(words: str) -> str:
    return " ".join(words.split()).casefold()
