"""Who is told when the server needs a person: the operators on call at that moment, and the listed numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

from whenever import Instant

from escalation.oncall import paged
from escalation.reach import is_textable
from escalation.roster import Member
from routing.plan import Plan


@dataclass(frozen=True, slots=True)
class Operator:
    """One person to tell. `sms`: "" where no text reaches them. `voice`: to be rung in this order; may be none.

    `name`: "" where only a number is known.
    """

    sms: str
    voice: tuple[str, ...]
    name: str = ""

    @property
    def numbers(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(dict.fromkeys([*self.voice, self.sms] if self.sms else self.voice))

    def after(self, tried: str) -> str:
        """The number to ring when `tried` was rung in vain ("": none was yet). "": there is no other."""
        if not tried:
            return next(iter(self.voice), "")
        place = self.voice.index(tried) + 1 if tried in self.voice else len(self.voice)
        return next(iter(self.voice[place:]), "")


def operators_of(plan: Plan, now: Instant) -> list[Operator]:
    """The plan's operators at `now`, each once. Who can be reached by no means is none."""
    found = list(_on_call(plan, now))
    known = {number for operator in found for number in operator.numbers}
    return found + [listed(number) for number in dict.fromkeys(plan.operators.sms) if number not in known]


def listed(number: str) -> Operator:
    """Somebody of whom only a number is known: it is texted, and rung where it must be."""
    return Operator(number, (number,))


def operator_at(plan: Plan, number: str) -> Operator:
    """Whoever on the staff has the number, whether on call or not; else somebody of whom only it is known."""
    staff = plan.escalation.roster.members.values()
    person = next((one for one in staff if number == one.sms or number in one.voice), None)
    return _operator(plan, person) if person else listed(number)


def _operator(plan: Plan, person: Member) -> Operator:
    sms = person.sms if person.sms is not None and is_textable(plan.escalation.roster, person) else ""
    return Operator(sms, person.voice, person.name)


def _on_call(plan: Plan, now: Instant) -> Iterator[Operator]:
    roster = plan.escalation.roster
    ids = dict.fromkeys(member for target in plan.operators.page for member in paged(roster, target, now))
    people = (_operator(plan, roster.members[one]) for one in ids if one in roster.members)
    return (one for one in people if one.numbers)
