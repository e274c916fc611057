"""The opening hours: windows, exceptions, holidays."""

from collections.abc import Iterator
from typing import Final

from holidays import list_supported_countries
from whenever import Date, Weekday

from routing.hours import holidays_of
from routing.opening import NextOfficeDay, OfficeMinutes, Window
from routing.plan import grammar
from routing.plan.checks.subject import Subject
from routing.plan.faults import Finding, Path, did_you_mean

_MEND_REVERSED: Final = 'Let it end at "24:00", and add the hours after midnight to the next day.'


def hours(subject: Subject) -> Iterator[Finding]:
    """Windows end after they begin, and do not overlap."""
    taken: dict[Weekday, list[Window]] = {day: [] for day in Weekday}
    for days, windows in subject.document.hours.weekly.items():
        yield from _reversed(("hours", "weekly", days), windows)
        at: Path = ("hours", "weekly", days)
        told: dict[Path, Finding] = {}
        for day in sorted(grammar.days(days), key=lambda day: day.value):
            for finding in _overlaps(at, windows, taken[day], day.name.capitalize()):
                told.setdefault(finding.at, finding)
            taken[day] += windows
        yield from told.values()
    for i, exception in enumerate(subject.document.hours.exceptions):
        at = ("hours", "exceptions", str(i), "open")
        yield from _reversed(at, exception.open)
        yield from _overlaps(at, exception.open, [], exception.name)


def _reversed(at: Path, windows: list[Window]) -> Iterator[Finding]:
    for i, window in enumerate(windows):
        if window.end <= window.start:
            yield Finding((*at, str(i)), f"{window} ends before it begins", _MEND_REVERSED)


def _overlaps(at: Path, windows: list[Window], before: list[Window], day: str) -> Iterator[Finding]:
    for i, window in enumerate(windows):
        for other in (*before, *windows[:i]):
            if window.start < other.end and other.start < window.end:
                yield Finding((*at, str(i)), f"{window} overlaps {other} on {day}", "Join the two, or part them.")


def exceptions(subject: Subject) -> Iterator[Finding]:
    """A date has one exception."""
    seen: set[Date] = set()
    for i, exception in enumerate(subject.document.hours.exceptions):
        if exception.date in seen:
            at = ("hours", "exceptions", str(i), "date")
            yield Finding(at, f"{exception.date} is listed twice", "Keep one of the two.")
        seen.add(exception.date)


def holidays(subject: Subject) -> Iterator[Finding]:
    """The country, its subdivision and the holidays named are known."""
    written = subject.document.hours.holidays
    if written is None:
        return
    known = list_supported_countries()
    at = ("hours", "holidays")
    if written.country not in known:
        mend = f"{did_you_mean(written.country, known)} Write its two letters, such as US."
        yield Finding((*at, "country"), f"the holidays of `{written.country}` are not known", mend)
    elif written.subdivision and written.subdivision not in known[written.country]:
        fault = f"`{written.subdivision}` is not a part of {written.country} whose holidays are known"
        yield Finding((*at, "subdivision"), fault, did_you_mean(written.subdivision, known[written.country]))
    else:
        yield from _open_on(subject, (*at, "open_on"))


def _open_on(subject: Subject, at: Path) -> Iterator[Finding]:
    compiled = subject.plan.hours
    year = subject.now.to_tz(subject.plan.zone).year
    days = [holidays_of(compiled.country, compiled.subdivision, y) for y in (year, year + 1)]
    known = {name for found in days for joined in found.values() for name in (joined, *joined.split("; "))}
    written = subject.document.hours.holidays
    for i, name in enumerate(written.open_on if written else ()):
        if name not in known:
            yield Finding((*at, str(i)), f"`{name}` is not a holiday there", did_you_mean(name, known))


def office_time(subject: Subject) -> Iterator[Finding]:
    """Deadlines in office time need an office that opens."""
    if any(subject.plan.hours.weekly.values()):
        return
    for name, category in subject.plan.categories.items():
        if isinstance(category.deadline, OfficeMinutes | NextOfficeDay):
            at = ("categories", name, "reach_within")
            yield Finding(at, "the practice never opens, so this is never due", 'Write a time such as "12 hours".')
