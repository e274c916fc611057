"""What lets the line of pages that wait for somebody on the telephone go on."""

from dataclasses import replace

import pytest

from escalation.advance import advance
from escalation.events import Accepted, AcceptedBy, CallerJoined, ClinicianJoined, Freed, Missed, Opened, PutOff
from escalation.line import freed, on_the_line
from tests.escalation.test_advance import Night, step
from tests.escalation.test_sparing import engaged


def after(night: Night, event, seconds=5):
    """Who is free by this event."""
    before = night.page
    night.do(event, after=seconds)
    return freed(before, night.page)


def test_the_end_of_a_talk_frees_who_talked(maple):
    night = Night(maple, step("chen"))
    night.do(Opened())
    assert after(night, Accepted("chen", AcceptedBy.KEY, 1)) == ()
    assert on_the_line(night.page) == "chen"
    assert after(night, CallerJoined("CF1")) == after(night, ClinicianJoined("CF1")) == ()
    assert after(night, Missed(1, "hung up")) == ("chen",)


def test_a_first_call_in_vain_wakes_no_other_page(maple):
    """A hundred pages in line would wake each other without end."""
    night = engaged(Night(maple, step("chen", wait=300)), "chen")
    night.do(Opened())
    assert night.page.is_queued
    assert after(night, Missed(1, "busy")) == ()


@pytest.mark.parametrize(("event", "next_one"), [(Missed(2, "no answer"), ("chen",)), (PutOff(2), ())])
def test_whose_turn_in_the_line_was_in_vain_leaves_it_to_the_next(maple, event, next_one):
    night = engaged(Night(maple, step("chen", wait=300)), "chen")
    night.do(Opened())
    night.do(Missed(1, "busy"), after=5)
    engaged(night)
    night.do(Freed("chen"), after=60)
    assert after(night, event, 25) == next_one


def test_nothing_that_is_repeated_frees_anybody(maple):
    night = Night(maple, step("chen"))
    night.do(Opened())
    page = night.page
    same = advance(night.escalation, page, Opened(), night.now).page
    assert freed(page, same) == freed(page, replace(page, version=9)) == ()
