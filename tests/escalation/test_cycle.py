"""Whose turn follows whose: shares, and several at once."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalation.cycle import cycle, faults

names = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=8, unique=True).map(tuple)


def test_equal_members_follow_each_other_in_the_order_of_the_list():
    assert cycle(("chen", "osei", "patel"), (), 1) == (("chen",), ("osei",), ("patel",))
    assert cycle(("chen", "osei", "patel"), (("osei", 1),), 1) == (("chen",), ("osei",), ("patel",))


def test_who_takes_two_turns_does_not_take_them_one_after_the_other():
    assert cycle(("chen", "osei", "patel"), (("osei", 2),), 1) == (("chen",), ("osei",), ("patel",), ("osei",))


def test_two_at_once_are_the_next_two():
    assert cycle(("a", "b", "c", "d"), (), 2) == (("a", "b"), ("c", "d"))
    assert cycle(("a", "b", "c"), (), 2) == (("a", "b"), ("c", "a"), ("b", "c"))


@given(members=names, on_duty=st.integers(1, 8), data=st.data())
def test_in_one_round_everybody_has_their_share(members, on_duty, data):
    shares = tuple((m, data.draw(st.integers(1, 5))) for m in members if data.draw(st.booleans()))
    if any(faults(members, shares, on_duty)):
        return
    turns = cycle(members, shares, on_duty)
    counted = Counter(member for turn in turns for member in turn)
    weights = {member: dict(shares).get(member, 1) for member in members}
    assert len({counted[member] * sum(weights.values()) / (weights[member] * len(turns)) for member in members}) == 1
    assert all(len(turn) == len(set(turn)) == on_duty for turn in turns)
    if on_duty == 1:
        assert turns[0] == (members[0],)


@pytest.mark.parametrize(
    ("members", "shares", "on_duty", "says"),
    [
        ((), (), 1, "no members"),
        (("a", "b", "a"), (), 1, "lists a twice"),
        (("a",), (("b", 2),), 1, "not a member"),
        (("a",), (("a", 0),), 1, "at least 1"),
        (("a", "b"), (), 3, "3 on duty at once, of 2 members"),
        (("a", "b"), (), 0, "0 on duty"),
        (("a", "b", "c"), (("a", 5),), 2, "a larger share than one person can take"),
    ],
)
def test_what_cannot_be_shared_is_a_fault_with_its_mend(members, shares, on_duty, says):
    (fault,) = faults(members, shares, on_duty)
    assert says in fault
    assert "; " in fault
