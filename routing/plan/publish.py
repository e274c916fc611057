"""The front door: a text that may be published, or every fault that it has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from whenever import Instant

from routing.plan.beside import Beside, with_beside
from routing.plan.checks import CHECKS, STRUCTURAL, findings
from routing.plan.checks.subject import Subject
from routing.plan.compile import compile_plan
from routing.plan.document import Document
from routing.plan.document import WaiverDoc as Waiver
from routing.plan.faults import Fault, PlanFaults, did_you_mean
from routing.plan.plan import Plan
from routing.plan.reading import in_order, read
from routing.plan.salvage import with_further_faults

NOTHING_BESIDE: Final = Beside()
MOST_TOLD: Final = 200
"""Faults that are told at once."""


@dataclass(frozen=True, slots=True)
class Waived:
    """A fault that the operators accept, and why."""

    fault: Fault
    because: str


@dataclass(frozen=True, slots=True)
class Publishable:
    """A plan, with what stands beside it, that passed every check, but for the faults that were waived."""

    document: Document
    plan: Plan
    waived: tuple[Waived, ...]


def publishable(text: str, now: Instant, version: int = 0, beside: Beside = NOTHING_BESIDE) -> Publishable:
    """The plan of a YAML or JSON text, ready to be published at `now`, judged with what stands `beside` it.

    Raises PlanFaults: with every fault of the document. Where the form itself has faults, what refers to or depends on
    the faulty parts is not judged until they are mended.
    """
    try:
        document = read(text)
    except PlanFaults as form:
        raise PlanFaults(_tellable(with_further_faults(text, form.faults, now))) from None
    faults, waived = _judge(document, now, beside)
    if faults:
        raise PlanFaults(_tellable(faults))
    return Publishable(document, with_beside(compile_plan(document, version), beside), waived)


def _tellable(faults: Sequence[Fault]) -> Sequence[Fault]:
    """As many as a person can read: a text that is no plan at all could have one on every line."""
    if len(faults) <= MOST_TOLD:
        return faults
    rest = Fault("", f"there are {len(faults) - MOST_TOLD} further faults", "Mend these first.", "syntax")
    return [*faults[:MOST_TOLD], rest]


def check(document: Document, now: Instant, beside: Beside = NOTHING_BESIDE) -> tuple[Fault, ...]:
    """What keeps the document from being published at `now`, in its own order; waived faults are left out."""
    return _judge(document, now, beside)[0]


def _judge(document: Document, now: Instant, beside: Beside) -> tuple[tuple[Fault, ...], tuple[Waived, ...]]:
    """The faults that stand, and those that are waived."""
    standing, waived = [*_bad_waivers(document)], []
    for fault in findings(Subject(document, with_beside(compile_plan(document), beside), now, beside)):
        waiver = next((waiver for waiver in document.waivers if _covers(waiver, fault)), None)
        if waiver is None:
            standing.append(fault)
        else:
            waived.append(Waived(fault, waiver.because))
    return tuple(in_order(document.source, standing)), tuple(waived)


def _covers(waiver: Waiver, fault: Fault) -> bool:
    if waiver.check != fault.check or waiver.check in STRUCTURAL:
        return False
    return not waiver.at or fault.path == waiver.at or fault.path.startswith(f"{waiver.at}.")


def _bad_waivers(document: Document) -> Iterator[Fault]:
    """Waivers of checks that do not exist or cannot be waived. One that has nothing to waive does no harm."""
    waivable = [name for name in CHECKS if name not in STRUCTURAL]
    for i, waiver in enumerate(document.waivers):
        if waiver.check not in waivable:
            known = waiver.check in CHECKS
            fault = f"the check `{waiver.check}` {'cannot be waived' if known else 'does not exist'}"
            mend = "Mend the fault itself." if known else did_you_mean(waiver.check, waivable)
            path = ("waivers", str(i), "check")
            yield Fault(".".join(path), fault, mend, "waivers", document.source.place(path)[1])
