"""Time off that is asked for: who covers, what is left open, and what it changes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from whenever import Instant

from escalation.cover import Cover, Gap, gaps, overrides_for, proposed, with_leave
from escalation.oncall import name_of
from escalation.overriding import contradicted, unknown
from escalation.refusal import Objection, RefusedError
from escalation.roster import Leave, Override, OverrideKind, Roster
from escalation.shift import spans_of
from escalation.swapped import check_free
from routing.effect import WAIVE, Effect, effect, stamp, with_roster
from routing.plan import Plan


@dataclass(frozen=True, slots=True)
class Leaving:
    """Time off with who covers. `open`: where nobody does, each with who could; `effect`: what it changes in all."""

    leave: Leave
    covers: tuple[Override, ...]
    open: tuple[Gap, ...]
    effect: Effect

    def check(self, waiver: str) -> None:
        """Raise RefusedError where it leaves something open, or a policy without anybody, unless that is accepted."""
        if self.open and not waiver:
            found = [_objection(self.effect.after, self.leave, gap) for gap in self.open]
            raise RefusedError("The time off is not covered; nothing was changed.", found)
        self.effect.check("covers", waiver)


def leaving(
    plan: Plan, wanted: tuple[Leave, str, str], covers: Sequence[Cover], now: Instant, *, as_proposed: bool
) -> Leaving:
    """What becomes of the time off (with its author and reason) if these cover, and where they do not, who is proposed.

    Raises RefusedError for somebody who cannot cover.
    """
    leave, author, reason = wanted
    before = plan.escalation.roster
    stand_ins: tuple[Override, ...] = ()
    for i, cover in enumerate(covers):
        stand_ins += _checked(with_leave(before, leave, stand_ins), before, leave, cover, i, (author, reason))
    after = with_leave(before, leave, stand_ins)
    open_ = proposed(after, leave, gaps(before, after, leave))
    if as_proposed:
        stand_ins += tuple(_as_proposed(leave, gap, author, reason) for gap in open_ if gap.proposed is not None)
        open_ = tuple(gap for gap in open_ if gap.proposed is None)
    stand_ins += tuple(_taken_off(with_leave(before, leave, stand_ins), leave, author, reason))
    after_plan = with_roster(plan, with_leave(before, leave, stand_ins))
    return Leaving(leave, stand_ins, open_, effect(plan, after_plan, leave.start, leave.end, now))


def _checked(
    roster: Roster, before: Roster, leave: Leave, cover: Cover, place: int, words: tuple[str, str]
) -> tuple[Override, ...]:
    """The overrides of one cover. Raises RefusedError where they cannot stand in."""
    field = f"covers/{place}"
    named = {"member": cover.member} | ({"schedule": cover.schedule} if cover.schedule is not None else {})
    wrong = [Objection(f"{field}/{each.field}", each.detail, each.mend) for each in unknown(before, **named)]
    if cover.member == leave.member:
        wrong.append(Objection(f"{field}/member", "it is who has time off", "Choose somebody else."))
    if wrong:
        raise RefusedError("They cannot cover; nothing was changed.", wrong)
    found = overrides_for(before, leave, cover, *words)
    if not found:
        mend = "Leave it out, or look at the calendar for when they are."
        fault = Objection(field, "who has time off is not on call then, so that there is nothing to cover", mend)
        raise RefusedError("There is nothing to cover; nothing was changed.", [fault])
    for each in found:
        other = contradicted(roster, each)
        if other is not None:
            detail = f"{name_of(before, other.member)} covers some of that already"
            mend = "Leave one of the two out, or part their windows."
            raise RefusedError("They cannot cover; nothing was changed.", [Objection(field, detail, mend)])
        try:
            check_free(roster, each.schedule, cover.member, (each.start, each.end))
        except RefusedError as error:
            mend = "Choose somebody else, or another window."
            raise RefusedError("They cannot cover; nothing was changed.", [Objection(field, error.why, mend)]) from None
    return found


def _as_proposed(leave: Leave, gap: Gap, author: str, reason: str) -> Override:
    member = gap.proposed or ""
    return Override(gap.schedule, member, gap.start, gap.end, author, reason, OverrideKind.REPLACE, leave.member)


def _taken_off(roster: Roster, leave: Leave, author: str, reason: str) -> Iterator[Override]:
    """An override has people on call in spite of time off: where nobody covers that, another takes them away."""
    for name in roster.schedules:
        for start, end in spans_of(roster, name, leave.member, leave.start, leave.end):
            yield Override(name, leave.member, start, end, author, reason, OverrideKind.REMOVE)


def _objection(plan: Plan, leave: Leave, gap: Gap) -> Objection:
    roster = plan.escalation.roster
    window = f"from {stamp(gap.start, plan.zone)} until {stamp(gap.end, plan.zone)}"
    detail = f"{name_of(roster, leave.member)} is on call for {gap.schedule} {window}, and nobody covers"
    if gap.proposed is None:
        return Objection("covers", detail, f"Nobody who takes turns there is free: name somebody, {WAIVE}.")
    mend = f"{name_of(roster, gap.proposed)} is free then: say that {gap.proposed} covers, {WAIVE}."
    return Objection("covers", detail, mend)
