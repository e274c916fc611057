"""From a document to the plan that calls are decided by."""

from collections.abc import Iterable

import phonenumbers
from whenever import TimeDelta, Weekday

from escalation.policy import Ring
from ivr.flow import Flow, Text, Voice
from routing.hours import PracticeHolidays
from routing.opening import After, ExceptionDay, Hours, HoursKind, OfficeMinutes, Window
from routing.plan import grammar
from routing.plan.compile_calendar import compile_calendar
from routing.plan.compile_flow import compile_node, text
from routing.plan.compile_people import compile_escalation, target
from routing.plan.document import ANY_LINES, Document, RouteDoc
from routing.plan.document_people import CategoryDoc
from routing.plan.fields import CALLER_WORDS
from routing.plan.plan import CallerIs, Category, Destination, LinesAre, Operators, Plan, Route

VOICES = {"en-US": "Polly.Joanna-Neural", "es-US": "Polly.Lupe-Neural"}
"""The voices of languages that the document names without one."""
ADVICE = {
    "en": "If this is an emergency, hang up and dial 9 1 1.",
    "es": "Si es una emergencia, cuelgue y marque 9 1 1.",
}
"""The advice to dial 911 by primary language subtag."""
REOPEN_AFTER = TimeDelta(minutes=20)


def compile_plan(document: Document, version: int = 0) -> Plan:
    """The plan of a document.

    Never raises for a document that `read` gave. One with faults (`check`) makes a plan too, for looking at: what it
    refers to and does not have is left out or led to nowhere.
    """
    hours = compile_hours(document)
    return Plan(
        practice=document.practice,
        name=document.name,
        zone=document.timezone,
        numbers=tuple(document.numbers),
        caller_id=document.caller_id or document.numbers[0],
        hours=hours,
        destinations={name: _destination(document, name) for name in document.destinations},
        routes=tuple(_route(document, route) for route in document.routes),
        flow=compile_flow(document),
        escalation=compile_escalation(document, PracticeHolidays(hours), REOPEN_AFTER),
        categories={name: _category(name, written) for name, written in document.categories.items()},
        blocked=tuple(document.blocked),
        operators=_operators(document),
        calendar=compile_calendar(document),
        version=version,
    )


def _operators(document: Document) -> Operators:
    written = document.operators
    page = tuple(found for name in written.page if (found := target(document, name)) is not None)
    return Operators(page, tuple(written.sms), written.call, written.webhook or "")


def compile_hours(document: Document) -> Hours:
    """The opening hours; windows are sorted, and one that ends before it begins is dropped (a check tells of it)."""
    weekly: dict[Weekday, list[Window]] = {day: [] for day in Weekday}
    for days, windows in document.hours.weekly.items():
        for day in grammar.days(days):
            weekly[day] += windows
    holidays = document.hours.holidays
    return Hours(
        weekly={day: _in_order(windows) for day, windows in weekly.items()},
        country=holidays.country if holidays else None,
        subdivision=holidays.subdivision if holidays else None,
        open_on=frozenset(holidays.open_on) if holidays else frozenset(),
        exceptions={day.date: ExceptionDay(_in_order(day.open), day.name) for day in document.hours.exceptions},
    )


def _in_order(windows: Iterable[Window]) -> tuple[Window, ...]:
    return tuple(sorted(window for window in windows if window.start < window.end))


def _destination(document: Document, name: str) -> Destination:
    written = document.destinations[name]
    return Destination(
        name=name,
        numbers=tuple(written.numbers),
        ring=Ring(written.ring),
        ring_for=written.ring_for,
        lines=written.lines,
        screened=written.screened,
    )


def only_destination_with_lines(document: Document) -> str | None:
    """The one destination with `lines`, which `lines: busy` means; None when there is none or more than one."""
    counted = [name for name, destination in document.destinations.items() if destination.lines]
    return counted[0] if len(counted) == 1 else None


def _route(document: Document, written: RouteDoc) -> Route:
    when = written.when
    only = only_destination_with_lines(document) or ANY_LINES
    return Route(
        hours=frozenset(HoursKind(kind) for kind in when.hours) if when.hours else None,
        lines=tuple(LinesAre(only if name == ANY_LINES else name, how == "busy") for name, how in when.lines.items()),
        caller=_caller(when.caller) if when.caller else None,
        dialled=frozenset(when.dialled) if when.dialled else None,
        go=written.go,
        reject=written.reject,
    )


def _caller(rules: list[str]) -> CallerIs:
    return CallerIs(
        blocked="blocked" in rules,
        withheld="withheld" in rules or "unknown" in rules,
        prefixes=tuple(rule for rule in rules if rule not in CALLER_WORDS),
    )


def _category(name: str, written: CategoryDoc) -> Category:
    usual = After(600) if written.policy else OfficeMinutes(30)
    return Category(
        name=name,
        policy=written.policy,
        deadline=written.reach_within or usual,
        reopen_after=written.reopen_if_not_called_back or REOPEN_AFTER,
        page_on_hang_up=written.page_on_hang_up,
        escalate_to=written.escalate_to,
    )


def compile_flow(document: Document) -> Flow:
    """The call flow with its languages, advice and way to a person."""
    return Flow(
        nodes={name: compile_node(document, name) for name in document.flow},
        languages=tuple(Voice(tag, voice_of(document, tag) or "") for tag in document.languages),
        emergency=Text({tag: advice for tag in document.languages if (advice := advice_in(document, tag))}),
        person=person_of(document),
        name=document.name,
        region=_region(document),
    )


def voice_of(document: Document, language: str) -> str | None:
    """The voice of a language of the document, or its default; None when there is neither."""
    return document.languages[language].voice or VOICES.get(language)


def advice_in(document: Document, language: str) -> str | None:
    """The document's advice to dial 911 in a language, or the built-in one; None when there is neither."""
    given = text(document, document.emergency_advice).by_language.get(language)
    return given or ADVICE.get(language.split("-", 1)[0])


def person_of(document: Document) -> str:
    """Where 0 leads: as written, else the first connect, else the first menu's `otherwise`, else the first node."""
    if document.person:
        return document.person
    connects = (name for name, node in document.flow.items() if node.connect)
    menus = (menu.otherwise for node in document.flow.values() if (menu := node.menu or node.ask))
    return next(connects, None) or next(menus, None) or next(iter(document.flow))


def _region(document: Document) -> str:
    """The country of the practice's first number."""
    parsed = phonenumbers.parse(document.numbers[0])
    return phonenumbers.region_code_for_number(parsed) or "US"
