"""Telephone numbers: each in its place, once, and none that leads back to the practice."""

from collections.abc import Iterator

from routing.plan.checks.subject import Subject
from routing.plan.faults import Finding, Path
from routing.synthetic import PROBE, is_nobodys, is_synthetic


def caller_id(subject: Subject) -> Iterator[Finding]:
    """What others see is one of the practice's own numbers."""
    document = subject.document
    if document.caller_id and document.caller_id not in document.numbers:
        fault = f"{document.caller_id} is not one of the practice's numbers"
        mend = "Use one of `numbers`; for a number that is verified with Twilio, waive this check."
        yield Finding(("caller_id",), fault, mend)


def reserved(subject: Subject) -> Iterator[Finding]:
    """In the watchdog's practice are no real numbers: nobody in it is ever called."""
    if not is_synthetic(subject.document.practice):
        return
    own = [(("numbers", str(i)), number) for i, number in enumerate(subject.document.numbers)]
    for at, number in [*own, *_rung(subject)]:
        if not is_nobodys(number):
            fault = f"`{PROBE}` is the watchdog's practice, in which nobody is called, and {number} may be somebody's"
            yield Finding(at, fault, "Give a real practice another id.")


def repeated_number(subject: Subject) -> Iterator[Finding]:
    """No list names a number twice, and no two people have the same one."""
    for at, numbers in _lists(subject):
        yield from _repeats(at, numbers, "in this list")
    owner: dict[str, str] = {}
    for i, member in enumerate(subject.document.staff):
        for number in dict.fromkeys([*member.voice, *([member.sms] if member.sms else [])]):
            if owner.setdefault(number, member.id) != member.id:
                mend = "Give each person their own, so that the trail shows who answered."
                yield Finding(("staff", str(i)), f"{number} is also the number of `{owner[number]}`", mend)


def _lists(subject: Subject) -> Iterator[tuple[Path, list[str]]]:
    document = subject.document
    yield ("numbers",), document.numbers
    for name, destination in document.destinations.items():
        yield ("destinations", name, "numbers"), destination.numbers
    for i, member in enumerate(document.staff):
        yield ("staff", str(i), "voice"), member.voice


def _repeats(at: Path, numbers: list[str], where: str) -> Iterator[Finding]:
    for i, number in enumerate(numbers):
        if number in numbers[:i]:
            yield Finding((*at, str(i)), f"{number} stands twice {where}", "Keep one of the two.")


def loop(subject: Subject) -> Iterator[Finding]:
    """No transfer and no page rings the practice itself."""
    own = set(subject.document.numbers)
    for at, number in _rung(subject):
        if number in own:
            fault = f"{number} is the practice's own number, so the call would come back here"
            yield Finding(at, fault, "Use the number of the desk or the person behind it.")


def _rung(subject: Subject) -> Iterator[tuple[Path, str]]:
    document = subject.document
    for name, destination in document.destinations.items():
        yield from ((("destinations", name, "numbers", str(i)), number) for i, number in enumerate(destination.numbers))
    for i, member in enumerate(document.staff):
        yield from ((("staff", str(i), "voice", str(j)), number) for j, number in enumerate(member.voice))
        if member.sms:
            yield ("staff", str(i), "sms"), member.sms
