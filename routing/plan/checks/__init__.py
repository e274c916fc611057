"""The checks that a plan passes before it is published. Each is a function from a Subject to its findings."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from routing.plan.checks import alerts, calendars, names, numbers, opening, people, rotas, routes, standing, ways, words
from routing.plan.checks.subject import Subject
from routing.plan.faults import Fault, Finding

Check = Callable[[Subject], Iterator[Finding]]

CHECKS: Final[Mapping[str, Check]] = {
    "unknown-target": names.unknown_target,
    "unknown-name": names.unknown_name,
    "unknown-language": names.unknown_language,
    "ambiguous-name": names.ambiguous_name,
    "connect-policy": names.connect_policy,
    "unreachable-node": ways.unreachable_node,
    "trap": ways.trap,
    "no-end": ways.no_end,
    "missing-language": words.missing_language,
    "language": words.language,
    "voice": words.voice,
    "emergency-advice": words.emergency_advice,
    "long-prompt": words.long_prompt,
    "too-many-options": words.too_many_options,
    "empty-policy": people.empty_policy,
    "last-resort": people.last_resort,
    "unreachable-staff": people.unreachable_staff,
    "repeated-staff": people.repeated_staff,
    "rotation": rotas.rotation,
    "layer-windows": rotas.layer_windows,
    "quiet-hours": rotas.quiet_hours,
    "coverage-hole": people.coverage_hole,
    "calendar-feed": calendars.calendar_feed,
    "calendar-names": calendars.calendar_names,
    "calendar-words": calendars.calendar_words,
    "exceptions-beside": standing.exceptions_beside,
    "caller-id": numbers.caller_id,
    "reserved": numbers.reserved,
    "repeated-number": numbers.repeated_number,
    "loop": numbers.loop,
    "operators-webhook": alerts.operators_webhook,
    "hours": opening.hours,
    "exceptions": opening.exceptions,
    "holidays": opening.holidays,
    "office-time": opening.office_time,
    "catch-all": routes.catch_all,
    "dead-route": routes.dead_route,
    "dialled": routes.dialled,
    "lines": routes.lines,
}
"""Every check by the name that faults and waivers call it."""

STRUCTURAL: Final = frozenset(
    {
        "unknown-target",
        "unknown-name",
        "unknown-language",
        "ambiguous-name",
        "connect-policy",
        "empty-policy",
        "repeated-staff",
        "reserved",
        "rotation",
        "voice",
        "lines",
        "holidays",
        "exceptions",
        "catch-all",
        "waivers",
    }
)
"""Checks that cannot be waived: a plan that fails them would not work as it is written."""


def findings(subject: Subject) -> Iterator[Fault]:
    """Every fault that the checks find, with its line."""
    source = subject.document.source
    for name, check in CHECKS.items():
        for finding in check(subject):
            path = ".".join(part for part in finding.at if part)  # a text without a language has an empty key
            yield Fault(path, finding.fault, finding.mend, name, source.place(finding.at)[1])
