"""Why something that people asked of the calendar is not done."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class RefusalKind(StrEnum):
    """Whether asking otherwise would help, or the calendar stands in the way as it is now."""

    WRONG = "wrong"
    CONFLICT = "conflict"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Objection:
    """One thing that is wrong: the field that it is about ("": all of it), what it is, and what would mend it."""

    field: str
    detail: str
    mend: str


class RefusedError(Exception):
    """What was asked is not done, and nothing was changed. The message is a sentence for people."""

    def __init__(self, why: str, objections: Sequence[Objection] = (), kind: RefusalKind = RefusalKind.WRONG) -> None:
        self.why: Final = why
        self.objections: Final = tuple(objections)
        self.kind: Final = kind
        super().__init__(" ".join([why, *(f"{each.detail}. {each.mend}" for each in objections)]))


def refused(why: str, field: str, detail: str, mend: str) -> RefusedError:
    """A refusal for one reason."""
    return RefusedError(why, [Objection(field, detail, mend)])


def stands_in_the_way(why: str) -> RefusedError:
    """A refusal for what the calendar, or somebody else, has done."""
    return RefusedError(why, kind=RefusalKind.CONFLICT)
