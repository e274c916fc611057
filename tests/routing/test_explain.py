"""The simulation is the live code: what it says is what a call would meet."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Instant, OffsetDateTime, Time, TimeDelta

from escalation.advance import advance
from escalation.events import Due, Opened
from escalation.oncall import targets
from escalation.page import CallerPresence, Page, PageState
from escalation.roster import ALL_DAY, DailyWindow
from ivr.actions import End, GatherKeys, HoldInLine, OpenPage, RecordVoice, RingDestination
from ivr.flow import Connect
from ivr.inputs import DialEnded, DialResult, Entered, Keys, QueueEnded, Recorded
from ivr.walk import begin, step
from routing.decide import Incoming, Load, decide
from routing.explain import SPOKEN, Call, explain
from routing.plan import Plan

NIGHT = OffsetDateTime.parse_iso("2026-11-22T02:10-05:00").to_instant()
DAY = OffsetDateTime.parse_iso("2026-11-23T10:00-05:00").to_instant()
PARENT = Incoming("+16175550100", "+16175550180")

HANDOFF = OffsetDateTime.parse_iso("2026-11-23T08:00-05:00").to_instant()
instants = st.one_of(
    st.integers(1_780_000_000, 1_860_000_000).map(Instant.from_timestamp),
    # Pages that go on over a handoff: later steps reach the next person.
    st.integers(-300, 0).map(lambda seconds: HANDOFF.add(seconds=seconds)),
)
pressed = st.lists(st.sampled_from([*"0123456789*#", "", "6175550180", "05042019"]), max_size=8).map(tuple)
callers = st.sampled_from([None, "+16175550180", "+16175550166"])


def live(plan: Plan, call: Call, load: Load, now: Instant) -> tuple[str, str, list[str]]:
    """How the shells would carry the call: the node at which it ends, by which action, and who would be paged."""
    decision = decide(plan, call.incoming, load, now)
    if decision.go is None:
        return "", f"reject {decision.reject}", []
    keys = iter(call.keys)
    today = now.to_tz(plan.zone).date()
    taken = step(plan.flow, begin(plan.flow, decision.go, withheld=call.incoming.withheld), Entered())
    for _ in range(49):
        match taken.action:
            case GatherKeys():
                answer = Keys(next(keys, ""))
            case RecordVoice():
                answer = Recorded(SPOKEN)
            case RingDestination() if not call.answered:
                answer = DialEnded(DialResult.NO_ANSWER)
            case HoldInLine() if not call.answered:
                answer = QueueEnded(bridged=False)
            case _:
                break
        taken = step(plan.flow, taken.position, answer, today)
    return taken.position.node, type(taken.action).__name__, paged(plan, taken, now)


def paged(plan: Plan, taken, now: Instant) -> list[str]:
    node = plan.flow.nodes[taken.position.node]
    if not (isinstance(taken.action, OpenPage) and isinstance(node, Connect)):
        return []
    members: dict[str, None] = {}
    at = now
    for wanted in plan.escalation.policies[node.policy].steps:
        paged = targets(plan.escalation, wanted, at)
        members |= dict.fromkeys(paged)
        at += wanted.wait if paged else TimeDelta.ZERO
    return list(members)


@settings(max_examples=150, deadline=None)
@given(now=instants, keys=pressed, caller=callers, busy=st.integers(0, 3), answered=st.booleans())
def test_it_says_what_the_live_call_does(maple: Plan, now, keys, caller, busy, answered) -> None:
    incoming = Incoming("+16175550100", caller, withheld=caller is None)
    call, load = Call(incoming, keys, answered=answered), Load({"front_desk": busy})
    said = explain(maple, call, load, now)
    node, action, pages = live(maple, call, load, now)
    assert said.decision == decide(maple, incoming, load, now)
    assert list(said.pages) == pages
    last = " ".join(said.lines[-6:])
    if action == OpenPage.__name__:
        assert pages
        assert "A page is opened by the policy urgent:" in " ".join(said.lines)
    elif action in {RingDestination.__name__, HoldInLine.__name__}:
        assert "front_desk is rung" in last
    elif action == End.__name__:
        assert said.lines[-1] == "The call ends."
    elif action.startswith("reject"):
        assert said.lines[-1] == "The call is not answered: busy."
    assert node in maple.flow.nodes or action.startswith("reject")


@settings(max_examples=50, deadline=None)
@given(now=instants, keys=pressed)
def test_it_is_the_same_again_and_holds_no_digits_of_the_caller(maple: Plan, now, keys) -> None:
    call = Call(Incoming("+16175550100", "+16175550180"), keys)
    said = explain(maple, call, Load(), now)
    assert said == explain(maple, call, Load(), now)
    assert not any("+16175550180" in line for line in said.lines)


def test_silence_at_night(maple: Plan) -> None:
    said = explain(maple, Call(PARENT), Load(), NIGHT)
    assert said.pages[0] == "chen"
    assert said.lines[0] == "Sun 2026-11-22 02:10 America/New_York, plan version 0"
    assert said.lines.count("Silence.") == 5  # three at the menu, two at the number


def test_a_desk_that_is_busy_or_silent_leads_on(maple: Plan) -> None:
    rung = explain(maple, Call(PARENT), Load(), DAY)
    assert rung.lines[-1] == "front_desk is rung (+16175550111, +16175550112) and takes the call."
    assert rung.pages == ()
    for call, load in ((Call(PARENT), Load({"front_desk": 2})), (Call(PARENT, answered=False), Load())):
        assert any("All of us are helping" in line for line in explain(maple, call, load, DAY).lines)


def test_another_language_is_marked(maple: Plan) -> None:
    lines = explain(maple, Call(PARENT), Load(), NIGHT).lines
    assert any("(es-US) Para español, oprima el 9." in line for line in lines)
    spanish = explain(maple, Call(PARENT, ("9",)), Load(), NIGHT).lines
    assert any("Maple Pediatrics está cerrado" in line for line in spanish)


def test_keys_that_lead_round_and_round_come_to_an_end(maple: Plan) -> None:
    assert "round and round" in explain(maple, Call(PARENT, ("4",) * 99), Load(), NIGHT).lines[-1]


# ---- quiet hours ----------------------------------------------------------------------------------------------------


def not_urgent(plan: Plan, quiet: dict[str, tuple[Time, Time]]) -> Plan:
    members = {
        name: replace(member, quiet=(DailyWindow(ALL_DAY.days, *quiet[name]),)) if name in quiet else member
        for name, member in plan.escalation.roster.members.items()
    }
    roster = replace(plan.escalation.roster, members=members)
    policies = {name: replace(policy, urgent=False) for name, policy in plan.escalation.policies.items()}
    return replace(plan, escalation=replace(plan.escalation, roster=roster, policies=policies))


def really_paged(plan: Plan, now: Instant) -> tuple[Instant, list[str]]:
    """When the page of a caller who has hung up first pages somebody, and whom it pages while nobody answers."""
    page = Page("1", "maple", "urgent", "urgent", now, caller=CallerPresence.GONE)
    page, at = advance(plan.escalation, page, Opened(), now).page, now
    while not page.attempts:
        at = page.due
        page = advance(plan.escalation, page, Due(), at).page
    first = at
    while page.state is PageState.PAGING and page.round == 0:
        page = advance(plan.escalation, page, Due(), page.due).page
    paged = [attempt for attempt in page.attempts if attempt.member and attempt.round == 0]
    return first, list(dict.fromkeys(attempt.member for attempt in paged))


NIGHTLY = (Time(22), Time(7))


@pytest.mark.parametrize(
    ("quiet", "told"),
    [
        ({}, False),
        ({"chen": NIGHTLY}, False),
        (dict.fromkeys(("chen", "osei", "patel", "ruiz"), NIGHTLY), True),
        (dict.fromkeys(("chen", "osei", "patel", "ruiz"), NIGHTLY) | {"patel": (Time(22), Time(5))}, True),
    ],
)
def test_a_page_that_is_not_urgent_is_told_as_it_would_be(maple: Plan, quiet, told) -> None:
    plan = not_urgent(maple, quiet)
    said = explain(plan, Call(PARENT), Load(), NIGHT)
    first, members = really_paged(plan, NIGHT)
    assert set(said.pages) == set(members)
    waits = [line for line in said.lines if "has quiet hours" in line]
    assert len(waits) == told
    if told:
        assert first.to_tz("America/New_York").format("YYYY-MM-DD HH:mm") in waits[0]
    assert any("not Dr. Ana Chen: it is not urgent" in line for line in said.lines) == (
        "chen" in quiet and first < SEVEN
    )


def test_quiet_hours_that_begin_meanwhile_hold_the_page_there(maple: Plan) -> None:
    quiet = dict.fromkeys(("chen", "osei", "patel", "ruiz"), NIGHTLY)
    evening = OffsetDateTime.parse_iso("2026-11-21T21:59:30-05:00").to_instant()
    lines = explain(not_urgent(maple, quiet), Call(PARENT), Load(), evening).lines
    first = next(at for at, line in enumerate(lines) if line.startswith("  1."))
    waits = next(at for at, line in enumerate(lines) if "has quiet hours: it waits until Sun 2026-11-22 07:00" in line)
    second = next(at for at, line in enumerate(lines) if line.startswith("  2. after 0 s"))
    assert first < waits < second


SEVEN = OffsetDateTime.parse_iso("2026-11-22T07:00-05:00").to_instant()
