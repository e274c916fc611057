"""Whether a page to one of the staff can arrive: by what is known of their numbers, and whether they have time off."""

from collections.abc import Collection

from escalation.oncall import name_of
from escalation.policy import Means
from escalation.roster import NO_FACTS, Member, Roster


def reached_by(roster: Roster, member: str, by: Collection[Means], *, verified_only: bool = False) -> bool:
    """Whether one of the means reaches the member: a number that can be called, or one that can be texted.

    `verified_only`: a number to call counts only once somebody who was called there has pressed a key.
    """
    person = roster.members.get(member)
    if person is None:
        return False
    return (Means.CALL in by and any(_is_callable(roster, number, verified_only) for number in person.voice)) or (
        Means.SMS in by and is_textable(roster, person)
    )


def is_verified(roster: Roster, member: str) -> bool:
    """Whether somebody has pressed a key at one of the member's numbers."""
    return any(roster.numbers.get(number, NO_FACTS).verified for number in roster.members[member].voice)


def unreached_because(roster: Roster, member: str, by: Collection[Means]) -> str:
    """Why none of the means reaches the member, in words for operators."""
    who, person = name_of(roster, member), roster.members.get(member)
    called = Means.CALL in by and person is not None and person.voice
    texted = Means.SMS in by and person is not None and person.sms is not None
    if not called and not texted:
        return f"{who} has no number for {' or '.join(by)}"
    if called and person is not None:
        facts = [roster.numbers.get(number, NO_FACTS) for number in person.voice]
        if all(fact.unreachable for fact in facts):
            return f"{who}'s numbers cannot be called"
        return f"{who} has no verified number"
    return f"{who}'s number cannot be texted"


def _is_callable(roster: Roster, number: str, verified_only: bool) -> bool:
    facts = roster.numbers.get(number, NO_FACTS)
    return not facts.unreachable and (facts.verified or not verified_only)


def is_textable(roster: Roster, person: Member) -> bool:
    """Whether a text reaches the person: they have a number for texts, have not stopped them, and it is no landline."""
    if person.sms is None:
        return False
    facts = roster.numbers.get(person.sms, NO_FACTS)
    return not (facts.stopped or facts.landline)
