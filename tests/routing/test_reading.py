# ruff: noqa: E501 - a case is one line, to be read as a table
import json
from copy import deepcopy
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Date, Instant, Time, TimeDelta, Weekday

from escalation.policy import Escalation, Means, Ring, RingLimit, TargetKind
from ivr.flow import Connect, Menu, Transfer
from routing.opening import After, NextOfficeDay, OfficeMinutes
from routing.plan import Fault, Plan, PlanFaults, compile_plan, json_schema, publishable, read
from routing.plan.source import parse

NOW = Instant.from_utc(2026, 11, 22)


def faults(text: str) -> list[tuple[str, str, str, str]]:
    with pytest.raises(PlanFaults) as found:
        publishable(text, NOW)
    return [(f.check, f.path, f.fault, f.mend) for f in found.value.faults]


# ---- what is read -----------------------------------------------------------------------------------------------


def test_the_sample_compiles_to_what_it_says(maple: Plan) -> None:
    desk = maple.destinations["front_desk"]
    assert (desk.ring, desk.ring_for, desk.lines, desk.screened) == (Ring.ALL, TimeDelta(seconds=20), 2, False)
    night = maple.flow.nodes["night"]
    assert isinstance(night, Menu)
    assert [c.key for c in night.choices] == ["1", "2", "3", "4", "9"]
    assert maple.flow.person == "urgent"
    assert isinstance(maple.flow.nodes["urgent"], Connect)
    assert maple.flow.nodes["day"] == Transfer("day", "front_desk", "overflow", "overflow")
    assert maple.hours.exceptions[Date(2026, 12, 24)].name == "Christmas Eve"
    assert maple.blocked == ("+16175550166",)


def test_policies_and_categories_carry_their_numbers(maple: Plan) -> None:
    policy = maple.escalation.policies["urgent"]
    assert (policy.rounds, policy.ring_for, policy.reopen_after) == (3, TimeDelta(seconds=25), TimeDelta(minutes=20))
    assert policy.steps[0].by == (Means.CALL, Means.SMS)
    assert policy.steps[3].targets[0].kind is TargetKind.ROTATION
    assert policy.last_resort.numbers == ("+18885550199",)
    assert policy.last_resort.alert_operators
    deadlines = {name: category.deadline for name, category in maple.categories.items()}
    assert deadlines["urgent"] == After(600)
    assert deadlines["refill"] == NextOfficeDay(Time(12))
    assert deadlines["callback"] == OfficeMinutes(30)
    assert maple.categories["callback"].escalate_to == "urgent"


def test_rotations_hand_off_where_they_say(maple: Plan) -> None:
    rotations = maple.escalation.roster.rotations
    assert (rotations["physicians"].day, rotations["physicians"].at) == (Weekday.MONDAY, Time(8))
    assert (rotations["nurses"].day, rotations["nurses"].shift.hours) == (None, 12)


def test_json_says_the_same_as_yaml(sample: str, maple: Plan) -> None:
    text = json.dumps(parse(sample).data)
    assert compile_plan(read(text)) == maple


def test_short_forms(edit) -> None:
    text = edit(
        ("  en-US: {voice: Polly.Joanna-Neural}\n  es-US: {voice: Polly.Lupe-Neural}\n", "  en-US:\n  es-US:\n"),
        ('sat: ["09:00-12:00"]', 'sat: "09:00-12:00"'),
        ("shifted: 1}]", "shifted: 1}, physicians]"),
        ('handoff: {at: "19:00"}', 'handoff: "19:00"'),
        ("  goodbye:\n", "  bye: {hang_up: {say: Bye.}}\n  goodbye:\n"),
        ('numbers: ["+16175550100"]', 'numbers: "+1 (617) 555-0100"'),
    )
    plan = compile_plan(read(text))
    assert [v.voice for v in plan.flow.languages] == ["Polly.Joanna-Neural", "Polly.Lupe-Neural"]
    assert plan.flow.nodes["bye"].prompt.by_language == {"en-US": "Bye."}  # type: ignore[union-attr]
    assert plan.numbers == ("+16175550100",)


def test_quiet_hours_and_limits_as_they_are_written(edit) -> None:
    def escalation(*edits: tuple[str, str]) -> Escalation:
        return compile_plan(read(edit(*edits))).escalation

    nightly = escalation(("name: Nina Ruiz RN,", 'name: Nina Ruiz RN, quiet: "22:00-07:00",'))
    by_days = escalation(("name: Nina Ruiz RN,", 'name: Nina Ruiz RN, quiet: {daily: ["22:00-07:00"]},'))
    assert nightly.roster.members["ruiz"].quiet == by_days.roster.members["ruiz"].quiet
    assert nightly.roster.members["ruiz"].quiet[0].start == Time(22)
    assert (nightly.ring_limit, nightly.policies["urgent"].urgent) == (RingLimit(20, TimeDelta(hours=1)), True)
    assert escalation(("staff:\n", "limits: {rings: 6, rings_within: 30m}\nstaff:\n")).ring_limit == RingLimit(
        6, TimeDelta(minutes=30)
    )
    assert escalation(("staff:\n", "limits: {rings: null}\nstaff:\n")).ring_limit is None
    assert not escalation(("    repeat: 2\n", "    repeat: 2\n    urgent: false\n")).policies["urgent"].urgent


def test_anchors_are_copies_and_cannot_explode(edit) -> None:
    text = (
        edit(("[primary", "[primary"))
        if False
        else edit(("shift: 1 week", "shift: &w 1 week"), ("shift: 12 hours", "shift: *w"))
    )
    assert compile_plan(read(text)).escalation.roster.rotations["nurses"].shift.days == 7
    bomb = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 10))
    assert "too large" in faults(bomb)[0][2]


# ---- what is refused, and in which words ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "path", "fault", "mend"),
    [
        ('at: "19:00"', "at: 19:00", "rotations.nurses.handoff.at", "19:00 without quotes is read as a number", '"19:00"'),
        ("category: urgent, confirm", "category: on, confirm", "flow.urgent.connect.category", "on without quotes is read as true", '"on"'),
        ('numbers: ["+16175550100"]', "numbers: [+16175550100]", "numbers.0", "without quotes is read as a number", "quotes"),
        ("tries: 3\n      otherwise: urgent #", "tires: 3\n      otherwise: urgent #", "flow.night.menu.tires", "the key `tires` means nothing here", "`tries`"),
        ("record_reason: true", "record_reason: 7", "flow.urgent.connect.record_reason", '"7" stands where true or false should', "true or false"),
        ("lines: 2}", "lines: many}", "destinations.front_desk.lines", "whole number", "whole number"),
        ("lines: 2}", "lines: 0}", "destinations.front_desk.lines", "out of bounds", "at least 1"),
        ("      otherwise: callback\n  overflow_es", "  overflow_es", "flow.overflow.menu.otherwise", "`otherwise` is missing", "the node for silence"),
        ("2: refill_message}", "'*': refill_message}", "flow.refill.ask.keys.*", "`*` cannot be a choice", "digit"),
        ("2: refill_message}", "'#': refill_message}", "flow.refill.ask.keys.#", "`#` cannot be a choice", "digit"),
        ("2: refill_message}", "12: refill_message}", "flow.refill.ask.keys.12", "not a key of the telephone", "digit"),
        ("2: refill_message}", "1: refill_message}", "flow.refill.ask.keys.1", "`1` is given twice", "Keep one"),
        ("shift: 1 week", "shift: 1 weak", "rotations.physicians.shift", "not a duration", "1 week"),
        ("{hours: open, lines: free}", "{hours: opne, lines: free}", "routes.1.when.hours", '"opne" is not a choice', "`open`"),
        ("timezone: America/New_York", "timezone: America/New_Yorck", "timezone", "not a time zone", "IANA"),
        ("timezone: America/New_York", "timezone: america/new_york", "timezone", "not a time zone", "America/New_York"),
        ("timezone: America/New_York", "timezone: localtime", "timezone", "not a time zone", "IANA"),
        ("shift: 1 week", "shift: 410000 weeks", "rotations.physicians.shift", "longer than ten years", "1 week"),
        ("shift: 12 hours", "shift: 999999 hours", "rotations.nurses.shift", "longer than ten years", "1 week"),
        ('at: "08:00"}, from: 2026-01-05', 'at: "08:00"}, from: 0001-01-01', "rotations.physicians.from", "of another century", "2000 to 2099"),
        ('at: "08:00"}, from: 2026-01-05', 'at: "08:00"}, from: 9999-12-31', "rotations.physicians.from", "of another century", "2000 to 2099"),
        ('only: {mon-fri: ["19:00-07:00"]}', "only: {mon-fri: []}", "schedules.primary.layers.0.only.mon-fri", "nothing is listed", "at least 1"),
        ("shift: 1 week, handoff: {day: mon,", "shift: 1 month, handoff: {day: 0,", "rotations.physicians.handoff.day", "no month has a day 0", "1 to 28"),
        ("country: US", "kountry: US", "hours.holidays.country", "`country` is missing", "country"),
        ("reach_within: 10m", "reach_within: soon", "categories.urgent.reach_within", "not a deadline", "30 office minutes"),
        ("ring_for: 20s", "ring_for: 20h", "destinations.front_desk.ring_for", "out of bounds", "5s to 10m"),
        ('"+16175550112"', '"+1617555011"', "destinations.front_desk.numbers.1", "cannot be a telephone number", "country code"),
        ('"+16175550112"', '"+19005551234"', "destinations.front_desk.numbers.1", "premium-rate", "ordinary"),
        ('"+16175550112"', '"911"', "destinations.front_desk.numbers.1", "not a telephone number", "country code"),
        ("date: 2026-12-24", "date: 2026-02-30", "hours.exceptions.0.date", "not a date", "2026-12-24"),
        ('mon-fri: ["08', 'mon-fry: ["08', "hours.weekly.mon-fry", "not a day of the week", "mon"),
        ('sat: ["09:00-12:00"]', 'sat: ["9 to 12"]', "hours.weekly.sat.0", "not a window", "08:30-12:00"),
        ("{go: night} #", "{go: night, reject: busy} #", "routes.3", "both goes on and rejects", "either"),
        ("repeat: 2", "repeat: !!python/name:os.system 2", "policies.urgent.repeat", "the tag", "Take it away"),
        ("{go: night} #", "{} #", "routes.3", "leads nowhere", "either"),
        ("  goodbye:\n    hang_up:", "  goodbye:\n    queue: {for: front_desk, otherwise: callback}\n    hang_up:", "flow.goodbye", "queue and hang_up at once", "exactly one"),
        ('9: {say: {es-US: "Para español"}, language: es-US, go: night_es}', "9: {say: {}, go: night_es}", "flow.night.menu.keys.9.say", "nothing is listed", "at least 1"),
    ],
)  # fmt: skip
def test_a_fault_of_form_is_told_in_plain_words(edit, old, new, path, fault, mend) -> None:
    found = faults(edit((old, new)))
    assert path in [p for _, p, _, _ in found]
    told = next(f for f in found if f[1] == path)
    assert fault in told[2]
    assert mend in told[3]
    assert not any(jargon in " ".join(told).lower() for jargon in ("pydantic", "input should", "validat"))


def test_faults_of_form_do_not_hide_those_of_meaning(edit) -> None:
    text = edit(
        ('+16175550121"], sms', '+1617555"], sms'),  # Dr. Chen, to whom rotations refer
        ("no_answer: overflow", "no_answer: day"),
        ("{go: night} #", "{goo: night} #"),
        ("      then: survey", "      then: survy"),
        ('voice: ["+16175550124"]', 'voice: ["+16175550123"]'),
        ("otherwise: urgent\n\n  day", "otherwize: urgent\n\n  day"),
    )
    assert [(check, path) for check, path, _, _ in faults(text)] == [
        ("unknown-key", "routes.3.goo"),
        ("missing", "flow.night_es.menu.otherwise"),
        ("unknown-key", "flow.night_es.menu.otherwize"),
        ("no-end", "flow.day.transfer.no_answer"),
        ("unknown-target", "flow.appointment.message.then"),
        ("number", "staff.0.voice.0"),
        ("repeated-number", "staff.3"),
    ]


def test_faults_carry_lines(edit) -> None:
    text = edit(('at: "19:00"', "at: 19:00"))
    with pytest.raises(PlanFaults) as found:
        read(text)
    (fault,) = found.value.faults
    assert fault.line == next(i for i, line in enumerate(text.splitlines(), 1) if "at: 19:00" in line)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "just words",
        "{",
        "a: [",
        "a: 1\n---\nb: 2",
        "? [x]\n: y",
        "*x",
        "\x00",
        "practice: \ud800",
        "[" * 5000,
        '{"a":' * 5000,
        "- " * 3000 + "x",
    ],
)
def test_what_is_no_plan_at_all_is_told_so(text: str) -> None:
    assert faults(text)


# ---- nothing but PlanFaults -------------------------------------------------------------------------------------

ODD = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        10**30,
        1.5,
        "",
        "x",
        "on",
        "19:00",
        "\x00",
        "\ud800",
        "+1",
        "{x}",
        [],
        {},
        [[]],
        {"": None},
        ["a", 1],
        {"say": 1},
        "9" * 400,
        "24:00-24:00",
        "mon-",
        "99999 weeks",
    ]
).map(deepcopy)  # or what one example changes, the next one would get
ANY = st.recursive(
    ODD | st.text(max_size=8) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


def _mutate(data: st.DataObject, tree: Any) -> None:
    """Somewhere in the tree, take a value away or put an odd one in its place."""
    where = tree
    while True:
        key = data.draw(st.sampled_from(list(where) if isinstance(where, dict) else range(len(where))))
        inner = where[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 3)) == 0:
            break
        where = inner
    if data.draw(st.booleans()):
        del where[key]
    else:
        where[key] = data.draw(ANY)


@pytest.mark.parametrize("text", ['{"practice": "\\ud800"}', '{"\\ud800": 1}', '{"routes": [{"go": "a\\udc00"}]}'])
def test_half_a_character_is_a_fault_like_any_other(text: str) -> None:
    assert ("syntax", "half of a character is here") in [(check, fault) for check, _, fault, _ in faults(text)]


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_mutated_plan_is_published_or_refused(data: st.DataObject, sample: str) -> None:
    tree = parse(sample).data
    for _ in range(data.draw(st.integers(1, 3))):
        _mutate(data, tree)
    as_json = data.draw(st.booleans())
    text = json.dumps(tree, ensure_ascii=data.draw(st.booleans())) if as_json else yaml.safe_dump(tree, sort_keys=False)
    told: tuple[Fault, ...] | None = None
    try:
        publishable(text, NOW)
    except PlanFaults as found:
        told = found.faults
    assert told is None or (told and all(fault.mend and fault.fault for fault in told))


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60) | ANY.map(json.dumps) | ANY.map(lambda value: yaml.safe_dump({"practice": value})))
def test_any_text_is_a_plan_or_refused(text: str) -> None:
    with pytest.raises(PlanFaults):
        read(text)


# ---- the JSON Schema --------------------------------------------------------------------------------------------


def test_the_schema_describes_every_field() -> None:
    schema = json_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    bare = [
        f"{name}.{key}"
        for name, part in {**schema["$defs"], "Document": schema}.items()
        for key, field in part.get("properties", {}).items()
        if not field.get("description")
    ]
    assert bare == []
    assert "anyOf" in schema["properties"]["languages"]
