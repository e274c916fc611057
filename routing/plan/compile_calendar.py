"""From the document's calendar to what is done with it besides asking who is on call."""

from routing.plan.calendar import CalendarRules, Feed, Pay, ShiftStart
from routing.plan.document import Document
from routing.plan.document_calendar import CalendarDoc, PayDoc, ScheduleDoc


def compile_calendar(document: Document) -> CalendarRules:
    """What the plan asks of its calendar."""
    limits = document.limits
    return CalendarRules(
        feeds={name: _feed(document, written) for name, written in document.calendars.items()},
        starts={name: _start(written) for name, written in document.schedules.items()},
        nights_in_a_row=limits.nights_in_a_row,
        rest_hours=limits.rest_hours,
        verified_only=limits.verified_only,
        warn_days=limits.warn_days,
        swaps_approved=document.swaps.approve,
        pay=_pay(document.pay) if document.pay else None,
    )


def _feed(document: Document, doc: CalendarDoc) -> Feed:
    """Who is meant by an event: whom the plan's names say, and every id and whole name that is one person's."""
    known = {word: members[0] for word, members in staff_words(document).items() if len(members) == 1}
    names = known | {word.casefold(): member for word, member in doc.names.items()}
    ignored = frozenset(word.casefold() for word in doc.ignore)
    return Feed(doc.url, names, ignored, doc.refresh, doc.stale_after)


def staff_words(document: Document) -> dict[str, list[str]]:
    """The ids and whole names of the staff, case-folded, each with the staff ids that it may mean."""
    found: dict[str, dict[str, None]] = {}
    for member in document.staff:
        for word in (member.id, member.name):
            found.setdefault(word.casefold(), {})[member.id] = None
    return {word: list(members) for word, members in found.items()}


def _start(doc: ScheduleDoc) -> ShiftStart:
    ahead = tuple(sorted(set(doc.tell), reverse=True))
    return ShiftStart(ahead, doc.confirm.within if doc.confirm else None)


def _pay(doc: PayDoc) -> Pay:
    night = doc.hour if doc.night_hour is None else doc.night_hour
    weekend = doc.hour if doc.weekend_hour is None else doc.weekend_hour
    holiday = weekend if doc.holiday_hour is None else doc.holiday_hour
    return Pay(doc.currency, doc.hour, night, weekend, holiday, doc.page, dict(doc.schedules))
