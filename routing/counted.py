"""How a call is counted: the hour that it began in, what it ended in, and in which hours, in one small number.

The report's index over all calls is narrow for it. The numbers are stored: new outcomes go to the end.
"""

from dataclasses import dataclass
from typing import Final

from ivr.outcome import Outcome
from routing.served import Served

_HOURS: Final = 24
_OUTCOMES: Final = (
    Outcome.CONNECTED, Outcome.TRANSFERRED, Outcome.MESSAGE_TAKEN, Outcome.CALLBACK_QUEUED, Outcome.INFORMED,
    Outcome.TOLD_911, Outcome.REJECTED, Outcome.ABANDONED,
)  # fmt: skip
_SERVED: Final = (Served.OPEN, Served.OVERFLOW, Served.AFTER_HOURS)


@dataclass(frozen=True, slots=True)
class Counted:
    """`hour`: 0 to 23, on the practice's clock."""

    hour: int
    outcome: Outcome
    served: Served

    @property
    def code(self) -> int:
        """The number that is stored: under 32,768."""
        return self.hour + _HOURS * (_OUTCOMES.index(self.outcome) + len(_OUTCOMES) * _SERVED.index(self.served))

    @classmethod
    def of(cls, code: int) -> "Counted":
        """What the number stands for. Raises IndexError for one that was never stored."""
        rest, hour = divmod(code, _HOURS)
        served, outcome = divmod(rest, len(_OUTCOMES))
        return cls(hour, _OUTCOMES[outcome], _SERVED[served])
