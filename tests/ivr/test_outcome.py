import itertools

import pytest

from ivr.inputs import NoteKind
from ivr.outcome import Outcome, outcome


def of(*notes: NoteKind, rejected=False, bridged=False, transferred=False, page_open=False) -> Outcome:
    return outcome(notes, rejected=rejected, bridged=bridged, transferred=transferred, page_open=page_open)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (of(), Outcome.ABANDONED),
        (of(NoteKind.ENTERED, NoteKind.SILENCE), Outcome.ABANDONED),
        (of(NoteKind.INFORMED), Outcome.INFORMED),
        (of(NoteKind.INFORMED, NoteKind.TOLD_911), Outcome.TOLD_911),
        (of(NoteKind.TOLD_911, NoteKind.CALLBACK_DONE), Outcome.CALLBACK_QUEUED),
        (of(NoteKind.CALLBACK_DONE, NoteKind.MESSAGE_DONE), Outcome.MESSAGE_TAKEN),
        (of(NoteKind.MESSAGE_DONE, page_open=True), Outcome.CALLBACK_QUEUED),
        (of(page_open=True, transferred=True), Outcome.TRANSFERRED),
        (of(transferred=True, bridged=True), Outcome.CONNECTED),
        (of(rejected=True), Outcome.REJECTED),
    ],
)
def test_the_furthest_that_a_call_came(found, expected) -> None:
    assert found is expected


def test_every_call_has_exactly_one_of_the_outcomes() -> None:
    kinds = (NoteKind.INFORMED, NoteKind.TOLD_911, NoteKind.CALLBACK_DONE, NoteKind.MESSAGE_DONE)
    seen = {
        outcome(notes, rejected=a, bridged=b, transferred=c, page_open=d)
        for n in range(5)
        for notes in itertools.combinations(kinds, n)
        for a, b, c, d in itertools.product((True, False), repeat=4)
    }
    assert seen == set(Outcome)
