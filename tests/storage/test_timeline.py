"""From a call's events to its timeline: by example, and whatever the events are."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whenever import Instant, TimeDelta

from ivr.inputs import NoteKind
from ivr.position import Phase
from routing.plan import Plan, compile_plan, read
from storage.calls import CallEvent
from storage.timeline import CALLER, Entry, Kind, PageEvent, caller_entries, page_entries

NOW = Instant.from_utc(2026, 11, 22, 7, 10)
SAMPLE = Path(__file__).parents[2] / "nightbell/samples/maple-pediatrics.yaml"
PLAN: Plan = compile_plan(read(SAMPLE.read_text()), 1)


def at(node: str, phase: str, turn: int, **more: str) -> dict[str, str]:
    return {"node": node, "phase": phase, "language": "en-US", "turn": str(turn), "advised": "1", **more}


def answer(turn: int, position: dict[str, str], keys: str | None, *notes: list[str], after: float = 0) -> CallEvent:
    body: dict[str, object] = {"position": position, "notes": list(notes)}
    if keys is not None:
        body["given"] = {"keys": keys}
    return CallEvent(f"turn:{turn}", NOW + TimeDelta(seconds=after), "turn", body)


def hold(turn: int, after: float, why: str = "paging", then: str = "wait", pressed: str = "") -> CallEvent:
    body = {"position": at("urgent", "hold", turn), "turn": then, "why": why, "pressed": pressed, "notes": []}
    return CallEvent(f"turn:{turn}", NOW + TimeDelta(seconds=after), "hold", body)


def texts(entries: list[Entry]) -> list[str]:
    return [entry.text for entry in entries]


def test_a_key_is_told_with_what_the_menu_offers_behind_it():
    event = answer(1, at("night", "key", 1), "1", ["chose", "1"], ["entered", "urgent"])
    pressed, heard = caller_entries(PLAN, [event])
    assert (pressed.kind, pressed.text) == (Kind.PRESSED, "Presses 1 (To talk to a doctor now)")
    assert (heard.kind, heard.details["node"]) == (Kind.HEARD, "urgent")
    assert "(the number)" in heard.text


def test_turns_of_holding_become_one_line():
    entries = caller_entries(
        PLAN, [hold(4, 0), hold(5, 12), hold(6, 24, "a phone is ringing"), hold(7, 30, "x", "join")]
    )
    assert texts(entries) == ["Holds (paging, then a phone is ringing)", "Is brought to the clinician (x)"]
    assert (entries[0].details["turns"], entries[0].details["seconds"]) == (3, 24)


def test_a_key_pressed_while_holding_is_not_summarised_away():
    entries = caller_entries(PLAN, [hold(4, 0), hold(5, 12, "asked", "leave", "*"), hold(6, 13)])
    assert [entry.kind for entry in entries] == [Kind.HELD, Kind.PRESSED, Kind.HELD]


def test_what_is_sealed_is_told_without_its_value_and_the_words_behind_it_all_the_same():
    event = answer(3, at("refill", "field", 3), None, ["given", "date_of_birth"])
    entries = caller_entries(PLAN, [event])
    assert entries[0].text == "Answers a question about the patient"
    assert all("private" not in entry.details for entry in entries)


def test_who_may_read_it_sees_the_value():
    body = {"position": at("refill", "number", 3), "notes": [["call-back number given", ""]]}
    private = {"given": {"keys": "6175550133"}, "notes": {"0": "+16175550133"}}
    first, second, *_ = caller_entries(PLAN, [CallEvent("turn:3", NOW, "turn", body, private)])
    assert (first.details["private"], second.details["private"]) == ("6175550133", "+16175550133")
    assert "555" not in first.text + second.text


def test_without_its_plan_a_call_still_says_where_it_came():
    event = answer(1, at("night", "key", 1), "1", ["entered", "urgent"])
    assert texts(caller_entries(None, [event])) == ["Presses 1", "Comes to: urgent"]


def test_a_node_of_another_version_does_no_harm():
    entries = caller_entries(PLAN, [answer(1, at("gone", "key", 1), "1")])
    assert {entry.details["event"] for entry in entries} == {"turn:1"}


@pytest.mark.parametrize(
    "body", [{}, {"notes": 7}, {"notes": [["no such kind", ""]]}, {"position": "x"}, {"given": []}]
)
def test_what_cannot_be_read_is_there_as_something(body: dict[str, object]):
    assert caller_entries(PLAN, [CallEvent("turn:1", NOW, "from a later version", body)]) != []


def test_a_recording_behind_the_last_dial_is_told():
    event = CallEvent("turn:9", NOW, "dialled", {"notes": [["recorded", "6 s"], ["message taken", "urgent"]]})
    assert texts(caller_entries(PLAN, [event])) == ["Leaves a recording of 6 s", "A message is taken (urgent)"]


def test_a_page_tells_who_and_not_where():
    event = PageEvent("p", 1, NOW, "Opened", ("Step 1 begins: Dr. Chen", "Ringing Dr. Chen at +16175550121"))
    assert texts(page_entries([event])) == ["Step 1 begins: Dr. Chen", "Ringing Dr. Chen"]
    assert texts(page_entries([PageEvent("p", 2, NOW, "CallerLeft", ())])) == ["Caller left"]


_nodes = st.sampled_from([*PLAN.flow.nodes, "gone", ""])
_positions = st.builds(
    lambda node, phase, turn, index: at(node, phase, turn, index=str(index)),
    _nodes, st.sampled_from([*Phase, "no phase"]), st.integers(0, 99), st.integers(0, 5),
)  # fmt: skip
_notes = st.lists(st.tuples(st.sampled_from([*NoteKind, "none of them"]), st.text(max_size=5)).map(list), max_size=4)
_givens = st.sampled_from(
    [{"keys": "1"}, {"keys": ""}, {"spoken": "doctor"}, {"recorded": 3, "hung_up": False}, {"dial": "busy"},
     {"bridged": True}, {"entered": True}, {"dial": "?"}, 7]
)  # fmt: skip
_bodies = st.fixed_dictionaries(
    {},
    optional={"position": _positions, "notes": _notes, "given": _givens, "turn": st.sampled_from(["wait", "join", 3]),
                  "why": st.text(max_size=9), "pressed": st.sampled_from(["", "*"])}
)  # fmt: skip
_events = st.lists(
    st.builds(
        lambda key, after, kind, body: CallEvent(key, NOW + TimeDelta(seconds=after), kind, body),
        st.one_of(st.integers(0, 20).map("turn:{}".format), st.sampled_from(["end", "partial", "turn:x"])),
        st.integers(0, 600),
        st.sampled_from(["answered", "turn", "hold", "dialled", "end", "partial", "later"]),
        _bodies,
    ),
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(_events)
def test_every_event_is_told_once_and_in_the_order_of_time(events: list[CallEvent]):
    entries = caller_entries(PLAN, events)
    told = {key for entry in entries for key in entry.details.get("events", (entry.details["event"],))}
    assert told == {event.key for event in events}
    times = [entry.at for entry in entries]
    assert times == sorted(times)
    assert all(entry.text and entry.who in {CALLER, "Nightbell"} for entry in entries)
    assert entries == caller_entries(PLAN, list(reversed(list({e.key: e for e in events}.values()))))
