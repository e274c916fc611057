# ruff: noqa: E501 - a reason is one line
import pickle
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Instant, OffsetDateTime

from routing.decide import Decision, Incoming, Load, decide, needs_load
from routing.opening import Closure, HoursKind
from routing.plan import Beside, CallerIs, LinesAre, Plan, Route, compile_plan, read, with_beside

CALL = Incoming("+16175550100", "+16175550155")
OPEN = OffsetDateTime.parse_iso("2026-11-23T10:00-05:00").to_instant()
NIGHT = OffsetDateTime.parse_iso("2026-11-22T02:10-05:00").to_instant()


def test_while_it_is_open_and_a_line_is_free_the_desk_rings(maple: Plan) -> None:
    found = decide(maple, CALL, Load({"front_desk": 1}), OPEN)
    assert (found.route, found.go, found.reject) == (1, "day", None)
    assert found.reasons == (
        "Route 1 (reject as busy) does not match: the caller's number is not blocked.",
        "Route 2 (go day) matches: Monday 10:00 is within the weekly hours (until 12:00); 1 of 2 lines of front_desk are free.",
    )


def test_when_both_lines_are_taken_the_call_overflows(maple: Plan) -> None:
    found = decide(maple, CALL, Load({"front_desk": 2}), OPEN)
    assert (found.route, found.go) == (2, "overflow")
    assert found.reasons[-1].endswith("both lines of front_desk are busy (2 of 2).")
    assert found.reasons[1] == "Route 2 (go day) does not match: both lines of front_desk are busy (2 of 2)."


def test_at_night_the_reasons_say_when_it_opens_and_nothing_of_lines(maple: Plan) -> None:
    found = decide(maple, CALL, Load(), NIGHT)
    assert found.go == "night"
    assert "Sunday 02:10 is outside the weekly hours (next open Monday 08:30)" in found.reasons[1]
    assert not any("lines" in reason for reason in found.reasons)


def test_a_blocked_caller_is_rejected_and_no_reason_holds_a_number(maple: Plan) -> None:
    found = decide(maple, replace(CALL, caller="+16175550166"), Load(), NIGHT)
    assert (found.route, found.go, found.reject) == (0, None, "busy")
    assert not any("+" in reason or "5550166" in reason for reason in found.reasons)


@pytest.mark.parametrize(
    ("when", "call", "go"),
    [
        ("{caller: withheld}", replace(CALL, caller=None, withheld=True), True),
        ("{caller: unknown}", replace(CALL, withheld=True), True),
        ("{caller: withheld}", CALL, False),
        ('{caller: ["+1617", blocked]}', CALL, True),
        ('{caller: "+1618"}', CALL, False),
        ('{caller: ["+1617"]}', replace(CALL, withheld=True), False),
        ('{dialled: "+16175550100"}', CALL, True),
        ('{dialled: "+16175550100"}', replace(CALL, dialled="+16175550109"), False),
        ("{hours: [closed, closure]}", CALL, True),
        ("{hours: holiday}", CALL, False),
        ("{lines: {front_desk: free}}", CALL, True),
        ("{lines: {front_desk: busy}}", CALL, False),
    ],
)
def test_conditions(edit: Callable[..., str], when: str, call: Incoming, *, go: bool) -> None:
    plan = compile_plan(
        read(edit(("routes: # the first that matches\n", f"routes:\n  - {{when: {when}, go: info}}\n")))
    )
    found = decide(plan, call, Load(), NIGHT)
    assert (found.route == 0) is go
    assert found.reasons


def test_a_closure_beside_the_plan_closes_it(maple: Plan) -> None:
    closed = with_beside(maple, Beside(closures=(Closure(OPEN.subtract(hours=1), OPEN.add(hours=1), "Dana", "snow"),)))
    assert decide(closed, CALL, Load(), OPEN).go == "night"


def test_load_is_needed_only_where_lines_can_decide(maple: Plan) -> None:
    assert needs_load(maple, OPEN) == {"front_desk"}
    assert needs_load(maple, NIGHT) == frozenset()
    catch_all_first = replace(maple, routes=(maple.routes[-1], *maple.routes))
    assert needs_load(catch_all_first, OPEN) == frozenset()


def test_without_a_match_the_call_goes_to_a_person(maple: Plan) -> None:
    found = decide(replace(maple, routes=()), CALL, Load(), OPEN)
    assert found == Decision(-1, "urgent", None, ("No route matches, so the call goes to a person (urgent).",))


instants = st.integers(-2_000_000_000, 7_000_000_000).map(Instant.from_timestamp)
routes = st.lists(
    st.builds(
        Route,
        hours=st.none() | st.frozensets(st.sampled_from(HoursKind)),
        lines=st.lists(st.builds(LinesAre, st.sampled_from(["front_desk", "gone"]), st.booleans())).map(tuple),
        caller=st.none() | st.builds(CallerIs, st.booleans(), st.booleans(), st.lists(st.text(max_size=3)).map(tuple)),
        dialled=st.none() | st.frozensets(st.text(max_size=3)),
        go=st.just("night"),
        reject=st.none(),
    ),
    max_size=4,
).map(tuple)
calls = st.builds(Incoming, st.text(max_size=12), st.none() | st.text(max_size=12), st.booleans())
loads = st.dictionaries(st.sampled_from(["front_desk", "gone"]), st.integers(-5, 5)).map(Load)


@settings(max_examples=150, deadline=None)
@given(call=calls, load=loads, now=instants, given_routes=routes)
def test_every_call_is_decided_and_always_alike(maple: Plan, call, load, now, given_routes) -> None:
    plan = replace(maple, routes=given_routes)
    found = decide(plan, call, load, now)
    assert (found.go is None) != (found.reject is None)
    assert found.reasons
    assert found == decide(pickle.loads(pickle.dumps(plan)), call, load, now)  # noqa: S301 - its own bytes


@settings(max_examples=100, deadline=None)
@given(call=calls, load=loads, now=instants, given_routes=routes)
def test_load_that_is_not_needed_changes_nothing(maple: Plan, call, load, now, given_routes) -> None:
    plan = replace(maple, routes=given_routes)
    asked = Load({name: taken for name, taken in load.busy_lines.items() if name in needs_load(plan, now)})
    assert decide(plan, call, asked, now) == decide(plan, call, load, now)
