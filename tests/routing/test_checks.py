"""Each check, by a minimal mutation of the sample that makes exactly its fault."""

# ruff: noqa: E501 - a case is one line, to be read as a table
from collections.abc import Callable

import pytest
from whenever import Instant

from routing.plan import Beside, PlanFaults, publishable
from routing.plan.checks import CHECKS, STRUCTURAL

Edit = Callable[..., str]
LONG = "word " * 60
CALENDAR = "calendars: {hospital: {url: 'https://calendar.example.org/oncall.ics'}}\nrotations:\n"
FETCHED = Beside(calendars={"hospital": ()})
CASES = [
    ("unknown-target", "flow.night.menu.otherwise", "`urgent`", ("otherwise: urgent # silence", "otherwise: urgnet # silence")),
    ("unknown-target", "routes.3.go", "`night`", ("{go: night} # closed", "{go: nihgt} # closed")),
    ("unknown-target", "person", "`urgent`", ("person: urgent #", "person: urgentt #")),
    ("unknown-target", "flow.day.transfer.no_answer", "`overflow`", ("no_answer: overflow", "no_answer: overfow")),
    ("unknown-name", "policies.urgent.last_resort.transfer", "`answering_service`", ("transfer: answering_service", "transfer: answering_servise")),
    ("unknown-name", "flow.callback.message.category", "`callback`", ("category: callback", "category: calback")),
    ("unknown-name", "rotations.nurses.members.0", "`ruiz`", ("members: [ruiz,", "members: [ruizz,")),
    ("unknown-name", "schedules.backup.layers.0.rotation", "`physicians`", ("{rotation: physicians, shifted", "{rotation: fysicians, shifted")),
    ("unknown-name", "policies.urgent.steps.3.page.0", "`physicians`", ("page: [physicians]", "page: [physician]")),
    ("unknown-name", "categories.callback.escalate_to", "`urgent`", ("escalate_to: urgent", "escalate_to: urgently")),
    ("unknown-name", "flow.hold_desk.queue.for", "`front_desk`", ("for: front_desk", "for: front_dask")),
    ("unknown-language", "flow.goodbye.hang_up.say.fr-FR", "languages", ('        es-US: "Gracias por', '        fr-FR: Merci.\n        es-US: "Gracias por')),
    ("ambiguous-name", "schedules.chen", "another name", ("  backup:\n", "  chen: {layers: [physicians]}\n  backup:\n")),
    ("connect-policy", "flow.urgent.connect", "`policy: <name>`", ("connect: {policy: urgent, ", "connect: {"), ("  urgent: {policy: urgent, reach", "  urgent: {reach")),
    ("unreachable-node", "flow.lost", "Lead to it", ("  goodbye:\n", "  lost: {hang_up: {say: {en-US: Bye.}}}\n  goodbye:\n")),
    ("trap", "flow.overflow.menu.otherwise", "person or a message", ("otherwise: callback\n  overflow_es", "otherwise: overflow\n  overflow_es")),
    ("no-end", "flow.day.transfer.no_answer", "goodbye", ("no_answer: overflow", "no_answer: day")),
    ("missing-language", "flow.goodbye.hang_up.say", "es-US", ('        es-US: "Gracias por llamar a Maple Pediatrics. Adiós."\n', "")),
    ("missing-language", "flow.night_es.menu.keys.1.say", "es-US", ('{es-US: "Para hablar ahora con un médico"}', '{en-US: "To talk to a doctor now"}')),
    ("language", "languages.fr-FR", "English or Spanish", ("  es-US: {voice: Polly.Lupe-Neural}\n", "  es-US: {voice: Polly.Lupe-Neural}\n  fr-FR: {voice: Polly.Lea-Neural}\n"), ("emergency_advice:\n", "emergency_advice:\n  fr-FR: \"En cas d'urgence, raccrochez et composez le 9 1 1.\"\n")),
    ("voice", "languages.es-MX", "Polly", ("  es-US: {voice: Polly.Lupe-Neural}\n", "  es-US: {voice: Polly.Lupe-Neural}\n  es-MX:\n")),
    ("emergency-advice", "emergency_advice.es-US", "9 1 1", ('  es-US: "Si es una emergencia, cuelgue y marque 9 1 1."', '  es-US: "Si es una emergencia, cuelgue."')),
    ("emergency-advice", "emergency_advice.en-US", "within 10 s", ('  en-US: "If this is', '  en-US: "Please listen with care to what we are going to tell you now, since it matters a great deal to us and to you. If this is')),
    ("emergency-advice", "flow.survey.survey.say.en-US", "beginning", ("how easy was this call? Press", "how easy was this call for you and for your family, all in all and looking back, now that it is over? For emergencies dial 9 1 1. Press")),
    ("long-prompt", "flow.refill_message.message.say", "Say less", ("We will answer your", LONG)),
    ("long-prompt", "flow.overflow.menu.say", "fewer choices", ("All of us are helping other", "Thank you for your patience with us. All of us here at the practice are busy and are just now helping many other")),
    ("too-many-options", "flow.overflow.menu.keys", "at most 5", ('        3: {say: {en-US: "To wait on the line"}', '        5: {say: {en-US: "A"}, go: info}\n        6: {say: {en-US: "B"}, go: info}\n        3: {say: {en-US: "To wait on the line"}')),
    ("empty-policy", "policies.quiet.steps", "Add a step", ("policies:\n  urgent:\n", "policies:\n  quiet: {steps: [], last_resort: {alert: operators}}\n  urgent:\n")),
    ("last-resort", "policies.urgent.last_resort", "alert: operators", ("    last_resort: {transfer: answering_service, alert: operators}\n", "")),
    ("last-resort", "policies.urgent.last_resort", "alert: operators", ("{transfer: answering_service, alert: operators}", "{}")),
    ("unreachable-staff", "staff.3", "voice", (', voice: ["+16175550124"], sms: "+16175550124"}', "}")),
    ("repeated-staff", "staff.4.id", "own id", ("rotations:\n", '  - {id: ruiz, name: Nina Ruiz, voice: ["+16175550129"]}\nrotations:\n')),
    ("rotation", "rotations.physicians", "weekday", ("shift: 1 week", "shift: 1 day")),
    ("rotation", "rotations.nurses", "at least one", ("members: [ruiz, chen]", "members: []")),
    ("rotation", "rotations.physicians", "List each once", ("members: [chen, osei, patel]", "members: [chen, osei, chen]")),
    ("rotation", "rotations.physicians.from", "`{day: last, at: ...}`", ('shift: 1 week, handoff: {day: mon, at: "08:00"}, from: 2026-01-05', 'shift: 1 month, handoff: "08:00", from: 2025-12-31')),
    ("rotation", "rotations.physicians", "Order the changes", ("members: [chen, osei, patel],", "members: [chen, osei, patel], changes: [{from: 2026-12-01, members: [osei]}, {from: 2026-11-01, members: [patel]}],")),
    ("layer-windows", "schedules.primary.layers.0.only", "Join", ('only: {mon-fri: ["19:00-07:00"]}', 'only: {mon-fri: ["19:00-07:00"], sat: ["06:00-09:00"]}')),
    ("layer-windows", "schedules.primary.layers.0.only", "part them", ('only: {mon-fri: ["19:00-07:00"]}', 'only: {mon-fri: ["19:00-07:00"], sun: ["22:00-08:00"], mon: ["07:30-09:00"]}')),
    ("layer-windows", "schedules.primary.layers.0.only", "part them", ('only: {mon-fri: ["19:00-07:00"]}', 'only: {sat: ["08:00-08:00"], sun: ["07:00-09:00"]}')),
    ("quiet-hours", "staff.3.quiet", "Join", ("name: Nina Ruiz RN,", 'name: Nina Ruiz RN, quiet: {daily: "22:00-07:00", sun: "06:00-08:00"},')),
    ("quiet-hours", "staff.3.quiet", "time off", ("name: Nina Ruiz RN,", 'name: Nina Ruiz RN, quiet: {fri: "18:00-00:00", sat: "00:00-24:00", sun: "00:00-20:00"},')),
    ("coverage-hole", "policies.urgent.steps", "Add a step or a layer", ('handoff: {day: mon, at: "08:00"}, from: 2026-01-05', 'handoff: {day: mon, at: "08:00"}, from: 2026-11-23'), ("page: [physicians]", "page: backup")),
    ("calendar-feed", "calendars.hospital.url", "network", ("rotations:\n", 'calendars: {hospital: {url: "https://calendar.example.org/oncall.ics"}}\nrotations:\n')),
    ("calendar-words", "calendars.hospital.names", "`dr. ana chen: chen`", ("rotations:\n", '  - {id: chan, name: Dr. Ana Chen, voice: ["+16175550129"]}\n' + CALENDAR)),
    ("calendar-words", "calendars.hospital.names", "`chen: chen`", ("rotations:\n", '  - {id: chan, name: Chen, voice: ["+16175550129"]}\n' + CALENDAR)),
    ("calendar-words", "calendars.hospital.names.night md", "one of them", ("rotations:\n", CALENDAR.replace("{url", "{names: {Night MD: chen, night md: osei}, url"))),
    ("calendar-words", "calendars.hospital.ignore", "Take it out", ("rotations:\n", CALENDAR.replace("{url", "{names: {Night: chen}, ignore: [Night], url"))),
    ("caller-id", "caller_id", "waive", ('caller_id: "+16175550100"', 'caller_id: "+16175550101"')),
    ("repeated-number", "destinations.front_desk.numbers.1", "one of the two", ('"+16175550112"', '"+16175550111"')),
    ("repeated-number", "staff.2", "their own", ('["+16175550123"]', '["+16175550122"]')),
    ("reserved", "destinations.answering_service.numbers.0", "another id", ("practice: maple-pediatrics", "practice: nightbell-probe"), ("+18885550199", "+18885550299")),
    ("loop", "destinations.front_desk.numbers.0", "behind it", ('"+16175550111"', '"+16175550100"')),
    ("loop", "staff.1.voice.1", "behind it", ('"+16175550132"', '"+16175550100"')),
    ("unknown-name", "operators.page.1", "`backup`", ('operators: {sms: ["+16175550190"]}', "operators: {page: [primary, backupp]}")),
    ("operators-webhook", "operators.webhook", "https://", ('operators: {sms: ["+16175550190"]}', 'operators: {webhook: "http://alerts.example.org/nightbell"}')),
    ("operators-webhook", "operators.webhook", "public address", ('operators: {sms: ["+16175550190"]}', 'operators: {webhook: "https://10.1.2.3/nightbell"}')),
    ("operators-webhook", "operators.webhook", "public address", ('operators: {sms: ["+16175550190"]}', 'operators: {webhook: "https://[::1]:8443/nightbell"}')),
    ("operators-webhook", "operators.webhook", "public address", ('operators: {sms: ["+16175550190"]}', 'operators: {webhook: "https://localhost/nightbell"}')),
    ("hours", "hours.weekly.sat.0", "24:00", ('sat: ["09:00-12:00"]', 'sat: ["12:00-09:00"]')),
    ("hours", "hours.weekly.mon-fri.1", "Join", ('"13:00-17:00"]', '"11:00-17:00"]')),
    ("hours", "hours.weekly.monday.0", "Join", ('    sat: ["09', '    monday: ["16:00-18:00"]\n    sat: ["09')),
    ("exceptions", "hours.exceptions.1.date", "one of the two", ("2026-12-31", "2026-12-24")),
    ("holidays", "hours.holidays.country", "two letters", ("country: US", "country: USX")),
    ("holidays", "hours.holidays.subdivision", "`MA`", ("subdivision: MA", "subdivision: MMA")),
    ("holidays", "hours.holidays.open_on.0", "`Columbus Day`", ("subdivision: MA}", "subdivision: MA, open_on: Colombus Day}")),
    ("catch-all", "routes.3", "without `when`", ("{go: night} # closed", "{when: {hours: [closed, holiday]}, go: night} # closed")),
    ("dead-route", "routes.2", "Move it up", ("  - {when: {hours: open, lines: busy}", "  - {when: {hours: open, lines: free, caller: withheld}, go: day}\n  - {when: {hours: open, lines: busy}")),
    ("dialled", "routes.1.when.dialled.0", "numbers", ("{hours: open, lines: free}", '{hours: open, lines: free, dialled: "+16175550101"}')),
    ("lines", "routes.2.when.lines.answering_service", "lines: 2", ("lines: busy}", "lines: {answering_service: busy}}")),
]  # fmt: skip


def _faults(text: str, now: Instant, check: str = "") -> list[tuple[str, str, str]]:
    try:
        publishable(text, now, beside=FETCHED if check == "calendar-words" else Beside())
    except PlanFaults as found:
        return [(fault.check, fault.path, fault.mend) for fault in found.faults]
    return []


def test_the_sample_passes_every_check_without_a_waiver(sample: str, sunday: Instant) -> None:
    made = publishable(sample, sunday, version=3)
    assert made.waived == ()
    assert made.document.waivers == []
    assert made.plan.version == 3


@pytest.mark.parametrize(("check", "path", "mend", "edits"), [(c, p, m, e) for c, p, m, *e in CASES])
def test_a_mutation_makes_exactly_its_fault(check, path, mend, edits, edit: Edit, sunday: Instant) -> None:
    found = _faults(edit(*edits), sunday, check)
    assert [(c, p) for c, p, _ in found] == [(check, path)]
    assert mend in found[0][2]


@pytest.mark.parametrize("check", sorted(CHECKS))
def test_every_check_has_a_mutation(check: str) -> None:
    assert check in {case[0] for case in CASES} | {"office-time", "calendar-names", "exceptions-beside"}


@pytest.mark.parametrize(
    ("check", "path", "mend", "edits"), [(c, p, m, e) for c, p, m, *e in CASES if c not in STRUCTURAL]
)
def test_a_waiver_accepts_the_fault_and_records_why(check, path, mend, edits, edit: Edit, sunday: Instant) -> None:
    del mend
    waivers = f"\nwaivers: [{{check: {check}, at: {path}, because: agreed in October}}]\n"
    text = edit(*edits) + waivers
    made = publishable(text, sunday, beside=FETCHED if check == "calendar-words" else Beside())
    assert [(w.fault.check, w.fault.path, w.because) for w in made.waived] == [(check, path, "agreed in October")]


def test_a_waiver_elsewhere_accepts_nothing(edit: Edit, sunday: Instant) -> None:
    text = edit(("no_answer: overflow", "no_answer: day"))
    waivers = "\nwaivers: [{check: no-end, at: flow.d, because: so it is}]\n"
    assert [c for c, _, _ in _faults(text + waivers, sunday)] == ["no-end"]


@pytest.mark.parametrize("check", ["unknown-target", "no-such-check", "rotation"])
def test_what_a_plan_cannot_work_without_is_not_waived(check: str, sample: str, sunday: Instant) -> None:
    found = _faults(f"{sample}\nwaivers: [{{check: {check}, because: so it is}}]\n", sunday)
    assert [(c, p) for c, p, _ in found] == [("waivers", "waivers.0.check")]


def test_a_hole_is_told_with_its_exact_times_and_steps(edit: Edit, sunday: Instant) -> None:
    edits = next(case[3:] for case in CASES if case[0] == "coverage-hole")
    with pytest.raises(PlanFaults) as found:
        publishable(edit(*edits), sunday)
    (fault,) = found.value.faults
    assert fault.fault.startswith("from Sat 2026-11-21 19:00 to Mon 2026-11-23 08:00 nobody can be reached (step 1: ")
    assert fault.line


def test_office_time_needs_an_office_that_opens(sample: str, sunday: Instant) -> None:
    start, end = sample.index("    mon-fri: ["), sample.index("  holidays: {country")
    text = f"{sample[:start]}    mon-fri: []\n{sample[end:]}"
    assert [(c, p) for c, p, _ in _faults(text, sunday)] == [
        ("office-time", f"categories.{name}.reach_within") for name in ("refill", "appointment", "callback")
    ]


def test_every_fault_is_told_at_once_and_in_order(edit: Edit, sunday: Instant) -> None:
    text = edit(
        ("transfer: answering_service", "transfer: nobody"),
        ('caller_id: "+16175550100"', 'caller_id: "+16175550101"'),
        ("no_answer: overflow", "no_answer: day"),
        ('"13:00-17:00"]', '"11:00-17:00"]'),
    )  # fmt: skip
    assert [c for c, _, _ in _faults(text, sunday)] == ["caller-id", "hours", "no-end", "unknown-name"]
