"""The compiled plan: what a call is decided by. Plain frozen data; it pickles, and holds nothing of the document."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from whenever import TimeDelta

from escalation.policy import Escalation, Ring, Target
from ivr.flow import Flow
from routing.opening import Closure, Deadline, Hours, HoursKind
from routing.plan.calendar import CalendarRules


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a call can be transferred. `lines`: how many calls it takes at once, None for no limit known."""

    name: str
    numbers: tuple[str, ...]
    ring: Ring
    ring_for: TimeDelta
    lines: int | None
    screened: bool


@dataclass(frozen=True, slots=True)
class LinesAre:
    """A destination whose lines must be all busy, or not."""

    destination: str
    busy: bool


@dataclass(frozen=True, slots=True)
class CallerIs:
    """Callers that match: any one of these. `prefixes` are beginnings of E.164 numbers, or whole ones."""

    blocked: bool
    withheld: bool
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """Where a call goes when all conditions hold; None is no condition. Exactly one of `go` and `reject` is given."""

    hours: frozenset[HoursKind] | None
    lines: tuple[LinesAre, ...]
    caller: CallerIs | None
    dialled: frozenset[str] | None
    go: str | None
    reject: str | None


@dataclass(frozen=True, slots=True)
class Category:
    """A kind of page or message.

    `policy`: how its pages reach a person, None when it only takes messages. `reopen_after`: an accepted page whose
    patient was not reached is opened again after this. `escalate_to`: the policy that pages about an overdue message.
    """

    name: str
    policy: str | None
    deadline: Deadline
    reopen_after: TimeDelta
    page_on_hang_up: bool
    escalate_to: str | None


@dataclass(frozen=True, slots=True)
class Operators:
    """Who is told when the server needs a person: the operators on call, E.164 numbers, and a URL ("": none).

    `call`: they are rung, too, where it cannot wait.
    """

    page: tuple[Target, ...] = ()
    sms: tuple[str, ...] = ()
    call: bool = False
    webhook: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """One practice's published plan. `zone` is an IANA name; `version` counts from 1, 0 when not published.

    `closures` come from beside the plan, and so do the overrides, the time off, the calendars from elsewhere and
    what is known of numbers, in `escalation.roster`: see `with_beside`.
    """

    practice: str
    name: str
    zone: str
    numbers: tuple[str, ...]
    caller_id: str
    hours: Hours
    destinations: Mapping[str, Destination]
    routes: tuple[Route, ...]
    flow: Flow
    escalation: Escalation
    categories: Mapping[str, Category]
    blocked: tuple[str, ...] = ()
    operators: Operators = field(default_factory=Operators)
    closures: tuple[Closure, ...] = ()
    calendar: CalendarRules = field(default_factory=CalendarRules)
    version: int = 0
